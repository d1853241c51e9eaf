"""Training and measuring: the one room that calls backward().

It asks little of its arguments: a model, and anything that can be gone over again and again and gives pairs of images
and labels, be it a DataLoader, in-memory batches or a plain list.

The command `python -m cnnlab.train` trains by a recipe; torchrun starts it in several processes, which join lets meet.
"""

import random
import sys

import torch

from .calibration import expected_calibration_error
from .checkpoint import load_weights
from .confusion import confusion_matrix
from .descent import sgd_step
from .distributed import join
from .finder import RateSweep, rate_finder
from .history import History
from .launch import torchrun
from .loop import evaluate, fit, predict_logits
from .meter import Result
from .paying import break_even, exchange_seconds
from .process import ALONE, Process
from .sanity import blind_loss, gradient_gap, overfits
from .states import moved

__all__ = [
    "ALONE",
    "History",
    "Process",
    "RateSweep",
    "Result",
    "blind_loss",
    "break_even",
    "confusion_matrix",
    "evaluate",
    "exchange_seconds",
    "expected_calibration_error",
    "fit",
    "gradient_gap",
    "join",
    "load_weights",
    "moved",
    "overfits",
    "predict_logits",
    "rate_finder",
    "seed",
    "sgd_step",
    "torchrun",
]


def seed(number):
    """Start every generator of random numbers at `number`: initial weights, order, dropout, augmentation.

    Covers PyTorch (all devices), Python's random and, where it is loaded, NumPy's legacy generator.
    """
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"seed: number={number!r} is a {type(number).__name__}. A whole number is needed. Pass an int.")
    if not 0 <= number < 2**32:
        raise ValueError(f"seed: number={number}. A number from 0 to 2**32 - 1 is needed. Pass 0, 1, 2, ...")
    torch.manual_seed(number)
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number)
