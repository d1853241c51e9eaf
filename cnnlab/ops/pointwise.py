"""The dense layer, and the functions that bend each value by itself."""

import torch

from . import _checks


def linear(x, weight, bias=None):
    """Weigh all values of an image and add them up, once per output.

    x         (n, k)   any range; axes before the last are kept as they are
    weight    (o, k)   one row of weights per output
    bias      (o)      None for 0
    returns   (n, o)

    Raises ValueError if the rows of weight and x are not equally long.
    Same numbers as torch.nn.functional.linear.
    """
    _checks.features("linear", x, weight, bias)
    y = x @ weight.T
    return y if bias is None else y + bias


def relu(x):
    """Keep what is positive, and put 0 for the rest.

    x         (n, c, h, w)   any range, any shape
    returns   (n, c, h, w)   0 and above; nan stays nan

    The slope is 1 above 0, else 0. Same numbers as torch.nn.functional.relu.
    """
    _checks.floats("relu", x=x)
    return torch.where(x <= 0, 0.0, x)  # not x.clamp(min=0): its slope at 0 changed between versions of PyTorch


def leaky_relu(x, negative_slope=0.01):
    """Keep what is positive, and scale the rest down, so that no unit is ever without a slope.

    x                (n, c, h, w)   any range, any shape
    negative_slope   any            at 0 and below
    returns          (n, c, h, w)

    Same numbers as torch.nn.functional.leaky_relu. Source: Maas, Hannun and Ng 2013, section 2.
    """
    _checks.floats("leaky_relu", x=x)
    return torch.where(x > 0, x, negative_slope * x)


def sigmoid(x):
    """Squeeze every value into 0..1: 1 / (1 + exp(-x)).

    x         (n, c, h, w)   any range, any shape
    returns   (n, c, h, w)   0..1; the slope is y * (1 - y), at most 1/4

    Same numbers as torch.sigmoid.
    """
    _checks.floats("sigmoid", x=x)
    # logaddexp(0, -x) is log(1 + exp(-x)); written out, exp(-x) overflows at x = -89 in float32, and its slope is nan
    return torch.exp(-torch.logaddexp(torch.zeros_like(x), -x))


def tanh(x):
    """Squeeze every value into -1..1: a sigmoid, twice as high and half as wide, centred on 0.

    x         (n, c, h, w)   any range, any shape
    returns   (n, c, h, w)   -1..1; the slope is 1 - y**2, at most 1

    Same numbers as torch.tanh.
    """
    _checks.floats("tanh", x=x)
    return 2 * sigmoid(2 * x) - 1
