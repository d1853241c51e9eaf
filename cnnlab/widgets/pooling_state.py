"""The state of the pooling explorer: what it computes, what a shift does to it, and the sentence that says it."""

import functools
import math

import torch

from cnnlab import ops, shapes
from cnnlab.widgets import pictures, values
from cnnlab.widgets.values import number

WHO = "pooling_explorer"
DEFAULTS = {
    "image": "edges",
    "mode": "max",
    "kernel_size": 2,
    "stride": None,  # the window's size, as in PyTorch
    "padding": 0,
    "ceil_mode": False,
    "shift": 1,
    "row": None,  # the middle
    "column": None,
}
LIMITS = {"kernel_size": (1, 7), "stride": (1, 6), "shift": (0, 8)}  # and padding up to half a window
MODES = {"max": "maximum", "avg": "average"}
IMAGES = ("grid", "stripes", "digit", "photo", "edges")
SMALLEST = 8  # pixels a side: every window fits, and something is left to blur
NUMBERS = {
    "grid": [  # a stroke one pixel wide
        [0, 1, 0, 0, 2, 0, 9, 1],
        [1, 0, 2, 0, 0, 9, 1, 0],
        [0, 0, 1, 0, 8, 0, 0, 2],
        [2, 0, 0, 9, 1, 0, 1, 0],
        [0, 1, 0, 9, 0, 0, 0, 1],
        [0, 0, 8, 0, 1, 2, 0, 0],
        [1, 9, 0, 0, 0, 0, 1, 0],
        [9, 0, 2, 1, 0, 0, 0, 1],
    ],
    "stripes": [[1, 0] * 6] * 12,
}


def complete(**given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    s = values.known(WHO, DEFAULTS, given)
    s["image"] = pictures.chosen(WHO, s["image"], IMAGES, SMALLEST)
    values.one_of(WHO, "mode", s["mode"], MODES)
    k = s["kernel_size"] = values.whole(WHO, "kernel_size", s["kernel_size"], *LIMITS["kernel_size"])
    s["stride"] = min(k, LIMITS["stride"][1]) if s["stride"] is None else s["stride"]
    for name in ("stride", "shift"):
        s[name] = values.whole(WHO, name, s[name], *LIMITS[name])
    if s["padding"] != 0 and k // 2 < values.whole(WHO, "padding", s["padding"], 0, LIMITS["kernel_size"][1] // 2):
        came = f"padding={s['padding']} for a window of {k}"
        raise values.wrong(WHO, came, "Pooling pads by at most half its window", f"Pass padding={k // 2} or less")
    s["padding"] = values.whole(WHO, "padding", s["padding"], 0, k // 2)
    if not isinstance(s["ceil_mode"], bool):
        raise TypeError(f"{WHO}: ceil_mode={s['ceil_mode']!r}. True or False is needed. Pass True to round up.")
    for name, size in zip(("row", "column"), out_shape(s), strict=True):
        s[name] = size // 2 if s[name] is None else values.whole(WHO, name, s[name], 0, size - 1)
    return s


def settle(state, changed):
    """A whole state in which the rest follows the value that has just been changed."""
    s = state | {"row": None, "column": None}
    if changed == "kernel_size":
        values.whole(WHO, "kernel_size", s["kernel_size"], *LIMITS["kernel_size"])
        s["padding"] = min(s["padding"], s["kernel_size"] // 2)
    s = complete(**s)
    for name, size in zip(("row", "column"), out_shape(s), strict=True):
        s[name] = state[name] if name == changed else min(state[name], size - 1)
    return complete(**s)


def out_shape(state):
    """(oh, ow) of the pooling; the blurred way has the same, less what ceil_mode adds."""
    k, s, p, up = (state[name] for name in ("kernel_size", "stride", "padding", "ceil_mode"))
    return tuple(shapes.out_size(size, k, s, p, ceil_mode=up) for size in picture(state).shape)


def picture(state):
    """(h, w) float64: the image of a state before it is shifted."""
    image = state["image"]
    if image == "edges":
        return _edges()
    if isinstance(image, str) and image not in NUMBERS:
        return pictures.pixels(image)
    return torch.tensor(NUMBERS[image] if isinstance(image, str) else image, dtype=torch.float64)


@functools.cache
def _edges():
    """(h, w) float64 in 0..1: where the photograph gets brighter from left to right, a feature map."""
    sobel = torch.tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64)
    photo = (255 * pictures.pixels("photo")).round()[None, None]  # whole numbers: equal for Python and the browser
    edges = ops.relu(ops.conv2d(photo, sobel[None, None], padding=1, padding_mode="circular"))[0, 0]
    return edges / edges.max()


def pooled(state, x, blur=False):
    """(oh, ow): x (h, w) pooled; with blur, at every pixel, then blurred, then every stride-th pixel kept."""
    pool = ops.max_pool2d if state["mode"] == "max" else ops.avg_pool2d
    k, s, p = state["kernel_size"], state["stride"], state["padding"]
    if blur:
        return ops.blur2d(pool(x[None], k, 1, p), stride=s)[0]
    return pool(x[None], k, s, p, ceil_mode=state["ceil_mode"])[0]


def difference(a, b):
    """Mean difference of two maps, as a share of the first one's mean size; inf if that is 0 and they differ."""
    apart, size = (a - b).abs().mean().item(), a.abs().mean().item()
    return apart / size if size else math.inf if apart else 0.0


def compared(state, shift, blur=False):
    """What a shift by some pixels does to the output: (change, error, movement).

    change     difference of old and new output, as they lie
    error      what is left of it after the movement that fits best
    movement   by how many columns the old output is moved for that, at most `shift` either way

    The outermost eighths of the columns are not counted. As the picture does, the output comes back on the left when it
    leaves on the right.
    """
    x = picture(state)
    before, after = pooled(state, x, blur), pooled(state, x.roll(shift, dims=1), blur)
    width = before.shape[1]
    inside = slice(width // 8, width - width // 8)
    error, movement = math.inf, 0
    for t in sorted(range(-shift, shift + 1), key=lambda t: (abs(t), -t)):  # of equal ones the shortest, then right
        left = difference(before.roll(t, dims=1)[:, inside], after[:, inside])
        if left < error - 1e-9:
            error, movement = left, t
    return difference(before[:, inside], after[:, inside]), error, movement


def remainder(state, blur=False):
    """(oh, ow): the new output less the old one, moved as fits best."""
    x, (_, _, movement) = picture(state), compared(state, state["shift"], blur)
    return pooled(state, x.roll(state["shift"], dims=1), blur) - pooled(state, x, blur).roll(movement, dims=1)


def describe(state):
    """The sentence of a state: what it shows, with its numbers."""
    s = complete(**state)
    x, k, shift = picture(s), s["kernel_size"], s["shift"]
    y = pooled(s, x.roll(shift, dims=1))
    names = {"grid": "grid of numbers"}
    image = names.get(s["image"], s["image"]) if isinstance(s["image"], str) else "image of your own"
    return (
        f"Pooling explorer: {x.shape[0]}x{x.shape[1]} {image}, moved right by {count(shift, 'pixel')}, "
        f"{MODES[s['mode']]} of {k}x{k}, stride {s['stride']}, padding {s['padding']}{', ceil_mode' * s['ceil_mode']}: "
        f"output {y.shape[0]}x{y.shape[1]}, from {number(y.min())} to {number(y.max())}; "
        f"output pixel (row {s['row']}, column {s['column']}) = {number(y[s['row'], s['column']])}; "
        f"the move {moved(*compared(s, shift))}; with blur it {moved(*compared(s, shift, blur=True))}"
    )


def moved(change, error, movement):
    return f"changes it by {percent(change)}, {percent(error)} beyond a movement by {count(movement, 'column')}"


def percent(share):
    """One decimal; cnnlab/js/pooling.js has the same."""
    return "infinitely much" if math.isinf(share) else f"{number(math.floor(share * 1000 + 0.5 + 1e-9) / 10)}%"


def count(n, noun):
    return f"{n} {noun}{'s' * (abs(n) != 1)}"


def fixed():
    """What the browser needs beside the state."""
    return {"numbers": NUMBERS, "pictures": pictures.stored(), "limits": LIMITS, "modes": MODES}
