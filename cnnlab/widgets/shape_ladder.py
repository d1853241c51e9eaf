"""The shape ladder: a model as a column of boxes, the cost of each layer, and the first layer that does not fit."""

import functools

from cnnlab import shapes
from cnnlab.widgets import hosts, values
from cnnlab.widgets.shape_ladder_state import (
    KEEPS,
    NAMES,
    WHO,
    called,
    chain,
    climb,
    complete,
    describe,
    fixed,
    read,
    settle,
    times,
)

MODELS = ("LeNet", "MnistCNN", "CifarNet", "MLP")


def shape_ladder(model="LeNet", input_shape=None, *, live=False, size=None, channels=None, layer=None):
    """Climb through a model layer by layer; change the size of the pictures, or a layer, and see what breaks, and why.

    model         "LeNet", "MnistCNN", "CifarNet", "MLP", or an nn.Module of your own, layer after layer
    input_shape   (c, h, h) of one picture that the model is built for; a model of the course knows its own
    live          False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    size          pixels of a side of the picture to begin with, 1 to 1024; that of input_shape if None
    channels      of the picture to begin with; those of input_shape if None
    layer         the one to begin with, as its number in the column, from 0; the first with a window if None
    returns       an explorer: its settings are .state, its shapes.Ladder is .ladder, its text one sentence

    Raises ValueError for a model that is no chain of layers.
    """
    if isinstance(model, str):
        from cnnlab import models

        model = getattr(models, values.one_of(WHO, "model", model, MODELS))()
    shape = _picture(model, input_shape)
    layers = read(model, shape)
    built = complete(title=type(model).__name__, layers=layers, channels=shape[0], size=shape[1], layer=layer)
    opened = {"size": built["size"] if size is None else size}
    opened["channels"] = built["channels"] if channels is None else channels
    state = complete(**built | opened)
    return _live()(fixed=fixed(built), **state) if live else ShapeLadderPage(state, built)


def _picture(model, input_shape):
    """(c, h, h) of the pictures that a model is built for."""
    if input_shape is None:
        known = [getattr(model, name, None) for name in ("in_channels", "size")]
        if None in known:
            came = f"{type(model).__name__} does not say which pictures it reads"
            raise values.wrong(WHO, came, "Their shape is needed", "Pass input_shape=(3, 32, 32), say")
        input_shape = (known[0], known[1], known[1])
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) != 3 or input_shape[1] != input_shape[2]:
        came = f"input_shape={input_shape!r}"
        raise values.wrong(WHO, came, "Channels, height and an equal width are needed", "Pass (3, 32, 32), say")
    return tuple(values.whole(WHO, "input_shape", n, 1, 1024) for n in input_shape)


class ShapeLadderPage(hosts.Page):
    module = "shape_ladder_explorer"

    def __init__(self, state, built=None):
        super().__init__(state, fixed(built or state), describe, draw)

    @property
    def ladder(self):
        """The shapes.Ladder as it is set; raises shapes.ShapeError where a layer does not fit."""
        return _ladder(self.state)


def _ladder(state):
    return shapes.ladder(chain(state["layers"]), (state["channels"], state["size"], state["size"]))


@functools.cache
def _live():
    """The widget's class, made on first use: ipywidgets takes a while to import."""
    import traitlets as t

    class ShapeLadder(hosts.live(ShapeLadderPage, NAMES, settle)):
        title = t.Unicode().tag(sync=True)
        layers = t.Any().tag(sync=True)
        channels = t.Int().tag(sync=True)
        size = t.Int().tag(sync=True)
        layer = t.Int().tag(sync=True)

        @property
        def ladder(self):
            """The shapes.Ladder as it is set now; raises shapes.ShapeError where a layer does not fit."""
            return _ladder(self.state)

    return ShapeLadder


def draw(state):
    """The picture of a state, for where no script may run: a box for each shape, from the picture down."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Polygon, Rectangle

    s = complete(**state)
    rungs, fault = climb(s)
    picture = (s["channels"], s["size"], s["size"])
    rows = [("picture", picture, None)]
    rows += [(f"{called(r)}: {r.layer}", r.out_shape, r) for r in rungs if r.layer not in KEEPS]
    tall = max(shape[-1] if len(shape) == 3 else 1 for _, shape, _ in rows)
    wide = max([shape[0] for name, shape, _ in rows if "Flatten" not in name])
    fig = Figure(figsize=(8, 0.5 * len(rows) + 0.5), layout="constrained")
    axes = fig.subplots()
    for i, (name, shape, rung) in enumerate(rows):
        c, h, w = shape if len(shape) == 3 else (shape[-1], 1, 1)
        width, height, aside = min(3 * c / wide, 3.4), max(0.55 * h / tall, 0.06), 0.25 * w / tall
        y = -i - height / 2
        axes.add_patch(Rectangle((0, y), width, height, facecolor="#9ec9ea", edgecolor="#333333"))
        for corners in (
            [(0, y + height), (aside, y + height + aside), (width + aside, y + height + aside), (width, y + height)],
            [(width, y), (width + aside, y + aside), (width + aside, y + height + aside), (width, y + height)],
        ):
            axes.add_patch(Polygon(corners, facecolor="#c9e0f2", edgecolor="#333333"))
        axes.annotate(name, (-0.15, -i), ha="right", va="center", annotation_clip=False)
        cost = f", {rung.parameters:,} parameters" if rung and rung.parameters else ""
        axes.annotate(times(shape) + cost, (3.9, -i), va="center", annotation_clip=False)
    if fault:
        axes.annotate(fault.partition(":")[0], (0, -len(rows)), color="#b2182b", va="center", weight="bold")
    axes.set_xlim(-2.5, 7)
    axes.set_ylim(-len(rows) + (0.5 if not fault else -0.5), 0.8)
    axes.axis("off")
    return fig
