"""A window that slides over an image: what convolution and pooling have in common."""

import torch

from . import _checks


@_checks.one_image_too
def windows2d(x, kernel_size, stride=1, dilation=1):
    """Every window of an image, side by side; a view, no number is copied.

    x             (n, c, h, w)             any range
    kernel_size   pixels                   int or (rows, columns), here kh and kw
    stride        pixels                   from one window to the next
    dilation      pixels                   from one tap of the window to the next
    returns       (n, c, oh, ow, kh, kw)   with oh = out_size(h, kh, stride, 0, dilation), ow likewise

    Raises ValueError if the window is larger than the image.
    Same numbers as torch.Tensor.unfold along both axes.
    """
    _checks.floats("windows2d", x=x)
    _checks.rank("windows2d", "x", x, "n c h w")
    (kh, kw), (sh, sw), _, (dh, dw) = _checks.window("windows2d", x, kernel_size, stride, 0, dilation)
    x = x.unfold(2, dh * (kh - 1) + 1, sh)[..., ::dh]  # (n, c, oh, w, kh)
    return x.unfold(3, dw * (kw - 1) + 1, sw)[..., ::dw]  # (n, c, oh, ow, kh, kw)


@_checks.one_image_too
def pad2d(x, padding, mode="zeros", value=0.0):
    """Put a border around each image.

    x         (n, c, h, w)     any range
    padding   pixels           int, (rows, columns) or ((top, bottom), (left, right))
    mode      name             "zeros" (filled with value), "reflect", "replicate" or "circular"
    value     any              of the border when mode is "zeros"
    returns   (n, c, ph, pw)   with ph = h + 2 * padding, pw likewise

    Raises ValueError if a reflection would need more pixels than the image has.
    Same numbers as torch.nn.functional.pad.
    """
    _checks.floats("pad2d", x=x)
    _checks.rank("pad2d", "x", x, "n c h w")
    _checks.mode("pad2d", "mode", mode, _checks.MODES)
    rows, columns = _checks.four_sides("pad2d", padding)
    _checks.border("pad2d", x.shape[2:], (rows, columns), mode)
    return pad_axis(pad_axis(x, 2, rows, mode, value), 3, columns, mode, value)


def pad_axis(x, dim, padding, mode="zeros", value=0.0):
    """Add padding = (before, after) pixels along one axis."""
    before, after = padding
    size = x.shape[dim]
    if mode == "zeros":
        edges = [x.new_full((*x.shape[:dim], width, *x.shape[dim + 1 :]), value) for width in padding]
        return torch.cat([edges[0], x, edges[1]], dim)
    place = torch.arange(-before, size + after, device=x.device)
    if mode == "circular":
        place = place % size
    elif mode == "replicate":
        place = place.clamp(0, size - 1)
    else:
        place = (size - 1) - (size - 1 - place.abs()).abs()  # fold at the first pixel, then at the last
    return x.index_select(dim, place)
