"""Notebook 09: a dense layer as a 1x1 convolution, an average in place of a head, an Inception block."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import shapes
from cnnlab.checks.engine import JudgedExercise, Prediction, ValueExercise, Wrong

# ---- as_convolution

AS_CONVOLUTION = """\
def as_convolution(linear):
    conv = nn.Conv2d(linear.in_features, linear.out_features, kernel_size=1)
    with torch.no_grad():
        conv.weight.copy_(linear.weight[:, :, None, None])
        conv.bias.copy_(linear.bias)
    return conv"""


def _as_convolution(linear, kernel_size=1, weight=None, bias=None, swap=False):
    """The exercise's answer, with one thing changed for the wrong ones."""
    sizes = (linear.in_features, linear.out_features)
    conv = nn.Conv2d(*(sizes[::-1] if swap else sizes), kernel_size, bias=bias is not False)
    with torch.no_grad():
        if not swap and kernel_size == 1 and weight is not False:
            conv.weight.copy_((linear.weight if weight is None else weight(linear.weight))[:, :, None, None])
        if not swap and bias is None:
            conv.bias.copy_(linear.bias)
    return conv


def _converted(as_convolution, inputs=8, outputs=5):
    linear = nn.Linear(inputs, outputs)
    return linear, as_convolution(linear)


def _gives_a_convolution(as_convolution):
    if isinstance(as_convolution, type) or not callable(as_convolution):
        return f"a {type(as_convolution).__name__}, where the function itself is needed, without brackets"
    _, conv = _converted(as_convolution)
    if conv is None or conv is ...:
        return "nothing yet; end it with a line `return ...`"
    return isinstance(conv, nn.Conv2d) or f"a {type(conv).__name__}"


def _has_the_sizes(as_convolution):
    for inputs, outputs in ((8, 5), (3, 10)):
        linear, conv = _converted(as_convolution, inputs, outputs)
        if conv.kernel_size != (1, 1):
            return f"a window of {conv.kernel_size[0]}x{conv.kernel_size[1]}"
        came = (conv.in_channels, conv.out_channels)
        if came != (inputs, outputs):
            swapped = "; inputs and outputs have changed places" if came == (outputs, inputs) else ""
            return f"{came[0]} to {came[1]} channels for {linear}{swapped}"
    return conv.bias is not None or "a convolution without bias"


def _computes_alike(as_convolution):
    linear, conv = _converted(as_convolution)
    draw = torch.Generator().manual_seed(0)
    x = torch.rand(2, 8, 4, 3, generator=draw)
    with torch.no_grad():
        y, right = conv(x), linear(x.movedim(1, 3)).movedim(3, 1)
        if y.shape != right.shape:
            return f"maps of shape {tuple(y.shape)}; padding 0 and stride 1 keep the size"
        if torch.allclose(y, right, atol=1e-5):
            return True
        weights = torch.allclose(conv.weight.flatten(1), linear.weight)
        biases = torch.allclose(conv.bias, linear.bias)
    if weights:
        return "the weights are right, the biases are not; copy linear.bias, too"
    return "the weights are not those of the dense layer" if biases else "neither weights nor biases are copied"


# ---- four_paths

FOUR_PATHS = """\
class FourPaths(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(16, 4, kernel_size=1)
        self.three_in, self.three = nn.Conv2d(16, 5, kernel_size=1), nn.Conv2d(5, 6, kernel_size=3, padding=1)
        self.five_in, self.five = nn.Conv2d(16, 2, kernel_size=1), nn.Conv2d(2, 3, kernel_size=5, padding=2)
        self.pool, self.pooled = nn.MaxPool2d(3, stride=1, padding=1), nn.Conv2d(16, 3, kernel_size=1)

    def forward(self, x):
        one = torch.relu(self.one(x))
        three = torch.relu(self.three(torch.relu(self.three_in(x))))
        five = torch.relu(self.five(torch.relu(self.five_in(x))))
        pooled = torch.relu(self.pooled(self.pool(x)))
        return torch.cat([one, three, five, pooled], dim=1)


four_paths = FourPaths()"""

WEIGHTS = ((4, 16, 1, 1), (5, 16, 1, 1), (6, 5, 3, 3), (2, 16, 1, 1), (3, 2, 5, 5), (3, 16, 1, 1))


def _paths(x, weights, last=torch.relu, between=torch.relu, pool=F.max_pool2d):
    """The maps of the four paths, from (weight, bias) pairs in the order of WEIGHTS."""
    one, three_in, three, five_in, five, pooled = weights
    return (
        last(F.conv2d(x, *one)),
        last(F.conv2d(between(F.conv2d(x, *three_in)), *three, padding=1)),
        last(F.conv2d(between(F.conv2d(x, *five_in)), *five, padding=2)),
        last(F.conv2d(pool(x, 3, stride=1, padding=1), *pooled)),
    )


def _pools_last(x, weights):
    """The fourth path with its two steps in the other order."""
    return F.max_pool2d(torch.relu(F.conv2d(x, *weights[-1])), 3, stride=1, padding=1)


class _Block(nn.Module):
    """The block with one thing changed, for the wrong answers."""

    def __init__(self, shapes_=WEIGHTS, stack=None, bias=True, **options):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(c, o, k, bias=bias) for o, c, k, _ in shapes_)
        self.stack, self.options = stack or (lambda maps: torch.cat(maps, 1)), options

    def forward(self, x):
        return self.stack(_paths(x, self.weights(), **self.options))

    def weights(self):
        return [(layer.weight, layer.bias) for layer in self.layers]


class _OddPath(_Block):
    """The block with path number i by other means."""

    def __init__(self, i, path):
        super().__init__()
        self.i, self.path = i, path

    def forward(self, x):
        maps = list(_paths(x, self.weights()))
        maps[self.i] = self.path(x, self.weights())
        return torch.cat(maps, 1)


def _no_bend(i):
    """Path number i without the ReLU between its convolutions."""
    return lambda x, weights: _paths(x, weights, between=lambda x: x)[i]


def _is_built(block):
    if isinstance(block, type):
        return "the class itself; build one block with FourPaths()"
    return isinstance(block, nn.Module) or f"a {type(block).__name__}"


def _gives_sixteen(block):
    with torch.no_grad():
        y = block(torch.zeros(2, 16, 9, 9))
    if y is None or y is ...:
        return "nothing yet: forward has to return the stacked maps"
    if isinstance(y, (tuple, list)):
        return f"{len(y)} tensors; torch.cat([...], dim=1) stacks them"
    if not isinstance(y, torch.Tensor):
        return f"a {type(y).__name__}"
    return y.shape == (2, 16, 9, 9) or f"{tuple(y.shape)}"


def _has_the_weights(block):
    came = [tuple(p.shape) for p in block.parameters()]
    weights = [shape for shape in came if len(shape) > 1]
    if not weights:
        return "no parameters: a module only knows layers that are its attributes, or stand in an nn.ModuleList"
    if sorted(weights) != sorted(WEIGHTS):
        missing = [shape for shape in WEIGHTS if shape not in weights]
        strange = [shape for shape in weights if shape not in WEIGHTS]
        lacks = f"none of shape {', '.join(map(str, missing))}" if missing else "one layer too many"
        return lacks + (f"; but one of {', '.join(map(str, strange))}" if strange else "")
    return sum(len(shape) == 1 for shape in came) == len(WEIGHTS) or "a layer without bias; leave bias as it is"


def _layers_by_shape(block):
    """(weight, bias) of the six convolutions in the order of WEIGHTS, whatever their names."""
    layers = {tuple(m.weight.shape): m for m in block.modules() if isinstance(m, nn.Conv2d)}
    return [(layers[shape].weight.detach(), layers[shape].bias.detach()) for shape in WEIGHTS]


def _stacks_the_paths(block):
    weights = _layers_by_shape(block)
    x = torch.randn(2, 16, 9, 9, generator=torch.Generator().manual_seed(0))
    given = x.clone()
    with torch.no_grad():
        got = block(given)
        if not torch.equal(given, x):
            return "it writes into x itself (relu_ or inplace=True on x); make a new tensor: torch.relu(x)"
        right = _paths(x, weights)
        no = lambda x: x  # noqa: E731
        detours = {
            "another order: 1x1, 3x3, 5x5, pooling is asked for": None,
            "no ReLU anywhere": _paths(x, weights, no, no),
            "no ReLU after the last convolution of a path": _paths(x, weights, last=no),
            "no ReLU between the 1x1 and the window after it": _paths(x, weights, between=no),
            "average pooling in place of max pooling": _paths(x, weights, pool=F.avg_pool2d),
            "the fourth path does not pool": _paths(x, weights, pool=lambda x, *_, **__: x),
        }
        if torch.allclose(got, torch.cat(right, 1), atol=1e-4):
            return True
        if torch.allclose(got.sum(1), torch.cat(right, 1).sum(1), atol=1e-4):
            return next(iter(detours))
        for says, maps in list(detours.items())[1:]:
            if torch.allclose(got, torch.cat(maps, 1), atol=1e-4):
                return says
    parts = got.split((4, 6, 3, 3), 1)
    i = next(i for i, maps in enumerate(right) if not torch.allclose(parts[i], maps, atol=1e-4))
    looks = ""
    if parts[i].min() < 0:
        looks = "; it gives values below 0, so a ReLU is missing"
    elif torch.allclose(parts[i], _paths(x, weights, between=no)[i], atol=1e-4):
        looks = ", as if the ReLU between its convolutions is missing"
    elif i == 3 and torch.allclose(parts[i], _pools_last(x, weights), atol=1e-4):
        looks = ", as if it pools after the 1x1"
    return f"the {('1x1', '3x3', '5x5', 'pooling')[i]} path gives other numbers than its layers in a row{looks}"


EXERCISES = [
    JudgedExercise(
        "as_convolution", 8, "medium",
        hints=(
            "linear.in_features and linear.out_features are the channels of nn.Conv2d(..., ..., kernel_size=1).",
            "linear.weight[:, :, None, None] has the shape (o, c, 1, 1) of the convolution's weights.",
            "with torch.no_grad(): conv.weight.copy_(...) and conv.bias.copy_(linear.bias). Then return conv.",
        ),
        rules=(
            ("a function that returns an nn.Conv2d", _gives_a_convolution),
            ("a 1x1 window, as many channels in and out as the dense layer, and a bias", _has_the_sizes),
            ("at every pixel the answer of the dense layer", _computes_alike),
        ),
        solution=AS_CONVOLUTION,
        wrong=(
            Wrong(lambda: nn.Conv2d, "the function itself is needed"),
            Wrong(lambda: lambda linear: None, "nothing yet"),
            Wrong(lambda: lambda linear: linear, "a Linear"),
            Wrong(lambda: lambda linear: _as_convolution(linear, kernel_size=3), "a window of 3x3"),
            Wrong(lambda: lambda linear: _as_convolution(linear, swap=True), "have changed places"),
            Wrong(lambda: lambda linear: nn.Conv2d(8, 5, 1), "8 to 5 channels for Linear(in_features=3"),
            Wrong(lambda: lambda linear: _as_convolution(linear, bias=False), "without bias"),
            Wrong(lambda: lambda linear: _as_convolution(linear, bias=True), "the biases are not"),
            Wrong(lambda: lambda linear: _as_convolution(linear, weight=False, bias=True), "neither weights nor"),
            Wrong(lambda: lambda linear: _as_convolution(linear, weight=lambda w: w.flip(0)), "the weights are not"),
        ),
    ),
    ValueExercise(
        "head_parameters", 6, "easy",
        hints=(
            "A dense layer from a to b has a * b weights and b biases.",
            "Take (25088 * 4096 + 4096) + (4096 * 4096 + 4096) + (4096 * 1000 + 1000) away. The average has none.",
            "Then add 512 * 1000 + 1000.",
        ),
        answer=lambda: _convolutions_of_vgg() + 512 * 1000 + 1000,
        solution=(
            "old = (25088 * 4096 + 4096) + (4096 * 4096 + 4096) + (4096 * 1000 + 1000)\n"
            "head_parameters = 138_357_544 - old + 512 * 1000 + 1000"
        ),
        because="14.7 million in the convolutions and half a million in the last layer: a ninth of what it was.",
        wrong=(
            Wrong(14_714_688, "the new layer, from 512 to 1000, is left out"),
            Wrong(14_714_688 + 512 * 1000, "the biases of the new layer are left out"),
            Wrong(123_642_856, "that is what the dense layers hold; the rest stays, and a new layer comes"),
            Wrong(123_642_856 - 513_000, "that is what is saved; what is left is asked for"),
            Wrong(14_714_688 + 9192 + 513_000, "the biases of the old layers are left in"),
            Wrong(14_714_688 + 9192 + 512_000, "biases are left out, of the old layers and of the new one"),
            Wrong(14_714_688 + 4_097_000, "the last dense layer is left in; all three go"),
            Wrong(14_714_688 + 4_097_000 + 513_000, "the last dense layer is left in; all three go"),
            Wrong(138_357_544 + 513_000, "the old layers are still there"),
            Wrong(513_000, "that is the new layer alone; the convolutions stay"),
            Wrong(14_714_688 + 25_089_000, "the average is left out: 512 values are left of 25088"),
        ),
    ),
    JudgedExercise(
        "four_paths", 12, "hard",
        hints=(
            "Six convolutions and one nn.MaxPool2d(3, stride=1, padding=1) become attributes in __init__.",
            "padding=1 keeps the size under a 3x3 window, padding=2 under 5x5. Each path begins with x.",
            "return torch.cat([one, three, five, pooled], dim=1), each with torch.relu after every convolution.",
        ),
        rules=(
            ("a block that is built: four_paths = FourPaths()", _is_built),
            ("maps (2, 16, 9, 9) become (2, 16, 9, 9)", _gives_sixteen),
            ("six convolutions of the sizes asked for, with their biases", _has_the_weights),
            ("four paths with their ReLUs, stacked in order", _stacks_the_paths),
        ),
        solution=FOUR_PATHS,
        wrong=(
            Wrong(lambda: _Block, "build one block with FourPaths()"),
            Wrong(lambda: torch.cat, "a builtin_function_or_method"),
            Wrong(lambda: _Block(stack=lambda maps: None), "nothing yet"),
            Wrong(lambda: _Block(stack=lambda maps: maps), "4 tensors"),
            Wrong(lambda: _Block(stack=lambda maps: maps[0]), "(2, 4, 9, 9)"),
            Wrong(lambda: _Block(stack=lambda maps: torch.cat(maps, 0)), "could not be tried"),
            Wrong(lambda: _Block(stack=lambda maps: torch.cat(maps, 1).max(2).values), "(2, 16, 9)"),
            Wrong(lambda: nn.Identity(), "no parameters"),
            Wrong(lambda: nn.Conv2d(16, 16, 3, padding=1), "but one of (16, 16, 3, 3)"),
            Wrong(lambda: _Block((*WEIGHTS[:1], (8, 16, 1, 1), (6, 8, 3, 3), *WEIGHTS[3:])), "none of shape (5, 16"),
            Wrong(lambda: _Block(bias=False), "a layer without bias"),
            Wrong(lambda: _Block(stack=lambda maps: torch.cat(maps[::-1], 1)), "another order"),
            Wrong(lambda: _Block(last=lambda x: x, between=lambda x: x), "no ReLU anywhere"),
            Wrong(lambda: _Block(last=lambda x: x), "no ReLU after the last convolution"),
            Wrong(lambda: _Block(stack=lambda maps: torch.cat([2 * maps[0], *maps[1:]], 1)), "1x1 path gives other"),
            Wrong(lambda: _Block(stack=lambda m: torch.cat([*m[:2], m[2] - 1, m[3]], 1)), "5x5 path gives other"),
            Wrong(lambda: _Block(between=lambda x: x), "no ReLU between"),
            Wrong(lambda: _Block(pool=F.avg_pool2d), "average pooling in place of max pooling"),
            Wrong(lambda: _Block(pool=lambda x, *_, **__: x), "the fourth path does not pool"),
            Wrong(lambda: _OddPath(1, _no_bend(1)), "in a row, as if the ReLU between its convolutions is missing"),
            Wrong(lambda: _OddPath(2, _no_bend(2)), "in a row, as if the ReLU between its convolutions is missing"),
            Wrong(lambda: _OddPath(3, _pools_last), "as if it pools after the 1x1"),
            Wrong(lambda: _OddPath(0, lambda x, w: F.conv2d(x.relu_(), *w[0]).relu()), "it writes into x itself"),
        ),
    ),
]  # fmt: skip


def _convolutions_of_vgg():
    from cnnlab import models

    with torch.device("meta"):
        return shapes.count_parameters(models.VGG(16).features)


def _times_cheaper():
    reduced = nn.Sequential(nn.Conv2d(192, 16, 1), nn.Conv2d(16, 32, 5, padding=2))
    direct = nn.Conv2d(192, 32, 5, padding=2)
    costs = [shapes.ladder(path, (192, 28, 28)).multiply_adds for path in (direct, reduced)]
    return round(costs[0] / costs[1], 1)


PREDICTIONS = {
    "pixels along a row that NiNBlock with a 5x5 window sees": Prediction(
        answer=lambda: 5, because="A 1x1 window looks at one place only; it mixes channels, and widens nothing."
    ),
    "parameters of global average pooling": Prediction(
        answer=lambda: 0, because="A mean has nothing to learn: all places count alike."
    ),
    "which head reads digits moved by 2 pixels": Prediction(
        answer=lambda: "average",
        because="It counts all places alike; the dense head has learned which place of which map speaks for what.",
        choices=("dense", "average", "both alike"),
    ),
    "maps that leave inception3a": Prediction(
        answer=lambda: 64 + 128 + 32 + 32, because="Stacked maps add up: 64 + 128 + 32 + 32."
    ),
    "times fewer multiply-adds of the 5x5 path with its reduction": Prediction(
        answer=_times_cheaper,
        because="Per pixel 192 x 32 x 25 = 153,600 directly; 192 x 16 + 16 x 32 x 25 = 15,872 with 16 maps between.",
        tolerance=0.25,
    ),
}
