import { number, text } from "./numbers.js";

// The arithmetic of the activation explorer, from the state alone. The tests run it in Node and compare it with ops.sigmoid,
// ops.tanh, ops.relu and ops.leaky_relu, and their slopes with those that autograd finds.

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const steep = (x) => { const e = Math.exp(-Math.abs(x)); return e / (1 + e) ** 2; };  // y * (1 - y), also where y is all but 1

// name: [function, slope], both of (x, negative_slope)
export const BENDS = {
  sigmoid: [sigmoid, steep],
  tanh: [Math.tanh, (x) => 4 * steep(2 * x)],
  relu: [(x) => (x > 0 ? x : 0), (x) => (x > 0 ? 1 : 0)],
  leaky_relu: [(x, leak) => (x > 0 ? x : leak * x), (x, leak) => (x > 0 ? 1 : leak)],
};

// Whether a unit with this slope can learn.
export function condition(slope, name, fixed) {
  return slope === 0 ? "dead" : slope < fixed.flat * fixed.steepest[name] ? "saturated" : "live";
}

// A chain of units with one function: for each its weighted sum, answer, slope, and what is left of a nudge after it.
function chain({ x, weight, bias, units, negative_slope: leak }, name) {
  const [bend, slopeAt] = BENDS[name];
  let answer = x, left = 1;
  return Array.from({ length: units }, () => {
    const sum = weight * answer + bias, slope = slopeAt(sum, leak);
    answer = bend(sum, leak);
    left *= weight * slope;
    return { sum, answer, slope, left };
  });
}

// Everything that the explorer shows of a legal state: the chain of each function, and the chosen one's.
export function compute(state, fixed) {
  const chains = Object.fromEntries(Object.keys(BENDS).map((name) => [name, chain(state, name)]));
  const units = chains[state.function], conditions = units.map(({ slope }) => condition(slope, state.function, fixed));
  const count = (what) => conditions.filter((one) => one === what).length;
  return { chains, units, first: units[0], last: units.at(-1), conditions, dead: count("dead"), saturated: count("saturated") };
}

// An answer: two decimals, unless it is huge.
export function brief(x) {
  return Math.abs(x) < 1e4 ? number(x) : text(x);
}

// The line of PyTorch that does the same.
export function pytorch({ function: name, weight, bias, units, negative_slope: leak }) {
  const sum = `${number(weight)} * x ${bias < 0 ? "-" : "+"} ${number(Math.abs(bias))}`;
  const call = name === "leaky_relu" ? `F.leaky_relu(${sum}, ${number(leak)})` : `torch.${name}(${sum})`;
  return `for _ in range(${units}): x = ${call}`;
}

// The sentence of the explorer in Python.
export function sentence(state, fixed, r) {
  const { function: name, x, weight, bias, units, negative_slope } = state, { functions } = fixed;
  const others = Object.keys(functions).filter((n) => n !== name).map((n) => `${functions[n]} ${text(r.chains[n].at(-1).left)}`);
  const leak = name === "leaky_relu" ? ` with slope ${number(negative_slope)}` : "";
  return `Activation explorer: ${functions[name]}${leak}, weighted sum ${number(weight)} * ${number(x)} `
    + `${bias < 0 ? "-" : "+"} ${number(Math.abs(bias))} = ${number(r.first.sum)}: answer ${brief(r.first.answer)}, slope ${text(r.first.slope)}, ${r.conditions[0]}; `
    + `${units} unit${units > 1 ? "s" : ""} in a row: ${r.dead} dead, `
    + `${r.saturated} saturated, last answer ${brief(r.last.answer)}, `
    + `of a nudge ${text(r.last.left)} is left (with ${others.join(", ")})`;
}
