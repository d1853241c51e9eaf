"""Train by a recipe, in one process or in many that torchrun starts:

python -m cnnlab.train --recipe mnist-laptop --folder runs/one
torchrun --standalone --nproc-per-node=2 --max-restarts=3 -m cnnlab.train --recipe mnist-laptop --folder runs/two
"""

import argparse
import os
import sys
from pathlib import Path

import torch
from torch.distributed.elastic.multiprocessing.errors import record

from . import join


def main(arguments=None):
    """Train, say how each epoch went and how many test images are right; the first process speaks for all."""
    from cnnlab import data, recipes

    options = _parser(recipes.RECIPES).parse_args(arguments)
    recipe = recipes.RECIPES[options.recipe]
    if options.epochs is not None:
        recipe = recipe.but(epochs=options.epochs)
    with join(options.device) as process:
        resume = _resumes(options, process)
        if not process.first:
            process.wait()  # the first may have to download
        dataset = data.load(options.data or recipe.data, quiet=not process.first)
        if process.first:
            process.wait()
        model, history = recipes.run(
            recipe, dataset, options.seed, folder=options.folder, resume=resume, process=process
        )
        result = recipes.test(recipe, model, dataset, process=process)
    if process.first:
        processes = "1 process" if process.world == 1 else f"{process.world} processes"
        print(
            f"test: {100 * result.accuracy:.2f} % of {result.images} images, loss {result.loss:.4f}; "
            f"{len(history)} epochs in {sum(history['seconds']):.1f} s by {processes} on {process.device.type}",
            flush=True,
        )


def _parser(names):
    parser = argparse.ArgumentParser(prog="python -m cnnlab.train", description="Train by a recipe.")
    parser.add_argument("--recipe", choices=names, required=True)
    parser.add_argument("--folder", type=Path, help="where last.pt and best.pt are kept; seen by every machine")
    parser.add_argument("--resume", action="store_true", help="go on with the run that is kept in the folder")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--data", help="mnist, fashion_mnist, cifar10 or doodles, instead of the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=["cpu", "cuda"], help="instead of the fastest here")
    return parser


def _resumes(options, process):
    """Whether to go on with what the folder holds: if told so, or if torchrun starts the run again after a crash."""
    if options.resume and options.folder is None:
        raise ValueError("--resume needs the folder of the run that was cut. Pass --folder too.")
    if options.folder is None:
        return False
    if options.resume or process.resumes(options.folder):
        return True
    if process.from_first((options.folder / "last.pt").exists):
        raise ValueError(f"{options.folder} holds a run already. Pass --resume to go on with it, or another --folder.")
    return False


if __name__ == "__main__":
    try:
        record(main)()  # torchrun's report then shows the error
    except (ValueError, OSError, FloatingPointError) as error:
        sys.exit(f"cnnlab.train: {error}")
    except torch.cuda.OutOfMemoryError as error:
        sys.exit(f"cnnlab.train: {error} Fewer pictures at a time are needed. Take a recipe with smaller batches.")
    except KeyboardInterrupt:
        sys.exit("cnnlab.train: interrupted. What --folder keeps can be gone on with: pass --resume.")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # all is written; a thread of PyTorch's that still runs can abort a process on its usual way out
