"""What to say when a layer does not fit what arrives at it."""

import math

from torch import nn

from .fields import windows

IMAGE_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.BatchNorm2d)


class ShapeError(ValueError):
    """A layer does not fit what arrives at it; the message names the layer, both shapes and the cure."""


def misfit(module, shape, first):
    """What arrived, what the layer reads, and the cure; None for layers that no learner meets.

    shape   of one image as it arrives at the layer
    first   whether it is the model's first layer
    """
    kind = type(module).__name__
    if isinstance(module, nn.Linear):
        values, reads = math.prod(shape), module.in_features
        spread = f" as {shape}" if len(shape) > 1 else ""
        cures = ["put nn.Flatten() before it"] if spread else []
        cures += [f"build it with in_features={values}"] if values != reads else []
        return f"Linear({reads}, {module.out_features}) gets {values} values per image{spread}; {' and '.join(cures)}."
    if not isinstance(module, IMAGE_LAYERS):
        return None
    if len(shape) != 3:
        cure = "write input_shape=(1, 28, 28), say" if first else "keep the axes of the image up to here"
        return f"{kind} gets {shape} per image but reads (channels, height, width); {cure}."
    c, h, w = shape
    if isinstance(module, nn.BatchNorm2d) and c != module.num_features:
        return f"BatchNorm2d({module.num_features}) gets {c} channels, {shape}; build it with num_features={c}."
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and c != module.in_channels:
        call = f"{kind}({module.in_channels}, {module.out_channels}, {times(module.kernel_size)})"
        return f"{call} gets {c} channels, {shape}; build it with in_channels={c}."
    if isinstance(module, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)):
        for size, (kernel_size, _, padding, dilation) in zip((h, w), windows("", module), strict=True):
            reach = dilation * (kernel_size - 1) + 1
            if reach > size + 2 * padding:
                return (
                    f"its window of {reach} pixels has no place in an image of {h}x{w} with padding {padding}; "
                    f"use a smaller kernel_size or more padding, or shrink the image less before it."
                )
    return None


def mixed_up(place, shape, images):
    """The error for a reshape that moved pixels into the batch's axis, seen at the layer after it."""
    return ShapeError(
        f"ladder: {place} gets {shape[0] if shape else 0} rows for {images} images, {shape}: the reshape before it "
        f"mixes images up. Each image must stay in its row. Write torch.flatten(x, 1) there, which gives "
        f"{math.prod(shape) // images} values per image."
    )


def times(sizes):
    """16x5x5"""
    return "x".join(map(str, sizes))
