import { number } from "./kit.js";
import { picture } from "./pictures.js";

// The arithmetic of the pooling explorer, from the state alone. The tests run it in Node and compare it with
// ops.max_pool2d, ops.avg_pool2d, ops.blur2d and, for what a shift does, with Python's pooling_state.

const modulo = (i, n) => ((i % n) + n) % n;

// Where the photograph gets brighter from left to right, strongest 1: Sobel and ReLU, the border going around.
const derived = new WeakMap();
function edges({ h, w, values }) {
  if (derived.has(values)) return { h, w, values: derived.get(values) };
  const light = (i, j) => 255 * values[modulo(i, h) * w + modulo(j, w)];
  const steps = values.map((_, t) => {
    const i = Math.floor(t / w), j = t % w, step = (row) => light(row, j + 1) - light(row, j - 1);
    return Math.max(0, Math.round(step(i - 1) + 2 * step(i) + step(i + 1)));
  });
  const most = Math.max(...steps);
  derived.set(values, steps.map((v) => v / most));
  return { h, w, values: derived.get(values) };
}

export function original(state, fixed) {
  return state.image === "edges" ? edges(picture({ image: "photo" }, fixed)) : picture(state, fixed);
}

// How many windows there are along n pixels; with `up`, a last one may hang over the edge if it starts before it.
export function outSize(n, k, s, p, up) {
  const steps = (n + 2 * p - k) / s;
  if (!up) return Math.floor(steps) + 1;
  const windows = Math.ceil(steps) + 1;
  return (windows - 1) * s < n + p ? windows : windows - 1;
}

// Maps are { h, w, values }. What leaves on the right comes back on the left.
export function roll({ h, w, values }, by) {
  const moved = new Float64Array(h * w);
  for (let i = 0; i < h * w; i++) moved[i - (i % w) + modulo((i % w) + by, w)] = values[i];
  return { h, w, values: moved };
}

// The windows along n pixels: from, to, and how many pixels count. A border counts as zeros for an average and not at all
// for a maximum; what hangs over counts for neither.
function windows(n, { kernel_size: k, stride: s, padding: p, ceil_mode: up }) {
  return Array.from({ length: outSize(n, k, s, p, up) }, (_, i) => {
    const start = i * s - p;
    return [Math.max(start, 0), Math.min(start + k, n), Math.min(start + k, n + p) - start];
  });
}

// The largest value or the sum under each window along each line of n values; lines become columns.
function slide(values, lines, n, windows, max) {
  const found = new Float64Array(windows.length * lines);
  for (let j = 0; j < windows.length; j++) {
    const [from, to] = windows[j];
    for (let line = 0; line < lines; line++) {
      const end = line * n + to;
      let at = line * n + from, best = values[at];
      if (max) {
        while (++at < end) if (values[at] > best) best = values[at];
      } else {
        while (++at < end) best += values[at];
      }
      found[j * lines + line] = best;
    }
  }
  return found;
}

// First along the rows, then along the columns: sums and maxima can be taken in any order.
function pool(x, state) {
  const max = state.mode === "max", rows = windows(x.h, state), columns = windows(x.w, state), [h, w] = [rows.length, columns.length];
  const values = slide(slide(x.values, x.h, x.w, columns, max), w, x.h, rows, max);
  if (!max) for (let i = 0; i < h * w; i++) values[i] /= rows[Math.floor(i / w)][2] * columns[i % w][2];
  return { h, w, values };
}

// 1 2 1 along rows and columns, over 16; the border is mirrored.
function blur(x, s) {
  const h = outSize(x.h, 3, s, 1), w = outSize(x.w, 3, s, 1), values = new Float64Array(h * w);
  const mirror = (i, n) => (i < 0 ? -i : i < n ? i : 2 * (n - 1) - i);
  for (let i = 0; i < h * w; i++) {
    const row = Math.floor(i / w) * s, column = (i % w) * s;
    for (let a = -1; a <= 1; a++) {
      for (let b = -1; b <= 1; b++) {
        const weight = (2 - Math.abs(a)) * (2 - Math.abs(b)) / 16;
        values[i] += weight * x.values[mirror(row + a, x.h) * x.w + mirror(column + b, x.w)];
      }
    }
  }
  return { h, w, values };
}

// The two ways down: pooled as it is set; or pooled at every pixel, blurred, and only then every stride-th pixel kept.
const WAYS = [(x, state) => pool(x, state), (x, state) => blur(pool(x, { ...state, stride: 1 }), state.stride)];

// Mean difference of two maps as a share of the first one's mean size, between two columns, the first map moved by t.
// Of no interest (Infinity) once the differences add up to more than `enough`.
function difference(a, b, t = 0, edge = 0, enough = Infinity) {
  const source = Int32Array.from({ length: a.w }, (_, j) => modulo(j - t, a.w));
  let apart = 0, size = 0;
  for (let i = 0; i < a.h && apart <= enough; i++) {
    for (let j = edge; j < a.w - edge; j++) {
      const before = a.values[i * a.w + source[j]];
      apart += Math.abs(before - b.values[i * a.w + j]);
      size += Math.abs(before);
    }
  }
  if (apart > enough) return Infinity;
  return size ? apart / size : apart ? Infinity : 0;
}

// What a shift does: how much the output changes as it lies, and what is left after the movement that fits best.
function compare(before, after, shift) {
  const edge = Math.floor(before.w / 8), size = before.values.reduce((sum, v) => sum + Math.abs(v), 0);
  let error = Infinity, movement = 0;
  for (let i = 0; i <= 2 * shift; i++) {
    const t = Math.ceil(i / 2) * (i % 2 ? 1 : -1), left = difference(before, after, t, edge, error < Infinity ? error * size : error);
    if (left < error - 1e-9) [error, movement] = [left, t + 0];
  }
  return { change: difference(before, after), error, movement };
}

// Everything about a setting that does not depend on the shift that is picked: the outputs and errors for all shifts.
let kept = {};
function shifted(state, fixed) {
  const { image, mode, kernel_size, stride, padding, ceil_mode } = state;
  const key = JSON.stringify([image, mode, kernel_size, stride, padding, ceil_mode]);
  if (kept.key === key) return kept;
  const shifts = Array.from({ length: fixed.limits.shift[1] + 1 }, (_, shift) => shift);
  const pictures = kept.image === image ? kept.pictures : shifts.map((shift) => roll(original(state, fixed), shift));
  const ways = WAYS.map((way) => {
    const outputs = pictures.map((moved) => way(moved, state));
    return shifts.map((shift) => ({ output: outputs[shift], before: outputs[0], ...compare(outputs[0], outputs[shift], shift) }));
  });
  return (kept = { key, image, pictures, ways });
}

// Everything that the explorer shows of a legal state: the moved picture, and for both ways down the output, what is
// left of it beyond a movement, and the errors for every shift.
export function compute(state, fixed) {
  const { kernel_size: k, stride: s, padding: p, shift } = state, all = shifted(state, fixed);
  const x = all.pictures[shift], low = Math.min(0, ...x.values), high = Math.max(...x.values);
  const ways = all.ways.map((way) => {
    const { output, before, change, error, movement } = way[shift], moved = roll(before, movement);
    const remainder = output.values.map((v, i) => v - moved.values[i]);
    return { output, change, error, movement, remainder, errors: way.map((one) => one.error) };
  });
  const { h, w, values } = ways[0].output;
  const row = Math.min(state.row, h - 1), column = Math.min(state.column, w - 1);
  const reach = [[x.h, h], [x.w, w]].map(([n, out]) => Math.max(n + 2 * p, (out - 1) * s + k));  // with what hangs over
  return { x, low, high, ways, h, w, row, column, value: values[row * w + column], reach };
}

// The formula of the output size with the numbers in it.
export function formula({ kernel_size: k, stride: s, padding: p, ceil_mode: up }, { x, h, w }) {
  const one = (n, out) => {
    const windows = Math[up ? "ceil" : "floor"]((n + 2 * p - k) / s) + 1;
    const less = windows > out ? `, less the last one, which would start outside: ${out}` : "";
    return `${up ? "ceil" : "floor"}((${n} + 2·${p} − ${k}) / ${s}) + 1 = ${windows}${less}`;
  };
  return x.h === x.w ? one(x.h, h) : `height ${one(x.h, h)}; width ${one(x.w, w)}`;
}

// The lines of PyTorch that do the same, without and with blur.
export function pytorch({ mode, kernel_size: k, stride: s, padding: p, ceil_mode: up }) {
  const layer = (stride, more) => {
    const options = [[stride !== k, `stride=${stride}`], [p, `padding=${p}`], [more, "ceil_mode=True"]];
    return `nn.${mode === "max" ? "MaxPool2d" : "AvgPool2d"}(${[k, ...options.filter(([on]) => on).map(([, text]) => text)].join(", ")})`;
  };
  return [`${layer(s, up)}(x)`, `ops.blur2d(${layer(1, false)}(x), stride=${s})`];
}

export function percent(share) {
  return share === Infinity ? "infinitely much" : `${number(Math.floor(share * 1000 + 0.5 + 1e-9) / 10)}%`;
}

export function count(n, noun) {
  return `${n} ${noun}${Math.abs(n) === 1 ? "" : "s"}`;
}

// The sentence of the explorer in Python.
export function sentence(state, fixed, r) {
  const { image, mode, kernel_size: k, stride, padding, ceil_mode: up, shift } = state;
  const name = Array.isArray(image) ? "image of your own" : image === "grid" ? "grid of numbers" : image;
  const moved = ({ change, error, movement }) =>
    `changes it by ${percent(change)}, ${percent(error)} beyond a movement by ${count(movement, "column")}`;
  const [low, high] = [Math.min, Math.max].map((end) => number(end(...r.ways[0].output.values)));
  return `Pooling explorer: ${r.x.h}x${r.x.w} ${name}, moved right by ${count(shift, "pixel")}, ${fixed.modes[mode]} `
    + `of ${k}x${k}, stride ${stride}, padding ${padding}${up ? ", ceil_mode" : ""}: `
    + `output ${r.h}x${r.w}, from ${low} to ${high}; `
    + `output pixel (row ${r.row}, column ${r.column}) = ${number(r.value)}; `
    + `the move ${moved(r.ways[0])}; with blur it ${moved(r.ways[1])}`;
}
