// What all explorers share: a model for pages without a kernel, labelled controls, colors, canvases.

// The part of anywidget's model that explorers use, for a page that has no kernel.
function pageModel(values) {
  const state = { ...values };
  return {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    on: () => {},
    off: () => {},
    save_changes: () => {},
  };
}

// Bring the page's copy to life: the first one with this key that nobody has taken yet.
function mount(key, render, values, tries = 20) {
  const el = document.querySelector(`[data-cnnlab="${key}"]:not([data-live])`);
  if (el) {
    el.dataset.live = "";
    el.replaceChildren();
    render({ model: pageModel(values), el });
  } else if (tries) {
    requestAnimationFrame(() => mount(key, render, values, tries - 1));
  }
}

// The traits `names` of a model: read them all, tell Python what has changed when a control is let go, and hear of what
// Python sets, as heard(state, error).
export function traits(model, names, heard) {
  let telling = false;
  const read = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const hear = () => { if (!telling) heard(read(), model.get("error") ?? ""); };
  const events = [...names, "error"].map((name) => `change:${name}`);
  for (const event of events) model.on(event, hear);
  return {
    read,
    tell(state) {
      const changed = names.filter((name) => model.get(name) !== state[name]);
      telling = true;
      for (const name of changed) model.set(name, state[name]);
      telling = false;
      if (changed.length) model.save_changes();
    },
    forget() {
      for (const event of events) model.off(event, hear);
    },
  };
}

// Two decimals and no idle zeros; a tie goes up. Python's widgets.kernel.number is its twin.
export function number(x) {
  const hundredths = Math.floor(x * 100 + 0.5 + 1e-9);
  return String(hundredths / 100);
}

// A number of any size: two decimals, or two digits and a power of ten; values.text in Python.
export function text(x) {
  const size = Math.abs(x);
  return size === 0 || (size >= 0.01 && size < 1e4) ? number(x) : x.toExponential(1).replace("e+", "e");
}

// What stands in a cell that can be edited.
export function short(x, decimals = 4) {
  return String(Math.round(x * 10 ** decimals) / 10 ** decimals);
}

// A typed number with four decimals, or null.
export function parse(text) {
  const value = Number(text.replace("−", "-").replace(",", "."));
  return text.trim() && Number.isFinite(value) ? Math.round(value * 1e4) / 1e4 : null;
}

export function bytes(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

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

// ---- elements and controls

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// JupyterLab takes arrow keys and letters from whatever lacks this attribute.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

export function focusable(tag, attributes = {}, ...children) {
  return make(tag, { ...OWN_KEYS, ...attributes }, ...children);
}

// A labelled slider: moved(value) on every step, settled() when it is let go.
export function slider(label, name, moved, settled) {
  const range = focusable("input", { type: "range", step: 1 });
  range.dataset.name = name;
  const shown = make("span", { className: "value", ariaHidden: "true" });
  range.addEventListener("input", () => moved(Number(range.value)));
  range.addEventListener("change", settled);
  return {
    node: make("label", {}, make("span", {}, label, " ", shown), range),
    range,
    show(value, low, high, text) {
      if (range.min !== String(low)) range.min = low;
      if (range.max !== String(high)) range.max = high;
      if (range.value !== String(value)) range.value = value;
      range.disabled = low === high;
      shown.textContent = value;
      if (text) range.setAttribute("aria-valuetext", text);
    },
  };
}

// A labelled number to type or to step, where a slider has no room; `name` says more than the short label.
export function stepper(label, name, [low, high], moved, settled) {
  const input = focusable("input", { type: "number", min: low, max: high, step: 1, ariaLabel: name });
  input.addEventListener("input", () => { if (input.value) moved(Number(input.value)); });
  input.addEventListener("change", settled);
  return {
    node: make("label", {}, make("span", { ariaHidden: "true" }, label), input),
    input,
    show(value) {
      if (input.value !== String(value)) input.value = value;
    },
  };
}

export function button(text, pressed, attributes = {}) {
  const node = focusable("button", { type: "button", ...attributes }, text);
  node.addEventListener("click", pressed);
  return node;
}

// A labelled box to tick: chosen(true or false).
export function tick(label, name, chosen) {
  const box = focusable("input", { type: "checkbox" });
  box.dataset.name = name;
  box.addEventListener("change", () => chosen(box.checked));
  return {
    node: make("label", { className: "tick" }, box, make("span", {}, label)),
    box,
    show(value) { box.checked = value; },
  };
}

// A labelled choice; an option that is not possible now is disabled and says why.
export function choice(label, name, options, chosen) {
  const select = focusable("select");
  select.dataset.name = name;
  for (const [value, text] of options) select.append(make("option", { value }, text));
  select.addEventListener("change", () => chosen(select.value));
  return {
    node: make("label", {}, make("span", {}, label), select),
    select,
    show(value, why) {
      options.forEach(([key, text], i) => {
        const reason = key === value ? null : why(key);
        const option = select.options[i];
        if (option.disabled !== Boolean(reason)) option.disabled = Boolean(reason);
        const full = reason ? `${text} (${reason})` : text;
        if (option.textContent !== full) option.textContent = full;
      });
      select.value = value;
    },
  };
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

const sheets = {};  // for each size of picture a small canvas, drawn pixel for pixel and then enlarged

function enlarge(pen, rows, columns, cell, left, top, color) {
  const sheet = (sheets[`${rows}x${columns}`] ??= make("canvas", { width: columns, height: rows }));
  sheet.pen ??= sheet.getContext("2d", { willReadFrequently: true });
  sheet.image ??= sheet.pen.createImageData(columns, rows);
  color(sheet.image.data);
  sheet.pen.putImageData(sheet.image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(sheet, left, top, columns * cell, rows * cell);
}

// rows x columns values as cells of `cell` pixels at (left, top), with their numbers where these fit.
export function drawCells(pen, values, rows, columns, cell, color, left = 0, top = 0) {
  enlarge(pen, rows, columns, cell, left, top, (data) => {
    for (let i = 0, at = 0; i < rows * columns; i++) {
      const rgb = color(values[i]);
      data[at++] = rgb[0];
      data[at++] = rgb[1];
      data[at++] = rgb[2];
      data[at++] = 255;
    }
  });
  if (cell < 26) return;
  pen.font = `${Math.min(15, cell * 0.38)}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let i = 0; i < rows * columns; i++) {
    pen.fillStyle = ink(color(values[i]));
    pen.fillText(number(values[i]), left + (i % columns + 0.5) * cell, top + (Math.floor(i / columns) + 0.5) * cell, cell);
  }
}

// A color picture from its three planes, whose brightest value is `most`.
export function drawColors(pen, [red, green, blue], rows, columns, cell, most = 1, left = 0, top = 0) {
  const light = 255 / most;
  enlarge(pen, rows, columns, cell, left, top, (data) => {
    for (let i = 0, at = 0; i < rows * columns; i++) {
      data[at++] = light * red[i];
      data[at++] = light * green[i];
      data[at++] = light * blue[i];
      data[at++] = 255;
    }
  });
}

// A frame that is seen on every background.
export function frame(pen, x, y, width, height, line = 2.5) {
  for (const [lineWidth, strokeStyle] of [[line + 2, "rgba(0, 0, 0, 0.75)"], [line, "#ff9d00"]]) {
    Object.assign(pen, { lineWidth, strokeStyle });
    pen.strokeRect(x, y, width, height);
  }
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

// ---- looks: inherited colors, so that light and dark themes of any host fit

const STYLE = `
.cnnlab { color: var(--jp-content-font-color1, inherit); font: 14px/1.4 system-ui, sans-serif; padding: 4px; max-width: 1100px; }
.cnnlab fieldset { border: 0; margin: 0 0 10px; padding: 0; display: grid; gap: 6px 14px;
  grid-template-columns: repeat(auto-fill, minmax(min(118px, 100%), 1fr)); min-width: 0; }
.cnnlab label { display: flex; flex-direction: column; gap: 2px; min-width: 0; }
.cnnlab label.tick { flex-direction: row; align-items: center; gap: 6px; }
.cnnlab label .value { font-weight: 700; font-variant-numeric: tabular-nums; }
.cnnlab select, .cnnlab textarea { font: inherit; width: 100%; max-width: 100%; box-sizing: border-box; padding: 3px; }
.cnnlab input[type=number] { font: inherit; width: 100%; box-sizing: border-box; padding: 3px; font-variant-numeric: tabular-nums; }
.cnnlab button { font: inherit; padding: 3px 10px; cursor: pointer; }
.cnnlab button:disabled { cursor: default; }
.cnnlab input[type=range] { width: 100%; margin: 4px 0; accent-color: #1f77b4; }
.cnnlab :focus-visible { outline: 3px solid #ff9d00; outline-offset: 2px; }
.cnnlab .panels { display: flex; flex-wrap: wrap; gap: 16px 20px; align-items: flex-start; }
.cnnlab figure { margin: 0; flex: 1 1 230px; max-width: 300px; min-width: 0; }
.cnnlab figcaption { margin: 0 0 4px; font-weight: 600; }
.cnnlab .said { min-height: 1.4em; margin: 0 0 6px; font-weight: 600; }
.cnnlab .legend { display: flex; gap: 8px; align-items: center; margin: 6px 0; font-variant-numeric: tabular-nums; }
.cnnlab .legend i { flex: 1; height: 10px; border: 1px solid #8888; }
.cnnlab canvas { display: block; max-width: 100%; height: auto; }
.cnnlab code { font-family: var(--jp-code-font-family, ui-monospace, monospace); font-size: 14px; background: none; color: inherit; }
.cnnlab [hidden] { display: none !important; }
.cnnlab p { margin: 6px 0 0; }
.cnnlab [role=alert] { color: #fff; background: #b2182b; padding: 4px 8px; border-radius: 4px; }
.cnnlab [role=alert]::before { content: "Python says: "; }
.cnnlab [role=alert]:empty { display: none; }
`;

// The root of an explorer, in the colors of its surroundings; the second value stops watching them. recolored() is called
// when they change, for explorers that write on a canvas, in root.ink: asking the browser in every picture costs a layout.
export function root(el, css, recolored = () => {}) {
  const node = make("div", { className: "cnnlab" }, make("style", {}, STYLE + css));
  el.append(node);
  const fit = () => {
    node.ink = getComputedStyle(node).color;
    const [r, g, b] = (node.ink.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
    node.style.colorScheme = r + g + b > 382 ? "dark" : "light";
  };
  const again = () => requestAnimationFrame(() => { fit(); recolored(); });
  const watch = new MutationObserver(again), system = matchMedia("(prefers-color-scheme: dark)");
  watch.observe(document.body, { attributes: true });
  system.addEventListener("change", again);
  fit();
  return [node, () => { watch.disconnect(); system.removeEventListener("change", again); }];
}

// How wide a part of the page is, without asking for a layout in every picture; changed() is called when that is known
// and when it has changed.
export function watchWidth(node, changed) {
  let now = 0;
  const watch = new ResizeObserver(([entry]) => {
    now = entry.contentRect.width;
    changed();
  });
  watch.observe(node);
  return { now: () => now, forget: () => watch.disconnect() };
}
