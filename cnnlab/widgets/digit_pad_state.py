"""The state of the digit pad: legal drawings, what the network sees and answers, and the sentence that says it."""

import base64
import functools

import torch
import torch.nn.functional as F

from cnnlab.widgets import strokes as pens
from cnnlab.widgets import values
from cnnlab.widgets.values import chance

WHO = "digit_pad"
DEFAULTS = {
    "drawing": "3",  # a name, or strokes: lists of [x, y] on the paper
    "pen": 5,  # pixels wide
    "part": 100,  # percent of the drawing that is there already
    "centered": True,  # and scaled, as MNIST's digits are
}
LIMITS = {"pen": (2, 12), "part": (0, 100)}
MOST = 2000  # points of a drawing


@functools.cache
def network():
    """The network that answers, in double precision as the browser computes."""
    from cnnlab import models

    return models.DigitNet.trained().double()


@functools.cache
def fixed():
    """What the browser needs beside the state; the weights as halves, which is how they are stored."""
    weights = {
        name: [list(value.shape), base64.b64encode(value.half().numpy().astype("<f2").tobytes()).decode()]
        for name, value in network().state_dict().items()
    }
    return {"presets": pens.PRESETS, "limits": LIMITS, "most": MOST, "weights": weights}


def complete(**given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    s = values.known(WHO, DEFAULTS, given)
    s["drawing"] = _drawing(s["drawing"])
    for name, (low, high) in LIMITS.items():
        s[name] = values.whole(WHO, name, s[name], low, high)
    if not isinstance(s["centered"], bool):
        raise TypeError(f"{WHO}: centered={s['centered']!r}. True or False is needed. Pass True to center.")
    return s


def settle(state, changed):
    """A whole state; each value is free of the others."""
    return complete(**state)


def _drawing(drawing):
    """A preset's name, or strokes of [x, y] with one decimal."""
    if isinstance(drawing, str):
        return values.one_of(WHO, "drawing", drawing, pens.PRESETS)
    do = "Pass [[[10, 10], [40, 40]]] for one line, say"
    need = f"A name or strokes is needed: lists of [x, y] from 0 to {pens.PAPER}"
    try:
        found = [[[round(float(x), 1) + 0.0 for x in point] for point in stroke] for stroke in drawing]
    except (TypeError, ValueError):
        raise values.wrong(WHO, "drawing is no list of strokes", need, do) from None
    points = [point for stroke in found for point in stroke]
    if not all(found) or any(len(p) != 2 or not all(0 <= x <= pens.PAPER for x in p) for p in points):
        raise values.wrong(WHO, "drawing has an empty stroke or a point off the paper", need, do)
    if len(points) > MOST:
        raise values.wrong(WHO, f"drawing has {len(points)} points", f"At most {MOST} are possible", "Leave some out")
    return [[[int(x) if x.is_integer() else x for x in point] for point in stroke] for stroke in found]


def ink(state):
    """The paper of a complete state: (56, 56), 0 where there is no ink, 1 where all is."""
    drawing = state["drawing"]
    drawing = pens.PRESETS[drawing] if isinstance(drawing, str) else drawing
    return pens.ink(pens.beginning(drawing, state["part"]), state["pen"])


def picture(state):
    """What the network is given: (28, 28) uint8; empty as long as nothing is drawn."""
    from cnnlab import data

    paper = ink(state)
    if not paper.any():
        return torch.zeros(28, 28, dtype=torch.uint8)
    if state["centered"]:
        return data.as_digit(paper)[0, 0]
    small = F.avg_pool2d(paper[None], 2)[0]
    return (small * 255).round(decimals=6).round().to(torch.uint8)


def probabilities(state):
    """What the network answers: (10,), or None as long as nothing is drawn."""
    x = picture(state)
    with torch.no_grad():
        return network()(x.double()[None, None] / 255).softmax(1)[0] if x.any() else None


def first_maps(state):
    """What the first layer makes of the picture, after its ReLU: (8, 28, 28)."""
    with torch.no_grad():
        return network().conv1(picture(state).double()[None, None] / 255).relu()[0]


def describe(state):
    """The sentence of a state: what is drawn, and what the network says."""
    s = complete(**state)
    p = probabilities(s)
    if p is None:
        return "Digit pad: nothing is drawn yet, so the network is not asked"
    first, second = p.argsort(descending=True, stable=True)[:2].tolist()
    name = s["drawing"] if isinstance(s["drawing"], str) else "drawing of your own"
    part = "" if s["part"] == 100 else f", {s['part']} percent of it drawn"
    placed = "centered and scaled as in MNIST" if s["centered"] else "placed as it was drawn"
    return (
        f"Digit pad: {name}{part}, pen {s['pen']} pixels wide, {placed}: the network says {first} "
        f"(probability {chance(p[first])}), then {second} ({chance(p[second])})"
    )
