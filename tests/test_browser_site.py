"""The course as pages, opened from a file in Chromium without a network: explorers answer, links lead on."""

from pathlib import Path

import browser
import export
import nbformat
import pytest

from cnnlab import widgets

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
def visitor(chrome):
    """A page without a network; what it asks of others than files is an error, too."""
    page = browser.new_page(chrome, offline=True)
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else page.errors.append(r.url))
    yield page
    page.close()


@pytest.fixture
def visit(visitor, site):
    """Opens the site at a page; what is fetched from elsewhere, or goes wrong on the console, fails the test."""

    def visit(name):
        visitor.set_viewport_size({"width": 1400, "height": 900})
        visitor.emulate_media(color_scheme="light")
        visitor.goto((site / f"{name}.html").as_uri())
        return visitor

    yield visit
    wrong, visitor.errors[:] = list(visitor.errors), []
    assert wrong == []


def test_an_explorer_of_a_page_answers(visit):
    page = visit("02_padding_and_stride")
    explorer = page.locator(".cnnlab").first
    explorer.locator("[data-name=padding]").press("Home")
    explorer.locator("[data-name=stride]").press("End")
    state = {"image": "digit", "kernel": "sobel_x", "stride": 6, "padding": 0, "row": 4, "column": 4}
    assert explorer.get_attribute("data-sentence") == repr(widgets.kernel_explorer(**state))


# The first slider of each explorer to its end, the last one to its beginning: true for each that answers; what it says
# of Python where it cannot.
ANSWERS = """() => [...document.querySelectorAll("[data-cnnlab]")].map((box) => {
    if (!box.dataset.cnnlab) return box.textContent.includes("asks Python") ? "asleep" : "dead";
    const explorer = box.querySelector(".cnnlab"), before = explorer.dataset.sentence;
    const sliders = [...explorer.querySelectorAll("input[type=range]")].filter((slider) => !slider.disabled);
    for (const [slider, end] of [[sliders[0], "max"], [sliders.at(-1), "min"]]) {
        slider.value = slider[end];
        slider.dispatchEvent(new Event("input", { bubbles: true }));
    }
    return before && before !== explorer.dataset.sentence ? "alive" : "dead";
})"""


def test_one_walks_through_the_course_where_explorers_live_and_nothing_sticks_out(visit, site):
    page = visit("index")
    names = [path.stem for path in sorted(site.glob("[0-9]*.html"))]
    assert page.locator("td a").count() == len(names)
    _fits(page)
    page.locator("td a").first.click()
    alive = 0
    for name in names:
        assert page.url.endswith(f"{name}.html") and page.locator("h1").inner_text().startswith(name[:2])
        answers = page.evaluate(ANSWERS)
        assert "dead" not in answers, name
        alive += answers.count("alive")
        _fits(page)
        if name != names[-1]:
            page.get_by_role("navigation").first.get_by_role("link", name="→").click()
    assert alive >= 15


def _fits(page):
    """In narrow and wide windows; the text can be read in each."""
    for width in (400, 1920, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        wide, size = page.evaluate(
            """() => [document.documentElement.scrollWidth,
                parseFloat(getComputedStyle(document.querySelector("main p")).fontSize)]"""
        )
        assert wide <= width and 14 <= size <= 21, page.url


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
