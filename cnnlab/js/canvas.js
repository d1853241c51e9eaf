import { focusable, make } from "./controls.js";
import { number } from "./numbers.js";

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

export function ink([r, g, b]) {
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#000" : "#fff";
}

// ---- canvas

// A canvas of width x height CSS pixels, sharp on every screen; square unless it is told its height.
export function board(width, attributes, height = width) {
  const node = focusable("canvas", { role: "img", ...attributes });
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
// -1, 0 or 1. settled() follows when it is let go.
export function pointed({ node, at }, to, step, settled, touchAction = "none") {
  const point = (event) => to(...at(event));
  node.style.touchAction = touchAction;
  node.addEventListener("pointerdown", (event) => { node.setPointerCapture(event.pointerId); point(event); });
  node.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
  node.addEventListener("pointerup", settled);
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
  for (let i = 0; i < rows * columns; i++) {
    pen.fillStyle = ink(color(values[i]));
    pen.fillText(number(values[i]), left + (i % columns + 0.5) * cell, top + (Math.floor(i / columns) + 0.5) * cell, cell);
  }
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

// What is not the picture itself: striped, behind a dashed line.
export function drawBorder(pen, p, width, height) {
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, width, height);
  pen.rect(p, p, width - 2 * p, height - 2 * p);
  pen.clip("evenodd");
  pen.strokeStyle = "rgba(90, 160, 230, 0.6)";
  pen.lineWidth = 1;
  pen.beginPath();
  for (let x = -height; x < width; x += 7) {
    pen.moveTo(x, height);
    pen.lineTo(x + height, 0);
  }
  pen.stroke();
  pen.restore();
  pen.setLineDash([5, 4]);
  pen.strokeStyle = "#5aa0e6";
  pen.lineWidth = 2;
  pen.strokeRect(p, p, width - 2 * p, height - 2 * p);
  pen.setLineDash([]);
}

// What the colors of a picture mean: a bar from the lowest value to the highest.
export function legend() {
  const [low, bar, high] = [make("span"), make("i"), make("span")];
  return {
    node: make("div", { className: "legend" }, low, bar, high),
    show(from, to, color) {
      const stops = Array.from({ length: 11 }, (_, i) => css(color(from + ((to - from) * i) / 10)));
      low.textContent = number(from);
      high.textContent = number(to);
      bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    },
  };
}
