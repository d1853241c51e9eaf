"""The part conv: the course's written-out convolution, and its loops, beside PyTorch's own."""

from typing import NamedTuple

import torch
import torch.nn.functional as F

from .. import ops
from .turns import interleave, seconds_per_call, summary


class Case(NamedTuple):
    """One convolution: images (n, c, h, w), filters (o, c, kh, kw)."""

    what: str
    images: tuple
    filters: tuple
    loops: bool = False  # ops.corr2d too, which takes one plane and one filter


CASES = [
    Case("one 28x28 digit, one 5x5 filter", (1, 1, 28, 28), (1, 1, 5, 5), loops=True),
    Case("LeNet's second layer, 32 digits", (32, 6, 14, 14), (16, 6, 5, 5)),
    Case("64 filters 3x3 over 64 channels, 8 pictures 32x32", (8, 64, 32, 32), (64, 64, 3, 3)),
]


def measure(budget, device, say):
    """Seconds of one call, forward only, all with the same numbers; and how far the results are apart."""
    say(f"conv: {len(CASES)} convolutions, {budget.rounds + 1} rounds")
    return {"cases": [measure_case(case, budget, device) for case in CASES], "cut_short": []}


def measure_case(case, budget, device):
    generator = torch.Generator().manual_seed(0)
    x, weight = (torch.rand(shape, generator=generator).to(device) for shape in (case.images, case.filters))
    calls = {"F.conv2d": lambda: F.conv2d(x, weight), "ops.conv2d": lambda: ops.conv2d(x, weight)}
    if case.loops:
        plane, window = x[0, 0], weight[0, 0]
        calls["ops.corr2d (loops)"] = lambda: ops.corr2d(plane, window)
    turns = {name: seconds_per_call(call, device, budget.turn / 2) for name, call in calls.items()}
    seconds = {name: summary(values) for name, values in interleave(turns, budget.rounds).items()}
    right = calls["F.conv2d"]()
    return {
        "what": case.what,
        "seconds": seconds,
        "times_slower": {name: of["median"] / seconds["F.conv2d"]["median"] for name, of in seconds.items()},
        "difference": max(float((call() - right).abs().max() / right.abs().max()) for call in calls.values()),
    }
