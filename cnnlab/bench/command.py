"""The options of `python -m cnnlab bench`, and the order in which all is run."""

import argparse
import dataclasses
import json
import sys
import time

import torch

from .. import __version__, data
from . import batching, digits, machine, operations, pictures, report
from .budgets import budget

PARTS = {"batches": ("mnist", "cifar10"), "mnist": ("mnist",), "cifar10": ("cifar10",), "conv": ()}  # part -> data sets


class Parser(argparse.ArgumentParser):
    """Bad words are answered in one sentence."""

    def error(self, message):
        self.exit(2, f"cnnlab bench: {message}. Run python -m cnnlab bench --help.\n")


def parser():
    made = Parser(
        prog="python -m cnnlab bench",
        description="How fast the course trains here, beside the usual way: about two minutes on two cores.",
    )
    made.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"some of {', '.join(PARTS)}")
    made.add_argument("--full", action="store_true", help="the numbers of the README: half an hour or more")
    made.add_argument("--json", action="store_true", help="the result as JSON; progress goes to stderr")
    made.add_argument("--seconds", type=above_0(float), help="of training for each side and seed")
    made.add_argument("--rounds", type=above_0(int), help="turns of each contestant in batches and conv")
    made.add_argument("--seeds", type=above_0(int), help="trainings of each side")
    made.add_argument("--workers", type=from_0, help="of the usual DataLoader; default 0 on a CPU, 2 on a GPU")
    made.add_argument("--threads", type=above_0(int), help="of PyTorch, instead of its own choice")
    made.add_argument("--device", type=device, help="cpu, cuda or mps, instead of the fastest here")
    return made


def main(arguments=None):
    """Measure what the arguments ask for, print it, and return it as JSON has it."""
    options = parser().parse_args(arguments)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    result = {"format": 1, "cnnlab": __version__}
    say = print_nothing if options.json else print_lines
    for lines in steps(options, result):
        say(lines)
    if options.json:
        print(json.dumps(result, indent=1, allow_nan=False))
    return result


def steps(options, result):
    """Fill in the result, part by part, and give the lines that tell it."""
    start = time.perf_counter()
    here = data.device() if options.device is None else options.device
    chosen = budget(options.full, here).but(options.rounds, options.seconds, options.seeds)
    workers = options.workers if options.workers is not None else 0 if here.type == "cpu" else 2
    parts = [part for part in PARTS if options.only is None or part in options.only]
    names = dict.fromkeys(name for part in parts for name in PARTS[part])
    datasets = {name: data.load(name, download=False, quiet=True) for name in names}
    result["budget"] = dataclasses.asdict(chosen) | {"workers": workers}
    result["machine"] = machine.describe(here)
    result["data"] = {name: repr(dataset) for name, dataset in datasets.items()}
    result["parts"], result["cut_short"] = {}, []
    yield report.opening(result)

    for part in parts:
        if part == "batches":
            measured = batching.measure(chosen, here, datasets, say=tell)
        elif part == "mnist":
            measured = digits.measure(chosen, here, datasets["mnist"], workers, say=tell)
        elif part == "cifar10":
            measured = pictures.measure(chosen, here, datasets["cifar10"], workers, say=tell)
        else:
            measured = operations.measure(chosen, here, say=tell)
        result["cut_short"] += measured.pop("cut_short")
        result["parts"][part] = measured
        yield ["", *report.TABLES[part](measured)]

    result["machine"]["load_after"] = machine.load()
    result["seconds"] = time.perf_counter() - start
    yield ["", *report.closing(result)]


def above_0(kind):
    """A reader of numbers of this kind above 0."""

    def read(text):
        number = kind(text)
        if not 0 < number < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return number

    read.__name__ = "whole number" if kind is int else "number"  # for argparse's "invalid whole number value"
    return read


def from_0(text):
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


from_0.__name__ = "whole number"


def device(text):
    """The device of that name, if this machine has it."""
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not here.get(text):
        raise argparse.ArgumentTypeError(
            f"{text} is not on this machine, which has {', '.join(name for name in here if here[name])}"
        )
    return torch.device(text)


def tell(line):
    """What comes next, for whoever waits."""
    print(f"... {line}", file=sys.stderr, flush=True)


def print_lines(lines):
    print(*lines, sep="\n", flush=True)


def print_nothing(lines):
    pass
