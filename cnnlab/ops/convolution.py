"""Convolution: the same few weights, multiplied with every window of the image."""

import torch

from . import _checks
from .sliding import pad2d, pad_axis, windows2d


def corr1d(x, weight):
    """Slide one filter along one signal; at each stop multiply what lies under it, and add.

    x         (w)    any range
    weight    (kw)
    returns   (ow)   with ow = out_size(w, kw)

    Raises ValueError if the filter is longer than the signal.
    Same numbers as torch.nn.functional.conv1d with one channel: a cross-correlation, the filter is not flipped.
    """
    _checks.floats("corr1d", x=x, weight=weight)
    _checks.rank("corr1d", "x", x, "w")
    _checks.rank("corr1d", "weight", weight, "kw")
    kw = len(weight)
    (ow,) = _checks.stops("corr1d", x.shape, [kw])
    y = x.new_zeros(ow)
    for column in range(ow):
        y[column] = (x[column : column + kw] * weight).sum()
    return y


def corr2d(x, weight):
    """Slide one filter over one image; at each stop multiply what lies under it, and add.

    x         (h, w)     any range
    weight    (kh, kw)
    returns   (oh, ow)   with oh = out_size(h, kh), ow likewise

    Raises ValueError if the filter is larger than the image.
    Same numbers as torch.nn.functional.conv2d with one channel: a cross-correlation, the filter is not flipped.
    """
    _checks.floats("corr2d", x=x, weight=weight)
    _checks.rank("corr2d", "x", x, "h w")
    _checks.rank("corr2d", "weight", weight, "kh kw")
    kh, kw = weight.shape
    oh, ow = _checks.stops("corr2d", x.shape, (kh, kw))
    y = x.new_zeros(oh, ow)
    for row in range(oh):
        for column in range(ow):
            y[row, column] = (x[row : row + kh, column : column + kw] * weight).sum()
    return y


@_checks.one_image_too
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    """Slide every filter over every image; at each stop multiply the window with it, and add.

    x              (n, c, h, w)                any range
    weight         (o, c // groups, kh, kw)    one filter per output channel
    bias           (o)                         added to every pixel of its feature map; None for 0
    stride         pixels                      int or (rows, columns), as are padding and dilation
    padding        pixels                      on each side; or "same" (keeps the size, for stride 1), "valid" (none)
    dilation       pixels                      from one tap of the filter to the next
    groups         count                       the channels are dealt out to this many independent convolutions
    padding_mode   name                        "zeros", "reflect", "replicate" or "circular", as in nn.Conv2d
    returns        (n, o, oh, ow)              with oh = out_size(h, kh, stride, padding, dilation), ow likewise

    Raises ValueError if the filters read another number of channels, or are larger than the padded image.
    Same numbers as torch.nn.functional.conv2d.
    """
    stride, padding, dilation = _checks.convolution(
        "conv2d", x, weight, bias, stride, padding, dilation, groups, padding_mode
    )
    x = pad2d(x, padding, padding_mode)
    windows = windows2d(x, weight.shape[2:], stride, dilation)  # (n, c, oh, ow, kh, kw)
    windows = windows.unflatten(1, (groups, -1))  # (n, g, c/g, oh, ow, kh, kw)
    weight = weight.unflatten(0, (groups, -1))  # (g, o/g, c/g, kh, kw)
    y = torch.einsum("ngchwij,gocij->ngohw", windows, weight).flatten(1, 2)  # (n, o, oh, ow)
    return y if bias is None else y + bias[:, None, None]


def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    """Slide every filter along every signal; at each stop multiply the window with it, and add.

    x              (n, c, w)              any range; a signal without batch is (c, w)
    weight         (o, c // groups, kw)   one filter per output channel
    bias           (o)                    None for 0
    stride         samples
    padding        samples                on each side; or "same" (keeps the size, for stride 1), "valid" (none)
    dilation       samples                from one tap of the filter to the next
    groups         count                  the channels are dealt out to this many independent convolutions
    padding_mode   name                   "zeros", "reflect", "replicate" or "circular", as in nn.Conv1d
    returns        (n, o, ow)             with ow = out_size(w, kw, stride, padding, dilation)

    Raises ValueError if the filters read another number of channels, or are longer than the padded signal.
    Same numbers as torch.nn.functional.conv1d.
    """
    if isinstance(x, torch.Tensor) and x.ndim == 2:
        return conv1d(x[None], weight, bias, stride, padding, dilation, groups, padding_mode)[0]
    (stride,), (padding,), (dilation,) = _checks.convolution(
        "conv1d", x, weight, bias, stride, padding, dilation, groups, padding_mode
    )
    reach = dilation * (weight.shape[2] - 1) + 1  # from the first tap to the last

    x = pad_axis(x, 2, padding, padding_mode)
    windows = x.unfold(2, reach, stride)[..., ::dilation]  # (n, c, ow, kw)
    windows = windows.unflatten(1, (groups, -1))  # (n, g, c/g, ow, kw)
    weight = weight.unflatten(0, (groups, -1))  # (g, o/g, c/g, kw)
    y = torch.einsum("ngcwj,gocj->ngow", windows, weight).flatten(1, 2)  # (n, o, ow)
    return y if bias is None else y + bias[:, None]


@_checks.one_image_too
def im2col(x, kernel_size, dilation=1, padding=0, stride=1):
    """Write every window as one column; then a convolution is one big matrix product.

    x             (n, c, h, w)                any range
    kernel_size   pixels                      int or (rows, columns), here kh and kw
    dilation      pixels                      from one tap of the window to the next
    padding       pixels                      zeros on each side
    stride        pixels                      from one window to the next
    returns       (n, c * kh * kw, oh * ow)   with oh = out_size(h, kh, stride, padding, dilation), ow likewise

    Raises ValueError if the window is larger than the padded image.
    Same numbers as torch.nn.functional.unfold: weight.flatten(1) @ im2col(x, (kh, kw)) is a convolution.
    """
    _checks.floats("im2col", x=x)
    _checks.rank("im2col", "x", x, "n c h w")
    kernel_size, stride, padding, dilation = _checks.window("im2col", x, kernel_size, stride, padding, dilation)
    windows = windows2d(pad2d(x, padding), kernel_size, stride, dilation)  # (n, c, oh, ow, kh, kw)
    return windows.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)  # (n, c kh kw, oh ow)


@_checks.one_image_too
def conv_transpose2d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Stamp every filter onto the output, once per pixel and as strong as that pixel; where stamps overlap they add.

    x                (n, c, h, w)               any range
    weight           (c, o // groups, kh, kw)   one set of filters per input channel
    bias             (o)                        None for 0
    stride           pixels                     from one stamp to the next; int or (rows, columns), as are the others
    padding          pixels                     cut off on each side
    output_padding   pixels                     added at the bottom and at the right, fewer than stride or dilation
    groups           count                      the channels are dealt out to this many independent operations
    dilation         pixels                     from one tap of the filter to the next
    returns          (n, o, oh, ow)             with out_size(oh, kh, stride, padding, dilation) = h, w likewise

    Raises ValueError if the filters read another number of channels, or if nothing is left inside the padding.
    Same numbers as torch.nn.functional.conv_transpose2d. It is the gradient of conv2d with respect to its input.
    """
    (sh, sw), (ph, pw), (eh, ew), (dh, dw) = _checks.transposed(
        "conv_transpose2d", x, weight, bias, stride, padding, output_padding, groups, dilation
    )
    n, _, h, w = x.shape
    _, o, kh, kw = weight.shape
    x = x.unflatten(1, (groups, -1))  # (n, g, c/g, h, w)
    weight = weight.unflatten(0, (groups, -1))  # (g, c/g, o/g, kh, kw)
    stamps = torch.einsum("ngchw,gcoij->ngohwij", x, weight).flatten(1, 2)  # (n, o, h, w, kh, kw)
    down, across = sh * (h - 1) + 1, sw * (w - 1) + 1  # from the first stamp's corner to the last one's
    y = x.new_zeros(n, o * groups, down + dh * (kh - 1) + eh, across + dw * (kw - 1) + ew)
    for i in range(kh):
        for j in range(kw):
            top, left = i * dh, j * dw
            y[:, :, top : top + down : sh, left : left + across : sw] += stamps[..., i, j]
    y = y[:, :, ph : y.shape[2] - ph, pw : y.shape[3] - pw]  # (n, o, oh, ow)
    return y if bias is None else y + bias[:, None, None]
