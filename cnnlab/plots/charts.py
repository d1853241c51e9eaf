"""Curves, bars and the confusion matrix."""

import math

import numpy as np

from cnnlab.plots.style import DASHES, INK, array, colours, figure, open_frame

FEW = 8  # values of a line that are marked one by one
THIN = {"color": INK, "linestyle": ":", "linewidth": 1, "zorder": 0}


def curves(series, xlabel, ylabel, title=None, x=None, spread=None, log_y=False, log_x=False, height=3.2, level=None):
    """Lines that carry their label at the end.

    series     {label: values (n,)}
    xlabel     with its unit; ylabel likewise
    title      the finding
    x          (n,) positions for all lines; 0, 1, 2, ... as it stands
    spread     {label: half-width (n,)} drawn as a band, e.g. one standard deviation over seeds
    level      a value of y that all are compared with, drawn as a thin line
    returns    Figure

    Raises ValueError where x and values differ in length.
    """
    fig, (ax,) = figure(width=6.4, height=height)
    ends = []
    for i, (label, values) in enumerate(series.items()):
        y = array(values).astype(float)
        at = np.arange(len(y)) if x is None else array(x).astype(float)
        if at.shape != y.shape:
            raise ValueError(f"curves: {label!r} has {len(y)} values for {len(at)} positions. Give one value per x.")
        colour, dash = colours()[i % 10], DASHES[i % len(DASHES)]
        few = "o" if len(y) <= FEW else None  # else a line hides that it was measured at a few places only
        ax.plot(at, y, color=colour, linestyle=dash, linewidth=2, label=label, marker=few, markersize=4)
        if spread and label in spread:
            half = array(spread[label]).astype(float)
            ax.fill_between(at, y - half, y + half, color=colour, alpha=0.2, linewidth=0)
        ends.append((label, at[-1], y[-1], colour))
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    if log_y:
        ax.set_yscale("log")
    if log_x:
        ax.set_xscale("log")
    elif x is None or (np.asarray(array(x)) % 1 == 0).all():
        ax.xaxis.get_major_locator().set_params(integer=True)  # half an epoch or layer is no place
    if level is not None:
        ax.axhline(level, **THIN)
    open_frame(ax)
    _label_ends(ax, ends)
    if title:
        ax.set_title(title, fontsize=11, loc="left")
    return fig


def history(rows, title=None):
    """Loss and accuracy per epoch, side by side.

    rows       the rows of a training history: dicts with epoch, loss, accuracy and, where measured,
               val_loss, val_accuracy
    title      the finding
    returns    Figure
    """
    rows = list(getattr(rows, "rows", rows))
    if not rows:
        raise ValueError("history: no epochs came. Train for at least one epoch first.")
    fig, axes = figure(1, 2, width=8.4, height=3)
    epochs = [row["epoch"] for row in rows]
    for ax, key, unit in ((axes[0], "loss", "nats per image"), (axes[1], "accuracy", "share of images")):
        ends = []
        pairs = [(key, "training"), (f"val_{key}", "validation")]
        for i, (name, label) in enumerate((k, v) for k, v in pairs if rows[0].get(k) is not None):
            y = [row[name] for row in rows]
            ax.plot(epochs, y, color=colours()[i], linestyle=DASHES[i], marker="o", markersize=3, label=label)
            ends.append((label, epochs[-1], y[-1], colours()[i]))
        ax.set_xlabel("epoch")
        ax.set_ylabel(f"{key} ({unit})")
        ax.xaxis.get_major_locator().set_params(integer=True)
        open_frame(ax)
        _label_ends(ax, ends)
    if title:
        fig.suptitle(title, fontsize=11)
    return fig


def bars(values, xlabel, title=None, form="{:,.0f}", level=None):
    """Horizontal bars with their value at the end.

    values     {label: number}, or {label: numbers of several runs}: the bar is their mean, each run a dot
    xlabel     with its unit
    title      the finding
    form       how a value is written
    level      a value that all are compared with, drawn as a thin line
    returns    Figure
    """
    labels, runs = list(values), [array(v).astype(float).reshape(-1) for v in values.values()]
    sizes = [run.mean() for run in runs]
    fig, (ax,) = figure(width=6.4, height=0.5 + 0.36 * len(labels))
    ends = [form.format(size) for size in sizes]
    drawn = ax.barh(range(len(labels)), sizes, color=colours()[0], height=0.7)
    for place, (run, label, text) in enumerate(zip(runs, labels, ax.bar_label(drawn, ends), strict=True)):
        text.set(fontsize=9, position=(math.copysign(4 if len(run) == 1 else 7, sizes[place]), 0))
        if len(run) > 1:
            ax.plot(run, [place] * len(run), "o", color=INK, markersize=4, fillstyle="none", label=f"runs of {label}")
            text.xy = (run.max(), place)  # beyond the last dot
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.set_xlabel(xlabel)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")  # no "1e6" set apart
    ax.xaxis.get_major_locator().set_params(nbins=6)
    ax.margins(x=0.15)
    if level is not None:
        ax.axvline(level, **{**THIN, "zorder": 3})
    open_frame(ax)
    if title:
        ax.set_title(title, fontsize=11, loc="left")
    return fig


def confusion(matrix, classes, title=None):
    """The confusion matrix: rows are the truth, columns the prediction, mistakes stand out.

    matrix     (c, c) counts, row = true class, column = predicted class
    classes    c names
    title      the finding
    returns    Figure

    Raises ValueError where the matrix is not square or the names do not fit.
    """
    counts = array(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(classes) != len(counts):
        raise ValueError(
            f"confusion: a matrix of shape {counts.shape} and {len(classes)} class names came. "
            "Give a square matrix with one name per row."
        )
    n = len(classes)
    fig, (ax,) = figure(width=0.44 * n + 1.6, height=0.4 * n + 1.3)
    mistakes = counts.astype(float).copy()
    np.fill_diagonal(mistakes, 0)  # the diagonal is hundreds of times larger and would hide them
    darkest = max(1.0, mistakes.max() * 1.4)
    ax.imshow(mistakes, cmap="Reds", vmin=0, vmax=darkest)
    for (row, column), count in np.ndenumerate(counts):
        dark = mistakes[row, column] > 0.63 * darkest  # from there on white contrasts more than ink
        colour = "#888888" if row == column else "white" if dark else INK
        if count:
            ax.text(column, row, f"{int(count)}", ha="center", va="center", fontsize=8, color=colour)
    turned = 45 if max(len(str(c)) for c in classes) > 2 else 0
    ax.set_xticks(range(n), classes, rotation=turned, ha="right" if turned else "center")
    ax.set_yticks(range(n), classes)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    if title:
        ax.set_title(title, fontsize=11)
    return fig


def _label_ends(ax, ends):
    """Each line's label at its end, pushed apart where two would overlap."""
    if len(ends) == 1 and not ends[0][0]:
        return
    ax.figure.draw_without_rendering()
    place = ax.transData.transform
    heights = sorted((place((x, y))[1], i) for i, (_, x, y, _) in enumerate(ends))
    gap, last, lifted = ax.figure.dpi * 0.15, -np.inf, {}
    for height, i in heights:
        last = max(height, last + gap)
        lifted[i] = (last - height) * 72 / ax.figure.dpi
    for i, (label, x, y, colour) in enumerate(ends):
        ax.annotate(label, (x, y), xytext=(6, lifted[i]), textcoords="offset points", va="center",
                    fontsize=9, color=colour, annotation_clip=False)  # fmt: skip
