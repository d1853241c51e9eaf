"""What every explorer promises, in a real JupyterLab: errors shown, side by side, by keyboard, run and opened again."""

import contextlib

import bench_explorer
import browser
import gallery
import pytest
from gallery import CELLS, NAMES, Explorer
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from cnnlab import widgets

# Whether an explorer answers to the first of its sliders that can move, there and back; maybe after asking Python.
ANSWERS = f"""async (root) => {{
    const move = async (slider, value) => {{
        const before = root.dataset.sentence;
        ({gallery.MOVE})(slider, value);
        do await new Promise(requestAnimationFrame); while (root.hasAttribute("data-waits"));
        return root.dataset.sentence !== before;
    }};
    for (const slider of root.querySelectorAll("input[type=range]:enabled")) {{
        const home = slider.value;
        for (const end of [slider.min, slider.max]) if (await move(slider, end)) return await move(slider, home);
    }}
    return false;
}}"""


@pytest.mark.parametrize("name", NAMES)
def test_an_error_in_a_callback_is_shown_where_it_happened(notebook, name):
    broken, sound = Explorer(notebook, name, "broken"), Explorer(notebook, name, "widget")
    assert broken.text("[role=alert]") == ""
    fails = bench_explorer.EXPLORERS[name][1]
    for key in ("ArrowRight", "ArrowLeft"):  # at one end only one of them moves it
        broken.control(fails).press(key)
    broken.root.get_by_text("ZeroDivisionError: division by zero").wait_for()
    assert sound.text("[role=alert]") == "" and sound.python("it.error") == "''"
    other = broken.root.locator(f"input[type=range]:enabled:not([data-name={fails}])").first
    for key in ("Home", "End"):
        other.press(key)
    broken.waits("e.querySelector('[role=alert]').textContent === ''")  # gone with the next value that is fine


@pytest.mark.parametrize("name", NAMES)
def test_side_by_side_they_do_not_disturb_each_other(notebook, name):
    explorers = [Explorer(notebook, *place) for place in CELLS if place[0] == name]
    for mover in explorers:
        others = [other.sentence for other in explorers if other is not mover]
        assert mover.root.evaluate(ANSWERS)
        assert [other.sentence for other in explorers if other is not mover] == others


@pytest.mark.parametrize("name", NAMES)
def test_the_tab_key_reaches_every_control(notebook, name):
    root = Explorer(notebook, name, next(where for which, where in CELLS if which == name)).root
    wanted = root.evaluate(
        """(root) => {
            window.stops = [...root.querySelectorAll("input, select, textarea, button, [tabindex]")].filter(
                (c) => !c.disabled && c.checkVisibility());
            window.reached = [0];
            root.addEventListener("focusin", (event) => window.reached.push(window.stops.indexOf(event.target)));
            window.stops[0].focus();
            return window.stops.length;
        }"""
    )
    for _ in range(wanted - 1):
        notebook.keyboard.press("Tab")
    reached = notebook.evaluate("window.reached.slice(1)")
    assert reached == list(range(wanted)) and wanted > 2


def test_light_and_dark(notebook):
    scheme = """() => [...document.querySelectorAll(".cnnlab")].map((e) => getComputedStyle(e).colorScheme)"""
    assert set(notebook.evaluate(scheme)) == {"light"}
    change = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
    for theme, expected in (("JupyterLab Dark", "dark"), ("JupyterLab Light", "light")):
        notebook.evaluate(change, theme)
        notebook.wait_for_function(f"({scheme})().every((scheme) => scheme === '{expected}')")


def test_stored_and_not_trusted_it_is_a_picture_and_a_sentence(chrome, lab):
    shown = widgets.kernel_explorer(stride=2)
    browser.write_notebook(lab.folder / "stored.ipynb", ["x"], [shown._repr_mimebundle_()])
    page = browser.new_page(chrome)
    browser.open_notebook(page, lab.address, "stored.ipynb")
    picture = page.get_by_role("img", name=repr(shown))
    picture.wait_for()
    assert page.get_by_text(repr(shown)).count() == 1 and page.locator(".cnnlab").count() == 0
    assert picture.evaluate("(img) => img.naturalWidth") > 300
    assert not page.errors
    page.close()


def test_run_again_and_opened_again_they_live(notebook, lab):
    """In the place where they stood before, one of each."""
    lives = [place for place in CELLS if place[1] != "broken"]
    browser.run_cells(notebook, 1 + len(lives))
    gallery.all_are_there(notebook)
    assert [place for place in lives if not Explorer(notebook, *place).root.evaluate(ANSWERS)] == []
    notebook.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
    notebook.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    for _ in range(
        3
    ):  # ipywidgets waits 4 s for a kernel to tell its widgets; on a busy machine one loads the page anew
        browser.open_notebook(notebook, lab.address, gallery.NOTEBOOK)  # its kernel has gone on running
        with contextlib.suppress(PlaywrightTimeout):
            gallery.all_are_there(notebook, seconds=40)
            break
        assert all("widget model not found" in error for error in notebook.errors), notebook.errors
        notebook.errors.clear()
    gallery.all_are_there(notebook)
    assert [place for place in lives if not Explorer(notebook, *place).root.evaluate(ANSWERS)] == []
