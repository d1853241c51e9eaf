"""The board's file: many writers, killed writers, a full disk, strange lines. No row is lost, and none is half read."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cnnlab import challenge
from cnnlab.challenge import file

posix = pytest.mark.skipif(os.name != "posix", reason="forks, signals and limits of POSIX")

ROW = {
    "format": 1,
    "kind": "entry",
    "id": "a",
    "name": "Ada",
    "accuracy": 0.5,
    "seconds": 19.5,
    "budget": 20,
    "epochs": 1.5,
    "parameters": 1000,
    "model": "LeNet",
    "recipe": "lenet",
    "changes": {},
    "data": "doodles",
    "images": 1000,
    "pictures": "1000-0",
    "judged": {"precision": None, "flips": False, "memory_format": None},
    "weights": "",
    "when": "2026-11-22T12:00:00+00:00",
    "machine": {"device": "cpu", "cpu": "a chip", "threads": 2},
}


def row(**changes):
    return ROW | changes


def ids(path):
    return [entry["id"] for entry in file.read(path)[0]]


# Many writers. A process that has torch and never computes forks them; starting Python eight times is slow.

FORK = """
import json, os, random, signal, sys, time
from pathlib import Path
from cnnlab.challenge import file
from test_challenge_board import row

path, seed = Path(sys.argv[1]), int(sys.argv[2])

class Slow:
    '''A file that takes a row in pieces, as it may, with time for others in between.'''
    def __init__(self, *arguments, **options):
        self.file = open(*arguments, **options)
    def __enter__(self):
        return self
    def write(self, line):
        time.sleep(0.001)
        return self.file.write(line[:300])
    def __getattr__(self, name):
        return getattr(self.file, name)
    def __exit__(self, *error):
        self.file.close()

def write(writer, count):
    '''Append so many rows; a row that append has returned is noted as promised.'''
    with open(path.with_name(f"promised-{writer}"), "a", buffering=1) as promised:
        for number in range(count):
            name = f"{writer}-{number}"
            file.append("test", path, row(id=name, name="x" * random.Random(name).randrange(3000)))
            promised.write(name + "\\n")

def start(work, *arguments):
    child = os.fork()
    if child == 0:
        work(*arguments)
        os._exit(0)
    return child
"""


def forked(script, *arguments):
    run = subprocess.run(
        [sys.executable, "-c", FORK + script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.path.dirname(__file__)},
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def promised(folder):
    return [name for path in folder.glob("promised-*") for name in path.read_text().split()]


@posix
def test_eight_writers_of_25_rows_lose_none_and_tear_none(tmp_path):
    path = tmp_path / "board.jsonl"
    forked(
        """
file.open = Slow
for child in [start(write, writer, 25) for writer in range(8)]:
    assert os.waitpid(child, 0)[1] == 0
""",
        path,
        0,
    )
    found, notes = file.read(path)
    assert notes == [] and len(found) == 200 == len(path.read_bytes().splitlines())
    assert sorted(entry["id"] for entry in found) == sorted(f"{w}-{n}" for w in range(8) for n in range(25))
    for writer in range(8):  # each one's rows in its order
        own = [entry["id"] for entry in found if entry["id"].startswith(f"{writer}-")]
        assert own == [f"{writer}-{number}" for number in range(25)]


@posix
def test_writers_killed_at_any_moment_cost_nobody_a_row(tmp_path):
    """Twelve writers are killed one after the other while two go on and are not held up."""
    path = tmp_path / "board.jsonl"
    forked(
        """
file.open = Slow
chance = random.Random(seed)
steady = [start(write, writer, 40) for writer in ("a", "b")]
for victim in range(12):
    child = start(write, f"victim{victim}", 10**6)
    note = path.with_name(f"promised-victim{victim}")
    while not (note.exists() and note.stat().st_size):  # it has come to write a row
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
for child in steady:
    assert os.waitpid(child, 0)[1] == 0
""",
        path,
        0,
    )
    kept, names = ids(path), promised(tmp_path)
    assert len(file.read(path)[1]) <= 12  # halves of rows, each on a line of its own
    assert len(names) >= 80 + 12 and set(names) <= set(kept) and len(set(kept)) == len(kept)
    assert len(kept) - len(names) <= 12  # at most the one that each victim was about to note
    file.append("test", path, row(id="last"))
    assert ids(path)[-1] == "last"


@posix
def test_a_writer_killed_in_the_midst_of_its_row_costs_that_row_only(tmp_path):
    """It has written nothing yet, one byte, some, or all but the line end."""
    parts = [0, 1, 30, -1]
    for part in parts:
        file.append("test", tmp_path / f"{part}.jsonl", row(id="before"))
    forked(
        """
class Killed(Slow):
    def write(self, line):
        self.file.write(line[:part])
        os.kill(os.getpid(), signal.SIGKILL)

file.open = Killed
for part in json.loads(sys.argv[3]):
    path = path.with_name(f"{part}.jsonl")
    assert os.waitpid(start(write, 0, 1), 0)[1] == signal.SIGKILL
""",
        tmp_path / "board.jsonl",
        0,
        parts,
    )
    for part in parts:
        path = tmp_path / f"{part}.jsonl"
        whole = ["before"] + ["0-0"] * (part == -1)  # a row that lacks its line end only is whole
        fault = [f"Line 2 of {path} is left out: it is damaged, or half a row ({part} bytes)."] * (part > 0)
        assert (ids(path), file.read(path)[1]) == (whole, fault)
        file.append("test", path, row(id="after"))  # at once: the lock died with its holder
        assert (ids(path), file.read(path)[1]) == ([*whole, "after"], fault)


# A full disk, a folder that cannot be written to, a lock that is held


@posix
@pytest.mark.parametrize("room", [0, 1, 300])  # bytes: less than a row
def test_a_full_disk_leaves_the_board_as_it_was(room, tmp_path):
    import resource

    path = tmp_path / "board.jsonl"
    file.append("test", path, row(id="before"))
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    assert len(before) > 300
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):  # ENOSPC's sister: the limit stands for the disk
            file.append("test", path, row(id="too much"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    file.append("test", path, row(id="after"))
    assert ids(path) == ["before", "after"] and file.read(path)[1] == []


@posix
def test_a_folder_that_cannot_be_written_to_is_read_and_refused_before_training():
    """As a user without rights, whom root must become for it."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "board.jsonl"
    try:
        file.append("test", path, row())
        path.with_name("board.jsonl.lock").unlink(missing_ok=True)
        path.chmod(0o444)
        folder.chmod(0o555)
        said = forked(
            """
from cnnlab import challenge
os.geteuid() == 0 and os.setuid(65534)
print(challenge.leaderboard(path).rows[0]["name"])
try:
    challenge.enter("Ada", board=path)
except PermissionError as error:
    print(error)
""",
            path,
            0,
        )
        assert said.splitlines() == [
            "Ada",
            f"enter: the board {path} cannot be written to (Permission denied). A folder of your own is needed. "
            "Pass board= with a path in it.",
        ]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


HOLD = """
import sys, filelock
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read(1)
"""


@contextlib.contextmanager
def held(path):
    """Another process that has the lock until it is written to, or killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, f"{path}.lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def test_a_lock_that_is_held_is_waited_for_and_then_named(tmp_path, monkeypatch):
    path = tmp_path / "board.jsonl"
    with held(path) as holder:
        monkeypatch.setattr(file, "PATIENCE", 0.3)
        words = r"test: .*board.jsonl has been locked by another process for 0.3 s.*Look for a program that hangs"
        with pytest.raises(TimeoutError, match=words):
            file.append("test", path, row())
        assert not path.exists() and "No entry yet" in str(challenge.leaderboard(path))  # who reads needs no lock
        monkeypatch.setattr(file, "PATIENCE", 60)
        holder.stdin.write(b"x")  # it goes while we wait, or before
        holder.stdin.flush()
        file.append("test", path, row())
    assert ids(path) == ["a"]


def test_the_lock_of_a_killed_process_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(file, "PATIENCE", 10)
    path = tmp_path / "board.jsonl"
    with held(path) as holder:
        holder.kill()
        holder.wait()
        file.append("test", path, row())
    assert ids(path) == ["a"]


# Lines that are no rows


def line(**changes):
    return json.dumps(row(**changes)).encode()


# what the line holds, words after "is left out: "
STRANGE = [
    (line()[:100], "it is damaged, or half a row (100 bytes)"),
    (b"\x00" * 40, "it is damaged, or half a row (40 bytes)"),  # what a power cut leaves of a page
    (b"\xff\xfe{}", "it is damaged"),
    (b"[" * 100_000, "it is damaged"),  # nests deeper than Python goes
    (line() + line(), "it is damaged"),  # two rows on one line
    (b"[1, 2]", "it is no row of a board"),
    (b'"hello"', "it is no row of a board"),
    (b"{}", "it is no row of a board"),
    (line(format=2), "it has format 2, and this cnnlab reads up to 1; a newer one reads it"),
    (line(kind="medal"), "its kind is 'medal'"),
    (line(accuracy=None), "its accuracy is None"),
    (line(accuracy="1.0"), "its accuracy is '1.0'"),
    (line(accuracy=1.5), "its accuracy is 1.5"),
    (line(accuracy=float("nan")), "its accuracy is nan"),
    (line(seconds=-1), "its seconds is -1"),
    (line(seconds=float("inf")), "its seconds is inf"),
    (line(seconds=10**400), "its seconds is 1000"),  # too large for a float
    (line(epochs=10**400), "its epochs is 1000"),
    (line(parameters=10**15), "its parameters is 1000"),
    (line(judged={}), "its judged lacks one of precision, flips, memory_format"),
    (line(parameters=True), "its parameters is True"),
    (line(name=7), "its name is 7"),
    (json.dumps({"format": 1, "kind": "final", "entry": "a"}).encode(), "its accuracy is None"),
]


@pytest.mark.parametrize(("strange", "words"), STRANGE, ids=[words for _, words in STRANGE])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["line end", "Windows line end", "no line end"])
def test_a_strange_line_is_named_and_costs_no_other_row(strange, words, end, tmp_path):
    path = tmp_path / "board.jsonl"
    path.write_bytes(line(id="before") + b"\n" + strange + end)
    assert ids(path) == ["before"]
    file.append("test", path, row(id="after"))
    found, (note,) = file.read(path)
    assert [entry["id"] for entry in found] == ["before", "after"]
    assert note.startswith(f"Line 2 of {path} is left out: {words}")
    assert strange in path.read_bytes()  # it stays where it is
    board = challenge.leaderboard(path)
    assert len(board) == 2 and note in str(board) and "<p>Line 2 of " in board._repr_html_()


def test_what_a_later_cnnlab_adds_to_a_row_does_no_harm(tmp_path):
    path = tmp_path / "board.jsonl"
    file.append("test", path, row(medal={"gold": 1}))
    assert file.read(path) == ([row(medal={"gold": 1})], [])


def test_empty_files_and_empty_lines_are_no_fault(tmp_path):
    path = tmp_path / "board.jsonl"
    path.write_bytes(b"")
    assert file.read(path) == ([], [])
    path.write_bytes(b"\n\n" + line() + b"\n\n")
    assert file.read(path) == ([row()], [])


def test_a_row_that_is_just_being_written_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "board.jsonl"
    path.write_bytes(line()[:50])
    monkeypatch.setattr(file.time, "sleep", lambda _: path.write_bytes(line() + b"\n"))
    assert file.read(path) == ([row()], [])


def test_a_row_that_needs_not_be_written_is_not(tmp_path):
    path = tmp_path / "board.jsonl"
    file.append("test", path, row(id="first"))
    assert file.append("test", path, row(id="second"), unless=lambda found: found[0])["id"] == "first"
    assert file.append("test", path, row(id="third"), unless=lambda found: None)["id"] == "third"
    assert ids(path) == ["first", "third"]


def test_an_interrupted_write_is_undone(tmp_path, monkeypatch):
    path = tmp_path / "board.jsonl"
    file.append("test", path, row(id="before"))

    def interrupted(number):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(file.os, "fsync", interrupted)
        file.append("test", path, row(id="cut"))
    assert file.read(path) == ([row(id="before")], [])


@posix
def test_the_signal_of_a_full_disk_is_the_one_that_python_ignores():
    assert signal.getsignal(signal.SIGXFSZ) is signal.SIG_IGN  # else the test of the full disk would end pytest
