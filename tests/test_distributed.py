"""Two real processes: the weights that one process gets from the same batches, through cuts, crashes and mistakes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import together
import torch

from cnnlab import train
from cnnlab.train import checkpoint

HERE = Path(__file__).resolve().parent
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]


def torchrun(*command, standalone=True, seconds=240):
    """Start two processes, wait for their end, and return a CompletedProcess; leave none behind."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CNNLAB_OFFLINE": "1"}
    started = subprocess.Popen(
        [*TORCHRUN, *(["--standalone"] if standalone else []), *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        out, err = started.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        started.terminate()  # torchrun then ends its workers
        out, err = started.communicate()
        pytest.fail(f"not at an end after {seconds} s:\n{out}\n{err}")
    return subprocess.CompletedProcess(started.args, started.returncode, out, err)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """What two processes found, one dict for each."""
    folder = tmp_path_factory.mktemp("pair")
    run = torchrun(HERE / "together.py", "cases", folder)
    assert run.returncode == 0, run.stderr
    assert "Warning" not in run.stderr
    return [torch.load(folder / f"cases.{rank}.pt", weights_only=True) for rank in (0, 1)]


def furthest(a, b):
    assert a.keys() == b.keys() and len(a) > 3
    return max(float((a[name].double() - b[name].double()).abs().max()) for name in a)


@pytest.mark.parametrize("name", together.CASES)
def test_two_processes_get_what_one_gets(pair, name):
    do, tolerance = together.CASES[name]
    one = do(train.Process())
    assert furthest(one, pair[0][name]) < tolerance
    assert furthest(pair[0][name], pair[1][name]) == 0  # both hold the same weights and the same history


@pytest.mark.parametrize("kind", ["1d", "2d"])
def test_batch_norm_sees_the_rows_of_all(pair, kind):
    """7 rows in parts of 4 and 3; the slopes of the weights are sums over rows, so both parts make the whole."""
    one, (first, second) = together.norm(train.Process())[kind], (found["norm"][kind] for found in pair)
    for name, whole in one.items():
        if name in ("y", "slope"):
            both = torch.cat([first[name], second[name]])
        elif name in ("weight", "bias"):
            both = first[name] + second[name]
        else:
            both = first[name]
        torch.testing.assert_close(both, whole, rtol=1e-10, atol=1e-12)


def test_dropout_differs_between_processes(pair):
    same = (pair[0]["dropped"] == pair[1]["dropped"]).float().mean()
    assert 0.2 < same < 0.8


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_killed_workers_cost_nothing(pair, tmp_path):
    """torchrun restarts both after the first kill, gives up after the second; a third start ends the run."""
    run = torchrun("--max-restarts=1", HERE / "together.py", "lives", tmp_path)
    assert run.returncode != 0 and "SIGKILL" in run.stderr
    assert [row["epoch"] for row in checkpoint.read("test", tmp_path / "last.pt")["rows"]] == [1, 2]
    pids = [int(path.read_text()) for path in tmp_path.glob("*.pid")]
    assert len(pids) == 4 and not any(alive(pid) for pid in pids)

    (tmp_path / "spare").touch()
    run = torchrun(HERE / "together.py", "lives", tmp_path)
    assert run.returncode == 0, run.stderr
    for rank in (0, 1):
        found = torch.load(tmp_path / f"lives.{rank}.pt", weights_only=True)
        assert furthest(pair[rank]["long"], found) == 0


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
