import { number } from "./numbers.js";
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
  const { h, w, values } = state.image === "edges" ? edges(picture({ image: "photo" }, fixed)) : picture(state, fixed);
  return { h, w, values: Float64Array.from(values) };
}

// How many windows there are along n pixels; with `up`, a last one may hang over the edge if it starts before it.
export function outSize(n, k, s, p, up) {
  const steps = (n + 2 * p - k) / s;
  if (!up) return Math.floor(steps) + 1;
  const windows = Math.ceil(steps) + 1;
  return (windows - 1) * s < n + p ? windows : windows - 1;
}

// Maps are { h, w, values }. What leaves on the right comes back on the left.
function roll({ h, w, values }, by, moved = new Float64Array(h * w)) {
  const t = modulo(by, w);
  for (let row = 0; row < h * w; row += w) {
    moved.set(values.subarray(row, row + w - t), row + t);
    moved.set(values.subarray(row + w - t, row + w), row);
  }
  return { h, w, values: moved };
}

// The windows along n pixels: where each begins and ends, and how many pixels count. A border counts as zeros for an
// average and not at all for a maximum; what hangs over counts for neither.
function windows(n, { kernel_size: k, stride: s, padding: p, ceil_mode: up }) {
  return Array.from({ length: outSize(n, k, s, p, up) }, (_, i) => {
    const start = i * s - p;
    return { from: Math.max(start, 0), to: Math.min(start + k, n), counts: Math.min(start + k, n + p) - start };
  });
}

// The largest value or the mean under each window, along the columns (down) or along the rows of a map.
function slide({ h, w, values }, windows, max, down) {
  const n = windows.length, y = down ? { h: n, w } : { h, w: n }, step = down ? w : 1, next = down ? 1 : w;
  y.values = new Float64Array(y.h * y.w);
  for (let j = 0; j < n; j++) {
    const { from, to, counts } = windows[j], lines = down ? w : h;
    for (let line = 0; line < lines; line++) {
      const end = line * next + to * step;
      let at = line * next + from * step, best = values[at];
      if (max) {
        while ((at += step) < end) if (values[at] > best) best = values[at];
      } else {
        while ((at += step) < end) best += values[at];
      }
      y.values[down ? j * w + line : line * n + j] = max ? best : best / counts;
    }
  }
  return y;
}

// 1 2 1 over 4 at every s-th place along the columns (down) or along the rows; the border is mirrored.
function blur({ h, w, values }, s, down) {
  const n = outSize(down ? h : w, 3, s, 1), y = down ? { h: n, w } : { h, w: n }, step = down ? w : 1;
  const lines = down ? w : h, next = down ? 1 : w, last = (down ? h : w) - 1;
  y.values = new Float64Array(y.h * y.w);
  for (let j = 0; j < n; j++) {
    const i = j * s, middle = i * step, before = Math.abs(i - 1) * step, after = (i < last ? i + 1 : 2 * last - i - 1) * step;
    for (let line = 0, at = 0; line < lines; line++, at += next) {
      y.values[down ? j * w + line : line * n + j] = (values[at + before] + 2 * values[at + middle] + values[at + after]) / 4;
    }
  }
  return y;
}

// The two ways down: pooled as it is set; or pooled at every pixel, blurred, and only then every stride-th pixel kept.
// Sums and maxima can be taken in any order: along the columns first, which a shift to the right leaves as they are, so
// that this half is done once for all shifts.
const WAYS = [(state) => state, (state) => ({ ...state, stride: 1 })].map((setting, blurs) => (x, state, shifts) => {
  const max = state.mode === "max", down = slide(x, windows(x.h, setting(state)), max, true), across = windows(x.w, setting(state));
  const room = down.values.slice();
  return shifts.map((shift) => {
    const pooled = slide(roll(down, shift, room), across, max, false);
    return blurs ? blur(blur(pooled, state.stride, true), state.stride, false) : pooled;
  });
});

// Mean difference of two maps as a share of the first one's mean size, between two columns, the first map moved by t.
// Of no interest (Infinity) once the differences add up to more than `enough`.
function difference(a, b, t = 0, edge = 0, enough = Infinity) {
  const { w, values } = a, first = modulo(edge - t, w);
  let apart = 0, whole = 0;
  for (let row = 0; row < values.length && apart <= enough; row += w) {
    for (let i = row + edge, j = row + first; i < row + w - edge; i++, j++) {
      if (j === row + w) j = row;
      apart += Math.abs(values[j] - b.values[i]);
      whole += Math.abs(values[j]);
    }
  }
  if (apart > enough) return Infinity;
  return whole ? apart / whole : apart ? Infinity : 0;
}

// What a shift does: how much the output changes as it lies, and what is left after the movement that fits best; between
// the outermost eighths, both.
function compare(before, after, shift, most) {
  const edge = Math.floor(before.w / 8);
  let error = Infinity, movement = 0;
  for (let i = 0; i <= 2 * shift; i++) {
    const t = Math.ceil(i / 2) * (i % 2 ? 1 : -1), left = difference(before, after, t, edge, error < Infinity ? error * most : error);
    if (left < error - 1e-9) [error, movement] = [left, t + 0];
  }
  return { output: after, before, change: difference(before, after, 0, edge), error, movement };
}

const ends = (values) => [Math.min, Math.max].map((end) => values.reduce((a, v) => end(a, v)));

// What does not depend on the shift and the pixel that are picked: pictures, outputs and errors for all shifts.
let kept = {};
function shifted(state, fixed) {
  const { image, mode, kernel_size, stride, padding, ceil_mode } = state;
  const key = JSON.stringify([image, mode, kernel_size, stride, padding, ceil_mode]);
  if (kept.key === key) return kept;
  const shifts = Array.from({ length: fixed.limits.shift[1] + 1 }, (_, shift) => shift), x = original(state, fixed);
  const ways = WAYS.map((way) => {
    const outputs = way(x, state, shifts), most = outputs[0].values.reduce((sum, v) => sum + Math.abs(v), 0);
    return outputs.map((output, shift) => compare(outputs[0], output, shift, most));
  });
  const pictures = kept.image === image ? kept.pictures : shifts.map((shift) => roll(x, shift));
  return (kept = { key, image, pictures, ends: ends(x.values), ways });
}

// Everything that the explorer shows of a legal state: the moved picture, and for both ways down the output, what is
// left of it beyond a movement, and the errors for every shift.
export function compute(state, fixed) {
  const { kernel_size: k, stride: s, padding: p, shift } = state, { pictures, ends: [low, high], ways: all } = shifted(state, fixed);
  const x = pictures[shift], ways = all.map((way) => {
    const { output, before, movement } = way[shift], moved = roll(before, movement);
    const remainder = output.values.map((v, i) => v - moved.values[i]);
    return { ...way[shift], remainder, errors: way.map((one) => one.error) };
  });
  const { h, w, values } = ways[0].output;
  const row = Math.min(state.row, h - 1), column = Math.min(state.column, w - 1);
  const reach = [[x.h, h], [x.w, w]].map(([n, out]) => Math.max(n + 2 * p, (out - 1) * s + k));  // with what hangs over
  return { x, low: Math.min(0, low), high, ways, h, w, row, column, value: values[row * w + column], reach };
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
  const [low, high] = ends(r.ways[0].output.values).map(number);
  return `Pooling explorer: ${r.x.h}x${r.x.w} ${name}, moved right by ${count(shift, "pixel")}, ${fixed.modes[mode]} `
    + `of ${k}x${k}, stride ${stride}, padding ${padding}${up ? ", ceil_mode" : ""}: `
    + `output ${r.h}x${r.w}, from ${low} to ${high}; `
    + `output pixel (row ${r.row}, column ${r.column}) = ${number(r.value)}; `
    + `the move ${moved(r.ways[0])}; with blur it ${moved(r.ways[1])}`;
}
