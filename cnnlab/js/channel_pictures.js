import { drawCells, drawColors, frame, greyScale, signedScale } from "./canvas.js";
import { added, farthest, names } from "./channels.js";

// What the channel mixer draws: what each channel adds, the output in view, all of them, and three at a time in color.

export const WIDTH = 300;  // CSS pixels of a panel
const GAP = 20;  // between the pictures in it

// The colors of output i: an image stays an image under positive weights, or such as keep its brightness; else signed.
export function look(r, i, reach) {
  const weights = r.kernels[i].flat(), sum = weights.reduce((a, b) => a + b, 0), positive = weights.every((v) => v >= 0);
  const grey = positive || Math.abs(sum - 1) < 1e-6;
  const [low, high] = grey ? [0, sum || 1] : [-reach, reach];
  return { positive, low, high, color: grey ? greyScale(low, high) : signedScale(reach) };
}

// A row for each channel: its plane, times its kernel, is what it adds.
export function drawParts(board, state, fixed, r, color, ink) {
  const { side } = fixed, channels = names(state, fixed), first = r.first(r.output), size = r.c > 3 ? 68 : 86, pitch = size + GAP;
  const weight = signedScale(1.5 * Math.max(...r.kernels[r.output].flat().map(Math.abs)));
  const middle = size + GAP, right = WIDTH - size, cell = size / side, kernel = right - GAP - middle;
  board.resize(WIDTH, r.c * pitch);
  const pen = board.begin(), text = (words, x, y, align, bold) => {
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
}

// A map over the whole panel, with the picked pixel.
export function drawOutput(board, { row, column }, { side }, map, color) {
  const pen = board.begin(), cell = WIDTH / side;
  drawCells(pen, map, side, side, cell, color);
  frame(pen, column * cell, row * cell, cell, cell);
}

// All outputs in a row, on one scale.
export function drawAll(board, { filters }, { side }, r) {
  const reach = farthest(r.outputs), step = WIDTH / Math.max(3, filters), small = step - 4;
  board.resize(WIDTH, small + 4);
  const pen = board.begin();
  r.outputs.forEach((map, i) => drawCells(pen, map, side, side, small / side, look(r, i, reach).color, i * step + 2, 2));
  frame(pen, r.output * step + 2, 2, small, small, 2);
}

// Three planes as red, green and blue: first what came, then what went out.
export function drawTriples(board, { side }, r) {
  const triples = [r.x, r.outputs].flatMap((maps) => Array.from({ length: Math.floor(maps.length / 3) }, (_, t) => maps.slice(3 * t, 3 * t + 3)));
  const size = Math.min(100, WIDTH / triples.length) - 4;
  board.resize(WIDTH, size);
  const pen = board.begin();
  triples.forEach((planes, t) => drawColors(pen, planes, side, side, size / side, 1, t * (size + 4)));
}
