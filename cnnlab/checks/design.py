"""Notebook 15: looks before a long training, a network within a budget, and the defects of four trainings."""

import copy
import itertools
import math

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import shapes
from cnnlab.checks import patients
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, Wrong
from cnnlab.train import blind_loss, evaluate, fit, gradient_gap, overfits

# ---- blind_loss


def _labels(*values):
    return torch.tensor(values)


def _shares(labels):
    return labels.bincount().double() / len(labels)


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
    return isinstance(got, bool) or f"{got!r}, a {type(got).__name__}; compare the accuracy with 1"


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


# ---- own_net

MOST_PARAMETERS, MOST_WORK, FIELD = 25_000, 1_000_000, 16
PICTURE = (3, 16, 16)
SHARES = (nn.Softmax, nn.LogSoftmax, nn.Softmax2d, nn.Softmin)


def _is_sequential(net):
    if isinstance(net, type):
        return "the class itself; build it with brackets"
    if not isinstance(net, nn.Sequential):
        return f"a {type(net).__name__}"
    return len(net) > 0 or "an empty one"


def _gives_four(net):
    shapes.ladder(net, PICTURE, classes=4)
    layers = list(_in_a_row(net))
    shares = [layer for layer in layers if isinstance(layer, SHARES)]
    if isinstance(layers[-1], nn.Sigmoid):
        shares.append(layers[-1])
    return not shares or f"a {type(shares[0]).__name__}; cross-entropy takes the softmax itself, from logits"


def _is_small(net):
    count = shapes.count_parameters(net)
    return count <= MOST_PARAMETERS or f"{count:,}"


def _is_cheap(net):
    ladder = shapes.ladder(net, PICTURE)
    if ladder.multiply_adds <= MOST_WORK:
        return True
    dearest = max(ladder, key=lambda rung: rung.multiply_adds)
    return f"{ladder.multiply_adds:,}, of them {dearest.multiply_adds:,} in layer {dearest.name}"


def _in_a_row(net):
    """Every layer in its order, Sequentials inside opened; one that stands there twice comes twice."""
    for layer in net:
        yield from _in_a_row(layer) if isinstance(layer, nn.Sequential) else [layer]


def _sees_enough(net):
    ends = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Flatten, nn.Linear)
    layers = list(itertools.takewhile(lambda layer: not isinstance(layer, ends), _in_a_row(net)))
    if not layers:
        return "no layer before the pooling"
    size = shapes.receptive_field(layers)[-1].size
    least = min(size) if isinstance(size, tuple) else size
    return least >= FIELD or f"it sees {least} pixels"


def _normalizes(net):
    if any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in net.modules()):
        return True
    return "no BatchNorm2d"


def _bends(net):
    bends = (type(layer).__module__ == "torch.nn.modules.activation" for layer in net.modules())
    return any(bends) or "no ReLU; without bends layers amount to one"


def _takes_other_sizes(net):
    try:
        shapes.ladder(net, (3, 24, 24), classes=4)
    except shapes.ShapeError:
        return "not pictures of 24x24; a Linear behind Flatten fixes the size, AdaptiveAvgPool2d(1) before it does not"
    return True


def _learns(net):
    from cnnlab import data

    x, y = data.doodles(80, seed=0)
    chosen = torch.cat([(y == label).nonzero()[:2, 0] for label in range(4)])
    x = F.avg_pool2d(x[chosen].float(), 2).round().byte()
    x, labels = data.normalise(x, (0.5,) * 3, (0.29,) * 3), y[chosen]
    if overfits(net.cpu(), x, labels):
        return True
    return "after 100 steps not all of eight are right; is there a ReLU after the last Linear?"


OWN_NET = """\
def stage(c, width, *pooling):
    return [nn.Conv2d(c, width, 3, padding=1, bias=False), *pooling, nn.BatchNorm2d(width), nn.ReLU()]

layers = [*stage(3, 16, nn.MaxPool2d(2)), *stage(16, 32, nn.MaxPool2d(2)), *stage(32, 48)]
own_net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 4))"""


def _net(widths=(16, 32, 48), window=3, norm=True, pool=True, head=None, classes=4):
    layers, c = [], 3
    for i, width in enumerate(widths):
        layers += [nn.Conv2d(c, width, window, padding=window // 2)]
        layers += [nn.MaxPool2d(2)] * (pool and i < 2) + [nn.BatchNorm2d(width)] * norm + [nn.ReLU()]
        c = width
    return nn.Sequential(*layers, *(head or [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(c, classes)]))


# ---- diagnosis

ASKED = (1, 2, 3, 4)


def _name(said):
    """The defect as the list spells it, whatever the case of its letters."""
    return {name.lower(): name for name in patients.DEFECTS}.get(str(said).strip().lower())


def _is_a_dictionary(diagnosis):
    if not isinstance(diagnosis, dict):
        return f"a {type(diagnosis).__name__}"
    missing = [number for number in ASKED if diagnosis.get(number) in (None, ...)]
    return not missing or f"nothing for patient {missing[0]}"


def _are_known(diagnosis):
    unknown = [said for said in diagnosis.values() if _name(said) is None]
    return not unknown or f"{unknown[0]!r}, which is not in the list checks.DEFECTS"


def _fits(number):
    def ask(diagnosis):
        said = _name(diagnosis[number])
        if said == patients.CASES[number - 1]:
            return True
        return f"{said!r}: then {patients.WOULD_SHOW[said]}. Look: it is not so"

    return ask


def _diagnosis(**changed):
    right = {number: patients.CASES[number - 1] for number in ASKED}
    return right | {int(number[1:]): said for number, said in changed.items()}


EXERCISES = [
    JudgedExercise(
        "own_net",
        minutes=12,
        level="hard",
        hints=(
            "Begin with ours: convolution, pooling, batch norm, ReLU, twice. It sees 10 pixels. A third convolution at "
            "a quarter of the side adds 8.",
            "Widths such as 16, 32, 48 keep both budgets; AdaptiveAvgPool2d(1), Flatten and Linear(48, 4) end it.",
            "Print shapes.ladder(own_net, (3, 16, 16)), and shapes.receptive_field(own_net[:n])[-1].size for the first "
            "n layers.",
        ),
        rules=(
            ("an nn.Sequential of layers", _is_sequential),
            ("four logits for a picture (3, 16, 16)", _gives_four),
            (f"at most {MOST_PARAMETERS:,} parameters", _is_small),
            (f"at most {MOST_WORK:,} multiply-adds", _is_cheap),
            (f"at least {FIELD} pixels seen before the maps are pooled into one value", _sees_enough),
            ("batch norm", _normalizes),
            ("a ReLU, or another bend", _bends),
            ("pictures of 24x24, too", _takes_other_sizes),
            ("eight pictures learned by heart", _learns),
        ),
        solution=OWN_NET,
        wrong=(
            Wrong(lambda: 3, "a int"),
            Wrong(lambda: nn.Sequential, "the class itself"),
            Wrong(lambda: nn.Conv2d(3, 4, 3), "a Conv2d"),
            Wrong(lambda: nn.Sequential(), "an empty one"),
            Wrong(lambda: _net(classes=10), "10"),
            Wrong(lambda: _net(head=[nn.Flatten(), nn.Linear(48, 4)]), "does not fit"),
            Wrong(lambda: _net().append(nn.Softmax(dim=1)), "a Softmax; cross-entropy takes the softmax itself"),
            Wrong(lambda: nn.Sequential(_net(), nn.LogSoftmax(dim=1)), "a LogSoftmax"),
            Wrong(lambda: _net().append(nn.Sigmoid()), "a Sigmoid"),
            Wrong(lambda: _net((16, 64, 64)), "at most 25,000 parameters"),
            Wrong(lambda: _net((16, 32, 48), pool=False), "at most 1,000,000 multiply-adds"),
            Wrong(lambda: _net((16, 32)), "it sees 10 pixels"),
            Wrong(lambda: _net(norm=False), "no BatchNorm2d"),
            Wrong(lambda: nn.Sequential(*(x for x in _net() if not isinstance(x, nn.ReLU))), "no ReLU"),
            Wrong(lambda: _net((8, 16, 24), head=[nn.Flatten(), nn.Linear(24 * 16, 4)]), "not pictures of 24x24"),
            Wrong(
                lambda: _net(
                    head=[
                        nn.AdaptiveMaxPool2d(1),
                        nn.Flatten(),
                        nn.Linear(48, 4),
                        nn.ReLU(),
                        nn.Flatten(),
                        nn.Threshold(9, 0),
                    ]
                ),
                "not all of eight are right",
            ),
        ),
    ),
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
            Wrong(lambda labels: float(-_shares(labels).max().log()), "only the most frequent class is paid for"),
            Wrong(
                lambda labels: float(-(_shares(labels) * _shares(labels).log()).sum()),
                "0 * log(0) is no number; leave classes without pictures out",
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
            ("True where all can be learned", _says(True, "a net that can", lambda: _handful(_dense()))),
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
            Case("right slopes", (SQUARES, _row(1, 2, -3), _row(2, 4, -6))),
            Case("two of three too large", (SQUARES, _row(1, 2, -3), _row(3, 8, -6))),
            Case("one too small", (SQUARES, _row(1, 2, -3), _row(2, 1, -6))),
            Case("the sign turned", (SQUARES, _row(1, 2, -3), _row(-2, -4, 6))),
            Case("two too small", (SQUARES, _row(1, 4, -3), _row(1, 4, -6))),
            Case("claims far too large", (SQUARES, _row(1, 2), _row(2, 40))),
            Case("two elements multiplied", (PRODUCT, _row(3, 5), _row(5, 4))),
            Case("no slope anywhere", (FLAT, _row(1, 2), _row(0, 0))),
            Case("rows and columns", (SQUARES, _row(1, 2, 3, 4).view(2, 2), _row(2, 4, 6, 0).view(2, 2))),
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
            *(
                Wrong(_each_by_its_own(scale), "each distance is divided by its own slopes; divide largest by largest")
                for scale in (torch.add, torch.maximum)
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
    JudgedExercise(
        "diagnosis",
        minutes=12,
        level="hard",
        hints=(
            "Patient by patient: first and last loss, both accuracies, what moved, the range of the answers, mean and "
            "spread of both piles.",
            "Answers from 0 to 1 that sum to 1? Validation pictures unlike the others? The same answer for all? Every "
            "layer moves and still no better than a guess? One patient each.",
        ),
        rules=(
            ("a dictionary with a defect for each of the patients 1 to 4", _is_a_dictionary),
            ("names of the list checks.DEFECTS", _are_known),
            *((f"the defect of patient {number}", _fits(number)) for number in ASKED),
        ),
        solution=f"diagnosis = {_diagnosis()}",
        wrong=(
            Wrong(lambda: "rate too high", "a str"),
            Wrong(lambda: {1: "softmax before the loss"}, "nothing for patient 2"),
            Wrong(lambda: _diagnosis(_1="sick"), "'sick', which is not in the list"),
            Wrong(lambda: _diagnosis(_1="rate too low"), "moved by less than a thousandth"),
            Wrong(lambda: _diagnosis(_2="shuffled labels"), "no better than a guess"),
            Wrong(lambda: _diagnosis(_3="frozen layers"), "some layers would not have moved"),
            Wrong(lambda: _diagnosis(_4="zero_grad forgotten"), "the gradients would still be there"),
        ),
    ),
]


def _first_loss():
    return math.log(4)


def _trials():
    return math.ceil(math.log(0.05) / math.log(0.95))


PREDICTIONS = {
    "multiply-adds after halving the side and doubling the maps": Prediction(
        lambda: "the same",
        "A quarter of the pixels, and four times the weights: twice the maps to read, twice the maps to write.",
        choices=("a quarter", "the same", "four times"),
    ),
    "the change that hurts a short training most": Prediction(
        lambda: "eight more layers",
        "More layers could do more, but a plain deep stack hardly begins to learn in one pass (notebook 10).",
        choices=("no batch norm", "no pooling", "eight more layers"),
    ),
    "first loss with four classes": Prediction(
        _first_loss, "Each class gets a quarter, and minus the log of a quarter is log(4).", tolerance=0.02
    ),
    "the batches that a high rate hurts more": Prediction(
        lambda: "batches of 8",
        "Each step trusts fewer pictures, and there are more steps: the range of good rates lies lower.",
        choices=("batches of 8", "batches of 32", "both alike"),
    ),
    "random trials until one is among the best 5 percent": Prediction(
        _trials,
        "All of n miss with probability 0.95 to the power of n; at 59 that falls below 0.05.",
        tolerance=0.03,
    ),
}
