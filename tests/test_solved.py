"""Each notebook as a learner leaves it who solves everything: exercise cells hold the library's answers."""

import json
from pathlib import Path

import nbformat
import pytest
import store

from cnnlab import checks

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_check_passes(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    stubs = [cell for cell in notebook.cells if "exercise" in cell.metadata]
    names = [cell.metadata["exercise"] for cell in stubs]
    assert names, "a notebook without an exercise"
    for cell, name in zip(stubs, names, strict=True):
        cell.source = checks.solution(name)
    notebook.cells.append(nbformat.v4.new_code_cell("import json\nprint(json.dumps(checks.results()))"))
    store.run(notebook, tmp_path)  # in an empty folder: a notebook needs no file beside it
    results = json.loads(notebook.cells[-1].outputs[0].text)
    assert results == dict.fromkeys(names, True), verdicts(notebook, results)


def verdicts(notebook, results):
    """What the checks that did not pass have printed."""
    printed = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(text for text in printed for name, right in results.items() if not right and f"{name}: " in text)
