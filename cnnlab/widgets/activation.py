"""The activation explorer: what a unit makes of its weighted sum, and what a chain leaves of a nudge."""

import torch

from cnnlab.widgets import activation_state, hosts
from cnnlab.widgets.activation_state import DEFAULTS, FUNCTIONS, bend, chain, complete


def activation_explorer(
    *, live=False, function="sigmoid", x=1.0, weight=1.0, bias=0.0, units=10, negative_slope=DEFAULTS["negative_slope"]
):
    """Move the input of a unit along, see where it saturates or dies, and what a chain of such units leaves of a nudge.

    live             False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    function         "sigmoid", "tanh", "relu" or "leaky_relu"
    x                the input, -8 to 8; the unit answers function(weight * x + bias)
    weight, bias     0 to 4 and -4 to 4, in tenths as the input
    units            1 to 20 of them in a row, each reading the answer of the one before
    negative_slope   of leaky_relu, 0.01 to 0.5 in hundredths
    returns          an explorer: its settings are .state, its units .chain, a list of (sum, answer, slope, left)

    What is left of a nudge is the slope of the last answer for the input, as torch.autograd finds it.
    """
    return _opens(live, function=function, x=x, weight=weight, bias=bias, units=units, negative_slope=negative_slope)


def draw(state):
    """The picture of a state, for where no script may run: the function, its slope, the units on it, and the chain."""
    from matplotlib.figure import Figure

    s = complete(**state)
    fig = Figure(figsize=(8, 2.6), layout="constrained")
    left, right = fig.subplots(1, 2)
    sums = torch.linspace(-8, 8, 401, dtype=torch.float64, requires_grad=True)
    with torch.enable_grad():
        answers = bend(s)(sums)
        (slopes,) = torch.autograd.grad(answers.sum(), sums)
    left.plot(sums.detach(), answers.detach(), label="answer")
    left.plot(sums.detach(), slopes, "--", label="slope")
    units = chain(s)
    left.plot([u.sum for u in units[1:]], [u.answer for u in units[1:]], ".", color="#888888")
    left.plot(
        units[0].sum, units[0].answer, "s", markerfacecolor="none", markeredgecolor="#ff9d00", markeredgewidth=2.5
    )
    left.set_xlim(-8.5, 8.5)
    left.set_ylim(-1.3, 5 if "relu" in s["function"] else 1.3)
    left.set_title(FUNCTIONS[s["function"]], fontsize=10)
    left.set_xlabel("weighted sum")
    left.legend(fontsize=8)
    for name, label in FUNCTIONS.items():
        found = [u.left for u in chain(s, name)]
        right.plot(range(1, len(found) + 1), found, "o-" if name == s["function"] else "-", markersize=4, label=label)
    right.set_yscale("symlog", linthresh=1e-12)
    right.set_title("left of a nudge after each unit", fontsize=10)
    right.set_xlabel("unit")
    right.legend(fontsize=8)
    return fig


_opens = hosts.pair("activation_explorer", activation_state, draw, chain=chain)
