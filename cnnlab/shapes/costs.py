"""What a layer costs: numbers to learn, and multiplications to do."""

import math

from torch import nn

from .sizes import out_size, sides, whole  # noqa: F401


def count_parameters(model):
    """Number of learned values in a layer or model; what two layers share is counted once."""
    return sum(p.numel() for p in model.parameters())


def multiply_adds(layer, in_shape):
    """Multiply-adds for one image: a multiplication and the addition that goes with it count as one.

    layer      convolution, transposed convolution or Linear, or a layer with a method multiply_adds(in_shape) of its
               own; any other single layer costs 0
    in_shape   of one image, without the batch: (c, h, w), or (values,) for Linear

    The convention of the papers, and of torchvision's tables, which call the same number "FLOPs" or "GFLOPS"; where
    FLOPs count multiplications and additions apart, they are twice as many. Biases, activations, pooling and
    normalisation are left out. For a whole model, use ladder(model, in_shape).multiply_adds.
    """
    if callable(own := getattr(layer, "multiply_adds", None)):
        return own(in_shape)
    values = math.prod(layer.weight.shape) if getattr(layer, "weight", None) is not None else 0
    if isinstance(layer, nn.Linear):
        return values * math.prod(in_shape[:-1])
    if isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
        return values * math.prod(in_shape[1:])  # every pixel of the input stamps its filters once
    if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        spec = (layer.kernel_size, layer.stride, layer.dilation)
        padding = layer.padding if isinstance(layer.padding, tuple) else [layer.padding] * len(layer.kernel_size)
        places = [out_size(size, k, s, p, d) for size, k, s, d, p in zip(in_shape[1:], *spec, padding, strict=True)]
        return values * math.prod(places)
    return 0
