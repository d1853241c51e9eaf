import { commas } from "./numbers.js";
// The arithmetic of the shape ladder, from the state alone. The tests run it in Node and compare it with shapes.ladder:
// shapes, parameters, multiply-adds, and the words for a layer that does not fit.

export const WINDOW = ["kernel_size", "stride", "padding"];  // of a layer with a window: what can be changed

const product = (values) => values.reduce((a, b) => a * b, 1);
const tuple = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);
export const times = (shape) => shape.join("x");

// How often a window can stop along an axis: shapes.out_size.
function outSize(size, layer, axis) {
  const s = layer.stride[axis], p = layer.padding[axis], room = size + 2 * p - reach(layer, axis);
  let places = Math.floor(room / s) + 1;
  if (layer.ceil_mode && room % s && places * s < p + size) places += 1;
  return places;
}

const reach = (layer, axis) => (layer.dilation?.[axis] ?? 1) * (layer.kernel_size[axis] - 1) + 1;

// Why a layer does not fit what arrives at it, in the words of shapes.ShapeError, or null; and what would make it fit.
function misfit(layer, shape) {
  const { kind } = layer, [c, h, w] = shape;
  if (kind === "Linear") {
    if (shape.at(-1) === layer.in_features) return null;
    const n = product(shape), spread = shape.length > 1;
    const cures = [spread ? "put nn.Flatten() before it" : "", n !== layer.in_features ? `build it with in_features=${n}` : ""];
    return { words: `Linear(${layer.in_features}, ${layer.out_features}) gets ${n} values per image${spread ? ` as ${tuple(shape)}` : ""}; `
      + `${cures.filter(Boolean).join(" and ")}.`, cure: spread ? null : { in_features: n } };
  }
  if (!layer.kernel_size && kind !== "BatchNorm2d" && kind !== "AdaptiveAvgPool2d") return null;
  if (shape.length !== 3) return { words: `${kind} gets ${tuple(shape)} per image but reads (channels, height, width); keep the axes of the image up to here.` };
  if (kind === "BatchNorm2d" && c !== layer.num_features) {
    return { words: `BatchNorm2d(${layer.num_features}) gets ${c} channels, ${tuple(shape)}; build it with num_features=${c}.`, cure: { num_features: c } };
  }
  if (kind === "Conv2d" && c !== layer.in_channels) {
    return { words: `Conv2d(${layer.in_channels}, ${layer.out_channels}, ${times(layer.kernel_size)}) gets ${c} channels, ${tuple(shape)}; `
      + `build it with in_channels=${c}.`, cure: layer.groups === 1 ? { in_channels: c } : null };
  }
  const axis = [h, w].findIndex((size, i) => layer.kernel_size && outSize(size, layer, i) < 1);
  if (axis < 0) return null;
  return { words: `its window of ${reach(layer, axis)} pixels has no place in an image of ${h}x${w} with padding ${layer.padding[axis]}; `
    + "use a smaller kernel_size or more padding, or shrink the image less before it." };
}

function outShape(layer, shape) {
  const [c, h, w] = shape;
  if (layer.kind === "Linear") return [...shape.slice(0, -1), layer.out_features];
  if (layer.kind === "Flatten") return [product(shape)];
  if (layer.kind === "AdaptiveAvgPool2d") return [c, layer.output_size[0] ?? h, layer.output_size[1] ?? w];
  if (!layer.kernel_size) return shape;
  return [layer.out_channels ?? c, outSize(h, layer, 0), outSize(w, layer, 1)];
}

// Numbers to learn: weights, and one bias for each output.
export function weights(layer) {
  if (layer.kind === "Conv2d") return (layer.out_channels * layer.in_channels * product(layer.kernel_size)) / layer.groups;
  return layer.kind === "Linear" ? layer.in_features * layer.out_features : 0;
}

export const biases = (layer) => (layer.kind === "BatchNorm2d" ? 2 * layer.num_features : layer.bias ? layer.out_channels ?? layer.out_features : 0);

// The rungs up to the first layer that does not fit; its place, what is wrong, and what would cure it.
export function compute({ layers, channels, size }) {
  const rungs = [];
  let shape = [channels, size, size];
  for (const [i, layer] of layers.entries()) {
    const wrong = misfit(layer, shape);
    if (wrong) return { rungs, fault: `layer ${i} (${layer.name}, ${layer.kind}) does not fit: ${wrong.words}`, broken: i, cure: wrong.cure, arrives: shape, ...totals(rungs) };
    const out = outShape(layer, shape), stops = layer.kind === "Conv2d" ? product(out.slice(1)) : product(shape.slice(0, -1));
    rungs.push({ in: shape, out, parameters: weights(layer) + biases(layer), cost: weights(layer) * stops });
    shape = out;
  }
  return { rungs, fault: "", broken: -1, ...totals(rungs) };
}

const totals = (rungs) => ({ parameters: rungs.reduce((n, r) => n + r.parameters, 0), cost: rungs.reduce((n, r) => n + r.cost, 0) });

// Why a layer cannot be built, or null.
export function problem({ layers }) {
  for (const { name, kind, kernel_size: k, padding: p } of layers) {
    if (kind.endsWith("Pool2d") && p?.some((v, axis) => 2 * v > k[axis])) return `${name} pads at most half of its window of ${Math.min(...k)}`;
  }
  return null;
}

// fc1, or 10 Linear where the name is a mere number.
export const called = ({ name, kind }) => (/^\d+$/.test(name) ? `${name} ${kind}` : name);

// The same where the layer's number stands before it: fc1, or Linear.
export const titled = (layer, i) => (layer.name === String(i) ? label(layer) : called(layer));

// Conv2d 5x5
export const label = ({ kind, kernel_size }) => (kernel_size ? `${kind} ${times(kernel_size)}` : kind);

// The line of PyTorch that builds a layer.
export function pytorch(layer) {
  const same = (pair) => (pair[0] === pair[1] ? String(pair[0] ?? "None") : `(${pair.map((v) => v ?? "None").join(", ")})`);
  const { kind, kernel_size: k } = layer, words = [];
  const own = { Conv2d: ["in_channels", "out_channels"], Linear: ["in_features", "out_features"], BatchNorm2d: ["num_features"] }[kind] ?? [];
  for (const name of own) words.push(layer[name]);
  if (k) words.push(same(k));
  if (kind === "AdaptiveAvgPool2d") words.push(same(layer.output_size));
  const usual = { stride: kind === "Conv2d" ? "1" : k && same(k), padding: "0", dilation: "1" };
  for (const name of Object.keys(usual)) if (layer[name] && same(layer[name]) !== usual[name]) words.push(`${name}=${same(layer[name])}`);
  if (layer.groups > 1) words.push(`groups=${layer.groups}`);
  if (layer.ceil_mode) words.push("ceil_mode=True");
  if (layer.bias === false) words.push("bias=False");
  return `nn.${kind}(${words.join(", ")})`;
}

// The whole chain.
export function program({ layers }) {
  return ["nn.Sequential(", ...layers.map((layer) => `    ${pytorch(layer)},${/^\d+$/.test(layer.name) ? "" : `  # ${layer.name}`}`), ")"].join("\n");
}

// How a layer comes to its numbers: lines of arithmetic.
export function arithmetic(layer, rung) {
  const { kind, kernel_size: k } = layer, [c, h] = rung.in, lines = [];
  if (k) {
    const d = layer.dilation?.[0] ?? 1, [s] = layer.stride, stops = (h + 2 * layer.padding[0] - reach(layer, 0)) / s;
    const outside = layer.ceil_mode && Math.ceil(stops) + 1 > rung.out[1] ? " − 1 that would start outside" : "";
    lines.push(`Height: ${layer.ceil_mode ? "ceil" : "floor"}((${h} + 2·${layer.padding[0]} − ${d}·(${k[0]}−1) − 1) / ${s}) + 1${outside} = ${rung.out[1]}`);
  }
  if (kind === "Flatten") lines.push(`Values: ${rung.in.join(" · ")} = ${commas(rung.out[0])}`);
  const outputs = layer.out_channels ?? layer.out_features, plus = layer.bias ? " + 1" : "";
  if (weights(layer)) {
    const each = kind === "Conv2d" ? `${c / layer.groups}·${k[0]}·${k[1]}` : commas(layer.in_features);
    lines.push(`Parameters: ${commas(outputs)} · (${each}${plus}) = ${commas(rung.parameters)}`);
    const rows = rung.in.length > 1 ? ` · ${rung.in.slice(0, -1).join("·")} rows` : "";
    const stops = kind === "Conv2d" ? ` · ${rung.out[1]}·${rung.out[2]} places` : rows;
    lines.push(`Multiply-adds: ${commas(outputs)} · ${each}${stops} = ${commas(rung.cost)}`);
  }
  return lines;
}

// The sentence of the explorer in Python.
export function sentence({ title, layers, channels, size }, fixed, r) {
  const steps = r.rungs.flatMap((rung, i) => (fixed.keeps.includes(layers[i].kind) ? [] : [`${called(layers[i])} to ${times(rung.out)}`]));
  const total = `${commas(r.parameters)} parameters, ${commas(r.cost)} multiply-adds.`;
  return `Shape ladder: ${title} on ${channels}x${size}x${size}: ${steps.join(", ") || "no step"}; ${r.fault || total}`;
}
