import { focusable, make } from "./controls.js";
import { number, text } from "./numbers.js";

// Colors, and canvases on which explorers draw.

// ---- colors: one grey for images, one diverging map centred on 0 for signed values (ColorBrewer's RdBu)

const RDBU = ["053061", "2166ac", "4393c3", "92c5de", "d1e5f0", "f7f7f7", "fddbc7", "f4a582", "d6604d", "b2182b", "67001f"]
  .map((hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)));

// Made once, finer than a screen shows: a picture of 10,000 pixels makes no 10,000 colors anew. What is no number is 0.
const GREYS = Array.from({ length: 256 }, (_, t) => [t, t, t]);
const SIGNED = Array.from({ length: 1021 }, (_, step) => {
  const t = (step / 1020) * (RDBU.length - 1), i = Math.min(Math.floor(t), RDBU.length - 2);
  return RDBU[i].map((c, k) => c + (t - i) * (RDBU[i + 1][k] - c));
});
const shade = (colors, t) => colors[(Math.max(0, Math.min(1, t)) * (colors.length - 1) + 0.5) | 0];

export function greyScale(low, high) {
  const span = high - low || 1;
  return (v) => shade(GREYS, (v - low) / span);
}

export function signedScale(reach) {
  const span = 2 * reach || 1;
  return (v) => shade(SIGNED, 0.5 + v / span);
}

export function css([r, g, b]) {
  return `rgb(${r} ${g} ${b})`;
}

// Black or white, whichever stands out more on a color: the two meet at a luminance of 0.179 (WCAG).
const LINEAR = Array.from({ length: 256 }, (_, v) => (v > 10 ? ((v / 255 + 0.055) / 1.055) ** 2.4 : v / 255 / 12.92));
export function ink(rgb) {
  const [r, g, b] = rgb.map((v) => LINEAR[Math.round(v)]);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

// ---- canvas

// What a screen reader is told of a canvas that can be pointed at, or it would keep the arrow keys to itself. Such a canvas
// has a short ariaLabel that stays; what it shows at the moment is its ariaDescription.
const TO_POINT_AT = { role: "application", ariaRoleDescription: "picture to point at" };

// A canvas of width x height CSS pixels, sharp on every screen; square unless it is told its height. With a tabIndex it can
// be pointed at.
export function board(width, attributes, height = width) {
  const node = focusable("canvas", { ...("tabIndex" in attributes ? TO_POINT_AT : { role: "img" }), ...attributes });
  const resize = (w, h) => {
    [width, height] = [w, h];
    Object.assign(node.style, { width: `${width}px`, aspectRatio: `${width} / ${height}` });
  };
  resize(width, height);
  return {
    node,
    resize,
    // A pen in CSS pixels on a clean canvas.
    begin() {
      const ratio = Math.max(1, window.devicePixelRatio || 1);
      const [w, h] = [width, height].map((length) => Math.round(length * ratio));
      if (node.width !== w || node.height !== h) Object.assign(node, { width: w, height: h });
      const pen = node.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, width, height);
      return pen;
    },
    // Where a mouse or a finger is, in the same pixels.
    at(event) {
      const box = node.getBoundingClientRect();
      return [((event.clientX - box.left) * width) / box.width, ((event.clientY - box.top) * height) / box.height];
    },
  };
}

export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Let a board be pointed at, with mouse or finger: to(x, y) in its pixels; and with arrow keys: step(right, down), each
// -1, 0 or 1. settled() follows when it is let go. A finger that goes up or down scrolls the page, and points at nothing:
// it does when it has gone sideways or is lifted.
export function pointed({ node, at }, to, step, settled, touchAction = "pan-y") {
  const point = (event) => to(...at(event)), scrolls = (event) => event.pointerType === "touch" && touchAction !== "none";
  let from = null;  // where the button that is down was pressed
  node.style.touchAction = touchAction;
  node.addEventListener("pointerdown", (event) => {
    if (event.button || !event.isPrimary) return;
    node.setPointerCapture(event.pointerId);
    from = event;
    if (!scrolls(event)) point(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (from?.pointerId !== event.pointerId) return;
    const [across, along] = [event.clientX - from.clientX, event.clientY - from.clientY].map(Math.abs);
    if (!scrolls(event) || across > along) point(event);
  });
  node.addEventListener("pointerup", (event) => {
    if (from?.pointerId !== event.pointerId) return;
    from = null;
    if (scrolls(event)) point(event);
    settled();
  });
  node.addEventListener("pointercancel", () => { from = null; });
  node.addEventListener("keydown", (event) => {
    if (!ARROWS[event.key]) return;
    event.preventDefault();
    step(...ARROWS[event.key]);
    settled();
  });
}

const sheets = {};  // for each size of picture a small canvas, drawn pixel for pixel and then enlarged

function enlarge(pen, rows, columns, [left, top, width, height], color, smooth = false) {
  const sheet = (sheets[`${rows}x${columns}`] ??= make("canvas", { width: columns, height: rows }));
  sheet.pen ??= sheet.getContext("2d", { willReadFrequently: true });
  sheet.image ??= sheet.pen.createImageData(columns, rows);
  color(sheet.image.data);
  sheet.pen.putImageData(sheet.image, 0, 0);
  pen.imageSmoothingEnabled = smooth;
  pen.drawImage(sheet, left, top, width, height);
}

const colored = (values, color) => (data) => {
  for (let i = 0, at = 0; at < data.length; i++) {
    const rgb = color(values[i]);
    data[at++] = rgb[0];
    data[at++] = rgb[1];
    data[at++] = rgb[2];
    data[at++] = 255;
  }
};

// rows x columns values as cells of `cell` pixels at (left, top), with their numbers where these fit.
export function drawCells(pen, values, rows, columns, cell, color, left = 0, top = 0) {
  enlarge(pen, rows, columns, [left, top, columns * cell, rows * cell], colored(values, color));
  if (cell < 26) return;
  pen.font = `${Math.min(15, cell * 0.38)}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const room = cell - 4;  // or neighbors would touch
  for (let i = 0; i < rows * columns; i++) {
    pen.fillStyle = ink(color(values[i]));
    pen.fillText(fitting(pen, values[i], room), left + (i % columns + 0.5) * cell, top + (Math.floor(i / columns) + 0.5) * cell, room);
  }
}

// A number as exactly as it can be read where there is room for so much; nothing rather than a smear.
function fitting(pen, value, room) {
  const ways = [number, text, (v) => v.toExponential(0).replace("e+", "e")];
  for (const write of ways) if (pen.measureText(write(value)).width < 1.3 * room) return write(value);
  return "";
}

// The same values laid over a rectangle (left, top, width, height), half seen through and without edges between them.
export function drawHeat(pen, values, rows, columns, rectangle, color) {
  pen.globalAlpha = 0.6;
  enlarge(pen, rows, columns, rectangle, colored(values, color), true);
  pen.globalAlpha = 1;
}

// A color picture from its three planes, whose brightest value is `most`.
export function drawColors(pen, [red, green, blue], rows, columns, cell, most = 1, left = 0, top = 0) {
  const light = 255 / most;
  enlarge(pen, rows, columns, [left, top, columns * cell, rows * cell], (data) => {
    for (let i = 0, at = 0; at < data.length; i++) {
      data[at++] = light * red[i];
      data[at++] = light * green[i];
      data[at++] = light * blue[i];
      data[at++] = 255;
    }
  });
}

// A line through points, and a dot.
export function line(pen, points) {
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
}

export function dot(pen, [x, y], radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

// A frame that is seen on every background.
export function frame(pen, x, y, width, height, line = 2.5) {
  for (const [lineWidth, strokeStyle] of [[line + 2, "rgba(0, 0, 0, 0.75)"], [line, "#ff9d00"]]) {
    Object.assign(pen, { lineWidth, strokeStyle });
    pen.strokeRect(x, y, width, height);
  }
}

// A hairline around a picture whose rim may be as white as the page.
export function edge(pen, x, y, width, height) {
  Object.assign(pen, { lineWidth: 1, strokeStyle: "#8888" });
  pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
}

// What the colors of a picture mean: a bar from one value to another. Of values beyond, if the picture has some (`least`,
// `most`), it says that they look like the ends.
export function legend() {
  const [low, bar, high] = [make("span"), make("i"), make("span")];
  return {
    node: make("div", { className: "legend" }, low, bar, high),
    show(from, to, color, least = from, most = to) {
      const stops = Array.from({ length: 11 }, (_, i) => css(color(from + ((to - from) * i) / 10))), unseen = (to - from) / 200;
      low.textContent = (least < from - unseen ? "≤ " : "") + text(from);
      high.textContent = (most > to + unseen ? "≥ " : "") + text(to);
      bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    },
  };
}
