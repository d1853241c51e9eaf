"""The kernel explorer: one filter walks over one picture, and one output pixel shows its sum."""

from cnnlab import ops
from cnnlab.widgets import hosts, kernel_state
from cnnlab.widgets.kernel_state import (
    complete,
    out_shape,
    picture,
    result,
    weights,
)
from cnnlab.widgets.values import number


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
    kernel        a name out of widgets.PRESETS, or your own square tensor or list of rows
    kernel_size   pixels, 1 to 7; 3 if None, or the size of your own kernel
    stride, padding, dilation   pixels: 1 to 6, 0 to 6, 1 to 4
    padding_mode  "zeros", "reflect" or "circular"
    convolution   True: the kernel turned by half a turn; False: correlation, which is what nn.Conv2d does
    row, column   the output pixel that is picked, counted from 0; the middle if None
    returns       an explorer: its settings are .state, its output's size .out_shape, its text one sentence

    Raises ValueError for a setting that has no output, with the reason.
    """
    return _opens(
        live,
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


def draw(state):
    """The picture of a state, for where no script may run: input with the window, kernel, output with the pixel."""
    from matplotlib.figure import Figure

    s = complete(**state)
    x, weight, y, p = picture(s), weights(s), result(s), s["padding"]
    padded = ops.pad2d(x[None, None], p, s["padding_mode"])[0, 0]
    low, high, total = min(0, x.min().item()), x.max().item(), weight.sum().item()
    h, w, oh, ow = *x.shape, *y.shape
    k = s["kernel_size"]
    fig = Figure(figsize=(8, 3), layout="constrained")
    left, middle, right = fig.subplots(1, 3, width_ratios=(1, 0.7, 1))
    _panel(left, padded, (low, high), f"input {h}x{w}" + f", padded to {h + 2 * p}x{w + 2 * p}" * bool(p))
    _panel(middle, weight, None, f"kernel {k}x{k}")
    like_image = bool((weight >= 0).all()) or abs(total - 1) < 1e-6
    _panel(right, y, (low * total, high * total) if like_image else None, f"output {oh}x{ow}")
    span = s["dilation"] * (k - 1) + 1
    _outline(left, s["row"] * s["stride"], s["column"] * s["stride"], span)
    _outline(right, s["row"], s["column"], 1)
    return fig


def _panel(axes, values, grey, title):
    """Values as cells: in grey between two limits, or signed; with their numbers where these fit."""
    from cnnlab.plots.style import SIGNED, bare

    reach = values.abs().max().item() or 1
    low, high = grey or (-reach, reach)
    axes.imshow(values.numpy(), cmap="gray" if grey else SIGNED, vmin=low, vmax=high, interpolation="nearest")
    axes.set_title(title, fontsize=11)
    bare(axes)
    if max(values.shape) > 9:
        return
    for i, row in enumerate(values.tolist()):
        for j, v in enumerate(row):
            dark = v < (low + high) / 2 if grey else abs(v) > 0.6 * reach
            axes.text(j, i, number(v), ha="center", va="center", fontsize=8, color="white" if dark else "black")


def _outline(axes, top, left, size):
    from matplotlib.patches import Rectangle

    place = (left - 0.5, top - 0.5)
    axes.add_patch(Rectangle(place, size, size, fill=False, edgecolor="#ff9d00", linewidth=2.5))


_opens = hosts.pair("kernel_explorer", kernel_state, draw, out_shape=out_shape)
