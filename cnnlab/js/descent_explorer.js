import { board, choice, frame, make, number, root, slider, tick, traits } from "./kit.js";
import { compute, digits, level, loss, outcome, place, pytorch, rate, sentence } from "./descent.js";

const NAMES = ["landscape", "learning_rate", "momentum", "steps", "zero_grad", "start"];
const LAND = [400, 280], CHART = [330, 280], MARGIN = [46, 8, 22, 34];  // left, right, top, bottom
const PATH = "#e0662f", SLOPE = "#2f8fd8", GREY = "rgba(128, 128, 128, 0.9)";
const LINES = 10;  // places of equal loss

const CSS = `
.cnnlab fieldset.descent { grid-template-columns: repeat(auto-fill, minmax(min(150px, 100%), 1fr)); }
.cnnlab figure.land { flex: 1 1 330px; max-width: ${LAND[0]}px; }
.cnnlab figure.chart { flex: 1 1 280px; max-width: ${CHART[0]}px; }
.cnnlab .arithmetic { flex: 1 1 300px; min-width: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.cnnlab .arithmetic p { margin: 0 0 4px; }
.cnnlab label.tick { align-self: end; min-height: 28px; }
.cnnlab pre.code { margin: 12px 0 0; white-space: pre-wrap; font: 14px/1.4 var(--jp-code-font-family, ui-monospace, monospace); background: none; color: inherit; }
`;

function render({ model, el }) {
  const fixed = model.get("fixed");
  const [node, forget] = root(el, CSS, () => { drawLand(shown); drawChart(shown); });
  const python = traits(model, NAMES, hear);
  let state = python.read(), shown = null, map = null;

  // ---- from a control to the state, and on to Python when it is let go

  function update(changes) {
    state = { ...state, ...changes };
    draw();
  }

  const tell = () => python.tell(state);

  function hear(heard, message) {
    error.textContent = message;
    if (heard.start.length !== fixed.landscapes[heard.landscape].low.length) return;  // half of a change
    state = heard;
    draw();
  }

  // The start that lies nearest to some weights: on the landscape, where the sliders can stand.
  function from(weights) {
    const { low, high } = fixed.landscapes[state.landscape], step = fixed.grids.start[2];
    const stop = (w, i) => Math.round(Math.round(Math.max(low[i], Math.min(high[i], w)) / step) * step * 1000) / 1000;
    update({ start: state.start.map((_, i) => stop(weights[i], i)) });
  }

  function chooseLand(landscape) {
    const { low, high, start } = fixed.landscapes[landscape];
    const fits = state.start.length === low.length && state.start.every((w, i) => low[i] <= w && w <= high[i]);
    update({ landscape, start: fits ? state.start : start });
    tell();
  }

  function press(event) {
    const [x, y] = land.at(event);
    from([map.w(x), map.v(y)]);
  }

  function arrow(event) {
    const [right, up] = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key] ?? [0, 0];
    if (!right && !up) return;
    event.preventDefault();
    const step = fixed.grids.start[2];
    from([state.start[0] + right * step, state.start[1] + up * step]);
    tell();
  }

  // ---- the parts

  const lands = Object.entries(fixed.landscapes).map(([name, { label }]) => [name, label]);
  const choices = choice("Loss", "landscape", lands, chooseLand);
  const plain = (label, name) => slider(label, name, (value) => update({ [name]: value }), tell);
  const sliders = { learning_rate: plain("Learning rate", "learning_rate"), momentum: plain("Momentum", "momentum"), steps: plain("Steps", "steps") };
  const starts = ["Start w", "Start w[1]"].map((label, i) =>
    slider(label, `start-${i}`, (value) => update({ start: state.start.map((w, j) => (i === j ? value : w)) }), tell));
  for (const name of ["learning_rate", "momentum"]) sliders[name].range.step = fixed.grids[name][2];
  for (const { range } of starts) range.step = fixed.grids.start[2];
  const forgotten = tick("Forget zero_grad", "zero_grad", (value) => { update({ zero_grad: !value }); tell(); });
  const said = make("p", { role: "status", className: "said" }), error = make("p", { role: "alert" });
  const land = board(LAND[0], { tabIndex: 0 }, LAND[1]), chart = board(CHART[0], {}, CHART[1]);
  const titles = [make("figcaption"), make("figcaption", {}, "Loss by step")];
  const lines = ["step", "slope", "grad", "velocity", "weight", "factor", "gray"].map((name) => make("p", { className: name }));
  const code = make("pre", { className: "code" });
  land.node.style.touchAction = "pan-y";
  land.node.addEventListener("pointerdown", (event) => { land.node.setPointerCapture(event.pointerId); press(event); });
  land.node.addEventListener("pointermove", (event) => { if (event.buttons) press(event); });
  land.node.addEventListener("pointerup", tell);
  land.node.addEventListener("keydown", arrow);
  node.append(
    make("fieldset", { className: "descent", ariaLabel: "settings" }, choices.node, ...[...Object.values(sliders), ...starts, forgotten].map((c) => c.node)),
    said,
    error,
    make("div", { className: "panels" },
      make("figure", { className: "land" }, titles[0], land.node),
      make("figure", { className: "chart" }, titles[1], chart.node),
      make("div", { className: "arithmetic" }, ...lines)),
    code,
  );

  // ---- from the state to the page

  function draw() {
    const r = shown = compute(state, fixed);
    drawControls();
    drawLand(r);
    drawChart(r);
    drawWords(r);
    land.node.ariaLabel = node.dataset.sentence = sentence(state, fixed, r);
  }

  function drawControls() {
    const { low, high } = fixed.landscapes[state.landscape];
    choices.show(state.landscape, () => null);
    for (const name of ["learning_rate", "momentum"]) sliders[name].show(state[name], ...fixed.grids[name]);
    sliders.steps.show(state.steps, ...fixed.steps);
    starts[0].node.querySelector("span").firstChild.data = low.length > 1 ? "Start w[0]" : "Start w";
    starts.forEach((control, i) => {
      control.node.hidden = i >= low.length;
      if (i < low.length) control.show(state.start[i], low[i], high[i]);
    });
    forgotten.show(!state.zero_grad);
  }

  // A pen inside margins with two axes, and the way from values to pixels.
  function axes(canvas, [width, height], [x0, x1], [y0, y1], xs, ys) {
    const [left, right, top, bottom] = MARGIN, pen = canvas.begin();
    const x = (v) => left + ((v - x0) / (x1 - x0)) * (width - left - right);
    const y = (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - top - bottom);
    Object.assign(pen, { font: "12px system-ui, sans-serif", fillStyle: node.ink, strokeStyle: GREY, lineWidth: 1 });
    pen.strokeRect(left + 0.5, top + 0.5, width - left - right, height - top - bottom);
    pen.textAlign = "center";
    for (const [v, text] of xs) pen.fillText(text, x(v), height - bottom + 15);
    pen.textAlign = "right";
    for (const [v, text] of ys) pen.fillText(text, left - 5, y(v) + 4);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width - left - right, height - top - bottom);
    pen.clip();
    return { pen, x, y, name(word, across) {
      pen.restore();
      Object.assign(pen, { fillStyle: node.ink, textAlign: "right" });
      pen.fillText(across, width - right, height - 4);
      pen.textAlign = "left";
      pen.fillText(word, 4, top - 8);
    } };
  }

  // Dots joined by lines.
  function trail(pen, points, color, radius, dash = []) {
    Object.assign(pen, { strokeStyle: color, fillStyle: color, lineWidth: 1.5 });
    pen.setLineDash(dash);
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(x, y);
    pen.stroke();
    pen.setLineDash([]);
    for (const [x, y] of points) {
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  const ticks = (low, high) => Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => [Math.ceil(low) + i, String(Math.ceil(low) + i)]);
  const bounded = (v) => Math.max(-1e4, Math.min(1e4, v));  // canvas coordinates far outside are of no use

  function drawLand(r) {
    const { low, high, coefficients } = fixed.landscapes[state.landscape], two = low.length === 2;
    const here = fixed.landscapes[state.landscape], curve = [];
    for (let i = 0; !two && i <= 200; i++) {
      const w = low[0] + ((high[0] - low[0]) * i) / 200;
      curve.push([w, loss(here, [w]).value]);
    }
    const top = two ? high[1] : Math.max(...curve.map(([, value]) => value));
    const span = two ? [low[1], top] : [-0.03 * top, top], unit = top > 10 ? 10 : 1;
    const ys = two ? ticks(...span) : ticks(0, top / unit).map(([v, text]) => [v * unit, String(text * unit)]);
    const { pen, x, y, name } = axes(land, LAND, [low[0], high[0]], span, ticks(low[0], high[0]), ys);
    map = { w: (px) => low[0] + ((px - x(low[0])) / (x(high[0]) - x(low[0]))) * (high[0] - low[0]),
      v: (py) => span[0] + ((py - y(span[0])) / (y(span[1]) - y(span[0]))) * (span[1] - span[0]) };
    const points = (walk) => walk.weights.map((w, t) => [bounded(x(w[0])), bounded(y(two ? w[1] : walk.losses[t]))]);
    if (two) drawLevels(pen, x, y, coefficients, loss(here, high).value);
    else {
      Object.assign(pen, { strokeStyle: node.ink, lineWidth: 2 });
      pen.beginPath();
      for (const [w, value] of curve) pen.lineTo(x(w), y(value));
      pen.stroke();
    }
    if (r.plain) trail(pen, points(r.plain), GREY, 2, [4, 3]);
    if (!two) drawTangent(pen, x, y, r.weights.at(-1)[0], here);
    const way = points(r), [px, py] = way.at(-1);
    trail(pen, way, PATH, 3);
    frame(pen, px - 7, py - 7, 14, 14, 2);
    const outside = r.weights.at(-1).some((w, i) => w < low[i] || w > high[i]);
    name(two ? "w[1]" : "loss", two ? "w[0]" : "w");
    titles[0].textContent = outside ? "The walk has left the picture" : two ? "Rings join places of equal loss" : `loss = ${here.formula}`;
  }

  // Of a quadratic, places of equal loss are ellipses.
  function drawLevels(pen, x, y, coefficients, most) {
    const [a, b] = coefficients.map((c) => c[2]);
    Object.assign(pen, { strokeStyle: GREY, lineWidth: 1, fillStyle: "rgba(47, 143, 216, 0.07)" });
    for (let k = LINES; k > 0; k--) {
      const level = most * (k / LINES) ** 2;
      pen.beginPath();
      pen.ellipse(x(0), y(0), x(Math.sqrt(level / a)) - x(0), y(0) - y(Math.sqrt(level / b)), 0, 0, 2 * Math.PI);
      pen.fill();
      pen.stroke();
    }
  }

  function drawTangent(pen, x, y, w, here) {
    const { value, slopes } = loss(here, [w]), reach = 0.4;
    Object.assign(pen, { strokeStyle: SLOPE, lineWidth: 2.5 });
    pen.beginPath();
    for (const d of [-reach, reach]) pen.lineTo(bounded(x(w + d)), bounded(y(value + d * slopes[0])));
    pen.stroke();
  }

  function drawChart(r) {
    const log = (value) => Math.log10(Math.max(value, 1e-9)), all = [...r.losses, ...(r.plain?.losses ?? [])].map(log);
    const low = Math.floor(Math.min(...all)), high = Math.max(low + 1, Math.ceil(Math.max(...all))), last = Math.max(1, state.steps);
    const every = Math.ceil((high - low) / 7), ys = [];
    for (let k = high; k >= low; k -= every) ys.push([k, k < -3 || k > 4 ? `1e${k}` : String(10 ** k).slice(0, 6)]);
    const stride = [1, 2, 5, 10, 20].find((n) => last / n <= 6);
    const xs = Array.from({ length: Math.floor(last / stride) + 1 }, (_, i) => [i * stride, String(i * stride)]);
    const { pen, x, y, name } = axes(chart, CHART, [-last / 40, last * 1.025], [low - 0.1, high + 0.1], xs, ys);
    const points = (walk) => walk.losses.map((value, t) => [x(t), y(log(value))]);
    if (r.plain) trail(pen, points(r.plain), GREY, 1.5, [4, 3]);
    trail(pen, points(r), PATH, last > 40 ? 2 : 3);
    name("loss", "step");
    chart.node.ariaLabel = `Loss by step: from ${level(r.losses[0])} to ${level(r.losses.at(-1))}, at least ${level(Math.min(...r.losses))}`;
  }

  function drawWords(r) {
    const t = r.taken - 1, eta = rate(state.learning_rate), words = outcome(r, fixed), beta = number(state.momentum);
    const text = `${words[0].toUpperCase()}${words.slice(1)}.`;
    if (said.textContent !== text) said.textContent = text;
    const at = (row) => place(row, digits).replace(/^-.*/, "($&)"), old = (rows) => (t > 0 ? rows[t - 1] : r.weights[0].map(() => 0));
    const velocity = state.momentum ? "velocity" : ".grad";
    const written = t < 0 ? ["No step yet: move Steps."] : [
      `Step ${r.taken}, from w = ${place(r.weights[t], digits)}:`,
      `slope = ${place(r.slopes[t], digits)}`,
      state.zero_grad ? `.grad = ${place(r.grads[t], digits)}` : `.grad = ${at(old(r.grads))} left over + ${at(r.slopes[t])} = ${place(r.grads[t], digits)}`,
      state.momentum ? `velocity = ${beta} · ${at(old(r.velocities))} + ${at(r.grads[t])} = ${place(r.velocities[t], digits)}` : "",
      `w − ${eta} · ${velocity} = ${at(r.weights[t])} − ${eta} · ${at(r.velocities[t])} = ${place(r.weights[t + 1], digits)}`,
    ];
    const one = (c, i) => `${r.curvatures.length > 1 ? `w[${i}]: ` : ""}1 − ${eta} · ${c} = ${digits(1 - state.learning_rate * c)}`;
    written[5] = r.curvatures ? `Each step multiplies the distance to the bottom by ${r.curvatures.map(one).join("; ")}.` : "";
    written[6] = r.plain ? "Gray: the same learning rate without momentum, with zero_grad." : "";
    lines.forEach((line, i) => {
      line.textContent = written[i] ?? "";
      line.hidden = !written[i];
    });
    code.textContent = pytorch(state, fixed);
  }

  draw();
  hear(state, model.get("error") ?? "");
  return () => {
    python.forget();
    forget();
  };
}

export default { render };
