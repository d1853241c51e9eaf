import { number } from "./numbers.js";

// The arithmetic of the descent explorer, from the state alone. The tests run it in Node and compare it with
// torch.optim.SGD, step by step.

// A polynomial and its slope at w; the constant comes first.
function polynomial(coefficients, w) {
  let value = 0, slope = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) {
    slope = slope * w + value;
    value = value * w + coefficients[i];
  }
  return [value, slope];
}

// The loss at some weights, a sum of one polynomial for each, and its slope in each.
export function loss(land, weights) {
  const parts = weights.map((w, i) => polynomial(land.coefficients[i], w));
  return { value: parts.reduce((sum, [value]) => sum + value, 0), slopes: parts.map(([, slope]) => slope) };
}

const away = (weights, fixed) => weights.some((w) => Math.abs(w) > fixed.far);

// What each step of torch.optim.SGD sees; weights and losses have one row more, for where it stands at the end.
function descend({ landscape, learning_rate: rate, momentum, steps, zero_grad, start }, fixed) {
  const land = fixed.landscapes[landscape];
  const walk = { weights: [start], losses: [loss(land, start).value], slopes: [], grads: [], velocities: [] };
  let w = start, grad = w.map(() => 0), velocity = grad;
  for (let t = 0; t < steps && !away(w, fixed); t++) {
    const { slopes } = loss(land, w);
    grad = slopes.map((slope, i) => (zero_grad ? 0 : grad[i]) + slope);
    velocity = grad.map((g, i) => momentum * velocity[i] + g);
    w = w.map((v, i) => v - rate * velocity[i]);
    walk.slopes.push(slopes);
    walk.grads.push(grad);
    walk.velocities.push(velocity);
    walk.weights.push(w);
    walk.losses.push(loss(land, w).value);
  }
  return { ...walk, ranAway: away(w, fixed) };
}

// Everything that the explorer shows of a state.
export function compute(state, fixed) {
  const { coefficients } = fixed.landscapes[state.landscape], usual = state.momentum === 0 && state.zero_grad;
  const walk = descend(state, fixed);
  const plain = usual ? null : descend({ ...state, momentum: 0, zero_grad: true }, fixed);  // to compare with
  const quadratic = coefficients.every((c) => c.length === 3);
  const curvatures = usual && quadratic ? coefficients.map((c) => 2 * c[2]) : null;  // then each step shrinks the distance alike
  return { ...walk, plain, curvatures, taken: walk.slopes.length };
}

// A learning rate with its three decimals, without idle zeros.
export function rate(x) {
  return String(Math.round(x * 1000) / 1000);
}

// Three digits of a size from 1e-9 up; a tie goes up.
export function digits(x) {
  if (Math.abs(x) < 1e-9) return "0";
  const size = Math.abs(x) * (1 + 1e-9), sign = x < 0 ? "-" : "", exponent = Math.floor(Math.log10(size));
  if (exponent < -3 || exponent >= 6) return `${sign}${(size / 10 ** exponent).toFixed(1)}e${exponent}`;
  const text = size.toFixed(Math.max(0, 2 - exponent));
  return sign + (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

// A weight with as many decimals as it takes to see a step of this size.
export function beside(w, step) {
  const size = Math.abs(step);
  if (size < 1e-9 || Math.abs(w) >= 1e6) return digits(w);
  const decimals = Math.min(12, Math.max(2, 1 - Math.floor(Math.log10(size))));
  return String(Number(w.toFixed(decimals)));
}

// A loss: what lies below 1e-9 is as good as 0, and its digits would be rounding errors.
export function level(x) {
  return x < 1e-9 ? "below 1e-9" : digits(x);
}

// -0.25, or (1.5, -0.25)
export function place(weights, write = number) {
  const written = weights.map((w) => write(w)).join(", ");
  return weights.length === 1 ? written : `(${written})`;
}

// The lines of PyTorch that do the same.
export function pytorch({ landscape, learning_rate, momentum, steps, zero_grad, start }, fixed) {
  const float = (v) => (Number.isInteger(v) ? v.toFixed(1) : String(v));
  const w = start.length === 1 ? float(start[0]) : `[${start.map(float).join(", ")}]`;
  return [
    `w = torch.tensor(${w}, requires_grad=True)`,
    `optimizer = torch.optim.SGD([w], lr=${rate(learning_rate)}${momentum ? `, momentum=${number(momentum)}` : ""})`,
    `for step in range(${steps}):`,
    `    ${zero_grad ? "" : "# "}optimizer.zero_grad()${zero_grad ? "" : "  forgotten"}`,
    `    loss = ${fixed.landscapes[landscape].formula}`,
    "    loss.backward()",
    "    optimizer.step()",
  ].join("\n");
}

// Where the walk ends, for the eye and for the sentence.
export function outcome(r, fixed) {
  const end = `after ${r.taken} step${r.taken === 1 ? "" : "s"}`;
  if (r.ranAway) return `${end} a weight is beyond ${number(fixed.far)}: it ran away`;
  return `${end} w = ${place(r.weights.at(-1))}, loss ${level(r.losses.at(-1))}`;
}

// The sentence of the explorer in Python.
export function sentence(state, fixed, r) {
  return `Descent explorer: loss ${fixed.landscapes[state.landscape].formula}, learning rate ${rate(state.learning_rate)}, `
    + `momentum ${number(state.momentum)}, ${state.zero_grad ? "zero_grad in each step" : "zero_grad forgotten"}: `
    + `from w = ${place(state.start)}, loss ${level(r.losses[0])}, ${outcome(r, fixed)}`;
}
