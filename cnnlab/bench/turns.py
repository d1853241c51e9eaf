"""Taking turns, and what is made of many measurements."""

import math
import statistics
import time

import torch


def interleave(contestants, rounds):
    """What each contestant measured, once per round; who begins changes from round to round.

    contestants   {name: function without arguments that returns a measurement}
    rounds        a first round, which is not kept, comes before them: caches fill, kernels are chosen
    returns       {name: [measurement, ...]}
    """
    names = list(contestants)
    found = {name: [] for name in names}
    for number in range(-1, rounds):
        for name in rotated(names, number):
            measured = contestants[name]()
            if number >= 0:
                found[name].append(measured)
    return found


def rotated(names, number):
    """The names in their order, beginning with another one for each number."""
    begin = number % len(names)
    return [*names[begin:], *names[:begin]]


def summary(values):
    """Median, least and most of the values; infinity, for what was never reached, becomes None as JSON has no word."""
    return {
        "median": _finite(statistics.median(values)),
        "low": _finite(min(values)),
        "high": _finite(max(values)),
        "values": [_finite(value) for value in values],
    }


def _finite(value):
    return value if math.isfinite(value) else None


def synchronise(device):
    """Wait until the device has done all it was told; a CPU has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def seconds_per_call(call, device, seconds):
    """A contestant for interleave: calls again and again for so many seconds, returns the seconds of one call."""

    def turn():
        synchronise(device)
        start, calls = time.perf_counter(), 0
        while True:
            call()
            calls += 1
            synchronise(device)
            spent = time.perf_counter() - start
            if spent >= seconds:
                return spent / calls

    return turn
