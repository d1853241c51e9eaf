import { BENDS, brief, condition } from "./activation.js";
import { css, dot, frame, ink, line, signedScale } from "./canvas.js";
import { text } from "./numbers.js";

// What the activation explorer draws: one function with its slope, and what a chain of units leaves of a nudge.

export const CURVE = [360, 270], SPAN = 8;  // CSS pixels; weighted sums from -8 to 8
export const LOOKS = { sigmoid: ["#e0662f", []], tanh: ["#2f8fd8", [8, 4]], relu: ["#3a9d4f", [3, 3]], leaky_relu: ["#a05fc4", []] };
const HEIGHTS = { sigmoid: [-0.3, 1.3], tanh: [-1.3, 1.3], relu: [-1, 5], leaky_relu: [-1, 5] };
const SHADES = { saturated: "rgba(128, 128, 128, 0.28)", dead: "rgba(214, 60, 60, 0.25)" };
const CHART = 210, STRIP = 36, LEFT = 62;  // heights in the picture of the chain, and room for words on its left

const MARGIN = [34, 8, 20, 34];  // left, right, top, bottom of the curve

// The weighted sum at x pixels of the curve.
export const sumAt = (x) => ((x - MARGIN[0]) / (CURVE[0] - MARGIN[0] - MARGIN[1]) - 0.5) * 2 * SPAN;

export function drawCurve(board, state, fixed, r, ink) {
  const [width, height] = CURVE, [left, right, top, bottom] = MARGIN, inner = [width - left - right, height - top - bottom];
  const name = state.function, [low, high] = HEIGHTS[name], [bend, slope] = BENDS[name], leak = state.negative_slope;
  const x = (sum) => left + (sum / SPAN / 2 + 0.5) * inner[0], y = (v) => top + (1 - (v - low) / (high - low)) * inner[1];
  const pen = board.begin();
  Object.assign(pen, { font: "12px system-ui, sans-serif", textBaseline: "middle", strokeStyle: "#8888", fillStyle: ink, lineWidth: 1 });
  const write = (words, a, b, textAlign = "center") => { pen.textAlign = textAlign; pen.fillText(words, a, b); };
  const sums = Array.from({ length: inner[0] + 1 }, (_, i) => sumAt(left + i));

  // where a unit cannot learn
  let from = 0;
  const what = sums.map((sum) => condition(slope(sum, leak), name, fixed));
  for (let i = 1; i <= sums.length; i++) {
    if (what[i] === what[from]) continue;
    if (SHADES[what[from]]) {
      pen.fillStyle = SHADES[what[from]];
      pen.fillRect(left + from, top, i - from, inner[1]);
      pen.fillStyle = ink;
      write(what[from], Math.min(left + (from + i) / 2, width - 2 - pen.measureText(what[from]).width / 2), top - 9);
    }
    from = i;
  }
  for (const v of [-1, 0, 1, 2, 3, 4]) {
    if (v < low || v > high) continue;
    line(pen, [[left, y(v)], [width - right, y(v)]]);
    write(v, left - 6, y(v), "right");
  }
  for (let sum = -SPAN; sum <= SPAN; sum += 4) write(sum, x(sum), height - bottom + 11);
  write("weighted sum", left + inner[0] / 2, height - 7);

  pen.save();
  pen.beginPath();
  pen.rect(left, top, ...inner);
  pen.clip();
  Object.assign(pen, { lineWidth: 2, strokeStyle: ink });
  pen.setLineDash([5, 4]);
  line(pen, sums.map((sum) => [x(sum), y(slope(sum, leak))]));
  pen.setLineDash([]);
  Object.assign(pen, { lineWidth: 3.5, strokeStyle: LOOKS[name][0] });
  line(pen, sums.map((sum) => [x(sum), y(bend(sum, leak))]));
  pen.restore();

  const place = ({ sum, answer }) => [x(Math.max(-SPAN, Math.min(SPAN, sum))), y(Math.max(low, Math.min(high, answer)))];
  for (const unit of r.units.slice(1)) {
    pen.fillStyle = LOOKS[name][0];
    dot(pen, place(unit), 4);
  }
  const [a, b] = place(r.first);
  if (Math.abs(r.first.sum) <= SPAN && r.first.answer <= high) {
    const run = 1.6, rise = run * r.first.slope;  // the tangent
    Object.assign(pen, { lineWidth: 2, strokeStyle: ink });
    line(pen, [[x(r.first.sum - run), y(r.first.answer - rise)], [x(r.first.sum + run), y(r.first.answer + rise)]]);
  }
  frame(pen, a - 5, b - 5, 10, 10);
}

// Powers of ten down, units across: what each function leaves of a nudge; below, the chosen one's answers and slopes.
export function drawChain(board, state, fixed, r, ink, width) {
  const n = r.units.length, cell = (width - LEFT - 8) / n;
  const height = CHART + 2 * (STRIP + 6), top = 10, bottom = CHART - 26;
  board.resize(width, height);
  const pen = board.begin(), x = (i) => LEFT + (i + 0.5) * cell;
  const logs = Object.values(r.chains).flat().filter(({ left }) => left > 0).map(({ left }) => Math.log10(left));
  const high = Math.ceil(Math.max(0, ...logs) - 1e-9), low = Math.min(high - 1, Math.floor(Math.min(0, ...logs) + 1e-9));
  const y = (left) => (left > 0 ? top + ((high - Math.log10(left)) / (high - low)) * (bottom - 14 - top) : bottom);
  Object.assign(pen, { font: "12px system-ui, sans-serif", textBaseline: "middle", textAlign: "right", lineWidth: 1, strokeStyle: "#8888", fillStyle: ink });
  const level = (words, at) => {
    line(pen, [[LEFT, at], [LEFT + n * cell, at]]);
    pen.fillText(words, LEFT - 6, at);
  };
  const step = Math.ceil((high - low) / 5);
  for (let power = high; power >= low; power -= step) level(Math.abs(power) < 3 ? String(Number(`1e${power}`)) : `1e${power}`, y(10 ** power));
  level("0", bottom);
  pen.textAlign = "center";
  for (let i = 0; i < n; i += cell < 20 ? 5 : 1) pen.fillText(cell < 20 && i ? i : i + 1, x(cell < 20 && i ? i - 1 : i), CHART - 12);
  const names = Object.keys(r.chains).filter((name) => name !== state.function).reverse();  // equal lines: dots over dashes
  for (const name of [...names, state.function]) {
    const [strokeStyle, dash] = LOOKS[name];
    Object.assign(pen, { strokeStyle, fillStyle: strokeStyle, lineWidth: name === state.function ? 4 : 2 });
    pen.setLineDash(dash);
    const points = r.chains[name].map(({ left }, i) => [x(i), y(left)]);
    line(pen, points);
    pen.setLineDash([]);
    if (name === state.function) for (const point of points) dot(pen, point, 4.5);
  }
  const strips = [["answers", r.units.map((u) => u.answer)], ["slopes", r.units.map((u) => u.slope)]];
  strips.forEach(([words, numbers], row) => {
    const at = CHART + row * (STRIP + 6), reach = Math.max(...numbers.map(Math.abs), 1e-9);
    Object.assign(pen, { fillStyle: ink, textAlign: "right", font: "12px system-ui, sans-serif" });
    pen.fillText(words, LEFT - 6, at + STRIP / 2);
    const color = signedScale(1.6 * reach);
    numbers.forEach((v, i) => drawCell(pen, v, x(i), at + STRIP / 2, Math.min(cell, STRIP), color(v)));
  });
  board.node.ariaLabel = Object.entries(r.chains)
    .map(([name, units]) => `${fixed.functions[name]}: ${units.map(({ left }) => text(left)).join(", ")}`).join("; ");
}

// A number in its cell, turned where the cell is too narrow for it.
function drawCell(pen, v, x, y, width, color) {
  const words = brief(Math.abs(v) < 100 ? v : Math.round(v));
  pen.fillStyle = css(color);
  pen.fillRect(x - width / 2, y - STRIP / 2, width + 0.5, STRIP);  // a little over, so that neighbors show no seam
  Object.assign(pen, { fillStyle: ink(color), textAlign: "center", font: "12px system-ui, sans-serif" });
  pen.save();
  pen.translate(x, y);
  if (pen.measureText(words).width > width - 4) pen.rotate(-Math.PI / 2);
  pen.fillText(words, 0, 0, STRIP - 2);
  pen.restore();
}
