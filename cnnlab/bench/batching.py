"""The part batches: images per second of the model alone, of batches alone, and of training with them."""

import itertools
import time
from typing import NamedTuple

import torch

from .. import recipes
from . import usual
from .turns import interleave, summary, synchronise

RECIPES = recipes.RECIPES
PREFETCHED = 2  # batches per worker that a DataLoader makes in advance
PAUSE = 0.3  # seconds in which workers make these, lest they do it in the next turn


class Turn(NamedTuple):
    """What one turn measured."""

    images_per_second: float
    waiting: float  # share of the seconds that was spent on the next batch


def measure(budget, device, datasets, say):
    """LeNet on digits; on a GPU, and in the full budget, also our smallest network for CIFAR-10."""
    jobs = {"mnist": RECIPES["lenet"].but(crop=0, batch_size=128)}  # notebook 07: no augmentation
    if budget.name == "full" or device.type != "cpu":
        jobs["cifar10"] = recipes.suited(RECIPES["cifar10-laptop"], device)
    results = []
    for name, recipe in jobs.items():
        dataset = datasets[name]
        say(f"batches: {recipe.model} on {dataset.name}, {budget.rounds + 1} rounds of {7 * budget.turn:.1f} s")
        turns = interleave(contestants(recipe, dataset, device, budget.turn), budget.rounds)
        results.append(
            {"model": recipe.model, "data": dataset.name, "batch_size": recipe.batch_size} | tables(turns),
        )
    left = [] if len(jobs) == 2 else ["batches: LeNet only; --full adds the network for CIFAR-10"]
    return {"jobs": results, "cut_short": left}


def contestants(recipe, dataset, device, seconds):
    """{(what, "alone" or "training"): function that takes a turn}."""
    ours = recipes.batches_of(recipe, dataset, dataset.x_train, dataset.y_train, training=True, device=device)
    ours.drop_last = True
    step = step_of(recipe, dataset, device)
    sources = {"our batches": (ours, 0)}
    for workers in (0, 2):
        options = {"crop": recipe.crop, "flip": recipe.flip is not None, "drop_last": True, "device": device}
        loader = usual.loader(dataset, recipe.batch_size, workers=workers, **options)
        sources[f"DataLoader, {workers} workers"] = (loader, workers)
    one = next(iter(ours))
    found = {("model alone", "training"): turn_of(itertools.repeat(one), step, device, seconds)}
    for name, (source, workers) in sources.items():
        stream = endless(source)  # one for both, so that no worker is busy in somebody else's turn
        for how, does in (("alone", None), ("training", step)):
            found[name, how] = turn_of(stream, does, device, seconds, skip=PREFETCHED * workers)
    return found


def step_of(recipe, dataset, device):
    """A function (x, labels) that trains the recipe's model by one batch."""
    model = recipes.build(recipe, dataset).to(device).train()
    if recipe.channels_last:
        model.to(memory_format=torch.channels_last)
    optimizer, loss = recipes.optimizer_of(recipe, model), recipes.loss_of(recipe)
    precision = {"dtype": getattr(torch, recipe.precision)} if recipe.precision else {"enabled": False}
    scaler = torch.amp.GradScaler(device.type, init_scale=1024, enabled=recipe.precision == "float16")  # as in fit

    def step(x, labels):
        with torch.autocast(device.type, **precision):
            logits = model(x)
        optimizer.zero_grad()
        scaler.scale(loss(logits.float(), labels)).backward()
        scaler.step(optimizer)
        scaler.update()

    return step


def turn_of(stream, step, device, seconds, skip=0):
    """A turn: batches from the stream for so many seconds, with a step of training on each or, with None, without.

    skip   batches that are not counted, since workers made them while others had their turn
    """

    def turn():
        for _ in range(skip):
            batch = next(stream)
            if step is not None:
                step(*(part.to(device) for part in batch))
        synchronise(device)
        start = now = time.perf_counter()
        images, waiting = 0, 0.0
        while now - start < seconds:
            before = now
            x, labels = (part.to(device) for part in next(stream))
            synchronise(device)
            waiting += time.perf_counter() - before
            if step is not None:
                step(x, labels)
                synchronise(device)
            images += len(x)
            now = time.perf_counter()
        if skip:
            time.sleep(PAUSE)
        return Turn(images / (now - start), waiting / (now - start))

    return turn


def endless(batches):
    """Epoch after epoch."""
    while True:
        yield from batches


def tables(turns):
    """{"alone" or "training" or "waiting" or "cost": {what: summary}}, the last two as shares.

    waiting   of the seconds of training, those spent on the next batch
    cost      what training loses against the model alone in the same round; workers that take its cores count too
    """
    rates = {"alone": {}, "training": {}}
    for (what, how), measured in turns.items():
        rates[how][what] = summary([turn.images_per_second for turn in measured])
    shares = {"waiting": {}, "cost": {}}
    best = turns["model alone", "training"]
    for what in rates["alone"]:
        measured = turns[what, "training"]
        shares["waiting"][what] = summary([turn.waiting for turn in measured])
        pairs = zip(measured, best, strict=True)
        shares["cost"][what] = summary([1 - turn.images_per_second / alone.images_per_second for turn, alone in pairs])
    return rates | shares
