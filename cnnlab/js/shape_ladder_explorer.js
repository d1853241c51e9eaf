import { board } from "./canvas.js";
import { button, choice, make, say, slider } from "./controls.js";
import { begin } from "./kit.js";
import { commas } from "./numbers.js";
import { WINDOW, arithmetic, called, compute, label, problem, program, pytorch, sentence, times, titled } from "./shape_ladder.js";

const NAMES = ["title", "layers", "channels", "size", "layer"];
const WIDTH = 170, TALL = 46, SLANT = 0.3;  // CSS pixels of a box's column, of the picture's height, of depth on the screen
const MOST = { size: 64, channels: 4, kernel_size: 11, stride: 4, padding: 5 };  // where a slider ends, unless the model has more
const FACES = ["#9ec9ea", "#c9e0f2", "#6fa8d3"];  // front, top, side

const CSS = `
.cnnlab figure.ladder { flex: 1 1 330px; min-width: min-content; max-width: 560px; }
.cnnlab .ladder table { border-collapse: collapse; table-layout: auto; width: 100%; margin: 0; font-size: 14px; }
.cnnlab .ladder tr, .cnnlab .ladder tbody tr:nth-child(n), .cnnlab .ladder tbody tr:hover { background: none; }
.cnnlab .ladder th, .cnnlab .ladder td { padding: 3px 6px; text-align: right; border: 0; border-bottom: 1px solid #8885; vertical-align: middle;
  font-weight: 400; white-space: normal; font-variant-numeric: tabular-nums; }
.cnnlab .ladder th:first-child { text-align: left; width: 45%; }
.cnnlab .ladder thead th { font-weight: 600; vertical-align: bottom; }
.cnnlab .ladder tbody th span { opacity: 0.75; }
.cnnlab .ladder tbody tr.chosen { outline: 2.5px solid #ff9d00; outline-offset: -2px; }
.cnnlab .ladder tbody tr.broken th, .cnnlab .ladder tbody tr.broken td { background: #b2182b; color: #fff; }
.cnnlab .ladder tbody tr.above { opacity: 0.65; }
.cnnlab .ladder tbody tr.above th span { opacity: 1; }
.cnnlab .rung { flex: 1 1 300px; min-width: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.cnnlab .said.fault { border-left: 5px solid #b2182b; padding-left: 8px; }
@media (max-width: 520px) {
  .cnnlab figure.ladder { min-width: 0; overflow-x: auto; }
  .cnnlab .ladder table { font-size: 13px; }
  .cnnlab .ladder th, .cnnlab .ladder td { padding: 4px 2px; height: 24px; }
  .cnnlab .ladder th { overflow-wrap: anywhere; }
  .cnnlab .ladder td { white-space: nowrap; }
  .cnnlab .ladder th:first-child { width: auto; }
  .cnnlab .ladder canvas { max-width: 64px; }
}
`;

function render({ model, el }) {
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw }), { node, fixed, error } = my, { built } = fixed;
  let shown = null, rows = [], refused = null;

  // ---- from a control to the state

  function update(changes) {
    refused = problem({ ...my.state, ...changes });
    my.update(refused ? {} : changes);
    refused = null;
  }

  const change = (i, options) => update({ layers: my.state.layers.map((layer, j) => (i === j ? { ...layer, ...options } : layer)) });

  function cure() {
    change(shown.broken, shown.cure);
    my.tell();
    sliders.size.range.focus();  // the button is gone
  }

  function reset() {
    update(built);
    my.tell();
  }

  // ---- the parts

  const plain = (text, name) => slider(text, name, (value) => update({ [name]: value }), my.tell);
  const sliders = { size: plain("Picture size", "size"), channels: plain("Channels", "channels") };
  const windows = Object.fromEntries(["Kernel size", "Stride", "Padding"].map((text, i) =>
    [WINDOW[i], slider(text, WINDOW[i], (value) => change(my.state.layer, { [WINDOW[i]]: [value, value] }), my.tell)]));
  const said = make("p", { role: "status", className: "said" });
  const cured = button("", cure, { className: "cure" }), again = button("As it was built", reset);
  const body = make("tbody"), foot = make("tfoot"), numbers = make("div", { className: "numbers" }), line = make("code"), code = make("pre", { className: "code" });
  const heads = ["Layer, and what it gives", "Shape", "Para\u00admeters", "Multiply-adds"].map((text) => make("th", { scope: "col" }, text));
  const chosen = make("span"), title = make("figcaption");
  let choices = null;
  node.append(
    make("fieldset", { ariaLabel: "settings" }, ...Object.values(sliders).map((c) => c.node), chosen, ...Object.values(windows).map((c) => c.node)),
    said,
    error,
    make("div", { className: "buttons" }, cured, again),
    make("div", { className: "panels" },
      make("figure", { className: "ladder" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body, foot)),
      make("div", { className: "rung" }, title, numbers, make("p", {}, "In PyTorch: ", line), code)),
  );

  // A row for the picture and one for each layer: made for a model, and only filled otherwise.
  function layRows() {
    const options = my.state.layers.flatMap((layer, i) => (fixed.keeps.includes(layer.kind) ? [] : [[String(i), `${i} ${titled(layer, i)}`]]));
    choices = choice("Layer", "layer", options, (value) => { update({ layer: Number(value) }); my.tell(); });
    chosen.replaceChildren(choices.node);
    rows = [null, ...my.state.layers].map((layer, i) => {
      const name = make("span"), box = board(WIDTH, {}, 1), cells = [0, 1, 2].map(() => make("td"));
      const small = layer && fixed.keeps.includes(layer.kind);
      const head = make("th", { scope: "row" }, make("div", {}, layer ? `${layer.name} ` : "the picture", name), ...(small ? [] : [box.node]));
      const row = make("tr", {}, head, ...cells);
      if (layer && !small) row.addEventListener("click", () => { update({ layer: i - 1 }); my.tell(); });
      return { row, name, box, cells, small };
    });
    body.replaceChildren(...rows.map((r) => r.row));
  }

  // ---- from the state to the page

  function draw() {
    const r = shown = compute(my.state);
    if (rows.length !== my.state.layers.length + 1) layRows();
    const total = `It fits: ${commas(r.parameters)} parameters, ${commas(r.cost)} multiply-adds for one picture.`;
    const words = refused ? `Not possible: ${refused}.` : r.fault ? `${r.fault[0].toUpperCase()}${r.fault.slice(1)}` : total;
    say(said, words);
    said.classList.toggle("fault", Boolean(r.fault));
    cured.hidden = !r.cure;
    if (r.cure) cured.textContent = `Build ${called(my.state.layers[r.broken])} with ${Object.keys(r.cure)[0]}=${Object.values(r.cure)[0]}`;
    drawControls();
    drawLadder(r);
    drawRung(r);
    code.textContent = program(my.state);
    node.dataset.sentence = sentence(my.state, fixed, r);
  }

  function drawControls() {
    const layer = my.state.layers[my.state.layer];
    sliders.size.show(my.state.size, 1, Math.max(MOST.size, 2 * built.size, my.state.size));
    sliders.channels.show(my.state.channels, 1, Math.max(MOST.channels, built.channels, my.state.channels));
    choices.show(String(my.state.layer), () => null);
    for (const name of WINDOW) {
      windows[name].node.hidden = !layer.kernel_size;
      if (layer.kernel_size) windows[name].show(layer[name][0], name === "padding" ? 0 : 1, Math.max(MOST[name], layer[name][0]));
    }
  }

  // All boxes have one scale, that of the model as it was built, so that a change shows.
  function scales() {
    const { rungs } = compute(built), wide = rungs.filter((_, i) => built.layers[i].kind !== "Flatten").map((rung) => rung.out[0]);
    return { across: (WIDTH - SLANT * TALL - 8) / Math.max(built.channels, ...wide), up: TALL / built.size };
  }

  function drawLadder(r) {
    const scale = scales(), shapes = [[my.state.channels, my.state.size, my.state.size], ...r.rungs.map((rung) => rung.out)];
    const most = ["parameters", "cost"].map((part) => Math.max(1, ...r.rungs.map((rung) => rung[part])));
    rows.forEach(({ row, name, box, cells, small }, i) => {
      const rung = r.rungs[i - 1], shape = shapes[i], layer = my.state.layers[i - 1];
      row.className = !layer ? "" : i - 1 === r.broken ? "broken" : shape ? "" : "above";
      row.classList.toggle("chosen", i - 1 === my.state.layer);
      if (layer) name.textContent = label(layer);
      cells[0].textContent = shape ? times(shape) : i - 1 === r.broken ? `gets ${times(r.arrives)}` : "";
      ["parameters", "cost"].forEach((part, j) => {
        const value = rung?.[part], share = value ? (100 * value) / most[j] : 0;
        cells[j + 1].textContent = value ? commas(value) : "";
        cells[j + 1].style.background = share ? `linear-gradient(to left, rgba(47, 143, 216, 0.3) ${share}%, transparent ${share}%)` : "";
      });
      if (small) return;
      box.node.hidden = !shape;
      if (shape) drawBox(box, shape, scale);
      else box.node.ariaLabel = "no box: nothing comes out";
    });
    foot.replaceChildren(make("tr", {}, make("th", { scope: "row" }, r.fault ? "up to there" : "in all"), make("td"), make("td", {}, commas(r.parameters)), make("td", {}, commas(r.cost))));
  }

  // A box as long as it has channels, as high and deep as the image; one that is too long is cut.
  function drawBox(box, shape, { across, up }) {
    const [c, h, w] = shape.length === 3 ? shape : [shape.at(-1), 1, 1], depth = Math.max(1.5, SLANT * w * up), high = Math.max(3, h * up);
    const room = WIDTH - depth - 3, cut = c * across > room, long = cut ? room : Math.max(2, c * across);
    box.resize(WIDTH, Math.ceil(high + depth) + 3);
    const pen = box.begin(), [x, y] = [1, 1 + depth];
    Object.assign(pen, { strokeStyle: "#456", lineWidth: 1, lineJoin: "round" });
    const faces = [
      [[x, y], [x + long, y], [x + long, y + high], [x, y + high]],
      [[x, y], [x + depth, y - depth], [x + long + depth, y - depth], [x + long, y]],
      [[x + long, y], [x + long + depth, y - depth], [x + long + depth, y - depth + high], [x + long, y + high]],
    ];
    faces.forEach((corners, i) => {
      pen.fillStyle = FACES[i];
      pen.beginPath();
      for (const [px, py] of corners) pen.lineTo(px, py);
      pen.closePath();
      pen.fill();
      pen.stroke();
    });
    if (cut) pen.clearRect(x + long * 0.7, 0, 6, y + high + 2);
    box.node.ariaLabel = `a box of ${times(shape)}${cut ? ", too long to be drawn whole" : ""}`;
  }

  function drawRung(r) {
    const layer = my.state.layers[my.state.layer], rung = r.rungs[my.state.layer];
    title.textContent = `Layer ${my.state.layer}: ${titled(layer, my.state.layer)}`;
    const lines = rung ? [`${times(rung.in)} becomes ${times(rung.out)}`, ...arithmetic(layer, rung)] : ["Nothing arrives that it can read."];
    numbers.replaceChildren(...lines.map((text) => make("p", {}, text)));
    line.textContent = pytorch(layer);
  }

  return my.live();
}

export default { render };
