"""A run that is cut at any moment, by a signal or a full disk, goes on to the weights of an uncut one, bit for bit."""

import os
import subprocess
import sys

import pytest
import torch
from equal import same
from torch import nn

from cnnlab import data, train
from cnnlab.train import checkpoint

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")

EPOCHS = 30


def go(folder, epochs=EPOCHS, **options):
    """Every kind of state that a run has: momentum, averages of batch norm, dropout, orders, augmentation, schedule."""
    train.seed(0)
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(256, (40, 1, 6, 6), generator=generator, dtype=torch.uint8)
    batches = data.Batches(
        x, x[:, 0, 0, 0].long() % 3, 16, mean=(0.5,), sd=(0.3,), shuffle=True, augment=data.random_crop(1)
    )
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 3)
    )
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=epochs * len(batches))
    train.fit(
        net,
        batches,
        epochs=epochs,
        optimizer=optimizer,
        scheduler=scheduler,
        folder=folder,
        resume=True,
        progress=False,
        **options,
    )


def kept(folder):
    """What lies in the folder at the end, but for what the clock says."""
    states = {name: checkpoint.read("test", folder / name) for name in ("last.pt", "best.pt")}
    for row in states["last.pt"]["rows"]:
        del row["seconds"]
    return states


# A process that has torch and never computes forks one that trains, and kills it; starting Python each time is slow.
KILLER = """
import os, random, signal, sys, time
import torch._dynamo  # which every optimizer asks for: here once, not in every life
from pathlib import Path
from test_cuts import EPOCHS, checkpoint, go

folder, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))

def start(folder):
    child = os.fork()
    if child == 0:
        go(folder)
        os._exit(0)
    return child

def done():
    last = folder / "cut" / "last.pt"
    return len(checkpoint.read("test", last)["rows"]) if last.exists() else 0

assert os.waitpid(start(folder / "whole"), 0)[1] == 0
epochs = []
for life in range(8):
    child, goal = start(folder / "cut"), min(done() + life % 4, EPOCHS)
    while done() < goal:  # by what is kept, not by the clock: a machine may be busy
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.005))  # and then anywhere in an epoch, or in the midst of keeping it
    os.kill(child, chance.choice([signal.SIGKILL, signal.SIGTERM]))
    os.waitpid(child, 0)
    epochs.append(done())
assert os.waitpid(start(folder / "cut"), 0)[1] == 0
print(*epochs)
"""


def test_a_process_killed_again_and_again_loses_nothing(tmp_path):
    seed = 0
    run = subprocess.run(
        [sys.executable, "-c", KILLER, tmp_path, str(seed)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.path.dirname(__file__)},
    )
    assert run.returncode == 0, run.stderr
    epochs = [int(word) for word in run.stdout.split()]
    assert len(epochs) == 8 and epochs == sorted(epochs) and len(set(epochs)) > 2, (
        epochs
    )  # it went on from where it was, several times
    assert same(kept(tmp_path / "whole"), kept(tmp_path / "cut"))
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == ["best.pt", "last.pt"]  # no half-written ones


@pytest.mark.parametrize("room", [0, 1000, 8000])  # bytes: none, less than best.pt, less than last.pt
def test_a_full_disk_costs_the_epoch_that_could_not_be_kept(room, tmp_path):
    """The disk is full from epoch 3 on: the system writes so many bytes of a file and then refuses."""
    import resource

    go(tmp_path / "whole", epochs=5)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(history):
        if len(history) == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))

    try:
        with pytest.raises(OSError, match="File too large"):  # ENOSPC's sister: the limit stands for the disk
            go(tmp_path / "cut", epochs=5, on_epoch=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    left = kept(tmp_path / "cut")
    assert [row["epoch"] for row in left["last.pt"]["rows"]] == [1, 2]
    assert not list((tmp_path / "cut").glob("*.part"))
    go(tmp_path / "cut", epochs=5)
    assert same(kept(tmp_path / "whole"), kept(tmp_path / "cut"))
