"""The four trainings: ours and the usual one, of digits and of pictures."""

from dataclasses import replace
from typing import NamedTuple

import torch

from .. import models, recipes, train
from . import usual


class Contestant(NamedTuple):
    """What a worker trains, as words and numbers that can be sent to another process."""

    part: str  # "mnist" or "cifar10"
    side: str  # "ours" or "usual"
    recipe: recipes.Recipe | None  # ours
    workers: int = 0  # of the usual DataLoader
    images: int | None = None  # so many of the training images, at random; None: all

    def describe(self):
        if self.recipe is None:
            apart = " (their memory is not counted)" * (self.workers > 0)
            return f"{WORDS[self.part]}, DataLoader with {self.workers} workers{apart}"
        some = "" if self.images is None else f" of {self.images} images"
        return (
            f"recipe {self.recipe.name}: {self.recipe.model}, {self.recipe.optimizer} {self.recipe.schedule}, "
            f"batch {self.recipe.batch_size}, epochs: {self.recipe.epochs}{some}"
        )


WORDS = {
    "mnist": "the CNN of many first tutorials (32 and 64 filters), Adam 1e-3, batch 64",
    "cifar10": "ResNet-18 with 64-128-192-256 channels, SGD 0.1 with momentum, crop and flip, batch 128",
}


def run(contestant, dataset, seed, watch, device):
    """Train. The watch is told the model, and of each batch; its word ends training."""
    train.seed(seed)
    if contestant.images is not None:
        _, (x, y) = dataset.split(contestant.images, seed)
        dataset = replace(dataset, x_train=x, y_train=y)
    if contestant.recipe is not None:
        watch.model = recipes.build(contestant.recipe, dataset)
        recipes.run(contestant.recipe, dataset, seed, model=watch.model, progress=watch, device=device)
    elif contestant.part == "mnist":
        watch.model = model = models.MnistCNN(classes=len(dataset.classes)).to(device)
        batches = usual.loader(dataset, 64, workers=contestant.workers, device=device)
        usual.plain_loop(model, batches, torch.optim.Adam(model.parameters(), 1e-3), device, watch.step)
    else:
        watch.model = model = models.resnet18(len(dataset.classes), widths=(64, 128, 192, 256), small=True).to(device)
        batches = usual.loader(dataset, 128, crop=4, flip=True, workers=contestant.workers, device=device)
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=5e-4)
        usual.plain_loop(model, batches, optimizer, device, watch.step)
