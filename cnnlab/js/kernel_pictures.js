import { drawBorder } from "./border.js";
import { drawCells, frame, greyScale, signedScale } from "./canvas.js";

// What the kernel explorer draws. What comes back says how: colors, their ends, CSS pixels of a pixel.

export const SIDE = 300;  // CSS pixels of a picture

// The padded input with the window in it.
export function drawInput(board, { stride: s, padding: p, dilation: d }, r) {
  let low = 0, high = -Infinity;
  for (const v of r.padded) { low = Math.min(low, v); high = Math.max(high, v); }
  const color = greyScale(low, high), size = SIDE / Math.max(r.ph, r.pw), span = d * (r.k - 1) + 1, pen = board.begin();
  drawCells(pen, r.padded, r.ph, r.pw, size, color);
  if (p) drawBorder(pen, p * size, r.pw * size, r.ph * size);
  const [x, y] = [r.column * s * size, r.row * s * size];
  for (let t = 0; d > 1 && t < r.k ** 2; t++) {
    frame(pen, x + (t % r.k) * d * size, y + Math.floor(t / r.k) * d * size, size, size, 1);
  }
  frame(pen, x, y, span * size, span * size);
  return { low, high, color, size };
}

// The output with the picked pixel. An image stays an image under a kernel of positive weights, or one that keeps its
// brightness; the rest is signed.
export function drawOutput(board, r, input) {
  const sum = r.kernel.reduce((a, b) => a + b), image = r.kernel.every((v) => v >= 0) || Math.abs(sum - 1) < 1e-6;
  const reach = Math.max(Math.abs(r.low), Math.abs(r.high));
  const [low, high] = image ? [input.low * sum, input.high * sum] : [-reach, reach];
  const color = image ? greyScale(low, high) : signedScale(reach), longest = Math.max(r.oh, r.ow);
  const size = Math.min(Math.max(input.size, 160 / longest), SIDE / longest);  // the input's scale, but not too small to hit
  const pen = board.begin();
  drawCells(pen, r.output, r.oh, r.ow, size, color);
  frame(pen, r.column * size, r.row * size, size, size);
  return { low, high, color, size };
}
