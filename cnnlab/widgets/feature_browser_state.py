"""The state of the feature-map browser: a network with its pictures, what may be asked of them, and what it answers."""

import functools
from typing import NamedTuple

import torch

from cnnlab import inside, shapes
from cnnlab.widgets import values
from cnnlab.widgets.values import number, text

WHO = "feature_browser"
ANSWER = "its answer"  # the class that the network itself takes the picture for
DEFAULTS = {
    "image": 0,  # which of the pictures
    "layer": "",  # a name; the subject's last one if empty
    "channel": 0,
    "label": ANSWER,  # or a class: whom Grad-CAM asks for
    "cam": True,  # Grad-CAM is laid over the picture
}


class Subject:
    """A network, pictures for it, and the layers to look at."""

    def __init__(self, model, pictures, mean, sd, classes, layers):
        from cnnlab import data

        self.model, self.pictures = model, pictures
        device = next((p.device for p in model.parameters()), torch.device("cpu"))
        self.x = data.normalise(pictures, mean, sd).to(device)
        logits, sizes = self._sizes()
        self.classes = _names(classes, logits.shape[1])
        self.channels = _chosen(layers, sizes)  # {layer: how many maps}

    def _sizes(self):
        """What the model says about the first picture, and {layer: shape} of what each of its layers gives, once.

        .fields becomes {layer: what one value of its maps sees, or None where that is not known}.
        """
        given, handles, self.fields = {}, [], {}
        windows = {self.x.shape[2:]: []}  # size of maps: the layers with a window on the way there; branches that meet
        # are of one size, and look at the same place

        def keep(module, inputs, y, name):
            given.setdefault(name, []).append(y)
            if isinstance(y, torch.Tensor) and y.ndim == 4:
                if hasattr(module, "kernel_size") and isinstance(inputs[0], torch.Tensor):
                    before = windows.get(inputs[0].shape[2:])
                    windows[y.shape[2:]] = None if before is None else [*before, module]
                self.fields[name] = _field(windows.get(y.shape[2:]))

        for name, module in self.model.named_modules():
            if name:
                handles.append(module.register_forward_hook(functools.partial(keep, name=name)))
        try:
            logits = inside.activations(self.model, self.x[:1], self.model)
        finally:
            for handle in handles:
                handle.remove()
        if not isinstance(logits, torch.Tensor) or logits.ndim != 2:
            raise values.wrong(
                WHO, "model gives no logits (n, classes)", "One number per class is needed", "Add a head"
            )
        return logits, {name: y[0].shape for name, y in given.items() if len(y) == 1 and isinstance(y[0], torch.Tensor)}


def _field(layers):
    """The shapes.Field after some layers; None without any, or where one has no window of fixed size."""
    try:
        return shapes.receptive_field(layers)[-1] if layers else None
    except ValueError:
        return None


def _chosen(layers, sizes):
    """{layer: channels} of the layers asked for; else of the model's own parts, or of all layers if these are few."""
    maps = {name: shape[1] for name, shape in sizes.items() if len(shape) == 4 and shape[2] * shape[3] > 1}
    if layers is None:
        parts = {name: channels for name, channels in maps.items() if "." not in name}
        maps = parts if len(parts) > 2 else maps
        if not maps:
            raise values.wrong(WHO, "model has no layer that gives maps", "A convolution is needed", "Pass a CNN")
        return maps
    layers = list(layers)
    for layer in layers:
        if layer not in maps:
            need = f"There are {', '.join(list(maps)[:6])}{', ...' * (len(maps) > 6)}"
            raise values.wrong(
                WHO, f"layers has {layer!r}, which gives no maps or runs more than once", need, "Pass those"
            )
    if not layers:
        raise values.wrong(
            WHO, "layers is empty", "One or more are needed", "Leave layers out for the model's own parts"
        )
    return {layer: maps[layer] for layer in layers}


def _names(classes, count):
    names = [str(i) for i in range(count)] if classes is None else [str(name) for name in classes]
    if len(names) != count:
        raise values.wrong(
            WHO, f"{len(names)} class names for {count} logits", f"{count} are needed", "Pass one for each"
        )
    return names


def complete(subject, **given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    for name in given:
        if name not in DEFAULTS:
            raise values.wrong(WHO, f"{name} is no setting", f"There are {', '.join(DEFAULTS)}", "Use one of them")
    s = DEFAULTS | {"layer": list(subject.channels)[-1]} | given
    s["image"] = values.whole(WHO, "image", s["image"], 0, len(subject.pictures) - 1)
    s["layer"] = values.one_of(WHO, "layer", s["layer"], subject.channels)
    s["channel"] = values.whole(WHO, "channel", s["channel"], 0, subject.channels[s["layer"]] - 1)
    s["label"] = values.one_of(WHO, "label", s["label"], [ANSWER, *subject.classes])
    if not isinstance(s["cam"], bool):
        raise TypeError(f"{WHO}: cam={s['cam']!r}. True or False is needed. Pass True to see Grad-CAM.")
    return {"subject": subject, **s}


def settle(state, changed):
    """A whole state; a layer with fewer channels takes the last one that it has."""
    state = dict(state)
    subject = state.pop("subject")
    if changed == "layer" and state["layer"] in subject.channels:
        state["channel"] = min(state["channel"], subject.channels[state["layer"]] - 1)
    return complete(subject, **state)


class Answer(NamedTuple):
    """What the network says about a state."""

    maps: torch.Tensor  # (c, h, w) of the layer
    cam: torch.Tensor  # (h, w) of the same layer, for `label`
    probabilities: torch.Tensor  # (classes,)
    label: int  # the class that Grad-CAM was asked for


def ask(state):
    """Put the question of a state to its network."""
    subject, layer, label = state["subject"], state["layer"], state["label"]
    x = subject.x[state["image"]][None]
    logits = inside.activations(subject.model, x, subject.model)[0]
    label = int(logits.argmax()) if label == ANSWER else subject.classes.index(label)
    maps = inside.activations(subject.model, x, layer)[0]
    cam = inside.grad_cam(subject.model, x, layer, torch.tensor([label], device=x.device))[0]
    return Answer(maps.float().cpu(), cam.float().cpu(), logits.float().softmax(0).cpu(), label)


def describe(state):
    """The sentence of a state: which map, how it answers, what the network says, and where Grad-CAM is largest."""
    return said(state, ask(state))


def layered(name):
    """layer2, or layer conv1."""
    return name if "layer" in name.lower() else f"layer {name}"


def said(state, answer):
    s, shown = state, answer.maps[state["channel"]]
    classes, best = s["subject"].classes, int(answer.probabilities.argmax())
    h, w = shown.shape
    sentence = (
        f"Feature browser: picture {s['image']}, {layered(s['layer'])}, channel {s['channel']} of {len(answer.maps)}, "
        f"{h}x{w}: {text(shown.min())} to {text(shown.max())}, mean {text(shown.mean())}; "
        f"the network says {classes[best]} (probability {number(answer.probabilities[best])})"
    )
    if not s["cam"]:
        return sentence
    if not answer.cam.any():
        return f"{sentence}; Grad-CAM for {classes[answer.label]} is 0 everywhere"
    row, column = divmod(int(answer.cam.argmax()), w)
    return f"{sentence}; Grad-CAM for {classes[answer.label]} is largest in row {row}, column {column}"
