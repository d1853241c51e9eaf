"""One list of dependencies: environment.yml says the same, and the core leaves Colab as it is."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
CONDA_NAME = {"torch": "pytorch", "matplotlib": "matplotlib-base"}  # where conda-forge calls it otherwise
PIP_ONLY = {"d2l"}


def ranges(lines):
    """Name -> range of each requirement."""
    return {requirement.name: str(requirement.specifier) for requirement in map(Requirement, lines)}


def test_environment_yml_has_the_same_ranges():
    wanted = ranges(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"])
    wanted = {CONDA_NAME.get(name, name): span for name, span in wanted.items()}
    found = ranges(line for line in CONDA if isinstance(line, str))
    by_pip = next(line["pip"] for line in CONDA if isinstance(line, dict))
    found |= ranges(line for line in by_pip if not line.startswith("-e"))
    assert found.pop("python") == PROJECT["requires-python"]
    assert found.pop("pip") == ""
    assert found == wanted


def test_environment_yml_installs_the_course_and_its_tests():
    by_pip = next(line["pip"] for line in CONDA if isinstance(line, dict))
    assert "-e .[lab,test]" in by_pip
    assert {Requirement(line).name for line in by_pip if not line.startswith("-e")} == PIP_ONLY


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("ipywidgets", "7.7.1"),  # what Colab has had for years; 8 breaks its own widgets
        ("ipywidgets", "8.1.9"),
        ("torch", "2.6.0"),
        ("torchvision", "0.21.0"),
        ("matplotlib", "3.10.0"),
        ("numpy", "2.0.2"),
    ],
)
def test_the_core_admits_what_colab_has(package, version):
    assert Requirement(f"{package}{ranges(PROJECT['dependencies'])[package]}").specifier.contains(version)


def test_nothing_is_pinned_but_d2l():
    everything = PROJECT["dependencies"] + [
        line for extra in PROJECT["optional-dependencies"].values() for line in extra
    ]
    assert {Requirement(line).name for line in everything if "==" in line} == {"d2l"}
    assert all(Requirement(line).specifier for line in everything)  # and nothing is left open at the old end
