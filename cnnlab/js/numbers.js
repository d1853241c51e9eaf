// Numbers as text and text as numbers. Python's cnnlab.widgets.values has the twins of the first three.

// Two decimals and no idle zeros; a tie goes up.
export function number(x) {
  const hundredths = Math.floor(x * 100 + 0.5 + 1e-9);
  return String(hundredths / 100);
}

// A number of any size: two decimals, or two digits and a power of ten.
export function text(x) {
  const size = Math.abs(x);
  return size === 0 || (size >= 0.01 && size < 1e4) ? number(x) : x.toExponential(1).replace("e+", "e");
}

// A probability: no network is as sure as "1" or "0" would say.
export function chance(p) {
  return { 0: "<0.01", 1: ">0.99" }[number(p)] ?? number(p);
}

// What stands in a cell that can be edited.
export function short(x, decimals = 4) {
  return String(Math.round(x * 10 ** decimals) / 10 ** decimals);
}

// Why what was typed is no number.
export const unread = (typed) => (typed.trim() ? `${typed.trim()} is not a number` : "a number is missing");

// A typed number with four decimals, or null.
export function parse(text) {
  const value = Number(text.replace("−", "-").replace(",", "."));
  return text.trim() && Number.isFinite(value) ? Math.round(value * 1e4) / 1e4 : null;
}

export function bytes(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

// 1,234,567
export const commas = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
