"""What every explorer promises, in a real JupyterLab: errors shown, side by side, by keyboard, run and opened again."""

import ast
import os

import bench_explorer
import browser
import pytest

CI = os.environ.get("CNNLAB_CI") == "1"
if browser.chromium() is None and not CI:
    pytest.skip("no Chromium on this machine: install one, or name it in CNNLAB_CHROMIUM", allow_module_level=True)
pytestmark = pytest.mark.xdist_group("browser")

SETTINGS = {name: settings for name, (settings, *_) in bench_explorer.EXPLORERS.items()}
IN_PAGE = [name for name in SETTINGS if name not in bench_explorer.ASKS_PYTHON]
BROKEN = """broken_{name} = widgets.{name}(live=True, **{settings})
broken_{name}.observe(lambda change: 1 / 0, "{slider}")
broken_{name}"""


def cells():
    """{(explorer, host): its cell}, after a first one."""
    found = {}
    for name, (settings, slider, _) in bench_explorer.EXPLORERS.items():
        if name in IN_PAGE:
            found[name, "page"] = f"widgets.{name}(**{settings})"
        found[name, "widget"] = f"{name} = widgets.{name}(live=True, **{settings})\n{name}"
        found[name, "broken"] = BROKEN.format(name=name, settings=settings, slider=slider)
    return found


CELLS = cells()


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A notebook, run, in which each explorer stands in the page, as a widget, and as one whose observer raises."""
    folder = tmp_path_factory.mktemp("lab")
    browser.write_notebook(folder / "run.ipynb", ["from cnnlab import widgets", *CELLS.values()])
    with browser.browser() as chrome, browser.lab(folder) as address:
        page = chrome.new_page(viewport={"width": 1400, "height": 900})
        page.address, page.errors = address, browser.console_errors(page)
        browser.run_all(page, address, "run.ipynb")
        all_are_there(page)
        yield page
        page.close()


@pytest.fixture(autouse=True)
def quiet(notebook):
    """No test leaves an error on the console."""
    yield
    found, notebook.errors[:] = list(notebook.errors), []
    assert not found


def all_are_there(page):
    page.wait_for_function(f"document.querySelectorAll('[data-sentence]').length === {len(CELLS)}")


class Explorer:
    """One explorer, by what a person can see and do."""

    def __init__(self, page, name, host):
        self.root = page.locator(".cnnlab").nth(list(CELLS).index((name, host)))
        self.slider = self.root.locator(f"[data-name={bench_explorer.EXPLORERS[name][1]}]")

    @property
    def sentence(self):
        return self.root.get_attribute("data-sentence")

    @property
    def alert(self):
        return self.root.locator("[role=alert]").inner_text()

    def keys(self):
        """The key for a step of its slider, and the key for the way back."""
        value, low, _ = self.slider.evaluate(bench_explorer.PLACE)
        return ("ArrowLeft", "ArrowRight") if value > low else ("ArrowRight", "ArrowLeft")

    def answers(self):
        """Whether the explorer answers to its slider, there and back."""
        before, (there, back) = self.sentence, self.keys()
        self.slider.press(there)
        self.waits(f"e.dataset.sentence !== {before!r}")
        self.slider.press(back)
        self.waits(f"e.dataset.sentence === {before!r}")

    def waits(self, condition):
        self.root.page.wait_for_function(f"(e) => {condition}", arg=self.root.element_handle())


@pytest.mark.parametrize("name", SETTINGS)
def test_an_error_in_a_callback_is_shown_where_it_happened(notebook, name):
    broken, sound = Explorer(notebook, name, "broken"), Explorer(notebook, name, "widget")
    assert broken.alert == ""
    broken.slider.press(broken.keys()[0])
    broken.root.get_by_text("ZeroDivisionError: division by zero").wait_for()
    assert sound.alert == "" and ast.literal_eval(browser.kernel_says(notebook, f"{name}.error")) == ""
    sound.answers()


@pytest.mark.parametrize("name", SETTINGS)
def test_side_by_side_they_do_not_disturb_each_other(notebook, name):
    hosts = [host for host in ("page", "widget", "broken") if (name, host) in CELLS]
    explorers = [Explorer(notebook, name, host) for host in hosts]
    for mover in explorers[:-1]:
        others = [other.sentence for other in explorers if other is not mover]
        before = mover.sentence
        value, _, high = mover.slider.evaluate(bench_explorer.PLACE)
        mover.slider.press("Home" if value == high else "End")
        mover.waits(f"e.dataset.sentence !== {before!r}")
        assert [other.sentence for other in explorers if other is not mover] == others


@pytest.mark.parametrize("name", SETTINGS)
def test_the_tab_key_reaches_every_control(notebook, name):
    root = Explorer(notebook, name, "page" if name in IN_PAGE else "widget").root
    wanted = root.evaluate(
        """(root) => {
            window.stops = [...root.querySelectorAll("input, select, textarea, button, [tabindex]")].filter(
                (c) => !c.disabled && c.checkVisibility());
            window.stops[0].focus();
            return window.stops.length;
        }"""
    )
    reached = [0]
    while len(reached) < wanted:
        notebook.keyboard.press("Tab")
        reached.append(notebook.evaluate("window.stops.indexOf(document.activeElement)"))
    assert reached == list(range(wanted)) and wanted > 2


def test_run_again_and_opened_again_they_live(notebook):
    browser.run_cells(notebook)
    all_are_there(notebook)
    for name, host in CELLS:
        if host != "broken":
            Explorer(notebook, name, host).answers()
    notebook.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
    notebook.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    browser.open_notebook(notebook, notebook.address, "run.ipynb")  # its kernel has gone on running
    all_are_there(notebook)
    for name, host in CELLS:
        if host != "broken":
            Explorer(notebook, name, host).answers()
