"""The kernel explorer: one filter walks over one picture, and one output pixel shows its sum."""

import base64
import functools
import json
import math
import operator
from importlib.resources import files

import torch

from cnnlab import ops, shapes
from cnnlab.widgets import hosts
from cnnlab.widgets.presets import PRESETS, SIZES, fraction

LIMITS = {"kernel_size": (1, 7), "stride": (1, 6), "padding": (0, 6), "dilation": (1, 4)}
MODES = ("zeros", "reflect", "circular")
NUMBERS = [[1, 0, 2, 0, 1], [0, 3, 9, 2, 0], [1, 8, 9, 7, 2], [0, 2, 8, 1, 0], [3, 0, 1, 0, 4]]  # a cross in the middle
LARGEST = 100  # pixels a side of a picture of one's own: it travels inside the page


def kernel_explorer(
    *,
    live=False,
    image="digit",
    kernel="sobel_x",
    kernel_size=None,
    stride=1,
    padding=0,
    dilation=1,
    padding_mode="zeros",
    convolution=False,
    row=None,
    column=None,
):
    """Slide a filter over a picture and see where every number comes from.

    live          False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    image         "grid" (5x5 numbers), "digit" (28x28), "photo" (96x96), or your own (h, w); uint8 counts as 0..1
    kernel        a name out of widgets.PRESETS, or your own square list of lists or tensor
    kernel_size   pixels, 1 to 7; 3 if None, or the size of your own kernel
    stride, padding, dilation   pixels, 1 to 6, 0 to 6 and 1 to 4
    padding_mode  "zeros", "reflect" or "circular"
    convolution   True turns the kernel by half a turn first; False is correlation, which is what nn.Conv2d does
    row, column   the output pixel that is picked; the middle if None
    returns       an explorer with the arguments as .state, and the sentence as its text

    Raises ValueError for a setting that has no output, with the reason.
    """
    state = complete(
        image=image,
        kernel=kernel,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        padding_mode=padding_mode,
        convolution=convolution,
        row=row,
        column=column,
    )
    if not live:
        return _page(state)
    return _live()(**_extra(), **state)


def describe(state):
    """The sentence of a state, or of an explorer: what it shows, with its numbers."""
    s = complete(**getattr(state, "state", state))
    y = result(s)
    picture, kernel = s["image"], s["kernel"]
    h, w = _picture(picture).shape
    what = {"grid": "grid of numbers"}.get(picture, picture) if isinstance(picture, str) else "image of your own"
    k = s["kernel_size"]
    which = f"{PRESETS[kernel][0]} kernel" if isinstance(kernel, str) else "kernel of your own"
    return (
        f"Kernel explorer: {h}x{w} {what}, {k}x{k} {which}{', flipped' if s['convolution'] else ''}, "
        f"stride {s['stride']}, padding {s['padding']} ({s['padding_mode']}), dilation {s['dilation']}: "
        f"output {y.shape[0]}x{y.shape[1]}, from {number(y.min())} to {number(y.max())}; "
        f"output pixel (row {s['row']}, column {s['column']}) = {number(y[s['row'], s['column']])}"
    )


def number(x):
    """Two decimals and no idle zeros; a tie goes up, as in the browser."""
    hundredths = math.floor(float(x) * 100 + 0.5 + 1e-9)
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")


def result(state):
    """The output of a complete state, in float64."""
    x = _picture(state["image"])
    weight = weights(state)
    if state["convolution"]:
        weight = weight.flip(0, 1)
    y = ops.conv2d(
        x[None, None],
        weight[None, None],
        stride=state["stride"],
        padding=state["padding"],
        dilation=state["dilation"],
        padding_mode=state["padding_mode"],
    )
    return y[0, 0]


def weights(state):
    """The kernel of a complete state as it stands on the page, before any flip, in float64."""
    if not isinstance(state["kernel"], str):
        return torch.tensor(state["kernel"], dtype=torch.float64)
    whole, divisor = fraction(state["kernel"], state["kernel_size"])
    return torch.tensor(whole, dtype=torch.float64) / divisor


def complete(**given):
    """A whole legal state of plain values, with defaults filled in, or a ValueError that says why there is none."""
    s = dict(image="digit", kernel="sobel_x", kernel_size=None, stride=1, padding=0, dilation=1,
             padding_mode="zeros", convolution=False, row=None, column=None)  # fmt: skip
    if unknown := set(given) - set(s):
        raise _wrong(f"{sorted(unknown)[0]} is no setting", f"There are {', '.join(s)}", "Use one of these names")
    s |= given
    s["image"] = _plain_image(s["image"])
    s["kernel"] = _plain_kernel(s["kernel"])
    own = None if isinstance(s["kernel"], str) else len(s["kernel"])
    if s["kernel_size"] is None:
        s["kernel_size"] = own or 3
    for name, (low, high) in LIMITS.items():
        s[name] = _whole(name, s[name], low, high)
    if s["padding_mode"] not in MODES:
        raise _wrong(f"padding_mode={s['padding_mode']!r}", f"There are {', '.join(MODES)}", "Pass one of them")
    if not isinstance(s["convolution"], bool):
        raise TypeError(
            f"kernel_explorer: convolution={s['convolution']!r}. True or False is needed. Pass True to flip."
        )
    k = s["kernel_size"]
    if own not in (None, k):
        raise _wrong(f"kernel_size={k} but your kernel is {own}x{own}", "They must agree", "Leave kernel_size out")
    if own is None and fraction(s["kernel"], k) is None:
        label, needs, _ = PRESETS[s["kernel"]]
        raise _wrong(f"{label} has no {k}x{k} kernel (kernel_size={k})", f"It {needs}", "Pass another kernel_size")
    oh, ow = out_shape(s)
    for name, size in (("row", oh), ("column", ow)):
        s[name] = size // 2 if s[name] is None else _whole(name, s[name], 0, size - 1)
    return s


def settle(state, changed):
    """Make the rest follow the value that was just changed; used by the live widget."""
    s = dict(state)
    if changed == "kernel" and not isinstance(s["kernel"], str):
        s["kernel_size"] = None
    rest = complete(**{**s, "row": None, "column": None})
    for name, size in zip(("row", "column"), out_shape(rest), strict=True):
        rest[name] = _whole(name, s[name], 0, size - 1) if name == changed else min(s[name], size - 1)
    return rest


def out_shape(state):
    """(oh, ow) of a state, or a ValueError that says why it has none."""
    s, mode, p = state, state["padding_mode"], state["padding"]
    h, w = _picture(s["image"]).shape
    small = min(h, w)
    most = {"zeros": p, "reflect": small - 1, "circular": small}[mode]
    if p > most:
        raise _wrong(
            f"padding={p} with padding_mode={mode!r} and a picture of {h}x{w}",
            f"{mode} can add at most {most} here, because it has no more pixels to take",
            f"Pass padding={most} or less",
        )
    span = s["dilation"] * (s["kernel_size"] - 1) + 1
    if span > small + 2 * p:
        raise _wrong(
            f"the window spans {span} pixels (kernel_size={s['kernel_size']}, dilation={s['dilation']})",
            f"The picture of {h}x{w} with padding={p} has {small + 2 * p}",
            "Raise the padding or make the window smaller",
        )
    return tuple(shapes.out_size(size, s["kernel_size"], s["stride"], p, s["dilation"]) for size in (h, w))


def _wrong(came, need, do):
    return ValueError(f"kernel_explorer: {came}. {need}. {do}.")


def _whole(name, value, low, high):
    try:
        value = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        value = None
    if value is None:
        raise TypeError(
            f"kernel_explorer: {name} is not a whole number. {low} to {high} is possible. Pass {name}={low}."
        )
    if not low <= value <= high:
        raise _wrong(
            f"{name}={value}", f"{low} to {high} is possible here", f"Pass {name}={min(max(value, low), high)}"
        )
    return value


def _plain_image(image):
    if isinstance(image, str):
        if image not in ("grid", *_pictures()):
            raise _wrong(f"image={image!r}", "There are grid, digit and photo", "Pass one of them or an (h, w) tensor")
        return image
    scale = 255 if str(getattr(image, "dtype", "")).endswith("uint8") else 1
    x = _table("image", image) / scale
    if max(x.shape) > LARGEST:
        raise _wrong(f"image is {tuple(x.shape)}", f"At most {LARGEST} pixels a side fit in a page", "Cut or shrink it")
    return _rounded(x)


def _plain_kernel(kernel):
    if isinstance(kernel, str):
        if kernel not in PRESETS:
            raise _wrong(
                f"kernel={kernel!r}", f"There are {', '.join(PRESETS)}", "Pass one of them or your own numbers"
            )
        return kernel
    x = _table("kernel", kernel)
    if x.shape[0] != x.shape[1] or x.shape[0] not in SIZES:
        raise _wrong(
            f"kernel is {tuple(x.shape)}", "A square of 1 to 7 pixels is needed", "Pass for example a 3x3 list"
        )
    return _rounded(x)


def _table(name, values):
    try:
        x = torch.as_tensor(values).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError):
        x = torch.empty(0)
    if x.dim() != 2 or x.numel() == 0 or not x.isfinite().all():
        came = f"of shape {tuple(x.shape)}" if x.numel() else "not a table of numbers"
        raise _wrong(f"{name} is {came}", "Finite numbers (h, w) are needed", "Pass one channel of one picture, like x[0, 0]"
                     if name == "image" else "Pass a list of rows, like [[0, 1, 0], [1, 1, 1], [0, 1, 0]]")  # fmt: skip
    return x


def _rounded(x):
    """Four decimals, whole numbers as int: short in the page, and the same for Python and the browser."""
    return [[int(v) if float(v).is_integer() else round(v, 4) for v in row] for row in x.tolist()]


@functools.cache
def _pictures():
    return json.loads((files("cnnlab") / "js" / "pictures.json").read_text(encoding="utf-8"))


def _picture(image):
    """(h, w) float64 of what stands in state["image"]."""
    if not isinstance(image, str):
        return torch.tensor(image, dtype=torch.float64)
    return _named(image)


@functools.cache
def _named(name):
    if name == "grid":
        return torch.tensor(NUMBERS, dtype=torch.float64)
    p = _pictures()[name]
    pixels = torch.frombuffer(bytearray(base64.b64decode(p["bytes"])), dtype=torch.uint8)
    return pixels.view(p["height"], p["width"]).double() / 255


@functools.cache
def _extra():
    """What the browser needs and does not change."""
    kernels = {}
    for name, (label, needs, _) in PRESETS.items():
        sizes = {k: found for k in SIZES if (found := fraction(name, k))}
        kernels[name] = {"label": label, "needs": needs, "sizes": sizes}
    return {"extra": {"numbers": NUMBERS, "pictures": _pictures(), "kernels": kernels, "limits": LIMITS}}


def _page(state):
    return hosts.Page("kernel_explorer", state, _extra(), describe, draw)


@functools.cache
def _live():
    """The widget's class. Made on first use: ipywidgets takes half a second to import."""
    import traitlets as t

    def either():
        return t.Union([t.Unicode(), t.List()])

    kinds = {"image": either, "kernel": either, "padding_mode": t.Unicode, "convolution": t.Bool}
    numbers = ("kernel_size", "stride", "padding", "dilation", "row", "column")
    traits = tuple(kinds.items()) + tuple((n, t.Int) for n in numbers)
    cls = hosts.live("KernelExplorer", "kernel_explorer", traits, settle, describe, _page)
    cls.out_shape = property(lambda self: out_shape(self.state), doc="(oh, ow) of the output as it is set now.")
    return cls


def draw(state):
    """The picture of a state, for where no script may run: input with window, kernel, output."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from cnnlab.plots.style import SIGNED, bare

    s = complete(**state)
    x, weight, y = _picture(s["image"]), weights(s), result(s)
    p, k, d = s["padding"], s["kernel_size"], s["dilation"]
    mode = {"zeros": "constant"}.get(s["padding_mode"], s["padding_mode"])
    padded = torch.nn.functional.pad(x[None, None], (p,) * 4, mode=mode)[0, 0]
    fig = Figure(figsize=(9, 3.2), layout="constrained")
    left, middle, right = fig.subplots(1, 3, width_ratios=(1, 0.7, 1))
    grey = bool((weight >= 0).all()) or abs(float(weight.sum()) - 1) < 1e-6
    low, high = min(0.0, float(x.min())), float(x.max())
    reach = float(y.abs().max()) or 1.0
    panels = (
        (left, padded, "gray", low, high, f"input {x.shape[0]}x{x.shape[1]}, padding {p}"),
        (middle, weight, SIGNED, -float(weight.abs().max()) or -1, float(weight.abs().max()) or 1, f"kernel {k}x{k}"),
        (right, y, *(("gray", low * weight.sum(), high * weight.sum()) if grey else (SIGNED, -reach, reach)),
         f"output {y.shape[0]}x{y.shape[1]}"),
    )  # fmt: skip
    for axes, values, colours, lowest, highest, title in panels:
        axes.imshow(values, cmap=colours, vmin=float(lowest), vmax=float(highest), interpolation="nearest")
        axes.set_title(title, fontsize=11)
        bare(axes)
        if max(values.shape) <= 9:
            shades = axes.images[0].norm(values.numpy())
            for (i, j), shade in zip(((i, j) for i in range(len(values)) for j in range(values.shape[1])),
                                     shades.ravel(), strict=True):  # fmt: skip
                dark = shade < 0.5 if colours == "gray" else abs(shade - 0.5) > 0.3
                axes.text(j, i, number(values[i, j]), ha="center", va="center", fontsize=9,
                          color="white" if dark else "black")  # fmt: skip
    span, top, edge = d * (k - 1) + 1, s["row"] * s["stride"], s["column"] * s["stride"]
    for axes, i, j, size in ((left, top, edge, span), (right, s["row"], s["column"], 1)):
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), size, size, fill=False, edgecolor="#ff9d00", linewidth=2.5))
    return fig
