import { board, choice, drawBorder, drawCells, frame, greyScale, make, number, root, signedScale, slider, tick, traits }
  from "./kit.js";
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
.cnnlab .result table { border-collapse: collapse; margin: 0 0 8px; width: 100%; font-size: 14px; table-layout: fixed; }
.cnnlab .result tr:nth-child(n) { background: none; }
.cnnlab .result th, .cnnlab .result td { padding: 4px 8px 4px 0; text-align: left !important; white-space: normal; border: 0; border-bottom: 1px solid #8888;
  vertical-align: bottom; font-variant-numeric: tabular-nums; }
.cnnlab .result td { font-weight: 700; }
.cnnlab .result th { font-weight: 400; }
.cnnlab .result code { white-space: pre-wrap; }
.cnnlab .result th i { display: inline-block; width: 22px; margin-right: 6px; vertical-align: middle; }
`;

function render({ model, el }) {
  const fixed = model.get("fixed");
  const [node, forget] = root(el, CSS, () => drawChart(shown));
  const python = traits(model, NAMES, hear);
  let state = python.read(), shown = null;
  const own = Array.isArray(state.image) ? state.image : null;

  // ---- from a control to the state, and on to Python when it is let go

  function update(changes) {
    state = { ...state, ...changes };
    state.padding = Math.min(state.padding, Math.floor(state.kernel_size / 2));
    draw();
  }

  const tell = () => python.tell(state);
  const choose = (name, read = (value) => value) => (value) => { update({ [name]: read(value) }); tell(); };

  function hear(heard, message) {
    error.textContent = message;
    state = heard;
    draw();
  }

  function point(event) {
    const [x, y] = outputs[0].board.at(event).map((v) => Math.floor(v / shown.cell));
    const clamp = (v, n) => Math.max(0, Math.min(n - 1, v));
    update({ row: clamp(y, shown.h), column: clamp(x, shown.w) });
  }

  function arrow(event) {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (!down && !right) return;
    event.preventDefault();
    update({ row: Math.max(0, state.row + down), column: Math.max(0, state.column + right) });
    tell();
  }

  // ---- the parts

  const choices = {
    image: choice("Picture", "image", own ? [...IMAGES, ["own", "your own"]] : IMAGES, choose("image", (v) => (v === "own" ? own : v))),
    mode: choice("Window keeps", "mode", Object.entries(fixed.modes), choose("mode")),
  };
  const ceil = tick("ceil_mode", "ceil_mode", choose("ceil_mode"));
  const sliders = Object.fromEntries(SLIDERS.map(([name, label]) => [name, slider(label, name, (v) => update({ [name]: v }), tell)]));
  const { shift, ...others } = sliders;
  shift.node.className = "shift";
  const error = make("p", { role: "alert" });
  const input = board(SIDE, {}), inputTitle = make("figcaption"), window_ = make("p");
  const outputs = LINES.map((_, i) => ({
    title: make("figcaption"), board: board(SIDE, i ? {} : { tabIndex: 0 }), left: make("figcaption", { className: "small" }), rest: board(SMALL, {}),
  }));
  const rows = LINES.map(({ name, color, dash }) => {
    const mark = make("i");
    mark.style.borderTop = `3px ${dash.length ? "dashed" : "solid"} ${color}`;
    const cells = ["change", "movement", "error"].map((part) => make("td", { className: part }));
    return { cells, row: make("tr", {}, make("th", { scope: "row" }, mark, name), ...cells) };
  });
  const heads = ["", "The move changes the output by", "Best movement of the old output", "Change beyond it"];
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((text) => make(text ? "th" : "td", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map((r) => r.row)));
  const chart = board(CHART[0], {}, CHART[1]);
  const size = make("code", { role: "status" }), lines = LINES.map(() => make("code"));
  const pick = outputs[0].board.node;
  pick.style.touchAction = "none";
  pick.addEventListener("pointerdown", (event) => { pick.setPointerCapture(event.pointerId); point(event); });
  pick.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
  pick.addEventListener("pointerup", tell);
  pick.addEventListener("keydown", arrow);
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
    const r = shown = compute(state, fixed);
    state = { ...state, row: r.row, column: r.column };
    drawControls(r);
    drawPictures(r);
    drawChart(r);
    drawWords(r);
    pick.ariaLabel = node.dataset.sentence = sentence(state, fixed, r);
  }

  function drawControls(r) {
    const spot = `row ${r.row}, column ${r.column}, value ${number(r.value)}`;
    const limits = { ...fixed.limits, padding: [0, Math.floor(state.kernel_size / 2)], row: [0, r.h - 1], column: [0, r.w - 1] };
    for (const [name, control] of Object.entries(sliders)) {
      control.show(state[name], ...limits[name], name === "row" || name === "column" ? spot : undefined);
    }
    shift.range.setAttribute("aria-valuetext", count(state.shift, "pixel"));
    choices.image.show(Array.isArray(state.image) ? "own" : state.image, () => null);
    choices.mode.show(state.mode, () => null);
    ceil.show(state.ceil_mode);
  }

  function drawPictures(r) {
    const { kernel_size: k, stride: s, padding: p } = state, grey = greyScale(r.low, r.high);
    const cell = SIDE / Math.max(...r.reach), pen = input.begin();
    drawCells(pen, r.x.values, r.x.h, r.x.w, cell, grey, p * cell, p * cell);
    if (p) drawBorder(pen, p * cell, (r.x.w + 2 * p) * cell, (r.x.h + 2 * p) * cell);
    frame(pen, r.column * s * cell, r.row * s * cell, k * cell, k * cell);
    const longest = Math.max(r.h, r.w), reach = Math.max(-r.low, r.high);
    r.cell = Math.min(Math.max(cell, 160 / longest), SIDE / longest);  // the input's scale, but not too small to hit
    outputs.forEach((o, i) => {
      const { output, remainder } = r.ways[i], tiny = SMALL / longest;
      o.board.resize(output.w * r.cell, output.h * r.cell);
      o.rest.resize(output.w * tiny, output.h * tiny);
      const out = o.board.begin();
      drawCells(out, output.values, output.h, output.w, r.cell, grey);
      if (!i) frame(out, r.column * r.cell, r.row * r.cell, r.cell, r.cell);
      drawCells(o.rest.begin(), remainder, output.h, output.w, tiny, signedScale(reach));
    });
  }

  function drawChart(r) {
    const pen = chart.begin(), color = node.ink;
    const [left, right, top, bottom] = MARGIN, [width, height] = CHART, last = r.ways[0].errors.length - 1;
    const highest = Math.max(0.1, ...r.ways.flatMap((way) => way.errors.filter(Number.isFinite)));
    const x = (shift) => left + (shift / last) * (width - left - right);
    const y = (share) => height - bottom - (Math.min(share, highest) / highest) * (height - top - bottom);
    const text = (words, at, below, textAlign) => { pen.textAlign = textAlign; pen.fillText(words, at, below); };
    const line = (points) => { pen.beginPath(); points.forEach(([a, b]) => pen.lineTo(a, b)); pen.stroke(); };
    Object.assign(pen, { fillStyle: color, font: "12px system-ui, sans-serif", textBaseline: "middle", lineWidth: 1, strokeStyle: "#8888" });
    for (const share of [0, highest / 2, highest]) {
      line([[left, y(share)], [width - right, y(share)]]);
      text(`${Math.round(100 * share)}%`, left - 6, y(share), "right");
    }
    for (let shift = 0; shift <= last; shift++) text(shift, x(shift), height - bottom + 12, "center");
    text("shift of the picture (pixels)", (left + width - right) / 2, height - 7, "center");
    Object.assign(pen, { lineWidth: 2, strokeStyle: color });
    line([[x(state.shift), top], [x(state.shift), height - bottom]]);
    LINES.forEach(({ color, dash }, i) => {
      Object.assign(pen, { lineWidth: 3, strokeStyle: color, fillStyle: color });
      pen.setLineDash(dash);
      line(r.ways[i].errors.map((error, shift) => [x(shift), y(error)]));
      pen.setLineDash([]);
      pen.beginPath();
      pen.arc(x(state.shift), y(r.ways[i].error), 5, 0, 2 * Math.PI);
      pen.fill();
    });
    chart.node.ariaLabel = LINES.map(({ name }, i) => `${name}: ${r.ways[i].errors.map(percent).join(", ")}`).join("; ");
  }

  function drawWords(r) {
    const { kernel_size: k, stride: s, padding: p, shift } = state, kind = fixed.modes[state.mode];
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
      lines[i].textContent = pytorch(state)[i];
    });
    const words = formula(state, r);
    if (size.textContent !== words) size.textContent = words;
  }

  draw();
  hear(state, model.get("error") ?? "");
  return () => {
    python.forget();
    forget();
  };
}

export default { render };
