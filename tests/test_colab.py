"""A notebook alone in an empty folder, where only what Colab has is installed: its set-up cell must fetch the course.

The course comes from a git URL, as it does there: of a repository that holds this working tree.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import links
import nbformat
import pytest
import store
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ["01_convolution_by_hand", "02_padding_and_stride"]  # the second has an exercise with a widget
COLAB = ["torch", "torchvision", "matplotlib", "ipykernel", "notebook", "pip"]
# from the registry, because Colab's widgets are older than ours
COLAB_VERSIONS = [
    "pip==24.1.2",
    "ipywidgets==7.7.1",
    "widgetsnbextension==3.6.10",
    "jupyterlab-widgets==3.0.15",
    "ipython-genutils==0.2.0",
]
MAY_COME_ALONG = {"cnnlab", "anywidget", "psygnal", "safetensors", "tqdm", "typing-extensions"}


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def with_dependencies(names):
    """Names of these distributions and of all that they need, as installed here; ipywidgets apart."""
    found, waiting = set(), [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        for extra in {"", *wanted.extras}:
            if (wanted.name, extra) not in found and wanted.name != "ipywidgets":
                found.add((wanted.name, extra))
                needs = map(Requirement, metadata.requires(wanted.name) or [])
                waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def link_distributions(names, folder):
    """Give `folder` what these distributions put into site-packages, without copying torch."""
    folder.mkdir()
    for name in names:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            target = Path(distribution.locate_file(top))
            if target.exists() and not (folder / top).exists():
                (folder / top).symlink_to(target)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A git URL of this working tree: what is tracked and what would be, as one commit."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    repository = tmp_path_factory.mktemp("origin") / "cnnlab"
    for name in filter(None, listed):
        if (ROOT / name).exists():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, repository / name)
    me = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    run("git", "init", "--quiet", "--initial-branch", links.HOME["branch"], cwd=repository)
    run("git", "add", "--all", cwd=repository)
    run("git", *me, "commit", "--quiet", "--message", "The tree under test", cwd=repository)
    return f"git+file://{repository}@{links.HOME['branch']}"


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """The Python of a fresh environment with what Colab has, as a kernel called colab."""
    folder = tmp_path_factory.mktemp("colab")
    python = folder / "env" / "bin" / "python"
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env")
    link_distributions(with_dependencies(COLAB), folder / "has")
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    (site / "colab.pth").write_text(f"{folder / 'has'}\n")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", *COLAB_VERSIONS)
    kernel = {"argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "colab"}
    (folder / "kernels" / "colab").mkdir(parents=True)
    (folder / "kernels" / "colab" / "kernel.json").write_text(json.dumps({**kernel, "language": "python"}))
    return python


def installed(python):
    """Name -> version of what pip sees there."""
    listed = json.loads(run(python, "-m", "pip", "list", "--format", "json", env=surroundings()))
    return {package["name"].lower().replace("_", "-"): package["version"] for package in listed}


def surroundings():
    """Without PYTHONPATH: the course must come from its URL."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


@pytest.mark.skipif(os.name == "nt", reason="Colab is Linux; the environment is made of symbolic links")
def test_a_notebook_alone_fetches_the_course(colab, source, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.setenv("JUPYTER_PATH", str(colab.parents[2]))
    before = installed(colab)
    assert "cnnlab" not in before and before["ipywidgets"] == "7.7.1"

    for name in NOTEBOOKS:
        path = tmp_path / f"{name}.ipynb"
        shutil.copy2(ROOT / "notebooks" / path.name, path)
        links.main(["--source", source, str(path)])
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell("import cnnlab\nprint(cnnlab.__file__)"))
        store.run(notebook, tmp_path, kernel="colab", PYTHONPATH="")
        setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
        assert bool(setup.outputs) == (name == NOTEBOOKS[0]), "pip speaks the first time; then the cell does nothing"
        assert notebook.cells[-1].outputs[0].text.startswith(str(colab.parents[1] / "lib"))

    after = installed(colab)
    assert before.items() <= after.items(), "something that Colab has was replaced"
    assert set(after) - set(before) <= MAY_COME_ALONG
