// What random_crop, random_flip, color_jitter, random_erase and mixup do to one picture; cnnlab/data is the truth.

import { bytes, commas, number } from "./numbers.js";

const GRAY = [0.299, 0.587, 0.114];
const decoded = {};

// A picture as three planes of 0..1, one after the other.
export function original(name, { pictures }) {
  decoded[name] ??= Float64Array.from(bytes(pictures[name].bytes), (v) => v / 255);
  return decoded[name];
}

// ---- what is drawn: the same numbers as in cnnlab/widgets/augmentation_state.py

// Random numbers from 0 to below 1: mulberry32 by Tommy Ettinger (2017), 32 bits of state.
function uniform(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// One number from Beta(alpha, alpha), by the rule of M. D. Jöhnk (1964).
function beta(alpha, draw) {
  for (;;) {
    const a = draw() ** (1 / alpha), b = draw() ** (1 / alpha);
    if (0 < a + b && a + b <= 1) return a / (a + b);
  }
}

const hundredths = (x) => Math.floor(x * 100 + 0.5) / 100;

function choose(s, seed, side) {
  const draw = uniform(seed), u = Array.from({ length: 8 }, draw);  // always eight: one control leaves the others' choices alone
  const factor = (v) => hundredths(1 + s.color * (2 * v - 1)), corner = (v) => Math.floor(v * side) - Math.floor(s.erase / 2);
  const place = (v) => Math.floor(v * (2 * s.crop + 1));
  return {
    top: place(u[0]), left: place(u[1]), flipped: s.flip && u[2] < 0.5,
    brightness: factor(u[3]), contrast: factor(u[4]), saturation: factor(u[5]),
    row: corner(u[6]), column: corner(u[7]), share: s.mixup ? hundredths(beta(s.mixup, draw)) : 1,
  };
}

// ---- what is done, on three planes of side x side pixels

// The picture with a border of p pixels, black or mirrored.
export function pad(x, side, p, padding) {
  const wide = side + 2 * p, y = new Float64Array(3 * wide * wide), last = side - 1;
  const mirror = (i) => last - Math.abs(last - Math.abs(i));
  for (let c = 0; c < 3; c++) for (let i = 0; i < wide; i++) for (let j = 0; j < wide; j++) {
    const inside = i >= p && i < p + side && j >= p && j < p + side;
    if (inside || padding === "reflect") y[(c * wide + i) * wide + j] = x[(c * side + mirror(i - p)) * side + mirror(j - p)];
  }
  return y;
}

function cutAndFlip(padded, side, p, { top, left, flipped }) {
  const wide = side + 2 * p, y = new Float64Array(3 * side * side);
  for (let c = 0; c < 3; c++) for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) {
    y[(c * side + i) * side + j] = padded[(c * wide + i + top) * wide + left + (flipped ? side - 1 - j : j)];
  }
  return y;
}

function recolor(x, side, { brightness: b, contrast: k, saturation: s }) {
  const n = side * side, gray = new Float64Array(n), y = new Float64Array(3 * n);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += gray[i] = GRAY[0] * x[i] + GRAY[1] * x[n + i] + GRAY[2] * x[2 * n + i];
  const middle = (1 - k) * (sum / n);
  for (let c = 0; c < 3 * n; c += n) for (let i = 0; i < n; i++) {
    y[c + i] = Math.max(0, Math.min(1, b * (k * (s * x[c + i] + (1 - s) * gray[i]) + middle)));
  }
  return y;
}

function erase(x, side, size, { row, column }) {
  if (!size) return x;
  const n = side * side, y = x.slice();
  for (let c = 0; c < 3 * n; c += n) {
    let sum = 0;
    for (let i = c; i < c + n; i++) sum += x[i];
    for (let i = Math.max(row, 0); i < Math.min(row + size, side); i++) {
      for (let j = Math.max(column, 0); j < Math.min(column + size, side); j++) y[c + i * side + j] = sum / n;
    }
  }
  return y;
}

function augmented(s, padded, side, chosen) {
  const flipped = cutAndFlip(padded, side, s.crop, chosen), colored = recolor(flipped, side, chosen);
  return { flipped, colored, erased: erase(colored, side, s.erase, chosen) };
}

const blend = (x, y, share) => x.map((v, i) => y[i] + share * (v - y[i]));

function distance(x, y) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i] - y[i]);
  return sum / x.length;
}

// All epochs of a state: choices, the picture after each step, and how far it is from the original.
function drawn(s, fixed) {
  const { side, epochs } = fixed, x = original(s.image, fixed);
  const [padded, otherPadded] = [s.image, s.other].map((name) => pad(original(name, fixed), side, s.crop, s.padding));
  const draws = Array.from({ length: epochs }, (_, i) => {
    const seed = 1000 * s.seed + 10 * (i + 1), chosen = choose(s, seed, side), mine = augmented(s, padded, side, chosen);
    const meets = s.mixup ? augmented(s, otherPadded, side, choose(s, seed + 1, side)).erased : mine.erased;
    const mixed = s.mixup ? blend(mine.erased, meets, chosen.share) : mine.erased;
    return { ...mine, chosen, meets, mixed, far: distance(mixed, x) };
  });
  return { x, padded, draws, far: draws.reduce((sum, d) => sum + d.far, 0) / epochs };
}

let kept = {};

// Everything that the explorer shows. Another epoch to look at draws nothing anew.
export function compute(state, fixed) {
  const { epoch, ...s } = state, key = JSON.stringify(s);
  if (kept.key !== key) kept = { key, ...drawn(s, fixed) };
  return { ...kept, picked: kept.draws[epoch - 1] };
}

// ---- words, those of Python

export function code({ crop, padding, flip, color, erase: size, mixup }) {
  const names = [
    crop && `data.random_crop(${crop}${padding === "reflect" ? ', padding="reflect"' : ""})`,
    flip && "data.random_flip()",
    color && `data.color_jitter(${number(color)})`,
    size && `data.random_erase(${size})`,
  ].filter(Boolean);
  const augment = names.length > 1 ? `data.compose(${names.join(", ")})` : names[0] ?? "None";
  return `augment=${augment}${mixup ? `, mix=data.mixup(${number(mixup)})` : ""}`;
}

export function captions(s, c, side) {
  const padded = side + 2 * s.crop, span = (start) => `${Math.max(start, 0)} to ${Math.min(start + s.erase, side) - 1}`;
  const cut = s.crop ? `cut out of ${padded}x${padded} at row ${c.top}, column ${c.left}` : "not cut";
  return [
    `${cut}, ${s.flip ? (c.flipped ? "flipped" : "not flipped") : "never flipped"}`,
    s.color ? ["brightness", "contrast", "saturation"].map((name) => `${name} × ${number(c[name])}`).join(", ") : "colors kept",
    s.erase ? `rows ${span(c.row)}, columns ${span(c.column)} erased` : "nothing erased",
    s.mixup ? mixture(s, c) : "not mixed",
  ];
}

export function mixture({ image, other }, { share }) {
  return `${number(share)} ${image} + ${number(1 - share)} ${other}`;
}

export function outcomes({ crop, flip, color, erase: size, mixup }, side) {
  const places = (2 * crop + 1) ** 2, squares = size ? side ** 2 : 1, count = places * (flip ? 2 : 1) * squares;
  const named = [[places, "places"], [flip ? 2 : 1, "sides"], [squares, "squares"]].filter(([n]) => n > 1).map(([n, what]) => `${commas(n)} ${what}`);
  return `${named.length > 1 ? `${named.join(" × ")} = ` : ""}${commas(count)} picture${count > 1 ? "s" : ""} from one`
    + `${color ? ", in any color" : ""}${mixup ? ", mixed in any share" : ""}`;
}

// The sentence of the explorer in Python.
export function sentence(s, { side, epochs }, r) {
  return `Augmentation explorer: ${s.image}, ${code(s)}: ${outcomes(s, side)}; seed ${s.seed}, epoch ${s.epoch}: `
    + `${captions(s, r.picked.chosen, side).join("; ")}; the pixels differ from the picture's by ${number(r.picked.far)} on average, `
    + `over ${epochs} epochs by ${number(r.far)}`;
}
