"""Random changes that keep the label, made for a whole batch by indexing.

Each maker returns a function of (images, generator): (n, c, h, w) in, the same shape and dtype out. The choices are
drawn on the CPU, so that a GPU makes the same ones; generator None means PyTorch's own. changes.py does the rest.
"""

import torch

from .changes import crop_at, erase_at, flip_where, recolor, send


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
        top, left = send(torch.randint(2 * pixels + 1, (2, n), generator=generator), x)
        return crop_at(x, top, left, pixels, padding)

    return crop


def random_flip():
    """Mirror each image left to right with probability one half. Not for digits: a mirrored 2 is no 2."""

    def flip(x, generator=None):
        _check_rank("random_flip", x)
        heads = send(torch.rand(len(x), generator=generator), x) < 0.5
        return flip_where(x, heads)

    return flip


def color_jitter(strength):
    """Change brightness, contrast and saturation of each image, by factors from 1 - strength to 1 + strength.

    strength   0 to 1; images are grey or have red, green and blue, as bytes or as floats in 0..1

    Like torchvision's ColorJitter(strength, strength, strength), but that always in this order and cut off once.
    """
    if isinstance(strength, bool) or not isinstance(strength, int | float):
        raise TypeError(f"color_jitter: strength={strength!r}. A number from 0 to 1 is needed. Pass 0.2.")
    if not 0 <= strength <= 1:
        raise ValueError(f"color_jitter: strength={strength}. 0 to 1 is needed. Pass 0.2.")

    def jitter(x, generator=None):
        _check_rank("color_jitter", x)
        if x.shape[1] not in (1, 3):
            raise ValueError(
                f"color_jitter: x is {tuple(x.shape)}, with {x.shape[1]} channels. 1 (grey) or 3 (red, green, blue) "
                "are needed. Leave it out for other images."
            )
        factors = 1 + strength * (2 * torch.rand(3, len(x), generator=generator) - 1)
        return recolor(x, *send(factors, x))

    return jitter


def random_erase(size):
    """Fill a square of size x size pixels, its middle anywhere in the image, with the image's mean color.

    DeVries and Taylor 2017, "Improved Regularization of Convolutional Neural Networks with Cutout"; there the fill is
    the mean of the data set. As there, what hangs over the edge is lost.
    """
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"random_erase: size={size!r}. A whole number of pixels is needed. Pass 8.")
    if size < 0:
        raise ValueError(f"random_erase: size={size}. 0 or more is needed. Pass 8.")

    def erase(x, generator=None):
        _check_rank("random_erase", x)
        n, _, h, w = x.shape
        if size >= min(h, w):
            raise ValueError(
                f"random_erase: size={size} may erase all of {h} x {w} images. At most {min(h, w) - 1} is needed. "
                f"Pass {min(h, w) // 4}."
            )
        row, column = (send(torch.randint(side, (n,), generator=generator), x) for side in (h, w))
        return erase_at(x, row - size // 2, column - size // 2, size)

    return erase


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
