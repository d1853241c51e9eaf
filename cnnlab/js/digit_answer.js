import { forward } from "./digit_net.js";
import { asDigit, asDrawn, beginning, inked } from "./drawing.js";
import { chance } from "./numbers.js";

// What the digit pad shows, and says, of a drawing.

// Everything that the pad shows of a state.
export function compute(state, fixed, net) {
  const strokes = beginning(typeof state.drawing === "string" ? fixed.presets[state.drawing] : state.drawing, state.part);
  const paper = inked(strokes, state.pen), drawn = paper.some((v) => v > 0);
  const picture = state.centered ? asDigit(paper) : asDrawn(paper);
  const asked = forward(picture, net), probabilities = picture.some((v) => v > 0) ? asked.probabilities : null;
  const order = probabilities && probabilities.map((_, i) => i).sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  return { strokes, paper, drawn, picture, maps: asked.maps, logits: asked.logits, probabilities, order };
}

// The sentence of widgets.digit_pad_state.describe.
export function sentence(state, { probabilities: p, order }) {
  if (!p) return "Digit pad: nothing is drawn yet, so the network is not asked";
  const name = typeof state.drawing === "string" ? state.drawing : "drawing of your own";
  return `Digit pad: ${name}${state.part === 100 ? "" : `, ${state.part} percent of it drawn`}, pen ${state.pen} pixels wide, `
    + `${state.centered ? "centered and scaled as in MNIST" : "placed as it was drawn"}: the network says ${order[0]} `
    + `(probability ${chance(p[order[0]])}), then ${order[1]} (${chance(p[order[1]])})`;
}
