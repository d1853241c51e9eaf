"""A figure on the page: picture, caption, and the same in words."""

import io

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
    page = io.BytesIO()
    fig.savefig(page, format="png", dpi=DPI, bbox_inches="tight", facecolor="white", metadata={"Software": None})
    picture = {"image/png": page.getvalue(), "text/plain": describe(fig, values=not varies)}
    display(picture, raw=True, metadata={"image/png": {"alt": caption}})
    display({"text/markdown": f"*{caption}*", "text/plain": caption}, raw=True)


def describe(fig, values=True):
    """What a figure holds, in words: titles, axis labels, what is drawn, and its extreme values.

    fig       a matplotlib Figure
    values    False leaves the numbers out
    returns   str, one line per panel

    The words are read from the figure itself, so a curve that is drawn wrongly reads wrongly.
    """
    lines = [f"Figure: {fig.get_suptitle()}" if fig.get_suptitle() else "Figure"]
    for axes in fig.axes:
        if not axes.get_visible() or axes.get_label() == "<colorbar>":
            continue
        title = " ".join(f"{axes.get_title('left')} {axes.get_title()}".split())
        named = [f"{kind} {label}" for kind, label in (("x:", axes.get_xlabel()), ("y:", axes.get_ylabel())) if label]
        drawn = [text for artist in axes.get_children() if (text := _artist(artist, values))]
        drawn += _patches(axes, values)
        lines.append("  " + "; ".join(part for part in (title, *named, *drawn) if part))
    return "\n".join(lines)


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


def _patches(axes, values):
    """Each group of bars: how many, and the size of each by its tick label."""
    names = [tick.get_text() for tick in (*axes.get_yticklabels(), *axes.get_xticklabels())]
    found = []
    for container in axes.containers:
        sizes = [_number(v) for v in container.datavalues]
        labelled = [f"{name} {size}" for name, size in zip(names, sizes, strict=False)]
        found.append(f"{len(sizes)} bars" + (f" ({', '.join(labelled)})" if values and len(sizes) <= 12 else ""))
    return found


def _number(value):
    text = f"{float(value):.2g}"
    return "0" if text in ("-0", "0") else text
