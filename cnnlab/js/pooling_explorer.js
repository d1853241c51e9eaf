import { drawBorder } from "./border.js";
import { board, dot, drawCells, edge, frame, greyScale, line, pointed, signedScale } from "./canvas.js";
import { choice, make, mark, say, slider, tick } from "./controls.js";
import { begin } from "./kit.js";
import { number } from "./numbers.js";
import { compute, count, formula, percent, pytorch, sentence } from "./pooling.js";

const NAMES = ["image", "mode", "kernel_size", "stride", "padding", "ceil_mode", "shift", "row", "column"];
const IMAGES = [["grid", "8x8 numbers"], ["stripes", "12x12 stripes"], ["digit", "28x28 digit"], ["photo", "96x96 photo"],
  ["edges", "96x96 edges"]];
const SLIDERS = [["kernel_size", "Window"], ["stride", "Stride"], ["padding", "Padding"], ["row", "Output row"], ["column", "Output column"],
  ["shift", "Picture moved right by"]];
const SIDE = 300, SMALL = 160;  // CSS pixels of a picture, and of what is left over
const CHART = [330, 190], MARGIN = [44, 10, 12, 36];  // left, right, top, bottom
const LINES = [{ name: "as it is", color: "#e0662f", dash: [] }, { name: "with blur", color: "#2f8fd8", dash: [7, 4] }];

const CSS = `
.cnnlab .panels.below { margin-top: 14px; }
.cnnlab label.shift { grid-column: 1 / -1; max-width: 430px; }
.cnnlab figcaption.small { font-weight: 400; margin: 8px 0 4px; }
.cnnlab figure.chart { flex: 1 1 ${CHART[0]}px; max-width: ${CHART[0]}px; }
.cnnlab .result { flex: 1 1 330px; min-width: 0; max-width: 520px; overflow-wrap: anywhere; }
.cnnlab .result table { margin-bottom: 8px; width: 100%; table-layout: fixed; }
.cnnlab .result td { font-weight: 700; }
.cnnlab .result code { white-space: pre-wrap; }
`;

function render({ model, el }) {
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw }), { node, fixed, error } = my;
  const own = Array.isArray(my.state.image) ? my.state.image : null;
  let cell = 1, shown = null;  // CSS pixels of a pixel of the output

  function update(changes) {
    const { kernel_size, padding } = { ...my.state, ...changes };
    my.update({ ...changes, padding: Math.min(padding, Math.floor(kernel_size / 2)) });
  }

  // The picked pixel stays where it is in the picture, also if another one has more of them.
  function chooseImage(value) {
    const { row, column, h, w } = shown, there = (i, before, now) => Math.floor(((i + 0.5) * now) / before);
    update({ image: value === "own" ? own : value });
    update({ row: there(row, h, shown.h), column: there(column, w, shown.w) });
    my.tell();
  }

  const pick = (row, column) => update({ row: Math.max(0, row), column: Math.max(0, column) });  // draw() knows the last ones

  // ---- the parts

  const choices = {
    image: choice("Picture", "image", own ? [...IMAGES, ["own", "your own"]] : IMAGES, chooseImage),
    mode: choice("Window keeps", "mode", Object.entries(fixed.modes), my.set("mode")),
  };
  const ceil = tick("ceil_mode", "ceil_mode", my.set("ceil_mode"));
  const sliders = Object.fromEntries(SLIDERS.map(([name, label]) => [name, slider(label, name, (v) => update({ [name]: v }), my.tell)]));
  const { shift, ...others } = sliders;
  shift.node.className = "shift";
  const input = board(SIDE, {}), inputTitle = make("figcaption"), window_ = make("p");
  const outputs = LINES.map((_, i) => ({
    title: make("figcaption"), board: board(SIDE, i ? {} : { tabIndex: 0, ariaLabel: "output" }), left: make("figcaption", { className: "small" }), rest: board(SMALL, {}),
  }));
  const rows = LINES.map(({ name, color, dash }) => {
    const cells = ["change", "movement", "error"].map((part) => make("td", { className: part }));
    return { cells, row: make("tr", {}, make("th", { scope: "row" }, mark(color, dash), name), ...cells) };
  });
  const heads = ["", "The move changes the output by", "Best movement of the old output", "Change beyond it"];
  const table = make("table", { className: "values" }, make("thead", {}, make("tr", {}, ...heads.map((text) => make(text ? "th" : "td", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map((r) => r.row)));
  const chart = board(CHART[0], {}, CHART[1]);
  const size = make("code", { role: "status" }), lines = LINES.map(() => make("code"));
  pointed(outputs[0].board, (x, y) => pick(Math.floor(y / cell), Math.floor(x / cell)),
    (right, down) => pick(my.state.row + down, my.state.column + right), my.tell);
  node.append(
    make("fieldset", { ariaLabel: "settings" }, ...[...Object.values({ ...choices, ...others }), ceil, shift].map((c) => c.node)),
    error,
    make("div", { className: "panels" },
      make("figure", {}, inputTitle, input.node, window_),
      ...outputs.map((o) => make("figure", {}, o.title, o.board.node, o.left, o.rest.node))),
    make("div", { className: "panels below" },
      make("figure", { className: "chart" }, make("figcaption", {}, "Change beyond a movement"), chart.node),
      make("div", { className: "result" }, table,
        make("p", {}, "Output size: ", size), make("p", {}, "In PyTorch: ", lines[0]), make("p", {}, "With blur: ", lines[1]))),
  );

  // ---- from the state to the page

  function draw() {
    const r = shown = compute(my.state, fixed);
    my.state = { ...my.state, row: r.row, column: r.column };
    drawControls(r);
    drawPictures(r);
    drawChart(r);
    drawWords(r);
    outputs[0].board.node.ariaDescription = node.dataset.sentence = sentence(my.state, fixed, r);
  }

  function drawControls(r) {
    const spot = `row ${r.row}, column ${r.column}, value ${number(r.value)}`;
    const limits = { ...fixed.limits, padding: [0, Math.floor(my.state.kernel_size / 2)], row: [0, r.h - 1], column: [0, r.w - 1] };
    for (const [name, control] of Object.entries(sliders)) {
      control.show(my.state[name], ...limits[name], name === "row" || name === "column" ? spot : undefined);
    }
    shift.range.setAttribute("aria-valuetext", count(my.state.shift, "pixel"));
    choices.image.show(Array.isArray(my.state.image) ? "own" : my.state.image, () => null);
    choices.mode.show(my.state.mode, () => null);
    ceil.show(my.state.ceil_mode);
  }

  function drawPictures(r) {
    const { kernel_size: k, stride: s, padding: p } = my.state, grey = greyScale(r.low, r.high);
    const scale = SIDE / Math.max(...r.reach), pen = input.begin();
    drawCells(pen, r.x.values, r.x.h, r.x.w, scale, grey, p * scale, p * scale);
    edge(pen, p * scale, p * scale, r.x.w * scale, r.x.h * scale);
    if (p) drawBorder(pen, p * scale, (r.x.w + 2 * p) * scale, (r.x.h + 2 * p) * scale);
    frame(pen, r.column * s * scale, r.row * s * scale, k * scale, k * scale);
    const longest = Math.max(r.h, r.w), reach = Math.max(-r.low, r.high);
    cell = Math.min(Math.max(scale, 160 / longest), SIDE / longest);  // the input's scale, but not too small to hit
    outputs.forEach((o, i) => {
      const { output, remainder } = r.ways[i], tiny = SMALL / longest;
      o.board.resize(output.w * cell, output.h * cell);
      o.rest.resize(output.w * tiny, output.h * tiny);
      const out = o.board.begin();
      drawCells(out, output.values, output.h, output.w, cell, grey);
      edge(out, 0, 0, output.w * cell, output.h * cell);
      if (!i) frame(out, r.column * cell, r.row * cell, cell, cell);
      const rest = o.rest.begin();
      drawCells(rest, remainder, output.h, output.w, tiny, signedScale(reach));
      edge(rest, 0, 0, output.w * tiny, output.h * tiny);
    });
  }

  function drawChart(r) {
    const pen = chart.begin(), color = node.ink;
    const [left, right, top, bottom] = MARGIN, [width, height] = CHART, last = r.ways[0].errors.length - 1;
    const highest = Math.max(0.1, ...r.ways.flatMap((way) => way.errors.filter(Number.isFinite)));
    const x = (shift) => left + (shift / last) * (width - left - right);
    const y = (share) => height - bottom - (Math.min(share, highest) / highest) * (height - top - bottom);
    const text = (words, at, below, textAlign) => { pen.textAlign = textAlign; pen.fillText(words, at, below); };
    Object.assign(pen, { fillStyle: color, font: "12px system-ui, sans-serif", textBaseline: "middle", lineWidth: 1, strokeStyle: "#8888" });
    for (const share of [0, highest / 2, highest]) {
      line(pen, [[left, y(share)], [width - right, y(share)]]);
      text(`${Math.round(100 * share)}%`, left - 6, y(share), "right");
    }
    for (let shift = 0; shift <= last; shift++) text(shift, x(shift), height - bottom + 12, "center");
    text("shift of the picture (pixels)", (left + width - right) / 2, height - 7, "center");
    Object.assign(pen, { lineWidth: 2, strokeStyle: color });
    line(pen, [[x(my.state.shift), top], [x(my.state.shift), height - bottom]]);
    LINES.forEach(({ color, dash }, i) => {
      Object.assign(pen, { lineWidth: 3, strokeStyle: color, fillStyle: color });
      pen.setLineDash(dash);
      line(pen, r.ways[i].errors.map((error, shift) => [x(shift), y(error)]));
      pen.setLineDash([]);
      dot(pen, [x(my.state.shift), y(r.ways[i].error)], 5);
    });
    chart.node.ariaLabel = LINES.map(({ name }, i) => `${name}: ${r.ways[i].errors.map(percent).join(", ")}`).join("; ");
  }

  function drawWords(r) {
    const { kernel_size: k, stride: s, padding: p, shift } = my.state, kind = fixed.modes[my.state.mode];
    const span = (i) => (k > 1 ? `s ${i * s - p} to ${i * s - p + k - 1}` : ` ${i * s - p}`);
    inputTitle.textContent = `Picture ${r.x.h}x${r.x.w}, ${shift ? `moved by ${shift}` : "not moved"}`;
    window_.textContent = `Row${span(r.row)}, column${span(r.column)}: the ${kind} is ${number(r.value)} = output[${r.row}, ${r.column}]`;
    input.node.ariaLabel = `${inputTitle.textContent}; ${window_.textContent}`;
    const kept = s > 1 ? `every ${s}${{ 2: "nd", 3: "rd" }[s] ?? "th"} kept` : "all kept";
    const titles = [`${kind[0].toUpperCase()}${kind.slice(1)}, stride ${s}`, `Stride 1, blur, ${kept}`];
    outputs.forEach((o, i) => {
      const { output, change, error, movement } = r.ways[i];
      o.title.textContent = `${titles[i]}: ${output.h}x${output.w}`;
      o.left.textContent = "What no movement explains";
      o.rest.node.ariaLabel = `${LINES[i].name}: new output less the old one, moved by ${count(movement, "column")}; ${percent(error)} of it`;
      if (i) o.board.node.ariaLabel = o.title.textContent;
      [percent(change), count(movement, "column"), percent(error)].forEach((words, j) => { rows[i].cells[j].textContent = words; });
      lines[i].textContent = pytorch(my.state)[i];
    });
    say(size, formula(my.state, r));
  }

  return my.live();
}

export default { render };
