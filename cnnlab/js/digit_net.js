import { correlate } from "./correlate.js";
import { bytes } from "./numbers.js";

// models.DigitNet in the browser; the tests compare its logits with PyTorch's. A picture or a stack of maps is
// { n, side, values }: n squares, one after the other, row by row.

// Numbers in half precision, two bytes each, the lower first.
function halves(base64) {
  const data = bytes(base64);
  return Float64Array.from({ length: data.length / 2 }, (_, i) => {
    const bits = data[2 * i] + 256 * data[2 * i + 1], exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14;
    return bits >> 15 ? -size : size;
  });
}

// The layers of fixed.weights, by name: { weight, bias, shape }.
export function layers(fixed) {
  const found = {};
  for (const [name, [shape, base64]] of Object.entries(fixed.weights)) {
    const [layer, part] = name.split(".");
    found[layer] = { ...found[layer], [part]: halves(base64) };
    if (part === "weight") found[layer].shape = shape;
  }
  return found;
}

// nn.Conv2d with as much padding as keeps the size, then nn.ReLU.
function convolved(x, { weight, bias, shape: [filters, channels, k] }) {
  const { side } = x, p = (k - 1) / 2, row = side + 2 * p, area = side * side;
  const steps = Array.from({ length: k * k }, (_, t) => Math.floor(t / k) * row + (t % k));
  const padded = Array.from({ length: channels }, (_, c) => {
    const wide = new Float64Array(row * row);
    for (let i = 0; i < side; i++) wide.set(x.values.subarray(c * area + i * side, c * area + (i + 1) * side), (i + p) * row + p);
    return wide;
  });
  const values = new Float64Array(filters * area);
  for (let o = 0; o < filters; o++) {
    const map = values.subarray(o * area, (o + 1) * area).fill(bias[o]);
    for (let c = 0; c < channels; c++) {
      const at = (o * channels + c) * k * k;
      correlate(map, side, side, padded[c], row, steps, weight.subarray(at, at + k * k));
    }
  }
  return { n: filters, side, values: values.map((v) => Math.max(0, v)) };
}

// nn.MaxPool2d(2): an odd row and column at the end are left out.
function pooled({ n, side, values }) {
  const half = Math.floor(side / 2), found = new Float64Array(n * half * half);
  for (let t = 0; t < found.length; t++) {
    const i = Math.floor(t / half), at = Math.floor(i / half) * side * side + 2 * (i % half) * side + 2 * (t % half);
    found[t] = Math.max(values[at], values[at + 1], values[at + side], values[at + side + 1]);
  }
  return { n, side: half, values: found };
}

// What the network makes of a picture of 28x28 bytes: its first maps, ten logits, ten probabilities.
export function forward(picture, net) {
  const maps = convolved({ n: 1, side: 28, values: Float64Array.from(picture, (v) => v / 255) }, net.conv1);
  const { values: x } = pooled(convolved(pooled(convolved(pooled(maps), net.conv2)), net.conv3));
  const { weight, bias } = net.fc;
  const logits = Array.from(bias, (b, o) => x.reduce((sum, v, i) => sum + v * weight[o * x.length + i], b));
  const most = Math.max(...logits), powers = logits.map((v) => Math.exp(v - most)), total = powers.reduce((a, b) => a + b);
  return { maps, logits, probabilities: powers.map((v) => v / total) };
}
