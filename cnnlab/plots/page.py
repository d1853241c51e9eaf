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
    for (sizes, _), group in itertools.groupby(panels, key=_kind_of_panel):
        group = list(group)
        if sizes and len(group) > 4:
            lines.append(f"  {_pictures(group, sizes, values)}")
        else:
            lines += [f"  {_panel(axes, values)}" for axes in group]
    return "\n".join(lines)


def _kind_of_panel(axes):
    """Neighbors of one kind are described together: the sizes of the pictures in a panel that holds nothing else, or
    None and which panel it is."""
    alone = axes.images and not (axes.lines or axes.texts or axes.get_xlabel())
    return (tuple(_size(image) for image in axes.images), None) if alone else (None, id(axes))


def _size(image):
    return "x".join(map(str, image.get_array().shape))


def _pictures(group, sizes, values):
    """Many pictures in one line, with what is laid over them."""
    if not values:
        return f"{len(group)} pictures " + ", each under a map ".join(sizes)  # after training, titles are measured, too
    layers = []
    for i, size in enumerate(sizes):
        data = [axes.images[i].get_array() for axes in group]
        layers.append(f"{size} from {_number(min(d.min() for d in data))} to {_number(max(d.max() for d in data))}")
    titles = [title for axes in group if (title := _title(axes))]
    return f"{len(group)} pictures " + ", each under a map ".join(layers) + (f": {', '.join(titles)}" if titles else "")


def _panel(axes, values):
    named = [
        f"{kind} {' '.join(label.split())}"
        for kind, label in (("x:", axes.get_xlabel()), ("y:", axes.get_ylabel()))
        if label
    ]
    drawn = [text for artist in axes.get_children() if (text := _artist(artist, values))]
    drawn += _bars(axes, values) + _points(axes, values)
    return "; ".join(part for part in (_title(axes), *named, *drawn) if part)


def _title(axes):
    return " ".join(f"{axes.get_title('left')} {axes.get_title()}".split())


def _artist(artist, values):
    from matplotlib.collections import PathCollection
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D

    if isinstance(artist, AxesImage):
        data = artist.get_array()
        return f"picture {_size(artist)}" + (f" from {_number(data.min())} to {_number(data.max())}" if values else "")
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
    """Each group of bars: how many, and the size of each by its tick label, or by its place on an axis of numbers.

    Without values, bars on an axis of numbers are not counted: which places have one is measured, too.
    """
    from matplotlib.container import BarContainer
    from matplotlib.ticker import FixedLocator

    found = []
    for bars in (c for c in axes.containers if isinstance(c, BarContainer)):
        axis = axes.yaxis if bars.orientation == "horizontal" else axes.xaxis
        if isinstance(axis.get_major_locator(), FixedLocator):
            names = [tick.get_text() for tick in axis.get_ticklabels()]
        else:
            places = [(b.get_y() + b.get_height() / 2, b.get_x() + b.get_width() / 2) for b in bars]
            names = [f"at {_number(place[bars.orientation == 'vertical'])}:" for place in places]
            if not values:
                found.append("bars")
                continue
        sizes = [_number(v) for v in bars.datavalues]
        labelled = [f"{name} {size}" for name, size in zip(names, sizes, strict=False)]
        found.append(f"{len(sizes)} bars" + (f" ({', '.join(labelled)})" if values and len(sizes) <= 12 else ""))
    return found


def _points(axes, values):
    """Named points with their errors."""
    from matplotlib.container import ErrorbarContainer

    named = []
    for point in (c for c in axes.containers if isinstance(c, ErrorbarContainer)):
        where = ", ".join(_number(v) for v in point.lines[0].get_xydata()[0])
        for bar in point.lines[2]:
            (_, low), (_, high) = bar.get_segments()[0]
            where += f" ± {_number((high - low) / 2)}"
        named.append(f"'{point.get_label()}'" + (f" ({where})" if values else ""))
    return [f"{len(named)} points: {', '.join(named)}"] if named else []


def _number(value):
    """Whole numbers as they are, others to two digits: what another processor computes reads the same."""
    value = float(value)
    if abs(value) < 1e-6:  # rounding differs from processor to processor
        return "0"
    if value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.2g}"
