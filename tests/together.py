"""What test_distributed.py lets several processes do together, and one process alone: torchrun runs this file."""

import os
import signal
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from cnnlab import data, train
from cnnlab.train import checkpoint, loop
from cnnlab.train.process import shared_batch_norm

SCALE = {"mean": (0.5,), "sd": (0.1,)}


def pictures(n, classes=3):
    """Random bytes whose label can be learnt: the label's third of the columns is brighter."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(classes, (n,), generator=generator)
    x = torch.randint(80, 160, (n, 1, 6, 6), generator=generator, dtype=torch.uint8)
    x[torch.arange(n), 0, :, 2 * labels] += 40
    return x, labels


class Cast(nn.Module):
    """Batches come as float32; a model in float64 goes on from there."""

    def __init__(self, dtype):
        super().__init__()
        self.dtype = dtype

    def forward(self, x):
        return x.to(self.dtype)


def net(dtype, dropout):
    return nn.Sequential(
        Cast(dtype),
        nn.Conv2d(1, 4, 3, bias=False),  # a bias before batch norm has no slope but noise
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(64, 3),
    ).to(dtype)


def learn(process, n=50, epochs=3, dtype=torch.float64, dropout=0.0, precision=None, clip=None, folder=None, **options):
    """Train on n pictures in batches of 15, which two processes cannot share alike; what came out of it."""
    train.seed(0)
    model = net(dtype, dropout)
    batches = data.Batches(*pictures(n), 15, shuffle=True, **SCALE, **options)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-3)
    steps = epochs * len(batches)
    history = train.fit(
        model,
        batches,
        data.Batches(*pictures(21), 8, **SCALE),
        epochs=epochs,
        optimizer=optimizer,
        scheduler=torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps, cycle_momentum=False),
        precision=precision,
        clip=clip,
        folder=folder,
        resume=folder is not None,
        progress=False,
        process=process,
    )
    return outcome(model, history)


def outcome(model, history):
    rows = [[row[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")] for row in history]
    return {name: tensor.clone() for name, tensor in model.state_dict().items()} | {"rows": torch.tensor(rows)}


def norm(process):
    """Batch norm of 7 rows and a loss of its own in each row: values, slopes and running averages."""
    found = {}
    for name, layer, shape in (
        ("1d", nn.BatchNorm1d(4), (7, 4)),
        ("2d", nn.BatchNorm2d(4, momentum=None), (7, 4, 3, 2)),
    ):
        generator = torch.Generator().manual_seed(0)
        layer = layer.double()
        nn.init.normal_(layer.weight, generator=generator)
        x = torch.randn(shape, generator=generator, dtype=torch.float64)
        target = torch.randn(shape, generator=generator, dtype=torch.float64)
        for part in process.rows([(x, target)]):
            rows, target = part
            rows = rows.clone().requires_grad_()
            y = shared_batch_norm(layer, rows) if process.world > 1 else layer(rows)
            ((y - target) ** 3).sum().backward()
        found[name] = {"y": y.detach(), "slope": rows.grad, "weight": layer.weight.grad, "bias": layer.bias.grad}
        found[name] |= {"mean": layer.running_mean, "var": layer.running_var, "seen": layer.num_batches_tracked}
    return found


def dropped(process):
    """Which inputs dropout lets through: others in every process."""
    process.part_random()
    return F.dropout(torch.ones(64))


# name -> what is done, and how far two processes may be from one
CASES = {
    "as they are": (lambda process: learn(process, dtype=torch.float32), 1e-5),
    "augmented": (lambda process: learn(process, augment=data.random_crop(1), seed=3), 1e-9),
    "one image is left": (lambda process: learn(process, n=46, clip=0.5), 1e-9),  # for two processes
    "mixed labels": (lambda process: learn(process, mix=data.mixup(0.5), alternate=True), 1e-9),
    "channels last": (lambda process: learn(process, dtype=torch.float32, memory_format="channels_last"), 1e-5),
    "bfloat16": (lambda process: learn(process, dtype=torch.float32, precision="bfloat16", epochs=1), 2e-2),
}


CROP = data.random_crop(1)


def long(process, folder=None, shake=CROP):
    """A run that draws random numbers everywhere: what is lost of it shows."""
    return learn(process, epochs=4, dropout=0.3, augment=shake, folder=folder)


def lives(process, folder):
    """The same run, in which process 1 is killed in epoch 2, and when all is begun again process 0 in epoch 3."""
    (folder / f"{process.rank}.{process.restarts}.pid").write_text(str(os.getpid()))
    left = {(1, 0): 7, (0, 1): 7}.get((process.rank, process.restarts), 0) if not (folder / "spare").exists() else 0

    def shake(x, generator):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return CROP(x, generator)

    return long(process, folder, shake)


def kept(process, folder):
    """How many epochs the file holds whenever a process is told of another, though process 0 is slow to write it."""
    held, write = [], loop.save_checkpoint

    def slowly(*run):
        time.sleep(0.2)
        write(*run)

    def look(history):
        file = folder / "last.pt"
        held.append(len(checkpoint.read("test", file)["rows"]) if file.exists() else 0)

    loop.save_checkpoint = slowly
    model = net(torch.float32, 0)
    batches = data.Batches(*pictures(30), 15, **SCALE)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    options = {"epochs": 2, "optimizer": optimizer, "folder": folder, "progress": False, "process": process}
    train.fit(model, batches, on_epoch=look, **options)
    loop.save_checkpoint = write
    return held


def refused(process):
    """What is said of a loader that shuffles in its own way in every process, and of a batch of one."""
    process.part_random()
    said = []
    x = torch.randn(8, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    shuffled = DataLoader(TensorDataset(x, torch.arange(8) % 3), batch_size=4, shuffle=True)
    for batches in (shuffled, [(x[:1], torch.tensor([0]))]):
        try:
            train.evaluate(net(torch.float32, 0), batches, process=process)
        except ValueError as error:
            said.append(str(error))
    return said


APART = {"norm": norm, "dropped": dropped, "long": long, "refused": refused}


if __name__ == "__main__":
    torch.set_num_threads(1)
    what, folder = sys.argv[1], Path(sys.argv[2])
    with train.join(timeout=60) as process:
        if what == "lives":
            found = lives(process, folder)
        else:
            found = {name: do(process) for name, (do, _) in CASES.items()}
            found |= {name: do(process) for name, do in APART.items()} | {"kept": kept(process, folder / "kept")}
    torch.save(found, folder / f"{what}.{process.rank}.pt")
