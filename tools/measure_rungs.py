"""Measure what each trick of cifar10-laptop brings: the recipe without it, on training pictures set aside.

    python tools/measure_rungs.py                             all of recipes.RUNGS, two seeds: an hour on one core
    python tools/measure_rungs.py --epochs 2 --seeds 3        a shorter training, more often
    python tools/measure_rungs.py --data bundled --epochs 2   on doodles

All rungs take turns: a seed of each before the next seed of any.
"""

import argparse
import dataclasses
import statistics
import time

from measure import ASIDE, dataset_of, hardware

from cnnlab import recipes, train

RECIPE = recipes.RECIPES["cifar10-laptop"]


def trained(rung, recipe, dataset, seed):
    """The network of one run without the trick, and the seconds that training took."""
    train.seed(seed)
    model = recipes.build(recipe, dataset)
    if rung.trained_first:
        model.whitening.reset_parameters()
        model.whitening.weight.requires_grad_(True)
    start = time.perf_counter()
    recipes.run(recipe, dataset, seed, model=model, progress=False)
    return model, time.perf_counter() - start


def one_round(rungs, base, dataset, judge, seed):
    """[(accuracy, seconds)] of each rung from this seed."""
    found, full = [], None
    for rung in rungs:
        recipe = base.but(**rung.without)
        only_judged = rung.without.keys() == {"test_flips"}  # trained as with every trick
        run = full if only_judged and full else trained(rung, recipe, dataset, seed)
        full = full or run
        found.append((recipes.test(recipe, run[0], dataset, *judge).accuracy, run[1]))
        print(f"seed {seed}, {name(rung)}: {found[-1][0]:.2%} in {found[-1][1]:.1f} s", flush=True)
    return found


def name(rung):
    return f"{rung.trick}; {rung.instead}" if rung.instead else rung.trick


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=("bundled", "full"), default="full")
    parser.add_argument("--seeds", type=int, default=2, help="how many runs of each")
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs, help=f"instead of {RECIPE.epochs}")
    options = parser.parse_args()
    if options.seeds < 1 or options.epochs < 1:
        parser.error(f"--seeds {options.seeds}, --epochs {options.epochs}: at least 1 of each is needed.")

    dataset = dataset_of("cifar10", options.data == "full")
    (x, y), judge = dataset.split(ASIDE[options.data])
    dataset = dataclasses.replace(dataset, x_train=x, y_train=y)
    print(hardware())
    base = RECIPE.but(epochs=options.epochs)
    rounds = [one_round(recipes.RUNGS, base, dataset, judge, seed) for seed in range(options.seeds)]
    print(f"\nvalidation on {len(judge[0])} pictures of {dataset.name}, epochs: {options.epochs}")
    for rung, *runs in zip(recipes.RUNGS, *rounds, strict=True):
        accuracies, seconds = zip(*runs, strict=True)
        spread = f" ± {100 * statistics.stdev(accuracies):.2f}" if len(runs) > 1 else ""
        mean = f"{100 * statistics.mean(accuracies):.2f}{spread} %"
        print(f"{name(rung):50} {mean} over {len(runs)} seeds, {statistics.mean(seconds):.0f} s")


if __name__ == "__main__":
    main()
