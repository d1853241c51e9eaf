"""Entering the challenge: train for so many seconds, judge, keep."""

import copy
import hashlib
import time
import uuid
from dataclasses import dataclass, replace

import torch
from torch import nn

from .. import data, recipes, train
from ..bench import machine
from ..recipes.asked import known
from ..train import guards
from ..train.checkpoint import write_bytes
from . import file, judging, rows, table
from .clock import Clock

LONGEST_NAME = 60  # characters


@dataclass(frozen=True, eq=False, repr=False)
class Entry:
    """What became of it; print says it in a sentence or two, and what to try where the clock cut it."""

    name: str
    accuracy: float  # 0..1, of the pictures set aside
    images: int  # of those
    seconds: float  # of training
    epochs: float  # of training: 1.4 where the clock ended the second one
    parameters: int
    rank: int  # among the entries that compare, when it was entered
    rivals: int  # how many those are, itself among them
    cut: bool  # the clock ended training
    recipe: recipes.Recipe
    model: nn.Module  # trained
    history: train.History

    def __repr__(self):
        return f"Entry({self.name!r})"  # no measured number: a stored notebook compares it

    def __str__(self):
        said = (
            f"{table.plain(self.name)}: {100 * self.accuracy:.2f} % of {self.images:,} pictures set aside, "
            f"{self.seconds:.1f} s of training, {self.parameters:,} parameters: place {self.rank} of {self.rivals}."
        )
        if not self.cut:
            return said
        said += f" The clock ended it in epoch {int(self.epochs) + 1} of {self.recipe.epochs}"
        if self.recipe.schedule == "constant":
            return f"{said}."
        try_it = f"recipe.but(epochs={int(self.epochs)})" if self.epochs >= 1 else "a smaller network"
        return f"{said}, before its learning rate had come down; {self.epochs:.1f} epochs fit. Try {try_it}."


def enter(name, model=None, recipe="cifar10-laptop", *, seconds=20, dataset=None, board=None, seed=0, progress=True):
    """Train for so many seconds, judge on the pictures set aside, write a row to the board, and return the Entry.

    name       on the board; several entries may share one
    model      a built network; a copy of it is trained, so that a second call begins anew. None: the recipe's own
    recipe     a recipes.Recipe, or a name in recipes.RECIPES: how to train
    seconds    of training at most; judging is not counted, compiling is
    dataset    what data.load returns; None: cifar10, or the doodles that stand in for it
    board      the path of the board; None: runs/leaderboard.jsonl in the working folder
    seed       as in recipes.run; it does not touch the weights of a model that is built already
    progress   as in train.fit; False also keeps the sentence for print(entry)

    The weights are kept beside the board, for final. Nothing is written before all is done.
    Raises FloatingPointError, and writes nothing, when the loss stops being finite.
    """
    path = file.place("enter", board)
    recipe = _check(name, model, recipe, seconds)
    file.check_writable("enter", path)
    dataset = judging.pictures("enter", dataset, quiet=progress is False)
    kept, aside = judging.set_aside(dataset)
    part = replace(dataset, x_train=kept[0], y_train=kept[1])
    if model is not None:
        _check_reads(model, part)
    clock = Clock(seconds, progress, data.device(), since=time.perf_counter() if recipe.compile else None)
    try:
        model, history = recipes.run(recipe, part, seed, model=copy.deepcopy(model), progress=clock)
        _check_trained(model, clock)
    except FloatingPointError as error:
        raise FloatingPointError(f"enter: {name!r} is not entered and nothing is kept. {error}") from None
    result = judging.judge(model, part, *aside, judging.manner(recipe))
    row = {
        "format": rows.FORMAT,
        "kind": "entry",
        "id": uuid.uuid4().hex[:12],  # not from a seed: two entries with one seed are two
        "name": name,
        "accuracy": result.accuracy,
        "seconds": round(clock.spent, 3),
        "budget": seconds,
        "epochs": clock.steps / clock.planned * recipe.epochs,
        "parameters": sum(p.numel() for p in model.parameters()),
        "model": type(model).__name__,
        "recipe": recipe.name,
        "changes": rows.changes(recipe),
        "seed": seed,
        "data": dataset.name,
        "images": result.images,
        "pictures": judging.fingerprint(aside[1]),
        "judged": judging.manner(recipe),
        "when": judging.now(),
        "machine": machine.describe(data.device()),
    }
    _keep(path, row, model)
    rivals = [rival for rival in table.entries_of(file.read(path)[0]) if rows.group(rival) == rows.group(row)]
    entry = Entry(
        **{key: row[key] for key in ("name", "accuracy", "images", "seconds", "epochs", "parameters")},
        rank=1 + sum(rows.score(rival) < rows.score(row) for rival in rivals),
        rivals=len(rivals),
        cut=clock.cut,
        recipe=recipe,
        model=model,
        history=history,
    )
    if progress is not False:
        print(entry)
    return entry


def _check(name, model, recipe, seconds):
    """The Recipe; raise unless all can be used."""
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise ValueError(
            f"enter: name={name!r:.80}. A string of 1 to {LONGEST_NAME} characters is needed. Pass name='Ada'."
        )
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 1e6:
        raise ValueError(f"enter: seconds={seconds!r}. A number above 0 is needed. Pass seconds=20.")
    if model is not None:
        guards.check_model("enter", model)
        if not any(p.requires_grad for p in model.parameters()):
            raise ValueError(
                "enter: model has no parameter to train. At least one is needed. Pass a network with weights."
            )
    return known("enter", recipe)


def _check_reads(model, dataset):
    """Refuse a model for pictures of other channels or another size, before a second of training."""
    x = data.normalise(dataset.x_train[:2], dataset.mean, dataset.sd)
    try:
        with torch.no_grad():
            copy.deepcopy(model).cpu().eval()(x.cpu())
    except Exception as error:  # a learner's forward can raise anything
        shape, why = tuple(x.shape[1:]), (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ValueError(
            f"enter: model does not take pictures {shape}: {why}. A network for "
            f"such pictures is needed. Print shapes.ladder(model, {shape}), which names the layer."
        ) from error


def _check_trained(model, clock):
    """Refuse a single batch that took all the time and more, and weights that the last step spoiled unseen."""
    if clock.steps == 1 and clock.spent > clock.seconds:
        raise ValueError(
            f"enter: the first batch alone took {clock.spent:.1f} s, and there are {clock.seconds:g}. Many batches are "
            f"needed. Pass a smaller network, or a recipe with a smaller batch_size."
        )
    for name, value in model.state_dict().items():
        if value.is_floating_point() and not value.isfinite().all():
            raise FloatingPointError(f"{name} of the model is not finite after training. Lower the learning rate.")


def _keep(path, row, model):
    """Weights first, then the row that names them: both, or neither."""
    from safetensors.torch import save

    content = save({name: value.cpu().contiguous().clone() for name, value in model.state_dict().items()})
    row["weights"] = hashlib.sha256(content).hexdigest()
    weights = file.weights_of(path, row["id"])
    try:
        write_bytes(weights, content)
        file.append("enter", path, row)
    except BaseException as error:
        weights.unlink(missing_ok=True)
        if not isinstance(error, OSError) or isinstance(error, TimeoutError):
            raise
        raise type(error)(
            f"enter: {row['name']!r} had {100 * row['accuracy']:.2f} % right, but could not be kept beside {path} "
            f"({error.strerror}), which is as it was. Make room there, or pass another board=, and enter again."
        ) from error
