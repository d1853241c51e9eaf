import { captions, code, compute, mixture, outcomes, sentence } from "./augmentation.js";
import { board, drawColors, frame } from "./canvas.js";
import { button, choice, make, say, slider, tick } from "./controls.js";
import { begin } from "./kit.js";

const NAMES = ["image", "other", "crop", "padding", "flip", "color", "erase", "mixup", "seed", "epoch"];
const SLIDERS = [["crop", "Crop, pixels"], ["color", "Color"], ["erase", "Erase, pixels"], ["mixup", "Mixup, alpha"], ["seed", "Seed"],
  ["epoch", "Epoch shown"]];
const STEPS = ["Crop and flip", "Color", "Erase", "Mixup"];  // after the padded picture and before the other one of mixup
const TILE = 126, STEP = 196;  // CSS pixels

const CSS = `
.cnnlab button.again { align-self: end; min-height: 28px; }
.cnnlab .tiles, .cnnlab .steps { display: grid; gap: 8px; margin: 2px 0 14px; grid-template-columns: repeat(auto-fit, minmax(72px, 1fr)); }
.cnnlab .steps { gap: 12px 14px; grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); }
.cnnlab .tiles canvas, .cnnlab .steps canvas { box-shadow: 0 0 0 1px #8888; }
.cnnlab .tiles figure { max-width: ${TILE}px; cursor: pointer; }
.cnnlab .tiles figcaption { font-weight: 400; font-size: 13px; margin: 2px 0 0; }
.cnnlab .steps figure { max-width: ${STEP}px; }
.cnnlab .steps .did { font-size: 13px; margin: 4px 0 0; }
.cnnlab figure.off canvas { opacity: 0.5; }
.cnnlab p.heading { font-weight: 600; margin: 0 0 6px; }
.cnnlab code { overflow-wrap: anywhere; }
`;

function render({ model, el }) {
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw }), { node, fixed, error } = my, { side, epochs } = fixed;

  // ---- the parts

  const names = Object.keys(fixed.pictures).map((name) => [name, name]);
  const choices = {
    image: choice("Picture", "image", names, my.set("image")),
    other: choice("Mixed with", "other", names, my.set("other")),
    padding: choice("Border", "padding", Object.entries(fixed.paddings), my.set("padding")),
  };
  const sliders = Object.fromEntries(SLIDERS.map(([name, label]) => [name, slider(label, name, (v) => my.update({ [name]: v }), my.tell)]));
  for (const [name, [, , step]] of Object.entries(fixed.grids)) sliders[name].range.step = step;
  const flip = tick("Flip", "flip", my.set("flip"));
  const again = button("Draw again", () => my.set("seed")((my.state.seed + 1) % (fixed.limits.seed[1] + 1)), { className: "again" });
  const { crop, color, erase, mixup, seed, epoch } = Object.fromEntries(Object.entries(sliders).map(([name, { node }]) => [name, node]));
  const count = make("p", { role: "status", className: "said" });
  const tiles = Array.from({ length: epochs }, (_, i) => {
    const tile = { board: board(TILE, {}), caption: make("figcaption") };
    const figure = make("figure", {}, tile.board.node, tile.caption);
    figure.addEventListener("click", () => my.set("epoch")(i + 1));  // not where a finger that scrolls comes down
    return { ...tile, node: figure };
  });
  const steps = ["", ...STEPS, ""].map((title) => {
    const step = { title: make("figcaption", {}, title), board: board(STEP, {}), did: make("p", { className: title && "did" }) };
    return { ...step, node: make("figure", {}, step.title, step.board.node, step.did) };
  });
  const heading = make("p", { className: "heading" }), line = make("code");
  node.append(
    make("fieldset", { ariaLabel: "settings" }, choices.image.node, choices.padding.node, crop, flip.node, color, erase, mixup, choices.other.node,
      seed, again, epoch),
    error,
    count,
    make("p", { className: "heading" }, "What training sees of this picture, epoch by epoch"),
    make("div", { className: "tiles" }, ...tiles.map((tile) => tile.node)),
    heading,
    make("div", { className: "steps" }, ...[0, 1, 2, 3, 5, 4].map((i) => steps[i].node)),
    make("p", {}, "In data.Batches: ", line),
  );

  // ---- from the state to the page

  function draw() {
    const r = compute(my.state, fixed);
    drawControls();
    drawTiles(r);
    drawSteps(r);
    say(count, outcomes(my.state, side));
    line.textContent = code(my.state);
    node.dataset.sentence = sentence(my.state, fixed, r);
  }

  function drawControls() {
    for (const [name, control] of Object.entries(sliders)) control.show(my.state[name], ...(fixed.limits[name] ?? fixed.grids[name]).slice(0, 2));
    for (const [name, control] of Object.entries(choices)) control.show(my.state[name], () => null);
    counts(choices.padding, "Border", !my.state.crop && "crop 0");
    counts(choices.other, "Mixed with", !my.state.mixup && "off");
    flip.show(my.state.flip);
  }

  // A choice that changes nothing now says so, in few words: longer ones would move the controls.
  function counts({ node: label, select }, words, why) {
    select.disabled = Boolean(why);
    label.firstChild.textContent = why ? `${words} (${why})` : words;
  }

  function paint(pen, planes, wide, size) {
    const n = wide * wide;
    drawColors(pen, [0, n, 2 * n].map((start) => planes.subarray(start, start + n)), wide, wide, size / wide);
  }

  function drawTiles({ draws }) {
    draws.forEach(({ mixed, chosen }, i) => {
      const { board: { begin, node: canvas }, caption } = tiles[i], pen = begin();
      paint(pen, mixed, side, TILE);
      if (i + 1 === my.state.epoch) frame(pen, 2, 2, TILE - 4, TILE - 4, 3);
      caption.textContent = `epoch ${i + 1}${my.state.mixup ? `: ${mixture(my.state, chosen)}` : ""}`;
      canvas.ariaLabel = `epoch ${i + 1}: ${captions(my.state, chosen, side).join("; ")}`;
    });
  }

  function drawSteps({ padded, picked: { chosen, flipped, colored, erased, mixed, meets } }) {
    const wide = side + 2 * my.state.crop, cell = STEP / wide;
    const on = [true, my.state.crop || my.state.flip, my.state.color, my.state.erase, my.state.mixup];
    const words = [`with a border of ${my.state.crop} pixels`, ...captions(my.state, chosen, side), "cropped, flipped, colored and erased by draws of its own"];
    steps[0].title.textContent = my.state.crop ? `Padded: ${wide}x${wide}` : `Picture: ${side}x${side}`;
    steps[5].title.textContent = `The other: ${my.state.other}`;
    steps[5].node.hidden = !my.state.mixup;
    [padded, flipped, colored, erased, mixed, meets].forEach((planes, i) => {
      const { node: figure, title, board: { begin, node: canvas }, did } = steps[i], pen = begin();
      paint(pen, planes, i ? side : wide, STEP);
      if (!i && my.state.crop) frame(pen, chosen.left * cell, chosen.top * cell, side * cell, side * cell);
      figure.classList.toggle("off", on[i] === 0 || on[i] === false);
      if (STEPS[i - 1]) did.textContent = words[i];
      canvas.ariaLabel = `${title.textContent}: ${words[i]}`;
    });
    heading.textContent = `Epoch ${my.state.epoch}, step by step`;
  }

  return my.live();
}

export default { render };
