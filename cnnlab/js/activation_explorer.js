import { board, choice, drawCells, frame, make, number, root, signedScale, slider, text, traits, watchWidth } from "./kit.js";
import { BENDS, brief, compute, condition, pytorch, sentence } from "./activation.js";

const NAMES = ["function", "x", "weight", "bias", "units", "negative_slope"];
const SLIDERS = [["weight", "Weight"], ["bias", "Bias"], ["negative_slope", "Leaky slope"], ["units", "Units in a row"], ["x", "Input"]];
const CURVE = [360, 270], SPAN = 8;  // CSS pixels; weighted sums from -8 to 8
const HEIGHTS = { sigmoid: [-0.3, 1.3], tanh: [-1.3, 1.3], relu: [-1, 5], leaky_relu: [-1, 5] };
const LOOKS = { sigmoid: ["#e0662f", []], tanh: ["#2f8fd8", [8, 4]], relu: ["#3a9d4f", [3, 3]], leaky_relu: ["#a05fc4", []] };
const SHADES = { saturated: "rgba(128, 128, 128, 0.28)", dead: "rgba(214, 60, 60, 0.25)" };
const CHART = 210, STRIP = 34, LEFT = 62;  // heights in the picture of the chain, and room for words on its left

const CSS = `
.cnnlab label.wide { grid-column: 1 / -1; max-width: 430px; }
.cnnlab .bends { margin-top: 14px; overflow-wrap: anywhere; }
.cnnlab figure.curve { flex: 1 1 ${CURVE[0]}px; max-width: ${CURVE[0]}px; }
.cnnlab figure.chain { flex: 2 1 330px; max-width: 640px; }
.cnnlab .formula { font-size: 16px; font-weight: 600; margin: 0 0 4px; font-variant-numeric: tabular-nums; }
.cnnlab .said.dead, .cnnlab .said.saturated { text-decoration: underline; text-decoration-thickness: 3px; }
.cnnlab .said.dead { text-decoration-color: #d63c3c; }
.cnnlab .said.saturated { text-decoration-color: #888; }
.cnnlab .bends table { border-collapse: collapse; margin: 0; width: 100%; max-width: 560px; font-size: 14px; }
.cnnlab .bends tr:nth-child(n) { background: none; }
.cnnlab .bends th, .cnnlab .bends td { padding: 4px 10px 4px 0; text-align: left !important; border: 0; border-bottom: 1px solid #8888;
  white-space: normal; vertical-align: bottom; font-variant-numeric: tabular-nums; }
.cnnlab .bends th, .cnnlab .bends td { font-weight: 400; }
.cnnlab .bends tr.chosen > * { font-weight: 700; }
.cnnlab .bends code { white-space: pre-wrap; }
.cnnlab .bends th i { display: inline-block; width: 24px; margin-right: 6px; vertical-align: middle; }
`;

function render({ model, el }) {
  const fixed = model.get("fixed");
  const [node, forget] = root(el, CSS, () => { drawCurve(shown); drawChain(shown); });
  const python = traits(model, NAMES, hear);
  let state = python.read(), shown = null;

  // ---- from a control to the state, and on to Python when it is let go

  function update(changes) {
    state = { ...state, ...changes };
    draw();
  }

  const tell = () => python.tell(state);

  function hear(heard, message) {
    error.textContent = message;
    state = heard;
    draw();
  }

  // The input whose weighted sum lies nearest to what is pointed at.
  function moveTo(x) {
    const [low, high] = fixed.grids.x;
    if (Number.isFinite(x)) update({ x: Math.round(10 * Math.max(low, Math.min(high, x))) / 10 });
  }

  function point(event) {
    const sum = scale.sum(curve.at(event)[0]);
    moveTo((sum - state.bias) / state.weight);
  }

  function arrow(event) {
    const step = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1 }[event.key];
    if (!step) return;
    event.preventDefault();
    moveTo(state.x + step);
    tell();
  }

  // ---- the parts

  const chooser = choice("Function", "function", Object.entries(fixed.functions), (name) => { update({ function: name }); tell(); });
  const sliders = Object.fromEntries(SLIDERS.map(([name, label]) => [name, slider(label, name, (v) => update({ [name]: v }), tell)]));
  for (const [name, [, , step]] of Object.entries(fixed.grids)) sliders[name].range.step = step;
  sliders.x.node.className = "wide";
  const error = make("p", { role: "alert" }), equation = make("p", { className: "formula" });
  const said = make("p", { role: "status" });
  const curve = board(CURVE[0], { tabIndex: 0 }, CURVE[1]), curveTitle = make("figcaption");
  const picture = board(400, {}, CHART), chainTitle = make("figcaption");
  const wide = make("figure", { className: "chain" }, chainTitle, picture.node);
  const rows = Object.fromEntries(Object.entries(fixed.functions).map(([name, label]) => {
    const mark = make("i"), [color, dash] = LOOKS[name];
    mark.style.borderTop = `3px ${dash.length ? dash[0] > 4 ? "dashed" : "dotted" : "solid"} ${color}`;
    const cells = ["answer", "slope", "left"].map((part) => make("td", { className: part }));
    return [name, { cells, row: make("tr", {}, make("th", { scope: "row" }, mark, label), ...cells) }];
  }));
  const heads = ["", "Answer of one", "Slope there", ""].map((words, i) => make(i ? "th" : "td", { scope: "col" }, words));
  const line = make("code");
  curve.node.style.touchAction = "none";
  curve.node.addEventListener("pointerdown", (event) => { curve.node.setPointerCapture(event.pointerId); point(event); });
  curve.node.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
  curve.node.addEventListener("pointerup", tell);
  curve.node.addEventListener("keydown", arrow);
  node.append(
    make("fieldset", { ariaLabel: "settings" }, chooser.node, ...Object.values(sliders).map((control) => control.node)),
    error, equation, said,
    make("div", { className: "panels" }, make("figure", { className: "curve" }, curveTitle, curve.node), wide),
    make("div", { className: "bends" },
      make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...Object.values(rows).map((r) => r.row))),
      make("p", {}, "In PyTorch: ", line)),
  );

  // ---- from the state to the page

  function draw() {
    const r = shown = compute(state, fixed);
    drawControls(r);
    drawCurve(r);
    drawChain(r);
    drawWords(r);
    curve.node.ariaLabel = node.dataset.sentence = sentence(state, fixed, r);
  }

  function drawControls(r) {
    chooser.show(state.function, () => null);
    const limits = { ...fixed.grids, units: fixed.units };
    for (const [name, control] of Object.entries(sliders)) control.show(state[name], limits[name][0], limits[name][1]);
    sliders.x.range.setAttribute("aria-valuetext", `${number(state.x)}, answer ${brief(r.first.answer)}, ${r.conditions[0]}`);
    sliders.negative_slope.node.hidden = state.function !== "leaky_relu";
  }

  let scale = null;
  function drawCurve(r) {
    const [width, height] = CURVE, [left, right, top, bottom] = [34, 8, 20, 34], name = state.function;
    const [low, high] = HEIGHTS[name], [bend, slope] = BENDS[name], leak = state.negative_slope, ink = node.ink;
    const inner = [width - left - right, height - top - bottom];
    scale = { sum: (x) => ((x - left) / inner[0] - 0.5) * 2 * SPAN };
    const x = (sum) => left + (sum / SPAN / 2 + 0.5) * inner[0], y = (v) => top + (1 - (v - low) / (high - low)) * inner[1];
    const pen = curve.begin();
    Object.assign(pen, { font: "12px system-ui, sans-serif", textBaseline: "middle", strokeStyle: "#8888", fillStyle: ink, lineWidth: 1 });
    const write = (words, a, b, textAlign = "center") => { pen.textAlign = textAlign; pen.fillText(words, a, b); };
    const stroke = (points) => { pen.beginPath(); points.forEach(([a, b]) => pen.lineTo(a, b)); pen.stroke(); };
    const sums = Array.from({ length: inner[0] + 1 }, (_, i) => scale.sum(left + i));

    // where a unit cannot learn
    let from = 0;
    const what = sums.map((sum) => condition(slope(sum, leak), name, fixed));
    for (let i = 1; i <= sums.length; i++) {
      if (what[i] === what[from]) continue;
      if (SHADES[what[from]]) {
        pen.fillStyle = SHADES[what[from]];
        pen.fillRect(left + from, top, i - from, inner[1]);
        pen.fillStyle = ink;
        write(what[from], left + (from + i) / 2, top - 9);
      }
      from = i;
    }
    for (const v of [-1, 0, 1, 2, 3, 4]) {
      if (v < low || v > high) continue;
      stroke([[left, y(v)], [width - right, y(v)]]);
      write(v, left - 6, y(v), "right");
    }
    for (let sum = -SPAN; sum <= SPAN; sum += 4) write(sum, x(sum), height - bottom + 11);
    write("weighted sum", left + inner[0] / 2, height - 7);

    pen.save();
    pen.beginPath();
    pen.rect(left, top, ...inner);
    pen.clip();
    Object.assign(pen, { lineWidth: 2, strokeStyle: ink });
    pen.setLineDash([5, 4]);
    stroke(sums.map((sum) => [x(sum), y(slope(sum, leak))]));
    pen.setLineDash([]);
    Object.assign(pen, { lineWidth: 3.5, strokeStyle: LOOKS[name][0] });
    stroke(sums.map((sum) => [x(sum), y(bend(sum, leak))]));
    pen.restore();

    const place = ({ sum, answer }) => [x(Math.max(-SPAN, Math.min(SPAN, sum))), y(Math.max(low, Math.min(high, answer)))];
    for (const unit of r.units.slice(1)) {
      pen.fillStyle = LOOKS[name][0];
      pen.beginPath();
      pen.arc(...place(unit), 4, 0, 2 * Math.PI);
      pen.fill();
    }
    const [a, b] = place(r.first);
    if (Math.abs(r.first.sum) <= SPAN && r.first.answer <= high) {
      const run = 1.6, rise = run * r.first.slope;  // the tangent
      Object.assign(pen, { lineWidth: 2, strokeStyle: ink });
      stroke([[x(r.first.sum - run), y(r.first.answer - rise)], [x(r.first.sum + run), y(r.first.answer + rise)]]);
    }
    frame(pen, a - 5, b - 5, 10, 10);
  }

  // Powers of ten down, units across: what each function leaves of a nudge; below, the chosen one's answers and slopes.
  function drawChain(r) {
    const width = Math.max(220, room.now()), n = r.units.length, cell = (width - LEFT - 8) / n, ink = node.ink;
    const height = CHART + 2 * (STRIP + 6), top = 10, bottom = CHART - 26;
    picture.resize(width, height);
    const pen = picture.begin(), x = (i) => LEFT + (i + 0.5) * cell;
    const logs = Object.values(r.chains).flat().filter(({ left }) => left > 0).map(({ left }) => Math.log10(left));
    const high = Math.ceil(Math.max(0, ...logs) - 1e-9), low = Math.min(high - 1, Math.floor(Math.min(0, ...logs) + 1e-9));
    const y = (left) => (left > 0 ? top + ((high - Math.log10(left)) / (high - low)) * (bottom - 14 - top) : bottom);
    Object.assign(pen, { font: "12px system-ui, sans-serif", textBaseline: "middle", textAlign: "right", lineWidth: 1, strokeStyle: "#8888", fillStyle: ink });
    const level = (words, at) => {
      pen.beginPath();
      pen.moveTo(LEFT, at);
      pen.lineTo(LEFT + n * cell, at);
      pen.stroke();
      pen.fillText(words, LEFT - 6, at);
    };
    const step = Math.ceil((high - low) / 5);
    for (let power = high; power >= low; power -= step) level(Math.abs(power) < 3 ? String(Number(`1e${power}`)) : `1e${power}`, y(10 ** power));
    level("0", bottom);
    pen.textAlign = "center";
    for (let i = 0; i < n; i += cell < 20 ? 5 : 1) pen.fillText(cell < 20 && i ? i : i + 1, x(cell < 20 && i ? i - 1 : i), CHART - 12);
    const names = Object.keys(r.chains).filter((name) => name !== state.function).reverse();  // equal lines: dots over dashes
    for (const name of [...names, state.function]) {
      const [strokeStyle, dash] = LOOKS[name];
      Object.assign(pen, { strokeStyle, fillStyle: strokeStyle, lineWidth: name === state.function ? 4 : 2 });
      pen.setLineDash(dash);
      pen.beginPath();
      r.chains[name].forEach(({ left }, i) => pen.lineTo(x(i), y(left)));
      pen.stroke();
      pen.setLineDash([]);
      if (name !== state.function) continue;
      for (const [i, { left }] of r.chains[name].entries()) {
        pen.beginPath();
        pen.arc(x(i), y(left), 4.5, 0, 2 * Math.PI);
        pen.fill();
      }
    }
    const strips = [["answers", r.units.map((u) => u.answer)], ["slopes", r.units.map((u) => u.slope)]];
    strips.forEach(([words, numbers], row) => {
      const at = CHART + row * (STRIP + 6), tall = Math.min(cell, STRIP), reach = Math.max(...numbers.map(Math.abs), 1e-9);
      Object.assign(pen, { fillStyle: ink, textAlign: "right", font: "12px system-ui, sans-serif" });
      pen.fillText(words, LEFT - 6, at + tall / 2);
      const color = signedScale(1.6 * reach);
      numbers.forEach((v, i) => drawCells(pen, [v], 1, 1, tall, color, x(i) - tall / 2, at));
    });
    picture.node.ariaLabel = Object.entries(r.chains)
      .map(([name, units]) => `${fixed.functions[name]}: ${units.map(({ left }) => text(left)).join(", ")}`).join("; ");
  }

  function drawWords(r) {
    const { function: name, x, weight, bias, units } = state, label = fixed.functions[name];
    equation.textContent = `${label}(${number(weight)} · ${number(x)} ${bias < 0 ? "−" : "+"} ${number(Math.abs(bias))}) `
      + `= ${label}(${number(r.first.sum)}) = ${brief(r.first.answer)}`;
    const why = { live: "live: a nudge to the sum gets through", dead: "dead: its slope is 0, it cannot learn",
      saturated: "saturated: less than 1% of the steepest slope" }[r.conditions[0]];
    const words = `The unit is ${why}.`;
    if (said.textContent !== words) said.textContent = words;
    said.className = `said ${r.conditions[0]}`;
    curveTitle.textContent = `${label} and its slope (dashed)`;
    chainTitle.textContent = `Left of a nudge after each of ${units} unit${units > 1 ? "s" : ""}`;
    heads[3].textContent = `Left of a nudge after ${units}`;
    for (const [key, { cells, row }] of Object.entries(rows)) {
      row.className = key === name ? "chosen" : "";
      const { answer, slope } = r.chains[key][0];
      [brief(answer), text(slope), text(r.chains[key].at(-1).left)].forEach((words, i) => { cells[i].textContent = words; });
    }
    line.textContent = pytorch(state);
  }

  const room = watchWidth(wide, () => drawChain(shown));
  draw();
  hear(state, model.get("error") ?? "");
  return () => {
    room.forget();
    python.forget();
    forget();
  };
}

export default { render };
