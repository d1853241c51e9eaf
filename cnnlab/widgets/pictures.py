"""The pictures that several explorers offer, and pictures of the caller's own."""

import base64
import functools
import json
from importlib.resources import files

import torch

from cnnlab.widgets import values

LARGEST = 100  # pixels a side for a picture of one's own: it travels inside the page


@functools.cache
def stored():
    """What cnnlab/js/pictures.json holds, by name: height, width, and the grey pixels as base64."""
    return json.loads((files("cnnlab") / "js" / "pictures.json").read_text(encoding="utf-8"))


@functools.cache
def pixels(name):
    """(h, w) float64 in 0..1: a stored picture."""
    p = stored()[name]
    grey = torch.frombuffer(bytearray(base64.b64decode(p["bytes"])), dtype=torch.uint8)
    return grey.view(p["height"], p["width"]).double() / 255


def chosen(who, image, names, smallest=1):
    """One of the names, or a picture of the caller's own as rows of numbers; uint8 counts as 0..1."""
    if isinstance(image, str):
        return values.one_of(who, "image", image, names)
    bytes_ = str(getattr(image, "dtype", "")).endswith("uint8")
    x = values.table(who, "image", image / 255 if bytes_ else image, "Pass one channel of one picture, like x[0, 0]")
    came, sides = f"image is {len(x)}x{len(x[0])}", (len(x), len(x[0]))
    if max(sides) > LARGEST:
        raise values.wrong(who, came, f"At most {LARGEST} pixels a side fit in a page", "Cut it or shrink it")
    if min(sides) < smallest:
        raise values.wrong(who, came, f"At least {smallest} pixels a side are needed", "Pass a larger one")
    return x
