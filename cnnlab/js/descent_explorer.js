import { board, pointed } from "./canvas.js";
import { choice, make, say, slider, tick } from "./controls.js";
import { beside, compute, digits, level, outcome, place, pytorch, rate, sentence } from "./descent.js";
import { CHART, LAND, drawChart, drawLand } from "./descent_pictures.js";
import { begin, watchWidth } from "./kit.js";
import { number } from "./numbers.js";

const NAMES = ["landscape", "learning_rate", "momentum", "steps", "zero_grad", "start"];

const CSS = `
.cnnlab fieldset.descent { grid-template-columns: repeat(auto-fill, minmax(min(150px, 100%), 1fr)); }
.cnnlab figure.land { flex: 1 1 330px; max-width: ${LAND[0]}px; }
.cnnlab figure.chart { flex: 1 1 280px; max-width: ${CHART[0]}px; }
.cnnlab .arithmetic { flex: 1 1 300px; min-width: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.cnnlab .arithmetic p { margin: 0 0 4px; }
`;

function render({ model, el }) {
  const whole = ({ start, landscape }) => start.length === my.fixed.landscapes[landscape].low.length;
  const take = (heard) => (whole(heard) ? heard : null);  // half of a change; the other half is on its way
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw, take }), { node, fixed, error } = my;
  let land = null;  // from pixels of the landscape to weights

  // ---- from a control to the state

  // The start that lies nearest to some weights: on the landscape, where the sliders can stand.
  function from(weights) {
    const { low, high } = fixed.landscapes[my.state.landscape], step = fixed.grids.start[2];
    const stop = (w, i) => Math.round(Math.round(Math.max(low[i], Math.min(high[i], w)) / step) * step * 1000) / 1000;
    my.update({ start: my.state.start.map((_, i) => stop(weights[i], i)) });
  }

  function chooseLand(landscape) {
    const { low, high, start } = fixed.landscapes[landscape];
    const fits = my.state.start.length === low.length && my.state.start.every((w, i) => low[i] <= w && w <= high[i]);
    my.update({ landscape, start: fits ? my.state.start : start });
    my.tell();
  }

  function step(right, down) {
    const one = fixed.grids.start[2];
    from([my.state.start[0] + right * one, my.state.start[1] - down * one]);
  }

  // ---- the parts

  const lands = Object.entries(fixed.landscapes).map(([name, { label }]) => [name, label]);
  const choices = choice("Loss", "landscape", lands, chooseLand);
  const plain = (label, name) => slider(label, name, (value) => my.update({ [name]: value }), my.tell);
  const sliders = { learning_rate: plain("Learning rate", "learning_rate"), momentum: plain("Momentum", "momentum"), steps: plain("Steps", "steps") };
  const starts = ["Start w", "Start w[1]"].map((label, i) =>
    slider(label, `start-${i}`, (value) => my.update({ start: my.state.start.map((w, j) => (i === j ? value : w)) }), my.tell));
  for (const name of ["learning_rate", "momentum"]) sliders[name].range.step = fixed.grids[name][2];
  for (const { range } of starts) range.step = fixed.grids.start[2];
  const forgotten = tick("Forget zero_grad", "zero_grad", (value) => my.set("zero_grad")(!value));
  const said = make("p", { role: "status", className: "said" });
  const picture = board(LAND[0], { tabIndex: 0, ariaLabel: "landscape" }, LAND[1]), chart = board(CHART[0], {}, CHART[1]);
  const titles = [make("figcaption"), make("figcaption", {}, "Loss by step")];
  const figures = [make("figure", { className: "land" }, titles[0], picture.node), make("figure", { className: "chart" }, titles[1], chart.node)];
  const rooms = figures.map((figure) => watchWidth(figure, draw));
  const lines = ["step", "slope", "grad", "velocity", "weight", "factor", "gray"].map((name) => make("p", { className: name }));
  const code = make("pre", { className: "code" });
  pointed(picture, (x, y) => from(land(x, y)), step, my.tell, "pan-y");
  node.append(
    make("fieldset", { className: "descent", ariaLabel: "settings" }, choices.node, ...[...Object.values(sliders), ...starts, forgotten].map((c) => c.node)),
    said,
    error,
    make("div", { className: "panels" },
      ...figures,
      make("div", { className: "arithmetic" }, ...lines)),
    code,
  );

  // ---- from the state to the page

  function draw() {
    const r = compute(my.state, fixed);
    drawControls();
    land = drawLand(picture, rooms[0].now() || LAND[0], my.state, fixed, r, node.ink);
    drawChart(chart, rooms[1].now() || CHART[0], my.state, r, node.ink);
    chart.node.ariaLabel = `Loss by step: from ${level(r.losses[0])} to ${level(r.losses.at(-1))}, at least ${level(Math.min(...r.losses))}`;
    drawWords(r);
    picture.node.ariaDescription = node.dataset.sentence = sentence(my.state, fixed, r);
  }

  function drawControls() {
    const { low, high } = fixed.landscapes[my.state.landscape];
    choices.show(my.state.landscape, () => null);
    for (const name of ["learning_rate", "momentum"]) sliders[name].show(my.state[name], ...fixed.grids[name]);
    sliders.steps.show(my.state.steps, ...fixed.steps);
    starts[0].node.querySelector("span").firstChild.data = low.length > 1 ? "Start w[0]" : "Start w";
    starts.forEach((control, i) => {
      control.node.hidden = i >= low.length;
      if (i < low.length) control.show(my.state.start[i], low[i], high[i]);
    });
    forgotten.show(!my.state.zero_grad);
  }

  function drawWords(r) {
    const { low, high, formula } = fixed.landscapes[my.state.landscape], outside = r.weights.at(-1).some((w, i) => w < low[i] || w > high[i]);
    const title = low.length > 1 ? "Rings join places of equal loss" : `loss = ${formula}`;
    titles[0].textContent = outside ? "The walk has left the picture" : title;
    const t = r.taken - 1, eta = rate(my.state.learning_rate), words = outcome(r, fixed), beta = number(my.state.momentum);
    say(said, `${words[0].toUpperCase()}${words.slice(1)}.`);
    const bracketed = (words) => words.replace(/^-.*/, "($&)"), at = (row) => bracketed(place(row, digits)), old = (rows) => (t > 0 ? rows[t - 1] : r.weights[0].map(() => 0));
    const apart = (weights) => place(weights.map((w, i) => beside(w, r.weights[t + 1][i] - r.weights[t][i])), String);
    const velocity = my.state.momentum ? "velocity" : ".grad";
    const written = t < 0 ? ["No step yet: move Steps."] : [
      `Step ${r.taken}, from w = ${apart(r.weights[t])}:`,
      `slope = ${place(r.slopes[t], digits)}`,
      my.state.zero_grad ? `.grad = ${place(r.grads[t], digits)}` : `.grad = ${at(old(r.grads))} left over + ${at(r.slopes[t])} = ${place(r.grads[t], digits)}`,
      my.state.momentum ? `velocity = ${beta} · ${at(old(r.velocities))} + ${at(r.grads[t])} = ${place(r.velocities[t], digits)}` : "",
      `w − ${eta} · ${velocity} = ${bracketed(apart(r.weights[t]))} − ${eta} · ${at(r.velocities[t])} = ${apart(r.weights[t + 1])}`,
    ];
    const one = (c, i) => `${r.curvatures.length > 1 ? `w[${i}]: ` : ""}1 − ${eta} · ${c} = ${digits(1 - my.state.learning_rate * c)}`;
    written[5] = r.curvatures ? `Each step multiplies the distance to the bottom by ${r.curvatures.map(one).join("; ")}.` : "";
    written[6] = r.plain ? "Gray: the same learning rate without momentum, with zero_grad." : "";
    lines.forEach((line, i) => {
      line.textContent = written[i] ?? "";
      line.hidden = !written[i];
    });
    code.textContent = pytorch(my.state, fixed);
  }

  return my.live(...rooms);
}

export default { render };
