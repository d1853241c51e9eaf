"""What a layer sees: its feature maps, and maps laid over the pictures that they belong to."""

import numpy as np

from cnnlab.plots.grids import images
from cnnlab.plots.style import SIGNED, array, bare, figure

HEAT = "inferno"  # equal steps of value are equal steps to the eye; it darkens what counts little


def feature_maps(maps, columns=None, titles=None, title=None):
    """The channels of one layer, all on one scale: a dark map is a quiet one.

    maps      (c, h, w)  red-blue centred on 0 where one is negative, else grey from 0 up
    columns   maps in a row
    titles    one string per map
    title     the finding
    returns   Figure

    Raises ValueError for maps of another shape.
    """
    maps = array(maps)
    if maps.ndim != 3 or not maps.size:
        raise ValueError(
            f"feature_maps: maps of shape {maps.shape} came. (c, h, w) is needed, the maps of one picture. "
            "Take y[0] of a batch."
        )
    signed = bool((maps < 0).any())
    columns = columns or (len(maps) if len(maps) <= 8 else 8 if len(maps) <= 32 else 16)
    fig = images(maps, titles, columns, signed, size=max(0.6, 9 / max(columns, 6)), title=title)
    fig.set_figwidth(fig.get_figwidth() + 0.7)  # room for the scale
    low, high = _limits(maps)
    for ax in fig.axes:
        for image in ax.images:
            image.set_clim(low, high)
    _scale(fig, fig.axes, fig.axes[0].images[0])
    return fig


def overlays(pictures, maps, titles=None, columns=None, size=1.7, title=None, field=None):
    """Maps laid over their pictures, all on one scale: where a network looks.

    pictures   (n, 3, h, w) or (n, 1, h, w)  0..1 or uint8; shown in grey, so that colour means the map alone
    maps       (n, mh, mw)  stretched over the picture; red-blue centred on 0 where one is negative
    titles     one string per picture
    columns    pictures in a row; all in one row up to 8
    size       inches per picture
    title      the finding
    field      what one value of the map sees, a Field of shapes.receptive_field: each value is drawn at the middle of
               it; without it the map is spread evenly over the picture
    returns    Figure

    Raises ValueError for other shapes and counts.
    """
    pictures, maps = array(pictures), array(maps).astype(float)
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or maps.ndim != 3 or len(pictures) != len(maps):
        raise ValueError(
            f"overlays: pictures of shape {pictures.shape} and maps of shape {maps.shape} came. "
            "(n, 3, h, w) or (n, 1, h, w) and (n, mh, mw) are needed. Give one map per picture."
        )
    if not len(maps) or (titles is not None and len(titles) != len(maps)):
        raise ValueError(f"overlays: {len(titles or ())} titles for {len(maps)} pictures. Give one per picture.")
    columns = columns or min(len(maps), 8)
    rows = -(-len(maps) // columns)
    h, w = pictures.shape[2:]
    low, high = _limits(maps)
    place = extent(maps.shape[1:], (h, w), field)
    height = rows * (size * h / w + (0.35 if titles is not None else 0.05)) + 0.4 * bool(title)
    fig, axes = figure(rows, columns, width=columns * size + 0.9, height=height)
    for i, ax in enumerate(axes):
        if i >= len(maps):
            ax.set_visible(False)
            continue
        ax.imshow(_grey(pictures[i]), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        heat = ax.imshow(
            maps[i],
            cmap=HEAT if low >= 0 else SIGNED,
            vmin=low,
            vmax=high,
            alpha=0.6,
            interpolation="bilinear",
            extent=place,
        )
        ax.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5))
        bare(ax)
        if titles is not None:
            ax.set_title(str(titles[i]), fontsize=9)
    _scale(fig, axes, heat)
    if title:
        fig.suptitle(title, fontsize=11)
    return fig


def extent(shape, pixels, field=None):
    """Where a map lies on its picture: left, right, bottom, top in pixels, the first one's own middle being 0.

    shape    (mh, mw)  of the map
    pixels   (h, w)    of the picture
    field    as in overlays; pairs (rows, columns) where the two differ

    Each value lies over a square around the middle of what it sees; without a field over its share of the picture.
    """
    axes = []
    for axis, (count, side) in enumerate(zip(shape, pixels, strict=True)):
        if field is None:
            axes.append((-0.5, side - 0.5))
        else:
            jump, centre = (v[axis] if isinstance(v, tuple) else v for v in (field.jump, field.centre))
            axes.append((centre - jump / 2, centre + jump * (count - 0.5)))
    (top, bottom), (left, right) = axes
    return left, right, bottom, top


def _limits(maps):
    """One range for all maps: from 0 up, or as far below 0 as above."""
    low, high = float(maps.min()), float(maps.max())
    if low < 0:
        return -max(-low, high), max(-low, high)
    return 0, high or 1


def _grey(picture):
    """(c, h, w) as brightness in 0..1, by the weights of ITU-R BT.601."""
    picture = picture / 255 if picture.dtype == np.uint8 else picture.clip(0, 1)
    return picture[0] if len(picture) == 1 else np.tensordot((0.299, 0.587, 0.114), picture, 1)


def _scale(fig, axes, image):
    """What the colours mean, to the right of all panels."""
    bar = fig.colorbar(image, ax=[ax for ax in axes if ax.get_visible()], pad=0.02, fraction=0.05, aspect=25)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
