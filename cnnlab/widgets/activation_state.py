"""The state of the activation explorer: one unit, a chain of them, and the sentence that says what they do."""

from typing import NamedTuple

import torch

from cnnlab import ops
from cnnlab.widgets import values
from cnnlab.widgets.values import number, text

WHO = "activation_explorer"
DEFAULTS = {"function": "sigmoid", "x": 1.0, "weight": 1.0, "bias": 0.0, "units": 10, "negative_slope": 0.1}
GRIDS = {  # what a slider can stand at: (lowest, highest, from one to the next)
    "x": (-8.0, 8.0, 0.1),
    "weight": (0.0, 4.0, 0.1),
    "bias": (-4.0, 4.0, 0.1),
    "negative_slope": (0.01, 0.5, 0.01),
}
UNITS = (1, 20)
FUNCTIONS = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "leaky_relu": "leaky ReLU"}
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "leaky_relu": 1.0}
FLAT = 0.01  # a unit is saturated below this share of its function's steepest slope, and dead at slope 0


def complete(**given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    s = values.known(WHO, DEFAULTS, given)
    values.one_of(WHO, "function", s["function"], FUNCTIONS)
    for name, grid in GRIDS.items():
        s[name] = values.stop(WHO, name, s[name], *grid)
    s["units"] = values.whole(WHO, "units", s["units"], *UNITS)
    return s


def settle(state, changed):
    """A whole state; here no value depends on another."""
    return complete(**state)


def bend(state, name=None):
    """The function of a state, or the one with that name, as it stands in ops."""
    function = getattr(ops, name or state["function"])
    if function is ops.leaky_relu:
        return lambda x: function(x, state["negative_slope"])
    return function


class Unit(NamedTuple):
    """One unit of a chain: its weighted sum, its answer, its slope there, and what is left of a nudge after it."""

    sum: float
    answer: float
    slope: float
    left: float


def chain(state, name=None):
    """A list of Unit: each answers with the function to weight * (what the one before answers, at first x) + bias."""
    f = bend(state, name)
    with torch.enable_grad():
        x = y = torch.tensor(state["x"], dtype=torch.float64, requires_grad=True)
        found = []
        for _ in range(state["units"]):
            total = state["weight"] * y + state["bias"]
            y = f(total)
            (slope,) = torch.autograd.grad(y, total, retain_graph=True)
            (left,) = torch.autograd.grad(y, x, retain_graph=True)
            found.append(Unit(total.item(), y.item(), slope.item(), left.item()))
    return found


def condition(slope, name):
    """Whether a unit with this slope can learn: live, saturated or dead."""
    return "dead" if slope == 0 else "saturated" if slope < FLAT * STEEPEST[name] else "live"


def describe(state):
    """The sentence of a state: the first unit, the chain, and what the other functions leave of a nudge."""
    s = complete(**state)
    name, units, first = s["function"], chain(s), chain(s)[0]
    states = [condition(unit.slope, name) for unit in units]
    others = ", ".join(f"{FUNCTIONS[n]} {text(chain(s, n)[-1].left)}" for n in FUNCTIONS if n != name)
    leak = f" with slope {number(s['negative_slope'])}" * (name == "leaky_relu")
    return (
        f"Activation explorer: {FUNCTIONS[name]}{leak}, weighted sum {number(s['weight'])} * {number(s['x'])} "
        f"{'-' if s['bias'] < 0 else '+'} {number(abs(s['bias']))} = {number(first.sum)}: "
        f"answer {brief(first.answer)}, slope {text(first.slope)}, {states[0]}; "
        f"{len(units)} unit{'s' * (len(units) > 1)} in a row: {states.count('dead')} dead, "
        f"{states.count('saturated')} saturated, last answer {brief(units[-1].answer)}, "
        f"of a nudge {text(units[-1].left)} is left (with {others})"
    )


def brief(x):
    """An answer: two decimals, unless it is huge."""
    return number(x) if abs(x) < 1e4 else text(x)


def fixed():
    """What the browser needs beside the state."""
    return {"functions": FUNCTIONS, "steepest": STEEPEST, "flat": FLAT, "grids": GRIDS, "units": UNITS}
