"""What the benchmark times is training: each of its steps equals a loop written out, and its judge is the course's."""

import copy
import types

import pytest
import torch
import torch.nn.functional as F
from equal import same
from torch import nn

from cnnlab import data, recipes, train
from cnnlab.bench import batching, budgets, contestants, digits, race, usual, worker
from cnnlab.bench.contestants import USUAL, Contestant
from cnnlab.recipes import RECIPES

CPU = torch.device("cpu")
CIFAR = RECIPES["cifar10-laptop"].but(model_options={"widths": (4, 6, 8)})


def numbered(n=24, channels=3, size=12):
    """Pictures of noise whose label is their number, so that each is known again."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(1, 256, (n, channels, size, size), generator=generator, dtype=torch.uint8)
    y, names = torch.arange(n), tuple(map(str, range(n)))
    return data.Dataset(x, y, x, y, names, (0.4,) * channels, (0.3,) * channels, "noise", "made")


DATASET = numbered()


def pairs(n=3):
    x = data.normalise(DATASET.x_train, DATASET.mean, DATASET.sd)
    return list(zip(x.split(8), DATASET.y_train.split(8), strict=True))[:n]


def test_the_plain_loop_is_the_loop_written_out():
    train.seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(400, 24)).eval()
    twin, seen = copy.deepcopy(model).train(), []
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    usual.plain_loop(model, pairs(), optimizer, CPU, ended=lambda images: seen.append(images) or len(seen) == 3)
    for x, labels in pairs():
        slopes = torch.autograd.grad(F.cross_entropy(twin(x), labels), list(twin.parameters()))
        for weight, slope in zip(twin.parameters(), slopes, strict=True):
            weight.data.sub_(slope, alpha=0.1)
    assert seen == [8] * 3 and same(model.state_dict(), twin.state_dict())


@pytest.mark.parametrize(
    "recipe",
    [RECIPES["lenet"].but(crop=0), CIFAR, CIFAR.but(precision="float16"), CIFAR.but(precision=None, smoothing=0.0)],
    ids=["LeNet", "bfloat16", "float16", "float32"],
)
def test_a_step_of_the_batches_part_is_one_of_fit(recipe, monkeypatch):
    dataset = numbered(channels=1, size=28) if recipe.model == "LeNet" else DATASET
    train.seed(0)
    model = recipes.build(recipe, dataset)
    if recipe.channels_last:
        model.to(memory_format=torch.channels_last)
    twin = copy.deepcopy(model)
    monkeypatch.setattr(recipes, "build", lambda *_: model)
    batches = list(recipes.batches_of(recipe, dataset, dataset.x_train, dataset.y_train)) * 2
    step = batching.step_of(recipe, dataset, CPU)
    for x, labels in batches:
        step(x, labels)
    train.fit(
        twin,
        batches,
        epochs=1,
        optimizer=recipes.optimizer_of(recipe, twin),
        loss=recipes.loss_of(recipe),
        precision=recipe.precision,
        progress=False,
    )
    assert same(model.state_dict(), twin.state_dict())


def windows(picture, crop):
    """All that a picture moved by up to `crop` pixels can look like; what moves in is 0, as in a tutorial."""
    size = picture.shape[-1]
    wide = F.pad(picture, (crop,) * 4)
    places = range(2 * crop + 1)
    return [wide[:, i : i + size, j : j + size] for i in places for j in places]


def as_bytes(x):
    """Normalised pictures as they were."""
    mean, sd = (torch.tensor(numbers).view(-1, 1, 1) for numbers in (DATASET.mean, DATASET.sd))
    return ((x * sd + mean) * 255).round().to(torch.uint8)


@pytest.mark.parametrize(("crop", "flip"), [(2, True), (2, False), (0, True), (0, False)])
def test_the_usual_pictures_are_moved_and_mirrored(crop, flip):
    train.seed(0)
    ((x, labels),) = usual.loader(DATASET, 24, crop=crop, flip=flip)
    places, mirrored = [], []
    for seen, label in zip(as_bytes(x), labels.tolist(), strict=True):
        made = windows(DATASET.x_train[label], crop)
        found = [i for i, window in enumerate(made) if torch.equal(seen, window)]
        turned = [i for i, window in enumerate(made) if torch.equal(seen, window.flip(2))]
        (place,) = found + turned  # one of them and no other
        places.append(place)
        mirrored.append(bool(turned))
    assert len(set(places)) > 10 if crop else set(places) == {0}
    assert set(mirrored) == ({True, False} if flip else {False})


def test_the_usual_order_is_new_in_every_pass():
    train.seed(0)
    batches = usual.loader(DATASET, 8)
    orders = [[label for _, labels in batches for label in labels.tolist()] for _ in range(2)]
    assert orders[0] != orders[1] and all(order != sorted(order) for order in orders)
    assert all(sorted(order) == list(range(24)) for order in orders)


def test_the_usual_training_has_its_recipes_augmentation(monkeypatch):
    seen, loader = [], usual.loader
    monkeypatch.setattr(usual, "loader", lambda *_, **options: seen.append(options) or loader(*_, **options))
    watch = types.SimpleNamespace(step=lambda images: True)
    recipe = USUAL["cifar10"].but(model="SmallResNet", model_options={"depth": 8, "width": 4})
    contestants.run(Contestant("cifar10", "usual", recipe), DATASET, 0, watch, CPU)
    assert (seen[0]["crop"], seen[0]["flip"]) == (4, True)


@pytest.mark.parametrize("recipe", [CIFAR, CIFAR.but(test_flips=False), USUAL["cifar10"]], ids=lambda r: r.name)
def test_the_judge_is_that_of_the_recipe(recipe, monkeypatch):
    monkeypatch.setattr(recipes.precision, "cpu_has_bfloat16", lambda: True)
    seen, evaluate = [], train.evaluate
    monkeypatch.setattr(train, "evaluate", lambda *_, **options: seen.append(options) or evaluate(*_, **options))
    train.seed(3)
    model = nn.Sequential(nn.Flatten(), nn.Linear(432, 24))
    with torch.no_grad():
        by_heart = data.normalise(DATASET.x_test, DATASET.mean, DATASET.sd).flatten(1)
        model[1].weight.copy_(by_heart * torch.rand(24, 1))  # some better than others
    accuracy = worker.Judge(recipe, DATASET, None, CPU)(model)
    assert accuracy == recipes.test(recipe, model, DATASET, device=CPU).accuracy
    judged, tested = ({name: options[name] for name in ("precision", "flips")} for options in seen)
    assert judged == tested == {"precision": recipe.precision, "flips": recipe.test_flips}


@pytest.mark.parametrize(
    ("device", "has", "precision"),
    [("cpu", True, "bfloat16"), ("cpu", False, None), ("cuda", (7, 5), "float16"), ("cuda", (9, 0), "bfloat16")],
)
def test_no_device_is_timed_with_what_it_is_slow_with(device, has, precision, monkeypatch):
    """CPUs with and without arithmetic for bfloat16, a T4, an H200."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: has)
    monkeypatch.setattr(recipes.precision, "cpu_has_bfloat16", lambda: has)
    device, seen = torch.device(device), []

    def stop(*found, **_):
        seen.append(found)
        raise InterruptedError

    monkeypatch.setattr(batching, "contestants", lambda recipe, *_: seen.append(recipe))
    monkeypatch.setattr(batching, "interleave", lambda *_: None)
    monkeypatch.setattr(batching, "tables", lambda *_: {})
    batching.measure(budgets.budget(True, device), device, {"mnist": DATASET, "cifar10": DATASET}, print)
    assert [recipe.precision for recipe in seen] == [None, precision]
    monkeypatch.setattr(race, "runners", stop)
    with pytest.raises(InterruptedError):
        digits.measure(budgets.budget(True, device), device, DATASET, 0, print)
    ours, theirs = seen[-1][0]
    assert (ours.recipe.precision, theirs.recipe.precision) == (precision, None)
