import { brief, compute, pytorch, sentence } from "./activation.js";
import { CURVE, LOOKS, drawChain, drawCurve, sumAt } from "./activation_pictures.js";
import { board, pointed } from "./canvas.js";
import { choice, make, mark, say, slider } from "./controls.js";
import { begin, watchWidth } from "./kit.js";
import { number, text } from "./numbers.js";

const NAMES = ["function", "x", "weight", "bias", "units", "negative_slope"];
const SLIDERS = [["weight", "Weight"], ["bias", "Bias"], ["negative_slope", "Leaky slope"], ["units", "Units in a row"], ["x", "Input"]];

const CSS = `
.cnnlab label.wide { grid-column: 1 / -1; max-width: 430px; }
.cnnlab .bends { margin-top: 14px; overflow-wrap: anywhere; }
.cnnlab figure.curve { flex: 1 1 ${CURVE[0]}px; max-width: ${CURVE[0]}px; }
.cnnlab figure.chain { flex: 2 1 330px; max-width: 640px; }
.cnnlab .formula { font-size: 16px; font-weight: 600; margin: 0 0 4px; font-variant-numeric: tabular-nums; }
.cnnlab .said.dead, .cnnlab .said.saturated { text-decoration: underline; text-decoration-thickness: 3px; }
.cnnlab .said.dead { text-decoration-color: #d63c3c; }
.cnnlab .said.saturated { text-decoration-color: #888; }
.cnnlab .bends table { width: 100%; max-width: 560px; }
.cnnlab .bends tr.chosen > * { font-weight: 700; }
.cnnlab .bends code { white-space: pre-wrap; }
`;

function render({ model, el }) {
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw }), { node, fixed, error } = my;

  function moveTo(x) {
    const [low, high] = fixed.grids.x;
    if (Number.isFinite(x)) my.update({ x: Math.round(10 * Math.max(low, Math.min(high, x))) / 10 });
  }

  // ---- the parts

  const chooser = choice("Function", "function", Object.entries(fixed.functions), my.set("function"));
  const sliders = Object.fromEntries(SLIDERS.map(([name, label]) => [name, slider(label, name, (v) => my.update({ [name]: v }), my.tell)]));
  for (const [name, [, , step]] of Object.entries(fixed.grids)) sliders[name].range.step = step;
  sliders.x.node.className = "wide";
  const equation = make("p", { className: "formula" });
  const said = make("p", { role: "status" });
  const curve = board(CURVE[0], { tabIndex: 0, ariaLabel: "curve" }, CURVE[1]), curveTitle = make("figcaption");
  const chain = board(400, {}), chainTitle = make("figcaption");
  const wide = make("figure", { className: "chain" }, chainTitle, chain.node);
  const rows = Object.fromEntries(Object.entries(fixed.functions).map(([name, label]) => {
    const cells = ["answer", "slope", "left"].map((part) => make("td", { className: part }));
    return [name, { cells, row: make("tr", {}, make("th", { scope: "row" }, mark(...LOOKS[name]), label), ...cells) }];
  }));
  const heads = ["", "Answer of one", "Slope there", ""].map((words, i) => make(i ? "th" : "td", { scope: "col" }, words));
  const line = make("code"), room = watchWidth(wide, draw);
  pointed(curve, (x) => moveTo((sumAt(x) - my.state.bias) / my.state.weight),  // the input whose weighted sum is nearest
    (right, down) => moveTo(my.state.x + 0.1 * (right - down)), my.tell);
  node.append(
    make("fieldset", { ariaLabel: "settings" }, chooser.node, ...Object.values(sliders).map((control) => control.node)),
    error, equation, said,
    make("div", { className: "panels" }, make("figure", { className: "curve" }, curveTitle, curve.node), wide),
    make("div", { className: "bends" },
      make("table", { className: "values" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...Object.values(rows).map((r) => r.row))),
      make("p", {}, "In PyTorch: ", line)),
  );

  // ---- from the state to the page

  function draw() {
    const r = compute(my.state, fixed);
    drawControls(r);
    drawCurve(curve, my.state, fixed, r, node.ink);
    drawChain(chain, my.state, fixed, r, node.ink, Math.max(220, room.now()));
    drawWords(r);
    curve.node.ariaDescription = node.dataset.sentence = sentence(my.state, fixed, r);
  }

  function drawControls(r) {
    chooser.show(my.state.function, () => null);
    const limits = { ...fixed.grids, units: fixed.units };
    for (const [name, control] of Object.entries(sliders)) control.show(my.state[name], limits[name][0], limits[name][1]);
    sliders.x.range.setAttribute("aria-valuetext", `${number(my.state.x)}, answer ${brief(r.first.answer)}, ${r.conditions[0]}`);
    sliders.negative_slope.node.hidden = my.state.function !== "leaky_relu";
  }

  function drawWords(r) {
    const { function: name, x, weight, bias, units } = my.state, label = fixed.functions[name];
    equation.textContent = `${label}(${number(weight)} · ${number(x)} ${bias < 0 ? "−" : "+"} ${number(Math.abs(bias))}) `
      + `= ${label}(${number(r.first.sum)}) = ${brief(r.first.answer)}`;
    const why = { live: "live: a nudge to the sum gets through", dead: "dead: its slope is 0, it cannot learn",
      saturated: "saturated: less than 1% of the steepest slope" }[r.conditions[0]];
    say(said, `The unit is ${why}.`);
    said.className = `said ${r.conditions[0]}`;
    curveTitle.textContent = `${label} and its slope (dashed)`;
    chainTitle.textContent = `Left of a nudge after each of ${units} unit${units > 1 ? "s" : ""}`;
    heads[3].textContent = `Left of a nudge after ${units}`;
    for (const [key, { cells, row }] of Object.entries(rows)) {
      row.className = key === name ? "chosen" : "";
      const { answer, slope } = r.chains[key][0];
      [brief(answer), text(slope), text(r.chains[key].at(-1).left)].forEach((words, i) => { cells[i].textContent = words; });
    }
    line.textContent = pytorch(my.state);
  }

  return my.live(room);
}

export default { render };
