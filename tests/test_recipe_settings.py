"""Every setting of a recipe arrives where it is to act; what cannot be one is refused before any training."""

import math
import types

import pytest
import torch
import torch.nn.functional as F
from test_recipes import pictures, small
from torch import nn

from cnnlab import data, recipes, train
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

    monkeypatch.setattr(recipes.precision, "cpu_has_bfloat16", lambda: True)
    monkeypatch.setattr(train, "fit", fit)
    monkeypatch.setattr(train, "evaluate", evaluate)
    return seen


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_training_and_judging_are_told_what_the_recipe_says(recipe, told):
    recipe, dataset = small(recipe), pictures(recipe.data)
    model, _ = recipes.run(recipe, dataset)
    recipes.test(recipe, model, dataset)
    precision = recipes.suited(recipe, data.device()).precision
    assert precision == recipe.precision or recipe.name == "cifar10-colab"  # float16 is for GPUs
    assert (told.fit["precision"], told.fit["epochs"]) == (precision, recipe.epochs)
    assert (told.evaluate["precision"], told.evaluate["flips"]) == (precision, recipe.test_flips)
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


CLASSIC, NESTEROV = RECIPES["classic"], {"optimizer": "Nesterov SGD"}

# changes, words of the message
BAD_SETTINGS = [
    ({"lr": 1}, r"Recipe.but: lr is no setting. There are name, about, data"),
    ({"optimizer": "sgd"}, r"Recipe: optimizer='sgd'. One of 'SGD', 'Nesterov"),
    ({"schedule": "cosine"}, r"schedule='cosine'. One of 'constant', "),
    ({"flip": True}, r"flip=True. One of None, 'random', 'alternating'"),
    ({"precision": "fp16"}, r"precision='fp16'. One of None, 'bfloat16'"),
    ({"schedule": "one-cycle"}, r"warm_up=0.0.* between 0 and 1 is needed"),
    ({"name": None}, r"Recipe: name=None is a NoneType. A string is needed. Pass name='lenet'"),
    ({"model": nn.Linear}, r"model=<class .*> is a type. A string is needed"),
    ({"epochs": 0}, r"epochs=0 is a int. A whole number from 1 is needed. Pass epochs=10"),
    ({"epochs": 2.0}, r"epochs=2.0 is a float. A whole number from 1"),
    ({"epochs": True}, r"epochs=True is a bool. A whole number from 1"),
    ({"batch_size": "8"}, r"batch_size='8' is a str. A whole number from 1"),
    ({"rate": "0.1"}, r"Recipe: rate='0.1' is a str. A number above 0 is needed. Pass rate=0.1"),
    ({"rate": torch.tensor(0.5)}, r"rate=tensor\(0.5000\) is a Tensor. A number above 0"),
    ({"rate": 0}, r"rate=0 is a int. A number above 0"),
    ({"rate": math.nan}, r"rate=nan is a float. A number above 0"),
    ({"rate": math.inf}, r"rate=inf is a float"),
    ({"momentum": 1}, r"momentum=1 is a int. A number from 0 to below 1"),
    (NESTEROV | {"momentum": 0.0}, r"momentum=0.0 with optimizer='Nesterov SGD'. A number above 0 is needed"),
    ({"weight_decay": -1}, r"weight_decay=-1 is a int. A number from 0"),
    ({"warm_up": "a"}, r"warm_up='a' is a str. A number from 0 to 1"),
    (
        {"milestones": 0.5},
        r"milestones=0.5 is a float. A tuple of numbers from 0 to 1 is needed. Pass milestones=\(0.5",
    ),
    ({"milestones": (0.5, 90)}, r"milestones=\(0.5, 90\) is a tuple. A tuple of numbers from 0 to 1"),
    ({"smoothing": 2}, r"smoothing=2 is a int. A number from 0 to 1"),
    ({"crop": -1}, r"crop=-1 is a int. A whole number from 0"),
    ({"crop": 1.5}, r"crop=1.5 is a float"),
    ({"channels_last": "yes"}, r"channels_last='yes' is a str. True or False is needed"),
    ({"compile": 1}, r"compile=1 is a int. True or False"),
    ({"test_flips": None}, r"test_flips=None is a NoneType"),
    ({"model_options": 3}, r"model_options=3 is a int. A dict by name is needed"),
    ({"model_options": {3: 4}}, r"model_options=\{3: 4\} is a dict. A dict by name"),
]


@pytest.mark.parametrize(("changes", "words"), BAD_SETTINGS, ids=lambda x: ",".join(x) if isinstance(x, dict) else "")
def test_bad_settings(changes, words):
    with pytest.raises(ValueError, match=words):
        CLASSIC.but(**changes)


def with_model(name, **options):
    return lambda: recipes.run(CLASSIC.but(epochs=1, model=name, model_options=options), pictures("cifar10"))


# what is done, error, words of the message
BAD = [
    (lambda: recipes.run("cifar10", None), ValueError, r"run: recipe='cifar10' is unknown. .* one of mnist-laptop,"),
    (lambda: recipes.run(["lenet"], None), ValueError, r"run: recipe=\['lenet'\] is unknown. A Recipe or one of"),
    (lambda: recipes.test("best", None, None), ValueError, r"test: recipe='best' is unknown"),
    (lambda: recipes.run("lenet", "mnist"), TypeError, r"run: dataset='mnist'. What data.load returns is needed"),
    (lambda: recipes.test("lenet", None, None), TypeError, r"test: dataset=None. What data.load returns is needed"),
    (with_model("Foo"), ValueError, r"Recipe: model='Foo' is unknown. One of MLP, .*LeNet,.* resnet50 is needed"),
    (with_model("Frozen"), ValueError, r"model='Frozen' is unknown"),
    (with_model("VGG_STACKS"), ValueError, r"model='VGG_STACKS' is unknown"),
    (with_model("LeNet", foo=1), ValueError, r"model_options=\{'foo': 1\} for LeNet. It takes none. Leave out foo"),
    (with_model("resnet18", classes=3), ValueError, r"for resnet18. It takes widths, small. Leave out classes"),
    (with_model("ResNet"), ValueError, r"for ResNet. It takes block, counts, widths, small. Add block"),
]


@pytest.mark.parametrize(("do", "error", "words"), BAD)
def test_bad_arguments(do, error, words):
    with pytest.raises(error, match=words):
        do()
