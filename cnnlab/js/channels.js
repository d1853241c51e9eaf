import { bytes, commas, number } from "./numbers.js";

// The arithmetic of the channel mixer, from the state alone. The tests run it in Node and compare it with ops.conv2d and
// shapes.

const decoded = {};

export const channelsOf = ({ image }, fixed) => 3 * fixed.photos[image].length;

// Why a state has no output, or null.
export function problem(state, fixed) {
  const { filters: o, groups: g, mix } = state, c = channelsOf(state, fixed);
  if (Array.isArray(mix) && (mix.length !== o || mix[0].length !== c)) return `your mix is ${mix.length}x${mix[0].length}`;
  if (o < 1 || o > fixed.most) return `there are 1 to ${fixed.most} filters`;
  if (g < 1 || c % g) return `${g} groups cannot share ${c} channels evenly`;
  if (o % g) return `${g} groups cannot share ${o} filter${o === 1 ? "" : "s"} evenly`;
  return null;
}

// A whole state in which the rest follows the value that has just been changed.
export function follow(state, name, value, fixed) {
  const next = { ...state, [name]: value }, c = channelsOf(next, fixed);
  if (Array.isArray(next.mix)) {
    if (name === "mix") next.filters = value.length;
    const rows = Array.from({ length: next.filters }, (_, i) => next.mix[i] ?? []);
    next.mix = rows.map((row) => Array.from({ length: c }, (_, j) => row[j] ?? 0));
  }
  if (name === "image" && c % next.groups) next.groups = 1;
  return next;
}

// Three planes of each photograph, one after the other.
function planes({ image }, fixed) {
  decoded[image] ??= fixed.photos[image].flatMap((photo) => {
    const values = Float64Array.from(bytes(fixed.pixels[photo].bytes), (v) => v / 255), n = values.length / 3;
    return [0, 1, 2].map((i) => values.subarray(i * n, i * n + n));
  });
  return decoded[image];
}

// How much each filter takes of each channel, before groups cut some of it off.
export function table(state, fixed) {
  return (Array.isArray(state.mix) ? state.mix : fixed.mixes[state.mix][channelsOf(state, fixed)]).slice(0, state.filters);
}

// The map of one kernel over one plane, zeros around it.
function correlate(x, kernel, side) {
  const y = new Float64Array(side * side), k = Math.sqrt(kernel.length), reach = (k - 1) / 2;
  kernel.forEach((weight, t) => {
    if (!weight) return;
    const down = Math.floor(t / k) - reach, right = (t % k) - reach;
    for (let i = Math.max(0, -down); i < Math.min(side, side - down); i++) {
      const here = i * side, there = (i + down) * side + right;
      for (let j = Math.max(0, -right); j < Math.min(side, side - right); j++) y[here + j] += weight * x[there + j];
    }
  });
  return y;
}

function sum(maps, side) {
  const y = new Float64Array(side * side);
  for (const map of maps) for (let i = 0; i < y.length; i++) y[i] += map[i];
  return y;
}

// The layer at work: the kernels of each filter, one for each channel that it reads, what each adds, and their sums.
function layer(state, fixed) {
  const { filters: o, groups: g } = state, side = fixed.side, c = channelsOf(state, fixed), x = planes(state, fixed);
  const mix = table(state, fixed), [whole, divisor] = fixed.kernels[state.kernel], each = c / g;
  const kernel = (i, j) => (whole[i] ?? whole[0])[whole.length > 1 ? j : 0].flat().map((v) => (mix[i][j] * v) / divisor);
  const first = (i) => Math.floor(i / (o / g)) * each;  // filter i reads the channels from first(i) on
  const kernels = mix.map((_, i) => Array.from({ length: each }, (_, j) => kernel(i, first(i) + j)));
  const maps = kernels.map((group, i) => group.map((weight, j) => correlate(x[first(i) + j], weight, side)));
  return { x, c, k: state.kernel === "1x1" ? 1 : 3, mix, each, first, kernels, maps, outputs: maps.map((parts) => sum(parts, side)) };
}

const last = {};

// Everything that the explorer shows of a legal state. Another pixel or output does not run the layer again.
export function compute(state, fixed) {
  const { image, mix, kernel, filters, groups, row, column } = state, key = JSON.stringify([image, mix, kernel, filters, groups]);
  if (last.key !== key) Object.assign(last, { key, layer: layer(state, fixed) });
  const r = last.layer, output = Math.min(state.output, filters - 1), at = row * fixed.side + column, products = r.maps[output];
  const parameters = filters * r.each * r.k * r.k;
  return { ...r, output, products, parts: products.map((map) => map[at]), total: r.outputs[output][at],
    parameters, cost: parameters * fixed.side ** 2 };
}

// The least and the largest number in some maps. Each map is looked through once.
const found = new WeakMap();
export function ends(maps) {
  for (const map of maps) if (!found.has(map)) found.set(map, [Math.min, Math.max].map((end) => map.reduce((a, v) => end(a, v))));
  return [Math.min(...maps.map((map) => found.get(map)[0])), Math.max(...maps.map((map) => found.get(map)[1]))];
}

export const farthest = (maps) => Math.max(...ends(maps).map(Math.abs));

export function names({ image }, fixed) {
  const photos = fixed.photos[image], colors = ["red", "green", "blue"];
  return photos.flatMap((photo) => colors.map((color) => (photos.length === 1 ? color : `${photo} ${color}`)));
}

// The PyTorch layer that does the same.
export function pytorch({ filters, groups }, { c, k }) {
  const options = [[k > 1, `padding=${(k - 1) / 2}`], [groups > 1, `groups=${groups}`]].filter(([needed]) => needed);
  return `nn.Conv2d(${[c, filters, k, ...options.map(([, words]) => words), "bias=False"].join(", ")})`;
}

// Three decimals and no idle zeros; a tie goes up.
const thousandths = (x) => Math.floor(x * 1000 + 0.5 + 1e-9);
export const fine = (x) => String(thousandths(x) / 1000);

// Rounded terms need not add up to the rounded sum.
export function equals(parts, total) {
  return parts.reduce((sum, part) => sum + thousandths(part), 0) === thousandths(total) ? "=" : "≈";
}

// Terms as a sum: 1.33 - 0.23. The first one has no sign of its own unless it is the term number `from` of a longer sum.
export function added(parts, from = 0, words = []) {
  return parts.map((part, j) => {
    const text = fine(part), sign = text.startsWith("-") ? "- " : "+ ";
    return (from + j ? sign + text.replace("-", "") : text) + (words[j] ? ` (${words[j]})` : "");
  }).join(" ");
}

// The sentence of the explorer in Python.
export function sentence(state, fixed, r) {
  const mix = Array.isArray(state.mix) ? "a mix of your own" : fixed.labels.mix[state.mix], y = r.outputs[r.output];
  const read = names(state, fixed).slice(r.first(r.output));
  const [low, high] = ends([y]);
  return `Channel mixer: ${r.c} channels of ${fixed.side}x${fixed.side}, ${state.filters} filter${state.filters === 1 ? "" : "s"} of `
    + `${fixed.labels.kernel[state.kernel]}, ${mix}, groups ${state.groups}: ${r.parameters} weights, ${commas(r.cost)} multiply-adds; `
    + `output ${r.output} goes from ${number(low)} to ${number(high)}; at row ${state.row}, column ${state.column} it is `
    + `${added(r.parts, 0, read)} ${equals(r.parts, r.total)} ${fine(r.total)}`;
}
