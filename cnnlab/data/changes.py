"""What the augmentations do to each image once the choices are drawn: the same choices, the same images.

x is (n, c, h, w), uint8 0..255 or float 0..1, and the result is like it; each choice is a tensor (n,).
"""

import torch
import torch.nn.functional as F

from .photographs import grey


def send(choices, x):
    """Bring what was drawn on the CPU to the images; these few numbers do not wait for what a GPU still has to do."""
    return choices.to(x.device, non_blocking=x.is_cuda)


def crop_at(x, top, left, pixels, padding="zeros"):
    """Pad every side by `pixels`, then cut a window of the old size out at (top, left), 0 to 2 * pixels."""
    n, _, h, w = x.shape
    padded = F.pad(x, (pixels,) * 4) if padding == "zeros" else _mirrored(x, pixels)
    windows = padded.unfold(2, h, 1).unfold(3, w, 1)  # (n, c, tops, lefts, h, w), a view
    return windows[torch.arange(n, device=x.device), :, top, left]


def _mirrored(x, pixels):
    """F.pad(mode="reflect"), which does not take bytes on a GPU."""
    for dim in (2, 3):
        last = x.shape[dim] - 1
        index = torch.arange(-pixels, last + 1 + pixels, device=x.device).abs()  # from 0: the mirror at the start
        x = x.index_select(dim, last - (last - index).abs())  # and the one at the end
    return x


def flip_where(x, chosen):
    """Mirror the chosen images left to right."""
    return torch.where(chosen[:, None, None, None], x.flip(3), x)


def recolor(x, brightness, contrast, saturation):
    """Scale brightness, contrast (distance from the image's mean grey), saturation (distance from each pixel's grey).

    A factor of 1 leaves them as they are, 0 takes them away. What leaves the range is cut off once, at the end.
    torchvision.transforms.functional has the three apart, as adjust_brightness and the like, and cuts off each time.
    """
    exact = x if x.is_floating_point() else x.float()
    b, c, s = (factor.to(exact.dtype).view(-1, 1, 1, 1) for factor in (brightness, contrast, saturation))
    pale = grey(exact) if x.shape[1] == 3 else exact
    middle = pale.mean((2, 3), keepdim=True)
    y = torch.addcmul(b * c * (1 - s) * pale + b * (1 - c) * middle, b * c * s, exact)
    return y.clamp_(0, 1) if x.is_floating_point() else y.round_().clamp_(0, 255).to(x.dtype)


def erase_at(x, top, left, size):
    """Fill a square of size x size pixels with each image's own mean color; what lies outside is not there."""
    mean = (x if x.is_floating_point() else x.float()).mean((2, 3), keepdim=True)
    mean = mean if x.is_floating_point() else mean.round_().to(x.dtype)
    return torch.where(_rectangle(x, top, left, top + size, left + size), mean, x)


def blend(x, other, share):
    """The weighted mean of two images: `share` of x, the rest of the other."""
    exact = x if x.is_floating_point() else x.float()
    y = torch.lerp(other.to(exact.dtype), exact, share.to(exact.dtype).view(-1, 1, 1, 1))
    return y if x.is_floating_point() else y.round_().to(x.dtype)


def paste(x, other, top, left, bottom, right):
    """Rows top to before bottom, columns left to before right of the other image in place of those of x."""
    return torch.where(_rectangle(x, top, left, bottom, right), other, x)


def _rectangle(x, top, left, bottom, right):
    """(n, 1, h, w): which pixels lie in each image's own rectangle."""
    rows, columns = (torch.arange(side, device=x.device) for side in x.shape[2:])
    down = (rows >= top[:, None]) & (rows < bottom[:, None])
    across = (columns >= left[:, None]) & (columns < right[:, None])
    return (down[:, :, None] & across[:, None])[:, None]
