"""Measure what the README says of LeNet on digits: accuracy as mean and spread over seeds, seconds, hardware.

    python tools/measure.py                            the bundled digits: 8,000 to train on, 2,000 to test on
    python tools/measure.py --data full --seeds 3      all of MNIST, from CNNLAB_DATA or the network
    python tools/measure.py --validation               on 2,000 training digits set aside instead of the test digits

Settings were compared with --validation only; the test digits judge the ones that were chosen.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time

import torch
from torch import nn

from cnnlab import data, models, train

RECIPES = {
    "bundled": {
        "epochs": 10,
        "batch_size": 128,  # images
        "learning_rate": 0.01,  # the top of one cycle
        "crop": 1,  # pixels: each digit moves by up to so many
        "smoothing": 0.1,  # of labels, 0..1
    },
    "full": {
        "epochs": 5,
        "batch_size": 256,
        "learning_rate": 0.01,
        "crop": 1,
        "smoothing": 0.1,
    },
}


def parts(digits, validation):
    """(x, y) to train on and (x, y) to judge on."""
    if validation:
        return digits.split(2000)
    return (digits.x_train, digits.y_train), (digits.x_test, digits.y_test)


def one_run(digits, seed, recipe, validation):
    """Accuracy of a LeNet trained from this seed, and the seconds that training took."""
    (x, y), (x_judge, y_judge) = parts(digits, validation)
    train.seed(seed)
    norm = {"mean": digits.mean, "sd": digits.sd, "device": data.device()}
    augment = data.random_crop(recipe["crop"]) if recipe["crop"] else None
    batches = data.Batches(x, y, recipe["batch_size"], shuffle=True, augment=augment, **norm)
    net = models.LeNet()
    epochs, rate = recipe["epochs"], recipe["learning_rate"]
    optimizer = torch.optim.Adam(net.parameters(), rate)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * len(batches))
    loss = nn.CrossEntropyLoss(label_smoothing=recipe["smoothing"])
    start = time.perf_counter()
    train.fit(net, batches, epochs=epochs, optimizer=optimizer, loss=loss, scheduler=scheduler, progress=False)
    seconds = time.perf_counter() - start
    return train.evaluate(net, data.Batches(x_judge, y_judge, 1000, **norm)).accuracy, seconds


def digits_of(name):
    """The bundled digits even where more are there, or all of MNIST."""
    if name == "bundled":
        with tempfile.TemporaryDirectory() as empty:
            return data.load("mnist", root=empty, download=False)
    digits = data.load("mnist")
    if len(digits.x_train) != 60_000:
        raise SystemExit("All 60,000 digits are needed. Set CNNLAB_DATA to their folder, or unset CNNLAB_OFFLINE.")
    return digits


def hardware():
    """The machine in a line."""
    if torch.cuda.is_available():
        machine = torch.cuda.get_device_name()
    else:
        machine = platform.processor() or platform.machine()
        if os.path.exists("/proc/cpuinfo"):
            with open("/proc/cpuinfo") as file:
                names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
            machine = names[0] if names else machine
    return (
        f"{machine}, {os.cpu_count()} cores, threads: {torch.get_num_threads()}, PyTorch {torch.__version__}, "
        f"Python {platform.python_version()}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=RECIPES, default="bundled")
    parser.add_argument("--seeds", type=int, default=5, help="how many runs")
    parser.add_argument("--validation", action="store_true", help="judge on training digits that are set aside")
    for name, value in RECIPES["bundled"].items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), help="instead of the recipe's")
    options = vars(parser.parse_args())
    if options["seeds"] < 1:
        parser.error(f"--seeds {options['seeds']}: at least 1 is needed.")
    recipe = {name: options[name] if options[name] is not None else v for name, v in RECIPES[options["data"]].items()}

    digits = digits_of(options["data"])
    print("LeNet, Adam, one cycle:", ", ".join(f"{name} {value}" for name, value in recipe.items()))
    print(hardware())
    runs = []
    for seed in range(options["seeds"]):
        runs.append(one_run(digits, seed, recipe, options["validation"]))
        print(f"seed {seed}: {runs[-1][0]:.2%} in {runs[-1][1]:.1f} s", flush=True)
    accuracies, seconds = zip(*runs, strict=True)
    spread = f" ± {100 * statistics.stdev(accuracies):.2f}" if len(runs) > 1 else ""
    judged = "validation" if options["validation"] else "test"
    print(
        f"{judged}: {100 * statistics.mean(accuracies):.2f}{spread} % over {len(runs)} seeds, "
        f"training {statistics.mean(seconds):.1f} s on average, {max(seconds):.1f} s at most"
    )


if __name__ == "__main__":
    main()
