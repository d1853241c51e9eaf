import { board, dot, line } from "./canvas.js";
import { choice, make, mark, say, slider, tick } from "./controls.js";
import { compute, findings, perLayer, pytorch, sentence, written } from "./depth.js";
import { begin, watchWidth } from "./kit.js";
import { text } from "./numbers.js";

const NAMES = ["depth", "init", "gain", "activation", "batch_norm", "skip"];
const HEIGHT = 330, MARGIN = [58, 102, 30, 44];  // CSS pixels; left, right, top, bottom
const LOOKS = { signal: ["#e0662f", []], gradient: ["#2f8fd8", [8, 4]] };
const LABELS = { signal: "signal →", gradient: "← gradient" };

const CSS = `
.cnnlab fieldset.depth { grid-template-columns: repeat(auto-fill, minmax(min(148px, 100%), 1fr)); }
.cnnlab .mean { margin: 0 0 12px; }
.cnnlab figure.chain { flex: 3 1 380px; max-width: 680px; }
.cnnlab table.values { margin-top: 24px; flex: 1 1 240px; max-width: 340px; }
`;

function render({ model, el }) {
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw }), { node, fixed, error } = my;

  // ---- the parts

  const depth = slider("Layers", "depth", (depth) => my.update({ depth }), my.tell);
  const gain = slider("Weights times", "gain", (gain) => my.update({ gain }), my.tell);
  gain.range.step = fixed.gains[2];
  const inits = Object.entries(fixed.inits).map(([name, [label]]) => [name, label]);
  const init = choice("Initialization", "init", inits, my.set("init"));
  const activation = choice("Activation", "activation", Object.entries(fixed.activations), my.set("activation"));
  const ticks = { batch_norm: tick("Batch norm", "batch_norm", my.set("batch_norm")), skip: tick("Skip connections", "skip", my.set("skip")) };
  const said = make("p", { role: "status", className: "said" });
  const mean = make("p", { className: "mean" });
  const picture = board(500, {}, HEIGHT);
  const chain = make("figure", { className: "chain" }, make("figcaption", {}, "Signal on its way forward, gradient on its way back"), picture.node);
  const heads = Object.entries(LOOKS).map(([name, [color, dash]]) => make("th", { scope: "col" }, mark(color, dash), name));
  const rows = Array.from({ length: 3 }, () => {
    const head = make("th", { scope: "row" }), cells = Object.keys(LOOKS).map(() => make("td"));
    return { head, cells, row: make("tr", {}, head, ...cells) };
  });
  const code = make("pre"), room = watchWidth(chain, draw);
  node.append(
    make("fieldset", { className: "depth", ariaLabel: "settings" },
      ...[depth, init, gain, activation, ticks.batch_norm, ticks.skip].map((control) => control.node)),
    said, error, mean,
    make("div", { className: "panels" }, chain, make("table", { className: "values" },
      make("thead", {}, make("tr", {}, make("td"), ...heads)), make("tbody", {}, ...rows.map(({ row }) => row)))),
    code,
    make("p", {}, `A convolution behaves like these dense layers: its channels · kernel · kernel inputs stand in the place of ${fixed.width}.`),
  );

  // ---- from the state to the page

  function draw() {
    const r = compute(my.state, fixed);
    depth.show(my.state.depth, ...fixed.depths);
    gain.show(my.state.gain, fixed.gains[0], fixed.gains[1]);
    init.show(my.state.init, () => null);
    activation.show(my.state.activation, () => null);
    for (const [name, control] of Object.entries(ticks)) control.show(my.state[name]);
    drawChain(r);
    drawWords(r);
    picture.node.ariaLabel = node.dataset.sentence = sentence(my.state, fixed, r);
  }

  // Powers of ten up, layers across; where float32 ends, a row of its own for 0 below and for inf above.
  function drawChain(r) {
    const [left, right, top, bottom] = MARGIN, width = Math.max(260, room.now()), ink = node.ink;
    picture.resize(width, HEIGHT);
    const pen = picture.begin(), sizes = [...r.signal, ...r.gradient], last = my.state.depth;
    const logs = sizes.filter((size) => size > 0 && size < Infinity).map(Math.log10);
    const low = Math.min(-2, Math.floor(Math.min(...logs))), high = Math.max(2, Math.ceil(Math.max(...logs)));
    const floor = HEIGHT - bottom - (sizes.includes(0) ? 20 : 0), roof = top + (sizes.includes(Infinity) ? 20 : 0);
    const x = (layer) => left + (layer / last) * (width - left - right);
    const y = (size) => (size === 0 ? HEIGHT - bottom : size === Infinity ? top
      : floor - ((Math.log10(size) - low) / (high - low)) * (floor - roof));
    Object.assign(pen, { font: "13px system-ui, sans-serif", textBaseline: "middle", textAlign: "right", fillStyle: ink, lineWidth: 1 });

    const level = (words, at, strokeStyle = "rgba(128, 128, 128, 0.45)") => {
      pen.strokeStyle = strokeStyle;
      line(pen, [[left, at], [width - right, at]]);
      pen.fillText(words, left - 7, at);
    };
    const every = Math.ceil((high - low) / 8);
    for (let power = every; power <= high; power += every) level(text(Number(`1e${power}`)).replace(".0e", "e"), y(10 ** power));
    for (let power = -every; power >= low; power -= every) level(text(Number(`1e${power}`)).replace(".0e", "e"), y(10 ** power));
    level("1", y(1), ink);  // where both begin
    if (sizes.includes(0)) level("0", y(0));
    if (sizes.includes(Infinity)) level("inf", y(Infinity));
    const stride = [1, 2, 5, 10, 25].find((n) => last / n <= (width - left - right) / 30);
    pen.textAlign = "center";
    for (let layer = 0; layer <= last; layer += stride) pen.fillText(layer, x(layer), HEIGHT - bottom + 14);
    pen.fillText("layer (0 is the input)", (left + width - right) / 2, HEIGHT - 9);
    pen.textAlign = "left";
    pen.fillText("standard deviation", 4, 9);

    for (const [name, [color, dash]] of Object.entries(LOOKS)) {
      Object.assign(pen, { strokeStyle: color, fillStyle: color, lineWidth: 3 });
      const points = r[name].map((size, layer) => [x(layer), y(size)]).filter(([, at]) => !Number.isNaN(at));
      pen.setLineDash(dash);
      line(pen, points);
      pen.setLineDash([]);
      for (const point of points) dot(pen, point, last > 25 ? 2.5 : 4);
    }
    // the names at the ends of the lines, apart where these meet
    const end = y(r.signal[last]), start = Number.isNaN(r.gradient[last]) ? HEIGHT / 2 : y(1);
    const apart = Math.max(0, 18 - Math.abs(end - start)) / 2 * (end > start ? 1 : -1);
    Object.assign(pen, { font: "600 13px system-ui, sans-serif", fillStyle: ink });  // the lines' colors are too pale for words
    for (const [name, at] of [["signal", end + apart], ["gradient", start - apart]]) {
      pen.fillText(name === "gradient" && Number.isNaN(r.gradient[0]) ? "no gradient" : LABELS[name], width - right + 9, at);
    }
  }

  function drawWords(r) {
    const words = findings(r, fixed).map((words) => `${words[0].toUpperCase()}${words.slice(1)}.`).join(" ");
    say(said, words);
    const means = ["signal", "gradient"].map((name, i) => [name, perLayer(r)[i]]).filter(([, factor]) => factor !== null);
    const each = means.map(([name, factor]) => `the ${name} by ${text(factor)}`).join(" and ");
    mean.textContent = each ? `On average, one layer multiplies ${each}.` : "";
    [0, Math.ceil(my.state.depth / 2), my.state.depth].forEach((layer, i) => {
      rows[i].head.textContent = layer ? `layer ${layer}` : "input";
      Object.keys(LOOKS).forEach((name, j) => { rows[i].cells[j].textContent = written(r[name][layer]); });
    });
    rows[1].row.hidden = my.state.depth === 1;
    code.textContent = pytorch(my.state, fixed);
  }

  return my.live(room);
}

export default { render };
