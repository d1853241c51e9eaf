"""Two real processes: the weights that one process gets from the same batches, through cuts, crashes and mistakes."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import together
import torch

from cnnlab import data, train
from cnnlab.train import __main__ as command
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


def test_batches_that_differ_are_refused_in_every_process(pair):
    for found in pair:
        differ, few = found["refused"]
        assert re.match(r"train: the processes were given different batches.*give a DataLoader a generator", differ)
        assert re.match(r"train: a first batch of 1 is too small for 2 processes. At least one image for each is", few)


def test_an_epoch_is_kept_before_any_process_is_told_of_it(pair):
    """Else a process that dies as soon as it is told may take the epoch with it."""
    for found in pair:
        assert found["kept"] == [1, 2]


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


# What join refuses


def start_of(monkeypatch, **changes):
    """What torchrun sets for the first of two processes, with changes; None leaves out."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    first = {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    for name, value in (first | changes).items():
        monkeypatch.setenv(name, str(value)) if value is not None else monkeypatch.delenv(name, raising=False)
    return int(port)


def refusal(error, words, **options):
    with pytest.raises(error, match=words), train.join(timeout=1, **options):
        pytest.fail("it joined")
    assert not torch.distributed.is_initialized()


def test_a_start_by_half_is_refused(monkeypatch):
    start_of(monkeypatch, MASTER_PORT=None, LOCAL_RANK=None)
    refusal(ValueError, r"join: LOCAL_RANK, MASTER_PORT is not set, but RANK .* Start with torchrun")


def test_two_trainings_on_one_port(monkeypatch):
    port = start_of(monkeypatch)
    with socket.create_server(("", port)):
        refusal(ValueError, rf"join: port {port} is taken.*--standalone")


@pytest.mark.parametrize("rank", [0, 1])
def test_who_waits_in_vain_says_for_whom(monkeypatch, rank):
    port = start_of(monkeypatch, RANK=rank)
    refusal(TimeoutError, rf"join: process {rank} of 2 waited 1 s at 127.0.0.1:{port} and not all came")


def test_devices(monkeypatch):
    start_of(monkeypatch, LOCAL_RANK=1)
    refusal(ValueError, r"join: device='gpu'. None, 'cpu' or 'cuda' is needed", device="gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refusal(ValueError, r"join: device='cuda', but PyTorch sees no GPU here, and NCCL needs one", device="cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    refusal(ValueError, r"join: process 1 of this machine has no GPU: there are 1. .* --nproc-per-node=1")


def test_alone_is_no_group(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    with train.join("cpu") as process:
        assert (process.rank, process.world, process.device) == (0, 1, torch.device("cpu"))
    start_of(monkeypatch, WORLD_SIZE=1, TORCHELASTIC_RESTART_COUNT=2)
    with train.join("cpu") as process:
        assert process.first and process.restarts == 2 and not torch.distributed.is_initialized()


def test_what_join_gives_is_taken_out_of_its_with():
    with pytest.raises(TypeError, match=r"fit: process is a _GeneratorContextManager.*Write `with train.join\(\) as"):
        together.learn(train.join())
    with pytest.raises(TypeError, match=r"evaluate: process is a int"):
        train.evaluate(torch.nn.Identity(), [], process=2)


def test_batches_and_process_on_two_devices():
    process = train.Process(0, 2, torch.device("cuda", 0))
    with pytest.raises(ValueError, match=r"on cpu, but process 0 of 2 works on cuda:0.*device=process.device"):
        together.learn(process)


# The command


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """A folder of data sets in which mnist has 96 training digits."""
    bundled = data.load("mnist", quiet=True)
    parts = {name: getattr(bundled, name)[:96].numpy() for name in ("x_train", "y_train", "x_test", "y_test")}
    np.savez(tmp_path / "mnist.npz", **{name: part.squeeze() for name, part in parts.items()})
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))


def test_torchrun_goes_on_with_its_own_run_alone(digits, tmp_path):
    """A folder that holds another run stays as it is, however often torchrun starts its workers again."""
    options = ["--recipe", "lenet", "--epochs", "1", "--device", "cpu", "--folder", tmp_path / "run"]
    command.main([*map(str, options), "--seed", "1"])
    before = (tmp_path / "run" / "last.pt").read_bytes()
    run = torchrun("--max-restarts=1", "-m", "cnnlab.train", *options, "--seed", "2")
    assert run.returncode != 0 and "test: " not in run.stdout
    assert run.stderr.count("holds a run already. Pass --resume") >= 2, run.stderr  # in the first life and the second
    assert (tmp_path / "run" / "last.pt").read_bytes() == before


def test_the_command_in_two_processes_and_in_one(digits, tmp_path, capsys, monkeypatch):
    options = ["--recipe", "lenet", "--epochs", "2", "--seed", "3", "--device", "cpu", "--folder"]
    run = torchrun("-m", "cnnlab.train", *options, tmp_path / "two")
    assert run.returncode == 0, run.stderr
    source, first, second, last = run.stdout.splitlines()  # one process speaks for both
    assert source.startswith("mnist: 96 training and 96 test images") and second.startswith("epoch 2 of 2: loss ")
    words = r"test: \d+\.\d\d % of 96 images, loss \d\.\d{4}; 2 epochs in \d+\.\d s by 2 processes on cpu"
    assert re.fullmatch(words, last)

    command.main([*options, str(tmp_path / "one")])
    alone = capsys.readouterr().out.splitlines()
    assert alone[0] == source and alone[1].partition(",")[0] == first.partition(",")[0]
    assert alone[-1].endswith(" by 1 process on cpu") and alone[-1].partition(";")[0] == last.partition(";")[0]
    one, two = (checkpoint.read("test", tmp_path / name / "last.pt")["model"] for name in ("one", "two"))
    assert furthest(one, two) < 1e-5

    with pytest.raises(ValueError, match=r"one holds a run already. Pass --resume to go on with it, or another"):
        command.main([*options, str(tmp_path / "one")])
    command.main([*options, str(tmp_path / "one"), "--resume"])
    assert capsys.readouterr().out.splitlines()[-1].partition(" in ")[0] == alone[-1].partition(" in ")[0]
    start_of(monkeypatch, WORLD_SIZE=1, TORCHELASTIC_RUN_ID="this")
    command.main([*options, str(tmp_path / "again")])
    command.main([*options, str(tmp_path / "again")])  # torchrun starts it again: no --resume is needed
    start_of(monkeypatch, WORLD_SIZE=1, TORCHELASTIC_RUN_ID="another")
    with pytest.raises(ValueError, match=r"again holds a run already"):
        command.main([*options, str(tmp_path / "again")])
    with pytest.raises(ValueError, match=r"--resume needs the folder"):
        command.main(["--recipe", "lenet", "--resume"])
    with pytest.raises(SystemExit):
        command.main(["--recipe", "fastest"])
    assert "invalid choice: 'fastest'" in capsys.readouterr().err
