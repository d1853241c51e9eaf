import { board, button, choice, css, drawCells, drawColors, focusable, frame, greyScale, legend, make, parse, root, short, signedScale, slider, traits }
  from "./kit.js";
import { added, commas, compute, farthest, fine, follow, names, problem, pytorch, sentence, table } from "./channels.js";

const NAMES = ["image", "mix", "kernel", "filters", "groups", "output", "row", "column"];
const IMAGES = [["coffee", "3: coffee"], ["both", "6: coffee, cat"]];
const WIDTH = 300, GAP = 20;  // CSS pixels: of a panel, and between its pictures

const CSS = `
.cnnlab .mix { display: grid; gap: 2px; font-size: 12px; align-items: center; text-align: center; }
.cnnlab .mix input, .cnnlab .mix button { font: 13px/1.25 system-ui, sans-serif; box-sizing: border-box; width: 100%; min-width: 0;
  height: 28px; margin: 0; padding: 2px 0; border: 1px solid #8888; border-radius: 0; text-align: center; }
.cnnlab .mix input { color: #000; }
.cnnlab .mix input:disabled { background: repeating-linear-gradient(45deg, #8883 0 3px, transparent 3px 7px) !important; }
.cnnlab .mix button[aria-pressed=true] { outline: 3px solid #ff9d00; outline-offset: -3px; font-weight: 700; }
.cnnlab .mix span { overflow-wrap: anywhere; line-height: 1.15; }
.cnnlab .cost { font-variant-numeric: tabular-nums; }
.cnnlab figure p + figcaption { margin-top: 12px; }
`;

function render({ model, el }) {
  const fixed = model.get("fixed"), side = fixed.side;
  const [node, forget] = root(el, CSS, () => drawParts(shown));
  const python = traits(model, NAMES, hear);
  let state = python.read(), shown = null, typing = null;

  // ---- from a control to the state, and on to Python when it is let go

  // Take a value. If it is not possible, say why and take the next one that is, or keep the old one.
  function move(name, value) {
    const at = (v) => follow(state, name, v, fixed), why = problem(at(value), fixed), old = state[name];
    const inside = (v) => v >= 1 && v <= (name === "groups" ? shown.c : fixed.most), step = Math.sign(value - old);
    let next = value;
    while (why && inside(next) && problem(at(next), fixed)) next += step;
    if (why && !inside(next)) for (next = value; next !== old && problem(at(next), fixed);) next -= step;
    update(at(next), why);
  }

  function update(changes, why) {
    const words = why ? `Not possible: ${why}.` : "";
    if (said.textContent !== words) said.textContent = words;
    state = { ...state, ...changes };
    draw();
  }

  const tell = () => python.tell(state);

  function hear(heard, message) {
    error.textContent = message;
    if (problem(heard, fixed)) return;  // half of a change; the other half is on its way
    state = heard;
    draw();
  }

  function edit(i, j, text, done) {
    typing = done ? null : `${i} ${j}`;
    const value = parse(text), rows = table(state, fixed).map((row) => row.slice());
    if (value === null) return update({}, done && `${text.trim() || "nothing"} is not a number`);
    if (rows[i][j] !== value) {
      rows[i][j] = value;
      update({ mix: rows });
    } else update({});
    if (done) tell();
  }

  function point(event) {
    const [x, y] = output.at(event).map((v) => Math.max(0, Math.min(side - 1, Math.floor((v * side) / WIDTH))));
    update({ row: y, column: x });
  }

  function arrow(event) {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (!down && !right) return;
    event.preventDefault();
    const clamp = (v) => Math.max(0, Math.min(side - 1, v));
    update({ row: clamp(state.row + down), column: clamp(state.column + right) });
    tell();
  }

  // ---- the parts

  const choose = (name) => (value) => { move(name, value); tell(); };
  const choices = {
    image: choice("Channels", "image", IMAGES, choose("image")),
    mix: choice("Mix", "mix", [...Object.entries(fixed.labels.mix), ["own", "your own"]], choose("mix")),
    kernel: choice("Kernel", "kernel", Object.entries(fixed.labels.kernel), choose("kernel")),
  };
  const labels = { filters: "Filters", groups: "Groups", output: "Output", row: "Row", column: "Column" };
  const sliders = Object.fromEntries(Object.entries(labels).map(([name, label]) => [name, slider(label, name, (v) => move(name, v), tell)]));
  const said = make("p", { role: "status", className: "said" }), error = make("p", { role: "alert" });
  const grid = make("div", { className: "mix", role: "group", ariaLabel: "mix" });
  const parts = board(WIDTH, {}), output = board(WIDTH, { tabIndex: 0 }), all = board(WIDTH, {}), colors = board(WIDTH, {});
  const titles = Array.from({ length: 5 }, () => make("figcaption")), legends = [legend(), legend()];
  const total = make("p", { className: "total" }), cost = make("p", { className: "cost" }), work = make("p", { className: "cost" });
  const line = make("code");
  output.node.style.touchAction = "none";
  output.node.addEventListener("pointerdown", (event) => { output.node.setPointerCapture(event.pointerId); point(event); });
  output.node.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
  output.node.addEventListener("pointerup", tell);
  output.node.addEventListener("keydown", arrow);
  all.node.addEventListener("pointerdown", (event) => {
    const i = Math.floor((all.at(event)[0] * Math.max(3, state.filters)) / WIDTH);
    update({ output: Math.min(i, state.filters - 1) });
    tell();
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
    const pick = (i) => { update({ output: i }); tell(); };
    cells = Array.from({ length: o }, (_, i) => ({
      head: button(`filter ${i}`, () => pick(i)),
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
    const r = shown = compute(state, fixed);
    state = { ...state, output: r.output };
    drawControls(r);
    drawTable(r);
    drawParts(r);
    drawOutputs(r);
    line.textContent = pytorch(state, r);
    output.node.ariaLabel = node.dataset.sentence = sentence(state, fixed, r);
  }

  function drawControls(r) {
    sliders.filters.show(state.filters, 1, fixed.most);
    sliders.groups.show(state.groups, 1, r.c, `${state.groups}, so that each filter reads ${r.each} of ${r.c} channels`);
    sliders.output.show(r.output, 0, state.filters - 1);
    const spot = `row ${state.row}, column ${state.column}, value ${fine(r.total)}`;
    for (const name of ["row", "column"]) sliders[name].show(state[name], 0, side - 1, spot);
    choices.image.show(state.image, () => null);
    choices.kernel.show(state.kernel, () => null);
    choices.mix.show(Array.isArray(state.mix) ? "own" : state.mix, (mix) => (mix === "own" ? "change the numbers below" : null));
  }

  function drawTable(r) {
    const channels = names(state, fixed);
    if (cells.length !== state.filters || cells[0].inputs.length !== r.c) layCells(state.filters, channels);
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
    cost.textContent = `Weights: ${state.filters} filter${state.filters === 1 ? "" : "s"} × ${per} × ${r.k}·${r.k} = ${commas(r.parameters)}`
      + (times > 1 ? `, instead of ${commas(r.parameters * times)} with 1 group` : "");
    work.textContent = `Multiply-adds: ${commas(r.parameters)} × ${side}·${side} places = ${commas(r.cost)}`;
  }

  // The colors of output i: an image stays an image under positive weights, or such as keep its brightness; else signed.
  function look(r, i, reach) {
    const weights = r.kernels[i].flat(), sum = weights.reduce((a, b) => a + b, 0), positive = weights.every((v) => v >= 0);
    const grey = positive || Math.abs(sum - 1) < 1e-6;
    const [low, high] = grey ? [0, sum || 1] : [-reach, reach];
    return { positive, low, high, color: grey ? greyScale(low, high) : signedScale(reach) };
  }

  // A row for each channel: its plane, times its kernel, is what it adds.
  function drawParts(r) {
    const channels = names(state, fixed), first = r.first(r.output), size = r.c > 3 ? 68 : 86, pitch = size + GAP;
    const same = look(r, r.output, farthest([...r.products, r.outputs[r.output]]));
    const reach = farthest(r.products), color = same.positive ? same.color : signedScale(reach);
    const weight = signedScale(1.5 * Math.max(...r.kernels[r.output].flat().map(Math.abs)));
    const middle = size + GAP, right = WIDTH - size, cell = size / side, kernel = right - GAP - middle;
    parts.resize(WIDTH, r.c * pitch);
    const pen = parts.begin(), ink = node.ink, text = (words, x, y, align, bold) => {
      Object.assign(pen, { fillStyle: ink, font: `${bold ? "bold " : ""}13px system-ui, sans-serif`, textAlign: align, textBaseline: "middle" });
      pen.fillText(words, x, y);
    };
    channels.forEach((channel, c) => {
      const top = c * pitch + GAP, j = c - first, read = j >= 0 && j < r.each, half = top + size / 2;
      pen.globalAlpha = read ? 1 : 0.35;
      text(channel, 0, top - 9, "left");
      drawCells(pen, r.x[c], side, side, cell, greyScale(0, 1), 0, top);
      pen.globalAlpha = 1;
      if (!read) return text("in another group: not read", middle, half, "left");
      const k = r.k, width = Math.min(size, kernel), [x, y] = [state.column * cell, top + state.row * cell], reachOut = (k - 1) / 2;
      text("×", middle - GAP / 2, half, "center");
      drawCells(pen, r.kernels[r.output][j], k, k, width / k, weight, middle + (kernel - width) / 2, top + (size - width) / 2);
      text("=", right - GAP / 2, half, "center");
      drawCells(pen, r.products[j], side, side, cell, color, right, top);
      text(added(r.parts.slice(j, j + 1), j), right + size, top - 9, "right", true);
      frame(pen, x - reachOut * cell, y - reachOut * cell, k * cell, k * cell, 1.5);
      frame(pen, right + x, y, cell, cell, 1.5);
    });
    titles[1].textContent = "Channel × kernel = what it adds";
    if (same.positive) legends[0].show(same.low, same.high, color);
    else legends[0].show(-reach, reach, color);
    parts.node.ariaLabel = `at row ${state.row}, column ${state.column} the channels add ${r.parts.map(fine).join(", ")}`;
  }

  function drawOutputs(r) {
    const y = r.outputs[r.output], { low, high, color } = look(r, r.output, farthest([...r.products, y])), cell = WIDTH / side;
    const pen = output.begin();
    drawCells(pen, y, side, side, cell, color);
    frame(pen, state.column * cell, state.row * cell, cell, cell);
    titles[2].textContent = `Output ${r.output}: their sum`;
    legends[1].show(low, high, color);
    total.textContent = `${added(r.parts)} = ${fine(r.total)} = output[${r.output}, ${state.row}, ${state.column}]`;

    const reach = farthest(r.outputs), step = WIDTH / Math.max(3, state.filters), small = step - 4;
    all.resize(WIDTH, small + 4);
    const strip = all.begin();
    r.outputs.forEach((map, i) => drawCells(strip, map, side, side, small / side, look(r, i, reach).color, i * step + 2, 2));
    frame(strip, r.output * step + 2, 2, small, small, 2);
    titles[3].textContent = `All outputs: ${state.filters}`;
    all.node.ariaLabel = `all ${state.filters} outputs, output ${r.output} is picked`;

    // Three planes as red, green and blue: first what came, then what went out.
    const triples = [r.x, r.outputs].flatMap((maps) => Array.from({ length: Math.floor(maps.length / 3) }, (_, t) => maps.slice(3 * t, 3 * t + 3)));
    const size = Math.min(100, WIDTH / triples.length) - 4;
    colors.resize(WIDTH, size);
    const paint = colors.begin();
    triples.forEach((planes, t) => drawColors(paint, planes, side, side, size / side, 1, t * (size + 4)));
    const made = Math.floor(state.filters / 3);
    titles[4].textContent = made ? "In color: in, and out (three outputs as red, green, blue)" : "In color: in (three outputs would make a color picture)";
    colors.node.ariaLabel = `${r.c / 3} color picture${r.c > 3 ? "s" : ""} in, ${made} out`;
  }

  draw();
  hear(state, model.get("error") ?? "");
  return () => {
    python.forget();
    forget();
  };
}

export default { render };
