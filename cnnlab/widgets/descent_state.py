"""The state of the descent explorer: its landscapes, what is legal, and the walk of torch.optim.SGD."""

import contextlib
import math
from typing import NamedTuple

import torch

from cnnlab.widgets import values
from cnnlab.widgets.values import number

WHO = "descent_explorer"
DEFAULTS = {
    "landscape": "neuron",
    "learning_rate": 0.05,
    "momentum": 0.0,
    "steps": 5,
    "zero_grad": True,
    "start": None,  # the landscape's own
}
GRIDS = {  # what a slider can stand at: (lowest, highest, from one to the next)
    "learning_rate": (0.005, 0.25, 0.005),
    "momentum": (0.0, 1.0, 0.05),
    "start": (-3.0, 3.0, 0.05),
}
STEPS = (0, 100)
FAR = 1000.0  # a weight beyond it has run away, and the walk is over
LANDSCAPES = {  # the loss is a sum of one polynomial for each weight: its coefficients, the constant first
    "neuron": {
        "label": "one neuron",
        "formula": "(3 * w - 2)**2",
        "coefficients": [[4, -12, 9]],
        "low": [-1.0],
        "high": [2.4],
        "start": [1.5],
    },
    "two_valleys": {
        "label": "two valleys",
        "formula": "(w**2 - 1)**2 + w / 2 + 0.6",
        "coefficients": [[1.6, 0.5, -2, 0, 1]],
        "low": [-1.8],
        "high": [1.8],
        "start": [1.6],
    },
    "bowl": {
        "label": "round bowl",
        "formula": "5 * (w[0]**2 + w[1]**2)",
        "coefficients": [[0, 0, 5], [0, 0, 5]],
        "low": [-3.0, -2.0],
        "high": [3.0, 2.0],
        "start": [-2.5, 1.5],
    },
    "valley": {
        "label": "narrow valley",
        "formula": "(w[0]**2 + 16 * w[1]**2) / 2",
        "coefficients": [[0, 0, 0.5], [0, 0, 8]],
        "low": [-3.0, -2.0],
        "high": [3.0, 2.0],
        "start": [-2.5, 1.5],
    },
}


class Walk(NamedTuple):
    """What each step of the optimizer saw; `weights` and `losses` have one row more, for where it stands at the end."""

    weights: list  # per step, one number for each weight
    losses: list
    slopes: list
    grads: list  # w.grad when the optimizer steps: the slope, or the sum of all slopes so far
    velocities: list  # what the learning rate is multiplied with
    ran_away: bool


def complete(**given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    s = values.known(WHO, DEFAULTS, given)
    land = LANDSCAPES[values.one_of(WHO, "landscape", s["landscape"], LANDSCAPES)]
    for name in ("learning_rate", "momentum"):
        s[name] = values.stop(WHO, name, s[name], *GRIDS[name])
    s["steps"] = values.whole(WHO, "steps", s["steps"], *STEPS)
    if not isinstance(s["zero_grad"], bool):
        raise TypeError(f"{WHO}: zero_grad={s['zero_grad']!r}. True or False is needed. Pass False to forget it.")
    start = land["start"] if s["start"] is None else s["start"]
    start = [start] if isinstance(start, (int, float)) else start
    if not isinstance(start, (list, tuple)) or len(start) != len(land["low"]):
        need = "one number for each weight, " + ("as [1.5]" if len(land["low"]) == 1 else "as [-2.5, 1.5]")
        raise values.wrong(
            WHO, f"start={start!r} on {land['label']!r}", f"It needs {need}", "Pass a list of that length"
        )
    spans = zip(start, land["low"], land["high"], strict=True)
    s["start"] = [values.stop(WHO, "start", w, low, high, GRIDS["start"][2]) for w, low, high in spans]
    return s


def settle(state, changed):
    """A whole state in which the rest follows the value that has just been changed."""
    if changed == "landscape":
        with contextlib.suppress(ValueError):
            return complete(**state)
        return complete(**state | {"start": None})  # the old start does not lie on the new landscape
    return complete(**state)


def walk(state):
    """The walk of torch.optim.SGD over the landscape of a whole state, in double precision."""
    coefficients = LANDSCAPES[state["landscape"]]["coefficients"]
    w = torch.tensor(state["start"], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=state["learning_rate"], momentum=state["momentum"])
    weights, losses, slopes, grads, velocities = [], [], [], [], []
    with torch.enable_grad():
        for _ in range(state["steps"]):
            if w.detach().abs().max() > FAR:
                break
            loss = landscape(coefficients, w)
            weights.append(w.tolist())
            losses.append(loss.item())
            slopes.append(torch.autograd.grad(loss, w, retain_graph=True)[0].tolist())
            if state["zero_grad"]:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            grads.append(w.grad.tolist())
            moved = optimizer.state[w].get("momentum_buffer")
            velocities.append(grads[-1] if moved is None else moved.tolist())
    weights.append(w.tolist())
    losses.append(landscape(coefficients, w).item())
    return Walk(weights, losses, slopes, grads, velocities, bool(w.abs().max() > FAR))


def landscape(coefficients, w):
    """The loss at w (weights,): a sum of one polynomial for each weight."""
    loss = 0
    for polynomial, weight in zip(coefficients, w, strict=True):
        value = torch.zeros_like(weight)
        for c in reversed(polynomial):
            value = value * weight + c
        loss = loss + value
    return loss


def describe(state):
    """The sentence of a state: its settings, and where the walk ends."""
    s = complete(**state)
    found, land = walk(s), LANDSCAPES[s["landscape"]]
    taken = len(found.slopes)
    end = f"after {taken} step{'s' * (taken != 1)}"
    if found.ran_away:
        result = f"{end} a weight is beyond {number(FAR)}: it ran away"
    else:
        result = f"{end} w = {place(found.weights[-1])}, loss {level(found.losses[-1])}"
    return (
        f"Descent explorer: loss {land['formula']}, learning rate {rate(s['learning_rate'])}, "
        f"momentum {number(s['momentum'])}, {'zero_grad in each step' if s['zero_grad'] else 'zero_grad forgotten'}: "
        f"from w = {place(s['start'])}, loss {level(found.losses[0])}, {result}"
    )


def place(weights, write=number):
    """-0.25, or (1.5, -0.25)."""
    written = ", ".join(map(write, weights))
    return written if len(weights) == 1 else f"({written})"


def rate(x):
    """A learning rate with its three decimals, without idle zeros."""
    return f"{x:.3f}".rstrip("0").rstrip(".")


def level(x):
    """A loss: what lies below 1e-9 is as good as 0, and its digits would be rounding errors."""
    return "below 1e-9" if x < 1e-9 else digits(x)


def digits(x):
    """Three digits of a size from 1e-9 up; a tie goes up. cnnlab/js/descent.js has the same."""
    if abs(x) < 1e-9:
        return "0"
    size, sign = abs(x) * (1 + 1e-9), "-" * (x < 0)
    exponent = math.floor(math.log10(size))
    if -3 <= exponent < 6:
        text = f"{size:.{max(0, 2 - exponent)}f}"
        return sign + (text.rstrip("0").rstrip(".") if "." in text else text)
    return f"{sign}{size / 10.0**exponent:.1f}e{exponent}"


def fixed():
    """What the browser needs beside the state."""
    return {"landscapes": LANDSCAPES, "grids": GRIDS, "steps": STEPS, "far": FAR}
