import { bytes } from "./numbers.js";

const decoded = {};

// The image of a state, { h, w, values } row by row: rows of its own, rows in fixed.numbers, or a stored picture.
export function picture({ image }, fixed) {
  const rows = Array.isArray(image) ? image : fixed.numbers[image];
  if (rows) return { h: rows.length, w: rows[0].length, values: rows.flat() };
  const { height, width, bytes: text } = fixed.pictures[image];
  decoded[text] ??= Float64Array.from(bytes(text), (v) => v / 255);
  return { h: height, w: width, values: decoded[text] };
}
