import { number, short, text } from "./numbers.js";

// The arithmetic of the depth explorer, from the state alone: forward through all layers, and the gradient back. The tests
// run it in Node and compare it with ops and autograd; widgets/depth_state.py says why each layer hands on float32.

let made = null;  // the random numbers, once for all explorers of this script, and room to work in

function hash(i) {  // lowbias32, by Chris Wellons
  i = Math.imul(i ^ (i >>> 16), 0x7feb352d);
  i = Math.imul(i ^ (i >>> 15), 0x846ca68b);
  return (i ^ (i >>> 16)) >>> 0;
}

function normals(first, count) {
  const uniform = (i) => (hash(i) + 0.5) / 2 ** 32;
  return Float64Array.from({ length: count }, (_, j) => {
    const i = 2 * (first + j);
    return Math.sqrt(-2 * Math.log(uniform(i))) * Math.cos(2 * Math.PI * uniform(i + 1));
  });
}

function deviation(x) {
  let sum = 0, squares = 0;
  for (let i = 0; i < x.length; i++) sum += x[i];
  for (let i = 0; i < x.length; i++) squares += (x[i] - sum / x.length) ** 2;
  return [sum / x.length, Math.sqrt(squares / (x.length - 1))];
}

function prepare({ batch, width, first, depths: [, deepest] }) {
  const size = batch * width, square = width * width;
  const [x, gradient] = [first, first + size].map((start) => {
    const values = normals(start, size), [mean, sd] = deviation(values);
    return values.map((v) => Math.fround((v - mean) / sd));
  });
  const weights = Float32Array.from(normals(first + 2 * size, deepest * square));
  const turned = weights.map((_, t) => {  // inputs and outputs of each layer swapped, for the way back
    const at = t % square;
    return weights[t - at + (at % width) * width + Math.floor(at / width)];
  });
  const layers = Array.from({ length: deepest }, () => ({
    slope: new Float64Array(size), normal: new Float64Array(size), scale: new Float64Array(width),
  }));
  return { x, gradient, weights, turned, layers, sum: new Float64Array(size) };
}

// y[b, o] = factor * sum over k of x[b, k] * w[at + o * n + k]. Four images and two units at once: every number that is
// read is used several times, and that takes a third of the time.
function multiply(x, w, at, n, factor, y) {
  for (let a = 0; a < x.length; a += 4 * n) {
    const b = a + n, c = b + n, d = c + n;
    for (let o = 0, t = at; o < n; o += 2, t += 2 * n) {
      let a0 = 0, b0 = 0, c0 = 0, d0 = 0, a1 = 0, b1 = 0, c1 = 0, d1 = 0;
      for (let k = 0; k < n; k++) {
        const u = w[t + k], v = w[t + n + k], xa = x[a + k], xb = x[b + k], xc = x[c + k], xd = x[d + k];
        a0 += xa * u;
        b0 += xb * u;
        c0 += xc * u;
        d0 += xd * u;
        a1 += xa * v;
        b1 += xb * v;
        c1 += xc * v;
        d1 += xd * v;
      }
      [y[a + o], y[b + o], y[c + o], y[d + o]] = [factor * a0, factor * b0, factor * c0, factor * d0];
      [y[a + o + 1], y[b + o + 1], y[c + o + 1], y[d + o + 1]] = [factor * a1, factor * b1, factor * c1, factor * d1];
    }
  }
}

// Each unit less its mean over the batch, over its standard deviation, in place; both are kept for the way back.
function normalise(y, n, { normal, scale }) {
  const batch = y.length / n;
  for (let o = 0; o < n; o++) {
    let mean = 0, variance = 0;
    for (let i = o; i < y.length; i += n) mean += y[i] / batch;
    for (let i = o; i < y.length; i += n) variance += (y[i] - mean) ** 2 / batch;
    scale[o] = 1 / Math.sqrt(variance + 1e-5);
    for (let i = o; i < y.length; i += n) normal[i] = y[i] = (y[i] - mean) * scale[o];
  }
}

// The way back: an answer also moves the mean and the deviation that all images share.
function normaliseBack(g, n, { normal, scale }) {
  const batch = g.length / n;
  for (let o = 0; o < n; o++) {
    let mean = 0, along = 0;
    for (let i = o; i < g.length; i += n) {
      mean += g[i] / batch;
      along += (g[i] * normal[i]) / batch;
    }
    for (let i = o; i < g.length; i += n) g[i] = scale[o] * (g[i] - mean - normal[i] * along);
  }
}

const size = (values) => { const [, sd] = deviation(values); return Number.isFinite(sd) ? sd : Infinity; };

// The way forward through the first `depth` layers. What is kept of a deeper or a flatter chain is taken on from there:
// one more layer changes nothing before it.
function forward({ depth, init, gain, activation, batch_norm, skip }, fixed, spread) {
  const key = JSON.stringify([init, gain, activation, batch_norm, skip]), n = fixed.width, relu = activation === "relu";
  if (made.key !== key) Object.assign(made, { key, last: made.x.slice(), signal: [size(made.x)] });
  const { weights, layers, sum, signal, last: x } = made;
  for (let l = signal.length - 1; l < depth; l++) {
    const { slope } = layers[l];
    multiply(x, weights, l * n * n, n, spread, sum);
    if (batch_norm) normalise(sum, n, layers[l]);
    for (let i = 0; i < x.length; i++) {
      const y = relu ? (sum[i] <= 0 ? 0 : sum[i]) : Math.tanh(sum[i]);
      slope[i] = relu ? (sum[i] <= 0 ? 0 : 1) : 1 - y * y;
      x[i] = Math.fround(skip ? x[i] + y : y);
    }
    signal.push(size(x));
  }
  return signal.slice(0, depth + 1);
}

// Everything that the explorer shows of a state: standard deviations of signal and gradient, the input's first.
export function compute(state, fixed) {
  made ??= prepare(fixed);
  const { turned, layers, sum } = made, { depth, batch_norm, skip } = state, n = fixed.width;
  const spread = fixed.inits[state.init][1] * state.gain, signal = forward(state, fixed, spread);
  if (signal.includes(Infinity)) return { spread, signal, gradient: signal.map(() => NaN) };

  const g = made.gradient.slice(), bent = new Float64Array(g.length), gradient = [size(g)];
  for (let l = depth - 1; l >= 0; l--) {
    const { slope } = layers[l];
    for (let i = 0; i < g.length; i++) bent[i] = g[i] * slope[i];
    if (batch_norm) normaliseBack(bent, n, layers[l]);
    multiply(bent, turned, l * n * n, n, spread, sum);
    for (let i = 0; i < g.length; i++) g[i] = Math.fround(skip ? g[i] + sum[i] : sum[i]);
    gradient.unshift(size(g));
  }
  return { spread, signal, gradient };
}

// ---- words

const layers = (depth) => `${depth} layer${depth === 1 ? "" : "s"}`;

// A size of any kind; there may be none.
export function written(size) {
  return Number.isNaN(size) ? "none" : size === Infinity ? "inf" : text(size);
}

// What has become of 1.
function left(what, size) {
  if (text(size) === "1") return `the ${what} is as large as it was`;
  return size < 1 ? `${text(size)} of the ${what} is left` : `the ${what} is ${text(size)} times as large`;
}

// What becomes of the signal on its way to the end, and of the gradient on its way back.
export function findings({ signal, gradient }, { float32: [smallest, largest] }) {
  const depth = signal.length - 1, last = signal[depth], first = gradient[0], lost = (size) => size === 0 || size === Infinity;
  const why = last ? `too large for float32 (beyond ${text(largest)})` : `too small for float32 (below ${text(smallest)})`;
  const start = gradient.lastIndexOf(first);
  return [
    lost(last) ? `from layer ${signal.indexOf(last)} on the signal is ${written(last)}, ${why}` : `after ${layers(depth)} ${left("signal", last)}`,
    Number.isNaN(first) ? "there is no gradient (nan)"
      : lost(first) ? `${start ? `from layer ${start} down` : "at the input"} the gradient is ${written(first)}`
        : `back at the input ${left("gradient", first)}`,
  ];
}

// What a layer multiplies a size with, on average, where there is something to say.
export function perLayer({ signal, gradient }) {
  const depth = signal.length - 1;
  return [signal[depth], gradient[0]].map((size) => (size > 0 && size < Infinity ? size ** (1 / depth) : null));
}

// The lines of PyTorch that do the same, with other random numbers.
export function pytorch({ depth, init, gain, activation, batch_norm, skip }, { batch, width, activations }) {
  const times = gain === 1 ? "" : `${number(gain)} * `, weight = "layer.weight";
  const drawn = {
    small: `nn.init.normal_(${weight}, std=${times}0.01)`,
    default: gain === 1 ? `nn.init.kaiming_normal_(${weight}, a=5**0.5)` : `nn.init.normal_(${weight}, std=${times}(1 / 3 / ${width})**0.5)`,
    xavier: `nn.init.xavier_normal_(${weight}${gain === 1 ? "" : `, gain=${number(gain)}`})`,
    he: gain === 1 ? `nn.init.kaiming_normal_(${weight}, nonlinearity="relu")` : `nn.init.normal_(${weight}, std=${times}(2 / ${width})**0.5)`,
    large: `nn.init.normal_(${weight}, std=${number(gain)})`,
  }[init];
  const parts = ["layer", ...(batch_norm ? [`nn.BatchNorm1d(${width})`] : []), `nn.${activations[activation] === "tanh" ? "Tanh" : "ReLU"}()`];
  return [
    `x = start = torch.randn(${batch}, ${width}, requires_grad=True)`,
    `for _ in range(${depth}):`,
    `    layer = nn.Linear(${width}, ${width}, bias=False)`,
    `    ${drawn}`,
    `    f = nn.Sequential(${parts.join(", ")})`,
    `    x = ${skip ? "x + " : ""}f(x)`,
    `x.backward(torch.randn(${batch}, ${width}))`,
    "x.std(), start.grad.std()",
  ].join("\n");
}

// The sentence of the explorer in Python.
export function sentence(state, fixed, r) {
  const { depth, init, gain, activation, batch_norm, skip } = state;
  return `Depth explorer: ${layers(depth)} of ${fixed.width} units, ${fixed.inits[init][0]} initialization`
    + `${gain === 1 ? "" : ` times ${number(gain)}`} (standard deviation ${short(r.spread, 3)}), ${fixed.activations[activation]}, `
    + `${batch_norm ? "" : "no "}batch norm, ${skip ? "" : "no "}skip connections: ${findings(r, fixed).join("; ")}`;
}
