import { board, css, legend, pointed, signedScale } from "./canvas.js";
import { WIDTH, drawAll, drawOutput, drawParts, drawTriples, look } from "./channel_pictures.js";
import { added, channelsOf, compute, ends, equals, farthest, fine, follow, names, problem, pytorch, sentence, table } from "./channels.js";
import { button, choice, focusable, make, say, slider } from "./controls.js";
import { begin } from "./kit.js";
import { commas, parse, short, unread } from "./numbers.js";

const NAMES = ["image", "mix", "kernel", "filters", "groups", "output", "row", "column"];
const IMAGES = [["coffee", "3: coffee"], ["both", "6: coffee, cat"]];

const CSS = `
.cnnlab .mix { display: grid; gap: 2px; font-size: 12px; align-items: center; text-align: center; }
.cnnlab .mix input, .cnnlab .mix button { font: 13px/1.25 system-ui, sans-serif; box-sizing: border-box; width: 100%; min-width: 0;
  height: 28px; margin: 0; padding: 2px 0; border: 1px solid #8888; border-radius: 0; text-align: center; }
.cnnlab .mix input { color: #000; }
.cnnlab .mix input:disabled { background: repeating-linear-gradient(45deg, #8883 0 3px, transparent 3px 7px) !important; }
.cnnlab .mix button[aria-pressed=true] { box-shadow: inset 0 0 0 3px #ff9d00; font-weight: 700; }
.cnnlab .mix span { overflow-wrap: anywhere; line-height: 1.15; }
.cnnlab .cost { font-variant-numeric: tabular-nums; }
.cnnlab figure p + figcaption { margin-top: 12px; }
`;

function render({ model, el }) {
  const take = (heard) => (problem(heard, my.fixed) ? null : heard);  // half of a change; the other half is on its way
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw, take }), { node, fixed, error } = my, { side } = fixed;
  let typing = null, kept = null;  // a mix of one's own, for when a preset has been tried

  // ---- from a control to the state

  // Take a value. If it is not possible, say why and take the next one that is, or keep the old one.
  function move(name, value) {
    const at = (v) => follow(my.state, name, v, fixed), why = problem(at(value), fixed), old = my.state[name];
    if (typeof value !== "number") return update(why ? {} : at(value), why);
    const inside = (v) => v >= 1 && v <= (name === "groups" ? channelsOf(my.state, fixed) : fixed.most), step = Math.sign(value - old);
    let next = value;
    while (why && inside(next) && problem(at(next), fixed)) next += step;
    if (why && !inside(next)) for (next = value; next !== old && problem(at(next), fixed);) next -= step;
    update(at(next), why);
  }

  function update(changes, why) {
    say(said, why ? `Not possible: ${why}.` : "");
    my.update(changes);
  }

  function edit(i, j, text, done) {
    typing = done ? null : `${i} ${j}`;
    const value = parse(text), rows = table(my.state, fixed).map((row) => row.slice());
    if (value === null) return update({}, done && unread(text));
    if (rows[i][j] !== value) {
      rows[i][j] = value;
      update({ mix: rows });
    } else update({});
    if (done) my.tell();
  }

  const clamp = (v) => Math.max(0, Math.min(side - 1, v));
  const pick = (row, column) => my.update({ row: clamp(row), column: clamp(column) });

  // ---- the parts

  const choose = (name) => (value) => { move(name, value === "own" ? kept : value); my.tell(); };
  const choices = {
    image: choice("Channels", "image", IMAGES, choose("image")),
    mix: choice("Mix", "mix", [...Object.entries(fixed.labels.mix), ["own", "your own"]], choose("mix")),
    kernel: choice("Kernel", "kernel", Object.entries(fixed.labels.kernel), choose("kernel")),
  };
  const labels = { filters: "Filters", groups: "Groups", output: "Output", row: "Row", column: "Column" };
  const sliders = Object.fromEntries(Object.entries(labels).map(([name, label]) => [name, slider(label, name, (v) => move(name, v), my.tell)]));
  const said = make("p", { role: "status", className: "said" });
  const grid = make("div", { className: "mix", role: "group", ariaLabel: "mix" });
  const parts = board(WIDTH, {}), output = board(WIDTH, { tabIndex: 0, ariaLabel: "output" }), all = board(WIDTH, {}), colors = board(WIDTH, {});
  const titles = Array.from({ length: 5 }, () => make("figcaption")), legends = [legend(), legend()];
  const total = make("p", { className: "total" }), cost = make("p", { className: "cost" }), work = make("p", { className: "cost" });
  const line = make("code");
  pointed(output, (x, y) => pick(Math.floor((y * side) / WIDTH), Math.floor((x * side) / WIDTH)),
    (right, down) => pick(my.state.row + down, my.state.column + right), my.tell);
  all.node.addEventListener("click", (event) => {
    const i = Math.floor((all.at(event)[0] * Math.max(3, my.state.filters)) / WIDTH);
    my.set("output")(Math.min(i, my.state.filters - 1));
  });
  node.append(
    make("fieldset", { ariaLabel: "settings" }, ...Object.values({ ...choices, ...sliders }).map((c) => c.node)),
    said,
    error,
    make("div", { className: "panels" },
      make("figure", {}, titles[0], grid, cost, work, titles[4], colors.node),
      make("figure", {}, titles[1], legends[0].node, parts.node),
      make("figure", {}, titles[2], legends[1].node, output.node, total, titles[3], all.node)),
    make("p", {}, "In PyTorch: ", line),
  );

  let cells = [];  // made when the table changes its size, only filled otherwise
  function layCells(o, channels) {
    cells = Array.from({ length: o }, (_, i) => ({
      head: button(`filter ${i}`, () => my.set("output")(i)),
      inputs: channels.map((channel, j) => {
        const input = focusable("input", { inputMode: "decimal", autocomplete: "off", ariaLabel: `filter ${i}, ${channel}` });
        input.addEventListener("input", () => edit(i, j, input.value, false));
        input.addEventListener("change", () => edit(i, j, input.value, true));
        input.addEventListener("keydown", (event) => {
          if (event.key === "Enter") edit(i, j, input.value, true);  // JupyterLab keeps Enter's change to itself
        });
        return input;
      }),
    }));
    grid.style.gridTemplateColumns = `minmax(52px, auto) repeat(${channels.length}, minmax(0, 1fr))`;
    grid.replaceChildren(make("span"), ...channels.map((channel) => make("span", {}, channel)),
      ...cells.flatMap(({ head, inputs }) => [head, ...inputs]));
  }

  // ---- from the state to the page

  function draw() {
    const r = compute(my.state, fixed);
    my.state = { ...my.state, output: r.output };
    if (Array.isArray(my.state.mix)) kept = my.state.mix;
    drawControls(r);
    drawTable(r);
    drawPictures(r);
    line.textContent = pytorch(my.state, r);
    output.node.ariaDescription = node.dataset.sentence = sentence(my.state, fixed, r);
  }

  function drawControls(r) {
    sliders.filters.show(my.state.filters, 1, fixed.most);
    sliders.groups.show(my.state.groups, 1, r.c, `${my.state.groups}, so that each filter reads ${r.each} of ${r.c} channels`);
    sliders.output.show(r.output, 0, my.state.filters - 1);
    const spot = `row ${my.state.row}, column ${my.state.column}, value ${fine(r.total)}`;
    for (const name of ["row", "column"]) sliders[name].show(my.state[name], 0, side - 1, spot);
    choices.image.show(my.state.image, () => null);
    choices.kernel.show(my.state.kernel, () => null);
    choices.mix.show(Array.isArray(my.state.mix) ? "own" : my.state.mix, (mix) => (mix === "own" && !kept ? "change the numbers below" : null));
  }

  function drawTable(r) {
    const channels = names(my.state, fixed);
    if (cells.length !== my.state.filters || cells[0].inputs.length !== r.c) layCells(my.state.filters, channels);
    const color = signedScale(2 * Math.max(...r.mix.flat().map(Math.abs)));  // pale: numbers stay legible
    cells.forEach(({ head, inputs }, i) => {
      head.ariaPressed = String(i === r.output);
      inputs.forEach((input, j) => {
        input.disabled = j < r.first(i) || j >= r.first(i) + r.each;
        if (typing !== `${i} ${j}`) input.value = input.disabled ? "" : short(r.mix[i][j], r.c > 3 ? 2 : 3);
        input.style.background = css(color(r.mix[i][j]));
      });
    });
    titles[0].textContent = `Mix: what each filter takes of each channel${r.k > 1 ? ", times the kernel" : ""}`;
    const per = `${r.each} channel${r.each === 1 ? "" : "s"} each`, times = r.c / r.each;
    cost.textContent = `Weights: ${my.state.filters} filter${my.state.filters === 1 ? "" : "s"} × ${per} × ${r.k}·${r.k} = ${commas(r.parameters)}`
      + (times > 1 ? `, instead of ${commas(r.parameters * times)} with 1 group` : "");
    work.textContent = `Multiply-adds: ${commas(r.parameters)} × ${side}·${side} places = ${commas(r.cost)}`;
  }

  function drawPictures(r) {
    const { filters, row, column } = my.state, y = r.outputs[r.output], both = look(r, r.output, farthest([...r.products, y]));
    const reach = farthest(r.products), [low, high] = both.positive ? [both.low, both.high] : [-reach, reach];
    const color = both.positive ? both.color : signedScale(reach);
    drawParts(parts, my.state, fixed, r, color, node.ink);
    drawOutput(output, my.state, fixed, y, both.color);
    drawAll(all, my.state, fixed, r);
    drawTriples(colors, fixed, r);
    legends[0].show(low, high, color, ...ends(r.products));
    legends[1].show(both.low, both.high, both.color, ...ends([y]));
    const made = Math.floor(filters / 3);
    titles[1].textContent = "Channel × kernel = what it adds";
    titles[2].textContent = `Output ${r.output}: their sum`;
    titles[3].textContent = `All outputs: ${filters}`;
    titles[4].textContent = made ? "In color: in, and out (three outputs as red, green, blue)" : "In color: in (three outputs would make a color picture)";
    total.textContent = `${added(r.parts)} ${equals(r.parts, r.total)} ${fine(r.total)} = output[${r.output}, ${row}, ${column}]`;
    parts.node.ariaLabel = `at row ${row}, column ${column} the channels add ${r.parts.map(fine).join(", ")}`;
    all.node.ariaLabel = `all ${filters} outputs, output ${r.output} is picked`;
    colors.node.ariaLabel = `${r.c / 3} color picture${r.c > 3 ? "s" : ""} in, ${made} out`;
  }

  return my.live();
}

export default { render };
