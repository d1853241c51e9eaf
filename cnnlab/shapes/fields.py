"""What part of the image one value of a feature map can see."""

from typing import NamedTuple

from torch import nn

from .sizes import sides, whole


class Field(NamedTuple):
    """The view of one layer's outputs onto the image; size, jump and centre are pairs where rows and columns differ."""

    name: str  # of the layer
    size: int  # pixels: width of the patch that one output sees
    jump: int  # pixels between the patches of two neighbours
    centre: float  # where the first output's patch is centred; the first pixel's own centre is 0


# layers in which an output sees one place of its input only
POINTWISE = ("activation", "batchnorm", "dropout", "linear.Identity")


def receptive_field(layers):
    """Size, jump and centre of what one output sees, after each layer of a stack: a list of Field.

    layers   a Sequential, or a list of convolutions, poolings, pointwise layers and dicts such as
             {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 1} (all but the first may be left out)

    A window of k taps widens the field by (k - 1) jumps, a stride multiplies the jump.
    The patch may reach into the padding. Raises ValueError at a layer that sees the whole image.
    """
    fields, before = [], [(1, 1, 0.0), (1, 1, 0.0)]
    for name, layer in _flatten(layers):
        windows = _windows(name, layer)
        after = []
        for (size, jump, centre), (kernel_size, stride, padding, dilation) in zip(before, windows, strict=True):
            left, _ = sides("receptive_field", padding, kernel_size, stride, dilation)
            reach = dilation * (kernel_size - 1)
            after.append((size + reach * jump, jump * stride, centre + (reach / 2 - left) * jump))
        fields.append(Field(name, *(a if a == b else (a, b) for a, b in zip(*after, strict=True))))
        before = after
    return fields


def _flatten(layers, path=""):
    """(name, layer) of every layer, Sequentials inside Sequentials opened."""
    if isinstance(layers, nn.Sequential):
        layers = layers.named_children()
    elif isinstance(layers, (list, tuple)):
        layers = ((str(i), layer) for i, layer in enumerate(layers))
    else:
        layers = [("0", layers)]
    for name, layer in layers:
        if isinstance(layer, nn.Sequential):
            yield from _flatten(layer, f"{path}{name}.")
        else:
            yield path + name, layer


def _windows(name, layer):
    """(kernel_size, stride, padding, dilation) of a layer, along rows and along columns."""
    caller = f"receptive_field: layer {name}"
    if isinstance(layer, nn.Module):
        kind = type(layer).__name__
        spec = {
            k: getattr(layer, k, default)
            for k, default in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1))
        }
        known = "conv" in type(layer).__module__ or "pooling" in type(layer).__module__
        if hasattr(layer, "kernel_size") and known and "Transpose" not in kind and "Unpool" not in kind:
            pass
        elif not any(f"{type(layer).__module__}.{kind}".find(word) >= 0 for word in POINTWISE):
            raise ValueError(
                f"{caller} is a {kind}, which has no window of fixed size. receptive_field follows convolutions, "
                f"poolings and pointwise layers in a row. Pass it the layers before this one."
            )
    else:
        spec = {"stride": 1, "padding": 0, "dilation": 1, **layer}
    pairs = {k: v if isinstance(v, (tuple, list)) and len(v) == 2 else (v, v) for k, v in spec.items()}
    return [
        (
            whole(caller, "kernel_size", pairs["kernel_size"][axis], 1),
            whole(caller, "stride", pairs["stride"][axis], 1),
            pairs["padding"][axis],
            whole(caller, "dilation", pairs["dilation"][axis], 1),
        )
        for axis in (0, 1)
    ]
