import { correlate } from "./correlate.js";
import { number } from "./numbers.js";
import { picture } from "./pictures.js";

// The arithmetic of the kernel explorer, from the state alone. The tests run it in Node and compare it with ops.conv2d.

// The kernel of a state as it is written down, before any flip.
export function weights(state, fixed) {
  if (Array.isArray(state.kernel)) return state.kernel.flat();
  const [whole, divisor] = fixed.kernels[state.kernel].sizes[state.kernel_size];
  return whole.flat().map((v) => v / divisor);
}

// Where padded row or column i comes from in a picture of n; -1 is a zero.
function origin(i, n, mode) {
  if (i >= 0 && i < n) return i;
  if (mode === "reflect") return i < 0 ? -i : 2 * (n - 1) - i;
  return mode === "circular" ? (i + n) % n : -1;
}

// Why a state has no output, or null.
export function problem(state, fixed) {
  const { kernel, kernel_size: k, padding: p, dilation: d, padding_mode: mode } = state;
  if (Array.isArray(kernel)) {
    if (kernel.length !== k) return `your kernel is ${kernel.length}x${kernel.length}; a preset can change its size`;
  } else if (!fixed.kernels[kernel].sizes[k]) {
    return `${fixed.kernels[kernel].label} ${fixed.kernels[kernel].needs}`;
  }
  const { h, w } = picture(state, fixed), small = Math.min(h, w);
  if (mode === "reflect" && p >= small) return `a picture of ${h}x${w} can reflect at most ${small - 1} pixels`;
  if (mode === "circular" && p > small) return `a picture of ${h}x${w} can go around by at most ${small} pixels`;
  const span = d * (k - 1) + 1;
  if (span > small + 2 * p) return `a window of ${span} pixels does not fit in ${small} + 2·${p} = ${small + 2 * p}`;
  return null;
}

// Everything that the explorer shows of a legal state.
export function compute(state, fixed) {
  const { kernel_size: k, stride: s, padding: p, dilation: d, padding_mode: mode } = state;
  const { h, w, values } = picture(state, fixed);
  const kernel = weights(state, fixed);
  const weight = state.convolution ? [...kernel].reverse() : kernel;
  const ph = h + 2 * p, pw = w + 2 * p;
  const [oh, ow] = [ph, pw].map((n) => Math.floor((n - d * (k - 1) - 1) / s) + 1);

  const padded = new Float64Array(ph * pw);
  for (let i = 0; i < ph; i++) {
    const from = origin(i - p, h, mode);
    for (let j = 0; from >= 0 && j < pw; j++) {
      const column = origin(j - p, w, mode);
      if (column >= 0) padded[i * pw + j] = values[from * w + column];
    }
  }

  const steps = weight.map((_, t) => Math.floor(t / k) * d * pw + (t % k) * d);  // from a window's corner to its taps
  const output = new Float64Array(oh * ow);
  correlate(output, oh, ow, padded, pw, steps, weight, s);
  let low = Infinity, high = -Infinity;
  for (const v of output) { low = Math.min(low, v); high = Math.max(high, v); }

  const row = Math.min(state.row, oh - 1), column = Math.min(state.column, ow - 1);
  const window = steps.map((step) => padded[row * s * pw + column * s + step]);
  const products = window.map((v, t) => v * weight[t]);
  const sum = output[row * ow + column];
  return { h, w, ph, pw, oh, ow, k, kernel, weight, padded, output, low, high, row, column, window, products, sum };
}

// The formula of the output size with the numbers in it.
export function formula(state, { h, w, oh, ow }) {
  const { kernel_size: k, stride: s, padding: p, dilation: d } = state;
  const one = (n, out) => `floor((${n} + 2·${p} − ${d}·(${k}−1) − 1) / ${s}) + 1 = ${out}`;
  return h === w ? one(h, oh) : `height ${one(h, oh)}; width ${one(w, ow)}`;
}

// The PyTorch layer that does the same.
export function pytorch({ kernel_size, stride, padding, dilation, padding_mode, convolution }) {
  const usual = { stride: 1, padding: 0, dilation: 1 };
  let options = Object.entries({ stride, padding, dilation }).filter(([name, value]) => value !== usual[name]);
  if (padding && padding_mode !== "zeros") options.push(["padding_mode", `"${padding_mode}"`]);
  options = options.map(([name, value]) => `${name}=${value}, `).join("");
  return `nn.Conv2d(1, 1, ${kernel_size}, ${options}bias=False)  # weight = kernel${convolution ? ".flip(0, 1)" : ""}`;
}

// The sentence of widgets.describe.
export function sentence(state, fixed, r) {
  const images = { grid: "grid of numbers", digit: "digit", photo: "photo" };
  const image = Array.isArray(state.image) ? "image of your own" : images[state.image];
  const kernel = Array.isArray(state.kernel) ? "kernel of your own" : `${fixed.kernels[state.kernel].label} kernel`;
  return `Kernel explorer: ${r.h}x${r.w} ${image}, ${r.k}x${r.k} ${kernel}${state.convolution ? ", flipped" : ""}, `
    + `stride ${state.stride}, padding ${state.padding} (${state.padding_mode}), dilation ${state.dilation}: `
    + `output ${r.oh}x${r.ow}, from ${number(r.low)} to ${number(r.high)}; `
    + `output pixel (row ${r.row}, column ${r.column}) = ${number(r.sum)}`;
}
