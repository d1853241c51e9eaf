"""The board's file: one row of JSON per line, only ever appended to, so that no writer can cost another one its row.

Writers take turns by a lock file beside it; the system unlocks it when its holder is killed. Readers take no lock: they
need no right to write, and a line that is not whole yet costs them that line only.
"""

import json
import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from . import rows

BOARD = Path("runs/leaderboard.jsonl")  # in the folder where the notebook runs
PATIENCE = 30.0  # seconds that a writer waits for others, who need milliseconds


def place(function, board):
    """The path of the board's file."""
    if board is not None and not isinstance(board, str | os.PathLike):
        raise TypeError(f"{function}: board={board!r}. The path of a file is needed. Pass 'runs/leaderboard.jsonl'.")
    path = BOARD if board is None else Path(board)
    if path.is_dir():
        raise ValueError(f"{function}: board={str(path)!r} is a folder. A file is needed. Add 'leaderboard.jsonl'.")
    return path


def weights_of(path, entry):
    """Where the weights of the entry with this id lie: in a folder beside the board, of the board's name."""
    return path.with_suffix("") / f"{entry}.safetensors"


def read(path):
    """The rows of the file, and a sentence for each line that is none; a board without a file has none of either."""
    content = _content(path)
    if content and not content.endswith(b"\n"):
        time.sleep(0.1)  # somebody is perhaps in the middle of it
        content = _content(path)
    found, notes = [], []
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                found.append(rows.parse(line.strip()))
            except ValueError as error:
                notes.append(f"Line {number} of {path} is left out: {error}.")
    return found, notes


def append(function, path, row, unless=None):
    """Write the row and return it; or, if unless(rows) gives one that makes it needless, return that and write nothing.

    After an error, a full disk for one, the file is as it was.
    """
    line = json.dumps(row, allow_nan=False).encode() + b"\n"  # ASCII: any name fits on one line
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(function, path):
        already = unless(read(path)[0]) if unless else None
        if already is None:
            _append(path, line)
    return row if already is None else already


def check_writable(function, path):
    """Refuse a board that cannot be written to, before any work is done for it; leave nothing there."""
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    try:
        tempfile.TemporaryFile(dir=folder).close()
        if path.exists():
            open(path, "ab").close()
    except OSError as error:
        raise type(error)(
            f"{function}: the board {path} cannot be written to ({error.strerror}). A folder of your own is needed. "
            f"Pass board= with a path in it."
        ) from error


def _content(path):
    return path.read_bytes() if path.exists() else b""


def _append(path, line):
    with open(path, "a+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":  # a writer was killed in the middle of its row
                line = b"\n" + line
        try:
            while line:
                line = line[file.write(line) :]  # a full disk first takes a part
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise


@contextmanager
def _lock(function, path):
    """Alone with the file, among all processes that ask."""
    import filelock

    lock = filelock.FileLock(f"{path}.lock", timeout=PATIENCE)
    try:
        lock.acquire(poll_interval=0.01)
    except filelock.Timeout as error:
        raise TimeoutError(
            f"{function}: {path} has been locked by another process for {PATIENCE:g} s. A writer needs it for a moment "
            f"only. Look for a program that hangs, end it, and try again."
        ) from error
    try:
        yield
    finally:
        lock.release()
