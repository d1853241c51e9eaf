import { ARROWS, board, drawCells, greyScale, signedScale } from "./canvas.js";
import { button, choice, make, say, slider, tick } from "./controls.js";
import { compute, sentence } from "./digit_answer.js";
import { layers } from "./digit_net.js";
import { PAPER, SIDE } from "./drawing.js";
import { begin } from "./kit.js";
import { chance } from "./numbers.js";

const NAMES = ["drawing", "pen", "part", "centered"];
const WIDTH = 280, SEEN = 196, MAP = 84;  // CSS pixels: paper, picture, one feature map
const NEAR = 0.7;  // pixels of the paper from a point to the next one that is kept

const CSS = `
.cnnlab .paper { cursor: crosshair; touch-action: none; }
.cnnlab figure.seen { flex: 0 1 ${SEEN}px; }
.cnnlab .bars { display: grid; grid-template-columns: auto 1fr 3.4em; gap: 4px 8px; align-items: center; font-variant-numeric: tabular-nums; }
.cnnlab .bars i { height: 14px; background: #1f77b4; forced-color-adjust: none; }
.cnnlab .bars .first { font-weight: 700; }
.cnnlab .bars i.first { background: #e07b00; }
.cnnlab .maps { display: flex; flex-wrap: wrap; gap: 10px; }
.cnnlab .below { margin-top: 14px; max-width: none; }
`;

function render({ model, el }) {
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw }), { node, fixed, error } = my, net = layers(fixed);
  let shown = null, notice = "", last = null;  // last: where the pen is on the paper, if it touches it
  let own = null, brightest = 1;  // a drawing of one's own, for when a preset has been tried; of the maps, the last that were not blank
  const pen = { at: [PAPER / 2, PAPER / 2], down: false, seen: false };  // the pen that the arrow keys move

  function update(changes, words = "") {
    notice = words;
    my.update(changes);
  }

  const choose = (changes) => { update(changes); my.tell(); };

  // ---- the pen: it goes on with what is there, and a preset becomes a drawing of one's own

  const near = (x) => Math.round(Math.max(0, Math.min(PAPER, x)) * 10) / 10;

  function put(point, words = "") {
    const strokes = shown.strokes, from = last;
    const points = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    last = point.map(near);
    if (points >= fixed.most) return update({}, "The paper is full. Take a stroke back or clear it.");
    const line = from && strokes.length ? [...strokes.slice(0, -1), [...strokes.at(-1), last]] : [...strokes, [last]];
    const drawing = line.map((stroke) => stroke.map((spot) => spot.map(near)));
    update({ drawing, part: 100 }, words);
  }

  function press(event) {
    if (event.button || !event.isPrimary) return;  // a second finger, or the palm, draws nothing
    paper.node.setPointerCapture(event.pointerId);
    pen.down = pen.seen = false;
    last = null;
    put(paper.at(event).map((v) => (v * PAPER) / WIDTH));
  }

  function move(event) {
    if (!last || pen.down || !event.isPrimary) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const one of passed.length ? passed : [event]) {
      const point = paper.at(one).map((v) => (v * PAPER) / WIDTH);
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAR) put(point);
    }
  }

  function lift(event) {
    if (event.isPrimary === false) return;
    if (last) my.tell();
    if (pen.down) notice = "";
    last = null;
    pen.down = false;
    draw();
  }

  function key(event) {
    if (event.key === " ") {
      pen.down = !pen.down;
      pen.seen = true;
      last = null;
      if (pen.down) put(pen.at, "The pen is down: steer with the arrow keys.");
      else update({}, "The pen is up.");
      my.tell();
    } else if (ARROWS[event.key]) {
      const step = event.shiftKey ? 0.5 : 2;
      pen.at = pen.at.map((v, i) => near(v + step * ARROWS[event.key][i]));
      pen.seen = true;
      if (pen.down) put(pen.at, notice);
      else update({}, notice);
      my.tell();
    } else return;
    event.preventDefault();
  }

  // ---- the parts

  const names = Object.keys(fixed.presets).map((name) => [name, name]);
  const controls = {
    drawing: choice("Drawing", "drawing", [...names, ["own", "your own"]], (name) => choose({ drawing: name === "own" ? own : name, part: 100 })),
    pen: slider("Pen, pixels wide", "pen", (value) => update({ pen: value }), my.tell),
    part: slider("Percent drawn", "part", (value) => update({ part: value }), my.tell),
    centered: tick("Scale and center", "centered", (centered) => choose({ centered })),
  };
  const undo = button("Take a stroke back", () => {
    choose({ drawing: shown.strokes.slice(0, -1), part: 100 });
    if (undo.disabled) paper.node.focus();
  });
  const clear = button("Clear the paper", () => { choose({ drawing: [], part: 100 }); paper.node.focus(); });
  const said = make("p", { role: "status", className: "said" });
  const paper = board(WIDTH, { tabIndex: 0, className: "paper", ariaLabel: "paper" }), seen = board(SEEN, {});
  const bars = make("div", { className: "bars", role: "img" });
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const row = { name: make("span", {}, String(digit)), bar: make("i"), value: make("span") };
    bars.append(row.name, make("div", {}, row.bar), row.value);
    return row;
  });
  const { weight: kernels, shape: [filters, , k] } = net.conv1;
  const maps = Array.from({ length: filters }, () => board(MAP, {}, MAP * 1.5));
  for (const [name, action] of Object.entries({ pointerdown: press, pointermove: move, pointerup: lift, pointercancel: lift, keydown: key, blur: lift })) {
    paper.node.addEventListener(name, action);
  }
  node.append(
    make("fieldset", { ariaLabel: "settings" }, ...Object.values(controls).map((control) => control.node)),
    said,
    error,
    make("div", { className: "panels" },
      make("figure", {}, make("figcaption", {}, "Draw here: mouse, finger, or Space and arrow keys"), paper.node,
        make("div", { className: "buttons" }, undo, clear)),
      make("figure", { className: "seen" }, make("figcaption", {}, `The network sees ${SIDE}x${SIDE}`), seen.node),
      make("figure", {}, make("figcaption", {}, "Its ten probabilities"), bars)),
    make("figure", { className: "below" }, make("figcaption", {}, `Its first ${filters} filters, and the map that each makes`),
      make("div", { className: "maps" }, ...maps.map((map) => map.node))),
    make("p", {}, "In PyTorch: ", make("code", {}, "models.DigitNet.trained()(picture[None, None] / 255).softmax(dim=1)")),
  );

  // ---- from the state to the page

  function draw() {
    const r = shown = compute(my.state, fixed, net);
    const grey = greyScale(0, 1);
    if (typeof my.state.drawing !== "string") own = my.state.drawing;
    controls.drawing.show(typeof my.state.drawing === "string" ? my.state.drawing : "own", (name) => (name === "own" && !own ? "draw on the paper" : null));
    controls.centered.show(my.state.centered);
    controls.pen.show(my.state.pen, ...fixed.limits.pen);
    controls.part.show(my.state.part, ...fixed.limits.part, `${my.state.part} percent, ${r.order ? `the network says ${r.order[0]}` : "nothing is drawn"}`);
    undo.disabled = clear.disabled = !r.strokes.length;

    const on = paper.begin();
    drawCells(on, r.paper, PAPER, PAPER, WIDTH / PAPER, grey);
    if (pen.seen) drawPen(on, pen.at.map((v) => (v * WIDTH) / PAPER), (my.state.pen / 2) * (WIDTH / PAPER) + 2);
    drawCells(seen.begin(), Float64Array.from(r.picture, (v) => v / 255), SIDE, SIDE, SEEN / SIDE, grey);
    drawMaps(r);

    say(said, `${r.order ? `The network says ${r.order[0]}.` : "Nothing is drawn yet."} ${notice}`);
    rows.forEach(({ name, bar, value }, digit) => {
      const p = r.probabilities?.[digit] ?? 0;
      for (const part of [name, bar, value]) part.classList.toggle("first", digit === r.order?.[0]);
      bar.style.cssText = `display: block; width: ${100 * p}%`;
      value.textContent = r.order ? chance(p) : "";
    });
    bars.ariaLabel = r.order ? `probabilities: ${r.probabilities.map((p, digit) => `${digit}: ${chance(p)}`).join(", ")}` : "no answer";
    seen.node.ariaLabel = "the picture that the network is given";
    paper.node.ariaDescription = node.dataset.sentence = sentence(my.state, r);
  }

  function drawMaps({ order, maps: { side, values } }) {
    if (order) brightest = values.reduce((a, v) => Math.max(a, v), 0) || 1;
    const bright = greyScale(0, brightest);
    maps.forEach((map, i) => {
      const on = map.begin(), kernel = kernels.subarray(i * k * k, (i + 1) * k * k);
      drawCells(on, kernel, k, k, (0.4 * MAP) / k, signedScale(kernel.reduce((a, v) => Math.max(a, Math.abs(v)), 0)));
      drawCells(on, values.subarray(i * side * side, (i + 1) * side * side), side, side, MAP / side, bright, 0, 0.5 * MAP);
      map.node.ariaLabel = `filter ${i} and its map`;
    });
  }

  function drawPen(on, [x, y], radius) {
    for (const [lineWidth, strokeStyle] of [[4, "#000"], [2, "#ff9d00"]]) {
      Object.assign(on, { lineWidth, strokeStyle });
      on.setLineDash(pen.down ? [] : [4, 3]);
      on.beginPath();
      on.arc(x, y, radius, 0, 2 * Math.PI);
      on.stroke();
    }
    on.setLineDash([]);
  }

  return my.live();
}

export default { render };
