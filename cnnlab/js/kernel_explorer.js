import { board, choice, css, drawBorder, drawCells, focusable, frame, greyScale, legend, make, number, parse, root, short, signedScale, slider }
  from "./kit.js";
import { compute, formula, problem, pytorch, sentence, weights } from "./convolution.js";

const NAMES = ["image", "kernel", "kernel_size", "stride", "padding", "dilation", "padding_mode", "convolution", "row", "column"];
const IMAGES = [["grid", "5x5 numbers"], ["digit", "28x28 digit"], ["photo", "96x96 photo"], ["own", "your own"]];
const MODES = [["zeros", "zeros"], ["reflect", "reflect"], ["circular", "circular"]];
const OPERATIONS = [["correlation", "correlation"], ["convolution", "convolution"]];
const SLIDERS = [["kernel_size", "Kernel size"], ["stride", "Stride"], ["padding", "Padding"], ["dilation", "Dilation"],
  ["row", "Output row"], ["column", "Output column"]];
const SIDE = 300;  // CSS pixels of a picture
const EDITABLE = 16;  // pixels a side of an image whose numbers can be typed

const CSS = `
.cnnlab .cells { display: grid; gap: 2px; margin-bottom: 8px; }
.cnnlab .cells > * { box-sizing: border-box; width: 100%; min-width: 0; min-height: 28px; margin: 0; padding: 3px 0;
  border: 1px solid #8888; border-radius: 0; color: #000; text-align: center; white-space: nowrap; overflow: hidden;
  font: 13px/1.25 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.cnnlab .cells.tight > * { font-size: 11px; }
.cnnlab .cells b { display: block; }
.cnnlab .total { font-size: 17px; margin: 0; }
`;

function render({ model, el }) {
  const fixed = model.get("fixed");
  const read = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
  const [node, forget] = root(el, CSS);
  let state = read(), shown = null, cells = [], typing = null, telling = false;

  // ---- from a control to the state, and on to Python when it is let go

  const within = (name, v) => !fixed.limits[name] || (fixed.limits[name][0] <= v && v <= fixed.limits[name][1]);
  const legal = (name, v) => within(name, v) && !problem({ ...state, [name]: v }, fixed);

  // Take a value. If it is not possible, say why and take the next one that is, or keep the old one.
  function move(name, value) {
    const why = problem({ ...state, [name]: value }, fixed);
    if (why) {
      const old = state[name], step = Math.sign(value - old);
      if (typeof value !== "number") value = old;
      else if (legal(name, value + step)) value += step;
      while (value !== old && !legal(name, value)) value -= step;
    }
    update({ [name]: value }, why);
  }

  function update(changes, why) {
    const words = why ? `Not possible: ${why}.` : "";
    if (said.textContent !== words) said.textContent = words;
    state = { ...state, ...changes };
    draw();
  }

  function tell() {
    const changed = NAMES.filter((name) => model.get(name) !== state[name]);
    telling = true;
    for (const name of changed) model.set(name, state[name]);
    telling = false;
    if (changed.length) model.save_changes();
  }

  function hear() {
    const heard = read();
    error.textContent = model.get("error") ?? "";
    if (telling || problem(heard, fixed)) return;  // half of a change; the other half is on its way
    state = heard;
    draw();
  }

  // A weight is being typed, or (done) has been: on the way there half a number is no mistake yet.
  function editKernel(t, done) {
    const text = cells[t]?.weight.value, value = parse(text ?? ""), k = state.kernel_size;
    if (text === undefined || text === cells[t].text) return;
    typing = done ? null : t;
    if (value === null) return update({}, done && `${text.trim() || "nothing"} is not a number`);
    const values = weights(state, fixed).slice();
    const changed = values[t] !== value;
    values[t] = value;
    update(changed ? { kernel: Array.from({ length: k }, (_, i) => values.slice(i * k, i * k + k)) } : {});
    if (done) tell();
  }

  function editImage() {
    const rows = numbers.value.trim().split("\n").map((row) => row.trim().split(/[\s;]+/).map(parse));
    const fine = rows.length <= EDITABLE && rows[0].length <= EDITABLE
      && rows.every((row) => row.length === rows[0].length && !row.includes(null));
    if (fine) move("image", rows);
    else update({}, `the image needs rows of equally many numbers, at most ${EDITABLE}x${EDITABLE}`);
    tell();
  }

  function point(event) {
    const [x, y] = output.at(event).map((v) => Math.floor(v / output.cell));
    const clamp = (v, n) => Math.max(0, Math.min(n - 1, v));
    update({ row: clamp(y, shown.oh), column: clamp(x, shown.ow) });
  }

  function arrow(event) {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (!down && !right) return;
    event.preventDefault();
    update({ row: Math.max(0, state.row + down), column: Math.max(0, state.column + right) });
    tell();
  }

  // ---- the parts

  const choose = (name) => (value) => { move(name, value); tell(); };
  const presets = Object.entries(fixed.kernels).map(([name, { label }]) => [name, label]);
  const choices = {
    image: choice("Image", "image", IMAGES, choose("image")),
    kernel: choice("Kernel", "kernel", [...presets, ["own", "your own"]], choose("kernel")),
    padding_mode: choice("Padding mode", "padding_mode", MODES, choose("padding_mode")),
    convolution: choice("Operation", "convolution", OPERATIONS, (value) => choose("convolution")(value === "convolution")),
  };
  const sliders = Object.fromEntries(SLIDERS.map(([name, label]) => [name, slider(label, name, (v) => move(name, v), tell)]));
  const said = make("p", { role: "status", className: "said" }), error = make("p", { role: "alert" });
  const input = board(SIDE, {}), output = board(SIDE, { tabIndex: 0 });
  const titles = [0, 1, 2, 3].map(() => make("figcaption")), legends = [legend(), legend()];
  const kernelCells = make("div", { className: "cells", role: "group", ariaLabel: "kernel" });
  const productCells = make("div", { className: "cells products" });
  const total = make("p", { className: "total" }), size = make("code", { role: "status" }), line = make("code");
  const numbers = focusable("textarea", { rows: 5, spellcheck: false });
  const editor = make("label", {}, "Numbers of the image, a line for each row", numbers);
  numbers.addEventListener("change", editImage);
  output.node.style.touchAction = "none";
  output.node.addEventListener("pointerdown", (event) => { output.node.setPointerCapture(event.pointerId); point(event); });
  output.node.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
  output.node.addEventListener("pointerup", tell);
  output.node.addEventListener("keydown", arrow);
  node.append(
    make("fieldset", { ariaLabel: "settings" }, ...Object.values({ ...choices, ...sliders }).map((c) => c.node)),
    said,
    error,
    make("div", { className: "panels" },
      make("figure", {}, titles[0], legends[0].node, input.node, editor),
      make("figure", {}, titles[1], kernelCells, titles[2], productCells, total),
      make("figure", {}, titles[3], legends[1].node, output.node)),
    make("p", {}, "Output size: ", size),
    make("p", {}, "In PyTorch: ", line),
  );

  // Cells are made when the kernel size changes, and only filled otherwise.
  function layCells(k) {
    typing = null;
    cells = Array.from({ length: k * k }, (_, t) => {
      const label = `weight row ${Math.floor(t / k)}, column ${t % k}`;
      const weight = focusable("input", { inputMode: "decimal", autocomplete: "off", ariaLabel: label });
      weight.addEventListener("input", () => editKernel(t, false));
      weight.addEventListener("change", () => editKernel(t, true));
      weight.addEventListener("focus", () => weight.select());
      weight.addEventListener("keydown", (event) => {
        if (event.key === "Enter") editKernel(t, true);  // JupyterLab keeps Enter's change to itself
      });
      return { weight, product: make("div") };
    });
    for (const [grid, part] of [[kernelCells, "weight"], [productCells, "product"]]) {
      grid.style.gridTemplateColumns = `repeat(${k}, minmax(0, ${k < 4 ? 76 : SIDE / k}px))`;
      grid.classList.toggle("tight", k > 4);
      grid.replaceChildren(...cells.map((c) => c[part]));
    }
  }

  // ---- from the state to the page

  function draw() {
    const r = shown = compute(state, fixed);
    state = { ...state, row: r.row, column: r.column };
    drawControls(r);
    drawPictures(r);
    drawSum(r);
    const words = formula(state, r);
    if (size.textContent !== words) size.textContent = words;
    line.textContent = pytorch(state);
    output.node.ariaLabel = node.dataset.sentence = sentence(state, fixed, r);
  }

  function drawControls(r) {
    const spot = `row ${r.row}, column ${r.column}, value ${number(r.sum)}`;
    for (const [name, control] of Object.entries(sliders)) {
      if (fixed.limits[name]) control.show(state[name], ...fixed.limits[name]);
      else control.show(state[name], 0, (name === "row" ? r.oh : r.ow) - 1, spot);
    }
    for (const name of ["image", "kernel", "padding_mode"]) {
      const hint = name === "image" ? "change the numbers of the grid" : "change the numbers below";
      const why = (value) => (value === "own" ? hint : problem({ ...state, [name]: value }, fixed));
      choices[name].show(Array.isArray(state[name]) ? "own" : state[name], why);
    }
    choices.convolution.show(state.convolution ? "convolution" : "correlation", () => null);
    editor.hidden = Math.max(r.h, r.w) > EDITABLE;
    if (editor.hidden || document.activeElement === numbers) return;
    const p = state.padding, row = (i) => Array.from(r.padded.subarray((i + p) * r.pw + p, (i + p) * r.pw + p + r.w), short);
    numbers.value = Array.from({ length: r.h }, (_, i) => row(i).join(" ")).join("\n");
  }

  function drawPictures(r) {
    const { stride: s, padding: p, dilation: d } = state, span = d * (r.k - 1) + 1;
    let low = 0, high = -Infinity;
    for (const v of r.padded) { low = Math.min(low, v); high = Math.max(high, v); }
    const grey = greyScale(low, high);
    const pen = input.begin(), cell = SIDE / Math.max(r.ph, r.pw);
    drawCells(pen, r.padded, r.ph, r.pw, cell, grey);
    if (p) drawBorder(pen, p * cell, r.pw * cell, r.ph * cell);
    const [x, y] = [r.column * s * cell, r.row * s * cell];
    for (let t = 0; d > 1 && t < r.k ** 2; t++) {
      frame(pen, x + (t % r.k) * d * cell, y + Math.floor(t / r.k) * d * cell, cell, cell, 1);
    }
    frame(pen, x, y, span * cell, span * cell);

    // An image stays an image under a kernel of positive weights, or one that keeps its brightness; the rest is signed.
    const sum = r.kernel.reduce((a, b) => a + b), image = r.kernel.every((v) => v >= 0) || Math.abs(sum - 1) < 1e-6;
    const reach = Math.max(Math.abs(r.low), Math.abs(r.high));
    const color = image ? greyScale(low * sum, high * sum) : signedScale(reach);
    const longest = Math.max(r.oh, r.ow);
    output.cell = Math.min(Math.max(cell, 160 / longest), SIDE / longest);  // the input's scale, but not too small to hit
    const out = output.begin();
    drawCells(out, r.output, r.oh, r.ow, output.cell, color);
    frame(out, r.column * output.cell, r.row * output.cell, output.cell, output.cell);

    titles[0].textContent = `Input ${r.h}x${r.w}${p ? `, padded to ${r.ph}x${r.pw}` : ""}`;
    titles[3].textContent = `Output ${r.oh}x${r.ow}, from ${number(r.low)} to ${number(r.high)}`;
    input.node.ariaLabel = `${titles[0].textContent}, window from row ${r.row * s - p}, column ${r.column * s - p}`;
    legends[0].show(low, high, grey);
    if (image) legends[1].show(low * sum, high * sum, color);
    else legends[1].show(-reach, reach, color);
  }

  function drawSum(r) {
    if (cells.length !== r.k ** 2) layCells(r.k);
    const strongest = (values) => signedScale(2 * values.reduce((a, v) => Math.max(a, Math.abs(v)), 0));  // pale: numbers stay legible
    const tints = [strongest(r.kernel), strongest(r.products)];
    cells.forEach((cell, t) => {
      const { weight, product } = cell;
      if (typing !== t) weight.value = cell.text = short(r.kernel[t], r.k > 5 ? 3 : 4);
      weight.style.background = css(tints[0](r.kernel[t]));
      product.style.background = css(tints[1](r.products[t]));
      if (r.k > 4) product.textContent = number(r.products[t]);
      else product.replaceChildren(`${number(r.window[t])} × ${short(r.weight[t])}`, make("b", {}, number(r.products[t])));
    });
    titles[1].textContent = `Kernel ${r.k}x${r.k}`;
    titles[2].textContent = `Window × ${state.convolution ? "flipped " : ""}kernel`;
    total.textContent = `Sum = ${number(r.sum)} = output[${r.row}, ${r.column}]`;
  }

  const heard = [...NAMES, "error"].map((name) => `change:${name}`);
  for (const event of heard) model.on(event, hear);
  draw();
  hear();
  return () => {
    forget();
    for (const event of heard) model.off(event, hear);
  };
}

export default { render };
