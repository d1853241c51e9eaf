"""What every explorer does with the values that it is given, and how it writes numbers."""

import math
import operator

import torch


def number(x):
    """Two decimals and no idle zeros; a tie goes up. cnnlab/js/numbers.js has the same, so that sentences are equal."""
    hundredths = math.floor(float(x) * 100 + 0.5 + 1e-9)
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")


def text(x):
    """A number of any size: two decimals, or two digits and a power of ten. cnnlab/js/numbers.js has the same."""
    if x == 0 or 0.01 <= abs(x) < 1e4:
        return number(x)
    digits, _, power = f"{x:.1e}".partition("e")
    return f"{digits}e{int(power)}"


def chance(p):
    """A probability: no network is as sure as "1" or "0" would say. cnnlab/js/numbers.js has the same."""
    return {"0": "<0.01", "1": ">0.99"}.get(number(p), number(p))


def wrong(who, came, need, do):
    """The error of an explorer in the three parts that a reader needs."""
    return ValueError(f"{who}: {came}. {need}. {do}.")


def known(who, defaults, given):
    """The settings that are given, and defaults for the rest."""
    for name in given:
        if name not in defaults:
            raise wrong(who, f"{name} is no setting", f"There are {', '.join(defaults)}", "Use one of them")
    return defaults | given


def whole(who, name, value, low, high):
    """value as an int between low and high."""
    try:
        found = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        found = None
    if found is None:
        near = int(min(max(value, low), high)) if isinstance(value, float) and not math.isnan(value) else low
        need = f"{low} to {high} is needed"
        raise TypeError(f"{who}: {name}={value!r} is not a whole number. {need}. Pass {name}={near}.")
    if not low <= found <= high:
        nearest = min(max(found, low), high)
        raise wrong(who, f"{name}={found}", f"{low} to {high} is possible here", f"Pass {name}={nearest}")
    return found


def stop(who, name, value, low, high, step):
    """value as a stop of a slider: a multiple of step between low and high, to three decimals."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{who}: {name}={value!r} is not a number. {low} to {high} is needed. Pass {name}={low}.")
    nearest = round(round(min(max(value, low), high) / step) * step, 3) if value == value else low
    if abs(value - nearest) > 1e-9 or value != value:
        need = f"Multiples of {step} from {low} to {high} are possible here"
        raise wrong(who, f"{name}={value}", need, f"Pass {name}={nearest}")
    return nearest


def one_of(who, name, value, names):
    """value, if it is one of the names."""
    if not isinstance(value, str) or value not in names:
        raise wrong(who, f"{name}={value!r} is unknown", f"There are {', '.join(names)}", "Pass one of them")
    return value


def table(who, name, values, do):
    """(h, w) numbers as a list of rows with four decimals: short in the page, equal for Python and the browser."""
    try:
        x = torch.as_tensor(values).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError):
        raise wrong(who, f"{name} is not a table of numbers", "Finite numbers (h, w) are needed", do) from None
    if x.dim() != 2 or x.numel() == 0:
        raise wrong(who, f"{name} has shape {tuple(x.shape)}", "Finite numbers (h, w) are needed", do)
    if not x.isfinite().all():
        raise wrong(who, f"{name} holds nan or inf", "Finite numbers (h, w) are needed", do)
    return [[int(v) if v.is_integer() else round(v, 4) for v in row] for row in x.tolist()]
