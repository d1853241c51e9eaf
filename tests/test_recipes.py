"""Recipes: the numbers become the training that they say, on every machine and data set, and survive a cut."""

import dataclasses
import functools
import gc
import math
import re
import subprocess
import sys
from pathlib import Path

import measure
import pytest
import torch
from torch import nn

from cnnlab import data, models, recipes, train
from cnnlab.recipes import RECIPES

NARROW = {"widths": (4, 6, 8)}
NARROWER = {  # the same layers with fewer filters, where only the way matters
    "QuickCifar": NARROW,
    "resnet18": {"widths": (4, 4, 6, 6), "small": True},
}


def small(recipe, **changes):
    """A recipe whose run takes a moment."""
    options = NARROWER.get(recipe.model, {})
    return recipe.but(**({"epochs": 3, "batch_size": 8, "model_options": options} | changes))


@functools.cache
def loaded(name):
    """Once for all tests: drawing the doodles takes seconds."""
    return data.load(name, quiet=True)


def pictures(name, n=24):
    """n training pictures of the kind that this recipe is for: digits, or doodles in place of CIFAR-10."""
    whole = loaded(name)
    parts = {part: getattr(whole, part)[:n] for part in ("x_train", "y_train", "x_test", "y_test")}
    return dataclasses.replace(whole, **parts)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipe_takes_one_step_and_judges(recipe):
    """As it stands, with all its filters; on the CPU also the precision that it wants on a GPU."""
    dataset = pictures(recipe.data, 4)
    if recipe.precision == "float16":
        recipe = small(recipe)  # which CPUs are slow with
    train.seed(0)
    start = recipes.build(recipe, dataset).state_dict()
    model, history = recipes.run(recipe.but(epochs=1), dataset, progress=False, device="cpu")
    assert math.isfinite(history["loss"][0])
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, start[name])}
    assert moved >= {name for name, p in model.named_parameters() if p.requires_grad and p.ndim > 1}
    assert all(p.dtype == torch.float32 for p in model.parameters())
    result = recipes.test(recipe, model, dataset, device="cpu")
    assert result.images == 4 and math.isfinite(result.loss)


class CutAt:
    """A monitor at which the power goes in the given batch."""

    def __init__(self, batch):
        self.left = batch

    def begin(self, epochs, batches, done):
        return True

    def batch(self, epoch, meter):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def epoch(self, row):
        pass

    def end(self):
        pass


def outcome(model, history):
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in history]
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}, rows


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_resumed_run_equals_the_uncut_one_bit_for_bit(recipe, tmp_path):
    recipe, dataset = small(recipe), pictures(recipe.data)
    options = {"validation": 8, "device": "cpu"}  # 16 are left
    weights, rows = outcome(*recipes.run(recipe, dataset, 3, progress=False, **options))
    with pytest.raises(KeyboardInterrupt):  # two batches an epoch: in the middle of the second
        recipes.run(recipe, dataset, 3, progress=CutAt(3), folder=tmp_path, **options)
    model, history = recipes.run(recipe, dataset, 3, progress=False, folder=tmp_path, resume=True, **options)
    again, rows_again = outcome(model, history)
    assert rows == rows_again
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_the_seed_decides_all():
    recipe, dataset = small(RECIPES["cifar10-laptop"], epochs=1), pictures("cifar10")
    runs = [outcome(*recipes.run(recipe, dataset, seed, progress=False))[1] for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_quick_recipes_learn_doodles():
    """A quarter of the doodles; whoever guesses is right on one in ten."""
    recipe = RECIPES["cifar10-laptop"].but(batch_size=128, model_options={"widths": (16, 32, 64)})
    dataset = pictures("cifar10", 2500)
    model, _ = recipes.run(recipe, dataset, progress=False)
    dataset = dataclasses.replace(dataset, x_test=dataset.x_test[:500], y_test=dataset.y_test[:500])
    assert recipes.test(recipe, model, dataset).accuracy > 0.8


def test_nothing_grows_from_epoch_to_epoch():
    recipe, held = small(RECIPES["cifar10-laptop"], epochs=4), []

    def weigh(history):
        gc.collect()
        tensors = [thing for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor)]
        held.append((len(tensors), sum(t.numel() * t.element_size() for t in tensors)))

    recipes.run(recipe, pictures("cifar10"), progress=False, validation=8, on_epoch=weigh)
    assert held[1:] == [held[1]] * 3  # the optimizer's momentum comes in the first epoch


PEAK = """
import sys
import numpy as np
from cnnlab import data, recipes
from cnnlab.bench.machine import peak_memory
recipe = recipes.RECIPES["cifar10-laptop"]
dataset = data.load("cifar10", root=sys.argv[1], quiet=True)
assert dataset.name == "cifar10" and len(dataset.x_train) == 50_000
class Monitor:
    begin = epoch = lambda self, *_: None
    batch = lambda self, epoch, meter: len(meter.losses) == 3
    end = lambda self: None
model, _ = recipes.run(recipe, dataset, progress=Monitor())
recipes.test(recipe, model, dataset, dataset.x_test[:2000], dataset.y_test[:2000])
print(round(peak_memory()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory in Linux's units")
def test_cifar10_needs_less_than_two_gigabytes(tmp_path):
    import numpy as np

    rng = np.random.default_rng(0)
    parts = {}
    for part, n in (("train", 50_000), ("test", 10_000)):
        parts[f"x_{part}"] = np.tile(rng.integers(256, size=(500, 32, 32, 3), dtype=np.uint8), (n // 500, 1, 1, 1))
        parts[f"y_{part}"] = rng.integers(10, size=(n, 1), dtype=np.uint8)
    np.savez(tmp_path / "cifar10.npz", **parts)
    run = subprocess.run([sys.executable, "-c", PEAK, tmp_path], capture_output=True, text=True, check=True)
    assert int(run.stdout.split()[-1]) < 1900  # MiB


def rates(recipe, steps):
    weight = nn.Linear(1, 1)
    optimizer = recipes.optimizer_of(recipe, weight)
    scheduler = recipes.scheduler_of(recipe, optimizer, steps)
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return seen


def test_schedules():
    recipe = RECIPES["cifar10-laptop"].but(rate=0.8, warm_up=0.25)
    straight = rates(recipe.but(schedule="triangular"), 40)
    up = [b - a for a, b in zip(straight, straight[1:], strict=False)]
    assert max(straight) == pytest.approx(0.8) and straight[-1] < 0.001
    assert all(step == pytest.approx(up[0]) for step in up[:9]) and up[0] > 0  # the tenth of 40 batches is the top
    assert all(step == pytest.approx(up[-1]) for step in up[9:]) and up[-1] < 0
    round_ = rates(recipe.but(schedule="one-cycle"), 40)
    assert max(round_) == pytest.approx(0.8) and round_.index(max(round_)) == straight.index(max(straight))
    assert rates(recipe.but(schedule="constant"), 4) == [0.8] * 4
    steps = rates(recipe.but(schedule="steps", milestones=(0.5, 0.75)), 8)
    assert steps == pytest.approx([0.8] * 4 + [0.08] * 2 + [0.008] * 2)


@pytest.mark.parametrize("schedule", ["triangular", "one-cycle"])
@pytest.mark.parametrize("steps", range(1, 9))
def test_schedules_of_few_steps(schedule, steps):
    """Of four, the first is the highest with warm_up=0.25, which PyTorch alone answers with a division by zero."""
    seen = rates(RECIPES["cifar10-laptop"].but(schedule=schedule), steps)
    assert all(0 < rate <= 0.5 for rate in seen) and seen[-1] < 1e-4


def test_optimizers():
    model = models.QuickCifar(**NARROW)
    nesterov = recipes.optimizer_of(RECIPES["cifar10-laptop"], model).param_groups[0]
    classic = recipes.optimizer_of(RECIPES["classic"], model).param_groups[0]
    assert (nesterov["nesterov"], nesterov["momentum"], nesterov["weight_decay"]) == (True, 0.9, 5e-4)
    assert (classic["nesterov"], classic["momentum"], classic["lr"]) == (False, 0.9, 0.1)
    assert isinstance(recipes.optimizer_of(RECIPES["mnist-laptop"], model), torch.optim.Adam)
    assert all(p is not model.whitening.weight for p in nesterov["params"])  # it is not trained


def test_batches_are_changed_in_training_only():
    dataset = pictures("cifar10")
    recipe = RECIPES["cifar10-laptop"].but(batch_size=24)
    plain = data.normalise(dataset.x_test, dataset.mean, dataset.sd)
    (judged, labels) = next(iter(recipes.batches_of(recipe, dataset, dataset.x_test, dataset.y_test)))
    torch.testing.assert_close(judged, plain)
    assert torch.equal(labels, dataset.y_test) and judged.is_contiguous(memory_format=torch.channels_last)
    for crop, flip in ((2, None), (0, "random"), (0, "alternating"), (0, None)):
        changed = recipe.but(crop=crop, flip=flip)
        batches = recipes.batches_of(changed, dataset, dataset.x_test, dataset.y_test, training=True)
        x, labels = next(iter(batches))
        distance, nearest = torch.cdist(x.flatten(1), plain.flatten(1)).min(1)  # to the pictures as they are
        found = distance < 0.1
        assert bool(found.all()) is (crop == 0 and flip is None), (crop, flip)
        assert torch.equal(labels[found], dataset.y_test[nearest[found]])


def test_another_model_and_a_pair_to_judge_on():
    recipe, dataset = RECIPES["one-cycle"].but(epochs=1, batch_size=8), pictures("cifar10")
    train.seed(5)
    model = models.SmallResNet(depth=8, width=4)
    trained, history = recipes.run(recipe, dataset, model=model, validation=(dataset.x_test, dataset.y_test))
    assert trained is model
    seen = train.evaluate(model, recipes.batches_of(recipe, dataset, dataset.x_test, dataset.y_test))
    assert history["val_accuracy"] == [seen.accuracy]


def test_test_asks_about_the_mirror_image_too():
    recipe, dataset = small(RECIPES["cifar10-laptop"], precision=None), pictures("cifar10")
    model, _ = recipes.run(recipe, dataset, progress=False)
    x = data.normalise(dataset.x_test, dataset.mean, dataset.sd)
    model.eval()
    with torch.no_grad():
        logits = (model(x) + model(x.flip(3))) / 2
    loss = nn.functional.cross_entropy(logits, dataset.y_test)
    assert recipes.test(recipe, model, dataset).loss == pytest.approx(loss.item(), rel=1e-4)
    assert recipes.test(recipe.but(test_flips=False), model, dataset).loss != pytest.approx(loss.item(), rel=1e-4)


def test_compiling_leaves_no_trace_and_is_counted_apart(monkeypatch):
    compile = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda self: compile(self, backend="eager"))  # no C++ is asked for
    recipe, dataset = small(RECIPES["cifar10-laptop"], epochs=2), pictures("cifar10")
    plain, history = recipes.run(recipe, dataset, progress=False)
    compiled, compiled_history = recipes.run(recipe.but(compile=True), dataset, progress=False)
    assert history.startup == 0 < compiled_history.startup
    assert compiled_history["loss"] == pytest.approx(history["loss"], rel=1e-3)
    counts = [model.state_dict()["stage1.2.num_batches_tracked"] for model in (plain, compiled)]
    assert counts[0] == counts[1] == 6 and plain.state_dict().keys() == compiled.state_dict().keys()


def test_pick_asks_what_the_gpu_is_fast_with(monkeypatch):
    for there, capability, name in (
        (False, None, "cifar10-laptop"),
        (True, (7, 5), "cifar10-colab"),  # T4
        (True, (9, 0), "cifar10-big"),  # H200
    ):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None, capability=capability: capability)
        assert recipes.pick() is RECIPES[name]


def test_the_table():
    for name, recipe in RECIPES.items():
        assert recipe.name == name and recipe.about.endswith(".")
        measured = recipe.measured
        assert measured is None or (0.5 < measured.accuracy < 1 and 0 < measured.sd < 0.05 and measured.seeds >= 3)
        assert ("not yet" in str(recipe)) is (measured is None or measured.seconds is None)
        with pytest.raises(dataclasses.FrozenInstanceError):
            recipe.epochs = 1
    assert set(re.findall(r"^    ([\w.-]+)(?:, ([\w-]+))? {2,}", recipes.__doc__.partition("The table")[2], re.M)) >= {
        (name, "") for name in RECIPES if not name.startswith("lenet")
    }


def test_but_forgets_what_was_measured():
    measured = recipes.Measured(0.9, 0.01, 3, 60.0, "a machine", "doodles")
    recipe = dataclasses.replace(RECIPES["classic"], measured=measured)
    assert "90.00 ± 1.00 % over 3 seeds on doodles, 60 s; a machine" in str(recipe)
    changed = recipe.but(epochs=2)
    assert (changed.epochs, changed.measured, changed.rate) == (2, None, recipe.rate)
    assert recipe.epochs == 180 and recipe.measured is measured


def test_the_command_that_measures_runs_any_recipe():
    tool = Path(__file__).resolve().parent.parent / "tools" / "measure.py"
    options = ["--recipe", "mnist-laptop", "--data", "bundled", "--seeds", "2", "--batch-size", "256", "--validation"]
    run = subprocess.run([sys.executable, tool, *options], capture_output=True, text=True, check=True, timeout=300)
    last = run.stdout.splitlines()[-1]
    words = (
        r"validation: (\d+\.\d\d) ± \d\.\d\d % over 2 seeds, training \d+\.\d s on average, \d+\.\d s at most, "
        r"peak memory \d+ MiB.*, on mnist"
    )
    assert float(re.fullmatch(words, last)[1]) > 90
    with pytest.raises(SystemExit, match=r"All of cifar10 is needed. Set CNNLAB_DATA .* pass --data bundled"):
        measure.dataset_of("cifar10", whole=True)
