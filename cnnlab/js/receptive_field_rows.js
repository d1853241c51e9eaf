import { css, frame, ink, signedScale } from "./canvas.js";
import { number } from "./numbers.js";
// What the receptive-field explorer draws: the rows of cells, and what leads from one to the next.

export const PITCH = 80;  // CSS pixels from a layer to the next, in the list and in the picture
const TOP = 18, CELL = 24;  // where the cells of a layer stand in it, and how high they are

// How strongly a cell is drawn: a single path already shows.
export const tint = (ways, most) => signedScale(1)(ways ? 0.25 + (0.5 * ways) / Math.max(1, most) : 0);

// A cell is as wide as its jump and stands over the middle of its field, so every row has the same pixels below it.
// What comes back says which pixel of the picture is x pixels from the left.
export function drawRows(board, state, r, color, width) {
  const top = state.layers.length;
  const grid = r.sizes.map((n, level) => ({ n, ...r.fields[level], padding: state.layers[level]?.padding ?? 0 }));
  const ends = grid.flatMap(({ n, jump, centre, padding: p }) => [centre - (p + 0.5) * jump, centre + (n + p - 0.5) * jump]);
  const { n: outputs, size, jump: step, centre: start } = grid[top];
  const low = Math.min(...ends, start - size / 2), high = Math.max(...ends, start + (outputs - 1) * step + size / 2);
  const across = (v) => 2 + ((v - low) / (high - low)) * (width - 4);
  const place = (level, i) => grid[level].centre + i * grid[level].jump, y = (level) => (top - level) * PITCH + TOP;
  board.resize(width, (top + 1) * PITCH);
  const pen = board.begin();
  Object.assign(pen, { font: "12px system-ui, sans-serif", textBaseline: "alphabetic", lineWidth: 1, strokeStyle: "rgba(128, 128, 128, 0.8)" });
  pen.beginPath();
  for (const [level, i, below] of r.wires) {
    pen.moveTo(across(place(level, i)), y(level) + CELL);
    pen.lineTo(across(place(level - 1, below)), y(level - 1));
  }
  pen.stroke();

  for (const [level, { n, jump, padding: p }] of grid.entries()) {
    const most = Math.max(...r.paths[level]), w = across(jump) - across(0);
    for (let i = -p; i < n + p; i++) {
      const x = across(place(level, i) - jump / 2), ways = r.paths[level][i], outside = i < 0 || i >= n;
      pen.setLineDash(outside ? [2, 2] : []);
      pen.strokeStyle = outside ? "#5aa0e6" : "rgba(128, 128, 128, 0.9)";
      pen.fillStyle = ways ? css(tint(ways, most)) : "rgba(128, 128, 128, 0.12)";
      if (!outside) pen.fillRect(x, y(level), w, CELL);
      pen.strokeRect(x + 0.5, y(level) + 0.5, w - 1, CELL - 1);
      if (!ways || w < 8 * number(ways).length + 4) continue;
      Object.assign(pen, { fillStyle: ink(tint(ways, most)), textAlign: "center" });
      pen.fillText(number(ways), x + w / 2, y(level) + CELL / 2 + 4);
    }
    Object.assign(pen, { fillStyle: color, textAlign: "left" });
    pen.fillText(level ? `layer ${level - 1}` : `picture, ${n} pixels`, 2, y(level) - 5);
  }
  pen.setLineDash([]);
  const w = across(r.fields[r.layer + 1].jump) - across(0);
  frame(pen, across(r.middle) - w / 2, y(r.layer + 1), w, CELL);
  const bracket = (aside, at, fillStyle, height) => {
    pen.fillStyle = fillStyle;
    pen.fillRect(across(r.first + aside - 0.5), y(0) + CELL + at, across(r.last + 0.5) - across(r.first - 0.5), height);
  };
  bracket(0, 8, "#ff9d00", 4);
  const { jump } = r.fields[r.layer + 1], aside = r.position + 1 < r.sizes[r.layer + 1] ? jump : -jump;
  if (r.sizes[r.layer + 1] > 1) bracket(aside, 17, "rgba(128, 128, 128, 0.9)", 3);
  return (x) => low + ((x - 2) / (width - 4)) * (high - low);
}
