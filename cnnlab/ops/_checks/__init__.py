"""What the operations accept. Every message says what came, what is needed and what to do."""

from .tensors import axis, floats, given, mode, one_image_too, rank, vector
from .values import classes, features, folding, norm, same_shape
from .windows import MODES, border, convolution, four_sides, per_axis, pool, stops, target, transposed, window

__all__ = [
    "MODES",
    "axis",
    "border",
    "classes",
    "convolution",
    "features",
    "floats",
    "folding",
    "four_sides",
    "given",
    "mode",
    "norm",
    "one_image_too",
    "per_axis",
    "pool",
    "rank",
    "same_shape",
    "stops",
    "target",
    "transposed",
    "vector",
    "window",
]
