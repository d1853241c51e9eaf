"""The state of the channel mixer: which settings are legal, what they compute, and the sentence that says it."""

import base64
import functools
import json
import math
from importlib.resources import files

import torch
from torch import nn

from cnnlab import ops, shapes
from cnnlab.widgets import values
from cnnlab.widgets.mixes import KERNELS, MIX_LABELS, MOST, kernels, mixes
from cnnlab.widgets.values import number

WHO = "channel_mixer"
DEFAULTS = {
    "image": "coffee",
    "mix": "vivid",
    "kernel": "1x1",
    "filters": None,  # 3, or the rows of a mix of one's own
    "groups": 1,
    "output": 0,
    "row": 20,
    "column": 24,
}
PHOTOS = {"coffee": ("coffee",), "both": ("coffee", "cat")}  # three channels, or six
SIDE = 64  # pixels


def complete(**given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    s = values.known(WHO, DEFAULTS, given)
    values.one_of(WHO, "image", s["image"], PHOTOS)
    values.one_of(WHO, "kernel", s["kernel"], KERNELS)
    own = None
    if isinstance(s["mix"], str):
        values.one_of(WHO, "mix", s["mix"], MIX_LABELS)
    else:
        s["mix"] = values.table(WHO, "mix", s["mix"], "Pass a row for each filter, like [[0.3, 0.6, 0.1]]")
        own = len(s["mix"])
    if s["filters"] is None:
        s["filters"] = own or 3
    o, c = values.whole(WHO, "filters", s["filters"], 1, MOST), channels(s)
    if own and (own, len(s["mix"][0])) != (o, c):
        came = f"mix is {own}x{len(s['mix'][0])} for {o} filters over {c} channels"
        raise values.wrong(WHO, came, "It needs a row for each filter and a column for each channel", "Make them agree")
    s["filters"], s["groups"] = o, values.whole(WHO, "groups", s["groups"], 1, c)
    for what, count in (("channels", c), ("filters", o)):
        if count % s["groups"]:
            came = f"groups={s['groups']} with {count} {what}"
            raise values.wrong(WHO, came, "Each group gets equally many", f"Pass a divisor of {count}")
    s["output"] = values.whole(WHO, "output", s["output"], 0, o - 1)
    for name in ("row", "column"):
        s[name] = values.whole(WHO, name, s[name], 0, SIDE - 1)
    return s


def settle(state, changed):
    """A whole state in which the rest follows the value that has just been changed."""
    s = dict(state)
    if changed == "mix" and not isinstance(s["mix"], str):
        s["filters"] = None
    elif changed in ("image", "filters") and isinstance(s["mix"], list):
        # a table of one's own keeps what it can; new filters and channels begin with zeros
        rows = [[*row, *[0] * channels(s)][: channels(s)] for row in s["mix"]]
        s["mix"] = [*rows, *[[0] * channels(s)] * MOST][: values.whole(WHO, "filters", s["filters"], 1, MOST)]
    if changed == "image" and channels(s) % s["groups"]:
        s["groups"] = 1
    rest = complete(**s | {"output": 0})
    return complete(**rest | {"output": s["output"] if changed == "output" else min(s["output"], rest["filters"] - 1)})


def channels(state):
    return 3 * len(PHOTOS[values.one_of(WHO, "image", state["image"], PHOTOS)])


def picture(state):
    """(c, h, w) float64 in 0..1."""
    return torch.cat([_photo(name) for name in PHOTOS[state["image"]]])


def table(state):
    """(o, c) float64: how much each filter takes of each channel, before groups cut some of it off."""
    o, c = state["filters"], channels(state)
    rows = state["mix"] if isinstance(state["mix"], list) else mixes()[state["mix"]][str(c)]
    return torch.tensor(rows, dtype=torch.float64)[:o]


def read(state):
    """(first, last + 1) of the channels that the picked filter reads."""
    each = channels(state) // state["groups"]
    first = state["output"] // (state["filters"] // state["groups"]) * each
    return first, first + each


def weights(state):
    """(o, c // groups, k, k) float64: the filters of the layer."""
    o, c = state["filters"], channels(state)
    full = table(state)[:, :, None, None] * _patterns(state["kernel"])[:o, :c]
    return torch.stack([full[i, slice(*read(state | {"output": i}))] for i in range(o)])


def result(state):
    """(o, h, w) float64: what the layer gives."""
    weight = weights(state)
    return ops.conv2d(picture(state)[None], weight, padding=weight.shape[-1] // 2, groups=state["groups"])[0]


def products(state):
    """(c // groups, h, w) float64: what each channel adds to the picked output."""
    weight = weights(state)[state["output"]][:, None]
    x = picture(state)[None, slice(*read(state))]
    return ops.conv2d(x, weight, padding=weight.shape[-1] // 2, groups=len(weight))[0]


def layer(state):
    """The nn.Conv2d that does the same, without the weights."""
    k = 1 if state["kernel"] == "1x1" else 3
    return nn.Conv2d(channels(state), state["filters"], k, padding=k // 2, groups=state["groups"], bias=False)


def cost(state):
    """(parameters, multiply-adds) of the layer."""
    conv = layer(state)
    return shapes.count_parameters(conv), shapes.multiply_adds(conv, (channels(state), SIDE, SIDE))


def names(state):
    """Of the channels."""
    colors = ("red", "green", "blue")
    photos = PHOTOS[state["image"]]
    return [color if len(photos) == 1 else f"{photo} {color}" for photo in photos for color in colors]


def describe(state):
    """The sentence of a state: the layer, its cost, and the sum at the picked pixel."""
    s = complete(**state)
    y, parts, (first, last) = result(s)[s["output"]], products(s), read(s)
    at = (s["row"], s["column"])
    mix = MIX_LABELS[s["mix"]] if isinstance(s["mix"], str) else "a mix of your own"
    parameters, multiply_adds = cost(s)
    parts = [p[at] for p in parts]
    terms = added(parts, names(s)[first:last])
    return (
        f"Channel mixer: {channels(s)} channels of {SIDE}x{SIDE}, {s['filters']} filter{'s' * (s['filters'] != 1)} of "
        f"{KERNELS[s['kernel']]}, {mix}, groups {s['groups']}: {parameters} weights, {multiply_adds:,} multiply-adds; "
        f"output {s['output']} goes from {number(y.min())} to {number(y.max())}; "
        f"at row {at[0]}, column {at[1]} it is {terms} {equals(parts, y[at])} {fine(y[at])}"
    )


def added(parts, words):
    """Terms as a sum: 1.33 (red) - 0.23 (green)."""
    texts = [f"{fine(part)} ({word})" for part, word in zip(parts, words, strict=True)]
    return texts[0] + "".join(f" - {text[1:]}" if text[0] == "-" else f" + {text}" for text in texts[1:])


def fine(x):
    """Three decimals and no idle zeros; a tie goes up. cnnlab/js/channels.js has the same."""
    return f"{_thousandths(x) / 1000:.3f}".rstrip("0").rstrip(".")


def equals(parts, total):
    """How terms and their sum, all rounded, are joined: they need not add up."""
    return "=" if sum(map(_thousandths, parts)) == _thousandths(total) else "≈"


def _thousandths(x):
    return math.floor(float(x) * 1000 + 0.5 + 1e-9)


@functools.cache
def fixed():
    """What the browser needs beside the state."""
    labels = {"mix": MIX_LABELS, "kernel": KERNELS}
    return {
        "photos": PHOTOS,
        "pixels": _stored(),
        "mixes": mixes(),
        "kernels": kernels(),
        "labels": labels,
        "most": MOST,
        "side": SIDE,
    }


@functools.cache
def _stored():
    return json.loads((files("cnnlab") / "js" / "colors.json").read_text(encoding="utf-8"))


@functools.cache
def _photo(name):
    p = _stored()[name]
    pixels = torch.frombuffer(bytearray(base64.b64decode(p["bytes"])), dtype=torch.uint8)
    return pixels.view(3, p["height"], p["width"]).double() / 255


def _patterns(kernel):
    """(o, c, k, k): the kernel of every pair of filter and channel."""
    whole, divisor = kernels()[kernel]
    return (torch.tensor(whole, dtype=torch.float64) / divisor).expand(MOST, 6, -1, -1)
