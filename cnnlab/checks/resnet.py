"""Notebook 10: batch norm, what is left of it after training, and the block with a way around it."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import ops
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, Wrong

# two pictures of two channels: mean 2, variance 3 (4 over count - 1); and mean 20, variance 24 (32 over count - 1)
TWO = torch.tensor([5.0, 1, 12, 24, 1, 1, 24, 20]).view(2, 2, 1, 2)


def _values(*numbers):
    return torch.tensor([float(number) for number in numbers])


def _mistaken(axes=(0, 2, 3), unbiased=False, inside=True, root=True, moved=lambda old, new, m: old + m * (new - old),
              running_unbiased=True, mean_too=True, eps_too=True, affine=lambda y, w, b: y * w + b,
              line_up=lambda v: v.view(1, -1, 1, 1)):  # fmt: skip
    """batch_norm with one thing wrong at a time."""

    def batch_norm(x, running_mean, running_var, weight, bias, training=False, momentum=0.1, eps=1e-5):
        wide = line_up
        if training:
            mean, var = x.mean(axes, keepdim=True), x.var(axes, unbiased=unbiased, keepdim=True)
            if axes == (0, 2, 3):
                mean, var = wide(mean.flatten()), wide(var.flatten())
            seen = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=running_unbiased)
            running_mean.copy_(moved(running_mean, seen[0], momentum))
            running_var.copy_(moved(running_var, seen[1], momentum))
        else:
            mean, var = wide(running_mean), wide(running_var)
        eps *= eps_too
        below = (var + eps).sqrt() if inside else var.sqrt() + eps
        y = (x - mean if mean_too else x) / (below if root else var + eps)
        return affine(y, wide(weight), wide(bias))

    return batch_norm


def _always(mode):
    """batch_norm that normalizes in one mode only; the running statistics move as they should."""

    def batch_norm(x, running_mean, running_var, weight, bias, training=False, momentum=0.1, eps=1e-5):
        mean, var = running_mean.clone(), running_var.clone()
        if training:
            ops.batch_norm(x, running_mean, running_var, training=True, momentum=momentum)
        return ops.batch_norm(x, mean, var, weight, bias, mode, momentum, eps)

    return batch_norm


def _moves_first(x, running_mean, running_var, weight, bias, training=False, momentum=0.1, eps=1e-5):
    if training:
        ops.batch_norm(x, running_mean, running_var, training=True, momentum=momentum)
    return ops.batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)


def _moves_in_evaluation(x, running_mean, running_var, weight, bias, training=False, momentum=0.1, eps=1e-5):
    y = ops.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        ops.batch_norm(x, running_mean, running_var, training=True, momentum=momentum)
    return y


def _folded(factor=lambda s: s.view(-1, 1, 1, 1), shift=lambda b, m, s, beta: (b - m) * s + beta, scale=None):
    """fold_batch_norm with one thing wrong at a time."""
    scale = scale or (lambda var, gamma, eps: gamma / (var + eps).sqrt())

    def fold_batch_norm(weight, bias, running_mean, running_var, gamma, beta, eps=1e-5):
        s = scale(running_var, gamma, eps)
        return weight * factor(s), shift(bias, running_mean, s, beta)

    return fold_batch_norm


def _gamma_in_the_filters_only(weight, bias, running_mean, running_var, gamma, beta, eps=1e-5):
    one = torch.ones_like(gamma)
    shift = ops.fold_batch_norm(weight, bias, running_mean, running_var, one, beta, eps)[1]
    return ops.fold_batch_norm(weight, bias, running_mean, running_var, gamma, beta, eps)[0], shift


# ---- the residual block: its layers have names, so that its way can be walked again


def _is_built(block):
    if isinstance(block, type):
        return "the class itself; build one block with ResidualBlock(4)"
    return isinstance(block, nn.Module) or f"a {type(block).__name__}"


def _has_its_layers(block):
    missing = [name for name in ("conv1", "bn1", "conv2", "bn2") if not hasattr(block, name)]
    if missing:
        return f"no {missing[0]}; leave the layers of __init__ as they are"
    channels = getattr(block.conv1, "in_channels", 4)
    return channels == 4 or f"a block of {channels} channels; build ResidualBlock(4)"


def _sample():
    return torch.randn(3, 4, 5, 5, generator=torch.Generator().manual_seed(0))


def _keeps_the_shape(block):
    with torch.no_grad():
        y = block.eval()(_sample())
    if y is None or y is ...:
        return "nothing yet: forward has to return the maps"
    shape = tuple(y.shape) if isinstance(y, torch.Tensor) else type(y).__name__
    return shape == (3, 4, 5, 5) or f"{shape}" + (", joined side by side; add them" if shape == (3, 8, 5, 5) else "")


def _computes(block):
    """The output must be that of the diagram with the block's own layers; known detours are named."""
    block = copy.deepcopy(block).eval()
    for i, name in enumerate(("bn1", "bn2"), start=1):  # as after some training: no batch norm that does nothing
        norm = getattr(block, name)
        norm.running_mean, norm.running_var = torch.full((4,), 0.1 * i), torch.full((4,), 0.5 + i)
    draw = torch.Generator().manual_seed(1)  # weights that make every detour differ from every other
    for conv in (block.conv1, block.conv2):
        conv.weight = nn.Parameter(torch.randn(conv.weight.shape, generator=draw) / 2)
    x = _sample()
    conv1, bn1, conv2, bn2, relu = block.conv1, block.bn1, block.conv2, block.bn2, torch.relu

    with torch.no_grad():
        given = x.clone()
        got = block(given)
        if not torch.equal(given, x):
            return "it writes into x itself (+= or inplace=True); make a new tensor: y + x"
        y = bn2(conv2(relu(bn1(conv1(x)))))
        if torch.allclose(got, relu(y + x), atol=1e-5):
            return True
        detours = {
            "no way around: x itself is never added": relu(y),
            "no way around, and no ReLU at the end": y,
            "the sum without a ReLU after it": y + x,
            "the ReLU before the sum; it belongs after it": relu(y) + x,
            "a ReLU before the sum, too; there is only the one after it": relu(relu(y) + x),
            "f(x) added to itself; x was overwritten on the way": relu(y + y),
            "the second convolution reads x, not what the first gave": relu(bn2(conv2(x)) + x),
            "no ReLU between the two convolutions": relu(bn2(conv2(bn1(conv1(x)))) + x),
            "no batch norm after the second convolution": relu(conv2(relu(bn1(conv1(x)))) + x),
            "no batch norm after the first convolution": relu(bn2(conv2(relu(conv1(x)))) + x),
            "no batch norm at all": relu(conv2(relu(conv1(x))) + x),
            "bn1 after both convolutions; the second has bn2": relu(bn1(conv2(relu(bn1(conv1(x))))) + x),
            "conv1 twice; the second convolution is conv2": relu(bn2(conv1(relu(bn1(conv1(x))))) + x),
            "x multiplied, not added": relu(y * x),
            "ReLU before batch norm; it comes after bn1": relu(bn2(conv2(bn1(relu(conv1(x))))) + x),
            "the sum before bn2; x goes around both batch norms": relu(bn2(conv2(relu(bn1(conv1(x)))) + x)),
        }
        h = relu(bn1(conv1(x)))
        detours["the maps after the first ReLU are added, not x"] = relu(bn2(conv2(h)) + h)
    return next((name for name, z in detours.items() if torch.allclose(got, z, atol=1e-5)), "other numbers than that")


class _Block(nn.Module):
    """The block with another way through it, for the wrong answers."""

    def __init__(self, way):
        super().__init__()
        self.way = way
        self.conv1, self.conv2 = (nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(2))
        self.bn1, self.bn2 = nn.BatchNorm2d(4), nn.BatchNorm2d(4)

    def forward(self, x):
        return self.way(self, x)


def _inside(b, x):
    return b.bn2(b.conv2(b.bn1(b.conv1(x)).relu()))


RESIDUAL_BLOCK = """\
class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return torch.relu(y + x)


residual_block = ResidualBlock(4)"""


EXERCISES = [
    FunctionExercise(
        "batch_norm",
        minutes=12,
        level="hard",
        answer=ops.batch_norm,
        changes=("running_mean", "running_var"),
        cases=(
            Case(
                "evaluation",
                (_values(10, 14).view(1, 1, 1, 2), _values(8), _values(3), _values(1), _values(0)),
                {"eps": 1.0},
            ),
            Case("evaluation, weight and bias", (TWO, _values(1, 20), _values(4, 25), _values(3, 2), _values(1, -1))),
            Case(
                "training",
                (TWO, _values(0, 0), _values(2, 0), _values(1, 1), _values(0, 0)),
                {"training": True, "momentum": 0.25, "eps": 1.0},
            ),
            Case(
                "training, weight and bias",
                (TWO, _values(12, 0), _values(4, 132), _values(3, 10), _values(1, -1)),
                {"training": True, "eps": 1.0},
            ),
        ),
        hints=(
            "Which mean and variance? In training those of x, one per channel; else the running ones. After that both "
            "modes are the same.",
            "x.mean((0, 2, 3)) has shape (c). So that it lines up with the channels of x: mean.view(1, -1, 1, 1).",
            "Normalize with x.var((0, 2, 3), unbiased=False), and move the running variance toward "
            "x.var((0, 2, 3)), which is the unbiased one. Move in place: running_mean += momentum * (mean - "
            "running_mean).",
        ),
        wrong=(
            Wrong(_mistaken(axes=(0,)), "only the batch is averaged; the pixels of a map belong to its channel, too"),
            Wrong(_mistaken(axes=(2, 3)), "each picture is normalized by itself; the mean goes over the batch, too"),
            Wrong(_mistaken(axes=(0, 1, 2, 3)), "all channels share one mean; each has its own"),
            Wrong(_mistaken(axes=(1, 2, 3)), "each picture is normalized by itself, over its channels"),
            Wrong(_mistaken(unbiased=True), "the unbiased variance normalizes; that one is for running_var only"),
            Wrong(
                _mistaken(line_up=lambda v: v),
                "mean, variance, weight or bias run along the columns; view(1, -1, 1, 1) puts one per channel",
            ),
            Wrong(_mistaken(inside=False), "eps is added after the root; it belongs under it"),
            Wrong(_mistaken(eps_too=False), "eps is left out"),
            Wrong(_mistaken(root=False), "the variance divides, not its root"),
            Wrong(_mistaken(mean_too=False), "the mean is not taken off"),
            Wrong(_always(True), "the batch's own mean and variance are used in evaluation, too"),
            Wrong(_always(False), "the running mean and variance are used in training, too"),
            Wrong(_moves_first, "the running mean and variance are used in training, after they moved"),
            Wrong(_mistaken(affine=lambda y, w, b: y), "weight and bias are left out"),
            Wrong(_mistaken(affine=lambda y, w, b: (y + b) * w), "the bias is added before weight multiplies"),
            Wrong(
                _mistaken(moved=lambda old, new, m: m * old + (1 - m) * new),
                "momentum is swapped: it is the share of the new",
            ),
            Wrong(
                _mistaken(moved=lambda old, new, m: old),
                "the running statistics stay as they were; running_mean += ... changes them in place, "
                "running_mean = ... does not",
            ),
            Wrong(_mistaken(moved=lambda old, new, m: new), "the new statistics replace the old ones"),
            Wrong(_mistaken(moved=lambda old, new, m: old + m * new), "the old statistics are not made smaller first"),
            Wrong(_mistaken(running_unbiased=False), "running_var moves toward the biased variance"),
            Wrong(_moves_in_evaluation, "the running statistics move in evaluation, too"),
        ),
    ),
    FunctionExercise(
        "fold_batch_norm",
        minutes=8,
        level="medium",
        answer=ops.fold_batch_norm,
        cases=(
            Case(
                "one filter",
                (_values(1, 2).view(1, 1, 1, 2), *map(_values, (0, 1, 3, 4, 5)), 1.0),
            ),
            Case(
                "one filter with a bias",
                (_values(1, 2).view(1, 1, 1, 2), *map(_values, (7, 1, 3, 4, 5)), 1.0),
            ),
            Case(
                "two filters of two channels",
                (
                    torch.ones(2, 2, 2, 2),
                    _values(2, 3),
                    _values(1, -1),
                    _values(4, 25),
                    _values(6, -5),
                    _values(0, 1),
                    0.0,
                ),
            ),
        ),
        hints=(
            "Write what happens to one output: (w * x + bias - mean) / sqrt(var + eps) * gamma + beta. What multiplies "
            "w * x? What is left over?",
            "s = gamma / torch.sqrt(running_var + eps) has one factor per filter. It multiplies the filters and "
            "(bias - running_mean); beta is added at the end.",
            "weight is (o, c, kh, kw), s is (o): s.view(-1, 1, 1, 1) lines it up with the filters.",
        ),
        wrong=(
            Wrong(
                _folded(factor=lambda s: s), "the factors run along the columns of a filter; there is one per filter"
            ),
            Wrong(_folded(factor=lambda s: s.view(1, -1, 1, 1)), "the factors run along the input channels"),
            Wrong(_folded(factor=lambda s: 1), "the filters are left as they were"),
            Wrong(_folded(shift=lambda b, m, s, beta: b - m * s + beta), "the old bias is not multiplied"),
            Wrong(_folded(shift=lambda b, m, s, beta: b * s - m + beta), "the mean is not multiplied"),
            Wrong(_folded(shift=lambda b, m, s, beta: -m * s + beta), "the old bias is forgotten"),
            Wrong(_folded(shift=lambda b, m, s, beta: b * s + beta), "the mean is not taken off"),
            Wrong(_folded(shift=lambda b, m, s, beta: (b - m) * s), "beta is forgotten"),
            Wrong(_gamma_in_the_filters_only, "gamma multiplies the filters only; the shift needs it, too"),
            Wrong(_folded(shift=lambda b, m, s, beta: (b - m + beta) * s), "beta is multiplied, too"),
            Wrong(_folded(shift=lambda b, m, s, beta: (b + m) * s + beta), "the mean is added"),
            Wrong(lambda *given: ops.fold_batch_norm(*given)[::-1], "bias came first; return weight, bias"),
            Wrong(_folded(scale=lambda var, gamma, eps: 1 / (var + eps).sqrt()), "gamma is forgotten"),
            Wrong(_folded(scale=lambda var, gamma, eps: gamma / (var + eps)), "the variance divides, not its root"),
            Wrong(_folded(scale=lambda var, gamma, eps: gamma / var.sqrt()), "eps is left out"),
            Wrong(_folded(scale=lambda var, gamma, eps: gamma / (var.sqrt() + eps)), "eps is added after the root"),
        ),
    ),
    JudgedExercise(
        "residual_block",
        minutes=6,
        level="medium",
        rules=(
            ("one block, an nn.Module", _is_built),
            ("the layers conv1, bn1, conv2, bn2", _has_its_layers),
            ("maps (3, 4, 5, 5) give maps (3, 4, 5, 5)", _keeps_the_shape),
            ("relu(f(x) + x), where f is conv1, bn1, ReLU, conv2, bn2", _computes),
        ),
        solution=RESIDUAL_BLOCK,
        hints=(
            "First f: self.conv1, self.bn1, a ReLU, self.conv2, self.bn2, one after the other. Keep x as it came.",
            "y = self.bn2(self.conv2(...)); the sum is y + x, and the last ReLU goes around the sum.",
        ),
        wrong=(
            Wrong(lambda: _Block(lambda b, x: _inside(b, x).relu()), "no way around: x itself is never added"),
            Wrong(lambda: _Block(_inside), "no way around, and no ReLU at the end"),
            Wrong(lambda: _Block(lambda b, x: _inside(b, x) + x), "the sum without a ReLU after it"),
            Wrong(lambda: _Block(lambda b, x: x.add_(_inside(b, x)).relu()), "it writes into x itself"),
            Wrong(lambda: _Block(lambda b, x: _inside(b, x).relu() + x), "the ReLU before the sum"),
            Wrong(lambda: _Block(lambda b, x: (_inside(b, x).relu() + x).relu()), "a ReLU before the sum, too"),
            Wrong(lambda: _Block(lambda b, x: (2 * _inside(b, x)).relu()), "x was overwritten on the way"),
            Wrong(lambda: _Block(lambda b, x: (b.bn2(b.conv2(x)) + x).relu()), "the second convolution reads x"),
            Wrong(
                lambda: _Block(lambda b, x: (b.bn2(b.conv2(b.bn1(b.conv1(x)))) + x).relu()),
                "no ReLU between the two convolutions",
            ),
            Wrong(
                lambda: _Block(lambda b, x: (b.conv2(b.bn1(b.conv1(x)).relu()) + x).relu()),
                "no batch norm after the second convolution",
            ),
            Wrong(
                lambda: _Block(lambda b, x: (b.bn1(b.conv2(b.bn1(b.conv1(x)).relu())) + x).relu()),
                "bn1 after both convolutions",
            ),
            Wrong(
                lambda: _Block(lambda b, x: (b.bn2(b.conv2(b.bn1(b.conv1(x)).relu()) + x)).relu()),
                "the sum before bn2",
            ),
            Wrong(
                lambda: _Block(lambda b, x: torch.cat([_inside(b, x), x], 1).relu()), "joined side by side; add them"
            ),
            Wrong(lambda: _Block(lambda b, x: (_inside(b, x) * x).relu()), "x multiplied, not added"),
            Wrong(lambda: _Block(lambda b, x: None), "nothing yet: forward has to return the maps"),
            Wrong(lambda: _Block, "the class itself"),
            Wrong(lambda: nn.Identity(), "no conv1; leave the layers of __init__ as they are"),
            Wrong(lambda: _Block(lambda b, x: F.relu(x)), "other numbers than that"),
        ),
    ),
]


PREDICTIONS = {
    "what is left of 1 after 20 halvings": Prediction(
        answer=lambda: "a millionth",
        because="Ten halvings are 1/1024, about a thousandth; twice ten are a thousandth of a thousandth.",
        choices=("a twentieth", "a thousandth", "a millionth"),
    ),
    "means of a batch of shape (32, 8, 14, 14)": Prediction(
        answer=lambda: 8,
        because="One per channel, over all 32 pictures and all 14 x 14 pixels.",
    ),
    "running mean after two batches of mean 10": Prediction(
        answer=lambda: 1.9,
        because="The first step goes a tenth of the way from 0 to 10, to 1; the second a tenth of the 9 that are left.",
    ),
    "which plain network fits its training digits better": Prediction(
        answer=lambda: "8 layers",
        because="More layers could do all that fewer can, but training does not find the way.",
        choices=("8 layers", "32 layers", "about the same"),
    ),
    "do shortcuts alone train 32 layers": Prediction(
        answer=lambda: False,
        because="Every block adds to what came, so without batch norm the numbers grow from block to block.",
    ),
    "times a bottleneck is cheaper on 256 maps": Prediction(
        answer=lambda: "17 times",
        because="2 x 9 x 256 x 256 weights against 256 x 64 + 9 x 64 x 64 + 64 x 256.",
        choices=("4 times", "17 times", "64 times"),
    ),
}
