// Elements and labelled controls of an explorer.

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

// A labelled choice; an option that is not possible now is disabled and says why. show() may be told why the whole choice
// makes no difference now (idle): then it is disabled and shows that.
export function choice(label, name, options, chosen) {
  const select = focusable("select");
  select.dataset.name = name;
  for (const [value, text] of options) select.append(make("option", { value }, text));
  select.addEventListener("change", () => chosen(select.value));
  return {
    node: make("label", {}, make("span", {}, label), select),
    select,
    show(value, why, idle = null) {
      select.disabled = Boolean(idle);
      options.forEach(([key, text], i) => {
        const reason = key === value ? null : why(key);
        const option = select.options[i];
        if (option.disabled !== Boolean(reason)) option.disabled = Boolean(reason);
        const full = reason ? `${text} (${reason})` : idle && key === value ? idle : text;
        if (option.textContent !== full) option.textContent = full;
      });
      select.value = value;
    },
  };
}

// Words that a screen reader says when they change, and only then.
export function say(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

// A piece of a chart's line, beside its name.
export function mark(color, dash) {
  const node = make("i", { className: "mark" });
  node.style.borderTop = `3px ${dash.length ? (dash[0] > 4 ? "dashed" : "dotted") : "solid"} ${color}`;
  return node;
}
