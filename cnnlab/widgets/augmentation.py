"""The augmentation explorer: one picture as eight epochs of training see it, and what was drawn for each."""

import functools

from cnnlab.widgets import hosts
from cnnlab.widgets.augmentation_state import (
    DEFAULTS,
    captions,
    choices,
    complete,
    describe,
    fixed,
    mixture,
    settle,
    steps,
)


def augmentation_explorer(
    *,
    live=False,
    image="cat",
    other="coffee",
    crop=4,
    padding="zeros",
    flip=True,
    color=0.2,
    erase=8,
    mixup=0.0,
    seed=0,
    epoch=3,
):
    """Crop, flip, color, erase and mix a picture at random, and see what eight epochs of training see of it.

    live      False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    image     "cat" or "coffee", photographs, or "arrow", a doodle; 32x32 pixels
    other     the same, whom it meets in mixup
    crop      pixels, 0 to 8, of data.random_crop; padding is its "zeros" or "reflect"
    flip      whether data.random_flip is used
    color     strength of data.color_jitter, 0 to 1 in steps of 0.1
    erase     pixels, 0 to 16, of data.random_erase
    mixup     alpha of data.mixup, 0 (none) to 1 in steps of 0.1
    seed      0 to 99: another one draws again
    epoch     1 to 8, the one that is shown step by step
    returns   an explorer: its settings are .state, what was drawn .choices, its text one sentence
    """
    state = complete(
        image=image,
        other=other,
        crop=crop,
        padding=padding,
        flip=flip,
        color=color,
        erase=erase,
        mixup=mixup,
        seed=seed,
        epoch=epoch,
    )
    return _live()(fixed=fixed(), **state) if live else AugmentationPage(state)


class AugmentationPage(hosts.Page):
    module = "augmentation_explorer"

    def __init__(self, state):
        super().__init__(state, fixed(), describe, draw)

    @property
    def choices(self):
        return choices(self.state)


@functools.cache
def _live():
    """The widget's class, made on first use: ipywidgets takes a while to import."""
    import traitlets as t

    class AugmentationExplorer(hosts.live(AugmentationPage, tuple(DEFAULTS), settle)):
        image = t.Unicode().tag(sync=True)
        other = t.Unicode().tag(sync=True)
        crop = t.Int().tag(sync=True)
        padding = t.Unicode().tag(sync=True)
        flip = t.Bool().tag(sync=True)
        color = t.Float().tag(sync=True)
        erase = t.Int().tag(sync=True)
        mixup = t.Float().tag(sync=True)
        seed = t.Int().tag(sync=True)
        epoch = t.Int().tag(sync=True)

        @property
        def choices(self):
            """What was drawn for each epoch, as it is set now."""
            return choices(self.state)

    return AugmentationExplorer


def draw(state):
    """The picture of a state, for where no script may run: the eight epochs, and one of them step by step."""
    from matplotlib.figure import Figure

    from cnnlab.plots.style import bare

    s = complete(**state)
    done, i = steps(s), s["epoch"] - 1
    fig = Figure(figsize=(9, 4.2), layout="constrained")
    above, below = fig.subfigures(2, 1, height_ratios=(1, 1.6))
    for k, (axes, x) in enumerate(zip(above.subplots(1, len(done["mixed"])), done["mixed"], strict=True)):
        axes.imshow(x.permute(1, 2, 0).clamp(0, 1).numpy(), interpolation="nearest")
        mixed = f"\n{mixture(s, choices(s)[k])}" if s["mixup"] else ""
        axes.set_title(f"epoch {k + 1}{mixed}", fontsize=7 if mixed else 9)
        bare(axes)
    for axes, x, caption in zip(below.subplots(1, 4), done.values(), captions(s), strict=True):
        axes.imshow(x[i].permute(1, 2, 0).clamp(0, 1).numpy(), interpolation="nearest")
        axes.set_title(caption.replace(", ", ",\n"), fontsize=9)
        bare(axes)
    return fig
