import { board, drawCells, pointed } from "./canvas.js";
import { button, choice, make, say, slider, stepper } from "./controls.js";
import { begin, watchWidth } from "./kit.js";
import { number } from "./numbers.js";
import { compute, label, problem, pytorch, sentence } from "./receptive_field.js";
import { PITCH, drawRows, tint } from "./receptive_field_rows.js";

const NAMES = ["layers", "size", "layer", "position"];
const OPTIONS = [["kernel_size", "kernel"], ["stride", "stride"], ["padding", "padding"], ["dilation", "dilation"]];
const FRESH = { conv: { kernel_size: 3, stride: 1, padding: 1 }, max_pool: { kernel_size: 2, stride: 2, padding: 0 } };
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
@media (max-width: 360px) {
  .cnnlab .stack { grid-auto-rows: auto; row-gap: 10px; }
  .cnnlab .stack fieldset { grid-template-columns: repeat(4, minmax(0, 1fr)) 28px; }
  .cnnlab .stack fieldset > :first-child { grid-column: 1 / -1; }
}
.cnnlab .words { flex: 1 1 300px; min-width: 0; overflow-wrap: anywhere; }
`;

function render({ model, el }) {
  const take = (heard) => (problem(heard, my.fixed) ? null : heard);  // half of a change; the other half is on its way
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw, take }), { node, fixed, error } = my;
  let shown = null, rows = [];  // rows of controls: made when their number changes, only filled otherwise

  // ---- from a control to the state

  function update(changes, why = null) {
    why ??= problem({ ...my.state, ...changes }, fixed);
    say(said, why ? `Not possible: ${why}.` : "");
    my.update(why ? {} : changes);
  }

  const tell = () => { draw(); my.tell(); };  // drawn again: what was refused goes back to what is
  const set = (i, name, value) => update({ layers: my.state.layers.map((layer, j) => (i === j ? { ...layer, [name]: value } : layer)) });

  function add(kind) {
    const layers = [...my.state.layers, { kind, ...FRESH[kind], dilation: 1 }], layer = layers.length - 1;
    const why = problem({ ...my.state, layers }, fixed);
    if (why) update({}, why);
    else update({ layers, layer, position: Math.floor(compute({ ...my.state, layers, layer, position: 0 }).sizes[layer + 1] / 2) });
    tell();
    if (adders[0].disabled) rows.at(-1).kind.select.focus();
  }

  function remove(i) {
    const layers = my.state.layers.filter((_, j) => j !== i), layer = Math.min(my.state.layer, layers.length - 1);
    update({ layers, layer });
    tell();
    (rows[Math.min(i, layers.length - 1)].remove.disabled ? adders[0] : rows[Math.min(i, layers.length - 1)].remove).focus();
  }

  // Point at the output of a layer that lies nearest to x pixels.
  function point(layer, x) {
    layer = Math.max(0, Math.min(my.state.layers.length - 1, layer));
    const { centre, jump } = shown.fields[layer + 1], most = shown.sizes[layer + 1] - 1;
    update({ layer, position: Math.max(0, Math.min(most, Math.round((x - centre) / jump))) });
  }

  function step(right, down) {
    if (down) point(my.state.layer - down, shown.middle);
    else update({ position: Math.max(0, my.state.position + right) });
  }

  // ---- the parts

  const sliders = {
    size: slider("Pixels", "size", (value) => update({ size: value }), tell),
    layer: slider("Point at layer", "layer", (value) => point(value, shown.middle), tell),
    position: slider("Output", "position", (value) => update({ position: value }), tell),
  };
  const adders = Object.entries(fixed.kinds).map(([kind, words]) => button(`Add a ${words} layer`, () => add(kind), { title: `at most ${fixed.most} layers` }));
  const said = make("p", { role: "status", className: "said" });
  const stack = make("div", { className: "stack" });
  const picture = board(600, { tabIndex: 0, ariaLabel: "rows of cells" }), square = board(SQUARE, {});
  const caption = make("figcaption"), squareCaption = make("figcaption");
  const result = make("p"), next = make("p"), line = make("code");
  pointed(picture, (x, y) => point(my.state.layers.length - 1 - Math.floor(y / PITCH), shown.pixel(x)), step, tell, "pan-y");
  const wide = make("figure", { className: "rows" }, picture.node), room = watchWidth(wide, draw);
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

  function draw() {
    const r = shown = compute(my.state, fixed);
    my.state = { ...my.state, layer: r.layer, position: r.position };
    drawControls(r);
    r.pixel = drawRows(picture, my.state, r, node.ink, Math.max(200, room.now()));
    drawSquare(r);
    drawWords(r);
    picture.node.ariaDescription = node.dataset.sentence = sentence(my.state, fixed, r);
  }

  function drawControls(r) {
    const [low, high] = fixed.sizes, last = my.state.layers.length - 1;
    sliders.size.show(my.state.size, low, high);
    sliders.layer.show(my.state.layer, 0, last, `layer ${my.state.layer}, ${label(my.state.layers[my.state.layer], fixed)}`);
    sliders.position.show(my.state.position, 0, r.sizes[my.state.layer + 1] - 1,
      `output ${my.state.position}, sees pixels ${r.first} to ${r.last}`);
    if (rows.length !== last + 1) layRows(last + 1);
    rows.forEach((row, i) => {
      const layer = my.state.layers[i], { size, jump, centre } = r.fields[i + 1], n = r.sizes[i + 1];
      row.kind.show(layer.kind, (kind) => problem({ ...my.state, layers: my.state.layers.with(i, { ...layer, kind }) }, fixed));
      row.steppers.forEach((control, j) => control.show(layer[OPTIONS[j][0]]));
      row.remove.disabled = last === 0;
      row.numbers.textContent = `${n} output${n === 1 ? "" : "s"}: field ${size}, jump ${jump}, first center ${number(centre)}`;
    });
    for (const adder of adders) adder.disabled = last + 1 >= fixed.most;
  }

  function drawSquare(r) {
    const across = r.paths[0], n = my.state.size, most = r.most ** 2;
    const pen = square.begin();
    drawCells(pen, Float64Array.from({ length: n * n }, (_, i) => across[Math.floor(i / n)] * across[i % n]), n, n, SQUARE / n,
      (ways) => tint(ways, most));
    squareCaption.textContent = "In two dimensions";
    square.node.ariaLabel = `the whole picture: ${r.seen} of its rows and ${r.seen} of its columns are seen`;
  }

  function drawWords(r) {
    const { size, jump } = r.fields[r.layer + 1], outside = Math.max(0, -r.first) + Math.max(0, r.last - my.state.size + 1);
    const missed = size - r.seen - Math.min(size, outside);
    const parts = [missed ? `${missed} in the picture are not seen` : "", outside ? `${Math.min(size, outside)} lie outside ${missed ? "it" : "the picture"}` : ""];
    const rest = parts.filter(Boolean).join(", ");
    caption.textContent = `Output ${r.position} of layer ${r.layer} sees ${r.seen} of the ${size} pixels from ${r.first} to ${r.last}, centered at ${number(r.middle)}`;
    result.textContent = `${rest ? `${rest[0].toUpperCase()}${rest.slice(1)}. ` : ""}In two dimensions: ${r.seen ** 2} of ${size}x${size} pixels. `
      + `Numbers and strong color: along how many paths.`;
    const outputs = r.sizes[r.layer + 1], way = r.position + 1 < outputs ? "on" : "back";
    next.hidden = outputs < 2;  // as the bar then is
    next.textContent = `Gray bar: what the output beside it sees, ${jump} pixel${jump === 1 ? "" : "s"} ${way}.`;
    line.textContent = pytorch(my.state);
  }

  return my.live(room);
}

export default { render };
