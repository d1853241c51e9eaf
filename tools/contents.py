"""Write the table of notebooks in README.md anew from the notebooks themselves.

python tools/contents.py            README.md gets the table of today
python tools/contents.py --check    change nothing; exit status 1 if the table is out of date
"""

import re
import sys
from pathlib import Path

import links
import nbformat

from cnnlab import checks

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MARKS = "<!-- {}: written by make links -->", "<!-- end of {} -->"
READING = 150  # words a minute, for a text that is thought about
RUNNING = 0.25  # minutes for a code cell: read it, run it, look at what it shows


def minutes(notebook) -> int:
    """How long a learner takes, to five minutes: reading, running, and the exercises' own minutes."""
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    code = sum(cell.cell_type == "code" for cell in notebook.cells)
    known = checks.exercises()
    exercises = sum(known[cell.metadata.exercise].minutes for cell in notebook.cells if "exercise" in cell.metadata)
    return 5 * round((words / READING + code * RUNNING + exercises) / 5)


def facts(notebook) -> tuple[str, str, str]:
    """Number, name and promise of a notebook, as its first cell says them."""
    title, *_, promise = re.split(r"\n\n+", notebook.cells[0].source.strip())
    number, _, name = title.removeprefix("# ").partition(" ")
    return number, name, promise


def row(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    number, name, promise = facts(notebook)
    badge = f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({links.COLAB}notebooks/{path.name})"
    return f"| {number} | [{name}](notebooks/{path.name}) | {promise} | {minutes(notebook)} | {badge} |"


def table() -> str:
    rows = [row(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    return "\n".join(["| | notebook | what happens in it | minutes | |", "|--|--|--|--:|--|", *rows])


def main(arguments) -> int:
    return renew("notebooks", table(), check="--check" in arguments)


def renew(what: str, table: str, check: bool, page: Path | None = None) -> int:
    """Write the table between its two marks in the page, README.md if None; with check only say if it is another: 1."""
    page = README if page is None else page
    begin, end = MARKS[0].format(what), MARKS[1].format(what)
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    fresh = f"{head}{begin}\n{table}\n{end}{tail}"
    if fresh == text:
        return 0
    if check:
        print(f"{page.name}: the table of {what} is out of date, run make links")
        return 1
    page.write_text(fresh, encoding="utf-8")
    print(f"{page.name}: table of {what} written anew")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
