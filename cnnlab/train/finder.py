"""The learning-rate range test: train a copy while the rate grows; see where the loss falls and where it blows up."""

import copy
import math
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F

from . import guards
from .loop import cost_of, place
from .randomness import restore, snapshot

TOO_HIGH = 4  # times the least loss: there the sweep ends
RECENT = 5  # batches whose mean is compared with the least one, so that a single hard batch ends nothing


@dataclass(frozen=True, eq=False, repr=False)
class RateSweep:
    """What rate_finder saw: draw it with plots.curves({...}, x=sweep.rates, log_x=True).

    rates     (n,) float64     learning rates, one per batch, each a fixed multiple of the one before
    losses    (n,) float64     of each batch, before its step: as they were measured
    end       why it ended, in words

    print(sweep) says in one line what was found.
    """

    rates: torch.Tensor
    losses: torch.Tensor
    end: str

    @cached_property
    def smooth(self):
        """The losses (n,), each averaged with its neighbors: an eleventh of a sweep of 100, without lag."""
        return F.avg_pool1d(self.losses[None], 2 * self._half + 1, 1, self._half, count_include_pad=False)[0]

    @property
    def _half(self):
        return max(1, len(self.losses) // 20)

    @property
    def least(self):
        """The rate at which the smooth loss was least."""
        return float(self.rates[self.smooth.argmin()])

    @property
    def halfway(self):
        """The rate at which the smooth loss had done half of its fall, from the first to the least.

        Raises ValueError where it fell by less than single batches differ: there is nothing to read off.
        """
        smooth, bottom = self.smooth, int(self.smooth.argmin())
        noise = (self.losses - smooth)[: bottom + self._half + 1].std(correction=0)
        if smooth[0] - smooth[bottom] <= noise:
            raise ValueError(
                f"rate_finder: the loss fell nowhere between the rates {self.rates[0]:.2g} and {self.rates[-1]:.2g} "
                f"(from {smooth[0]:.3g} to {smooth[bottom]:.3g}). A range in which the model learns is needed. Pass a "
                f"lower low or a higher high, or more steps; if that does not help, look at images and labels."
            )
        return float(self.rates[int((smooth > (smooth[0] + smooth[bottom]) / 2).int().argmin())])

    @property
    def suggestion(self):
        """A rate to start from: half of halfway. A start and no more: try a third of it and three times as much."""
        return self.halfway / 2

    def __repr__(self):
        return f"RateSweep(low={self.rates[0]:.2g})"  # no measured number: a stored notebook compares it

    def __str__(self):
        try:
            found = f"the loss had done half its fall at {self.halfway:.2g} and was least at {self.least:.2g}"
            start = f"A start: {self.suggestion:.1g}"
        except ValueError:
            found, start = "the loss fell nowhere", "Try another range"
        swept = f"{len(self.rates)} batches, rates {self.rates[0]:.2g} to {self.rates[-1]:.2g}"
        return f"{swept}: {found}; {self.end}. {start}."


def rate_finder(model, batches, optimizer, low=1e-6, high=10, steps=100, loss=None):
    """Train a copy of the model for some batches while the learning rate grows, and return the RateSweep of it.

    batches       as in fit; gone over again where they are fewer than steps
    optimizer     a torch.optim optimizer of the model's parameters; of several groups, the one with the highest rate
                  gets the rates of the sweep and the others keep their shares of it
    low, high     the first learning rate and the last
    steps         batches at most; it ends sooner once the loss is 4 times its least, or no number
    loss          as in fit

    Model, optimizer, the order of the batches and all random numbers are afterwards what they were before.
    Source: Smith 2015, "Cyclical Learning Rates for Training Neural Networks", section 3.3, the range test. It differs
    in that the rate grows by a factor and not by a sum, and in that the loss is looked at and not the accuracy.
    """
    _check(model, batches, optimizer, low, high, steps, loss)
    model, optimizer = copy.deepcopy((model, optimizer))  # together, so that the one still holds the other's weights
    device = place(model, batches)
    model.train()
    top = max(float(group["lr"]) for group in optimizer.param_groups)
    shares = [float(group["lr"]) / top if top else 1.0 for group in optimizer.param_groups]
    rates, losses, least = [], [], math.inf
    end = f"the range ended at {high:.2g}"
    with _untouched(batches, device):
        for step, (x, labels) in zip(range(steps), _again("rate_finder", batches, device), strict=False):
            rate = low * (high / low) ** (step / (steps - 1))
            for group, share in zip(optimizer.param_groups, shares, strict=True):
                group["lr"] = rate * share
            cost = cost_of("rate_finder", loss, model(x), labels)
            if not math.isfinite(cost.item()):
                end = f"it was no number any more at {rate:.2g}"
                break
            rates.append(rate)
            losses.append(cost.item())
            recent = sum(losses[-RECENT:]) / len(losses[-RECENT:])
            least = min(least, recent)
            if recent > TOO_HIGH * least > 0:
                end = f"it was {TOO_HIGH} times its least at {rate:.2g}"
                break
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
    if len(losses) < RECENT:
        raise ValueError(
            f"rate_finder: {end}, after {len(losses)} batches, which is too early to tell. At least {RECENT} are "
            f"needed. Pass a lower low, and images normalised to mean 0 and spread 1."
        )
    return RateSweep(torch.tensor(rates, dtype=torch.float64), torch.tensor(losses, dtype=torch.float64), end)


def _again(function, batches, device):
    """The batches, without end."""
    while True:
        yield from guards.pairs(function, batches, device)


@contextmanager
def _untouched(batches, device):
    """All that draws at random, and the epoch of the batches, are afterwards what they were."""
    before = snapshot([batches], device)
    try:
        yield
    finally:
        restore(before, [batches], device)


def _check(model, batches, optimizer, low, high, steps, loss):
    guards.check_model("rate_finder", model, loss)
    guards.check_optimizer("rate_finder", model, optimizer)
    if hasattr(batches, "__next__"):
        raise TypeError(
            f"rate_finder: batches is a {type(batches).__name__}, which one look uses up. Something that gives "
            f"(x, labels) again and again is needed. Pass Batches, a DataLoader or a list of pairs."
        )
    for name, value in (("low", low), ("high", high)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise ValueError(f"rate_finder: {name}={value!r}. A learning rate above 0 is needed. Pass {name}=0.1.")
    if not low < high:
        raise ValueError(f"rate_finder: low={low} and high={high}. low must be below high. Pass low=1e-6, high=10.")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 20:
        raise ValueError(f"rate_finder: steps={steps!r}. A whole number from 20 is needed. Pass steps=100.")
