"""How the tests run: which first, on which worker, in what surroundings, and what nbval leaves out of a comparison."""

import copy
import functools
import os
import shutil
import tempfile
from pathlib import Path

import store
from nbval.plugin import IPyNbCell
from xdist.scheduler import LoadScopeScheduling

# cheap first: style, rooms, notebooks as shipped, notebooks solved, a fresh environment, a browser
ORDER = ["tests/test_style", "tests/", "notebooks/", "tests/test_solved", "tests/test_colab", "tests/test_browser"]
NO_LAB = tuple(f"tests/test_browser_{name}.py" for name in ("elsewhere", "looks", "site"))  # the others share one
EXPLORER = "<div data-cnnlab="  # as cnnlab.widgets writes it


def pytest_configure(config):
    """Tests, and every kernel that nbval starts from them, live in the surroundings that notebooks are stored in."""
    empty = Path(tempfile.mkdtemp(prefix="cnnlab-"))
    config.add_cleanup(lambda: shutil.rmtree(empty, ignore_errors=True))
    os.environ.update(store.kernel_environment(empty))


def pytest_collection_modifyitems(items):
    items.sort(key=_turn)
    for item in items:
        if isinstance(item, IPyNbCell):
            item.output_timeout = 60  # seconds; nbval's own 5 are too few on a busy machine
            item.compare_outputs = functools.partial(_compare_without_pages, item.compare_outputs)


def _turn(item):
    """The place in ORDER of the longest beginning that fits."""
    return max(((len(begin), i) for i, begin in enumerate(ORDER) if item.nodeid.startswith(begin)), default=(0, 1))[1]


def _compare_without_pages(compare, test, reference, skip_compare=None):
    """nbval's comparison without the HTML of explorers: their sentence in text/plain is what a notebook promises."""
    return compare(_without_pages(test), _without_pages(reference), skip_compare)


def _without_pages(outputs):
    outputs = copy.deepcopy(outputs)
    for output in outputs:
        if EXPLORER in output.get("data", {}).get("text/html", ""):
            del output["data"]["text/html"]
    return outputs


class ByFile(LoadScopeScheduling):
    """One worker for all tests of a file, since a notebook's cells share a kernel; solved notebooks one by one.

    One worker, too, for all tests that share a JupyterLab and the notebook in it.
    """

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        if file.startswith(ORDER[-1]) and file not in NO_LAB:
            return ORDER[-1]
        return nodeid if file.endswith("test_solved.py") else file


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)
