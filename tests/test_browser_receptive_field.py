"""The receptive-field explorer in a real JupyterLab in Chromium: its controls moved, and what it shows."""

import ast
import contextlib
import os

import browser
import pytest

from cnnlab import widgets
from cnnlab.widgets import receptive_field_state as field
from cnnlab.widgets.values import number

CI = os.environ.get("CNNLAB_CI") == "1"
if browser.chromium() is None and not CI:
    pytest.skip("no Chromium on this machine: install one, or name it in CNNLAB_CHROMIUM", allow_module_level=True)
pytestmark = pytest.mark.xdist_group("browser")

STRIDED = [{"kernel_size": 3, "stride": 2}] * 3
CELLS = [
    "from cnnlab import widgets\nwidgets.receptive_field_explorer()",
    f"strided = {STRIDED}\nwidgets.receptive_field_explorer(layers=strided, size=31)",
    f"live = widgets.receptive_field_explorer(live=True, layers={STRIDED}, size=31)\nlive",
    "broken = widgets.receptive_field_explorer(live=True)\nbroken.observe(lambda change: 1 / 0, 'size')\nbroken",
]
FIRST, STACK, LIVE, BROKEN = range(len(CELLS))
OPTIONS = tuple(field.LIMITS)


@pytest.fixture(scope="module")
def chrome():
    with browser.browser() as chrome:
        yield chrome


@pytest.fixture(scope="module")
def notebook(chrome, tmp_path_factory):
    """A notebook, run, with a list of what went wrong on the page."""
    folder = tmp_path_factory.mktemp("lab")
    browser.write_notebook(folder / "run.ipynb", CELLS)
    with browser.lab(folder) as address:
        page = chrome.new_page(viewport={"width": 1400, "height": 900})
        page.errors = browser.console_errors(page)
        browser.run_all(page, address, "run.ipynb")
        page.wait_for_function(f"document.querySelectorAll('[data-sentence]').length === {len(CELLS)}")
        yield page
        page.close()


@pytest.fixture(autouse=True)
def quiet(request):
    """No test leaves an error on the console."""
    yield
    if "notebook" in request.fixturenames:
        page = request.getfixturevalue("notebook")
        found, page.errors[:] = list(page.errors), []
        assert not found


class Explorer:
    """One explorer on a page, by what a person can see and do."""

    def __init__(self, page, i=0):
        self.page, self.root = page, page.locator(".cnnlab").nth(i)
        self.picture = self.root.locator("canvas[tabindex]")

    def control(self, name):
        return self.root.locator(f"[data-name={name}]")

    @property
    def sentence(self):
        return self.root.get_attribute("data-sentence")

    @property
    def said(self):
        return self.root.locator(".said").inner_text()

    @property
    def state(self):
        """What the controls say."""
        shown = self.root.evaluate(
            """(root) => Object.fromEntries(
                [...root.querySelectorAll("[data-name]")].map((c) => [c.dataset.name, c.value]))"""
        )
        count = sum(name.startswith("kind-") for name in shown)
        layers = [
            {"kind": shown[f"kind-{i}"], **{name: int(shown[f"{name}-{i}"]) for name in OPTIONS}} for i in range(count)
        ]
        return {"layers": layers, **{name: int(shown[name]) for name in ("size", "layer", "position")}}

    def agrees(self):
        """All numbers on the page are those of shapes for what the controls say."""
        s = self.state
        assert self.sentence == field.describe(s) == self.picture.get_attribute("aria-label")
        for i, (f, n) in enumerate(zip(field.fields(s), field.sizes(s)[1:], strict=True)):
            words = self.root.get_by_role("group", name=f"layer {i}", exact=True).locator("p").inner_text()
            outputs = f"{n} output{'s' * (n != 1)}"
            assert words == f"{outputs}: field {f.size}, jump {f.jump}, center {number(f.centre)}"

    def put(self, name, value):
        self.control(name).evaluate(
            """(control, value) => {
                control.value = value;
                control.dispatchEvent(new Event("input", { bubbles: true }));
                control.dispatchEvent(new Event("change", { bubbles: true }));
            }""",
            str(value),
        )
        return self.control(name).input_value()


def test_they_are_drawn(notebook):
    for i in range(len(CELLS)):
        Explorer(notebook, i).agrees()
    first = Explorer(notebook, FIRST)
    assert first.sentence == repr(widgets.receptive_field_explorer()) and first.root.locator("img").count() == 0
    line = first.root.locator("code").inner_text()
    assert line.startswith("nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d")


@pytest.mark.parametrize("name", ["size", "layer", "position"])
def test_sliders_go_to_their_ends_by_keyboard(notebook, name):
    explorer = Explorer(notebook, FIRST)
    start, reached = explorer.state, []
    for key in ("Home", "End"):
        explorer.control(name).press(key)
        explorer.agrees()
        reached.append(explorer.state[name])
    assert reached == {"size": [5, 64], "layer": [0, 3], "position": [0, 7]}[name]
    for other in ("size", "layer", "position"):
        explorer.put(other, start[other])
    assert explorer.state == start


def test_every_setting_of_every_layer_goes_to_its_ends(notebook):
    explorer = Explorer(notebook, FIRST)
    explorer.put("size", 64)
    start = explorer.state
    for i, layer in enumerate(start["layers"]):
        for name, ends in field.LIMITS.items():
            for value in ends:
                wanted = [other | {name: value} if i == j else other for j, other in enumerate(start["layers"])]
                shown = int(explorer.put(f"{name}-{i}", value))
                try:
                    field.complete(layers=wanted, size=64)
                    assert shown == value and explorer.said == ""
                except ValueError:
                    assert shown == layer[name] and explorer.said.startswith("Not possible: ")
                explorer.agrees()
                explorer.put(f"{name}-{i}", layer[name])
        for kind in field.KINDS:
            assert explorer.put(f"kind-{i}", kind) == kind
            explorer.agrees()
        explorer.put(f"kind-{i}", layer["kind"])
    assert explorer.state["layers"] == start["layers"]
    explorer.put("size", 32)


def test_layers_come_and_go(notebook):
    explorer = Explorer(notebook, FIRST)
    conv, pool = (explorer.root.get_by_role("button", name=f"Add a {kind} layer") for kind in ("conv", "max pool"))
    conv.press("Enter")
    explorer.agrees()
    assert explorer.state["layer"] == 4 and explorer.state["position"] == 4  # points at what is new
    pool.press(" ")
    explorer.agrees()
    assert len(explorer.state["layers"]) == field.MOST and conv.is_disabled() and pool.is_disabled()
    for left in range(field.MOST - 1, 0, -1):
        explorer.root.get_by_role("button", name="remove layer 0").click()
        assert len(explorer.state["layers"]) == left
        explorer.agrees()
    assert explorer.root.get_by_role("button", name="remove layer 0").is_disabled()
    assert explorer.root.evaluate("(root) => root.contains(document.activeElement)")  # the keyboard is not lost
    for adder in (conv, pool, conv, pool, conv):
        adder.click()
    explorer.put("size", 5)
    explorer.agrees()


def test_what_is_not_possible_says_why(notebook):
    explorer = Explorer(notebook, STACK)
    assert explorer.put("size", 13) == "31"
    assert explorer.said == "Not possible: a window of 3 for layer 2 does not fit in 2 + 2·0 = 2."
    assert explorer.put("stride-1", "2.5") == explorer.put("stride-1", "") == "2"
    explorer.put("stride-1", 9)
    assert explorer.said == "Not possible: stride is a whole number from 1 to 4."
    explorer.put("padding-2", 2)
    pool = explorer.control("kind-2").locator("option[value=max_pool]")
    assert pool.is_disabled() and "layer 2 pads at most half of its window of 3" in pool.inner_text()
    explorer.put("padding-2", 0)
    assert explorer.said == ""
    explorer.agrees()


def test_keys_and_mouse_point_at_an_output(notebook):
    explorer = Explorer(notebook, STACK)
    picture = explorer.picture
    pointed = lambda: (explorer.state["layer"], explorer.state["position"])  # noqa: E731
    assert pointed() == (2, 1)
    for key, expected in [
        ("ArrowRight", (2, 2)), ("ArrowRight", (2, 2)), ("ArrowDown", (1, 5)), ("ArrowLeft", (1, 4)),
        ("ArrowDown", (0, 9)), ("ArrowDown", (0, 9)), ("ArrowUp", (1, 4)), ("ArrowUp", (2, 2)),
    ]:  # fmt: skip
        picture.press(key)
        assert pointed() == expected, key
        explorer.agrees()
    width = picture.bounding_box()["width"]
    for x, y, expected in [(0, 80, (1, 0)), (width - 1, 80, (1, 6)), (width / 2, 10, (2, 1)), (width / 2, 310, (0, 7))]:
        picture.click(position={"x": x, "y": y + 20 if y < 300 else y})
        assert pointed() == expected
        explorer.agrees()
    explorer.put("layer", 2)
    explorer.put("position", 1)


def test_the_cells_that_are_drawn_are_those_that_are_seen(notebook):
    """The bottom row's colors in the middle of each pixel's upper edge, beside the number."""
    explorer = Explorer(notebook, STACK)
    for dilation in (1, 2):
        for name in ("stride", "dilation"):
            for i in range(3):
                explorer.put(f"{name}-{i}", dilation if name == "dilation" else 3 - dilation)
        s = field.complete(**explorer.state)
        pixels = explorer.picture.evaluate(
            """(canvas, n) => {
                const pen = canvas.getContext("2d"), ratio = canvas.width / canvas.clientWidth;
                const w = (canvas.clientWidth - 4) / n, y = canvas.clientHeight - 80 + 18 + 3;
                const color = (i) => pen.getImageData((2 + (i + 0.2) * w) * ratio, y * ratio, 1, 1).data;
                return Array.from({ length: n }, (_, i) => [...color(i)]);
            }""",
            s["size"],
        )
        seen = (field.paths(s)[0] > 0).tolist()
        assert [alpha == 255 for *_, alpha in pixels] == seen
        assert all(red > blue + 20 for (red, _, blue, _), is_seen in zip(pixels, seen, strict=True) if is_seen)
        assert sum(seen) == (15 if dilation == 1 else 7)
        explorer.agrees()


def test_every_control_has_a_name_and_keeps_its_keys(notebook):
    explorer = Explorer(notebook, STACK)
    for name in ("Pixels", "Point at layer", "Output"):
        assert explorer.root.get_by_role("slider", name=name, exact=True).count() == 1
    for i in range(3):
        assert explorer.root.get_by_role("combobox", name=f"Layer {i}", exact=True).count() == 1
        for name in OPTIONS:
            words = f"{name.replace('_', ' ')} of layer {i}"
            assert explorer.root.get_by_role("spinbutton", name=words, exact=True).count() == 1
        assert explorer.root.get_by_role("button", name=f"remove layer {i}", exact=True).count() == 1
    assert explorer.root.get_by_role("img").count() == 2
    for control in explorer.root.locator("input, select, button, [tabindex]").all():
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
    cells = "window.jupyterapp.shell.currentWidget.content"
    before = notebook.evaluate(f"[{cells}.activeCellIndex, {cells}.widgets.length]")
    size = explorer.control("kernel_size-0")
    was = int(size.input_value())
    for key in ("x", "ArrowUp"):
        size.press(key)
    assert int(size.input_value()) == was + 1
    size.press("ArrowDown")
    assert notebook.evaluate(f"[{cells}.activeCellIndex, {cells}.widgets.length]") == before


def test_python_hears_the_controls_and_sets_them(notebook):
    explorer = Explorer(notebook, LIVE)
    explorer.put("stride-0", 1)
    until(notebook, "(live.layers[0]['stride'], live.fields[-1].size, repr(live))", (1, 9, explorer.sentence))
    browser.kernel_says(notebook, "live.set_trait('layers', [{'kernel_size': 5, 'padding': 2}])")
    notebook.wait_for_function("(e) => e.dataset.sentence.includes(', conv 5 ')", arg=explorer.root.element_handle())
    explorer.agrees()
    assert browser.kernel_says(notebook, "live.set_trait('size', 99)").startswith("StateError: ")
    explorer.root.get_by_role("button", name="Add a max pool layer").click()
    until(notebook, "(len(live.layers), live.layer, repr(live))", (2, 1, explorer.sentence))
    explorer.picture.press("ArrowRight")
    until(notebook, "repr(live)", explorer.sentence)


def test_an_error_in_python_is_shown(notebook):
    broken = Explorer(notebook, BROKEN)
    broken.control("size").press("ArrowRight")
    broken.root.get_by_text("ZeroDivisionError: division by zero").wait_for()
    broken.agrees()


def until(page, code, expected):
    """Wait for the kernel to agree: the controls tell it when they are let go."""
    for _ in range(50):
        said = browser.kernel_says(page, code)
        with contextlib.suppress(ValueError, SyntaxError):  # an error is no literal
            if ast.literal_eval(said) == expected:
                return
        page.wait_for_timeout(100)
    assert said == repr(expected)


@pytest.mark.parametrize("width", [400, 1400])
def test_without_a_kernel_it_lives_and_fits(chrome, tmp_path, width):
    """Two copies on a page without any of JupyterLab's style, with the most layers."""
    most = [{"kernel_size": 3, "padding": 1}] * field.MOST
    path = tmp_path / "bare.html"
    html = widgets.receptive_field_explorer(layers=most, size=64).html()
    path.write_text(f'<!doctype html><meta charset="utf-8">{html}{html}', encoding="utf-8")
    page = chrome.new_page(viewport={"width": width, "height": 900})
    errors = browser.console_errors(page)
    page.goto(path.as_uri())
    first, second = Explorer(page, 0), Explorer(page, 1)
    before = second.sentence
    first.put("stride-0", 4)
    first.agrees()
    assert second.sentence == before != first.sentence
    for name in ("canvas, fieldset, figure, input, button, p", "code"):
        assert first.root.evaluate(
            """(root, which) => [...root.querySelectorAll(which)].every((n) =>
                n.getBoundingClientRect().right <= root.getBoundingClientRect().right + 1)""",
            name,
        )
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not errors
    page.close()
