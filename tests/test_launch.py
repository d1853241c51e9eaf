"""train.torchrun, as a notebook starts it, and when what costs time first pays."""

import json
import math
import re
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cnnlab import data, train
from cnnlab.train import launch

SCRIPT = r"""
import os, sys, time
rank, restarts = int(os.environ["RANK"]), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
what = sys.argv[1]
with open(f"{what}.{rank}.{restarts}", "w") as file:
    file.write(str(os.getpid()))
sys.stdout.write(f"{what} {rank} of {os.environ['WORLD_SIZE']}\n")
if what == "fails" and rank == 1:
    raise ValueError("bad rows. Good ones are needed. Look.")
if what == "dies" and rank == 1 and restarts == 0:
    os._exit(1)
if what == "sleeps":
    time.sleep(120)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


def test_prints_what_all_print(folder, capsys):
    train.torchrun("script.py", "ends", processes=3, folder=folder)
    assert sorted(capsys.readouterr().out.splitlines()) == ["ends 0 of 3", "ends 1 of 3", "ends 2 of 3"]


def test_variables_of_its_own(folder, capsys, monkeypatch):
    monkeypatch.setenv("CNNLAB_DATA", "elsewhere")
    (folder / "script.py").write_text("import os; print(os.environ['CNNLAB_DATA'], os.environ['OMP_NUM_THREADS'])")
    train.torchrun("script.py", processes=1, folder=folder, CNNLAB_DATA=".", OMP_NUM_THREADS="7")
    assert capsys.readouterr().out == ". 7\n"


def test_starts_again_as_often_as_told(folder):
    train.torchrun("script.py", "dies", restarts=1, folder=folder)
    assert {path.name for path in folder.glob("dies*")} == {"dies.0.0", "dies.1.0", "dies.0.1", "dies.1.1"}


def test_the_error_of_a_process_is_told(folder):
    with pytest.raises(RuntimeError, match=r"torchrun: a process has ended with ValueError: bad rows. Good ones are"):
        train.torchrun("script.py", "fails", folder=folder)
    with pytest.raises(RuntimeError, match="can't open file"):
        train.torchrun("no_such_script.py", folder=folder)


@pytest.mark.skipif(sys.platform == "win32", reason="asks for processes as POSIX does")
def test_nobody_is_left_when_time_is_over(folder, monkeypatch):
    from test_distributed import alive

    def pids():
        return [int(path.read_text() or 0) for path in folder.glob("sleeps*")]

    class OverWhenAllRun(threading.Thread):
        """A clock on which the time is over as soon as both processes are at work."""

        def __init__(self, seconds, over):
            super().__init__(daemon=True)
            self.over = over

        def run(self):
            while len(pids()) < 2 or 0 in pids():
                time.sleep(0.1)
            self.over()

        def cancel(self):
            pass

    monkeypatch.setattr(launch.threading, "Timer", OverWhenAllRun)
    with pytest.raises(TimeoutError, match=r"torchrun: not at an end after 60 s"):
        train.torchrun("script.py", "sleeps", folder=folder, seconds=60)
    assert len(pids()) == 2 and not any(map(alive, pids()))


def test_where_standalone_is_lacking_a_free_port_is_found(folder, capsys, monkeypatch):
    """As on Windows, where PyTorch comes without libuv."""
    with monkeypatch.context() as patch:
        patch.setattr(launch.sys, "platform", "win32")
        meeting = launch._meeting()
    monkeypatch.setattr(launch, "_meeting", lambda: meeting)
    assert any(option.startswith("--master-port=") for option in meeting)
    train.torchrun("script.py", "ends", folder=folder)
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("start", [((), {}), (("script.py",), {"processes": 0})])
def test_nothing_to_start(start):
    command, options = start
    with pytest.raises(ValueError, match=r"torchrun: command=.* What to start, and in how many processes, is needed"):
        train.torchrun(*command, **options)


@pytest.mark.skipif(sys.platform == "win32", reason="not tried there")
def test_the_script_of_notebook_14_dies_once_and_ends(tmp_path, capsys):
    """Its cell is switched off where nobody looks; here the script runs, on fewer digits."""
    notebook = (Path(__file__).parent.parent / "notebooks" / "14_faster_and_bigger.ipynb").read_text(encoding="utf-8")
    cells = ["".join(cell["source"]) for cell in json.loads(notebook)["cells"]]
    (script,) = [found for cell in cells for found in re.findall(r'"dies\.py"\).write_text\("""(.*?)"""', cell, re.S)]
    (tmp_path / "dies.py").write_text(script)
    digits = data.load("mnist", quiet=True)
    parts = {name: getattr(digits, name)[:512] for name in ("x_train", "y_train", "x_test", "y_test")}
    np.savez(tmp_path / "mnist.npz", **{name: part.squeeze().numpy() for name, part in parts.items()})
    train.torchrun("dies.py", restarts=1, folder=tmp_path, CNNLAB_DATA=".")
    epochs = re.findall(r"^epoch \d", capsys.readouterr().out, re.M)
    assert epochs[0] == "epoch 1" and epochs[-1] == "epoch 2"  # said by process 0, in its first life and in its second
    assert (tmp_path / "dies" / "last.pt").exists()


# When it pays


@pytest.mark.parametrize(
    ("startup", "before", "after", "steps"),
    [(120, 0.5, 0.25, 480), (10, 3, 0, 4), (0, 2, 1, 0), (10, 1, 1, math.inf), (10, 1, 2, math.inf)],
)
def test_break_even(startup, before, after, steps):
    assert train.break_even(startup, before, after) == steps


def test_what_each_process_sends_in_a_ring():
    """Summed by hand: 8 processes, 14 rounds of an eighth of the gradients."""
    by_hand = sum(1e-3 + 4 * 1e6 / 8 * 8 / 10e9 for _ in range(14))
    assert train.exchange_seconds(1_000_000, 8, gigabits=10, latency=1e-3) == pytest.approx(by_hand)
    assert train.exchange_seconds(1_000_000, 1, gigabits=10) == 0
    assert train.exchange_seconds(10**6, 2, 1, latency=0, bytes_each=2) == pytest.approx(16e6 / 1e9)  # each sends all


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: train.break_even(-1, 2, 1), "break_even: startup=-1.*Seconds of at least 0"),
        (lambda: train.break_even("1", 2, 3), "break_even: startup='1'.*Seconds of at least 0"),
        (lambda: train.break_even(1, math.nan, 3), "before=nan"),
        (lambda: train.break_even(1, 2, True), "after=True"),
        (lambda: train.exchange_seconds(-5, 2, 1), "exchange_seconds: parameters=-5, .*Numbers of at least 0"),
        (lambda: train.exchange_seconds(5, 2, 1, latency=math.inf), "latency=inf"),
        (lambda: train.exchange_seconds(5, 2, 1, bytes_each="4"), "bytes_each='4'"),
        (lambda: train.exchange_seconds(5, 2, math.nan), "gigabits=nan.*a speed above 0"),
        (lambda: train.exchange_seconds(5, "2", 1), "processes='2'"),
        (lambda: train.exchange_seconds(10, 0, 1), "exchange_seconds: processes=0.*At least one process"),
        (lambda: train.exchange_seconds(10, 2, 0), "gigabits=0"),
    ],
)
def test_bad_times(call, words):
    with pytest.raises(ValueError, match=words):
        call()
