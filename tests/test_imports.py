"""The rooms' import table, and how long they take to import."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "cnnlab"

# room -> what it may import of cnnlab, and what it may import inside functions only
TABLE = {
    "shapes": (set(), set()),
    "ops": ({"shapes"}, set()),
    "data": (set(), set()),
    "models": ({"shapes"}, {"data"}),  # where weights are fetched
    "train": (set(), {"recipes", "data"}),  # in the command `python -m cnnlab.train` alone
    "inside": ({"shapes"}, set()),
    "recipes": ({"data", "models", "train"}, set()),
    "plots": (set(), set()),
    "widgets": ({"ops", "shapes", "plots", "inside"}, {"data", "models"}),  # where an explorer asks a trained network
    "checks": ({"ops", "shapes", "train", "inside"}, {"models", "data", "plots"}),  # where an exercise is about them
    "__init__": (set(), set()),
    "bench": ({"data", "models", "ops", "recipes", "train"}, set()),
    "challenge": ({"bench", "data", "recipes", "train"}, set()),
    "__main__": (set(), {"data", "bench"}),  # the doctor speaks even where torch does not start
}
HEAVY = {"matplotlib", "torchvision", "ipywidgets", "anywidget", "IPython", "tqdm", "PIL", "torch._dynamo"}
BUDGET = 0.2  # seconds of one core beyond torch


def rooms():
    return sorted({path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")})


def imported_rooms(source, module):
    """(room, whether inside a function) for each import of cnnlab in the source of `module`."""

    def visit(node, inside):
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parent = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*parent, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        for name in names:
            head, _, rest = name.partition(".")
            if head == "cnnlab" and rest:
                yield rest.partition(".")[0], inside
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    return list(visit(ast.parse(source), False))


def files_of(room):
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if parts[1] == room:
            yield path, ".".join(parts)


@pytest.mark.parametrize("room", rooms())
def test_imports_only_what_the_table_allows(room):
    anywhere, in_functions = TABLE[room]  # a new room needs a row
    for path, module in files_of(room):
        for other, inside in imported_rooms(path.read_text(encoding="utf-8"), module):
            allowed = anywhere | {room, "__version__"} | (in_functions if inside else set())
            assert other in allowed, f"{path.name} of {room} imports {other}{' in a function' if inside else ''}"


@pytest.mark.parametrize(
    ("source", "module", "found"),
    [
        ("from cnnlab import ops, shapes", "cnnlab.checks.engine", [("ops", False), ("shapes", False)]),
        ("import cnnlab.data.batches", "cnnlab.train", [("data", False)]),
        ("def f():\n    from cnnlab.models import LeNet", "cnnlab.train", [("models", True)]),
        ("from . import ops", "cnnlab.shapes", [("ops", False)]),  # relative, from a room that is one file
        ("from .. import ops", "cnnlab.shapes.sizes", [("ops", False)]),
        ("from .sizes import out_size", "cnnlab.shapes.ladder", [("shapes", False)]),  # its own room
        ("import torch\nfrom cnnlabour import x", "cnnlab.ops", []),
    ],
)
def test_sees_every_way_to_import(source, module, found):
    assert imported_rooms(source, module) == found


def test_every_room_of_the_table_exists():
    assert set(rooms()) == set(TABLE)


MEASURE = """
import os, sys, time
import torch

for room in sys.argv[1:]:
    if os.fork() == 0:  # each room is imported into a process that has torch and nothing else
        before, start = set(sys.modules), time.process_time()
        __import__(room)
        print(room, time.process_time() - start, *(set(sys.modules) - before), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="measures in forked processes, which Windows does not have")
def test_rooms_import_quickly():
    names = ["cnnlab", *(f"cnnlab.{room}" for room in TABLE if not room.startswith("__"))]
    seconds = dict.fromkeys(names, float("inf"))
    for _ in range(3):  # the best of three: a busy machine only ever adds
        run = subprocess.run([sys.executable, "-c", MEASURE, *names], capture_output=True, text=True, check=True)
        for line in run.stdout.splitlines():
            name, spent, *modules = line.split()
            assert not HEAVY & set(modules), f"{name} imports {HEAVY & set(modules)}: move it into the function"
            seconds[name] = min(seconds[name], float(spent))
        if max(seconds.values()) < BUDGET:
            break
    assert {name: spent for name, spent in seconds.items() if spent >= BUDGET} == {}
