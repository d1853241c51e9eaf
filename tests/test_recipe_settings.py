"""Every setting of a recipe arrives where it is to act."""

import math
import types

import pytest
import torch
import torch.nn.functional as F
from test_recipes import pictures, small
from torch import nn

from cnnlab import recipes, train
from cnnlab.recipes import RECIPES


@pytest.fixture
def told(monkeypatch):
    """What train.fit and train.evaluate are told; nothing is trained."""
    seen = types.SimpleNamespace()

    def fit(model, batches, validation, **options):
        seen.fit = options | {"model": model, "batches": batches}
        return train.History()

    def evaluate(model, batches, **options):
        seen.evaluate = options
        return train.Result(0.0, 0.0, 1)

    monkeypatch.setattr(train, "fit", fit)
    monkeypatch.setattr(train, "evaluate", evaluate)
    return seen


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_training_and_judging_are_told_what_the_recipe_says(recipe, told):
    recipe, dataset = small(recipe), pictures(recipe.data)
    model, _ = recipes.run(recipe, dataset)
    recipes.test(recipe, model, dataset)
    assert (told.fit["precision"], told.fit["epochs"]) == (recipe.precision, recipe.epochs)
    assert (told.evaluate["precision"], told.evaluate["flips"]) == (recipe.precision, recipe.test_flips)
    assert told.fit["loss"].label_smoothing == recipe.smoothing

    optimizer, scheduler = told.fit["optimizer"], told.fit["scheduler"]
    (group,) = optimizer.param_groups
    assert type(optimizer) is (torch.optim.Adam if recipe.optimizer == "Adam" else torch.optim.SGD)
    assert group["weight_decay"] == recipe.weight_decay
    if recipe.optimizer != "Adam":
        assert group["nesterov"] is (recipe.optimizer == "Nesterov SGD") and group["momentum"] == recipe.momentum
    steps = recipe.epochs * math.ceil(24 / 8)
    if recipe.schedule in ("one-cycle", "triangular"):
        assert (scheduler.total_steps, group["max_lr"]) == (steps, recipe.rate)
    else:
        assert group["lr"] == recipe.rate and (scheduler is None) is (recipe.schedule == "constant")
    in_order = told.fit["batches"].memory_format is torch.channels_last
    assert (
        in_order
        is recipe.channels_last
        is any(
            p.ndim == 4 and not p.is_contiguous() and p.is_contiguous(memory_format=torch.channels_last)
            for p in model.parameters()
        )
    )


@pytest.mark.parametrize("optimizer", ["SGD", "Nesterov SGD", "Adam"])
def test_every_optimizer_has_its_weight_decay(optimizer):
    recipe = RECIPES["classic"].but(optimizer=optimizer, weight_decay=0.25)
    assert recipes.optimizer_of(recipe, nn.Linear(1, 1)).param_groups[0]["weight_decay"] == 0.25


def test_smooth_labels():
    """A share of a tenth goes to all ten classes alike."""
    logits, labels = torch.randn(5, 10), torch.arange(5)
    loss = recipes.loss_of(RECIPES["classic"].but(smoothing=0.1))(logits, labels)
    shares = 0.9 * F.one_hot(labels, 10) + 0.01
    torch.testing.assert_close(loss, -(shares * logits.log_softmax(1)).sum(1).mean())


def test_compiling_draws_no_random_number_of_the_training(monkeypatch):
    compile = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda self: compile(self, backend="eager"))  # no C++ is asked for
    states = []
    monkeypatch.setattr(train, "fit", lambda *_, **options: states.append(torch.get_rng_state()) or train.History())
    recipe, dataset = small(RECIPES["one-cycle"]), pictures("cifar10")
    for compiled in (False, True):
        train.seed(0)
        dropping = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(3072, 10))
        recipes.run(recipe.but(compile=compiled), dataset, model=dropping)
    assert torch.equal(*states)
