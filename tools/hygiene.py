"""What a stored notebook must be, whatever it teaches: each rule is a sentence that names the cell."""

import re

import links
import nbformat

CELL_METADATA = {"exercise", "tags"}
TAGS = {"raises-exception", "nbval-ignore-output"}
MOST_BYTES = 600_000
PATH = re.compile(
    r"(?<![\w.:/~<>-])(?:/(?:content|home|mnt|opt|private|root|tmp|usr|Users|var|work)/|[A-Z]:\\+)[\w.-]+"
)
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
CHECK = re.compile(r"""checks\.check\(\s*["']([^"']+)["']""")
COLOR = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """`text` without the terminal's colours."""
    return COLOR.sub("", text)


def objections(notebook, name: str) -> list[str]:
    """Everything that is wrong with `notebook`, stored as the file `name`."""
    found = [*_of_the_whole(notebook, name), *_of_exercises(notebook)]
    for number, cell in enumerate(notebook.cells):
        found += [f"cell {number}: {what}" for what in _of_a_cell(cell)]
    return found


def _of_the_whole(notebook, name):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        yield "the cells were not run once each from top to bottom"
    size = len(nbformat.writes(notebook).encode())
    if size >= MOST_BYTES:
        yield f"it has {size:,} bytes, more than {MOST_BYTES:,}: make its pictures smaller or fewer"
    if links.badges(name) not in notebook.cells[0].source.splitlines():
        yield "the badges under the title are not today's: run make links"
    if not code or code[0].source != links.setup_cell():
        yield "the first code cell is not the set-up cell: run make links"


def _of_exercises(notebook):
    """Each stub is followed by its check, and each check by name has its stub."""
    from cnnlab import checks

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stubs = [cell.metadata["exercise"] for cell in code if "exercise" in cell.metadata]
    for cell, after in zip(code, [*code[1:], None], strict=True):
        name = cell.metadata.get("exercise")
        if name is not None and name not in checks.exercises():
            yield f"exercise {name!r} stands in no table of cnnlab/checks"
        if name is not None and (after is None or name not in CHECK.findall(after.source)):
            yield f'exercise {name!r} is not followed by a cell with checks.check("{name}", ...)'
    checked = [name for cell in code for name in CHECK.findall(cell.source)]
    yield from (f"{name!r} is checked, but no cell has it as its exercise" for name in checked if name not in stubs)
    yield from (f"exercise {name!r} stands here twice" for name in sorted(set(stubs)) if stubs.count(name) > 1)


def _of_a_cell(cell):
    if not cell.source.strip():
        yield "it is empty"
    tags = cell.metadata.get("tags", [])
    yield from (f"tag {tag!r} means nothing; known: {', '.join(sorted(TAGS))}" for tag in tags if tag not in TAGS)
    if cell.cell_type != "code":
        return
    if re.search(r"#.*\bNBVAL", cell.source, re.IGNORECASE):
        yield "a comment names nbval: put a tag in the cell's metadata instead"
    if PATH.search(cell.source):
        yield f"its code names a folder of one machine: {PATH.search(cell.source).group()}"
    error = next((output for output in cell.outputs if output.output_type == "error"), None)
    if error and "raises-exception" not in tags:
        yield f"it stops with {error.ename}: {error.evalue}"
    if not error and "raises-exception" in tags:
        yield "its tag says raises-exception, and nothing is raised"
    for output in cell.outputs:
        if output.get("name") == "stderr":
            yield f"it writes to stderr: {output.text.strip()}"
            continue
        for text in _texts(output):
            if PATH.search(text):
                yield f"its output names a folder of one machine: {PATH.search(text).group()}"
            if ADDRESS.search(text):
                yield f"its output holds an address that is new in every run: {ADDRESS.search(text).group()}"


def _texts(output):
    """Every text that one output shows."""
    yield plain(output.get("text", ""))
    yield plain("\n".join([output.get("evalue", ""), *output.get("traceback", [])]))
    yield from (value for kind, value in output.get("data", {}).items() if kind.startswith("text/"))
