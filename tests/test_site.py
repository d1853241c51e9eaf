"""The course as pages: each stands alone, asks for nothing, and leads to the others."""

import html.parser
import re
from pathlib import Path

import contents
import export
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = ("00_start_here", "01_convolution_by_hand", "02_padding_and_stride")


class Page(html.parser.HTMLParser):
    """What of a page a browser would fetch, where its links lead, which places have a name, and its pictures."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.links, self.names, self.alts = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.names.add(attributes.get("id"))
        if tag == "a":
            self.links.append(attributes["href"])
        else:
            self.fetched += [attributes[name] for name in ("src", "href", "srcset", "data") if name in attributes]
        if tag == "img":
            self.alts.append(attributes.get("alt"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """{name: text} of three notebooks and their index, written to files by the command."""
    folder = tmp_path_factory.mktemp("site")
    assert export.main([*(str(ROOT / "notebooks" / f"{name}.ipynb") for name in NAMES), "--to", str(folder)]) == 0
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_there_is_a_page_for_each_notebook_and_an_index(site):
    assert set(site) == {"index", *NAMES}


def test_a_browser_fetches_nothing(site):
    for text in site.values():
        assert [address for address in Page(text).fetched if not address.startswith("data:")] == []
        assert not re.search(r"@import|url\(|\bimport\s*\(|fetch\(|XMLHttpRequest|require\(", text)


def test_every_link_arrives(site):
    pages = {name: Page(text) for name, text in site.items()}
    count = 0
    for name, page in pages.items():
        for link in page.links:
            file, _, place = link.partition("#")
            if not link.startswith("https://"):
                count += 1
                target = pages[file.removesuffix(".html") if file else name]
                assert not place or place in target.names, link
    assert count > 20


def test_the_index_is_the_table_of_the_course(site):
    text = re.sub(r"<[^>]+>", "", site["index"])
    for name in NAMES:
        notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        number, title, promise = contents.facts(notebook)
        words = [number, title, promise.replace("*", ""), str(contents.minutes(notebook))]
        assert re.search(r"\s+".join(map(re.escape, words)), text)
        assert f'<a href="{name}.html">' in site["index"]


def test_pages_lead_to_their_neighbors(site):
    first, middle, last = (re.findall(r'rel="(prev|next)"', site[name]) for name in NAMES)
    assert (set(first), set(middle), set(last)) == ({"next"}, {"prev", "next"}, {"prev"})
    assert len(middle) == 4  # above and below
    assert '<a href="03_' not in site[NAMES[2]]  # it is not among these pages


def test_all_that_the_notebook_stored_is_there(site):
    """Texts of every cell, every figure with its words, every explorer with its script, every exercise by its name."""
    for name in NAMES:
        notebook, page = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4), site[name]
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        data = [output.data for output in outputs if "data" in output]
        explorers = [d for d in data if "data-cnnlab" in d.get("text/html", "")]
        assert explorers and page.count('<script type="module">') == len(explorers)
        assert page.count('class="figure"') == sum("image/png" in d for d in data) > 5
        assert all(alt and len(alt.split()) > 2 for alt in Page(page).alts)
        assert page.count('class="cell exercise"') == sum("exercise" in cell.metadata for cell in notebook.cells)
        shown = " ".join(re.sub(r"<[^>]+>", "", page).split())
        for text in [output.text for output in outputs if "text" in output]:
            first = html.escape(text.splitlines()[0], quote=False)
            assert " ".join(first.split()) in shown, first
        assert 'class="error"' in page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_can_become_a_page(path):
    assert export.objections(nbformat.read(path, as_version=4)) == []


# ---- text of a notebook, text of a page

TEXTS = [
    ('<a href="01_x.ipynb">next</a>', '<a href="01_x.html">next</a>'),
    ('<a href="01_x.ipynb#A-part">there</a>', '<a href="01_x.html#A-part">there</a>'),
    ('<a href="09_y.ipynb"><em>later</em></a>', "<em>later</em>"),  # not among the pages: the words stay
    ('<a href="https://a.org/01_x.ipynb">there</a>', '<a href="https://a.org/01_x.ipynb">there</a>'),
    ('<a href="https://a.org"><img src="https://a.org/b.svg" alt="Open"></a>', '<a href="https://a.org">Open</a>'),
    ('<img alt="a cat" src="http://a.org/b.png" />', "a cat"),
    ('<img src="data:image/png;base64,AA" alt="kept">', '<img src="data:image/png;base64,AA" alt="kept">'),
]


@pytest.mark.parametrize("text, expected", TEXTS)
def test_text_comes_home(text, expected):
    assert export.at_home(text, {"01_x"}) == expected


# ---- what stands in the way of a page that needs nothing


def book(source="Text.", **data):
    cells = [new_markdown_cell(f"# 99 Sample\n\nA promise.\n\n{source}")]
    return new_notebook(
        cells=[*cells, new_code_cell("x", outputs=[new_output("display_data", data={"text/plain": "x", **data})])]
    )


REFUSED = [
    ({"source": "so $x^2$ grows"}, "cell 0 holds a formula between dollar signs: write it in words or as code"),
    ({"source": "$$\nx\n$$"}, "cell 0 holds a formula"),
    ({"text/latex": "$x$"}, "cell 1 shows text/latex, which no page draws"),
    ({"text/html": '<script src="https://a.org/b.js"></script>'}, "it would fetch https://a.org/b.js"),
    ({"text/html": "<style>@import '//a.org/b.css'</style>"}, "it would fetch //a.org/b.css"),
    ({"text/html": "<p style='background: url(http://a.org/b.png)'>"}, "it would fetch http://a.org/b.png"),
    ({"text/html": '<link rel="x" href="https://a.org/c.css">'}, "it would fetch https://a.org/c.css"),
]


@pytest.mark.parametrize("parts, words", REFUSED)
def test_what_no_page_can_hold_is_named(tmp_path, capsys, parts, words):
    nbformat.write(book(**parts), tmp_path / "99_sample.ipynb")
    assert export.main([str(tmp_path / "99_sample.ipynb"), "--to", str(tmp_path / "site")]) == 1
    said = capsys.readouterr().out
    assert said.startswith("99_sample.") and words in said and said.endswith("Nothing is written.\n")
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    "source", ["costs $5 and $6", "run `echo $HOME $PATH`", "```\n$x$\n```", "a [link](https://a.org)"]
)
def test_dollars_and_links_are_no_formulas(source):
    assert export.objections(book(source)) == []
    assert not export.FETCHED.search('<a class="x" href="https://a.org">there</a>')
