"""Notebook 15: looks that a training gets before it may take a night."""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Wrong
from cnnlab.train import blind_loss, evaluate, fit, gradient_gap

# ---- blind_loss


def _labels(*values):
    return torch.tensor(values)


def _shares(labels):
    return labels.bincount().double() / len(labels)


def _of_four(labels):
    return labels.bincount(minlength=4).double() / len(labels)


def _mean_over_classes(labels):
    shares = _shares(labels)
    return float(-shares[shares > 0].log().mean())


# ---- gradient_gap: functions that a verdict can write out


class _Written:
    """A function whose name is its code."""

    def __init__(self, code):
        self.code, self.call = code, eval(code)

    def __call__(self, v):
        return self.call(v)

    def __repr__(self):
        return self.code


SQUARES = _Written("lambda v: (v**2).sum()")
CUBES = _Written("lambda v: (v**3).sum()")
FLAT = _Written("lambda v: 0 * v.sum()")
PRODUCT = _Written("lambda v: v[0] * v[1]")


def _row(*values):
    return torch.tensor(values, dtype=torch.float64)


def _gap(measure=lambda d: d.abs().max(), nudged=None, scale=lambda s, n: max(s.abs().max(), n.abs().max())):
    """gradient_gap with one thing changed."""

    def gap(function, x, slopes, nudge=1e-4):
        found = _nudged(function, x, nudge, nudged or _both_ways)
        size = scale(slopes, found)
        return float(measure(slopes - found) / size) if size > 0 else 0.0

    return gap


def _nudged(function, x, nudge, slope):
    """The slope of each element, nudged by itself."""
    found = torch.zeros_like(x)
    for place in range(x.numel()):
        step = torch.zeros_like(x)
        step.view(-1)[place] = nudge
        found.view(-1)[place] = slope(function, x, step, nudge)
    return found


def _row_by_row(function, x, slopes, nudge=1e-4):
    found = torch.zeros_like(x)
    for row in range(len(x)):
        step = torch.zeros_like(x)
        step[row] = nudge
        found[row] = _both_ways(function, x, step, nudge)
    size = max(slopes.abs().max(), found.abs().max())
    return float((slopes - found).abs().max() / size) if size > 0 else 0.0


def _both_ways(function, x, step, nudge):
    return (function(x + step) - function(x - step)) / (2 * nudge)


def _each_by_its_own(scale):
    def gap(function, x, slopes, nudge=1e-4):
        nudged = _nudged(function, x, nudge, _both_ways)
        return float(((slopes - nudged).abs() / (scale(slopes.abs(), nudged.abs()) + 1e-12)).max())

    return gap


# ---- overfits


def _handful(model):
    draw = torch.Generator().manual_seed(0)
    return model, torch.randn(8, 1, 3, 3, generator=draw), torch.tensor([0, 1, 2, 3, 0, 1, 2, 3])


def _dense():
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 4))


def _blind():
    """Nothing of the picture gets through."""
    model = _dense()
    nn.init.zeros_(model[1].weight)
    return model.requires_grad_(False).append(nn.Linear(4, 4))


def _all_but_one():
    """Of 32 pictures two are the same and have different labels: 31 can be right."""
    x = torch.randn(32, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    x[1] = x[0]
    return _dense(), x, torch.arange(32) % 4


def _answers(overfits):
    if not callable(overfits):
        return f"a {type(overfits).__name__}; the function itself, without brackets"
    got = overfits(*_handful(_dense()))
    if got is None or got is ...:
        return "nothing yet; end it with `return ...`"
    if isinstance(got, torch.Tensor) and got.ndim == 0 and got.dtype == torch.bool:
        return True
    return isinstance(got, bool | np.bool_) or f"{got!r}, a {type(got).__name__}; compare the accuracy with 1"


def _says(wanted, why, given):
    def ask(overfits):
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            return bool(overfits(*given())) is wanted or f"{not wanted} for {why}"

    return ask


def _leaves_the_model(overfits):
    model, x, labels = _handful(_dense())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    overfits(model, x, labels)
    same = all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    return same or "the model itself has changed; train copy.deepcopy(model)"


def _learn(model, x, labels, epochs=100, own=True, judge=lambda accuracy: accuracy == 1, training=False):
    """overfits with one thing changed."""
    model = copy.deepcopy(model) if own else model
    fit(model, [(x, labels)], epochs=epochs, optimizer=torch.optim.Adam(model.parameters(), lr=0.01), progress=False)
    if training:
        return bool((model.train()(x).argmax(1) == labels).all())
    return judge(evaluate(model, [(x, labels)]).accuracy)


def _mistaken(**changed):
    return Wrong(lambda: lambda model, x, labels: _learn(model, x, labels, **changed), changed.pop("says"))


EXERCISES = [
    FunctionExercise(
        "blind_loss",
        minutes=6,
        level="easy",
        answer=blind_loss,
        cases=(
            Case("four classes, equally frequent", (_labels(0, 1, 2, 3),)),
            Case("ten classes", (torch.arange(10).repeat(3),)),
            Case("nine in ten are of one class", (_labels(0, 0, 0, 0, 1, 0, 0, 0, 0, 0),)),
            Case("a class without pictures", (_labels(0, 0, 2, 2),)),
            Case("all but one of a hundred are of one class", (_labels(*[1] * 99, 0),)),
        ),
        hints=(
            "labels.bincount() / len(labels) are the shares. labels.unique(return_counts=True)[1] counts only classes "
            "that are there.",
            "A class with share p has p of the pictures, and each costs -log(p): the mean is the sum of -p * log(p).",
        ),
        wrong=(
            Wrong(lambda labels: math.log(labels.max() + 1), "the log of the number of classes, whatever their shares"),
            Wrong(
                lambda labels: math.log(len(labels.unique())),
                "the log of the number of classes, whatever their shares",
            ),
            Wrong(
                lambda labels: float(F.cross_entropy(_shares(labels).expand(len(labels), -1), labels)),
                "the shares were taken for logits; cross_entropy wants their logs",
            ),
            Wrong(lambda labels: blind_loss(labels) / math.log(2), "the log is to base 2: bits; nats are asked for"),
            Wrong(lambda labels: -blind_loss(labels), "the sign is turned: the log of a share is below 0"),
            Wrong(_mean_over_classes, "each class counts alike; a frequent one has more pictures to pay for"),
            Wrong(lambda labels: blind_loss(labels) * len(labels), "summed over pictures; the mean is asked for"),
            Wrong(lambda labels: float(1 - _shares(labels).max()), "this is the share that it gets wrong, not a loss"),
            Wrong(lambda labels: blind_loss(labels) / math.log(10), "the log is to base 10, not the natural one"),
            Wrong(lambda labels: math.log(4), "there were always four classes"),
            Wrong(lambda labels: float(-_shares(labels).max().log()), "only the most frequent class is paid for"),
            Wrong(
                lambda labels: float(-(_shares(labels) * _shares(labels).log()).sum()),
                "0 * log(0) is no number; leave classes without pictures out",
            ),
            Wrong(
                lambda labels: float(-(_of_four(labels) * _of_four(labels).log()).sum()),
                "0 * log(0) is no number; leave classes without pictures out",
            ),
            Wrong(
                lambda labels: float(-(_shares(labels) * _shares(labels).log()).mean()),
                "the mean over classes is taken; each already counts by its share, so add them up",
            ),
        ),
    ),
    JudgedExercise(
        "overfits",
        minutes=8,
        level="medium",
        hints=(
            "model = copy.deepcopy(model), then an optimizer of it: torch.optim.Adam(model.parameters(), lr=0.01).",
            "train.fit(model, [(x, labels)], epochs=100, optimizer=optimizer, progress=False) trains on one batch.",
            "train.evaluate(model, [(x, labels)]).accuracy == 1 is the answer; it switches to evaluation mode.",
        ),
        rules=(
            ("a function of model, x, labels that returns True or False", _answers),
            (
                "True where all can be learned",
                _says(True, "a net that can; accuracy is a share, and 1 is all", lambda: _handful(_dense())),
            ),
            (
                "False where nothing can be learned",
                _says(False, "a net that sees nothing", lambda: _handful(_blind())),
            ),
            ("False where one stays wrong", _says(False, "31 right of 32", _all_but_one)),
            (
                "judged without dropout",
                _says(
                    True,
                    "a net with dropout; is it judged in evaluation mode, as train.evaluate does",
                    lambda: _handful(nn.Sequential(nn.Dropout(0.7), _dense())),
                ),
            ),
            ("the model left as it was", _leaves_the_model),
        ),
        solution="from cnnlab.train import overfits",
        wrong=(
            Wrong(lambda: True, "the function itself, without brackets"),
            Wrong(lambda: lambda model, x, labels: None, "nothing yet"),
            Wrong(lambda: lambda model, x, labels: True, "True for a net that sees nothing"),
            Wrong(lambda: lambda model, x, labels: False, "False for a net that can"),
            _mistaken(judge=lambda accuracy: accuracy, says="compare the accuracy with 1"),
            _mistaken(epochs=1, says="False for a net that can"),
            _mistaken(judge=lambda accuracy: accuracy > 0.95, says="True for 31 right of 32"),
            _mistaken(training=True, says="False for a net with dropout"),
            _mistaken(own=False, says="the model itself has changed"),
        ),
    ),
    FunctionExercise(
        "gradient_gap",
        minutes=10,
        level="medium",
        answer=gradient_gap,
        cases=(
            Case("right slopes", (SQUARES, _row(1, 2, -4), _row(2, 4, -8))),
            Case("two of three too large", (SQUARES, _row(1, 2, -3), _row(3, 8, -6))),
            Case("one too small", (SQUARES, _row(1, 2, -3), _row(0.5, 4, -6))),
            Case("the sign turned", (SQUARES, _row(1, 2, -3), _row(-2, -4, 6))),
            Case("two too small", (SQUARES, _row(1, 4, -3), _row(1, 4, -6))),
            Case("claims far too large", (SQUARES, _row(1, 2), _row(2, 40))),
            Case("two elements multiplied", (PRODUCT, _row(3, 5), _row(5, 4))),
            Case("no slope anywhere", (FLAT, _row(1, 2), _row(0, 0))),
            Case("rows and columns", (SQUARES, _row(1, 2, 3, 4).view(2, 2), _row(2, 4, 6, 7).view(2, 2))),
            Case("a coarse nudge on a curve", (CUBES, _row(2), _row(12)), {"nudge": 0.5}),
        ),
        hints=(
            "One element at a time: step = torch.zeros_like(x); step.view(-1)[place] = nudge.",
            "nudged.view(-1)[place] = (function(x + step) - function(x - step)) / (2 * nudge).",
            "gap = (slopes - nudged).abs().max(); divide by the larger of slopes.abs().max() and nudged.abs().max(), "
            "unless that is 0.",
        ),
        wrong=(
            Wrong(
                _gap(nudged=lambda f, x, step, nudge: (f(x + step) - f(x)) / nudge),
                "nudged one way only: right for a straight line, not for a curve",
            ),
            Wrong(
                _gap(nudged=lambda f, x, step, nudge: (f(x + step) - f(x - step)) / nudge),
                "divided by one nudge; from x - nudge to x + nudge it is two",
            ),
            Wrong(
                _gap(nudged=lambda f, x, step, nudge: (f(x + nudge) - f(x - nudge)) / (2 * nudge)),
                "all elements are nudged together; nudge one at a time",
            ),
            Wrong(_row_by_row, "a whole row is nudged at once; nudge one element, step.view(-1)[place]"),
            Wrong(
                _gap(nudged=lambda f, x, step, nudge: (f(x + step) - f(x - step)) / 2 * nudge),
                "a bracket is missing: (difference) / (2 * nudge)",
            ),
            Wrong(
                _gap(nudged=lambda f, x, step, nudge: f(x + step) - f(x - step) / (2 * nudge)),
                "a bracket is missing: (difference) / (2 * nudge)",
            ),
            *(
                Wrong(_each_by_its_own(scale), "each distance is divided by its own slopes; divide largest by largest")
                for scale in (torch.add, torch.maximum)
            ),
            Wrong(
                _gap(scale=lambda s, n: max(s.max(), n.max())),
                "the largest slope is sought with its sign; -6 is larger than 4: take abs() first",
            ),
            Wrong(_gap(measure=lambda d: d.max()), "the sign is kept: a slope that is too small goes unseen"),
            Wrong(_gap(measure=lambda d: (-d).max()), "the sign is kept: a slope that is too large goes unseen"),
            Wrong(_gap(measure=lambda d: d.abs().mean()), "the mean distance; the largest is asked for"),
            Wrong(_gap(measure=lambda d: d.abs().sum()), "the distances are added up; the largest is asked for"),
            Wrong(_gap(measure=lambda d: d.abs().view(-1)[0]), "only the first element is looked at"),
            Wrong(_gap(scale=lambda s, n: torch.ones(())), "not divided by the largest slope"),
            Wrong(_gap(scale=lambda s, n: n.abs().max()), "divided by the largest nudged slope; a claim is larger"),
            Wrong(_gap(scale=lambda s, n: s.abs().max()), "divided by the largest claim; a nudged slope is larger"),
            Wrong(
                lambda function, x, slopes, nudge=1e-4: (
                    float("nan") if not slopes.any() else gradient_gap(function, x, slopes, nudge)
                ),
                "0 divided by 0; where all slopes are 0, so is the gap",
            ),
        ),
    ),
]
