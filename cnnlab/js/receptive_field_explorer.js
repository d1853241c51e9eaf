import { board, button, choice, css, drawCells, focusable, frame, ink, make, number, root, signedScale, slider, stepper, traits, watchWidth }
  from "./kit.js";
import { compute, label, problem, pytorch, sentence } from "./receptive_field.js";

const NAMES = ["layers", "size", "layer", "position"];
const OPTIONS = [["kernel_size", "kernel"], ["stride", "stride"], ["padding", "padding"], ["dilation", "dilation"]];
const FRESH = { conv: { kernel_size: 3, stride: 1, padding: 1 }, max_pool: { kernel_size: 2, stride: 2, padding: 0 } };
const PITCH = 80;  // CSS pixels from a layer to the next, in the list and in the picture
const TOP = 18, CELL = 24;  // where the cells of a layer stand in it, and how high they are
const SQUARE = 200;

const CSS = `
.cnnlab .stack { display: grid; grid-auto-rows: ${PITCH}px; flex: 1 1 330px; max-width: 430px; min-width: 0; }
.cnnlab .stack fieldset { display: grid; grid-template-columns: minmax(0, 1.7fr) repeat(4, minmax(0, 1fr)) 28px; gap: 2px 6px;
  margin: 0; align-content: start; align-items: end; }
.cnnlab .stack label { font-size: 12px; }
.cnnlab .stack p { grid-column: 1 / -1; margin: 0; font-variant-numeric: tabular-nums; }
.cnnlab .stack select, .cnnlab .stack input, .cnnlab .stack button { height: 28px; padding: 3px; }
.cnnlab figure.rows { flex: 3 1 330px; max-width: none; }
.cnnlab figure.square { flex: 0 1 ${SQUARE}px; }
.cnnlab .words { flex: 1 1 300px; min-width: 0; overflow-wrap: anywhere; }
.cnnlab .buttons { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 6px; }
`;

// How strongly a cell is drawn: a single path already shows.
const tint = (ways, most) => signedScale(1)(ways ? 0.25 + (0.5 * ways) / Math.max(1, most) : 0);

function render({ model, el }) {
  const fixed = model.get("fixed");
  const [node, forget] = root(el, CSS, () => drawRows(shown));
  const python = traits(model, NAMES, hear);
  let state = python.read(), shown = null;

  // ---- from a control to the state, and on to Python when it is let go

  function update(changes, why = null) {
    const wanted = { ...state, ...changes };
    why ??= problem(wanted, fixed);
    const words = why ? `Not possible: ${why}.` : "";
    if (said.textContent !== words) said.textContent = words;
    if (!why) state = wanted;
    draw();
  }

  const tell = () => { draw(); python.tell(state); };
  const set = (i, name, value) => update({ layers: state.layers.map((layer, j) => (i === j ? { ...layer, [name]: value } : layer)) });

  function hear(heard, message) {
    error.textContent = message;
    if (problem(heard, fixed)) return;  // half of a change; the other half is on its way
    state = heard;
    draw();
  }

  function add(kind) {
    const layers = [...state.layers, { kind, ...FRESH[kind], dilation: 1 }], layer = layers.length - 1;
    const why = problem({ ...state, layers }, fixed);
    if (why) update({}, why);
    else update({ layers, layer, position: Math.floor(compute({ ...state, layers, layer, position: 0 }).sizes[layer + 1] / 2) });
    tell();
  }

  function remove(i) {
    const layers = state.layers.filter((_, j) => j !== i), layer = Math.min(state.layer, layers.length - 1);
    update({ layers, layer });
    tell();
    (rows[Math.min(i, layers.length - 1)].remove.disabled ? adders[0] : rows[Math.min(i, layers.length - 1)].remove).focus();
  }

  // Point at the output of a layer that lies nearest to x pixels.
  function point(layer, x) {
    layer = Math.max(0, Math.min(state.layers.length - 1, layer));
    const { centre, jump } = shown.fields[layer + 1], most = shown.sizes[layer + 1] - 1;
    update({ layer, position: Math.max(0, Math.min(most, Math.round((x - centre) / jump))) });
  }

  function press(event) {
    const [x, y] = picture.at(event);
    point(state.layers.length - 1 - Math.floor(y / PITCH), scale.pixel(x));
  }

  function arrow(event) {
    const [up, right] = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (!up && !right) return;
    event.preventDefault();
    if (up) point(state.layer + up, shown.middle);
    else update({ position: Math.max(0, state.position + right) });
    tell();
  }

  // ---- the parts

  const sliders = {
    size: slider("Pixels", "size", (value) => update({ size: value }), tell),
    layer: slider("Point at layer", "layer", (value) => point(value, shown.middle), tell),
    position: slider("Output", "position", (value) => update({ position: value }), tell),
  };
  const adders = Object.entries(fixed.kinds).map(([kind, words]) => button(`Add a ${words} layer`, () => add(kind)));
  const said = make("p", { role: "status", className: "said" }), error = make("p", { role: "alert" });
  const stack = make("div", { className: "stack" });
  const picture = board(600, { tabIndex: 0 }), square = board(SQUARE, {});
  const caption = make("figcaption"), squareCaption = make("figcaption");
  const result = make("p"), next = make("p"), line = make("code");
  picture.node.style.touchAction = "pan-y";
  picture.node.addEventListener("pointerdown", (event) => { picture.node.setPointerCapture(event.pointerId); press(event); });
  picture.node.addEventListener("pointermove", (event) => { if (event.buttons) press(event); });
  picture.node.addEventListener("pointerup", tell);
  picture.node.addEventListener("keydown", arrow);
  const wide = make("figure", { className: "rows" }, picture.node);
  node.append(
    make("fieldset", { ariaLabel: "settings" }, ...Object.values(sliders).map((control) => control.node)),
    make("div", { className: "buttons" }, ...adders),
    said,
    error,
    make("div", { className: "panels" }, stack, wide),
    make("div", { className: "panels" },
      make("figure", { className: "square" }, squareCaption, square.node),
      make("div", { className: "words" }, caption, result, next, make("p", {}, "In PyTorch: ", line))),
  );

  let rows = [];  // made when their number changes, only filled otherwise
  function layRows(count) {
    rows = Array.from({ length: count }, (_, i) => {
      const kind = choice(`Layer ${i}`, `kind-${i}`, Object.entries(fixed.kinds), (value) => { set(i, "kind", value); tell(); });
      const steppers = OPTIONS.map(([name, words]) => {
        const control = stepper(words, `${name.replace("_", " ")} of layer ${i}`, fixed.limits[name], (v) => set(i, name, v), tell);
        control.input.dataset.name = `${name}-${i}`;
        return control;
      });
      const gone = button("✕", () => remove(i), { ariaLabel: `remove layer ${i}`, title: `remove layer ${i}` });
      const numbers = make("p");
      const group = make("fieldset", { ariaLabel: `layer ${i}` }, kind.node, ...steppers.map((c) => c.node), gone, numbers);
      return { kind, steppers, remove: gone, numbers, group };
    });
    stack.replaceChildren(...rows.map((row) => row.group).reverse(), make("p", {}, "The picture: one row of it"));
  }

  // ---- from the state to the page

  let scale = null;
  function draw() {
    const r = shown = compute(state, fixed);
    state = { ...state, layer: r.layer, position: r.position };
    drawControls(r);
    drawRows(r);
    drawSquare(r);
    drawWords(r);
    picture.node.ariaLabel = node.dataset.sentence = sentence(state, fixed, r);
  }

  function drawControls(r) {
    const [low, high] = fixed.sizes, last = state.layers.length - 1;
    sliders.size.show(state.size, low, high);
    sliders.layer.show(state.layer, 0, last, `layer ${state.layer}, ${label(state.layers[state.layer], fixed)}`);
    sliders.position.show(state.position, 0, r.sizes[state.layer + 1] - 1,
      `output ${state.position}, sees pixels ${r.first} to ${r.last}`);
    if (rows.length !== last + 1) layRows(last + 1);
    rows.forEach((row, i) => {
      const layer = state.layers[i], { size, jump, centre } = r.fields[i + 1], n = r.sizes[i + 1];
      row.kind.show(layer.kind, (kind) => problem({ ...state, layers: state.layers.with(i, { ...layer, kind }) }, fixed));
      row.steppers.forEach((control, j) => control.show(layer[OPTIONS[j][0]]));
      row.remove.disabled = last === 0;
      row.numbers.textContent = `${n} output${n === 1 ? "" : "s"}: field ${size}, jump ${jump}, center ${number(centre)}`;
    });
    for (const adder of adders) adder.disabled = last + 1 >= fixed.most;
  }

  // A cell is as wide as its jump and stands over the middle of its field, so every row has the same pixels below it.
  function drawRows(r) {
    const top = state.layers.length, width = Math.max(200, room.now());
    const grid = r.sizes.map((n, level) => ({ n, ...r.fields[level], padding: state.layers[level]?.padding ?? 0 }));
    const ends = grid.flatMap(({ n, jump, centre, padding: p }) => [centre - (p + 0.5) * jump, centre + (n + p - 0.5) * jump]);
    const { n: outputs, size, jump: step, centre: start } = grid[top];
    const low = Math.min(...ends, start - size / 2), high = Math.max(...ends, start + (outputs - 1) * step + size / 2);
    scale = { x: (v) => 2 + ((v - low) / (high - low)) * (width - 4), pixel: (x) => low + ((x - 2) / (width - 4)) * (high - low) };
    const place = (level, i) => grid[level].centre + i * grid[level].jump, y = (level) => (top - level) * PITCH + TOP;
    picture.resize(width, (top + 1) * PITCH);
    const pen = picture.begin(), color = node.ink;
    Object.assign(pen, { font: "12px system-ui, sans-serif", textBaseline: "alphabetic", lineWidth: 1, strokeStyle: "rgba(128, 128, 128, 0.8)" });
    pen.beginPath();
    for (const [level, i, below] of r.wires) {
      pen.moveTo(scale.x(place(level, i)), y(level) + CELL);
      pen.lineTo(scale.x(place(level - 1, below)), y(level - 1));
    }
    pen.stroke();

    for (const [level, { n, jump, padding: p }] of grid.entries()) {
      const most = Math.max(...r.paths[level]), w = scale.x(jump) - scale.x(0);
      for (let i = -p; i < n + p; i++) {
        const x = scale.x(place(level, i) - jump / 2), ways = r.paths[level][i], outside = i < 0 || i >= n;
        pen.setLineDash(outside ? [2, 2] : []);
        pen.strokeStyle = outside ? "#5aa0e6" : "rgba(128, 128, 128, 0.9)";
        pen.fillStyle = ways ? css(tint(ways, most)) : "rgba(128, 128, 128, 0.12)";
        if (!outside) pen.fillRect(x, y(level), w, CELL);
        pen.strokeRect(x + 0.5, y(level) + 0.5, w - 1, CELL - 1);
        if (!ways || w < 8 * number(ways).length + 4) continue;
        Object.assign(pen, { fillStyle: ink(tint(ways, most)), textAlign: "center" });
        pen.fillText(number(ways), x + w / 2, y(level) + CELL / 2 + 4);
      }
      Object.assign(pen, { fillStyle: color, textAlign: "left" });
      pen.fillText(level ? `layer ${level - 1}` : `picture, ${n} pixels`, 2, y(level) - 5);
    }
    pen.setLineDash([]);
    const w = scale.x(r.fields[r.layer + 1].jump) - scale.x(0);
    frame(pen, scale.x(r.middle) - w / 2, y(r.layer + 1), w, CELL);
    bracket(pen, r.first, r.last, y(0) + CELL + 8, "#ff9d00", 4);
    const { jump } = r.fields[r.layer + 1], aside = r.position + 1 < r.sizes[r.layer + 1] ? jump : -jump;
    if (r.sizes[r.layer + 1] > 1) bracket(pen, r.first + aside, r.last + aside, y(0) + CELL + 17, "rgba(128, 128, 128, 0.9)", 3);
  }

  function bracket(pen, first, last, y, color, height) {
    pen.fillStyle = color;
    pen.fillRect(scale.x(first - 0.5), y, scale.x(last + 0.5) - scale.x(first - 0.5), height);
  }

  function drawSquare(r) {
    const across = r.paths[0], n = state.size, most = r.most ** 2;
    const pen = square.begin();
    drawCells(pen, Float64Array.from({ length: n * n }, (_, i) => across[Math.floor(i / n)] * across[i % n]), n, n, SQUARE / n,
      (ways) => tint(ways, most));
    squareCaption.textContent = "In two dimensions";
    square.node.ariaLabel = `the whole picture: ${r.seen} of its rows and ${r.seen} of its columns are seen`;
  }

  function drawWords(r) {
    const { size, jump } = r.fields[r.layer + 1], outside = Math.max(0, -r.first) + Math.max(0, r.last - state.size + 1);
    const missed = size - r.seen - Math.min(size, outside);
    const parts = [missed ? `${missed} in the picture are not seen` : "", outside ? `${Math.min(size, outside)} lie outside it` : ""];
    const rest = parts.filter(Boolean).join(", ");
    caption.textContent = `Output ${r.position} of layer ${r.layer} sees ${r.seen} of the ${size} pixels from ${r.first} to ${r.last}`;
    result.textContent = `${rest ? `${rest[0].toUpperCase()}${rest.slice(1)}. ` : ""}In two dimensions: ${r.seen ** 2} of ${size}x${size} pixels. `
      + `Numbers and strong color: along how many paths.`;
    next.textContent = `Gray bar: what the output beside it sees, ${jump} pixel${jump === 1 ? "" : "s"} on.`;
    line.textContent = pytorch(state);
  }

  const room = watchWidth(wide, () => drawRows(shown));
  draw();
  hear(state, model.get("error") ?? "");
  return () => {
    room.forget();
    python.forget();
    forget();
  };
}

export default { render };
