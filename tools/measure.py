"""Measure what the README and the table of recipes say: accuracy as mean and spread over seeds, seconds, memory.

    python tools/measure.py                                     LeNet on the bundled digits: 8,000 to train on
    python tools/measure.py --data full --seeds 3               LeNet on all of MNIST
    python tools/measure.py --recipe cifar10-laptop --seeds 3   any recipe of cnnlab.recipes, on its whole data set
    python tools/measure.py --recipe classic --data bundled     the same on what is bundled: digits, or doodles
    python tools/measure.py --validation                        on training images set aside instead of the test images

Whole data sets come from CNNLAB_DATA or the network. Settings are compared with --validation only; the test images
judge the ones that were chosen.
"""

import argparse
import dataclasses
import statistics
import tempfile
import time

import torch

from cnnlab import data, recipes
from cnnlab.bench.machine import describe, peak_memory

LENET = {"bundled": "lenet-8000", "full": "lenet"}
SETTINGS = {"epochs": int, "batch_size": int, "rate": float, "weight_decay": float, "crop": int, "smoothing": float}
ASIDE = {"bundled": 2000, "full": 5000}  # training images to judge on with --validation


def dataset_of(name, whole):
    """The whole data set, or what is bundled even where more is there."""
    if not whole:
        with tempfile.TemporaryDirectory() as empty:
            return data.load(name, root=empty, download=False)
    dataset = data.load(name)
    if dataset.name != name or len(dataset.x_train) < 50_000:
        raise SystemExit(
            f"All of {name} is needed. Set CNNLAB_DATA to its folder or unset CNNLAB_OFFLINE, or pass --data bundled."
        )
    return dataset


def one_run(recipe, dataset, seed, aside):
    """Accuracy of the recipe from this seed, the seconds that training took, and those that compiling took."""
    judge = (None, None)
    if aside:
        (x, y), judge = dataset.split(aside)
        dataset = dataclasses.replace(dataset, x_train=x, y_train=y)
    start = time.perf_counter()
    model, history = recipes.run(recipe, dataset, seed, progress=False)
    seconds = time.perf_counter() - start - history.startup
    return recipes.test(recipe, model, dataset, *judge).accuracy, seconds, history.startup


def hardware():
    """The machine in a line."""
    here = describe(data.device())
    name = here["cpu"] if here["device"] in ("cpu", "mps") else here["device"]
    return (
        f"{name}, {here['cores']} cores, threads: {here['threads']}, PyTorch {here['torch']}, Python {here['python']}"
    )


def memory():
    """The most memory that this process has had so far, in words."""
    words = []
    if torch.cuda.is_available():
        words = [f"{torch.cuda.max_memory_allocated() / 2**20:.0f} MiB on the GPU"]
    most = peak_memory()
    return ", ".join(["unknown" if most is None else f"{most:.0f} MiB", *words])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=recipes.RECIPES, help="instead of LeNet's")
    parser.add_argument("--data", choices=("bundled", "full"), help="default: bundled for LeNet, else full")
    parser.add_argument("--seeds", type=int, default=5, help="how many runs")
    parser.add_argument("--validation", action="store_true", help="judge on training images that are set aside")
    for name, kind in SETTINGS.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind, help="instead of the recipe's")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds {options.seeds}: at least 1 is needed.")
    which = options.data or ("full" if options.recipe else "bundled")
    recipe = recipes.RECIPES[options.recipe or LENET[which]]
    changes = {name: getattr(options, name) for name in SETTINGS if getattr(options, name) is not None}
    if changes:
        recipe = recipe.but(**changes)

    dataset = dataset_of(recipe.data, which == "full")
    print(recipe)
    print(hardware())
    runs = []
    for seed in range(options.seeds):
        runs.append(one_run(recipe, dataset, seed, ASIDE[which] if options.validation else 0))
        compiled = f", {runs[-1][2]:.1f} s to compile before" if recipe.compile else ""
        print(f"seed {seed}: {runs[-1][0]:.2%} in {runs[-1][1]:.1f} s{compiled}", flush=True)
    accuracies, seconds, _ = zip(*runs, strict=True)
    spread = f" ± {100 * statistics.stdev(accuracies):.2f}" if len(runs) > 1 else ""
    judged = "validation" if options.validation else "test"
    print(
        f"{judged}: {100 * statistics.mean(accuracies):.2f}{spread} % over {len(runs)} seeds, "
        f"training {statistics.mean(seconds):.1f} s on average, {max(seconds):.1f} s at most, "
        f"peak memory {memory()}, on {dataset.name}"
    )


if __name__ == "__main__":
    main()
