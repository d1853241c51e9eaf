"""The feature-map browser: each map of a trained network, on any picture, and Grad-CAM over it."""

import functools

from cnnlab.widgets import hosts, values
from cnnlab.widgets.feature_browser_state import ANSWER, DEFAULTS, WHO, Subject, ask, complete, describe, said, settle

BLOCK = 64  # maps on the page at once


def feature_browser(
    model=None,
    pictures=None,
    *,
    live=True,
    mean=None,
    sd=None,
    classes=None,
    layers=None,
    image=0,
    layer=None,
    channel=0,
    label=ANSWER,
    cam=True,
):
    """Look at what each layer of a network makes of a picture, and at where it looks for a class.

    model      an nn.Module in evaluation mode that gives logits; models.doodle_net() if None
    pictures   (n, c, h, w) uint8, with 1 or 3 channels; doodles that the net has not seen if None
    live       True: a widget that asks the model as you move; False: a picture and a sentence
    mean, sd   as in data.Batches; the model's own .mean and .sd if None
    classes    a name for each logit; the doodles' for doodle_net, else numbers
    layers     names from model.named_modules() to choose from; those of the model's own parts that give maps if None
    image      which picture
    layer      which layer; the last of `layers` if None
    channel    which of its maps
    label      the class that Grad-CAM is asked for, or "its answer": what the network takes the picture for
    cam        True: Grad-CAM lies over the picture
    returns    a browser: .answer() has its numbers (maps, cam, probabilities, label)

    The model is asked on the device where it is, and its weights stay as they are.
    """
    subject = _subject(model, pictures, mean, sd, classes, layers)
    given = {} if layer is None else {"layer": layer}
    state = complete(subject, image=image, channel=channel, label=label, cam=cam, **given)
    return _live()(fixed=_fixed(subject), **state) if live else BrowserPage(state)


def _subject(model, pictures, mean, sd, classes, layers):
    import torch

    from cnnlab import data, models

    if model is None:
        model, classes = models.doodle_net(), data.DOODLE_CLASSES if classes is None else classes
    if pictures is None:
        pictures, _ = data.doodles(24, seed=1)
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"{WHO}: model is a {type(model).__name__}. An nn.Module is needed. Pass the network itself.")
    if isinstance(pictures, torch.Tensor) and pictures.ndim == 4 and pictures.shape[1] not in (1, 3):
        came = f"pictures has {pictures.shape[1]} channels {tuple(pictures.shape)}"
        raise values.wrong(WHO, came, "1 or 3 can be shown", "Pass gray or colored pictures (n, c, h, w)")
    mean, sd = (getattr(model, name, None) if given is None else given for name, given in (("mean", mean), ("sd", sd)))
    if mean is None or sd is None:
        need = "Those with which the pictures were normalised in training are needed"
        raise values.wrong(WHO, "there is no mean or no sd", need, "Pass mean=dataset.mean, sd=dataset.sd")
    return Subject(model, pictures, mean, sd, classes, layers)


def _fixed(subject):
    return {
        "layers": subject.channels,
        "classes": [ANSWER, *subject.classes],
        "images": len(subject.pictures),
        "block": BLOCK,
    }


class BrowserPage(hosts.Page):
    module = "feature_browser"
    asks_python = True

    def __init__(self, state):
        super().__init__(state, {}, describe, draw)

    def answer(self):
        return ask(self.state)


@functools.cache
def _live():
    """The widget's class, made on first use: ipywidgets takes a while to import."""
    import traitlets as t

    class FeatureBrowser(hosts.live(BrowserPage, ("subject", *DEFAULTS), settle)):
        subject = t.Any()
        image = t.Int().tag(sync=True)
        layer = t.Unicode().tag(sync=True)
        channel = t.Int().tag(sync=True)
        label = t.Unicode().tag(sync=True)
        cam = t.Bool().tag(sync=True)
        asked = t.Int().tag(sync=True)  # the number of the page's last question,
        answered = t.Int().tag(sync=True)  # and of the last that was answered: the page asks one at a time
        shown = t.Dict().tag(sync=True)  # the answer, as the page draws it

        def __init__(self, **state):
            super().__init__(**state)
            self._show()

        def answer(self):
            """Ask the model as it is now."""
            return ask(self.state)

        @t.observe(*DEFAULTS)
        def _show(self, change=None):
            state = self.state
            if self.shown.get("state") != _plain(state):  # several values come at once, and are answered once
                self.shown = packed(state, ask(state))

        def set_state(self, sync_data):
            try:
                super().set_state(sync_data)
            finally:
                self.answered = sync_data.get("asked", self.asked)  # also after an error: the page may ask again

    return FeatureBrowser


def _plain(state):
    return {name: state[name] for name in DEFAULTS}


def packed(state, answer):
    """An answer for the page: numbers as bytes, of at most BLOCK maps around the chosen one."""
    from cnnlab.plots.maps import extent

    first = state["channel"] // BLOCK * BLOCK
    order = answer.probabilities.argsort(descending=True, stable=True)[:3].tolist()
    picture = state["subject"].pictures[state["image"]]
    return {
        "state": _plain(state),
        "sentence": said(state, answer),
        "picture": picture.contiguous().numpy().tobytes(),
        "picture_shape": list(picture.shape),
        "maps": answer.maps[first : first + BLOCK].contiguous().numpy().astype("<f4").tobytes(),
        "first": first,
        "shape": list(answer.maps.shape),
        "range": [float(answer.maps.min()), float(answer.maps.max())],
        "over": extent(answer.cam.shape, picture.shape[1:], state["subject"].fields[state["layer"]]),
        "cam": answer.cam.contiguous().numpy().astype("<f4").tobytes(),
        "label": state["subject"].classes[answer.label],
        "best": [[state["subject"].classes[i], float(answer.probabilities[i])] for i in order],
    }


def draw(state):
    """The picture of a state, for where no script may run: picture, chosen map, all maps of the layer."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from cnnlab.plots.maps import HEAT, extent
    from cnnlab.plots.style import SIGNED, bare

    answer, subject = ask(state), state["subject"]
    picture = subject.pictures[state["image"]].numpy()
    first = state["channel"] // BLOCK * BLOCK
    block, reach = answer.maps[first : first + BLOCK], answer.maps.abs().max().item() or 1
    scale = {"cmap": "gray", "vmin": 0, "vmax": reach, "interpolation": "nearest"}
    if answer.maps.min() < 0:
        scale |= {"cmap": SIGNED, "vmin": -reach}
    fig = Figure(figsize=(8.8, 3.2), layout="constrained")
    seen, chosen, every = fig.subplots(1, 3)
    h, w = picture.shape[1:]
    colour = picture.transpose(1, 2, 0) if len(picture) == 3 else picture[0]
    if state["cam"]:
        grey = colour if colour.ndim == 2 else colour @ (0.299, 0.587, 0.114)
        seen.imshow(grey, cmap="gray", vmin=0, vmax=255)
        place, top = extent(answer.cam.shape, (h, w), subject.fields[state["layer"]]), answer.cam.max().item() or 1
        options = {"cmap": HEAT, "vmin": 0, "vmax": top, "alpha": 0.6, "interpolation": "bilinear", "extent": place}
        seen.imshow(answer.cam.numpy(), **options)
        seen.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5))
    else:
        seen.imshow(colour, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    name = subject.classes[answer.label]
    seen.set_title(f"Grad-CAM for {name}" if state["cam"] else f"picture {state['image']}", fontsize=11)
    chosen.imshow(answer.maps[state["channel"]].numpy(), **scale)
    chosen.set_title(f"{state['layer']}, channel {state['channel']}", fontsize=11)
    sheet, (top, left) = mosaic(block, state["channel"] - first)
    every.imshow(sheet.numpy(), **scale)
    h, w = block.shape[1:]
    every.add_patch(Rectangle((left - 0.5, top - 0.5), w, h, fill=False, edgecolor="#e07b00", linewidth=2))
    every.set_title(f"maps {first} to {first + len(block) - 1} of {len(answer.maps)}", fontsize=11)
    for axes in (seen, chosen, every):
        bare(axes)
    return fig


def mosaic(maps, chosen):
    """All maps (c, h, w) in one sheet, with empty lines between them, and where the chosen one begins in it."""
    count, h, w = maps.shape
    columns, gap = 8 if count > 16 else min(4, count), max(1, h // 8)
    rows = -(-count // columns)
    sheet = maps.new_full((rows * (h + gap) - gap, columns * (w + gap) - gap), float("nan"))
    corners = [(i // columns * (h + gap), i % columns * (w + gap)) for i in range(count)]
    for one, (top, left) in zip(maps, corners, strict=True):
        sheet[top : top + h, left : left + w] = one
    return sheet, corners[chosen]
