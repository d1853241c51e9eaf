"""Measure how far the small ResNet is ahead of the MLP on doodles when both have trained for the same seconds.

    python tools/measure_doodles.py                      60 seconds each, three seeds, test pictures
    python tools/measure_doodles.py --seconds 120        more
    python tools/measure_doodles.py --validation         on 2,000 training pictures set aside: to compare settings

One cycle of SGD with momentum for both; how many epochs fit into the seconds is found by timing one first. Seconds are
those that the cores worked, all threads together divided by their number, so a busy machine measures the same.
"""

import argparse
import dataclasses
import statistics
import time

import torch
from measure import ASIDE, dataset_of, hardware

from cnnlab import models, recipes, train

RECIPE = recipes.RECIPES["one-cycle"].but(
    name="doodles",
    about="one cycle in a few epochs",
    model="SmallResNet",
    model_options={},
    epochs=1,
    batch_size=64,
    rate=0.2,
    crop=0,
    channels_last=True,
)
NETWORKS = {
    "MLP": (lambda: models.MLP(in_channels=3, size=32), RECIPE.but(rate=0.02)),
    "small ResNet": (lambda: models.SmallResNet(8, width=8), RECIPE),
}


def one_run(build, recipe, dataset, judge, seed, seconds):
    """Accuracy after about so many seconds of training, and how many they were."""

    def trained(recipe):
        train.seed(seed)
        start = time.process_time()
        model, _ = recipes.run(recipe, dataset, seed, model=build(), progress=False)
        return model, (time.process_time() - start) / torch.get_num_threads()

    trained(recipe)  # the first epoch of a process is slower
    _, epoch = trained(recipe)
    model, worked = trained(recipe.but(epochs=max(1, round(seconds / epoch))))
    return recipes.test(recipe, model, dataset, *judge).accuracy, worked


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, default=3, help="how many runs of each")
    parser.add_argument("--validation", action="store_true", help="judge on training pictures that are set aside")
    options = parser.parse_args()
    if options.seeds < 1 or options.seconds <= 0:
        parser.error(f"--seeds {options.seeds}, --seconds {options.seconds}: at least one seed, and time, are needed.")
    dataset, judge = dataset_of("cifar10", whole=False), (None, None)
    if options.validation:
        (x, y), judge = dataset.split(ASIDE["bundled"])
        dataset = dataclasses.replace(dataset, x_train=x, y_train=y)
    print(hardware())
    means = {}
    for name, (build, recipe) in NETWORKS.items():
        runs = []
        for seed in range(options.seeds):
            runs.append(one_run(build, recipe, dataset, judge, seed, options.seconds))
            print(f"{name}, seed {seed}: {runs[-1][0]:.2%} after {runs[-1][1]:.1f} s", flush=True)
        accuracies, seconds = zip(*runs, strict=True)
        spread = f" ± {100 * statistics.stdev(accuracies):.2f}" if len(runs) > 1 else ""
        means[name] = statistics.mean(accuracies)
        print(f"{name}: {100 * means[name]:.2f}{spread} % after {statistics.mean(seconds):.1f} s on average")
    print(f"the small ResNet is {100 * (means['small ResNet'] - means['MLP']):.1f} points ahead of the MLP")


if __name__ == "__main__":
    main()
