"""Write the course as pages that open from a file, without a network and without Python; the explorers stay alive.

    python tools/export.py                            every notebook, into site/
    python tools/export.py --to FOLDER notebooks/03*.ipynb

Open site/index.html. Each page is one file that asks for no other but the pages it links to. What the notebooks have
stored is what the pages show: nothing is run.
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

import contents
import nbformat
from nbconvert import HTMLExporter

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

WELCOME = """\
# {name}

{description}

These pages show the notebooks as they were run. Move the explorers: they compute in the page. To run the code
and to do the exercises, open the notebooks in JupyterLab: `make lab`.

| | notebook | what happens in it | minutes |
|--|--|--|--:|
{rows}
"""
PICTURE_ELSEWHERE = re.compile(r'<img\b[^>]*\bsrc="https?:[^>]*>')
NOTEBOOK_LINK = re.compile(r'<a href="([\w.-]+)\.ipynb(#[^"]*)?">(.*?)</a>', re.DOTALL)
# What a browser fetches by itself, unlike a link, which it follows when somebody clicks.
FETCHED = re.compile(
    r"""<(?!a\b)[a-z]+\b[^>]*\s(?:src|srcset|href|data|poster)\s*=\s*["']?\s*((?:https?:)?//[^\s"'>]*)"""
    r"""|(?:@import\s+|\burl\(\s*)["']?((?:https?:)?//[^\s"')]*)""",
    re.IGNORECASE,
)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
MATH = re.compile(r"\$\$|\$[^\s$](?:[^$\n]*[^\s$])?\$|\\\(|\\\[")
DRAWN = {"text/html", "text/markdown", "image/png", "text/plain"}


def at_home(html: str, pages) -> str:
    """Text of a notebook as text of a page: links lead to the other pages, and no picture is fetched from elsewhere.

    pages    names of the pages that exist; a link to another notebook leaves its words, a picture its alt text
    """

    def link(found):
        name, anchor, words = found.groups()
        return f'<a href="{name}.html{anchor or ""}">{words}</a>' if name in pages else words

    return NOTEBOOK_LINK.sub(link, PICTURE_ELSEWHERE.sub(_alt, html))


def _alt(picture):
    found = re.search(r'\balt="([^"]*)"', picture.group())
    return found[1] if found else ""


def objections(notebook) -> list[str]:
    """What a notebook holds that a page cannot draw by itself."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and MATH.search(CODE.sub("", cell.source)):
            found.append(f"cell {number} holds a formula between dollar signs: write it in words or as code")
        for output in cell.get("outputs", []):
            kinds = sorted(output.get("data", {}).keys() - DRAWN)
            found += [f"cell {number} shows {kind}, which no page draws" for kind in kinds]
    return found


def exporter(pages) -> HTMLExporter:
    """nbconvert with the course's own page, which unlike nbconvert's loads nothing from five other hosts."""
    return HTMLExporter(
        template_file="page.html.j2",
        extra_template_paths=[str(TOOLS)],
        filters={"at_home": lambda html: at_home(html, pages)},
    )


def index(facts) -> nbformat.NotebookNode:
    """The table of the course, as a notebook of one cell.

    facts    {page: (number, name, promise, minutes)}
    """
    rows = [
        f"| {number} | [{name}]({page}.ipynb) | {promise} | {minutes} |"
        for page, (number, name, promise, minutes) in facts.items()
    ]
    text = WELCOME.format(name=PROJECT["name"], description=PROJECT["description"], rows="\n".join(rows))
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


def pages(files) -> dict[str, str]:
    """The HTML of index and of each notebook, by name; raises ValueError with a line for each thing in the way."""
    books = {path.stem: nbformat.read(path, as_version=4) for path in files}
    wrong = [f"{name}.ipynb: {what}" for name, book in books.items() for what in objections(book)]
    facts = {name: (*contents.facts(book), contents.minutes(book)) for name, book in books.items()}
    titles = [(name, f"{number} {title}") for name, (number, title, *_) in facts.items()]
    names, convert, made = list(books), exporter(books.keys()), {}

    def make(name, book, **page):
        book.metadata.language_info = {"name": "python", "pygments_lexer": "ipython3"}
        made[name], _ = convert.from_notebook_node(book, {"page": {"course": PROJECT["name"], **page}})
        wrong.extend(f"{name}.html: it would fetch {a or b}" for a, b in FETCHED.findall(made[name]))

    make("index", index(facts), title=PROJECT["name"])
    for i, name in enumerate(names):
        outputs = [output for cell in books[name].cells for output in cell.get("outputs", [])]
        alive = any('<script type="module">' in output.get("data", {}).get("text/html", "") for output in outputs)
        ways = {"before": titles[i - 1] if i else None, "after": titles[i + 1] if i + 1 < len(names) else None}
        make(name, books[name], title=f"{titles[i][1]} - {PROJECT['name']}", file=f"{name}.ipynb", alive=alive, **ways)
    if wrong:
        raise ValueError("\n".join(wrong))
    return made


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--to", type=Path, default=ROOT / "site", help="the folder to write into; site/ if not given")
    options = parser.parse_args(arguments)
    try:
        made = pages(options.files or sorted((ROOT / "notebooks").glob("*.ipynb")))
    except ValueError as error:
        print(error, "Nothing is written.", sep="\n")
        return 1
    options.to.mkdir(parents=True, exist_ok=True)
    for name, html in made.items():
        (options.to / f"{name}.html").write_text(html, encoding="utf-8")
    size = sum(map(len, made.values())) / 1e6
    print(f"{len(made)} pages, {size:.1f} MB. Open {(options.to / 'index.html').resolve().as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
