"""nbval as it is set up here: it sees each planted fault, and is blind only where it should be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

from cnnlab import widgets

ROOT = Path(__file__).resolve().parent.parent


def shown(html, text, png="old"):
    """What a cell once displayed."""
    bundle = {"text/plain": text, "text/html": html, "image/png": png}
    return [new_output("display_data", {kind: data for kind, data in bundle.items() if data})]


def printed(text, name="stdout"):
    return [new_output("stream", name=name, text=text)]


def display(**bundle):
    bundle = {f"{'image' if kind == 'png' else 'text'}/{kind}": data for kind, data in bundle.items()}
    return f"from IPython.display import display\ndisplay({bundle!r}, raw=True)"


EXPLORER = "from cnnlab import widgets\ndisplay(widgets.kernel_explorer())"
SENTENCE = repr(widgets.kernel_explorer())
OLD_PAGE = '<div data-cnnlab="0123456789ab">an older script</div>'

CELLS = [  # source, what is stored, whether nbval should object
    (display(plain="a picture", png="new"), shown(None, "a picture"), False),  # words count, pixels do not
    (display(plain="a picture", png="new"), shown(None, "another"), True),
    (EXPLORER, shown(OLD_PAGE, SENTENCE, None), False),  # its script changed, its sentence did not
    (EXPLORER, shown(OLD_PAGE, SENTENCE.replace("3", "5"), None), True),
    (EXPLORER, shown(None, SENTENCE, None), False),  # stored before it had a page
    (display(html="<b>3</b>", plain="x"), shown("<b>4</b>", "x", None), True),  # no explorer: its HTML counts
    ("print(1)", printed("1\n"), False),
    ("print(1)", printed("2\n"), True),
    ("print(1)", [], True),
    ("1", printed("1\n"), True),  # a value is not a print
    ("import warnings; warnings.warn('old')", [], True),
    ("1 / 0", [], True),
    ("import os; print(os.environ['CNNLAB_OFFLINE'], os.environ['OMP_NUM_THREADS'])", printed("1 1\n"), False),
    ("print(os.environ['CNNLAB_DATA'])", printed("bundled_data_only\n"), False),
    ("import cnnlab; print(cnnlab.__file__ == os.environ['PYTHONPATH'].split(os.pathsep)[0] + '/cnnlab/__init__.py')",
     printed("True\n"), False),
]  # fmt: skip


def test_planted_faults_are_seen(tmp_path):
    cells = [new_code_cell(source, outputs=outputs, execution_count=1) for source, outputs, _ in CELLS]
    nbformat.write(new_notebook(cells=cells), tmp_path / "planted.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "conftest", "-p", "no:cacheprovider"]
    command += ["-c", ROOT / "pyproject.toml", "--rootdir", tmp_path, tmp_path / "planted.ipynb"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tools")])
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path})
    verdict = {
        int(number): word == "FAILED" for word, number in re.findall(r"^(\w+) \S*::Cell (\d+)", run.stdout, re.M)
    }
    assert verdict == dict(enumerate(objected for _, _, objected in CELLS)), run.stdout + run.stderr
