"""What each trick of cifar10-laptop brings: the recipe with something else instead, all the rest the same."""

from typing import NamedTuple

from .recipe import Measured


class Rung(NamedTuple):
    """One trick, what stands in its place, and how the recipe does then."""

    trick: str
    instead: str
    without: dict  # what recipe.but changes to take the trick away
    trained_first: bool = False  # the first layer is trained like the others, not read off the pictures and fixed
    measured: Measured | None = None  # without the trick, on training pictures set aside; None: not measured yet


def _measured(accuracy, sd, seconds):
    """Two epochs of 45,000 pictures, judged on the other 5,000."""
    machine = "one core of an Intel Xeon, PyTorch 2.15"
    return Measured(accuracy, sd, seeds=2, seconds=seconds, machine=machine, data="cifar10, two epochs")


RUNGS = [
    Rung("every trick", "", {}, measured=_measured(0.7674, 0.0034, seconds=39)),
    Rung(
        "fixed first layer, whitening",
        "trained like the others",
        {},
        trained_first=True,
        measured=_measured(0.7759, 0.0001, seconds=43),
    ),
    Rung(
        "rate up and down",
        "0.1 all along",
        {"schedule": "constant", "rate": 0.1},
        measured=_measured(0.7102, 0.0031, seconds=39),
    ),
    Rung("Nesterov momentum", "plain momentum", {"optimizer": "SGD"}, measured=_measured(0.7395, 0.0007, seconds=39)),
    Rung("weight decay", "none", {"weight_decay": 0.0}, measured=_measured(0.7595, 0.0041, seconds=38)),
    Rung("label smoothing", "none", {"smoothing": 0.0}, measured=_measured(0.7548, 0.0057, seconds=37)),
    Rung("crop by up to 2 pixels", "none", {"crop": 0}, measured=_measured(0.7865, 0.0052, seconds=37)),
    Rung("flip every second epoch", "by a coin", {"flip": "random"}, measured=_measured(0.7708, 0.0079, seconds=38)),
    Rung("flip every second epoch", "never", {"flip": None}, measured=_measured(0.7677, 0.0228, seconds=37)),
    Rung(
        "mirror images judge too",
        "the pictures alone",
        {"test_flips": False},
        measured=_measured(0.7591, 0.0072, seconds=39),
    ),
    Rung("bfloat16", "float32", {"precision": None}, measured=_measured(0.7653, 0.0072, seconds=89)),
    Rung(
        "channels_last", "PyTorch's own order", {"channels_last": False}, measured=_measured(0.7784, 0.0034, seconds=70)
    ),
]
