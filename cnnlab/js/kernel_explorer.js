import { board, css, legend, pointed, signedScale } from "./canvas.js";
import { choice, focusable, make, say, slider } from "./controls.js";
import { compute, formula, problem, pytorch, sentence, weights } from "./convolution.js";
import { SIDE, drawInput, drawOutput } from "./kernel_pictures.js";
import { begin } from "./kit.js";
import { number, parse, short, unread } from "./numbers.js";

const NAMES = ["image", "kernel", "kernel_size", "stride", "padding", "dilation", "padding_mode", "convolution", "row", "column"];
const IMAGES = [["grid", "5x5 numbers"], ["digit", "28x28 digit"], ["photo", "96x96 photo"], ["own", "your own"]];
const MODES = [["zeros", "zeros"], ["reflect", "reflect"], ["circular", "circular"]];
const OPERATIONS = [["correlation", "correlation"], ["convolution", "convolution"]];
const SLIDERS = [["kernel_size", "Kernel size"], ["stride", "Stride"], ["padding", "Padding"], ["dilation", "Dilation"],
  ["row", "Output row"], ["column", "Output column"]];
const EDITABLE = 16;  // pixels a side of an image whose numbers can be typed

const CSS = `
.cnnlab .cells { display: grid; gap: 2px; margin-bottom: 8px; }
.cnnlab .cells > * { box-sizing: border-box; width: 100%; min-width: 0; min-height: 28px; margin: 0; padding: 3px 0;
  border: 1px solid #8888; border-radius: 0; color: #000; text-align: center; white-space: nowrap; overflow: hidden;
  font: 13px/1.25 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.cnnlab .cells.tight > * { font-size: 11px; }
.cnnlab .cells b, .cnnlab .products.long span { display: block; }
.cnnlab .cells.products > * { white-space: normal; }
.cnnlab .total { font-size: 17px; margin: 0; }
`;

function render({ model, el }) {
  const take = (heard) => (problem(heard, my.fixed) ? null : heard);  // half of a change; the other half is on its way
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw, take }), { node, fixed, error } = my;
  const kept = {};  // image and kernel of one's own, for when a preset has been tried
  let cells = [], typing = null, shown = null, size = 1;  // of a pixel of the output, CSS pixels

  // ---- from a control to the state

  const within = (name, v) => !fixed.limits[name] || (fixed.limits[name][0] <= v && v <= fixed.limits[name][1]);
  const brought = (name, v) => (name === "kernel" && Array.isArray(v) ? { kernel_size: v.length } : {});
  const fault = (name, v) => problem({ ...my.state, [name]: v, ...brought(name, v) }, fixed);
  const legal = (name, v) => within(name, v) && !fault(name, v);

  // Take a value. If it is not possible, say why and take the next one that is, or keep the old one.
  function move(name, value) {
    const why = fault(name, value);
    if (why) {
      const old = my.state[name], step = Math.sign(value - old);
      if (typeof value !== "number") value = old;
      else if (legal(name, value + step)) value += step;
      while (value !== old && !legal(name, value)) value -= step;
    }
    update(why && typeof value !== "number" ? {} : { [name]: value, ...brought(name, value) }, why);
  }

  // The picked pixel stays where it is in the picture, also if another one has more of them.
  function chooseImage(value) {
    const { row, column, oh, ow } = shown, there = (i, before, now) => Math.floor(((i + 0.5) * now) / before);
    move("image", value);
    my.update({ row: there(row, oh, shown.oh), column: there(column, ow, shown.ow) });
  }

  function update(changes, why) {
    say(said, why ? `Not possible: ${why}.` : "");
    my.update(changes);
  }

  // A weight is being typed, or (done) has been: on the way there half a number is no mistake yet.
  function editKernel(t, done) {
    const text = cells[t]?.weight.value, value = parse(text ?? ""), k = my.state.kernel_size;
    if (text === undefined || text === cells[t].text) return;
    typing = done ? null : t;
    if (value === null) return update({}, done && unread(text));
    const values = weights(my.state, fixed).slice();
    const changed = values[t] !== value;
    values[t] = value;
    update(changed ? { kernel: Array.from({ length: k }, (_, i) => values.slice(i * k, i * k + k)) } : {});
    if (done) my.tell();
  }

  function editImage() {
    const rows = numbers.value.trim().split("\n").map((row) => row.trim().split(/[\s;]+/).map(parse));
    const fine = rows.length <= EDITABLE && rows[0].length <= EDITABLE
      && rows.every((row) => row.length === rows[0].length && !row.includes(null));
    if (fine) move("image", rows);
    else update({}, `the image needs rows of equally many numbers, at most ${EDITABLE}x${EDITABLE}`);
    my.tell();
  }

  const pick = (row, column) => my.update({ row: Math.max(0, row), column: Math.max(0, column) });  // draw() knows the last ones

  // ---- the parts

  const choose = (name, to = (value) => move(name, value)) => (value) => { to(value === "own" ? kept[name] : value); my.tell(); };
  const presets = Object.entries(fixed.kernels).map(([name, { label }]) => [name, label]);
  const choices = {
    image: choice("Image", "image", IMAGES, choose("image", chooseImage)),
    kernel: choice("Kernel", "kernel", [...presets, ["own", "your own"]], choose("kernel")),
    padding_mode: choice("Padding mode", "padding_mode", MODES, choose("padding_mode")),
    convolution: choice("Operation", "convolution", OPERATIONS, (value) => choose("convolution")(value === "convolution")),
  };
  const sliders = Object.fromEntries(SLIDERS.map(([name, label]) => [name, slider(label, name, (v) => move(name, v), my.tell)]));
  const said = make("p", { role: "status", className: "said" });
  const input = board(SIDE, {}), output = board(SIDE, { tabIndex: 0, ariaLabel: "output" });
  const titles = [0, 1, 2, 3].map(() => make("figcaption")), legends = [legend(), legend()];
  const kernelCells = make("div", { className: "cells", role: "group", ariaLabel: "kernel" });
  const productCells = make("div", { className: "cells products" });
  const total = make("p", { className: "total" }), formulaLine = make("code", { role: "status" }), line = make("code");
  const numbers = focusable("textarea", { rows: 5, spellcheck: false });
  const editor = make("label", {}, "Numbers of the image, a line for each row", numbers);
  numbers.addEventListener("change", editImage);
  pointed(output, (x, y) => pick(Math.floor(y / size), Math.floor(x / size)),
    (right, down) => pick(my.state.row + down, my.state.column + right), my.tell);
  node.append(
    make("fieldset", { ariaLabel: "settings" }, ...Object.values({ ...choices, ...sliders }).map((c) => c.node)),
    said,
    error,
    make("div", { className: "panels" },
      make("figure", {}, titles[0], legends[0].node, input.node, editor),
      make("figure", {}, titles[1], kernelCells, titles[2], productCells, total),
      make("figure", {}, titles[3], legends[1].node, output.node)),
    make("p", {}, "Output size: ", formulaLine),
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
    const r = shown = compute(my.state, fixed);
    my.state = { ...my.state, row: r.row, column: r.column };
    for (const name of ["image", "kernel"]) if (Array.isArray(my.state[name])) kept[name] = my.state[name];
    drawControls(r);
    drawPictures(r);
    drawSum(r);
    say(formulaLine, formula(my.state, r));
    line.textContent = pytorch(my.state);
    output.node.ariaDescription = node.dataset.sentence = sentence(my.state, fixed, r);
  }

  function drawControls(r) {
    const spot = `row ${r.row}, column ${r.column}, value ${number(r.sum)}`;
    for (const [name, control] of Object.entries(sliders)) {
      if (fixed.limits[name]) control.show(my.state[name], ...fixed.limits[name]);
      else control.show(my.state[name], 0, (name === "row" ? r.oh : r.ow) - 1, spot);
    }
    for (const name of ["image", "kernel", "padding_mode"]) {
      const hint = name === "image" ? "change the numbers of the grid" : "change the numbers below";
      const why = (value) => (value !== "own" ? fault(name, value) : kept[name] ? fault(name, kept[name]) : hint);
      const idle = name === "padding_mode" && !my.state.padding ? "padding is 0" : null;
      choices[name].show(Array.isArray(my.state[name]) ? "own" : my.state[name], why, idle);
    }
    choices.convolution.show(my.state.convolution ? "convolution" : "correlation", () => null);
    editor.hidden = Math.max(r.h, r.w) > EDITABLE;
    if (editor.hidden || document.activeElement === numbers) return;
    const p = my.state.padding, row = (i) => Array.from(r.padded.subarray((i + p) * r.pw + p, (i + p) * r.pw + p + r.w), (v) => short(v));
    numbers.value = Array.from({ length: r.h }, (_, i) => row(i).join(" ")).join("\n");
  }

  function drawPictures(r) {
    const { stride: s, padding: p } = my.state, scale = drawInput(input, my.state, r), out = drawOutput(output, r, scale);
    size = out.size;
    titles[0].textContent = `Input ${r.h}x${r.w}${p ? `, padded to ${r.ph}x${r.pw}` : ""}`;
    titles[3].textContent = `Output ${r.oh}x${r.ow}, from ${number(r.low)} to ${number(r.high)}`;
    input.node.ariaLabel = `${titles[0].textContent}, window from row ${r.row * s - p}, column ${r.column * s - p}`;
    legends[0].show(scale.low, scale.high, scale.color);
    legends[1].show(out.low, out.high, out.color, r.low, r.high);
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
      else {
        const factors = [number(r.window[t]), `×\u00a0${short(r.weight[t])}`].map((factor) => make("span", {}, factor));
        product.replaceChildren(factors[0], " ", factors[1], make("b", {}, number(r.products[t])));
      }
    });
    productCells.classList.toggle("long", r.kernel.some((v) => short(v).length > 4));  // two lines for all, at every pixel
    titles[1].textContent = `Kernel ${r.k}x${r.k}`;
    titles[2].textContent = `Window × ${my.state.convolution ? "flipped " : ""}kernel`;
    total.textContent = `Sum = ${number(r.sum)} = output[${r.row}, ${r.column}]`;
  }

  return my.live();
}

export default { render };
