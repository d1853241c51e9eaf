import { board, choice, make, root, slider, text, tick, traits, watchWidth } from "./kit.js";
import { compute, findings, perLayer, pytorch, sentence, written } from "./depth.js";

const NAMES = ["depth", "init", "gain", "activation", "batch_norm", "skip"];
const HEIGHT = 330, MARGIN = [58, 102, 30, 44];  // CSS pixels; left, right, top, bottom
const LOOKS = { signal: ["#e0662f", []], gradient: ["#2f8fd8", [8, 4]] };
const ARROWS = { signal: "signal →", gradient: "← gradient" };

const CSS = `
.cnnlab fieldset.depth { grid-template-columns: repeat(auto-fill, minmax(min(138px, 100%), 1fr)); }
.cnnlab fieldset.depth label.tick { align-self: end; min-height: 28px; }
.cnnlab .mean { margin: 0 0 12px; }
.cnnlab figure.chain { flex: 3 1 380px; max-width: 680px; }
.cnnlab table.sizes { border-collapse: collapse; margin: 24px 0 0; flex: 1 1 240px; max-width: 340px; font-size: 14px; }
.cnnlab .sizes tr:nth-child(n) { background: none; }
.cnnlab .sizes th, .cnnlab .sizes td { padding: 4px 10px 4px 0; text-align: left !important; border: 0; border-bottom: 1px solid #8888;
  font-weight: 400; font-variant-numeric: tabular-nums; }
.cnnlab .sizes th i { display: inline-block; width: 24px; margin-right: 6px; vertical-align: middle; }
.cnnlab pre.lines { margin: 12px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font: 14px/1.4 var(--jp-code-font-family, ui-monospace, monospace); background: none; color: inherit; }
`;

function render({ model, el }) {
  const fixed = model.get("fixed");
  const [node, forget] = root(el, CSS, () => drawChain(shown));
  const python = traits(model, NAMES, hear);
  let state = python.read(), shown = null;

  // ---- from a control to the state, and on to Python when it is let go

  function update(changes) {
    state = { ...state, ...changes };
    draw();
  }

  const tell = () => python.tell(state);
  const set = (name) => (value) => { update({ [name]: value }); tell(); };

  function hear(heard, message) {
    error.textContent = message;
    state = heard;
    draw();
  }

  // ---- the parts

  const depth = slider("Layers", "depth", (value) => update({ depth: value }), tell);
  const gain = slider("Weights times", "gain", (value) => update({ gain: value }), tell);
  gain.range.step = fixed.gains[2];
  const inits = Object.entries(fixed.inits).map(([name, [label]]) => [name, label]);
  const init = choice("Initialization", "init", inits, set("init"));
  const activation = choice("Activation", "activation", Object.entries(fixed.activations), set("activation"));
  const ticks = { batch_norm: tick("Batch norm", "batch_norm", set("batch_norm")), skip: tick("Skip connections", "skip", set("skip")) };
  const said = make("p", { role: "status", className: "said" }), error = make("p", { role: "alert" });
  const mean = make("p", { className: "mean" });
  const picture = board(500, {}, HEIGHT);
  const chain = make("figure", { className: "chain" }, make("figcaption", {}, "Signal on its way forward, gradient on its way back"), picture.node);
  const heads = Object.entries(LOOKS).map(([name, [color, dash]]) => {
    const mark = make("i");
    mark.style.borderTop = `3px ${dash.length ? "dashed" : "solid"} ${color}`;
    return make("th", { scope: "col" }, mark, name);
  });
  const rows = Array.from({ length: 3 }, () => {
    const head = make("th", { scope: "row" }), cells = Object.keys(LOOKS).map(() => make("td"));
    return { head, cells, row: make("tr", {}, head, ...cells) };
  });
  const code = make("pre", { className: "lines" });
  node.append(
    make("fieldset", { className: "depth", ariaLabel: "settings" },
      ...[depth, init, gain, activation, ticks.batch_norm, ticks.skip].map((control) => control.node)),
    said, error, mean,
    make("div", { className: "panels" }, chain, make("table", { className: "sizes" },
      make("thead", {}, make("tr", {}, make("td"), ...heads)), make("tbody", {}, ...rows.map(({ row }) => row)))),
    code,
    make("p", {}, `A convolution behaves like these dense layers: its channels · kernel · kernel inputs stand in the place of ${fixed.width}.`),
  );

  // ---- from the state to the page

  function draw() {
    const r = shown = compute(state, fixed);
    depth.show(state.depth, ...fixed.depths);
    gain.show(state.gain, fixed.gains[0], fixed.gains[1]);
    init.show(state.init, () => null);
    activation.show(state.activation, () => null);
    for (const [name, control] of Object.entries(ticks)) control.show(state[name]);
    drawChain(r);
    drawWords(r);
    picture.node.ariaLabel = node.dataset.sentence = sentence(state, fixed, r);
  }

  // Powers of ten up, layers across; where float32 ends, a row of its own for 0 below and for inf above.
  function drawChain(r) {
    const [left, right, top, bottom] = MARGIN, width = Math.max(260, room.now()), ink = node.ink;
    picture.resize(width, HEIGHT);
    const pen = picture.begin(), sizes = [...r.signal, ...r.gradient], last = state.depth;
    const logs = sizes.filter((size) => size > 0 && size < Infinity).map(Math.log10);
    const low = Math.min(-2, Math.floor(Math.min(...logs))), high = Math.max(2, Math.ceil(Math.max(...logs)));
    const floor = HEIGHT - bottom - (sizes.includes(0) ? 20 : 0), roof = top + (sizes.includes(Infinity) ? 20 : 0);
    const x = (layer) => left + (layer / last) * (width - left - right);
    const y = (size) => (size === 0 ? HEIGHT - bottom : size === Infinity ? top
      : floor - ((Math.log10(size) - low) / (high - low)) * (floor - roof));
    Object.assign(pen, { font: "13px system-ui, sans-serif", textBaseline: "middle", textAlign: "right", fillStyle: ink, lineWidth: 1 });

    const level = (words, at, strokeStyle = "rgba(128, 128, 128, 0.45)") => {
      pen.strokeStyle = strokeStyle;
      pen.beginPath();
      pen.moveTo(left, at);
      pen.lineTo(width - right, at);
      pen.stroke();
      pen.fillText(words, left - 7, at);
    };
    const every = Math.ceil((high - low) / 8);
    for (let power = 0; power <= high; power += every) level(text(Number(`1e${power}`)).replace(".0e", "e"), y(10 ** power));
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
      pen.beginPath();
      for (const point of points) pen.lineTo(...point);
      pen.stroke();
      pen.setLineDash([]);
      for (const point of points) {
        pen.beginPath();
        pen.arc(...point, last > 25 ? 2.5 : 4, 0, 2 * Math.PI);
        pen.fill();
      }
    }
    // the names at the ends of the lines, apart where these meet
    const end = y(r.signal[last]), start = Number.isNaN(r.gradient[last]) ? HEIGHT / 2 : y(1);
    const apart = Math.max(0, 18 - Math.abs(end - start)) / 2 * (end > start ? 1 : -1);
    pen.font = "600 13px system-ui, sans-serif";
    for (const [name, at] of [["signal", end + apart], ["gradient", start - apart]]) {
      pen.fillStyle = LOOKS[name][0];
      pen.fillText(name === "gradient" && Number.isNaN(r.gradient[0]) ? "no gradient" : ARROWS[name], width - right + 9, at);
    }
  }

  function drawWords(r) {
    const words = findings(r, fixed).map((words) => `${words[0].toUpperCase()}${words.slice(1)}.`).join(" ");
    if (said.textContent !== words) said.textContent = words;
    const means = ["signal", "gradient"].map((name, i) => [name, perLayer(r)[i]]).filter(([, factor]) => factor !== null);
    const each = means.map(([name, factor]) => `the ${name} by ${text(factor)}`).join(" and ");
    mean.textContent = each ? `On average, one layer multiplies ${each}.` : "";
    [0, Math.ceil(state.depth / 2), state.depth].forEach((layer, i) => {
      rows[i].head.textContent = layer ? `layer ${layer}` : "input";
      Object.keys(LOOKS).forEach((name, j) => { rows[i].cells[j].textContent = written(r[name][layer]); });
    });
    rows[1].row.hidden = state.depth === 1;
    code.textContent = pytorch(state, fixed);
  }

  const room = watchWidth(chain, () => drawChain(shown));
  draw();
  hear(state, model.get("error") ?? "");
  return () => {
    room.forget();
    python.forget();
    forget();
  };
}

export default { render };
