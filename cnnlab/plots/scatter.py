"""Points with a name each: what one thing costs and what it brings."""

import itertools

import numpy as np

from cnnlab.plots.style import INK, colours, figure, open_frame

MARKERS = "osD^vP*Xp<"
PLACES = [(9, 0, "left", "center"), (-9, 0, "right", "center"), (0, 10, "center", "bottom"), (0, -10, "center", "top")]
PLACES += [(9 * side, lift, at, "center") for lift in (9, -9, 18, -18) for side, at in ((1, "left"), (-1, "right"))]


def points(items, xlabel, ylabel, title=None, log_x=False, error=None):
    """Named points in a plane.

    items      {label: (x, y)}
    xlabel     with its unit; ylabel likewise
    title      the finding
    log_x      x in powers of ten
    error      {label: half-width in y}, e.g. one standard deviation over seeds; or a pair, how far down and up
    returns    Figure

    Raises ValueError where a point is no pair, an error has no point, or an x on a logarithmic axis is not above 0.
    """
    error = error or {}
    for label, point in items.items():
        if len(point) != 2:
            raise ValueError(f"points: {label!r} has {len(point)} numbers. Give each label one pair (x, y).")
        if log_x and point[0] <= 0:
            raise ValueError(f"points: {label!r} has x={point[0]}, which no logarithm has. Leave log_x out.")
    if not items or not error.keys() <= items.keys():
        lonely = [label for label in error if label not in items]
        raise ValueError(f"points: {len(items)} points came, and errors without a point: {lonely}. Use equal labels.")
    fig, (ax,) = figure(width=6.4, height=3.8)
    if log_x:
        ax.set_xscale("log")
    for i, (label, (x, y)) in enumerate(items.items()):
        ax.errorbar([float(x)], [float(y)], np.reshape(error[label], (-1, 1)) if label in error else None, label=label,
                    color=colours()[i % 10], marker=MARKERS[i % 10], markersize=7, capsize=3)  # fmt: skip
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.margins(x=0.12, y=0.15)
    open_frame(ax)
    if title:
        ax.set_title(title, fontsize=11, loc="left")
    name_points(ax, [(label, float(x), float(y)) for label, (x, y) in items.items()], error)
    return fig


def name_points(ax, named, error, lines=()):
    """Each label beside its point: right, left, above or below, the first place where it covers nothing.

    named      (label, x, y) of each point
    error      {label: half-width in y, or how far down and up}
    lines      drawn straight from point to point, which no label shall cross
    """
    from matplotlib.transforms import Bbox

    ax.figure.draw_without_rendering()  # from here on places in pixels are known
    point = ax.figure.dpi / 72
    taken = []
    for label, x, y in named:
        down, up = np.broadcast_to(error.get(label, 0), 2)
        (left, low), (right, high) = ax.transData.transform([(x, y - down), (x, y + up)])
        taken.append(Bbox([[left - 5 * point, low - 5 * point], [right + 5 * point, high + 5 * point]]))
    for line in lines:
        corners = ax.transData.transform(line.get_xydata())
        for a, b in itertools.pairwise(corners):
            places = a + (b - a) * np.linspace(0, 1, 200)[:, None]
            taken += [Bbox([place - point, place + point]) for place in places]
    frame = ax.get_window_extent()
    for label, x, y in named:
        text = ax.annotate(label, (x, y), xytext=PLACES[0][:2], textcoords="offset points", fontsize=9, color=INK)
        for place in PLACES:
            _move(text, *place)
            box = text.get_window_extent()
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 + 30 and frame.y0 <= box.y0 and box.y1 <= frame.y1 + 12
            if inside and not any(box.overlaps(other) for other in taken):
                break
        else:
            _move(text, *PLACES[0])  # no room anywhere
        taken.append(text.get_window_extent())


def _move(text, dx, dy, across, down):
    text.set(position=(dx, dy), ha=across, va=down)
