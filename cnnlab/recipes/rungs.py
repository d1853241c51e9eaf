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


RUNGS = [
    Rung("every trick", "", {}),
    Rung("fixed first layer, whitening", "trained like the others", {}, trained_first=True),
    Rung("rate up and down", "0.1 all along", {"schedule": "constant", "rate": 0.1}),
    Rung("Nesterov momentum", "plain momentum", {"optimizer": "SGD"}),
    Rung("weight decay", "none", {"weight_decay": 0.0}),
    Rung("label smoothing", "none", {"smoothing": 0.0}),
    Rung("crop by up to 2 pixels", "none", {"crop": 0}),
    Rung("flip every second epoch", "by a coin", {"flip": "random"}),
    Rung("flip every second epoch", "never", {"flip": None}),
    Rung("mirror images judge too", "the pictures alone", {"test_flips": False}),
    Rung("bfloat16", "float32", {"precision": None}),
    Rung("channels_last", "PyTorch's own order", {"channels_last": False}),
]
