"""A drawing made into a picture like those of MNIST, so that a network trained on MNIST can read it."""

import torch
import torch.nn.functional as F

BOX, SIDE = 20, 28  # pixels: the digit's longer side, and the picture (LeCun et al. 1998, section III.A)


def as_digit(drawing):
    """Scale the drawn part to 20 pixels on its longer side and put its centre of mass in the middle of 28x28.

    drawing   (h, w)            ink from 0 (paper) to 1; any size, the digit anywhere on it
    returns   (1, 1, 28, 28)    uint8, 0..255, a batch of one digit

    Raises ValueError for a drawing without ink.
    """
    if not isinstance(drawing, torch.Tensor):
        raise TypeError(
            f"as_digit: drawing is a {type(drawing).__name__}. A tensor (h, w) is needed. Use torch.tensor(drawing)."
        )
    if drawing.dim() != 2:
        raise ValueError(
            f"as_digit: drawing is {tuple(drawing.shape)}. (h, w) is needed. Pick one picture and channel."
        )
    ink = drawing.cpu().double()  # not every device has double precision
    if not bool(((ink >= 0) & (ink <= 1)).all()):
        raise ValueError(
            f"as_digit: drawing goes from {ink.min():g} to {ink.max():g}. 0 to 1 is needed. Divide bytes by 255."
        )
    if not bool(ink.any()):
        raise ValueError(
            f"as_digit: drawing {tuple(ink.shape)} holds no ink. At least one pixel above 0 is needed. Draw."
        )
    rows, columns = ink.any(1).nonzero(), ink.any(0).nonzero()
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    h, w = (max(1, round(side * scale)) for side in ink.shape)
    ink = F.interpolate(ink[None, None], (h, w), mode="bilinear", antialias=True)[0, 0]
    picture = ink.new_zeros(SIDE, SIDE)
    top, left = _start(ink.sum(1)), _start(ink.sum(0))
    picture[top : top + h, left : left + w] = ink
    return _whole(picture * 255).to(drawing.device, torch.uint8)[None, None]


def _start(ink):
    """Where a digit with this much ink per row (or column) begins, for its centre of mass to be in the middle."""
    places = torch.arange(len(ink))
    center = (ink * places).sum() / ink.sum()
    return min(max(int(_whole(SIDE / 2 - center)), 0), SIDE - len(ink))


def _whole(x):
    """Rounded; what only rounding errors keep from a tie counts as a tie, here as in cnnlab/js/drawing.js."""
    return x.round(decimals=6).round()
