"""Exercises and predictions of notebook 05."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import ops, shapes
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, ValueExercise, Wrong

X = torch.tensor([[1.0, 2, 3], [0, -1, 4]])
WEIGHT = torch.tensor([[2.0, -3, 1], [1, 0, -1]])
BIAS = torch.tensor([-10.0, 1])  # sums below 0: a bend would show
SQUARE = torch.tensor([[1.0, 2], [3, 4]])
SIGNS = torch.tensor([-100.0, -50, 0, 2, 30])
MAPS = torch.tensor([1.0, -2, 3, -4, -5, 6, -7, 8]).reshape(1, 2, 2, 2)


def _ends_before_the_dense_layer():
    """The network of the exercise flatten_number."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, stride=2, padding=2),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )


DIGIT_NET = """\
class DigitNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=5)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=3)
        self.pool = nn.MaxPool2d(2)
        self.linear = nn.Linear(16 * 5 * 5, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))  # (n, 8, 12, 12)
        x = self.pool(torch.relu(self.conv2(x)))  # (n, 16, 5, 5)
        return self.linear(torch.flatten(x, 1))


digit_net = DigitNet()"""


class _Net(nn.Module):
    """The digit net with one thing changed, for the wrong answers."""

    def __init__(
        self, bend=torch.relu, last=lambda x: x, listed=False, padding=0, filters=(8, 16), pool=F.max_pool2d, bias=True
    ):
        super().__init__()
        layers = [
            nn.Conv2d(1, filters[0], 5, padding=padding, bias=bias),
            nn.Conv2d(filters[0], filters[1], 3),
            nn.Linear(filters[1] * (6 if padding else 5) ** 2, 10),
        ]
        self.layers = layers if listed else nn.ModuleList(layers)
        self.bend, self.last, self.pool = bend, last, pool

    def forward(self, x):
        for layer in self.layers[:2]:
            x = self.pool(self.bend(layer(x)), 2)
        return self.last(self.layers[2](x.flatten(1)))


def _is_built(net):
    if isinstance(net, type):
        return "the class itself; build one network with DigitNet()"
    return isinstance(net, nn.Module) or f"a {type(net).__name__}"


def _reads_digits(net):
    with torch.no_grad():
        y = net(torch.zeros(2, 1, 28, 28))
    if y is None or y is ...:
        return "nothing yet: forward has to return the logits"
    shape = tuple(y.shape) if isinstance(y, torch.Tensor) else type(y).__name__
    return shape == (2, 10) or f"{shape}"


def _knows_its_layers(net):
    count = shapes.count_parameters(net)
    if count == 0:
        return "no parameters: a module only knows layers that are its attributes, or stand in an nn.ModuleList"
    return True


def _has_the_filters(net):
    came = [tuple(p.shape) for p in net.parameters()]
    weights = [shape for shape in came if len(shape) > 1]
    if sorted(weights, reverse=True) != [(16, 8, 3, 3), (10, 400), (8, 1, 5, 5)]:  # in whichever order they were made
        return f"weights of shape {', '.join(map(str, weights))}"
    return {(8,), (16,), (10,)} <= set(came) or "a layer without bias; leave bias as it is"


def _computes(net):
    """The output must be that of the recipe with the net's own weights; known detours are named."""
    by_shape = {tuple(p.shape): p.detach() for p in net.parameters()}
    w1, w2, w3 = (by_shape[shape] for shape in ((8, 1, 5, 5), (16, 8, 3, 3), (10, 400)))
    b1, b2, b3 = (by_shape[len(w),] for w in (w1, w2, w3))
    x = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))

    def recipe(first=torch.relu, second=torch.relu, pool=F.max_pool2d):
        x1 = pool(first(F.conv2d(x, w1, b1)), 2)
        return F.linear(pool(second(F.conv2d(x1, w2, b2)), 2).flatten(1), w3, b3)

    def same(y):
        return torch.allclose(got, y, atol=1e-4)

    with torch.no_grad():
        got = net(x)
    if same(recipe()):
        return True
    no = lambda x: x  # noqa: E731
    detours = {
        "no ReLU after either convolution": recipe(no, no),
        "no ReLU after the first convolution": recipe(no),
        "no ReLU after the second convolution": recipe(second=no),
        "tanh in place of ReLU": recipe(torch.tanh, torch.tanh),
        "average pooling in place of max pooling": recipe(pool=F.avg_pool2d),
        "a ReLU after the last layer, which cuts off every negative logit": recipe().relu(),
        "a softmax after the last layer; logits are asked for": recipe().softmax(1),
    }
    return next((name for name, y in detours.items() if same(y)), "other numbers than the recipe with your weights")


EXERCISES = [
    FunctionExercise(
        "linear", 6, "easy",
        hints=(
            "One output is one row of weight, multiplied with the inputs, added up, plus its bias.",
            "x is (n, k) and weight (o, k). A matrix product that gives (n, o) needs weight transposed: weight.T.",
            "return x @ weight.T + bias",
        ),
        answer=ops.linear,
        cases=(
            Case("two pictures, two neurons", (X, WEIGHT, BIAS)),
            Case("one picture", (X[:1], WEIGHT, BIAS)),
            Case("one neuron", (X, WEIGHT[:1], BIAS[:1])),
            Case("as many outputs as inputs", (SQUARE, torch.tensor([[0.0, 1], [5, 0]]), BIAS)),
        ),
        wrong=(
            Wrong(lambda x, w, b: F.linear(x, w), "the bias is left out"),
            Wrong(lambda x, w, b: (w * x).sum() + b, "everything is added into one sum; each picture has its own"),
            Wrong(lambda x, w, b: (x * w).sum(1) + b,
                  "picture i meets only neuron i; every picture meets every neuron, (n, o)"),
            Wrong(lambda x, w, b: F.linear(x, w, b).relu(), "the bend is already in it; the sums are asked for"),
            Wrong(lambda x, w, b: F.linear(x, w, -b), "the bias is subtracted"),
            Wrong(lambda x, w, b: F.linear(x, w, b) / 2, "every value is halved"),
            Wrong(lambda x, w, b: F.linear(x, w, b) / x.shape[1], "the products are averaged instead of added up"),
            Wrong(lambda x, w, b: F.linear(x, w, b)[:, :1], "only the first neuron answers"),
            Wrong(lambda x, w, b: F.linear(x, w, b)[:1], "only the first picture of the batch comes back"),
            Wrong(lambda x, w, b: F.linear(x, w, b).T, "pictures and neurons have changed places: (n, o) is needed"),
            Wrong(lambda x, w, b: x @ (w if w.shape[0] == w.shape[1] else w.T) + b,
                  "weight is not turned: its rows belong to the outputs, its columns to the inputs"),
        ),
    ),
    FunctionExercise(
        "leaky_relu", 4, "easy",
        hints=(
            "torch.where(condition, a, b) takes a where the condition holds and b elsewhere.",
            "The condition is x > 0; there x stays, elsewhere it is negative_slope * x.",
        ),
        answer=ops.leaky_relu,
        cases=(
            Case("five numbers", (SIGNS,)),
            Case("another slope", (SIGNS, 0.5)),
            Case("feature maps", (MAPS, 0.25)),
        ),
        wrong=(
            Wrong(lambda x, s=0.01: x.relu(), "what is negative becomes 0: that is the plain ReLU"),
            Wrong(lambda x, s=0.01: torch.where(x > 0, x, -s * x), "the sign is lost below 0"),
            Wrong(lambda x, s=0.01: torch.where(x > 0, s * x, x), "the slope sits on the positive side"),
            Wrong(lambda x, s=0.01: s * x, "the slope is applied to all numbers"),
            Wrong(lambda x, s=0.01: x.clamp(min=-s), "negative numbers are cut off at -slope, not multiplied"),
            Wrong(lambda x, s=0.01: F.leaky_relu(x), "negative_slope is ignored: it is 0.01 every time"),
        ),
    ),
    ValueExercise(
        "flatten_number", 6, "medium",
        hints=(
            "Follow the side: 96, then one number per layer. A convolution without padding loses kernel size - 1.",
            "96 -> 92 -> 46 -> 23 -> ... The last pooling rounds down. How many channels does each pixel have there?",
            "shapes.ladder(your_layers, (3, 96, 96)) prints every step.",
        ),
        answer=lambda: shapes.ladder(_ends_before_the_dense_layer(), (3, 96, 96))[-1].out_shape[0],
        solution="flatten_number = 32 * 11 * 11",
        because="96, 92, 46, 23, 11 pixels a side, and 32 channels: 32 x 11 x 11.",
        wrong=(
            Wrong(11 * 11, "the channels are left out: 32 maps are flattened"),
            Wrong(16 * 11 * 11, "the first convolution's 16 channels are counted; the last one gives 32"),
            Wrong(3 * 11 * 11, "the picture's 3 channels are counted; the last convolution gives 32"),
            Wrong(11, "one side is given; all numbers of all maps are flattened"),
            Wrong(32 * 11, "rows and columns both count: 11 x 11 pixels in each of 32 maps"),
            Wrong(32 * 10 * 10, "the second convolution's padding is left out"),
            Wrong(32 * 12 * 12, "a side is 12: the first convolution has no padding, and 23 / 2 rounds down"),
            Wrong(32 * 23 * 23, "one halving is missing: two poolings and one stride of 2"),
            Wrong(32 * 96 * 96, "the side never shrinks"),
        ),
    ),
    JudgedExercise(
        "digit_net", 12, "hard",
        hints=(
            "In __init__, after super().__init__(), each layer becomes an attribute: self.conv1 = nn.Conv2d(1, 8, 5). "
            "In forward, x walks through them, and the result is returned.",
            "28 -> 24 -> 12 -> 10 -> 5 pixels a side: the dense layer reads 16 * 5 * 5 values.",
            "x = self.pool(torch.relu(self.conv1(x))), the same with conv2, then self.linear(torch.flatten(x, 1)).",
        ),
        rules=(
            ("a network that is built: digit_net = DigitNet()", _is_built),
            ("two digits (2, 1, 28, 28) become ten logits each, (2, 10)", _reads_digits),
            ("the module knows its parameters", _knows_its_layers),
            ("8 filters of 5x5, 16 filters of 3x3, a dense layer from 400 to 10", _has_the_filters),
            ("convolution, ReLU, max pooling, twice; then flatten and the dense layer", _computes),
        ),
        solution=DIGIT_NET,
        wrong=(
            Wrong(lambda: _Net, "build one network with DigitNet()"),
            Wrong(lambda: torch.relu, "a builtin_function_or_method"),
            Wrong(lambda: nn.Sequential(nn.Conv2d(1, 8, 5)), "(2, 8, 24, 24)"),
            Wrong(lambda: nn.Sequential(nn.Flatten(0), nn.Linear(784, 10)), "could not be tried"),
            Wrong(lambda: _Net(listed=True), "no parameters"),
            Wrong(lambda: _Net(padding=2), "weights of shape (8, 1, 5, 5), (16, 8, 3, 3), (10, 576)"),
            Wrong(lambda: _Net(filters=(16, 8)), "weights of shape (16, 1, 5, 5)"),
            Wrong(lambda: _Net(bias=False), "a layer without bias"),
            Wrong(lambda: _Net(bend=lambda x: x), "no ReLU after either convolution"),
            Wrong(lambda: _Net(bend=torch.tanh), "tanh in place of ReLU"),
            Wrong(lambda: _Net(pool=F.avg_pool2d), "average pooling in place of max pooling"),
            Wrong(lambda: _Net(last=torch.relu), "cuts off every negative logit"),
            Wrong(lambda: _Net(last=lambda x: x.softmax(1)), "logits are asked for"),
        ),
    ),
]  # fmt: skip


def _templates_read():
    """How many test digits ten mean digits read, as one of the choices."""
    from cnnlab import data

    digits = data.load("mnist", quiet=True)
    x, x_test = (images.float().flatten(1) / 255 for images in (digits.x_train, digits.x_test))
    means = torch.stack([x[digits.y_train == digit].mean(0) for digit in range(10)])
    logits = F.linear(x_test, means, -means.square().sum(1) / 2)
    share = (logits.argmax(1) == digits.y_test).double().mean().item()
    return min(SHARES, key=lambda choice: abs(SHARES[choice] - share))


SHARES = {"1 in 10": 0.1, "5 in 10": 0.5, "8 in 10": 0.8}


def _most(number):
    from cnnlab import models

    rungs = shapes.ladder(models.CifarNet(), (3, 32, 32))
    return max(rungs, key=lambda rung: getattr(rung, number)).name


PREDICTIONS = {
    "answer of a ReLU neuron": Prediction(
        answer=lambda: ops.relu(ops.linear(X[:1], WEIGHT[:1])).item(),
        because="The sum is 2 - 6 + 3 = -1, and a ReLU answers 0 to everything below 0.",
    ),
    "layers that two without a bend amount to": Prediction(
        answer=lambda: 1,
        because="Weighted sums of weighted sums are weighted sums: one layer with the product of both matrices.",
    ),
    "steepest slope of a sigmoid": Prediction(
        answer=lambda: 0.25,
        because="At 0 the sigmoid is 1/2, and its slope is y (1 - y), which is nowhere larger.",
        tolerance=0.25,  # read off a drawn curve
    ),
    "share of digits that ten templates read": Prediction(
        answer=_templates_read,
        because="Much of a digit is where its ink lies, and that is all that a template knows.",
        choices=tuple(SHARES),
    ),
    "layer with most parameters": Prediction(
        answer=lambda: _most("parameters"),
        because="A dense layer has a weight for every pair of input and output: 1024 x 64 of them.",
        choices=("conv1", "conv2", "conv3", "fc1", "fc2"),
    ),
    "what Linear reads from 48x48 pictures": Prediction(
        answer=lambda: 64 * (48 // 8) ** 2,
        because="Three poolings halve 48 to 6, and the last convolution gives 64 maps: 64 x 6 x 6.",
    ),
}
