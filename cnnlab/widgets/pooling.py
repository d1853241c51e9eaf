"""The pooling explorer: windows over a picture that moves, and what its output makes of the move."""

from cnnlab.widgets import hosts, pooling_state
from cnnlab.widgets.pooling_state import (
    LIMITS,
    MODES,
    compared,
    complete,
    out_shape,
    picture,
    pooled,
)


def pooling_explorer(
    *,
    live=False,
    image="edges",
    mode="max",
    kernel_size=2,
    stride=None,
    padding=0,
    ceil_mode=False,
    shift=1,
    row=None,
    column=None,
):
    """Pool a picture, move it pixel by pixel, and see what the output makes of the move, with and without blur.

    live          False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    image         "grid" (8x8 numbers), "stripes" (12x12), "digit" (28x28), "photo", "edges" (96x96: a feature map of
                  the photo), or your own (h, w) of 8 to 100 pixels a side; uint8 counts as 0..1
    mode          "max" or "avg"
    kernel_size   pixels of the window, 1 to 7; stride 1 to 6, the window's size if None; padding up to half the window
    ceil_mode     whether pixels that are left over get a window, which hangs over the edge
    shift         pixels, 0 to 8, by which the picture moves right; what leaves there comes back on the left
    row, column   the output pixel that is picked, counted from 0; the middle if None
    returns       an explorer: its settings are .state, its output's size .out_shape, its text one sentence

    Blurred means: pooled with stride 1, ops.blur2d, and only then every stride-th pixel kept.
    """
    return _opens(
        live,
        image=image,
        mode=mode,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        shift=shift,
        row=row,
        column=column,
    )


def draw(state):
    """The picture of a state, for where no script may run: moved picture, outputs, errors of all shifts."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from cnnlab.plots.style import bare

    s = complete(**state)
    x = picture(s).roll(s["shift"], dims=1)
    maps = {"picture": x, MODES[s["mode"]]: pooled(s, x), "blurred": pooled(s, x, blur=True)}
    fig = Figure(figsize=(8, 4.8), layout="constrained")  # two rows: words that can be read on a phone
    *panels, curves = fig.subplots(2, 2).flat
    for axes, (name, values) in zip(panels, maps.items(), strict=True):
        axes.imshow(values.numpy(), cmap="gray", vmin=min(0, x.min()), vmax=x.max(), interpolation="nearest")
        axes.set_title(f"{name} {values.shape[0]}x{values.shape[1]}", fontsize=14)
        bare(axes)
    corner = [s[name] * s["stride"] - s["padding"] - 0.5 for name in ("column", "row")]
    pixel = (s["column"] - 0.5, s["row"] - 0.5)
    for axes, place, size in ((panels[0], corner, s["kernel_size"]), (panels[1], pixel, 1)):
        axes.add_patch(Rectangle(place, size, size, fill=False, edgecolor="#ff9d00", linewidth=2))
    shifts = range(LIMITS["shift"][1] + 1)
    for blur, line, color in ((False, "-", "#e0662f"), (True, "--", "#2f8fd8")):  # as in the living explorer
        errors = [100 * compared(s, shift, blur)[1] for shift in shifts]
        curves.plot(shifts, errors, line, color=color, linewidth=3, label="with blur" if blur else "as it is")
    curves.axvline(s["shift"], color="#888888", linewidth=1)
    curves.set_title("change beyond a movement (%)", fontsize=14)
    curves.set_xlabel("shift (pixels)", fontsize=13)
    curves.tick_params(labelsize=12)
    curves.margins(y=0.35)  # room for the legend
    curves.set_ylim(bottom=0)
    curves.legend(fontsize=12, ncols=2, loc="upper center")
    return fig


_opens = hosts.pair("pooling_explorer", pooling_state, draw, out_shape=out_shape)
