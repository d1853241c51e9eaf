"""The augmentation explorer: one picture as eight epochs of training see it, and what was drawn for each."""

from cnnlab.widgets import augmentation_state, hosts
from cnnlab.widgets.augmentation_state import captions, choices, complete, mixture, steps


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
    return _opens(
        live,
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


_opens = hosts.pair("augmentation_explorer", augmentation_state, draw, choices=choices)
