"""Run notebooks top to bottom in a clean kernel and store what they show.

    python tools/store.py                            every notebook
    python tools/store.py notebooks/03*.ipynb        these
    python tools/store.py --fresh                    with seconds measured anew

The kernel has one thread, no network and only the bundled data, so that everybody stores the same: a second run gives
the same bytes. A notebook that fails, or that hygiene.py objects to, stays as it was.
"""

import argparse
import base64
import copy
import functools
import os
import re
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hygiene
import links
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 120  # seconds
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
STANDS_IN = '<div data-cnnlab="" data-stands-in='  # the picture beside it, as cnnlab.widgets writes it


def kernel_environment(empty: Path) -> dict[str, str]:
    """The surroundings in which notebooks are stored and tested.

    empty    a folder for what IPython writes: not the profile of whoever runs this
    """
    return {
        "CNNLAB_DATA": "bundled_data_only",  # no such folder: the real sets of a machine must not show in outputs
        "CNNLAB_OFFLINE": "1",
        "IPYTHONDIR": str(empty),
        "OMP_NUM_THREADS": "1",  # several kernels share the cores, and one thread repeats to the bit
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }


class CellError(Exception):
    """A cell stopped the run; the message names it."""


def run(notebook, folder: Path, kernel: str = "python3", **environment: str) -> None:
    """Run every cell of `notebook` in a new kernel that works in `folder`; raises CellError."""
    at = {}
    with tempfile.TemporaryDirectory() as empty:
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name=kernel,
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            store_widget_state=False,
            on_cell_execute=lambda cell, cell_index: at.update(cell=cell_index),
        )
        try:
            surroundings = {**os.environ, **kernel_environment(Path(empty)), **environment}
            client.execute(env=surroundings, stderr=subprocess.DEVNULL)  # what a kernel logs is no output of a cell
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise CellError(f"cell {at['cell']} stopped: {hygiene.plain(str(error)).strip()}") from None


def normalise(notebook) -> None:
    """Leave in `notebook` only what belongs to the course, not to the machine, the moment or the editor."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position:02}"
        cell.source = cell.source.strip("\n")
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in hygiene.CELL_METADATA & cell.metadata.keys()}
        )
        if cell.cell_type == "code":
            cell.outputs = _joined([output for output in cell.outputs if _normal(output)])


def _normal(output) -> bool:
    """Normalise one output; False if nothing of it is left."""
    if output.output_type == "error":
        # frames of the library show paths and line numbers that change; the learner's own cell and the message stay
        output.traceback = [frame for frame in output.traceback if not hygiene.plain(frame).startswith("File ")]
    data = output.get("data")
    if data is None:
        return True
    if STANDS_IN in data.get("text/html", ""):
        return False  # for the widget view, which goes, too
    data.pop(WIDGET_VIEW, None)  # it would reopen as "model not found"
    if "image/png" in data:
        data["image/png"] = without_software(data["image/png"])
    return bool(data)


def _joined(outputs) -> list:
    """Neighbouring pieces of one stream as one: where they break depends on the moment."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last["text"] += output.text
        else:
            joined.append(output)
    return joined


def without_software(png: str) -> str:
    """The base64 of a PNG without the name of the program that wrote it, which changes with every release."""
    data = base64.b64decode(png)
    kept, at = [data[:8]], 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunk, at = data[at : at + length + 12], at + length + 12
        if not (chunk[4:8] == b"tEXt" and chunk[8:].startswith(b"Software\0")):
            kept.append(chunk)
    return base64.b64encode(b"".join(kept)).decode() + "\n"


def keep_measurements(notebook, before) -> None:
    """Cells whose output nobody compares hold seconds and the like: they keep what `before` has, until words change.

    So a second run gives the same bytes, and a diff shows what somebody changed, not how busy the machine was.
    """
    stored = {cell.source: cell.outputs for cell in before.cells if _unwatched(cell)}
    for cell in filter(_unwatched, notebook.cells):
        if _words(stored.get(cell.source, [])) == _words(cell.outputs):
            cell.outputs = stored.get(cell.source, [])
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = cell.execution_count


def _unwatched(cell) -> bool:
    return "nbval-ignore-output" in cell.metadata.get("tags", [])


def _words(outputs) -> list:
    """What outputs say apart from numbers, and apart from the blanks that align them; pictures only as being there."""
    said = []
    for output in outputs:
        for kind, shown in sorted({"": output.get("text", ""), **output.get("data", {})}.items()):
            words = re.sub(r"[-+]?[\d.,]+(e[-+]?\d+)?|\s+", " ", str(shown)).split()
            said.append((kind, [] if kind.startswith("image/") else words))
    return said


def store(path: Path, fresh: bool = False) -> list[str]:
    """Run and store one notebook; returns what stood in the way, one sentence each."""
    opened = path.read_bytes()
    before = nbformat.reads(opened.decode("utf-8"), as_version=4)
    notebook = copy.deepcopy(before)
    links.rewrite_notebook(notebook, path.name)
    try:
        run(notebook, path.parent)
    except CellError as error:
        return [str(error)]
    normalise(notebook)
    if not fresh:
        keep_measurements(notebook, before)
    objections = hygiene.objections(notebook, path.name)
    if path.read_bytes() != opened:  # saved in JupyterLab, say: what was run is not what is there now
        objections.append("it was changed while it ran: run it again")
    if not objections:
        write(notebook, path)
    return objections


def write(notebook, path: Path) -> None:
    """All of the notebook or nothing: an interrupted run leaves the old file."""
    part = path.with_suffix(".part")
    part.write_text(text(notebook), encoding="utf-8")
    os.replace(part, path)


def text(notebook) -> str:
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--jobs", type=int, default=2, help="notebooks that run at the same time")
    parser.add_argument("--fresh", action="store_true", help="measure seconds anew, too")
    options = parser.parse_args(arguments)
    files = options.files or sorted((ROOT / "notebooks").glob("*.ipynb"))
    failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for path, objections in zip(files, pool.map(functools.partial(store, fresh=options.fresh), files), strict=True):
            failed += bool(objections)
            print(f"{path.name}: {'not stored' if objections else 'stored'}", *objections, sep="\n    ", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
