// Strokes of a pen on a square of paper, and the picture that a network gets of them. Python's widgets/strokes.py and
// data.as_digit are the twins; the tests compare.

export const PAPER = 56, SIDE = 28;  // pixels a side: of the paper, of the picture
const BOX = 20;  // the longer side of a digit in it

// Rounded, a tie to the even number; what only rounding errors keep from a tie counts as a tie.
function whole(x) {
  x = Math.round(x * 1e6) / 1e6;
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2) : Math.round(x);
}

const distance = (a, b) => Math.hypot(b[0] - a[0], b[1] - a[1]);

// The first `part` percent of a drawing, by the length of its strokes.
export function beginning(strokes, part) {
  if (part === 100 || !strokes.length) return part ? strokes : [];
  let left = 0;
  for (const stroke of strokes) for (let i = 1; i < stroke.length; i++) left += distance(stroke[i - 1], stroke[i]);
  left *= part / 100;
  const drawn = [];
  for (const stroke of strokes) {
    if (left <= 0) break;
    const line = [stroke[0]];
    drawn.push(line);
    for (let i = 1; i < stroke.length && left > 0; i++) {
      const [a, b] = [stroke[i - 1], stroke[i]], step = distance(a, b);
      line.push(step >= left ? a.map((p, j) => p + ((b[j] - p) * left) / step) : b);
      left -= step;
    }
  }
  return drawn;
}

// How much of each pixel of the paper a round pen this many pixels wide covers, 0 to 1, row by row.
export function inked(strokes, pen) {
  const paper = new Float64Array(PAPER * PAPER), reach = pen / 2 + 0.5;
  const span = (a, b) => [Math.max(0, Math.floor(Math.min(a, b) - reach)), Math.min(PAPER, Math.ceil(Math.max(a, b) + reach))];
  for (const stroke of strokes) {
    for (let n = Math.min(1, stroke.length - 1); n < stroke.length; n++) {
      const [ax, ay] = stroke[Math.max(0, n - 1)], [bx, by] = stroke[n], dx = bx - ax, dy = by - ay;
      const [left, right] = span(ax, bx), [top, bottom] = span(ay, by), square = dx * dx + dy * dy || 1;
      for (let i = top; i < bottom; i++) {
        for (let j = left; j < right; j++) {
          const x = j + 0.5 - ax, y = i + 0.5 - ay, along = Math.max(0, Math.min(1, (x * dx + y * dy) / square));
          const covered = Math.min(1, reach - Math.sqrt((x - along * dx) ** 2 + (y - along * dy) ** 2));
          if (covered > paper[i * PAPER + j]) paper[i * PAPER + j] = covered;
        }
      }
    }
  }
  return paper;
}

// When n values in a row become m: where the old ones of each new one begin, and their weights, which fall off in a
// triangle around it.
function triangles(n, m) {
  const scale = n / m, reach = Math.max(1, scale);
  return Array.from({ length: m }, (_, i) => {
    const center = scale * (i + 0.5), first = Math.max(0, Math.floor(center - reach + 0.5));
    const last = Math.min(n, Math.floor(center + reach + 0.5)) - 1;
    const weights = Array.from({ length: last - first + 1 }, (_, j) => Math.max(0, 1 - Math.abs(first + j + 0.5 - center) / reach));
    return { first, weights, total: weights.reduce((a, b) => a + b) };
  });
}

// Their means; the old values stand `step` apart from `start` on.
function means(triangles, values, start, step) {
  return Float64Array.from(triangles, ({ first, weights, total }) => {
    let sum = 0;
    for (let j = 0, at = start + first * step; j < weights.length; j++, at += step) sum += weights[j] * values[at];
    return sum / total;
  });
}

// What data.as_digit makes of the paper: the drawn part 20 pixels long, its center of mass in the middle of 28x28; bytes.
export function asDigit(paper) {
  let top = PAPER, bottom = 0, left = PAPER, right = 0;
  paper.forEach((v, i) => {
    if (v <= 0) return;
    const row = Math.floor(i / PAPER), column = i % PAPER;
    [top, bottom, left, right] = [Math.min(top, row), Math.max(bottom, row + 1), Math.min(left, column), Math.max(right, column + 1)];
  });
  const picture = new Uint8Array(SIDE * SIDE);
  if (top >= bottom) return picture;
  const rows = bottom - top, columns = right - left, scale = BOX / Math.max(rows, columns);
  const [h, w] = [rows, columns].map((n) => Math.max(1, whole(n * scale)));
  const across = triangles(columns, w), along = triangles(rows, h), wide = new Float64Array(rows * w);
  for (let i = 0; i < rows; i++) wide.set(means(across, paper, (top + i) * PAPER + left, 1), i * w);
  const down = Array.from({ length: w }, (_, j) => means(along, wide, j, w));
  const start = (length, weight) => {
    let sum = 0, moment = 0;
    for (let i = 0; i < length; i++) {
      sum += weight(i);
      moment += weight(i) * i;
    }
    return Math.min(Math.max(whole(SIDE / 2 - moment / sum), 0), SIDE - length);
  };
  const y = start(h, (i) => down.reduce((sum, column) => sum + column[i], 0));
  const x = start(w, (j) => down[j].reduce((sum, v) => sum + v));
  down.forEach((column, j) => column.forEach((v, i) => { picture[(y + i) * SIDE + x + j] = whole(v * 255); }));
  return picture;
}

// The paper at half its size, nothing moved; bytes.
export function asDrawn(paper) {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, t) => {
    const i = 2 * Math.floor(t / SIDE) * PAPER + 2 * (t % SIDE);
    return whole(((paper[i] + paper[i + 1] + paper[i + PAPER] + paper[i + PAPER + 1]) / 4) * 255);
  });
}
