import { dot, frame, line } from "./canvas.js";
import { loss } from "./descent.js";

// What the descent explorer draws: the landscape with the walk on it, and the loss by step.

export const LAND = [400, 280], CHART = [330, 280];  // CSS pixels; narrower where there is less room
const MARGIN = [46, 8, 22, 34];  // left, right, top, bottom
const PATH = "#e0662f", SLOPE = "#2f8fd8", GREY = "rgba(128, 128, 128, 0.9)";
const LINES = 10;  // places of equal loss
const LEAST = -9;  // power of ten: what lies below is drawn there, since its digits would be rounding errors

// A pen inside margins with two axes, and the way from values to pixels.
function axes(board, width, height, ink, [x0, x1], [y0, y1], xs, ys) {
  board.resize(width, height);
  const [left, right, top, bottom] = MARGIN, pen = board.begin();
  const x = (v) => left + ((v - x0) / (x1 - x0)) * (width - left - right);
  const y = (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - top - bottom);
  Object.assign(pen, { font: "12px system-ui, sans-serif", fillStyle: ink, strokeStyle: GREY, lineWidth: 1 });
  pen.strokeRect(left + 0.5, top + 0.5, width - left - right, height - top - bottom);
  pen.textAlign = "center";
  for (const [v, text] of xs) pen.fillText(text, x(v), height - bottom + 15);
  pen.textAlign = "right";
  for (const [v, text] of ys) pen.fillText(text, left - 5, y(v) + 4);
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width - left - right, height - top - bottom);
  pen.clip();
  return { pen, x, y, name(word, across) {
    pen.restore();
    Object.assign(pen, { fillStyle: ink, textAlign: "right" });
    pen.fillText(across, width - right, height - 4);
    pen.textAlign = "left";
    pen.fillText(word, 4, top - 8);
  } };
}

// Dots joined by lines.
function trail(pen, points, color, radius, dash = []) {
  Object.assign(pen, { strokeStyle: color, fillStyle: color, lineWidth: 1.5 });
  pen.setLineDash(dash);
  line(pen, points);
  pen.setLineDash([]);
  for (const point of points) dot(pen, point, radius);
}

const ticks = (low, high) => Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => [Math.ceil(low) + i, String(Math.ceil(low) + i)]);
const bounded = (v) => Math.max(-1e4, Math.min(1e4, v));  // canvas coordinates far outside are of no use

// The landscape and the walk on it. What comes back turns pixels of it into weights.
export function drawLand(board, width, state, fixed, r, ink) {
  const { low, high, coefficients } = fixed.landscapes[state.landscape], two = low.length === 2;
  const here = fixed.landscapes[state.landscape], curve = [];
  for (let i = 0; !two && i <= 200; i++) {
    const w = low[0] + ((high[0] - low[0]) * i) / 200;
    curve.push([w, loss(here, [w]).value]);
  }
  const top = two ? high[1] : Math.max(...curve.map(([, value]) => value));
  const span = two ? [low[1], top] : [-0.03 * top, top], unit = top > 10 ? 10 : 1;
  const ys = two ? ticks(...span) : ticks(0, top / unit).map(([v, text]) => [v * unit, String(text * unit)]);
  const { pen, x, y, name } = axes(board, width, LAND[1], ink, [low[0], high[0]], span, ticks(low[0], high[0]), ys);
  const points = (walk) => walk.weights.map((w, t) => [bounded(x(w[0])), bounded(y(two ? w[1] : walk.losses[t]))]);
  if (two) drawLevels(pen, x, y, coefficients, loss(here, high).value);
  else {
    Object.assign(pen, { strokeStyle: ink, lineWidth: 2 });
    line(pen, curve.map(([w, value]) => [x(w), y(value)]));
  }
  if (r.plain) trail(pen, points(r.plain), GREY, 2, [4, 3]);
  if (!two) drawTangent(pen, x, y, r.weights.at(-1)[0], here);
  const way = points(r), [px, py] = way.at(-1);
  trail(pen, way, PATH, 3);
  frame(pen, px - 7, py - 7, 14, 14, 2);
  name(two ? "w[1]" : "loss", two ? "w[0]" : "w");
  const back = (v, from, to, a, b) => a + ((v - from) / (to - from)) * (b - a);
  return (px, py) => [back(px, x(low[0]), x(high[0]), low[0], high[0]), back(py, y(span[0]), y(span[1]), ...span)];
}

// Of a quadratic, places of equal loss are ellipses.
function drawLevels(pen, x, y, coefficients, most) {
  const [a, b] = coefficients.map((c) => c[2]);
  Object.assign(pen, { strokeStyle: GREY, lineWidth: 1, fillStyle: "rgba(47, 143, 216, 0.07)" });
  for (let k = LINES; k > 0; k--) {
    const level = most * (k / LINES) ** 2;
    pen.beginPath();
    pen.ellipse(x(0), y(0), x(Math.sqrt(level / a)) - x(0), y(0) - y(Math.sqrt(level / b)), 0, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }
}

function drawTangent(pen, x, y, w, here) {
  const { value, slopes } = loss(here, [w]), reach = 0.4;
  Object.assign(pen, { strokeStyle: SLOPE, lineWidth: 2.5 });
  line(pen, [-reach, reach].map((d) => [bounded(x(w + d)), bounded(y(value + d * slopes[0]))]));
}

export function drawChart(board, width, state, r, ink) {
  const log = (value) => Math.log10(Math.max(value, 10 ** LEAST)), all = [...r.losses, ...(r.plain?.losses ?? [])].map(log);
  const low = Math.floor(Math.min(...all)), high = Math.max(low + 1, Math.ceil(Math.max(...all))), last = Math.max(1, state.steps);
  const every = Math.ceil((high - low) / 7), ys = [];
  for (let k = low; k <= high; k += every) ys.push([k, `${k === LEAST ? "≤" : ""}${k < -3 || k > 4 ? `1e${k}` : String(10 ** k).slice(0, 6)}`]);
  const stride = [1, 2, 5, 10, 20].find((n) => last / n <= 6);
  const xs = Array.from({ length: Math.floor(last / stride) + 1 }, (_, i) => [i * stride, String(i * stride)]);
  const { pen, x, y, name } = axes(board, width, CHART[1], ink, [-last / 40, last * 1.025], [low - 0.1, high + 0.1], xs, ys);
  const points = (walk) => walk.losses.map((value, t) => [x(t), y(log(value))]);
  if (r.plain) trail(pen, points(r.plain), GREY, 1.5, [4, 3]);
  trail(pen, points(r), PATH, last > 40 ? 2 : 3);
  name("loss", "step");
}
