"""The slopes of a convolution, by hand: what autograd computes for `corr2d` when a loss goes backward through it."""

from . import _checks
from .convolution import conv_transpose2d, corr2d


def weight_gradient(x, grad):
    """The slope of a loss in each weight of y = corr2d(x, weight).

    x         (h, w)      what the filter read
    grad      (oh, ow)    the slope of the loss in each pixel of y
    returns   (kh, kw)    with kh = out_size(h, oh), kw likewise

    A weight meets one pixel of x for each pixel of y. Its slope is the sum of those pixels, each times its `grad`:
    the picture correlated with the slopes. Same numbers as torch.nn.grad.conv2d_weight.
    """
    _checks.floats("weight_gradient", x=x, grad=grad)
    _checks.rank("weight_gradient", "x", x, "h w")
    _checks.rank("weight_gradient", "grad", grad, "oh ow")
    _checks.stops("weight_gradient", x.shape, grad.shape)
    return corr2d(x, grad)


def input_gradient(grad, weight):
    """The slope of a loss in each pixel of x, for y = corr2d(x, weight).

    grad      (oh, ow)    the slope of the loss in each pixel of y
    weight    (kh, kw)
    returns   (h, w)      with out_size(h, kh) = oh, w likewise

    Each pixel of y hands its slope back to the window it came from: a transposed convolution.
    Same numbers as torch.nn.grad.conv2d_input.
    """
    _checks.floats("input_gradient", grad=grad, weight=weight)
    _checks.rank("input_gradient", "grad", grad, "oh ow")
    _checks.rank("input_gradient", "weight", weight, "kh kw")
    return conv_transpose2d(grad[None, None], weight[None, None])[0, 0]
