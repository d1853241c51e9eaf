"""A figure on the page: picture, caption, and the same in words."""

import io
import itertools

DPI = 110


def show(fig, caption, varies=False):
    """Show a figure with its caption under it, and put both in words for readers who see no picture.

    fig        a matplotlib Figure
    caption    one sentence with the finding and its numbers, computed from the data
    varies     True where the drawn values differ from machine to machine (after training): then the
               words name what is drawn and leave the values to the picture

    Raises ValueError for an empty caption.
    """
    from IPython.display import display

    if not isinstance(caption, str) or len(caption.split()) < 3:
        raise ValueError(f"show: caption={caption!r} says too little. Write one sentence that tells the finding.")
    picture = {"image/png": _png(fig), "text/plain": describe(fig, values=not varies)}
    display(picture, raw=True, metadata={"image/png": {"alt": caption}})
    display({"text/markdown": f"*{caption}*", "text/plain": caption}, raw=True)


def _png(fig):
    """The figure as a PNG of at most 256 colours, a third of the size and to the eye the same."""
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()


def describe(fig, values=True):
    """What a figure holds, in words: titles, axis labels, what is drawn, and its extreme values.

    fig       a matplotlib Figure
    values    False leaves the numbers out
    returns   str, one line per panel

    The words are read from the figure itself, so a curve that is drawn wrongly reads wrongly.
    """
    lines = [f"Figure: {fig.get_suptitle()}" if fig.get_suptitle() else "Figure"]
    panels = [axes for axes in fig.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]
    for (shape, _), group in itertools.groupby(panels, key=_kind_of_panel):
        group = list(group)
        if shape and len(group) > 4:
            lines.append(f"  {_pictures(group, shape, values)}")
        else:
            lines += [f"  {_panel(axes, values)}" for axes in group]
    return "\n".join(lines)


def _kind_of_panel(axes):
    """Neighbors of one kind are described together: the size of a lone picture, or None and which panel it is."""
    alone = len(axes.images) == 1 and not (axes.lines or axes.texts or axes.get_xlabel())
    return ("x".join(map(str, axes.images[0].get_array().shape)), None) if alone else (None, id(axes))


def _pictures(group, shape, values):
    """Many pictures in one line."""
    if not values:
        return f"{len(group)} pictures {shape}"  # after training, titles tell measured things, too
    data = [axes.images[0].get_array() for axes in group]
    titles = [title for axes in group if (title := _title(axes))]
    extent = f"from {_number(min(d.min() for d in data))} to {_number(max(d.max() for d in data))}"
    return f"{len(group)} pictures {shape} {extent}" + (f": {', '.join(titles)}" if titles else "")


def _panel(axes, values):
    named = [f"{kind} {label}" for kind, label in (("x:", axes.get_xlabel()), ("y:", axes.get_ylabel())) if label]
    drawn = [text for artist in axes.get_children() if (text := _artist(artist, values))]
    drawn += _bars(axes, values)
    return "; ".join(part for part in (_title(axes), *named, *drawn) if part)


def _title(axes):
    return " ".join(f"{axes.get_title('left')} {axes.get_title()}".split())


def _artist(artist, values):
    from matplotlib.collections import PathCollection
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D

    if isinstance(artist, AxesImage):
        data = artist.get_array()
        size = "x".join(map(str, data.shape))
        return f"picture {size}" + (f" from {_number(data.min())} to {_number(data.max())}" if values else "")
    if isinstance(artist, Line2D) and len(artist.get_xdata()) > 2:
        label = artist.get_label()
        name = f"line '{label}'" if not label.startswith("_") else "line"
        y = [float(v) for v in artist.get_ydata()]
        ends = f" from {_number(y[0])} to {_number(y[-1])}, lowest {_number(min(y))}, highest {_number(max(y))}"
        return f"{name} of {len(y)} points{ends if values else ''}"
    if isinstance(artist, PathCollection):
        return f"{len(artist.get_offsets())} dots"
    return ""


def _bars(axes, values):
    """Each group of bars: how many, and the size of each by its tick label."""
    names = [tick.get_text() for tick in (*axes.get_yticklabels(), *axes.get_xticklabels())]
    found = []
    for container in axes.containers:
        sizes = [_number(v) for v in container.datavalues]
        labelled = [f"{name} {size}" for name, size in zip(names, sizes, strict=False)]
        found.append(f"{len(sizes)} bars" + (f" ({', '.join(labelled)})" if values and len(sizes) <= 12 else ""))
    return found


def _number(value):
    """Whole numbers as they are, others to two digits: what another processor computes reads the same."""
    value = float(value)
    if abs(value) < 1e-6:  # rounding differs from processor to processor
        return "0"
    if value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.2g}"
