"""The receptive-field explorer: a stack of layers along one row of pixels, and what one output of it sees below."""

import torch

from cnnlab.widgets import hosts, receptive_field_state
from cnnlab.widgets.receptive_field_state import (
    DEFAULTS,
    complete,
    extent,
    fields,
    label,
    paths,
    sizes,
)


def receptive_field_explorer(*, live=False, layers=DEFAULTS["layers"], size=32, layer=None, position=None):
    """Stack convolutions and poolings, point at an output, and see what it sees in every layer below.

    live       False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    layers     1 to 6 dicts as shapes.receptive_field takes them, the one that reads the picture first; "kind" is
               "conv" or "max_pool", kernel_size 1 to 7, stride 1 to 4, padding 0 to 9, dilation 1 to 9
    size       pixels in a row of the picture, 5 to 64
    layer      whose output is pointed at, counted from 0; the last one if None
    position   of that output, counted from 0; the middle one if None
    returns    an explorer: its settings are .state, its receptive fields .fields, its text one sentence

    One row is enough: with square windows the columns do the same. Raises ValueError where a window does not fit.
    """
    return _opens(live, layers=layers, size=size, layer=layer, position=position)


def draw(state):
    """The picture of a state, for where no script may run: a row of cells for each layer, the picture at the bottom."""
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from cnnlab.plots.style import SIGNED

    s = complete(**state)
    rows, seen = sizes(s), paths(s)
    grid = [(1, 0.0)] + [
        (f.jump, f.centre) for f in fields(s)
    ]  # a cell is as wide as its jump, over its field's middle
    fig = Figure(figsize=(8, 0.7 * len(rows) + 0.7), layout="constrained")
    axes = fig.subplots()
    for level, (n, (jump, centre)) in enumerate(zip(rows, grid, strict=True)):
        counts = seen[level] if level < len(seen) else torch.zeros(n)
        left = [centre + (i - 0.5) * jump for i in range(n)]
        squares = [Rectangle((x, level - 0.15), jump, 0.3) for x in left]
        cells = PatchCollection(squares, cmap=SIGNED, edgecolor="#777777")
        cells.set_array(shade(counts).numpy())
        cells.set_clim(-1, 1)
        axes.add_collection(cells)
        name = label(s["layers"][level - 1]) if level else "picture"
        axes.annotate(f"{name}: {n}", (0, level), xycoords=("axes fraction", "data"), ha="right", va="center")
        if 0 < level < len(seen):
            layer, (step, start) = s["layers"][level - 1], grid[level - 1]
            taps = [
                (start + (i * layer["stride"] - layer["padding"] + t * layer["dilation"]) * step, centre + i * jump)
                for i in counts.nonzero().flatten().tolist()
                for t in range(layer["kernel_size"])
            ]
            wires = [[(below, level - 0.85), (above, level - 0.15)] for below, above in taps]
            axes.add_collection(LineCollection(wires, colors="#888888", linewidths=0.7))
    jump, centre = grid[s["layer"] + 1]
    pick = (centre + (s["position"] - 0.5) * jump, s["layer"] + 0.85)
    axes.add_patch(Rectangle(pick, jump, 0.3, fill=False, edgecolor="#ff9d00", linewidth=2.5, zorder=3))
    first, last = extent(s)
    axes.plot([first - 0.5, last + 0.5], [-0.35, -0.35], color="#ff9d00", linewidth=3)
    axes.annotate(f"{last - first + 1} pixels", ((first + last) / 2, -0.4), ha="center", va="top")
    axes.set_ylim(-0.9, len(rows) - 0.7)
    axes.autoscale(axis="x")
    axes.axis("off")
    return fig


def shade(counts):
    """How strongly a cell is drawn, 0 to 1: a single path already shows."""
    return torch.where(counts > 0, 0.25 + 0.5 * counts / counts.max().clamp(min=1), 0)


_opens = hosts.pair("receptive_field_explorer", receptive_field_state, draw, fields=fields)
