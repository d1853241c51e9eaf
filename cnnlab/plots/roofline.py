"""The roofline: what a machine can calculate at best, by how much there is to calculate for each byte."""

from cnnlab.plots.scatter import name_points
from cnnlab.plots.style import INK, colours, figure, open_frame


def roofline(layers, peak, bandwidth, title=None):
    """Layers under the roof of a machine: the slope is its memory, the flat part its arithmetic.

    layers      {label: (multiply-adds per byte, multiply-adds per second that were measured)}
    peak        multiply-adds per second, at most
    bandwidth   bytes per second, at most
    title       the finding
    returns     Figure

    Layers left of the corner wait for memory, those right of it for arithmetic. Both axes are in powers of ten.
    Source: Williams, Waterman and Patterson 2009.
    Raises ValueError where a number is not above 0, or no layer came.
    """
    numbers = {"peak": (peak,), "bandwidth": (bandwidth,)} | layers
    wrong = [label for label, values in numbers.items() if not all(value > 0 for value in values)]
    if wrong or not layers:
        raise ValueError(
            f"roofline: {len(layers)} layers came, and a number that is not above 0 for {wrong}. A logarithm needs "
            f"numbers above 0. Give each layer a pair (multiply-adds per byte, multiply-adds per second)."
        )
    giga = 1e9
    corner = peak / bandwidth
    least, most = min(x for x, _ in layers.values()), max(x for x, _ in layers.values())
    left, right = min(least, corner) / 3, max(most, corner) * 6
    low = min(left * bandwidth, *(rate for _, rate in layers.values())) / giga / 2
    high = peak / giga * 6
    fig, (ax,) = figure(width=6.8, height=4.2)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.plot([left, corner, right], [left * bandwidth / giga, peak / giga, peak / giga], color=INK, label="roof")
    ax.plot([corner, corner], [low, high], color=INK, linestyle=":", linewidth=1)
    for label, (x, rate) in layers.items():
        at_best = min(peak, x * bandwidth) / giga
        waits = int(x >= corner)  # 0 for memory, 1 for arithmetic
        ax.plot([x, x], [rate / giga, at_best], color="#bbbbbb", linewidth=1, zorder=1)
        ax.errorbar([x], [rate / giga], label=label, color=colours()[waits], marker="os"[waits], markersize=7)
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)
    ax.set_xlabel("arithmetic intensity (multiply-adds per byte)")
    ax.set_ylabel("billion multiply-adds per second")
    for word, at in (("waits for memory  ", "right"), ("  waits for arithmetic", "left")):
        ax.text(corner, peak / giga * 3, word, ha=at, color=INK, fontsize=9)
    open_frame(ax)
    if title:
        ax.set_title(title, fontsize=11, loc="left")
    name_points(ax, [(label, float(x), float(rate) / giga) for label, (x, rate) in layers.items()], {}, ax.lines)
    return fig
