"""A notebook with every explorer, in the page and as a widget, and what a person can see and do there."""

import ast
import contextlib

import bench_explorer
import browser

from cnnlab import widgets
from cnnlab.widgets import receptive_field_state as field
from cnnlab.widgets.values import number

NOTEBOOK = "gallery.ipynb"
STACK = {"layers": [{"kernel_size": 3, "stride": 2}] * 3, "size": 31}

# explorer: {where it stands: what it opens with}; "page" and its likes live without Python, "widget" with it
OPENED = {
    "kernel_explorer": {
        "page": {"stride": 2, "padding": 1},
        "copy": {"stride": 2, "padding": 1},  # the same bytes twice on one page
        "grid": {"image": "grid", "kernel": "cross"},
        "widget": {},
    },
    "receptive_field_explorer": {"page": {}, "stack": STACK, "widget": STACK},
    **{
        name: {"page": start, "widget": start}
        for name, start in {
            "pooling_explorer": {"image": "digit", "kernel_size": 3, "stride": 2, "padding": 1},
            "activation_explorer": {"function": "leaky_relu", "x": -1.0, "weight": 1.5, "bias": 0.4},
            "channel_mixer": {
                "image": "both", "mix": "random", "kernel": "box", "filters": 6, "groups": 2, "output": 4,
            },
            "digit_pad": {"drawing": "tiny 2", "pen": 5, "part": 100, "centered": True},
            "descent_explorer": {"landscape": "valley", "learning_rate": 0.1, "momentum": 0.5, "steps": 30},
            "depth_explorer": {"depth": 50, "init": "large", "gain": 1.5, "skip": True},
            "shape_ladder": {"model": "CifarNet", "size": 48},
            "augmentation_explorer": {
                "image": "arrow", "other": "cat", "crop": 2, "color": 0.4, "erase": 5, "mixup": 0.3, "seed": 7,
                "epoch": 4,
            },
        }.items()
    },
    "feature_browser": {"widget": {"image": 3}},  # which lives with Python only
}  # fmt: skip
NAMES = tuple(OPENED)
BROKEN = """broken_{name} = widgets.{name}(live=True, **{settings})
broken_{name}.observe(lambda change: 1 / 0, "{slider}")
broken_{name}"""


def _cells():
    for name, places in OPENED.items():
        for where, settings in places.items():
            widget = f"{name} = widgets.{name}(live=True, **{settings})\n{name}"
            yield (name, where), widget if where == "widget" else f"widgets.{name}(**{settings})"
    for name in NAMES:  # last, since they need not run again; an observer of theirs raises
        settings, slider, _ = bench_explorer.EXPLORERS[name]
        yield (name, "broken"), BROKEN.format(name=name, settings=settings, slider=slider)


CELLS = dict(_cells())  # (explorer, where): its code, in the order of the notebook
PLACES = list(CELLS)

READ = """(root) => Object.fromEntries([...root.querySelectorAll("[data-name]")].map(
    (c) => [c.dataset.name, c.type === "checkbox" ? c.checked : c.type === "range" ? Number(c.value) : c.value]).concat(
    [...root.querySelectorAll("pre.code")].map((pre) => ["code", pre.textContent])))"""
MOVE = """(control, value) => {
    control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
}"""
# What an explorer shows: controls, sentence, and the texts of some elements, which need not be in view.
LOOK = f"""(root, cells) => ({{
    state: ({READ})(root), sentence: root.dataset.sentence, said: root.querySelector(".said")?.textContent,
    texts: cells ? [...root.querySelectorAll(cells)].map((e) => e.textContent) : [],
}})"""
# Move a control to each of some values, and look after each.
TOUR = f"""(root, [which, values, cells]) => values.map((value) => {{
    ({MOVE})(root.querySelector(`[data-name=${{which}}]`), value);
    return ({LOOK})(root, cells);
}})"""


def all_are_there(page, seconds=120):
    there = f"document.querySelectorAll('[data-sentence]').length === {len(CELLS)}"
    page.wait_for_function(there, timeout=1000 * seconds)


def alarmed(page):
    """Which explorers show an error of Python's."""
    shown = page.evaluate(
        """() => [...document.querySelectorAll(".cnnlab")].map((e) => e.querySelector("[role=alert]")?.textContent)"""
    )
    return {place for place, alert in zip(PLACES, shown, strict=True) if alert}


class Explorer:
    """One explorer, by what a person can see and do; `index` counts those of the page."""

    def __init__(self, page, name, where="page", index=None):
        self.page, self.name = page, name
        self.root = page.locator(".cnnlab").nth(PLACES.index((name, where)) if index is None else index)

    def control(self, name):
        return self.root.locator(f"[data-name={name}]")

    def text(self, selector):
        return self.root.locator(selector).text_content()  # inner texts are empty where nobody looks

    def look(self, cells=""):
        """Controls, sentence, what is said, and the texts of what the selector finds, all at one moment."""
        return self.root.evaluate(LOOK, cells)

    def tour(self, name, values, cells=""):
        """Move a control by script to each of some values; a look after each."""
        return self.root.evaluate(TOUR, [name, values, cells])

    @property
    def sentence(self):
        return self.root.get_attribute("data-sentence")

    @property
    def state(self):
        """What the controls say."""
        return self.look()["state"]

    @property
    def said(self):
        return self.text(".said")

    def focus(self, name):
        """Give a control the keyboard, as Tab does."""
        assert self.control(name).evaluate("(c) => { c.focus(); return c === document.activeElement; }"), name

    def slide(self, name, value):
        """Move a control by script; returns what it stands at then."""
        return self.control(name).evaluate(f"(c, value) => {{ ({MOVE})(c, value); return c.value; }}", str(value))

    def python(self, code):
        """What an expression is in the notebook's kernel, where `it` is this explorer's widget; through its repr."""
        return browser.kernel_says(self.page, f"(lambda it: {code})({self.name})")

    def until(self, code, expected):
        """Wait for the kernel to agree: the controls tell it when they are let go."""
        for _ in range(100):
            said = self.python(code)
            with contextlib.suppress(ValueError, SyntaxError):  # an error is no literal
                if ast.literal_eval(said) == expected:
                    return
            self.page.wait_for_timeout(50)
        assert said == repr(expected)

    def waits(self, condition):
        """Wait for an expression of JavaScript about the element e."""
        self.page.wait_for_function(f"(e) => {condition}", arg=self.root.element_handle())


class Kernel(Explorer):
    """The kernel explorer: what its controls say is what Python takes."""

    def __init__(self, page, where="page", index=None):
        super().__init__(page, "kernel_explorer", where, index)

    @property
    def state(self):
        return kernel_state(super().state)

    def agrees(self):
        """The sentence is the one that Python has for what the controls say."""
        seen = self.look()
        assert seen["sentence"] == widgets.describe(kernel_state(seen["state"]))

    def slide(self, name, value):
        return int(super().slide(name, value))


def kernel_state(shown):
    return shown | {"convolution": shown["convolution"] == "convolution"}


class Field(Explorer):
    """The receptive-field explorer: its layers, from a control for each setting of each of them."""

    cells = "fieldset p"

    def __init__(self, page, where="page", index=None):
        super().__init__(page, "receptive_field_explorer", where, index)
        self.picture = self.root.locator("canvas[tabindex]")

    @property
    def state(self):
        return field_state(super().state)

    def agrees(self):
        """All numbers on the page are those of shapes for what the controls say."""
        self.right(self.look(self.cells))

    def right(self, seen):
        s = field_state(seen["state"])
        assert seen["sentence"] == field.describe(s)
        assert (
            seen["texts"][::-1]
            == [  # the last layer stands on top
                f"{n} output{'s' * (n != 1)}: field {f.size}, jump {f.jump}, first center {number(f.centre)}"
                for f, n in zip(field.fields(s), field.sizes(s)[1:], strict=True)
            ]
        )


def field_state(shown):
    count = sum(name.startswith("kind-") for name in shown)
    layers = [
        {"kind": shown[f"kind-{i}"], **{name: int(shown[f"{name}-{i}"]) for name in field.LIMITS}} for i in range(count)
    ]
    return {"layers": layers, **{name: shown[name] for name in ("size", "layer", "position")}}
