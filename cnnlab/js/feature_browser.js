import { board, drawCells, drawColors, drawHeat, frame, greyScale, legend, pointed, signedScale } from "./canvas.js";
import { choice, make, say, slider, tick } from "./controls.js";
import { begin } from "./kit.js";
import { number, text } from "./numbers.js";

const NAMES = ["image", "layer", "channel", "label", "cam"];
const SIDE = 260, ALL = 460, GAP = 4, SMALL = 64;  // CSS pixels: picture and map, all maps together, between two of them, the picture below Grad-CAM
const PATIENCE = 700;  // ms until the page says that Python is busy

const CSS = `
.cnnlab .answer { display: flex; gap: 12px; align-items: center; margin: 6px 0; }
.cnnlab .answer canvas { flex: none; }
.cnnlab .bars { flex: 1; display: grid; grid-template-columns: minmax(4em, auto) minmax(30px, 120px) 3em; gap: 4px 8px; align-items: center; font-variant-numeric: tabular-nums; }
.cnnlab .bars i { display: block; height: 14px; background: #1f77b4; }
.cnnlab figure.all { flex: 1 1 ${SIDE}px; max-width: ${ALL}px; }
`;

// matplotlib's inferno, which grows evenly brighter: what Grad-CAM is drawn with.
const INFERNO = ["000004", "160b39", "420a68", "6a176e", "932667", "bc3754", "dd513a", "f37819", "fca50a", "f6d746", "fcffa4"]
  .map((hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)));

export function heatScale(high) {
  return (v) => {
    const t = Math.max(0, Math.min(1, v / (high || 1))) * (INFERNO.length - 1), i = Math.min(Math.floor(t), INFERNO.length - 2);
    return INFERNO[i].map((c, j) => c + (t - i) * (INFERNO[i + 1][j] - c));
  };
}

// Bytes that Python sent, as numbers.
export function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

// What Python says in pixels, the first one's own middle being 0, as left, top, width and height on the screen.
export function rectangle([left, right, bottom, top], scale) {
  return [left + 0.5, top + 0.5, right - left, bottom - top].map((v) => v * scale);
}

// layer2, or layer conv1
const layered = (name, word = "layer") => (/layer/i.test(name) ? name : `${word} ${name}`);

// How many maps stand in a row, and how wide each is drawn.
export function grid(count) {
  const columns = count > 16 ? 8 : Math.min(4, count);
  return { columns, rows: Math.ceil(count / columns), cell: (ALL + GAP) / columns };
}

function render({ model, el }) {
  const names = [...NAMES, "asked", "answered", "shown"];
  const my = begin({ model, el }, { names, css: CSS, draw, take }), { node, fixed, error } = my;
  let moved = false, coming = null, busy = null;  // moved: Python has not been asked about this yet

  // ---- a question for Python: at most one per frame and one on its way; what is asked then is the latest

  function update(changes) {
    const { channel, layer } = { ...my.state, ...changes };
    moved = true;
    coming ??= requestAnimationFrame(ask);
    my.update({ ...changes, channel: Math.min(channel, fixed.layers[layer] - 1) });
  }

  function ask() {
    coming = null;
    if (!moved || my.state.asked !== my.state.answered) return;
    moved = false;
    my.state = { ...my.state, asked: my.state.asked + 1 };
    busy = setTimeout(() => say(said, "Python is busy. The picture follows when it is done."), PATIENCE);
    my.tell();
  }

  function take(heard) {
    const { asked, answered, shown } = heard;
    if (asked === answered) clearTimeout(busy);
    if (moved) coming ??= requestAnimationFrame(ask);
    return moved ? { ...my.state, asked, answered, shown } : heard;
  }

  // ---- the parts

  const same = (names) => names.map((name) => [name, name]);
  const controls = {
    image: slider("Picture", "image", (image) => update({ image }), () => {}),
    layer: choice("Layer", "layer", same(Object.keys(fixed.layers)), (layer) => update({ layer })),
    channel: slider("Channel", "channel", (channel) => update({ channel }), () => {}),
    label: choice("Grad-CAM for", "label", same(fixed.classes), (label) => update({ label })),
    cam: tick("Lay Grad-CAM over it", "cam", (cam) => update({ cam })),
  };
  const said = make("p", { role: "status", className: "said" });
  const picture = board(SIDE, {}), bare = board(SMALL, {}), map = board(SIDE, {}), all = board(ALL, { tabIndex: 0, className: "maps", ariaLabel: "all maps" });
  const titles = Array.from({ length: 3 }, () => make("figcaption"));
  const [heat, scale] = [legend(), legend()], bars = make("div", { className: "bars", role: "img" });
  pointed(all, (x, y) => {
    const { columns, cell } = grid(maps().count), [across, down] = [x, y].map((v) => Math.floor(v / cell));
    if (across < columns) pick(my.state.shown.first + down * columns + across);
  }, (right, down) => pick(my.state.channel + right + down * grid(maps().count).columns), () => {}, "pan-y");
  node.append(
    make("fieldset", { ariaLabel: "settings" }, ...Object.values(controls).map((control) => control.node)),
    said,
    error,
    make("div", { className: "panels" },
      make("figure", {}, titles[0], picture.node, heat.node, make("div", { className: "answer" }, bare.node, bars)),
      make("figure", {}, titles[1], map.node, scale.node),
      make("figure", { className: "all" }, titles[2], all.node)),
  );

  function pick(channel) {
    if (channel >= 0 && channel < fixed.layers[my.state.layer]) update({ channel });
  }

  // The maps that are here, which may still be those of the layer before.
  function maps() {
    const { maps: sent, first, shape: [, h, w] } = my.state.shown, values = floats(sent);
    return { values, first, h, w, count: values.length / (h * w), at: (i) => values.subarray(i * h * w, (i + 1) * h * w) };
  }

  // ---- from the state to the page

  function draw() {
    const { shown } = my.state, waits = moved || my.state.asked !== my.state.answered;
    controls.image.show(my.state.image, 0, fixed.images - 1, `picture ${my.state.image}`);
    controls.layer.show(my.state.layer, () => null);
    controls.channel.show(my.state.channel, 0, fixed.layers[my.state.layer] - 1, `channel ${my.state.channel} of ${fixed.layers[my.state.layer]}`);
    controls.label.show(my.state.label, () => null);
    controls.label.select.disabled = !my.state.cam;
    controls.label.node.firstChild.textContent = `Grad-CAM ${my.state.cam ? "for" : "(off)"}`;
    controls.cam.show(my.state.cam);
    node.toggleAttribute("data-waits", waits);
    node.dataset.sentence = picture.node.ariaLabel = shown.sentence;
    const [[name, share]] = shown.best, words = `The network says ${name} (${number(share)}).`;
    if (!waits) say(said, words);
    bars.replaceChildren(...shown.best.flatMap(([name, share]) => {
      const bar = make("i");
      bar.style.width = `${100 * share}%`;
      return [make("span", {}, name), make("div", {}, bar), make("span", {}, number(share))];
    }));
    bars.ariaLabel = `the three likeliest: ${shown.best.map(([name, share]) => `${name} ${number(share)}`).join(", ")}`;
    drawPicture();
    drawMaps();
  }

  // What the colors mean: also where all values are far below a hundredth.
  function means(one, low, high, color) {
    one.show(low, high, color);
    [one.node.firstChild.textContent, one.node.lastChild.textContent] = [low, high].map(text);
  }

  function drawPicture() {
    const { shown } = my.state, [c, h, w] = shown.picture_shape, pixels = new Uint8Array(shown.picture.buffer, shown.picture.byteOffset, c * h * w);
    const [red, green, blue] = [0, 1, 2].map((k) => pixels.subarray((k % c) * h * w, ((k % c) + 1) * h * w));
    const light = Float64Array.from(red, (_, i) => 0.299 * red[i] + 0.587 * green[i] + 0.114 * blue[i]);
    picture.resize(SIDE, (SIDE * h) / w);
    const pen = picture.begin();
    drawColors(pen, my.state.cam ? [light, light, light] : [red, green, blue], h, w, SIDE / w, 255);
    bare.resize(SMALL, (SMALL * h) / w);
    drawColors(bare.begin(), [red, green, blue], h, w, SMALL / w, 255);
    bare.node.ariaLabel = `picture ${shown.state.image} itself`;
    bare.node.hidden = !my.state.cam;
    titles[0].textContent = my.state.cam ? `Where it looks for: ${shown.label}` : `Picture ${shown.state.image}`;
    heat.node.hidden = !my.state.cam;
    if (!my.state.cam) return;
    const cam = floats(shown.cam), [, rows, columns] = shown.shape, high = cam.reduce((a, v) => Math.max(a, v), 0), warm = heatScale(high);
    drawHeat(pen, cam, rows, columns, rectangle(shown.over, SIDE / w), warm);
    means(heat, 0, high, warm);
  }

  function drawMaps() {
    const { shown } = my.state, { values, first, h, w, count, at } = maps(), [low, high] = shown.range, reach = Math.max(-low, high);
    const color = low < 0 ? signedScale(reach) : greyScale(0, high), chosen = my.state.channel - first;
    means(scale, low < 0 ? -reach : 0, low < 0 ? reach : high, color);
    map.resize(SIDE, (SIDE * h) / w);
    titles[1].textContent = `${layered(shown.state.layer, "Layer")}, channel ${shown.state.channel}`;
    titles[2].textContent = `Maps ${first} to ${first + count - 1} of ${shown.shape[0]}, one scale`;
    if (chosen >= 0 && chosen < count) {
      drawCells(map.begin(), at(chosen), h, w, SIDE / w, color);
      const one = at(chosen);
      map.node.ariaLabel = `channel ${my.state.channel}: ${text(Math.min(...one))} to ${text(Math.max(...one))}`;
    }
    const { columns, rows, cell } = grid(count), wide = cell - GAP, tall = (wide * h) / w;
    all.resize(ALL, rows * (tall + GAP));
    const pen = all.begin();
    for (let i = 0; i < count; i++) {
      const [x, y] = [(i % columns) * cell, Math.floor(i / columns) * (tall + GAP)];
      drawCells(pen, at(i), h, w, wide / w, color, x, y);
      if (i === chosen) frame(pen, x + 2, y + 2, wide - 4, tall - 4);
    }
    all.node.ariaDescription = `all maps of ${layered(shown.state.layer)}, ${values.length ? `from ${text(low)} to ${text(high)}` : "none"}; arrow keys choose`;
  }

  return my.live({ forget() {
    clearTimeout(busy);
    cancelAnimationFrame(coming);
  } });
}

export default { render };
