"""The four trainings: ours and the usual one, of digits and of pictures."""

from dataclasses import replace
from typing import NamedTuple

from .. import recipes, train
from . import usual

USUAL = {"mnist": recipes.RECIPES["mnist-usual"], "cifar10": recipes.RECIPES["classic"]}  # for as long as they may


class Contestant(NamedTuple):
    """What a worker trains, as words and numbers that can be sent to another process."""

    part: str  # "mnist" or "cifar10"
    side: str  # "ours": by recipes.run; "usual": by a plain loop over a DataLoader, until it is ended
    recipe: recipes.Recipe
    workers: int = 0  # of the usual DataLoader
    images: int | None = None  # so many of the training images, at random; None: all

    def describe(self):
        recipe = self.recipe
        words = f"recipe {recipe.name}: {recipe.model}, {recipe.optimizer} {recipe.rate:g}, batch {recipe.batch_size}"
        if self.side == "usual":
            apart = " (their memory is not counted)" * (self.workers > 0)
            return f"{words}, DataLoader with {self.workers} workers{apart}"
        some = "" if self.images is None else f" of {self.images} images"
        return f"{words}, {recipe.schedule}, epochs: {recipe.epochs}{some}"


def run(contestant, dataset, seed, watch, device):
    """Train. The watch is told the model, and of each batch; its word ends training."""
    train.seed(seed)
    recipe = contestant.recipe
    if contestant.images is not None:
        _, (x, y) = dataset.split(contestant.images, seed)
        dataset = replace(dataset, x_train=x, y_train=y)
    watch.model = recipes.build(recipe, dataset)
    if contestant.side == "ours":
        recipes.run(recipe, dataset, seed, model=watch.model, progress=watch, device=device)
        return
    model = watch.model.to(device)
    options = {"crop": recipe.crop, "flip": recipe.flip is not None, "workers": contestant.workers, "device": device}
    batches = usual.loader(dataset, recipe.batch_size, **options)
    usual.plain_loop(model, batches, recipes.optimizer_of(recipe, model), device, watch.step)
