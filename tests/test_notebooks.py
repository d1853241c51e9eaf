"""Notebooks as files: stored by the one tool, linked to where the course lives, and of a length that one reads."""

import re
import statistics
from pathlib import Path

import contents
import hygiene
import links
import nbformat
import pytest
import store
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
by_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


@by_notebook
def test_is_as_make_notebooks_stores_it(path):
    notebook = read(path)
    assert hygiene.objections(notebook, path.name) == []
    store.normalise(notebook)
    assert store.text(notebook) == path.read_text(encoding="utf-8"), "run make notebooks"


@by_notebook
def test_reads_like_the_others(path):
    """Bands that notebooks people love share; wide, because a good reason may break the narrow ones."""
    notebook = read(path)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    lines = [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in code]
    words = [len(re.findall(r"[^\W\d_][\w'-]*", re.sub(r"\]\([^)]*\)|\$[^$]*\$", "", text))) for text in prose]
    assert re.match(rf"# {path.stem[:2]} \w", prose[0]), "the title is its number and a noun"
    assert re.search(r"you will be able to", "\n".join(prose[:3]), re.IGNORECASE)
    assert max(lines) <= 22 and statistics.median(lines) <= 7, "long code cells"
    assert max(words) <= 170 and sum(words) <= 2400, "long text"
    assert 20 <= len(notebook.cells) <= 80
    assert 2 <= sum("exercise" in cell.metadata for cell in code) <= 6
    assert sum("checks.predict(" in cell.source for cell in code) >= 3
    assert any("raises-exception" in cell.metadata.get("tags", []) for cell in code), "nothing is broken on purpose"
    assert "checks.progress()" in code[-1].source, "the last cell is the count of what was done"


# --- the rules themselves: a sound notebook passes, and each fault alone is named -----------------------------------

NAME = "99_sample.ipynb"


def sound():
    """A notebook as it should be, with one of everything."""
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# 99 Sample\n\nA promise."),
            new_code_cell("6 * 7", outputs=[new_output("execute_result", {"text/plain": "42"}, execution_count=1)]),
            new_code_cell("corr2d = ...", metadata={"exercise": "corr2d"}),
            new_code_cell('checks.check("corr2d", corr2d)', outputs=[new_output("stream", text="not written yet\n")]),
            new_code_cell(
                "1 / 0",
                metadata={"tags": ["raises-exception"]},
                outputs=[new_output("error", ename="ZeroDivisionError", evalue="division by zero", traceback=["..."])],
            ),
        ]
    )
    links.rewrite_notebook(notebook, NAME)
    store.normalise(notebook)
    number_cells(notebook)
    return notebook


def number_cells(notebook):
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count = count


def test_a_sound_notebook_passes():
    assert hygiene.objections(sound(), NAME) == []


FAULTS = [  # what somebody did to the notebook, and the words that must name it
    (lambda b: b.cells[2].update(execution_count=None), "not run once each"),
    (lambda b: b.cells[2].update(execution_count=7), "not run once each"),
    (lambda b: b.cells[2].update(source=" "), "cell 2: it is empty"),
    (lambda b: b.cells[0].update(source="# 99 Sample"), "badges"),
    (lambda b: b.cells[0].update(source=b.cells[0].source.replace("/main/", "/old/")), "badges"),
    (lambda b: b.cells[1].update(source="import cnnlab"), "set-up cell"),
    (lambda b: b.cells[1].update(source=links.setup_cell("git+file:///elsewhere")), "set-up cell"),
    (lambda b: b.cells[2].metadata.update(tags=["nbval-ignore-outputs"]), "'nbval-ignore-outputs' means nothing"),
    (lambda b: b.cells[2].update(source="# NBVAL_IGNORE_OUTPUT (it varies)\n6 * 7"), "a comment names nbval"),
    (lambda b: b.cells[2].update(source='open("/home/me/x.npz")'), "its code names a folder"),
    (lambda b: b.cells[2].outputs[0].data.update({"text/plain": "'/tmp/tmpab12/x'"}), "its output names a folder"),
    (
        lambda b: b.cells[2].outputs[0].data.update({"text/plain": r"WindowsPath('C:\\Users')"}),
        "one machine: C:",
    ),
    (lambda b: b.cells[2].outputs[0].data.update({"text/plain": "<object at 0x7f12ab34cd56>"}), "an address"),
    (lambda b: b.cells[2].outputs.append(new_output("stream", name="stderr", text="Warning: x")), "writes to stderr"),
    (lambda b: b.cells[2].outputs.append(new_output("error", ename="KeyError", evalue="'x'")), "stops with KeyError"),
    (lambda b: b.cells[5].update(outputs=[]), "nothing is raised"),
    (lambda b: b.cells[3].metadata.update(exercise="no_such"), "'no_such' stands in no table"),
    (lambda b: b.cells[3].metadata.pop("exercise"), "'corr2d' is checked, but no cell"),
    (lambda b: b.cells[4].update(source="corr2d"), "is not followed by"),
    (lambda b: b.cells.append(nbformat.from_dict({**b.cells[3], "id": "x"})), "stands here twice"),
    (lambda b: b.cells[2].outputs[0].data.update({"image/png": "x" * 600_000}), "600,000"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_names_each_fault(fault, words):
    notebook = sound()
    fault(notebook)
    assert any(words in objection for objection in hygiene.objections(notebook, NAME))


def test_paths_of_the_course_and_of_the_web_are_no_machine_paths():
    for text in ["cnnlab/data/x", "https://example.org/tmp/x", "n/var/x", "~/tmp/x", "<root>/tmp/x", "1/tmp/2"]:
        assert not hygiene.PATH.search(text), text


# --- the tool that stores ------------------------------------------------------------------------------------------


def raw(*sources, **metadata):
    """A notebook as an editor leaves it, before it was ever stored."""
    cells = [new_markdown_cell("# 99 Sample"), *(new_code_cell(source, metadata=metadata) for source in sources)]
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "mine", "display_name": "mine"}, "widgets": {}})


LIVELY = """\
import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure

print("one"), display(ipywidgets.IntSlider(3)), print("two")
display(Figure())"""


TIMED = 'import time\nprint("loops ", time.perf_counter_ns(), "ns")\ntime.perf_counter_ns()'


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A lively notebook, stored; its path and text."""
    path = tmp_path_factory.mktemp("stored") / NAME
    notebook = raw(LIVELY, "import matplotlib.pyplot as plt\nplt.plot([1, 2]);", TIMED)
    notebook.cells[-1].metadata["tags"] = ["nbval-ignore-output"]
    nbformat.write(notebook, path)
    assert store.store(path) == []
    return path, path.read_text(encoding="utf-8")


def test_a_second_run_gives_the_same_bytes(stored):
    path, text = stored
    assert store.store(path) == []
    assert path.read_text(encoding="utf-8") == text


def test_seconds_are_measured_anew_when_asked_for_or_when_words_change(stored):
    path, text = stored
    assert store.store(path, fresh=True) == []
    assert path.read_text(encoding="utf-8") != text
    path.write_text(text.replace('"loops  ', '"unfold  '), encoding="utf-8")  # as if the cell had said something else
    assert store.store(path) == []
    assert '"loops  ' in path.read_text(encoding="utf-8")


def test_nothing_of_machine_moment_or_editor_is_stored(stored):
    _, text = stored
    notebook = nbformat.reads(text, as_version=4)
    assert notebook.metadata == {"kernelspec": store.KERNELSPEC, "language_info": {"name": "python"}}
    assert [cell.id for cell in notebook.cells] == ["cell-00", "cell-01", "cell-02", "cell-03", "cell-04"]
    assert "widget-view" not in text and "model_id" not in text
    assert "IntSlider(value=3)" in text  # what a slider says in words stays
    pictures = [
        o.data["image/png"] for c in notebook.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})
    ]
    assert pictures and all(picture == store.without_software(picture) for picture in pictures)


def test_the_program_that_drew_a_picture_is_forgotten():
    import base64
    import io

    from matplotlib.figure import Figure

    def png(**options):
        file = io.BytesIO()
        Figure(figsize=(1, 1)).savefig(file, **options)
        return base64.b64encode(file.getvalue()).decode() + "\n"

    assert b"matplotlib" in base64.b64decode(png())
    assert store.without_software(png()) == png(metadata={"Software": None})


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1 + 1\n1 / 0", "cell 2 stopped"),  # the set-up cell is cell 1
        ("import os\nos._exit(1)", "cell 2 stopped"),  # a kernel that dies
        ("import warnings\nwarnings.warn('old')", "cell 2: it writes to stderr"),
    ],
)
def test_a_notebook_that_fails_stays_as_it_was(tmp_path, source, words):
    path = tmp_path / NAME
    nbformat.write(raw(source), path)
    before = path.read_bytes()
    objections = store.store(path)
    assert len(objections) == 1 and words in objections[0]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]  # and nothing half-written lies beside it


def test_kernels_see_no_real_data_and_no_network(tmp_path):
    notebook = raw('import os\nprint(*(os.environ[f"CNNLAB_{name}"] for name in ("OFFLINE", "DATA")), os.listdir())')
    store.run(notebook, tmp_path)
    assert notebook.cells[1].outputs[0].text == "1 bundled_data_only []\n"


# --- links ---------------------------------------------------------------------------------------------------------


def test_links_of_the_texts_are_todays():
    """Those of the notebooks are among the objections above."""
    assert links.main(["--check", *(str(links.ROOT / name) for name in ("README.md", "CONTRIBUTING.md"))]) == 0


def test_the_table_in_the_readme_is_todays():
    assert contents.main(["--check"]) == 0, "run make links"


def test_the_table_counts_minutes_and_is_written_anew(tmp_path, monkeypatch, capsys):
    cells = [
        nbformat.v4.new_markdown_cell("word " * 1500),  # 10 minutes
        nbformat.v4.new_code_cell("x", metadata={"exercise": "corr2d"}),  # 8 of the exercise, and 20 cells make 5
        *(nbformat.v4.new_code_cell("x") for _ in range(19)),
    ]
    assert contents.minutes(nbformat.v4.new_notebook(cells=cells)) == 25
    readme = tmp_path / "README.md"
    begin, end = (mark.format("notebooks") for mark in contents.MARKS)
    readme.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    monkeypatch.setattr(contents, "README", readme)
    assert contents.main(["--check"]) == 1 and "run make links" in capsys.readouterr().out
    assert contents.main([]) == 0 and contents.main(["--check"]) == 0
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "[Pooling](notebooks/04_pooling.ipynb)" in text


def test_links_are_written_and_written_anew(tmp_path, monkeypatch):
    path = tmp_path / NAME
    nbformat.write(raw("1"), path)
    assert links.main(["--check", str(path)]) == 1
    links.main([str(path)])
    first = path.read_text(encoding="utf-8")
    assert links.main(["--check", str(path)]) == 0
    for name in ("COLAB", "BINDER"):  # the course moves
        monkeypatch.setattr(links, name, getattr(links, name).replace(links.HOME["owner"], "somebody"))
    assert links.main(["--check", str(path)]) == 1
    links.main([str(path)])
    second = path.read_text(encoding="utf-8")
    assert second.count("somebody") == 2 and links.HOME["owner"] not in second.split("pip install")[0]
    assert len(second) - len(first) == 2 * (len("somebody") - len(links.HOME["owner"]))


def test_another_source_for_the_set_up_cell(tmp_path):
    path = tmp_path / NAME
    nbformat.write(raw("1"), path)
    links.main(["--source", "git+file:///tmp/course", str(path)])
    assert '%pip install -q "cnnlab @ git+file:///tmp/course"' in read(path).cells[1].source


@pytest.mark.parametrize(
    "text",
    [
        "[![Colab](x)](https://colab.research.google.com/github/a/b/blob/c/notebooks/01.ipynb)",
        "[![Binder](x)](https://mybinder.org/v2/gh/a/b/c?labpath=notebooks%2F01.ipynb)",
        '%pip install "cnnlab @ git+https://github.com/a/b@c"',
        "git clone https://github.com/a/b",
        "git clone https://github.com/a/b.git && cd b",
    ],
)
def test_links_in_text(text):
    written = links.rewrite_text(text)
    assert f"{links.HOME['owner']}/{links.HOME['repository']}" in written and "/a/b" not in written
    assert links.rewrite_text(written) == written
