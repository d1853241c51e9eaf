"""Pictures side by side, and small matrices with their numbers."""

import numpy as np

from cnnlab.plots.style import INK, SIGNED, array, bare, figure


def images(pictures, titles=None, columns=None, signed=False, size=1.5, title=None, same_range=None):
    """Pictures in a grid.

    pictures      (n, h, w), (n, 1, h, w), (n, 3, h, w) tensor, or a list of (h, w) and (c, h, w) pictures
    titles        one string per picture
    columns       pictures in a row; all in one row up to 8
    signed        True: red-blue centred on 0 (kernels, feature maps); False: grey, or colour for 3 channels
    size          inches per picture
    title         the finding, above all
    same_range    one grey scale for all pictures; as it stands each has its own, and signed ones share theirs
    returns       Figure

    Raises ValueError for pictures of another shape and for a wrong number of titles.
    """
    shown = [_picture(p) for p in pictures]
    if not shown:
        raise ValueError("images: no pictures came. Give at least one (h, w) or (c, h, w) picture.")
    if titles is not None and len(titles) != len(shown):
        raise ValueError(f"images: {len(titles)} titles for {len(shown)} pictures. Give one title per picture.")
    columns = columns or min(len(shown), 8)
    rows = -(-len(shown) // columns)
    tall = max(p.shape[0] / p.shape[1] for p in shown)
    height = rows * (size * tall + (0.35 if titles else 0.05)) + (0.4 if title else 0)
    fig, axes = figure(rows, columns, width=columns * size + 0.2, height=height)
    same_range = signed if same_range is None else same_range
    whole = np.concatenate([p.ravel() for p in shown])
    for i, ax in enumerate(axes):
        if i >= len(shown):
            ax.set_visible(False)
            continue
        low, high = _limits(whole if same_range else shown[i], signed)
        ax.imshow(shown[i], cmap=SIGNED if signed else "gray", vmin=low, vmax=high, interpolation="nearest")
        bare(ax)
        if titles is not None:
            ax.set_title(str(titles[i]), fontsize=9)
    if title:
        fig.suptitle(title, fontsize=11)
    return fig


def numbers(*matrices, titles=None, symbols=(), highlight=(), decimals=None, title=None):
    """Small matrices side by side with their numbers in the cells, as on paper.

    matrices     (h, w) each
    titles       one string per matrix
    symbols      what stands between them, e.g. ("*", "=")
    highlight    per matrix None or (row, column, height, width): an outlined window
    decimals     places after the point; whole numbers are written without a point
    title        the finding, above all
    returns      Figure

    Raises ValueError for a matrix that is not two-dimensional or too large to read (over 16 cells a side).
    """
    grids = [array(m).astype(float) for m in matrices]
    for grid in grids:
        if grid.ndim != 2 or max(grid.shape) > 16:
            raise ValueError(f"numbers: a matrix of shape {grid.shape} came. Give (h, w) with at most 16 cells a side.")
    widths = [g.shape[1] for g in grids]
    tall = max(g.shape[0] for g in grids)
    cell = 0.42
    gaps = 0.55 * (len(grids) - 1)
    fig, axes = figure(
        1,
        len(grids),
        width=cell * sum(widths) + gaps + 0.3,
        height=cell * tall + (0.35 if titles else 0.1) + (0.4 if title else 0),
        gridspec_kw={"width_ratios": widths},
    )
    for i, (grid, ax) in enumerate(zip(grids, axes, strict=True)):
        limit = np.abs(grid).max() or 1.0
        ax.imshow(grid, cmap=SIGNED, vmin=-2 * limit, vmax=2 * limit)  # pale, so that the numbers stay legible
        bare(ax)
        for (row, column), value in np.ndenumerate(grid):
            ax.text(column, row, _cell(value, decimals), ha="center", va="center", fontsize=9, color=INK)
        if titles:
            ax.set_title(titles[i], fontsize=9)
        if i < len(highlight) and highlight[i]:
            _outline(ax, *highlight[i])
        if i < len(symbols):
            ax.annotate(symbols[i], (1, 0.5), xycoords="axes fraction", xytext=(13, 0), textcoords="offset points",
                        ha="center", va="center", fontsize=14, color=INK)  # fmt: skip
    fig.get_layout_engine().set(wspace=0.5 / max(1, len(grids)), w_pad=0.1)
    if title:
        fig.suptitle(title, fontsize=11)
    return fig


def _picture(p):
    p = array(p)
    if p.ndim == 3 and p.shape[0] == 1:
        p = p[0]
    if p.ndim == 3 and p.shape[0] == 3:
        p = p.transpose(1, 2, 0)
        p = p / 255 if p.dtype == np.uint8 else p.clip(0, 1)
    elif p.ndim != 2:
        raise ValueError(f"images: a picture of shape {p.shape} came. Give (h, w), (1, h, w) or (3, h, w).")
    return p


def _limits(p, signed):
    low, high = float(p.min()), float(p.max())
    if signed:
        reach = max(abs(low), abs(high)) or 1.0
        return -reach, reach
    return low, high if high > low else low + 1


def _cell(value, decimals):
    if decimals is None:
        decimals = 0 if float(value).is_integer() else 2
    return f"{value:.{decimals}f}".replace("-0.00", "0.00")


def _outline(ax, row, column, height, width):
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle((column - 0.5, row - 0.5), width, height, fill=False, edgecolor="#d1495b", linewidth=2.5, zorder=3)
    )
