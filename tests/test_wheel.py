"""The package as others get it: built by `python -m build`, unpacked elsewhere, used from a third folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A function that runs Python with the wheel, and not this folder, as its cnnlab."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    run(*install, "--target", folder / "site", wheel)
    work = folder / "work"
    work.mkdir()

    def python(*arguments):
        # without CNNLAB_DATA: what a wheel finds by itself must do
        kept = {key: value for key, value in os.environ.items() if key != "CNNLAB_DATA"}
        cache = {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(folder / "site")}
        return run(sys.executable, *arguments, cwd=work, env={**kept, **cache})

    return python


USE = """
import pathlib, sys
import torch
import cnnlab
from cnnlab import checks, data, ops, widgets

assert pathlib.Path(cnnlab.__file__).parents[1].name == "site", cnnlab.__file__
digits = data.load("mnist")
print(tuple(digits.x_train.shape), digits.source)
print(tuple(data.photo(data.photos()[0]).shape)[0])
print(ops.conv2d(torch.ones(1, 1, 5, 5), torch.ones(1, 1, 3, 3)).shape)
print("script" in widgets.kernel_explorer()._repr_mimebundle_()["text/html"])
print(len(checks.exercises()) > 0)
"""


def test_data_pictures_explorers_and_checks_come_along(elsewhere):
    digits, photo, shape, script, exercises = elsewhere("-c", USE).splitlines()[-5:]
    assert digits == "(8000, 1, 28, 28) bundled with the course"
    assert photo == "3"
    assert shape == "torch.Size([1, 1, 3, 3])"
    assert script == exercises == "True"


def test_the_doctor_runs_and_keeps_data_in_the_users_cache(elsewhere):
    said = elsewhere("-m", "cnnlab")
    assert "The course can run." in said
    assert str(Path("cache") / "cnnlab") in said
