import { make } from "./controls.js";

// What every explorer begins with: a model, also where there is no kernel; its state; its place and its looks on the page.

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
function traits(model, names, heard) {
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

// An explorer on its page: its root, and its state, which its controls change and Python hears. draw() brings it to the
// page; take(state) says which state what Python has set leads to, or null for one half of what changes together.
export function begin({ model, el }, { names, css, draw, take = (heard) => heard }) {
  for (const picture of document.querySelectorAll(`[data-stands-in="${model.get("stands_in")}"]`)) picture.hidden = true;
  const [node, forget] = root(el, css, draw), error = make("p", { role: "alert" });
  const python = traits(model, names, (heard, message) => {
    error.textContent = message;
    const taken = take(heard);
    if (!taken) return;
    my.state = taken;
    draw();
  });
  const my = {
    node,
    error,
    fixed: model.get("fixed"),
    state: python.read(),
    update(changes) {
      my.state = { ...my.state, ...changes };
      draw();
    },
    tell: () => python.tell(my.state),
    set: (name) => (value) => {
      my.update({ [name]: value });
      my.tell();
    },
    // All parts are there: draw them. What comes back takes the explorer away, and what it has been watching.
    live(...watched) {
      error.textContent = model.get("error") ?? "";
      draw();
      return () => {
        python.forget();
        forget();
        for (const one of watched) one.forget();
      };
    },
  };
  return my;
}

// ---- looks: inherited colors, so that light and dark themes of any host fit

const STYLE = `
.cnnlab { color: var(--jp-content-font-color1, inherit); font: max(14px, 0.8rem)/1.4 system-ui, sans-serif; padding: 4px; max-width: 1100px; }
.cnnlab fieldset { border: 0; margin: 0 0 10px; padding: 0; display: grid; gap: 6px 14px; align-items: end;
  grid-template-columns: repeat(auto-fill, minmax(min(9.9em, 100%), 1fr)); min-width: 0; }
.cnnlab label { display: flex; flex-direction: column; gap: 2px; min-width: 0; }
.cnnlab label.tick { flex-direction: row; align-items: center; gap: 6px; align-self: end; min-height: 28px; }
.cnnlab label .value { font-weight: 700; font-variant-numeric: tabular-nums; }
.cnnlab select, .cnnlab textarea { font: inherit; width: 100%; max-width: 100%; box-sizing: border-box; padding: 3px; }
.cnnlab input[type=number] { font: inherit; width: 100%; box-sizing: border-box; padding: 3px; font-variant-numeric: tabular-nums; }
.cnnlab button { font: inherit; padding: 3px 10px; cursor: pointer; }
.cnnlab button:disabled { cursor: default; }
.cnnlab .buttons { display: flex; flex-wrap: wrap; gap: 8px; margin: 6px 0; }
.cnnlab input[type=range] { width: 100%; min-height: 24px; margin: 0; accent-color: #1f77b4; }
@media (pointer: coarse) { .cnnlab :is(input:not([type=checkbox]), button, select) { min-height: 36px; } }
.cnnlab :focus-visible { outline: 3px solid #b35900; outline: 3px solid light-dark(#b35900, #ff9d00); outline-offset: 2px; }
.cnnlab .panels { display: flex; flex-wrap: wrap; gap: 16px 20px; align-items: flex-start; }
.cnnlab figure { margin: 0; flex: 1 1 230px; max-width: 300px; min-width: 0; }
.cnnlab figcaption { margin: 0 0 4px; font-weight: 600; }
.cnnlab .said { min-height: 1.4em; margin: 0 0 6px; font-weight: 600; }
.cnnlab .legend { display: flex; gap: 8px; align-items: center; margin: 6px 0; font-variant-numeric: tabular-nums; }
.cnnlab .legend i { flex: 1; height: 10px; border: 1px solid #8888; }
.cnnlab canvas { display: block; max-width: 100%; height: auto; }
.cnnlab code { font-family: var(--jp-code-font-family, ui-monospace, monospace); font-size: 1em; }
.cnnlab :is(code, pre) { background: none !important; color: inherit; }
.cnnlab pre { margin: 12px 0 0; white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; font: 1em/1.4 var(--jp-code-font-family, ui-monospace, monospace); }
.cnnlab table.values { border-collapse: collapse; margin: 0; font-size: 1em; }
.cnnlab .values tr:nth-child(n) { background: none; }
.cnnlab .values :is(th, td) { padding: 4px 10px 4px 0; text-align: left !important; border: 0; border-bottom: 1px solid #8888;
  font-weight: 400; white-space: normal; vertical-align: bottom; font-variant-numeric: tabular-nums; }
.cnnlab i.mark { display: inline-block; width: 24px; margin-right: 6px; vertical-align: middle; }
.cnnlab [hidden] { display: none !important; }
.cnnlab p { margin: 6px 0 0; }
.cnnlab [role=alert] { color: #fff; background: #b2182b; padding: 4px 8px; border-radius: 4px; }
.cnnlab [role=alert]::before { content: "Python says: "; }
.cnnlab [role=alert]:empty { display: none; }
`;

// The root of an explorer, in the colors of its surroundings; the second value stops watching them. A canvas is written on
// in root.ink, and drawn again when that changes, or how many pixels of the screen make one of the page: to ask the browser
// for the color in every picture costs a layout.
function root(el, css, draw) {
  // What is true of one explorer must not reach the others on the page: its rules hold under a class of its own.
  const own = `own${[...css].reduce((sum, c) => (31 * sum + c.charCodeAt(0)) >>> 0, 7).toString(36)}`;
  const style = make("style", {}, STYLE + css.replaceAll(".cnnlab ", `.cnnlab.${own} `));
  const node = make("div", { className: `cnnlab ${own}` }, style);
  el.append(node);
  const fit = () => {
    node.ratio = window.devicePixelRatio;
    node.ink = getComputedStyle(node).color;
    const [r, g, b] = (node.ink.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
    node.style.colorScheme = r + g + b > 382 ? "dark" : "light";
  };
  const again = () => requestAnimationFrame(() => {
    const { ink, ratio } = node;
    fit();
    if (node.ink !== ink || node.ratio !== ratio) draw();
  });
  const watch = new MutationObserver(again), system = matchMedia("(prefers-color-scheme: dark)");
  const placed = new ResizeObserver(again);  // a widget is drawn before it stands on the page and has the page's colors
  watch.observe(document.body, { attributes: true });
  placed.observe(node);
  system.addEventListener("change", again);
  window.addEventListener("resize", again);  // which a zoom is, too
  fit();
  return [node, () => {
    watch.disconnect();
    placed.disconnect();
    system.removeEventListener("change", again);
    window.removeEventListener("resize", again);
  }];
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
