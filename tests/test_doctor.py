"""The doctor: what it says about a healthy machine, and the cure it names for each thing that can be wrong."""

import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest
from packaging.requirements import Requirement

from cnnlab import __main__ as doctor


def test_a_healthy_machine_is_listed_and_has_nothing_to_do():
    run = subprocess.run([sys.executable, "-m", "cnnlab"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""
    assert "TO DO" not in run.stdout
    core = [Requirement(text).name for text in metadata.requires("cnnlab") if "extra" not in text]
    for name in ["Python", "cnnlab", "jupyterlab", "device", "data folder", "mnist", "cifar10", *core]:
        assert f"\n{name} " in f"\n{run.stdout}", name
    assert "bundled with the course" in run.stdout  # the tests see no other digits
    assert run.stdout.endswith("The course can run.\n")


@pytest.mark.parametrize(
    ("requirement", "found", "cure"),
    [
        ("pytest>=8", None, ""),  # right
        ("pytest>=999", "not >=999", 'pip install "pytest>=999"'),  # too old
        ("pytest<1", "not <1", 'pip install "pytest<1"'),  # too new
        ("no_such_package>=1", "missing", 'pip install "no_such_package>=1"'),
    ],
)
def test_a_package(requirement, found, cure):
    line = doctor.package(Requirement(requirement))
    assert line.cure == cure
    assert (found or metadata.version("pytest")) in line.found
    assert line.stops_the_course == bool(cure)


def test_an_optional_package_does_not_stop_the_course():
    line = doctor.package(Requirement("no_such_package"), needed=False)
    assert line.cure and not line.stops_the_course


def test_an_old_package_is_counted_and_named(monkeypatch, capsys):
    monkeypatch.setattr(metadata, "requires", lambda name: ["torch>=999", 'no_such_package>=1; extra == "lab"'])
    doctor.report(list(doctor.packages()))
    printed = capsys.readouterr().out
    assert 'TO DO: pip install "torch>=999"' in printed
    assert 'you can: pip install "no_such_package>=1"' in printed
    assert "Things to do: 1." in printed


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 14))
    assert "install Python 3.11 or newer" in doctor.python().cure


def test_a_course_that_is_not_installed(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    (line,) = doctor.packages()
    assert line.name == "cnnlab" and 'pip install -e ".[lab]"' in line.cure


def test_a_torch_that_does_not_start(monkeypatch, capsys):
    for name in [name for name in sys.modules if name == "torch" or name.startswith("cnnlab.data")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("cnnlab.data", raising=False)  # the import of the room must not find the loaded one
    monkeypatch.setitem(sys.modules, "torch", None)  # what Python takes for "cannot be imported"
    doctor.report()
    assert "TO DO: pip install --force-reinstall torch" in capsys.readouterr().out


def mnist_line():
    """Stops before the sets that take a second."""
    return next(line for line in doctor.data_sets() if line.name == "mnist")


def test_real_data_is_found_where_it_is(monkeypatch, tmp_path):
    images, labels = np.zeros((3, 28, 28), np.uint8), np.arange(3)
    np.savez(tmp_path / "mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    assert doctor.Line("data folder", str(tmp_path)) in doctor.data_sets()
    assert mnist_line() == doctor.Line("mnist", f"from {tmp_path / 'mnist.npz'}", needed=False)


def test_a_damaged_file_is_named(monkeypatch, tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"half a file")
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    line = mnist_line()
    assert "bundled with the course" in line.found and "mnist.npz is damaged" in line.found
    assert 'data.load("mnist")' in line.cure


def test_a_file_that_holds_something_else_is_named(monkeypatch, tmp_path):
    np.savez(tmp_path / "mnist.npz", pictures=np.zeros(3))
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    assert "has no x_train" in mnist_line().found
