"""Sizes, receptive fields, parameters and multiply-adds: what a network is before it has seen an image."""

from .costs import bytes_moved, count_parameters, multiply_adds
from .faults import ShapeError
from .fields import Field, receptive_field
from .ladder import Ladder, Rung, ladder
from .sizes import out_size, same_padding

__all__ = [
    "Field",
    "Ladder",
    "Rung",
    "ShapeError",
    "bytes_moved",
    "count_parameters",
    "ladder",
    "multiply_adds",
    "out_size",
    "receptive_field",
    "same_padding",
]
