"""Pooling: one number per window, no weights."""

import math

import torch

from . import _checks
from .convolution import conv2d
from .sliding import pad2d, windows2d


def pool2d(x, kernel_size, mode="max"):
    """Keep one number for every stop of a window over one image: its largest value or its mean.

    x             (h, w)     any range
    kernel_size   pixels     int or (rows, columns), here kh and kw; the window moves by 1
    mode          name       "max" or "avg"
    returns       (oh, ow)   with oh = out_size(h, kh), ow likewise

    Raises ValueError if the window is larger than the image.
    Same numbers as torch.nn.functional.max_pool2d and avg_pool2d with stride=1; equal values share the gradient.
    """
    _checks.floats("pool2d", x=x)
    _checks.rank("pool2d", "x", x, "h w")
    _checks.mode("pool2d", "mode", mode, ("max", "avg"))
    kh, kw = _checks.per_axis("pool2d", "kernel_size", kernel_size, 1)
    oh, ow = _checks.stops("pool2d", x.shape, (kh, kw))
    y = x.new_zeros(oh, ow)
    for row in range(oh):
        for column in range(ow):
            window = x[row : row + kh, column : column + kw]
            y[row, column] = window.max() if mode == "max" else window.mean()
    return y


@_checks.one_image_too
def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """Keep the largest value under each window.

    x             (n, c, h, w)     any range
    kernel_size   pixels           int or (rows, columns), here kh and kw, as are the next three
    stride        pixels           kernel_size if None
    padding       pixels           on each side, filled with -inf, which is never the largest
    dilation      pixels           from one tap of the window to the next
    ceil_mode     bool             let a last window hang over the edge
    returns       (n, c, oh, ow)   with oh = out_size(h, kh, stride, padding, dilation, ceil_mode), ow likewise

    Raises ValueError if the window is larger than the padded image, or the padding than half the window.
    Same numbers as torch.nn.functional.max_pool2d; of equal values the first one gets the gradient.
    """
    kernel_size, stride, border, dilation = _checks.pool(
        "max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode
    )
    x = pad2d(x, border, value=-math.inf)
    windows = windows2d(x, kernel_size, stride, dilation)  # (n, c, oh, ow, kh, kw)
    return windows.flatten(4).max(dim=4).values  # (n, c, oh, ow)


@_checks.one_image_too
def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """Keep the mean of the values under each window.

    x                   (n, c, h, w)     any range
    kernel_size         pixels           int or (rows, columns), here kh and kw, as are the next two
    stride              pixels           kernel_size if None
    padding             pixels           on each side, filled with zeros
    ceil_mode           bool             let a last window hang over the edge; what hangs over does not count
    count_include_pad   bool             whether the zeros of the padding count as values
    returns             (n, c, oh, ow)   with oh = out_size(h, kh, stride, padding, 1, ceil_mode), ow likewise

    Raises ValueError if the window is larger than the padded image, or the padding than half the window.
    Same numbers as torch.nn.functional.avg_pool2d.
    """
    kernel_size, stride, border, _ = _checks.pool("avg_pool2d", x, kernel_size, stride, padding, 1, ceil_mode)
    (ph, _), (pw, _) = border
    counted = pad2d(torch.ones_like(x[:1, :1]), (ph, pw), value=float(count_include_pad))
    over = [(0, after - before) for before, after in border]  # what ceil_mode adds

    sums = windows2d(pad2d(x, border), kernel_size, stride).sum(dim=(4, 5))  # (n, c, oh, ow)
    counts = windows2d(pad2d(counted, over), kernel_size, stride).sum(dim=(4, 5))  # (1, 1, oh, ow)
    return sums / counts


@_checks.one_image_too
def adaptive_avg_pool2d(x, output_size):
    """Cut each image into output_size x output_size patches, as equal as they can be, and keep their means.

    x             (n, c, h, w)     any range
    output_size   pixels           int or (rows, columns), here oh and ow; None keeps the size of that axis
    returns       (n, c, oh, ow)

    Patches overlap by a pixel where the size does not divide evenly; output_size=1 is the mean of a feature map.
    Same numbers as torch.nn.functional.adaptive_avg_pool2d.
    """
    _checks.floats("adaptive_avg_pool2d", x=x)
    _checks.rank("adaptive_avg_pool2d", "x", x, "n c h w")
    for axis, places in zip((2, 3), _checks.target("adaptive_avg_pool2d", output_size, x.shape[2:]), strict=True):
        size = x.shape[axis]
        starts = [i * size // places for i in range(places)]
        ends = [-(-(i + 1) * size // places) for i in range(places)]  # rounded up
        patches = [x.narrow(axis, a, b - a).mean(dim=axis) for a, b in zip(starts, ends, strict=True)]
        x = torch.stack(patches, dim=axis)  # first (n, c, oh, w), then (n, c, oh, ow)
    return x


@_checks.one_image_too
def blur2d(x, stride=1):
    """Blur each channel a little, then keep every stride-th pixel: smaller images without aliasing.

    x         (n, c, h, w)     any range
    stride    pixels           int or (rows, columns)
    returns   (n, c, oh, ow)   with oh = out_size(h, 3, stride, 1), ow likewise

    The weights are the binomial 1 2 1 along rows and columns, over 16; borders are reflected.
    Source: Zhang 2019, Making convolutional networks shift-invariant again, section 3.
    """
    _checks.floats("blur2d", x=x)
    _checks.rank("blur2d", "x", x, "n c h w")
    _checks.stops("blur2d", x.shape[2:], (2, 2))
    stride = _checks.per_axis("blur2d", "stride", stride, 1)
    c = x.shape[1]
    row = x.new_tensor([0.25, 0.5, 0.25])
    weight = torch.outer(row, row).expand(c, 1, 3, 3)  # one filter per channel, all the same
    return conv2d(x, weight, stride=stride, padding=1, groups=c, padding_mode="reflect")
