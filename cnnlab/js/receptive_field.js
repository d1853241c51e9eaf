import { number } from "./numbers.js";

// The arithmetic of the receptive-field explorer, from the state alone. The tests run it in Node and compare it with
// shapes.receptive_field, shapes.out_size and the slopes of ops.conv2d.

// Why a state has no picture, or null.
export function problem({ layers, size }, fixed) {
  let n = size;
  for (const [i, layer] of layers.entries()) {
    const { kind, kernel_size: k, stride: s, padding: p, dilation: d } = layer;
    for (const [name, [low, high]] of Object.entries(fixed.limits)) {
      const value = layer[name];
      if (!(Number.isInteger(value) && low <= value && value <= high)) return `${name.replace("_", " ")} is a whole number from ${low} to ${high}`;
    }
    if (kind === "max_pool" && 2 * p > k) return `layer ${i} pads at most half of its window of ${k}`;
    const reach = d * (k - 1) + 1;
    if (reach > n + 2 * p) return `a window of ${reach} for layer ${i} does not fit in ${n} + 2·${p} = ${n + 2 * p}`;
    n = Math.floor((n + 2 * p - reach) / s) + 1;
  }
  return null;
}

// Everything that the explorer shows of a legal state.
export function compute({ layers, size, layer, position }) {
  const sizes = [size], fields = [{ size: 1, jump: 1, centre: 0 }];  // the picture first: a pixel sees itself
  for (const { kernel_size: k, stride: s, padding: p, dilation: d } of layers) {
    const below = fields.at(-1), reach = d * (k - 1);
    sizes.push(Math.floor((sizes.at(-1) + 2 * p - reach - 1) / s) + 1);
    fields.push({ size: below.size + reach * below.jump, jump: below.jump * s, centre: below.centre + (reach / 2 - p) * below.jump });
  }

  layer = Math.max(0, Math.min(layer, layers.length - 1));
  position = Math.max(0, Math.min(position, sizes[layer + 1] - 1));
  const paths = sizes.map((n) => new Float64Array(n));  // ways from each value to the picked output
  paths[layer + 1][position] = 1;
  const wires = [];  // [level above, its cell, the place below it]; a place outside the row is padding
  for (let level = layer + 1; level > 0; level--) {
    const { kernel_size: k, stride: s, padding: p, dilation: d } = layers[level - 1];
    paths[level].forEach((ways, i) => {
      for (let t = 0; ways && t < k; t++) {
        const place = i * s - p + t * d;
        wires.push([level, i, place]);
        if (place >= 0 && place < sizes[level - 1]) paths[level - 1][place] += ways;
      }
    });
  }

  const { size: width, jump, centre } = fields[layer + 1], middle = centre + position * jump;
  const first = middle - (width - 1) / 2, last = middle + (width - 1) / 2;
  const seen = paths[0].filter((ways) => ways).length, most = Math.max(...paths[0]);
  return { sizes, fields, layer, position, paths, wires, first, last, middle, seen, most };
}

// conv 3 with stride 2 and padding 1
export function label(layer, fixed) {
  const usual = { stride: 1, padding: 0, dilation: 1 };
  const options = Object.keys(usual).filter((name) => layer[name] !== usual[name]).map((name) => `${name} ${layer[name]}`);
  return `${fixed.kinds[layer.kind]} ${layer.kernel_size}${options.length ? ` with ${options.join(" and ")}` : ""}`;
}

// The PyTorch layers that do the same.
export function pytorch({ layers }) {
  const one = ({ kind, kernel_size: k, stride, padding, dilation }) => {
    const conv = kind === "conv", usual = { stride: conv ? 1 : k, padding: 0, dilation: 1 };
    const options = Object.entries({ stride, padding, dilation }).filter(([name, value]) => value !== usual[name]);
    const words = [...(conv ? [1, 1, k] : [k]), ...options.map(([name, value]) => `${name}=${value}`)];
    return `nn.${conv ? "Conv2d" : "MaxPool2d"}(${words.join(", ")})`;
  };
  return `nn.Sequential(${layers.map(one).join(", ")})`;
}

// The sentence of the explorer in Python.
export function sentence({ layers, size }, fixed, r) {
  const column = (name) => r.fields.slice(1).map((field) => number(field[name])).join(", ");
  return `Receptive-field explorer: ${size} pixels, ${layers.map((layer) => label(layer, fixed)).join(", ")}, `
    + `outputs ${r.sizes.slice(1).join(", ")}; field size ${column("size")}, jump ${column("jump")}, `
    + `first center ${column("centre")}; output ${r.position} of layer ${r.layer} sees `
    + `${r.seen} of the ${r.last - r.first + 1} pixels from ${r.first} to ${r.last}, `
    + `along at most ${number(r.most)} path${r.most === 1 ? "" : "s"} each`;
}
