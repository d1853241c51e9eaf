"""What all figures share: size, colours, and a Figure that belongs to nobody but its caller."""

SIGNED = "RdBu_r"  # red positive, white zero, blue negative
INK = "#222222"
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 1)))


def figure(rows=1, columns=1, width=6.4, height=3.2, **options):
    """A Figure and its axes as a flat list."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), layout="constrained")
    axes = fig.subplots(rows, columns, squeeze=False, **options)
    return fig, list(axes.flat)


def colours():
    """The colour-blind-safe cycle, as hex strings."""
    from matplotlib import colormaps

    return [tuple(c) for c in colormaps["petroff10"].colors] if "petroff10" in colormaps else _petroff()


def _petroff():
    import matplotlib.style

    return [p["color"] for p in matplotlib.style.library["petroff10"]["axes.prop_cycle"]]


def array(x):
    """Any tensor, array or list as a NumPy array on the CPU."""
    import numpy as np

    return x.detach().cpu().numpy() if hasattr(x, "detach") else np.asarray(x)


def bare(axes):
    """No ticks, a thin frame: for pictures."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#bbbbbb")


def open_frame(axes):
    """Left and bottom axis only: for curves and bars."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
