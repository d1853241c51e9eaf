"""Random changes that keep the label, made for a whole batch by indexing.

Each maker returns a function of (images, generator): (n, c, h, w) in, the same shape and dtype out. The choices are
drawn on the CPU, so that a GPU makes the same ones; generator None means PyTorch's own.
"""

import torch
import torch.nn.functional as F


def random_crop(pixels, padding="zeros"):
    """Pad every side, then cut each image out at its own random place: it moves by up to `pixels` each way.

    padding   "zeros" fills with black, "reflect" with the mirrored image
    """
    if isinstance(pixels, bool) or not isinstance(pixels, int):
        raise TypeError(f"random_crop: pixels={pixels!r}. A whole number is needed. Pass 2.")
    if pixels < 0:
        raise ValueError(f"random_crop: pixels={pixels}. 0 or more is needed. Pass 2.")
    if padding not in ("zeros", "reflect"):
        raise ValueError(f"random_crop: padding={padding!r}. It is 'zeros' or 'reflect'. Pass one of them.")

    def crop(x, generator=None):
        _check_rank("random_crop", x)
        n, _, h, w = x.shape
        if padding == "reflect" and pixels >= min(h, w):
            raise ValueError(
                f"random_crop: pixels={pixels} mirrors more than there is of {h} x {w} images. "
                f"At most {min(h, w) - 1} is needed. Lower pixels or use padding='zeros'."
            )
        padded = F.pad(x, (pixels,) * 4) if padding == "zeros" else _mirrored(x, pixels)
        top, left = torch.randint(2 * pixels + 1, (2, n), generator=generator).to(x.device)
        windows = padded.unfold(2, h, 1).unfold(3, w, 1)  # (n, c, tops, lefts, h, w), a view
        return windows[torch.arange(n, device=x.device), :, top, left]

    return crop


def _mirrored(x, pixels):
    """F.pad(mode="reflect"), which does not take bytes on a GPU."""
    for dim in (2, 3):
        last = x.shape[dim] - 1
        index = torch.arange(-pixels, last + 1 + pixels, device=x.device).abs()  # from 0: the mirror at the start
        x = x.index_select(dim, last - (last - index).abs())  # and the one at the end
    return x


def random_flip():
    """Mirror each image left to right with probability one half. Not for digits: a mirrored 2 is no 2."""

    def flip(x, generator=None):
        _check_rank("random_flip", x)
        heads = torch.rand(len(x), generator=generator).to(x.device) < 0.5
        return torch.where(heads[:, None, None, None], x.flip(3), x)

    return flip


def compose(*augments):
    """One augmentation after the other, from left to right."""
    for augment in augments:
        if not callable(augment):
            raise TypeError(
                f"compose: {augment!r} cannot be called. Functions of (images, generator) are needed. "
                "Pass data.random_crop(2)."
            )

    def composed(x, generator=None):
        for augment in augments:
            x = augment(x, generator)
        return x

    return composed


def _check_rank(function, x):
    if x.dim() != 4:
        raise ValueError(
            f"{function}: x is {tuple(x.shape)}. (n, c, h, w) is needed. Make one image a batch with x[None]."
        )
