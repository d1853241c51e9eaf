"""What part of the image one value of a feature map can see."""

import re
from typing import NamedTuple

from torch import nn

from .sizes import sides, whole

WINDOWS = ("torch.nn.modules.conv", "torch.nn.modules.pooling")  # where PyTorch keeps layers with a window
POINTWISE = ("torch.nn.modules.activation", "torch.nn.modules.batchnorm", "torch.nn.modules.dropout")


class Field(NamedTuple):
    """The patch of the image that one output of a layer sees; pairs (rows, columns) where the two differ."""

    name: str  # of the layer
    size: int  # pixels: how wide the patch is
    jump: int  # pixels between the patches of two neighbours
    centre: float  # pixels: the middle of the first output's patch, where the first pixel's own middle is 0


def receptive_field(layers):
    """Size, jump and centre of what one output sees, after each layer of a stack: a list of Field.

    layers   a Sequential, or a list of convolutions, poolings, pointwise layers and dicts such as
             {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 1}, where all but kernel_size may be left out

    A window of k pixels widens the patch by k - 1 jumps of the layer before, and a stride multiplies the jump.
    Patches may reach over the image's edge into the padding. Raises ValueError at a layer that sees the whole image,
    such as Linear. Source: Araujo, Norris and Sim 2019, Computing receptive fields of convolutional neural networks.
    """
    fields, axes = [], [(1, 1, 0.0), (1, 1, 0.0)]  # a pixel sees itself
    for name, layer in _flatten(layers):
        for axis, (kernel_size, stride, padding, dilation) in enumerate(windows(name, layer)):
            size, jump, centre = axes[axis]
            reach = dilation * (kernel_size - 1)  # from the window's first tap to its last
            axes[axis] = size + reach * jump, jump * stride, centre + (reach / 2 - padding) * jump
        fields.append(Field(name, *(a if a == b else (a, b) for a, b in zip(*axes, strict=True))))
    if not fields:
        raise ValueError(f"receptive_field: there are no layers (layers={layers!r}). At least one is needed. Add one.")
    return fields


def _flatten(layers, path=""):
    """(name, layer) of every layer, Sequentials inside opened."""
    if isinstance(layers, nn.Sequential):
        layers = layers.named_children()
    else:
        layers = enumerate(layers if isinstance(layers, (list, tuple)) else [layers])
    for name, layer in layers:
        if isinstance(layer, nn.Sequential):
            yield from _flatten(layer, f"{path}{name}.")
        else:
            yield f"{path}{name}", layer


def windows(name, layer):
    """(kernel_size, stride, padding before, dilation) of a layer, along rows and along columns."""
    caller = f"receptive_field: layer {name}"
    options = layer if isinstance(layer, dict) else _options(caller, layer)
    options = {"stride": 1, "padding": 0, "dilation": 1} | options
    if sorted(options) != ["dilation", "kernel_size", "padding", "stride"]:
        raise ValueError(
            f"{caller} has {sorted(options)}. It needs kernel_size, and may have stride, padding and dilation. "
            f'Write {{"kernel_size": 3}}, say.'
        )
    for axis in (0, 1):
        one = {
            key: value[axis % len(value)] if isinstance(value, (tuple, list)) else value
            for key, value in options.items()
        }
        kernel_size, stride, dilation = (whole(caller, key, one[key]) for key in ("kernel_size", "stride", "dilation"))
        before, _ = sides(caller, one["padding"], kernel_size, stride, dilation)
        yield kernel_size, stride, before, dilation


def _options(caller, layer):
    kind = type(layer)
    homes = {parent.__module__ for parent in kind.__mro__}
    if hasattr(layer, "kernel_size") and homes & set(WINDOWS) and not re.search("Transpose|Unpool|3d", kind.__name__):
        return {
            key: getattr(layer, key) for key in ("kernel_size", "stride", "padding", "dilation") if hasattr(layer, key)
        }
    if isinstance(layer, nn.Identity) or (homes & set(POINTWISE) and not isinstance(layer, nn.MultiheadAttention)):
        return {"kernel_size": 1}
    raise ValueError(
        f"{caller} is a {kind.__name__}, which has no window of fixed size in rows and columns. Convolutions, poolings "
        f"and pointwise layers, one after the other, are needed. Pass only the layers before this one."
    )
