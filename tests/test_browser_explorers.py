"""Explorers in a real JupyterLab in Chromium: every control to its ends, and what is shown is what Python says."""

import ast
import os

import browser
import pytest

from cnnlab import widgets
from cnnlab.widgets import pooling_state as pooling

CI = os.environ.get("CNNLAB_CI") == "1"
if browser.chromium() is None and not CI:
    pytest.skip("no Chromium on this machine: install one, or name it in CNNLAB_CHROMIUM", allow_module_level=True)
pytestmark = pytest.mark.xdist_group("browser")


def _pooled(s):
    """The table of the pooling explorer: as it is and with blur, change, movement, change beyond it."""
    for blur in (False, True):
        change, error, movement = pooling.compared(s, s["shift"], blur)
        yield from (pooling.percent(change), pooling.count(movement, "column"), pooling.percent(error))


# explorer: its describe, (CSS of what is shown, its texts from a state), a state to begin with, and its controls
EXPLORERS = {
    "pooling_explorer": (
        pooling.describe,
        ("tbody td", _pooled),
        {"image": "digit", "kernel_size": 3, "stride": 2, "padding": 1},
        {"image", "mode", "ceil_mode", "kernel_size", "stride", "padding", "shift", "row", "column"},
    ),
}
NAMES = tuple(EXPLORERS)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A notebook with each explorer as a page and as a widget, run, with a list of what went wrong."""
    folder = tmp_path_factory.mktemp("lab")
    cells = ["from cnnlab import widgets"]
    for name, (*_, start, _) in EXPLORERS.items():
        cells.append(f"widgets.{name}(**{start})")
        cells.append(f"{name} = widgets.{name}(live=True, **{start})\n{name}")
    browser.write_notebook(folder / "run.ipynb", cells)
    with browser.browser() as chrome, browser.lab(folder) as address:
        page = chrome.new_page(viewport={"width": 1400, "height": 900})
        page.errors = browser.console_errors(page)
        browser.run_all(page, address, "run.ipynb")
        page.wait_for_function(f"document.querySelectorAll('[data-sentence]').length === {2 * len(EXPLORERS)}")
        yield page
        page.close()


@pytest.fixture(autouse=True)
def quiet(notebook):
    """No test leaves an error on the console."""
    yield
    found, notebook.errors[:] = list(notebook.errors), []
    assert not found


READ = """(root) => Object.fromEntries([...root.querySelectorAll("[data-name]")].map(
    (c) => [c.dataset.name, c.type === "checkbox" ? c.checked : c.type === "range" ? Number(c.value) : c.value]))"""


class Explorer:
    """One explorer on the page, by what a person can see and do."""

    def __init__(self, page, name, live=False):
        self.page, self.name, self.root = page, name, page.locator(".cnnlab").nth(2 * NAMES.index(name) + live)
        self.describe, (self.cells, self.expected), self.start, self.names = EXPLORERS[name]

    def control(self, name):
        return self.root.locator(f"[data-name={name}]")

    @property
    def sentence(self):
        return self.root.get_attribute("data-sentence")

    @property
    def state(self):
        """What the controls say."""
        return self.start | self.root.evaluate(f"(root) => ({READ})(root)")

    def agrees(self):
        state = self.state
        assert self.sentence == self.describe(state)
        shown = self.root.locator(self.cells).all_inner_texts()
        assert shown == list(self.expected(state)), state


@pytest.mark.parametrize("name", NAMES)
def test_every_control_goes_to_its_ends(notebook, name):
    explorer = Explorer(notebook, name)
    explorer.agrees()
    controls = explorer.root.locator("[data-name]").all()
    assert {c.get_attribute("data-name") for c in controls} == explorer.names
    reached = {c.get_attribute("data-name"): set() for c in controls}
    for control in controls:
        which = control.get_attribute("data-name")
        kind = control.get_attribute("type") or "select"
        before = explorer.state[which]
        if kind == "select":
            options = [o.get_attribute("value") for o in control.locator("option").all() if o.is_enabled()]
            moves = [lambda value=value, c=control: c.select_option(value) for value in [*options, before]]
        elif kind == "checkbox":
            moves = [control.click] * 2
        else:
            moves = [lambda key=key, c=control: c.press(key) for key in ("Home", "End", "ArrowLeft")]
        for move in moves:
            move()
            explorer.agrees()
            reached[which].add(explorer.state[which])
    assert all(len(values) > 1 for values in reached.values()), reached


@pytest.mark.parametrize("name", NAMES)
def test_controls_have_names_and_keep_their_keys(notebook, name):
    explorer = Explorer(notebook, name)
    for control in explorer.root.locator("input, select, button, [tabindex]").all():
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
        assert control.evaluate("(c) => (c.labels?.length ? c.labels[0].textContent : c.ariaLabel ?? c.textContent)")
    for picture in explorer.root.locator("canvas").all():
        assert picture.get_attribute("role") == "img" and picture.get_attribute("aria-label")


@pytest.mark.parametrize("name", NAMES)
def test_python_hears_the_controls_and_sets_them(notebook, name):
    explorer = Explorer(notebook, name, live=True)
    explorer.agrees()
    slider = explorer.root.locator("input[type=range]:enabled").first
    slider.press("End")
    explorer.agrees()
    _until(notebook, f"(repr({name}), {name}.error)", (explorer.sentence, ""))
    for which, value in explorer.start.items():
        browser.kernel_says(notebook, f"{name}.set_trait({which!r}, {value!r})")
    sentence = ast.literal_eval(browser.kernel_says(notebook, f"repr({name})"))
    notebook.wait_for_function(
        "([e, sentence]) => e.dataset.sentence === sentence", arg=[explorer.root.element_handle(), sentence]
    )
    explorer.agrees()


def _until(page, code, expected):
    """Wait for the kernel to agree: the controls tell it when they are let go."""
    for _ in range(50):
        if (said := ast.literal_eval(browser.kernel_says(page, code))) == expected:
            return
        page.wait_for_timeout(100)
    assert said == expected


def test_an_output_of_the_pooling_explorer_is_picked_by_keys_and_mouse(notebook):
    explorer = Explorer(notebook, "pooling_explorer")
    for name, value in {"image": "digit", "mode": "avg"}.items():
        explorer.control(name).select_option(value)
    output = explorer.root.locator("canvas[tabindex]")
    output.focus()
    for _ in range(20):
        output.press("ArrowLeft")
    assert explorer.state["column"] == 0
    output.press("ArrowRight")
    assert explorer.state["column"] == 1
    explorer.agrees()
    output.click(position={"x": 3, "y": 3})
    assert (explorer.state["row"], explorer.state["column"]) == (0, 0)
    assert (
        output.get_attribute("aria-label") == explorer.sentence == widgets.pooling_explorer(**explorer.state).__repr__()
    )


def test_a_smaller_window_takes_its_padding_along(notebook):
    explorer = Explorer(notebook, "pooling_explorer")
    explorer.control("kernel_size").press("End")
    explorer.control("padding").press("End")
    assert (explorer.state["kernel_size"], explorer.state["padding"]) == (7, 3)
    explorer.control("kernel_size").press("Home")
    assert explorer.state["padding"] == 0 and explorer.control("padding").is_disabled()
    explorer.agrees()
