"""The bundled photographs. Authors and licences stand in data/README.md."""

import numpy as np
import torch

from .places import BUNDLED

PHOTOS = ("cat", "coffee")


def photos():
    """The names that `photo` knows."""
    return PHOTOS


def photo(name, size=None):
    """A bundled photograph.

    name      one of photos()
    size      pixels: an int for a square or a pair (h, w), cut from the middle and not squashed; None: whole
    returns   (3, h, w)  uint8, 0..255; 170 x 256 if whole
    """
    from PIL import Image, ImageOps

    if name not in PHOTOS:
        raise ValueError(f"photo: name={name!r} is not bundled. There are {', '.join(PHOTOS)}. Pass one of them.")
    h, w = _sides(size)
    with Image.open(BUNDLED / f"{name}.png") as file:
        picture = file.convert("RGB")
    if size is not None:
        picture = ImageOps.fit(picture, (w, h), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()


def grey(x):
    """Brightness of a colour picture, by the weights of ITU-R BT.601: the eye sees green best.

    x         (n, 3, h, w)  any dtype; a single picture is (3, h, w)
    returns   (n, 1, h, w)  the same dtype; uint8 is rounded
    """
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"grey: x is of type {type(x).__name__}. A tensor (3, h, w) is needed. Pass data.photo('cat').")
    if x.dim() not in (3, 4) or x.shape[-3] != 3:
        raise ValueError(f"grey: x is {tuple(x.shape)}. (3, h, w) or (n, 3, h, w) is needed. Pass data.photo('cat').")
    exact = x if x.is_floating_point() else x.float()
    weight = torch.tensor((0.299, 0.587, 0.114), dtype=exact.dtype, device=x.device).view(3, 1, 1)
    y = (exact * weight).sum(-3, keepdim=True)
    return y if x.is_floating_point() else y.round().to(x.dtype)


def _sides(size):
    """(h, w), or (None, None) for the whole picture."""
    if size is None:
        return None, None
    pair = size if isinstance(size, tuple | list) else (size, size)
    if len(pair) != 2 or not all(isinstance(side, int) and side > 0 for side in pair):
        raise ValueError(f"photo: size={size!r}. One whole number above 0 or a pair of them is needed. Pass 128.")
    return pair
