"""The state of the depth explorer: a chain of layers, what is legal, and how large signal and gradient are in each."""

import functools
import math
from typing import NamedTuple

import torch

from cnnlab import ops
from cnnlab.widgets import values
from cnnlab.widgets.values import number, text

WHO = "depth_explorer"
DEFAULTS = {
    "depth": 30,
    "init": "xavier",
    "gain": 1.0,
    "activation": "relu",
    "batch_norm": False,
    "skip": False,
}
BATCH, WIDTH = 32, 64  # images, and units of each layer
DEPTHS = (1, 50)
GAINS = (0.5, 2.0, 0.05)
FIRST = 21 << 20  # the random number to begin with: of 40 draws of all weights, the one nearest to the median
INITS = {  # name: (label, standard deviation of the weights); it takes width inputs and gives width outputs
    "small": ("too small", 0.01),
    "default": ("PyTorch's own", (1 / 3 / WIDTH) ** 0.5),
    "xavier": ("Xavier / Glorot", (1 / WIDTH) ** 0.5),
    "he": ("He / Kaiming", (2 / WIDTH) ** 0.5),
    "large": ("too large", 1.0),
}
# ops.tanh is built from a sigmoid: near 0 it is exact to 16 decimals, which is nothing for a signal of 1e-20
ACTIVATIONS = {"relu": ("ReLU", ops.relu), "tanh": ("tanh", torch.tanh)}
FLOAT32 = (2.0**-149, torch.finfo(torch.float32).max)  # its smallest and its largest number


def complete(**given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    s = values.known(WHO, DEFAULTS, given)
    s["depth"] = values.whole(WHO, "depth", s["depth"], *DEPTHS)
    values.one_of(WHO, "init", s["init"], INITS)
    s["gain"] = values.stop(WHO, "gain", s["gain"], *GAINS)
    values.one_of(WHO, "activation", s["activation"], ACTIVATIONS)
    for name in ("batch_norm", "skip"):
        if not isinstance(s[name], bool):
            raise TypeError(f"{WHO}: {name}={s[name]!r}. True or False is needed. Pass {name}=True to switch it on.")
    return s


def settle(state, changed):
    """A whole state; here no value depends on another."""
    return complete(**state)


# ---- the same random numbers here and in cnnlab/js/depth.js


def normals(first, count):
    """Normal random numbers first, first + 1, ...: for each, two integers are hashed and bent by Box and Muller."""
    i = torch.arange(2 * first, 2 * (first + count))
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):  # lowbias32, by Chris Wellons
        i = ((i ^ (i >> shift)) * factor) & 0xFFFFFFFF
    uniform = ((i ^ (i >> 16)).double() + 0.5) / 2**32
    return torch.sqrt(-2 * uniform[::2].log()) * torch.cos(2 * math.pi * uniform[1::2])


@functools.cache
def tables():
    """Input (batch, width), gradient that comes in at the end, likewise, and weights (depth, width, width)."""
    ends = normals(FIRST, 2 * BATCH * WIDTH).view(2, BATCH, WIDTH)
    x, gradient = ((end - end.mean()) / end.std() for end in ends)
    weights = normals(FIRST + 2 * BATCH * WIDTH, DEPTHS[1] * WIDTH * WIDTH).view(-1, WIDTH, WIDTH)
    return x.float(), gradient.float(), weights.float()


# ---- the chain


class Sizes(NamedTuple):
    """Standard deviations: the first is that of the input, the next that of layer 1, and so on.

    Where float32 ends, a signal is 0 or inf. Behind a signal of inf there is no gradient: it is nan in every layer.
    """

    signal: list
    gradient: list  # of the end for the answers of this layer


def spread(state):
    """The standard deviation of the weights."""
    return INITS[state["init"]][1] * state["gain"]


def sizes(state):
    """Sizes of signal and gradient, layer by layer, through ops and autograd.

    A layer multiplies and adds in double precision and hands on float32, so that rounding errors do not pile up: in a
    chain that is chaotic they would, and no two machines would then agree.
    """
    x, end, weights = tables()
    activation = ACTIVATIONS[state["activation"]][1]
    with torch.enable_grad():
        answers = [x.clone().requires_grad_()]
        for weight in weights[: state["depth"]]:
            x = answers[-1].double()
            y = ops.linear(x, spread(state) * weight.double())
            if state["batch_norm"]:
                y = ops.batch_norm(y, None, None, training=True)
            y = activation(y)
            answers.append((x + y if state["skip"] else y).float())
        gradients = torch.autograd.grad(answers[-1], answers, end)
    signal, gradient = ([y.detach().double().std().item() for y in found] for found in (answers, gradients))
    signal, gradient = ([size if math.isfinite(size) else math.inf for size in found] for found in (signal, gradient))
    return Sizes(signal, [math.nan] * len(gradient) if math.inf in signal else gradient)


# ---- words


def describe(state):
    """The sentence of a state: the chain, and what is left of signal and gradient at its ends."""
    s = complete(**state)
    gain = f" times {number(s['gain'])}" * (s["gain"] != 1)
    return (
        f"Depth explorer: {layers(s['depth'])} of {WIDTH} units, {INITS[s['init']][0]} initialization{gain} "
        f"(standard deviation {thousandths(spread(s))}), {ACTIVATIONS[s['activation']][0]}, "
        f"{'' if s['batch_norm'] else 'no '}batch norm, {'' if s['skip'] else 'no '}skip connections: "
        f"{'; '.join(findings(sizes(s)))}"
    )


def findings(found):
    """What becomes of the signal on its way to the end, and of the gradient on its way back."""
    depth, last, first = len(found.signal) - 1, found.signal[-1], found.gradient[0]
    smallest, largest = map(text, FLOAT32)
    lost = {0: f"too small for float32 (below {smallest})", math.inf: f"too large for float32 (beyond {largest})"}
    if last in lost:
        signal = f"from layer {found.signal.index(last)} on the signal is {written(last)}, {lost[last]}"
    else:
        signal = f"after {layers(depth)} {left('signal', last)}"
    if math.isnan(first):
        gradient = "there is no gradient (nan)"
    elif first in lost:
        start = depth - found.gradient[::-1].index(first)
        gradient = f"{f'from layer {start} down' if start else 'at the input'} the gradient is {written(first)}"
    else:
        gradient = f"back at the input {left('gradient', first)}"
    return signal, gradient


def left(what, size):
    """What has become of 1."""
    if text(size) == "1":
        return f"the {what} is as large as it was"
    return f"{text(size)} of the {what} is left" if size < 1 else f"the {what} is {text(size)} times as large"


def written(size):
    """A size of any kind; there may be none."""
    return "none" if math.isnan(size) else "inf" if math.isinf(size) else text(size)


def layers(depth):
    return f"{depth} layer{'s' * (depth != 1)}"


def thousandths(x):
    """Three decimals and no idle zeros."""
    return f"{math.floor(x * 1000 + 0.5) / 1000:.3f}".rstrip("0").rstrip(".")


def fixed():
    """What the browser needs beside the state."""
    return {
        "batch": BATCH,
        "width": WIDTH,
        "first": FIRST,
        "depths": DEPTHS,
        "gains": GAINS,
        "inits": INITS,
        "activations": {name: label for name, (label, _) in ACTIVATIONS.items()},
        "float32": FLOAT32,
    }
