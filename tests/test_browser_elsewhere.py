"""Explorers outside JupyterLab, without kernel and network: on a page without style, and in what nbconvert writes."""

import browser
import gallery
import nbformat
import pytest
from gallery import Explorer, Field, Kernel
from nbconvert import HTMLExporter

from cnnlab import widgets
from cnnlab.widgets import receptive_field_state as field

# those that take the most room
SETTINGS = {name: places["page"] for name, places in gallery.OPENED.items() if "page" in places}
SETTINGS["kernel_explorer"] = {"image": "photo"}
SETTINGS["receptive_field_explorer"] = {"layers": [{"kernel_size": 3, "padding": 1}] * field.MOST, "size": 64}
STICKS_OUT = """(root) => [root, ...root.querySelectorAll("canvas, fieldset, figure, table, input, select, button, p")]
    .filter((e) => e.checkVisibility() && (e.scrollWidth > root.clientWidth
        || e.getBoundingClientRect().right > root.getBoundingClientRect().right + 1))
    .map((e) => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def shown():
    """Two copies of each explorer, and one with numbers in its cells: what notebooks store of them."""
    once = [getattr(widgets, name)(**settings)._repr_mimebundle_() for name, settings in SETTINGS.items()]
    numbers = widgets.kernel_explorer(image="grid", kernel="box", kernel_size=5)
    return [bundle for bundle in once for _ in range(2)] + [numbers._repr_mimebundle_()]


@pytest.fixture(scope="module", params=["bare", "exported"])
def page(request, shown, chrome, tmp_path_factory):
    """They, on a page. A bare one has none of JupyterLab's style, as in Colab and VS Code."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    if request.param == "bare":
        html = '<!doctype html><meta charset="utf-8">' + "".join(bundle["text/html"] for bundle in shown)
    else:
        browser.write_notebook(path.with_suffix(".ipynb"), ["x"] * len(shown), shown)
        html, _ = HTMLExporter().from_notebook_node(nbformat.read(path.with_suffix(".ipynb"), 4))
    path.write_text(html, encoding="utf-8")
    page = browser.new_page(chrome, offline=True)
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    page.wait_for_function(f"document.querySelectorAll('[data-sentence]').length === {len(shown)}")
    page.host = request.param
    yield page
    page.close()


@pytest.mark.parametrize("name", SETTINGS)
def test_it_lives_and_fits(page, name):
    """One moves, the other stays, and in narrow and wide windows nothing sticks out."""
    first, copy = (Explorer(page, name, index=2 * list(SETTINGS).index(name) + i) for i in (0, 1))
    for width, key in ((400, "Home"), (1400, "End")):
        page.set_viewport_size({"width": width, "height": 900})
        here, there = first.sentence, copy.sentence
        first.root.locator("input[type=range]:enabled").first.press(key)
        assert first.sentence != here and copy.sentence == there
        assert first.root.evaluate(STICKS_OUT) == []
        assert page.host == "exported" or page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    _quiet(page)


def test_numbers_and_layers_are_those_of_python(page):
    page.set_viewport_size({"width": 400, "height": 900})
    photo, grid = (Kernel(page, index=i) for i in (2 * list(SETTINGS).index("kernel_explorer"), 2 * len(SETTINGS)))
    photo.control("stride").press("End")
    photo.control("padding").press("ArrowRight")
    assert (photo.state["stride"], photo.state["padding"]) == (6, 1)
    stack = Field(page, index=2 * list(SETTINGS).index("receptive_field_explorer"))
    stack.slide("stride-0", 4)
    for explorer in (photo, grid, stack):
        explorer.agrees()
    assert grid.root.evaluate(STICKS_OUT) == []
    assert page.locator(".cnnlab img").count() == 0  # the stand-ins are gone
    _quiet(page)


def test_what_asks_python_is_a_picture_and_says_so(chrome, tmp_path):
    shown = widgets.feature_browser(live=False)
    (tmp_path / "bare.html").write_text(f'<!doctype html><meta charset="utf-8">{shown.html()}', encoding="utf-8")
    page = browser.new_page(chrome)
    page.goto((tmp_path / "bare.html").as_uri())
    assert page.get_by_text("This explorer asks Python").is_visible()
    assert page.get_by_role("img", name=repr(shown)).evaluate("(img) => img.naturalWidth") > 200
    page.close()


def _quiet(page):
    """No errors, but for those of nbconvert's own page, which asks a network for its formulas."""
    assert [e for e in page.errors if page.host == "bare" or "cnnlab" in e or "mount" in e] == []
