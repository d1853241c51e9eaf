import { PICK, bytes, canvas, choice, drawCells, focusable, frame, greyScale, make, number, root, signedScale, slider } from "./kit.js";

const NAMES = ["image", "kernel", "kernel_size", "stride", "padding", "dilation", "padding_mode", "convolution", "row", "column"];
const IMAGES = [["grid", "5x5 grid of numbers"], ["digit", "28x28 digit"], ["photo", "96x96 photograph"]];
const MODES = [["zeros", "zeros"], ["reflect", "reflect"], ["circular", "circular"]];

// ---- arithmetic: from the state alone. tests/test_explorer_js.py compares all of it with ops.conv2d.

const decoded = {};

function picture(state, extra) {
  const rows = state.image === "grid" ? extra.numbers : state.image;
  if (Array.isArray(rows)) return { h: rows.length, w: rows[0].length, values: rows.flat() };
  const { height, width, bytes: text } = extra.pictures[rows];
  decoded[text] ??= Float64Array.from(bytes(text), (v) => v / 255);
  return { h: height, w: width, values: decoded[text] };
}

function weights(state, extra) {
  if (Array.isArray(state.kernel)) return state.kernel.flat();
  const [whole, divisor] = extra.kernels[state.kernel].sizes[state.kernel_size];
  return whole.flat().map((v) => v / divisor);
}

// Where padded row or column i comes from in a picture of n; -1 is a zero.
function origin(i, n, mode) {
  if (i >= 0 && i < n) return i;
  if (mode === "reflect") return i < 0 ? -i : 2 * (n - 1) - i;
  return mode === "circular" ? (i + n) % n : -1;
}

// Why a state has no output, or null.
export function problem(state, extra) {
  const { kernel, kernel_size: k, padding: p, dilation: d, padding_mode: mode } = state;
  if (Array.isArray(kernel) && kernel.length !== k) return `your kernel is ${kernel.length}x${kernel.length}: choose a preset to change its size`;
  if (!Array.isArray(kernel) && !extra.kernels[kernel].sizes[k]) return `${extra.kernels[kernel].label} ${extra.kernels[kernel].needs}`;
  const { h, w } = picture(state, extra), small = Math.min(h, w);
  if (mode === "reflect" && p >= small) return `reflect padding must be smaller than the picture: at most ${small - 1}`;
  if (mode === "circular" && p > small) return `circular padding can go around once: at most ${small}`;
  const span = d * (k - 1) + 1;
  if (span > small + 2 * p) return `a window of ${span} pixels does not fit in ${small} + 2·${p} = ${small + 2 * p}`;
  return null;
}

export function compute(state, extra) {
  const { kernel_size: k, stride: s, padding: p, dilation: d, padding_mode: mode } = state;
  const { h, w, values } = picture(state, extra);
  const kernel = weights(state, extra);
  const weight = state.convolution ? [...kernel].reverse() : kernel;
  const [ph, pw, oh, ow] = [h + 2 * p, w + 2 * p, ...[h, w].map((n) => Math.floor((n + 2 * p - d * (k - 1) - 1) / s) + 1)];
  const padded = new Float64Array(ph * pw);
  for (let i = 0; i < ph; i++) {
    const from = origin(i - p, h, mode);
    for (let j = 0; from >= 0 && j < pw; j++) {
      const column = origin(j - p, w, mode);
      if (column >= 0) padded[i * pw + j] = values[from * w + column];
    }
  }
  const steps = weight.map((_, t) => Math.floor(t / k) * d * pw + (t % k) * d);
  const output = new Float64Array(oh * ow);
  for (let i = 0; i < oh; i++) {
    for (let j = 0; j < ow; j++) {
      const start = i * s * pw + j * s;
      let sum = 0;
      for (let t = 0; t < steps.length; t++) sum += padded[start + steps[t]] * weight[t];
      output[i * ow + j] = sum;
    }
  }
  const row = Math.min(state.row, oh - 1), column = Math.min(state.column, ow - 1);
  const window = steps.map((step) => padded[row * s * pw + column * s + step]);
  const products = window.map((v, t) => v * weight[t]);
  let low = Infinity, high = -Infinity;
  for (const v of output) { low = Math.min(low, v); high = Math.max(high, v); }
  return { h, w, k, ph, pw, oh, ow, padded, kernel, weight, output, row, column, window, products, low, high, sum: output[row * ow + column] };
}

export function formula(state, { h, w, oh, ow }) {
  const { kernel_size: k, stride: s, padding: p, dilation: d } = state;
  const one = (n, out) => `floor((${n} + 2·${p} − ${d}·(${k}−1) − 1) / ${s}) + 1 = ${out}`;
  return h === w ? one(h, oh) : `height ${one(h, oh)}; width ${one(w, ow)}`;
}

export function pytorch({ kernel_size, stride, padding, dilation, padding_mode }) {
  const options = Object.entries({ stride, padding, dilation }).filter(([name, v]) => v !== (name === "padding" ? 0 : 1));
  const mode = padding && padding_mode !== "zeros" ? `, padding_mode="${padding_mode}"` : "";
  return `nn.Conv2d(1, 1, ${kernel_size}${options.map(([n, v]) => `, ${n}=${v}`).join("")}${mode}, bias=False)`;
}

// The twin of widgets.describe.
export function sentence(state, extra, r) {
  const named = { grid: "grid of numbers", digit: "digit", photo: "photo" };
  const image = Array.isArray(state.image) ? "image of your own" : named[state.image];
  const kernel = Array.isArray(state.kernel) ? "kernel of your own" : `${extra.kernels[state.kernel].label} kernel`;
  return `Kernel explorer: ${r.h}x${r.w} ${image}, ${r.k}x${r.k} ${kernel}${state.convolution ? ", flipped" : ""}, `
    + `stride ${state.stride}, padding ${state.padding} (${state.padding_mode}), dilation ${state.dilation}: `
    + `output ${r.oh}x${r.ow}, from ${number(r.low)} to ${number(r.high)}; `
    + `output pixel (row ${r.row}, column ${r.column}) = ${number(r.sum)}`;
}

// ---- view

const SIDE = 320;

const CSS = `
.cnnlab .sum { display: grid; gap: 2px; width: ${SIDE}px; max-width: 100%; }
.cnnlab .cell { box-sizing: border-box; width: 100%; min-width: 0; min-height: 26px; padding: 2px 0; border: 1px solid #8888; border-radius: 0;
  text-align: center; font: 13px/1.25 system-ui, sans-serif; font-variant-numeric: tabular-nums; overflow: hidden; white-space: nowrap; }
.cnnlab .cell b { display: block; }
.cnnlab .tight .cell { font-size: 11px; }
.cnnlab .total { font-size: 16px; font-variant-numeric: tabular-nums; }
.cnnlab textarea { font-family: ui-monospace, monospace; resize: vertical; }
`;

function render({ model, el }) {
  const extra = model.get("extra");
  const read = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
  let state = read();
  const [node, forget] = root(el, CSS);

  // Take a value, or the nearest that works, and say why it is not the one that was asked for.
  function move(name, value) {
    const from = state[name], why = problem({ ...state, [name]: value }, extra);
    if (why && typeof value === "number") {
      const step = Math.sign(value - from), legal = (v) => sizes(name, v) && !problem({ ...state, [name]: v }, extra);
      value = legal(value + step) ? value + step : value;
      while (value !== from && !legal(value)) value -= step;
    } else if (why) value = from;
    const words = why ? `Not possible: ${why}.` : "";
    if (said.textContent !== words) said.textContent = words;
    state = { ...state, [name]: value };
    draw();
  }
  const sizes = (name, v) => !extra.limits[name] || (v >= extra.limits[name][0] && v <= extra.limits[name][1]);

  function settled() {
    const changed = NAMES.filter((name) => model.get(name) !== state[name]);
    for (const name of changed) model.set(name, state[name]);
    if (changed.length) model.save_changes();
  }
  const now = (name) => (value) => { move(name, value); settled(); };

  const kernels = Object.entries(extra.kernels).map(([name, { label }]) => [name, label]);
  const own = ["own", "your own numbers"];
  const choices = {
    image: choice("Image", "image", [...IMAGES, own], now("image")),
    kernel: choice("Kernel", "kernel", [...kernels, own], now("kernel")),
    padding_mode: choice("Padding mode", "padding_mode", MODES, now("padding_mode")),
    convolution: choice("Operation", "convolution", [["no", "correlation (as PyTorch)"], ["yes", "convolution (kernel flipped)"]],
      (value) => now("convolution")(value === "yes")),
  };
  const sliders = {};
  for (const [name, label] of [["kernel_size", "Kernel size"], ["stride", "Stride"], ["padding", "Padding"], ["dilation", "Dilation"],
    ["row", "Output row"], ["column", "Output column"]]) sliders[name] = slider(label, name, (v) => move(name, v), settled);

  const said = make("p", { role: "status", className: "small said" });
  const error = make("p", { role: "alert" });
  const input = canvas(SIDE, { ariaLabel: "input" });
  const output = canvas(SIDE, { tabIndex: 0 });
  const inputTitle = make("figcaption"), outputTitle = make("figcaption"), kernelTitle = make("figcaption");
  const outputScale = make("div", { className: "small" }), inputScale = make("div", { className: "small" });
  const kernelGrid = make("div", { className: "sum", role: "group", ariaLabel: "kernel weights" });
  const productGrid = make("div", { className: "sum", role: "group", ariaLabel: "products" });
  const total = make("p", { className: "total" });
  const numbers = focusable("textarea", { rows: 5, spellcheck: false });
  const editor = make("label", {}, "Numbers of the image: one row a line", numbers);
  const size = make("code", { role: "status" }), line = make("code");
  node.append(
    make("fieldset", { ariaLabel: "Kernel explorer settings" }, ...Object.values({ ...choices, ...sliders }).map((c) => c.node)),
    said, error,
    make("div", { className: "panels" },
      make("figure", {}, inputTitle, input.node, inputScale, editor),
      make("figure", {}, kernelTitle, kernelGrid, make("figcaption", { className: "products" }, "Window × kernel"), productGrid, total),
      make("figure", {}, outputTitle, output.node, outputScale)),
    make("p", {}, "Output size: ", size),
    make("p", {}, "In PyTorch: ", line),
  );

  // Cells are made when the kernel size changes, and only filled otherwise.
  let cells = [];
  function layCells(k) {
    if (cells.length === k * k) return;
    cells = Array.from({ length: k * k }, (_, t) => {
      const weight = focusable("input", { className: "cell", inputMode: "decimal", ariaLabel: `weight row ${Math.floor(t / k)}, column ${t % k}` });
      weight.addEventListener("change", () => edit(t, weight.value));
      return { weight, product: make("div", { className: "cell" }) };
    });
    for (const [grid, part] of [[kernelGrid, "weight"], [productGrid, "product"]]) {
      grid.style.gridTemplateColumns = `repeat(${k}, minmax(0, ${k < 4 ? 76 : SIDE / k}px))`;
      grid.classList.toggle("tight", k > 4);
      grid.replaceChildren(...cells.map((c) => c[part]));
    }
  }

  function edit(t, text) {
    const values = [...weights(state, extra)], k = state.kernel_size, value = Number(text.replace("−", "-").replace(",", "."));
    if (text.trim() === "" || !Number.isFinite(value)) said.textContent = `Not possible: ${text || "nothing"} is not a number.`;
    else {
      values[t] = Math.round(value * 1e4) / 1e4;
      state = { ...state, kernel: Array.from({ length: k }, (_, i) => values.slice(i * k, i * k + k)) };
      said.textContent = "";
    }
    draw();
    settled();
  }

  numbers.addEventListener("change", () => {
    const rows = numbers.value.trim().split("\n").map((row) => row.trim().split(/[\s,;]+/).map(Number));
    const bad = rows.some((row) => row.length !== rows[0].length || !row.every(Number.isFinite)) || rows.length > 16 || rows[0].length > 16;
    if (bad) said.textContent = "Not possible: the image needs rows of equally many numbers, at most 16x16.";
    else move("image", rows.map((row) => row.map((v) => Math.round(v * 1e4) / 1e4)));
    settled();
  });

  function draw() {
    const r = compute(state, extra);
    state = { ...state, row: r.row, column: r.column };
    const { k, row, column } = r, p = state.padding;
    for (const [name, control] of Object.entries(sliders)) {
      const [low, high] = extra.limits[name] ?? [0, (name === "row" ? r.oh : r.ow) - 1];
      control.show(state[name], low, high, extra.limits[name] ? null : `${name} ${state[name]}, value ${number(r.sum)}`);
    }
    const without = (name) => (value) => (value === "own" ? "type below" : problem({ ...state, [name]: value }, extra));
    for (const name of ["image", "kernel", "padding_mode"]) choices[name].show(Array.isArray(state[name]) ? "own" : state[name], without(name));
    choices.convolution.show(state.convolution ? "yes" : "no", () => null);

    const signed = !(r.kernel.every((v) => v >= 0) || Math.abs(r.kernel.reduce((a, b) => a + b) - 1) < 1e-6);
    const [low, high] = [Math.min(0, ...r.padded), Math.max(...r.padded)];
    const pen = input.begin(), cell = SIDE / Math.max(r.ph, r.pw);
    drawCells(pen, r.padded, r.ph, r.pw, cell, greyScale(low, high));
    if (p) drawPadding(pen, p * cell, r.pw * cell, r.ph * cell);
    const [top, left, d] = [row * state.stride * cell, column * state.stride * cell, state.dilation];
    if (d > 1) for (let t = 0; t < k * k; t++) frame(pen, left + (t % k) * d * cell, top + Math.floor(t / k) * d * cell, cell, cell, PICK, 1);
    frame(pen, left, top, (d * (k - 1) + 1) * cell, (d * (k - 1) + 1) * cell);

    const longest = Math.max(r.oh, r.ow), outCell = Math.min(Math.max(cell, 160 / longest), SIDE / longest);
    const reach = Math.max(Math.abs(r.low), Math.abs(r.high)), scale = r.kernel.reduce((a, b) => a + b);
    const color = signed ? signedScale(reach) : greyScale(low * scale, high * scale);
    const out = output.begin();
    drawCells(out, r.output, r.oh, r.ow, outCell, color);
    frame(out, column * outCell, row * outCell, outCell, outCell);
    Object.assign(output, { cell: outCell, r });
    Object.assign(input, { cell });

    layCells(k);
    const most = Math.max(...r.kernel.map(Math.abs)), tint = signedScale(2 * most), tintProduct = signedScale(2 * Math.max(...r.products.map(Math.abs)));
    cells.forEach(({ weight, product }, t) => {
      if (document.activeElement !== weight || weight.value === "") weight.value = short(r.kernel[t]);
      paint(weight, tint(r.kernel[t]));
      paint(product, tintProduct(r.products[t]));
      if (k > 4) product.textContent = number(r.products[t]);
      else product.replaceChildren(`${number(r.window[t])} × ${short(r.weight[t])}`, make("b", {}, number(r.products[t])));
    });

    inputTitle.textContent = `Input ${r.h}x${r.w}${p ? `, padded to ${r.ph}x${r.pw}` : ""}`;
    inputScale.textContent = `grey: black ${number(low)}, white ${number(high)}`;
    kernelTitle.textContent = `Kernel ${k}x${k}`;
    outputTitle.textContent = `Output ${r.oh}x${r.ow}`;
    outputScale.textContent = `${number(r.low)} to ${number(r.high)}; ` + (signed ? "red above 0, blue below" : `grey: black ${number(low * scale)}, white ${number(high * scale)}`);
    total.textContent = `Sum = ${number(r.sum)} = output[${row}, ${column}]`;
    const words = formula(state, r);
    if (size.textContent !== words) size.textContent = words;
    line.textContent = pytorch(state) + (state.convolution ? "  # weight = kernel.flip(0, 1)" : "  # weight = kernel");
    editor.hidden = Math.max(r.h, r.w) > 16;
    if (!editor.hidden && document.activeElement !== numbers) numbers.value = Array.from({ length: r.h }, (_, i) => Array.from(r.padded).slice((i + p) * r.pw + p, (i + p) * r.pw + p + r.w).map(short).join(" ")).join("\n");
    output.node.ariaLabel = node.dataset.sentence = sentence(state, extra, r);
    error.textContent = model.get("error") ?? "";
  }

  function point(event) {
    const { r, cell } = output, [x, y] = output.at(event);
    const clamp = (v, n) => Math.max(0, Math.min(n - 1, Math.floor(v / cell)));
    state = { ...state, row: clamp(y, r.oh), column: clamp(x, r.ow) };
    draw();
  }
  output.node.style.touchAction = "none";
  output.node.addEventListener("pointerdown", (event) => { output.node.setPointerCapture(event.pointerId); point(event); });
  output.node.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
  output.node.addEventListener("pointerup", settled);
  output.node.addEventListener("keydown", (event) => {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (!down && !right) return;
    event.preventDefault();
    state = { ...state, row: Math.max(0, state.row + down), column: Math.max(0, state.column + right) };
    draw();
    settled();
  });

  const heard = () => { state = read(); draw(); };
  for (const name of [...NAMES, "error"]) model.on(`change:${name}`, heard);
  draw();
  return () => {
    forget();
    for (const name of [...NAMES, "error"]) model.off(`change:${name}`, heard);
  };
}

function short(v) {
  return String(Math.round(v * 1e4) / 1e4);
}

function paint(node, [r, g, b]) {
  node.style.background = `rgb(${r} ${g} ${b})`;
  node.style.color = "#000";
}

// What is not the picture itself: striped, behind a dashed line.
function drawPadding(pen, p, width, height) {
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, width, height);
  pen.rect(p, p, width - 2 * p, height - 2 * p);
  pen.clip("evenodd");
  pen.strokeStyle = "rgba(90, 160, 230, 0.6)";
  pen.lineWidth = 1;
  pen.beginPath();
  for (let x = -height; x < width; x += 7) { pen.moveTo(x, height); pen.lineTo(x + height, 0); }
  pen.stroke();
  pen.restore();
  pen.setLineDash([5, 4]);
  pen.strokeStyle = "#5aa0e6";
  pen.lineWidth = 2;
  pen.strokeRect(p, p, width - 2 * p, height - 2 * p);
  pen.setLineDash([]);
}

export default { render };
