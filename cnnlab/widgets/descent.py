"""The descent explorer: a weight, or two, walks down a loss, and each step shows its arithmetic."""

import torch

from cnnlab.widgets import descent_state, hosts
from cnnlab.widgets.descent_state import (
    LANDSCAPES,
    complete,
    landscape,
    walk,
)


def descent_explorer(
    *, live=False, landscape="neuron", learning_rate=0.05, momentum=0.0, steps=5, zero_grad=True, start=None
):
    """Walk down a loss with torch.optim.SGD, and see what learning rate, momentum and zero_grad do.

    live            False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    landscape       "neuron": (3 * w - 2)**2, "two_valleys", or of two weights "bowl" and "valley"
    learning_rate   0.005 to 0.25, in steps of 0.005
    momentum        0 to 1, in steps of 0.05
    steps           of the optimizer, 0 to 100; the walk ends early if a weight passes 1000
    zero_grad       False: forget optimizer.zero_grad(), so that the slopes add up in w.grad
    start           a number, or one for each weight, in steps of 0.05; the landscape's own if None
    returns         an explorer: its settings are .state, what each step saw is .walk, its text one sentence
    """
    return _opens(
        live,
        landscape=landscape,
        learning_rate=learning_rate,
        momentum=momentum,
        steps=steps,
        zero_grad=zero_grad,
        start=start,
    )


def draw(state):
    """The picture of a state, for where no script may run: the walk on the landscape, and the loss by step."""
    from matplotlib.figure import Figure

    from cnnlab.plots.style import open_frame

    s = complete(**state)
    found, land = walk(s), LANDSCAPES[s["landscape"]]
    fig = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = fig.subplots(1, 2)
    axes = [torch.linspace(low, high, 121).double() for low, high in zip(land["low"], land["high"], strict=True)]
    if len(axes) == 1:
        loss = landscape(land["coefficients"], axes).numpy()
        left.plot(axes[0].numpy(), loss, color="#555555")
        path = [w for (w,) in found.weights], found.losses
        left.set_ylim(-0.03 * loss.max(), loss.max())
        left.set_xlabel("w")
        left.set_ylabel("loss")
    else:
        x, y = torch.meshgrid(*axes, indexing="xy")
        loss = landscape(land["coefficients"], (x, y)).sqrt()  # the rings of a quadratic are then equally far apart
        left.contour(x.numpy(), y.numpy(), loss.numpy(), levels=10, colors="#999999", linewidths=0.8)
        path = tuple(zip(*found.weights, strict=True))
        left.set_ylim(land["low"][1], land["high"][1])
        left.set_xlabel("w[0]")
        left.set_ylabel("w[1]")
    left.plot(*path, "o-", color="#e0662f", markersize=4)
    left.plot(path[0][-1:], path[1][-1:], "o", color="#000000")
    left.set_xlim(land["low"][0], land["high"][0])
    left.set_title(f"loss = {land['formula']}", fontsize=11)
    right.semilogy([max(loss, 1e-9) for loss in found.losses], "o-", color="#e0662f", markersize=4)
    right.set_xlabel("step")
    right.set_title("loss by step" + ", drawn from 1e-9 up" * (min(found.losses) < 1e-9), fontsize=11)
    for ax in (left, right):
        open_frame(ax)
    return fig


_opens = hosts.pair("descent_explorer", descent_state, draw, walk=walk)
