"""Write every badge and every Colab cell anew from [tool.cnnlab] of pyproject.toml.

python tools/links.py                    all notebooks, README.md and CONTRIBUTING.md
python tools/links.py --check            change nothing; exit status 1 if something would change
python tools/links.py --source URL FILE  the Colab cell of FILE installs from URL, e.g. git+file:///tmp/course
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
HOME = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["cnnlab"]
COLAB = "https://colab.research.google.com/github/{owner}/{repository}/blob/{branch}/".format(**HOME)
BINDER = "https://mybinder.org/v2/gh/{owner}/{repository}/{branch}".format(**HOME)
GITHUB = "https://github.com/{owner}/{repository}".format(**HOME)
SOURCE = f"git+{GITHUB}@{HOME['branch']}"

SETUP = """\
import importlib.util

if importlib.util.find_spec("cnnlab") is None:  # on Colab: fetch the course
    %pip install -q "cnnlab @ {source}\""""

# what a badge, a clone or an installation pointed to before, and what it points to now
LINKS = {
    r"https://colab\.research\.google\.com/github/[^/\s]+/[^/\s]+/blob/[^/\s]+/": COLAB,
    r"https://mybinder\.org/v2/gh/[^/\s]+/[^/\s]+/[^?\s)]+": BINDER,
    r"git\+https://github\.com/[^/\s]+/[^@\s]+@[\w./-]+": SOURCE,
    r"(?<=git clone )https://github\.com/[^/\s]+/[\w-]+": GITHUB,
}


def badges(name: str) -> str:
    """The line of a notebook that opens it on Colab and on Binder."""
    return (
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({COLAB}notebooks/{name}) "
        f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({BINDER}?labpath=notebooks%2F{name})"
    )


def setup_cell(source: str = SOURCE) -> str:
    """The first code cell of every notebook: it fetches the course where it is missing, and does nothing elsewhere."""
    return SETUP.format(source=source)


def rewrite_text(text: str) -> str:
    for pattern, link in LINKS.items():
        text = re.sub(pattern, link, text)
    return text


def rewrite_notebook(notebook, name: str, source: str = SOURCE):
    """Give `notebook` its badges, under the title, and its set-up cell, before all other code."""
    title = notebook.cells[0]
    if "colab-badge.svg" in title.source:
        title.source = re.sub(r"^.*colab-badge\.svg.*$", badges(name), title.source, count=1, flags=re.MULTILINE)
    else:
        heading, _, rest = title.source.partition("\n")
        title.source = f"{heading}\n\n{badges(name)}\n\n{rest.lstrip()}".rstrip()
    first = next(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    if "find_spec" in notebook.cells[first].source:
        notebook.cells[first].source = setup_cell(source)
    else:
        notebook.cells.insert(first, nbformat.v4.new_code_cell(setup_cell(source)))


def rewrite(path: Path, source: str = SOURCE) -> str:
    """The whole text of the file at `path`, with the links of today."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return rewrite_text(text)
    notebook = nbformat.reads(text, as_version=4)
    rewrite_notebook(notebook, path.name, source)
    return nbformat.writes(notebook) + "\n"


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="python tools/links.py", description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing, only say what is out of date")
    parser.add_argument("--source", default=SOURCE, help="what pip installs the course from on Colab")
    options = parser.parse_args(arguments)
    files = options.files or [
        *sorted((ROOT / "notebooks").glob("*.ipynb")),
        *(path for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md") if path.exists()),
    ]
    stale = [path for path in files if rewrite(path, options.source) != path.read_text(encoding="utf-8")]
    for path in stale:
        print(f"{path.name}: {'out of date, run make links' if options.check else 'written anew'}")
        if not options.check:
            path.write_text(rewrite(path, options.source), encoding="utf-8")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
