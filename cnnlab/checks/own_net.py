"""Notebook 15: a network of one's own, within a budget."""

import itertools

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import shapes
from cnnlab.checks.engine import JudgedExercise, Wrong
from cnnlab.train import overfits

MOST_PARAMETERS, MOST_WORK, FIELD = 25_000, 1_000_000, 16
PICTURE = (3, 16, 16)
SIDES = (20, 24, 32)  # of other pictures
SHARES = (nn.Softmax, nn.LogSoftmax, nn.Softmax2d, nn.Softmin)


def _is_sequential(net):
    if isinstance(net, type):
        return "the class itself; build it with brackets"
    if not isinstance(net, nn.Sequential):
        return f"a {type(net).__name__}"
    for layer in _in_a_row(net):
        if any(True for _ in layer.children()):
            return (
                f"a {type(layer).__name__} in it; what that sees is not counted here, so write its layers out, no skip"
            )
    return len(net) > 0 or "an empty one"


def _gives_four(net):
    shapes.ladder(net, PICTURE, classes=4)
    layers = list(_in_a_row(net))
    for layer in layers:
        if isinstance(layer, SHARES):
            return f"a {type(layer).__name__}; cross-entropy takes the softmax itself, from logits"
    dense = [place for place, layer in enumerate(layers) if isinstance(layer, nn.Linear)]
    behind = [layer for layer in layers[dense[-1] :] if _is_bend(layer)] if dense else []
    return not behind or f"a {type(behind[0]).__name__} behind the last Linear; logits may have any value: take it away"


def _learns_everywhere(net):
    for place, layer in enumerate(_in_a_row(net)):
        if not all(p.requires_grad for p in layer.parameters()):
            return f"layer {place}, a {type(layer).__name__}, is fixed; every layer must learn"
    return True


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
    return any(map(_is_bend, net.modules())) or "no ReLU; without bends layers amount to one"


def _is_bend(layer):
    return type(layer).__module__ == "torch.nn.modules.activation"


def _takes_other_sizes(net):
    for side in SIDES:
        try:
            shapes.ladder(net, (3, side, side), classes=4)
        except shapes.ShapeError:
            cure = "a Linear behind Flatten fixes the size, AdaptiveAvgPool2d(1) before it does not"
            return f"not pictures of {side}x{side}; {cure}"
    return True


def _learns(net):
    from cnnlab import data

    x, y = data.doodles(80, seed=0)
    chosen = torch.cat([(y == label).nonzero()[:2, 0] for label in range(4)])
    x = F.avg_pool2d(x[chosen].float(), 2).round().byte()
    x, labels = data.normalise(x, (0.5,) * 3, (0.29,) * 3), y[chosen]
    if overfits(net.cpu(), x, labels):
        return True
    return "after 100 steps not all of eight are right; is much dropped, a stage very narrow, or a weight always 0?"


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


def _zeros(inputs, outputs):
    """Behind another one of its kind it never learns: each is the other's slope."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _models():
    from cnnlab import models

    return models


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
            ("an nn.Sequential of plain layers", _is_sequential),
            ("four logits for a picture (3, 16, 16)", _gives_four),
            ("no fixed layers", _learns_everywhere),
            (f"at most {MOST_PARAMETERS:,} parameters", _is_small),
            (f"at most {MOST_WORK:,} multiply-adds", _is_cheap),
            (f"at least {FIELD} pixels seen before the maps are pooled into one value", _sees_enough),
            ("batch norm", _normalizes),
            ("a ReLU, or another bend", _bends),
            ("pictures of 20x20, 24x24 and 32x32, too", _takes_other_sizes),
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
            Wrong(lambda: _net().append(nn.Sigmoid()), "a Sigmoid behind the last Linear"),
            Wrong(lambda: _net().append(nn.ReLU6()), "a ReLU6 behind the last Linear"),
            Wrong(lambda: _net((16, 32)).insert(8, _models().BasicBlock(32, 32)), "a BasicBlock in it"),
            Wrong(
                lambda: nn.Sequential(_models().Whitening(), nn.Conv2d(24, 16, 2), *_net()[1:]), "a Whitening, is fixed"
            ),
            Wrong(lambda: nn.Sequential(_net()[:4].requires_grad_(False), *_net()[4:]), "a Conv2d, is fixed"),
            Wrong(lambda: _net((16, 64, 64)), "at most 25,000 parameters"),
            Wrong(lambda: _net((16, 32, 48), pool=False), "at most 1,000,000 multiply-adds"),
            Wrong(lambda: _net((16, 32)), "it sees 10 pixels"),
            Wrong(lambda: _net(norm=False), "no BatchNorm2d"),
            Wrong(lambda: nn.Sequential(*(x for x in _net() if not isinstance(x, nn.ReLU))), "no ReLU"),
            Wrong(lambda: _net((8, 16, 24), head=[nn.Flatten(), nn.Linear(24 * 16, 4)]), "not pictures of 20x20"),
            Wrong(lambda: _net(head=[nn.AvgPool2d(4), nn.Flatten(), nn.Linear(48, 4)]), "not pictures of 32x32"),
            Wrong(
                lambda: _net(head=[nn.AdaptiveMaxPool2d(1), nn.Flatten(), _zeros(48, 8), _zeros(8, 4)]),
                "not all of eight are right",
            ),
        ),
    ),
]
