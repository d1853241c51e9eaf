"""A run that was cut goes on as if it had not been, and what it keeps on disk is whole."""

import copy
import os
import random

import numpy as np
import pytest
import torch
from equal import same
from small import as_list, images, small_net
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from cnnlab import data, train
from cnnlab.train import checkpoint


def batches_of(kind):
    """Batches whose order is random, each kind with another place for its random numbers."""
    x, labels = images()
    if kind == "Batches":  # its own seed, drawn when it is made, and the epoch
        pixels = (x * 20 + 128).clamp(0, 255).to(torch.uint8)
        shaken = data.random_crop(1)
        return data.Batches(pixels, labels, 16, mean=(0.5,), sd=(0.1,), shuffle=True, augment=shaken)
    generator = torch.Generator().manual_seed(3)
    if kind == "sampler with generator":
        dataset = TensorDataset(x, labels)
        return DataLoader(dataset, 16, sampler=RandomSampler(dataset, generator=generator))
    shake = {"random": random.random, "NumPy": np.random.random}.get(kind.removeprefix("data set that asks "))
    dataset = Shaken(x, labels, shake) if shake else TensorDataset(x, labels)
    generator = generator if kind == "DataLoader with generator" else None
    return DataLoader(dataset, batch_size=16, shuffle=True, generator=generator)


class Shaken(TensorDataset):
    """Each picture a little brighter or darker, by random numbers that are not PyTorch's."""

    def __init__(self, x, labels, shake):
        super().__init__(x, labels)
        self.shake = shake

    def __getitem__(self, i):
        x, label = super().__getitem__(i)
        return x + float(self.shake()), label


KINDS_OF_BATCHES = [
    "Batches",
    "DataLoader",
    "DataLoader with generator",
    "sampler with generator",
    "data set that asks random",
    "data set that asks NumPy",
]


class Cut:
    """Batches during whose `pass_number`-th pass, after two batches, the power goes."""

    def __init__(self, batches, pass_number):
        self.batches, self.left = batches, pass_number

    def __getattr__(self, name):
        return getattr(self.batches, name)

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        self.left -= 1
        for number, batch in enumerate(self.batches):
            if self.left == 0 and number == 2:
                raise KeyboardInterrupt
            yield batch


def run(kind, folder, seed, cut=None, resume=False, epochs=4):
    train.seed(seed)
    net = small_net()
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    batches = batches_of(kind)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=epochs * len(batches))
    history = train.fit(
        net,
        Cut(batches, cut) if cut else batches,
        as_list(),
        epochs=epochs,
        optimizer=optimizer,
        scheduler=scheduler,
        folder=folder,
        resume=resume,
        progress=False,
    )
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]
    return {
        "weights": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "rows": rows,
        "random": torch.get_rng_state(),
    }


@pytest.mark.parametrize("kind", KINDS_OF_BATCHES)
@pytest.mark.parametrize("cut", [1, 3])  # before anything is kept, and with two epochs kept
def test_resumed_run_equals_the_uncut_one(kind, cut, tmp_path):
    whole = run(kind, tmp_path / "whole", seed=0)
    with pytest.raises(KeyboardInterrupt):
        run(kind, tmp_path / "cut", seed=0, cut=cut)
    other_start = 0 if cut == 1 else 99  # where an epoch is kept, what the new process drew does not matter
    resumed = run(kind, tmp_path / "cut", seed=other_start, resume=True)
    for part in whole:
        assert same(whole[part], resumed[part]), part
    for name in ("best.pt", "last.pt"):
        kept = [checkpoint.read("test", tmp_path / folder / name) for folder in ("whole", "cut")]
        for state in kept:
            state.pop("rows", None)  # they hold seconds
        assert same(*kept)


def test_a_finished_run_is_not_trained_again(tmp_path):
    whole = run("DataLoader", tmp_path, seed=0)
    again = run("DataLoader", tmp_path, seed=5, resume=True)
    assert same(whole["weights"], again["weights"]) and same(whole["rows"], again["rows"])


def test_a_new_run_replaces_the_old_one(tmp_path):
    run("DataLoader", tmp_path, seed=0)
    second = run("DataLoader", tmp_path, seed=1)
    assert same(checkpoint.read("test", tmp_path / "last.pt")["model"], second["weights"])


def test_best_holds_the_best_epoch(tmp_path):
    """A learning rate that explodes after epoch 2 makes an early epoch the best one."""
    train.seed(0)
    net, kept = small_net(), []
    optimizer = torch.optim.SGD(net.parameters(), 0.05)

    def spoil(history):
        kept.append(copy.deepcopy(net.state_dict()))
        if len(history) == 2:
            optimizer.param_groups[0]["lr"] = 300.0

    history = train.fit(
        net, as_list(), as_list(), epochs=4, optimizer=optimizer, folder=tmp_path, progress=False, on_epoch=spoil
    )
    best = history.best["epoch"]
    assert best <= 2 and history.best["val_accuracy"] == max(history["val_accuracy"])
    for path in (tmp_path, tmp_path / "best.pt", str(tmp_path / "best.pt")):
        assert same(train.load_weights(small_net(), path).state_dict(), kept[best - 1])
    assert same(train.load_weights(small_net(), tmp_path / "last.pt").state_dict(), kept[-1])
    assert train.evaluate(train.load_weights(small_net(), tmp_path), as_list()).loss == history.best["val_loss"]


def test_a_file_takes_its_name_when_it_is_whole_and_on_the_disk(tmp_path, monkeypatch):
    path, steps = tmp_path / "last.pt", []
    checkpoint.write(path, {"epoch": 1})
    fsync, replace = os.fsync, os.replace

    def rename(part, name):
        assert torch.load(part, weights_only=True) == {"epoch": 2}
        assert torch.load(name, weights_only=True) == {"epoch": 1}  # a cut here costs one epoch, not the file
        steps.append("rename")
        replace(part, name)

    monkeypatch.setattr(os, "fsync", lambda file: (steps.append("to the disk"), fsync(file)))
    monkeypatch.setattr(os, "replace", rename)
    checkpoint.write(path, {"epoch": 2})
    assert steps == ["to the disk", "rename"]
    assert checkpoint.read("test", path) == {"epoch": 2}


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "last.pt"
    checkpoint.write(path, {"epoch": 1})

    def half(state, file):
        file.write(b"PK\x03\x04 half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.write(path, {"epoch": 2})
    assert checkpoint.read("test", path) == {"epoch": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]


def test_the_best_weights_are_kept_before_the_epoch_is(tmp_path, monkeypatch):
    """A cut between the two costs the epoch, which is trained again; the other way round the best would be lost."""
    written, write = [], checkpoint.write
    monkeypatch.setattr(checkpoint, "write", lambda path, state: (written.append(path.name), write(path, state)))
    run("Batches", tmp_path, seed=0, epochs=1)
    assert written == ["best.pt", "last.pt"]


def test_a_resumed_bar_begins_where_the_run_was_cut(tmp_path, capsys):
    for epochs in (1, 3):
        train.seed(0)
        net = small_net()
        options = {"optimizer": torch.optim.SGD(net.parameters(), 0.1), "folder": tmp_path, "progress": "bar"}
        train.fit(net, as_list(), epochs=epochs, resume=True, **options)
    first = capsys.readouterr().err.split("1/4")[-1].split("\r")
    assert any("4/12" in line and "epoch 2 of 3" in line for line in first), first
