"""The state of the kernel explorer: which settings are legal, what they compute, and the sentence that says it."""

import functools

import torch

from cnnlab import ops, shapes
from cnnlab.widgets import pictures, values
from cnnlab.widgets.presets import PRESETS, SIZES, fraction
from cnnlab.widgets.values import number

WHO = "kernel_explorer"
DEFAULTS = {
    "image": "digit",
    "kernel": "sobel_x",
    "kernel_size": None,  # 3, or the size of a kernel of one's own
    "stride": 1,
    "padding": 0,
    "dilation": 1,
    "padding_mode": "zeros",
    "convolution": False,
    "row": None,  # the middle
    "column": None,
}
LIMITS = {"kernel_size": (SIZES[0], SIZES[-1]), "stride": (1, 6), "padding": (0, 6), "dilation": (1, 4)}
IMAGES = ("grid", "digit", "photo")
MODES = ("zeros", "reflect", "circular")
NUMBERS = [[1, 0, 2, 0, 1], [0, 3, 9, 2, 0], [1, 8, 9, 7, 2], [0, 2, 8, 1, 0], [3, 0, 1, 0, 4]]  # a cross in the middle


def complete(**given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    s = values.known(WHO, DEFAULTS, given)
    s["image"], s["kernel"] = pictures.chosen(WHO, s["image"], IMAGES), _kernel(s["kernel"])
    own = None if isinstance(s["kernel"], str) else len(s["kernel"])
    if s["kernel_size"] is None:
        s["kernel_size"] = own or 3
    for name, (low, high) in LIMITS.items():
        s[name] = values.whole(WHO, name, s[name], low, high)
    values.one_of(WHO, "padding_mode", s["padding_mode"], MODES)
    if not isinstance(s["convolution"], bool):
        raise TypeError(f"{WHO}: convolution={s['convolution']!r}. True or False is needed. Pass True to flip.")
    k = s["kernel_size"]
    if own not in (None, k):
        raise values.wrong(WHO, f"kernel_size={k} for your {own}x{own} kernel", "They must agree", f"Pass {own}")
    if own is None and fraction(s["kernel"], k) is None:
        label, needs, _ = PRESETS[s["kernel"]]
        raise values.wrong(WHO, f"{label} with kernel_size={k}", f"It {needs}", "Pass such a kernel_size")
    for name, size in zip(("row", "column"), out_shape(s), strict=True):
        s[name] = size // 2 if s[name] is None else values.whole(WHO, name, s[name], 0, size - 1)
    return s


def settle(state, changed):
    """A whole state in which the rest follows the value that has just been changed."""
    s = dict(state)
    if changed == "kernel" and not isinstance(s["kernel"], str):
        s["kernel_size"] = None
    rest = complete(**s | {"row": None, "column": None})
    for name, size in zip(("row", "column"), out_shape(rest), strict=True):
        rest[name] = values.whole(WHO, name, s[name], 0, size - 1) if name == changed else min(s[name], size - 1)
    return rest


def out_shape(state):
    """(oh, ow), or an error that says why there is no output."""
    k, p, d, mode = (state[name] for name in ("kernel_size", "padding", "dilation", "padding_mode"))
    h, w = picture(state).shape
    small = min(h, w)
    most = {"zeros": p, "reflect": small - 1, "circular": small}[mode]
    if p > most:
        came = f"padding={p} with padding_mode={mode!r} around {h}x{w}"
        raise values.wrong(WHO, came, f"There are pixels for {most} at most", f"Pass padding={most} or less")
    span = d * (k - 1) + 1
    if span > small + 2 * p:
        came = f"a window of {span} pixels (kernel_size={k}, dilation={d}) on {h}x{w} with padding={p}"
        raise values.wrong(WHO, came, f"At most {small + 2 * p} fit", "Raise the padding or make the window smaller")
    return tuple(shapes.out_size(size, k, state["stride"], p, d) for size in (h, w))


def picture(state):
    """(h, w) float64: the image of a whole state."""
    image = state["image"]
    if isinstance(image, str) and image != "grid":
        return pictures.pixels(image)
    return torch.tensor(NUMBERS if image == "grid" else image, dtype=torch.float64)


def weights(state):
    """(k, k) float64: the kernel of a whole state as it is written down, before any flip."""
    if not isinstance(state["kernel"], str):
        return torch.tensor(state["kernel"], dtype=torch.float64)
    whole, divisor = fraction(state["kernel"], state["kernel_size"])
    return torch.tensor(whole, dtype=torch.float64) / divisor


def result(state):
    """(oh, ow) float64: the output of a whole state."""
    weight = weights(state).flip(0, 1) if state["convolution"] else weights(state)
    options = {name: state[name] for name in ("stride", "padding", "dilation", "padding_mode")}
    return ops.conv2d(picture(state)[None, None], weight[None, None], **options)[0, 0]


def describe(state):
    """The sentence of a state, or of an explorer: what it shows, with its numbers."""
    s = complete(**getattr(state, "state", state))
    x, y, k = picture(s), result(s), s["kernel_size"]
    image = (
        {"grid": "grid of numbers"}.get(s["image"], s["image"]) if isinstance(s["image"], str) else "image of your own"
    )
    kernel = f"{PRESETS[s['kernel']][0]} kernel" if isinstance(s["kernel"], str) else "kernel of your own"
    return (
        f"Kernel explorer: {x.shape[0]}x{x.shape[1]} {image}, {k}x{k} {kernel}{', flipped' * s['convolution']}, "
        f"stride {s['stride']}, padding {s['padding']} ({s['padding_mode']}), dilation {s['dilation']}: "
        f"output {y.shape[0]}x{y.shape[1]}, from {number(y.min())} to {number(y.max())}; "
        f"output pixel (row {s['row']}, column {s['column']}) = {number(y[s['row'], s['column']])}"
    )


@functools.cache
def fixed():
    """What the browser needs beside the state: the pictures, and every preset in every size."""
    kernels = {}
    for name, (label, needs, _) in PRESETS.items():
        sizes = {k: found for k in SIZES if (found := fraction(name, k))}
        kernels[name] = {"label": label, "needs": needs, "sizes": sizes}
    return {"numbers": {"grid": NUMBERS}, "pictures": pictures.stored(), "kernels": kernels, "limits": LIMITS}


def _kernel(kernel):
    if isinstance(kernel, str):
        return values.one_of(WHO, "kernel", kernel, PRESETS)
    x = values.table(WHO, "kernel", kernel, "Pass rows, like [[0, 1, 0], [1, 1, 1], [0, 1, 0]]")
    if len(x) != len(x[0]) or len(x) not in SIZES:
        came = f"kernel is {len(x)}x{len(x[0])}"
        raise values.wrong(WHO, came, "A square of 1 to 7 pixels is needed", "Pass for example 3 rows of 3 numbers")
    return x
