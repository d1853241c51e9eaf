"""The course as pages, opened from a file in Chromium without a network: explorers answer, links lead on."""

import os
from pathlib import Path

import browser
import export
import nbformat
import pytest

from cnnlab import widgets

CI = os.environ.get("CNNLAB_CI") == "1"
if browser.chromium() is None and not CI:
    pytest.skip("no Chromium on this machine: install one, or name it in CNNLAB_CHROMIUM", allow_module_level=True)
pytestmark = pytest.mark.xdist_group("browser")

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Pages of the whole course, and one with an explorer that is not stored anywhere."""
    folder = tmp_path_factory.mktemp("site")
    assert export.main(["--to", str(folder), *map(str, sorted(NOTEBOOKS.glob("*.ipynb")))]) == 0
    v4, bundle = nbformat.v4, widgets.descent_explorer()._repr_mimebundle_()
    output = v4.new_output("execute_result", bundle, execution_count=1)
    cells = [v4.new_markdown_cell("# 99 Sample\n\nA promise."), v4.new_code_cell("x", outputs=[output])]
    nbformat.write(v4.new_notebook(cells=cells), folder / "sample.ipynb")
    (folder / "sample.html").write_text(export.pages([folder / "sample.ipynb"])["sample"], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def chrome():
    with browser.browser() as chrome:
        yield chrome


@pytest.fixture
def visit(chrome, site):
    """Opens the site at a page; what is fetched from elsewhere, or goes wrong on the console, fails the test."""
    opened, wrong = [], []

    def visit(name, scheme="light", width=1400):
        context = chrome.new_context(offline=True, color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        opened.append((context, browser.console_errors(page)))
        page.on("request", lambda request: None if _is_near(request.url) else wrong.append(request.url))
        page.goto((site / f"{name}.html").as_uri())
        return page

    yield visit
    for context, errors in opened:
        wrong.extend(errors)
        context.close()
    assert wrong == []


def _is_near(address):
    return address.startswith(("file:", "data:"))


def test_an_explorer_of_a_page_answers(visit):
    page = visit("02_padding_and_stride")
    explorer = page.locator(".cnnlab").first
    explorer.locator("[data-name=padding]").press("Home")
    explorer.locator("[data-name=stride]").press("End")
    state = {"image": "digit", "kernel": "sobel_x", "stride": 6, "padding": 0, "row": 4, "column": 4}
    assert explorer.get_attribute("data-sentence") == repr(widgets.kernel_explorer(**state))


def test_every_explorer_of_the_course_is_alive_or_says_that_it_asks_python(visit, site):
    alive = 0
    for path in sorted(site.glob("[0-9]*.html")):
        page = visit(path.stem)
        for box in page.locator("[data-cnnlab]").all():
            if box.get_attribute("data-cnnlab"):
                explorer = box.locator(".cnnlab")
                before = explorer.get_attribute("data-sentence")
                explorer.locator("input[type=range]:enabled").first.press("End")
                explorer.locator("input[type=range]:enabled").last.press("Home")
                assert before and before != explorer.get_attribute("data-sentence"), path.stem
                alive += 1
            else:
                assert "asks Python" in box.inner_text()
    assert alive >= 15


def test_one_walks_through_the_course(visit, site):
    page = visit("index")
    names = [path.stem for path in sorted(site.glob("[0-9]*.html"))]
    assert page.locator("td a").count() == len(names)
    page.locator("td a").first.click()
    for name in names:
        assert page.url.endswith(f"{name}.html") and page.locator("h1").inner_text().startswith(name[:2])
        if name != names[-1]:
            page.get_by_role("navigation").first.get_by_role("link", name="→").click()


@pytest.mark.parametrize("width", [400, 1400, 1920])
def test_nothing_sticks_out(visit, site, width):
    for name in ("index", "03_channels_and_1x1", "05_neurons_and_layers"):
        page = visit(name, width=width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")
        assert 14 <= size <= 21


def test_pages_and_explorers_follow_the_system_when_it_turns_dark(visit):
    page = visit("sample")
    look = "(e) => [getComputedStyle(document.body).backgroundColor, getComputedStyle(e).colorScheme]"
    explorer = page.locator(".cnnlab").first
    assert explorer.evaluate(look) == ["rgb(255, 255, 255)", "light"]
    picture = explorer.locator("canvas").first
    before = picture.evaluate("(canvas) => canvas.toDataURL()")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("(e) => getComputedStyle(e).colorScheme === 'dark'", arg=explorer.element_handle())
    assert explorer.evaluate(look)[0] == "rgb(20, 23, 26)"
    assert picture.evaluate("(canvas) => canvas.toDataURL()") != before  # axes are drawn anew in the ink of the dark
