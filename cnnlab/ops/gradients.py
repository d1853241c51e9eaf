"""The slopes of a convolution, by hand: what autograd computes for `corr2d` when a loss goes backward through it."""

from .convolution import conv_transpose2d, corr2d


def weight_gradient(x, grad):
    """The slope of a loss in each weight of y = corr2d(x, weight).

    x         (h, w)      what the filter read
    grad      (oh, ow)    the slope of the loss in each pixel of y
    returns   (kh, kw)    with kh = out_size(h, oh), kw likewise

    A weight meets one pixel of x for each pixel of y. Its slope is the sum of those pixels, each times its `grad`:
    the picture correlated with the slopes.
    """
    return corr2d(x, grad)


def input_gradient(grad, weight):
    """The slope of a loss in each pixel of x, for y = corr2d(x, weight).

    grad      (oh, ow)    the slope of the loss in each pixel of y
    weight    (kh, kw)
    returns   (h, w)      with out_size(h, kh) = oh, w likewise

    Each pixel of y hands its slope back to the window it came from: a transposed convolution.
    """
    return conv_transpose2d(grad[None, None], weight[None, None])[0, 0]
