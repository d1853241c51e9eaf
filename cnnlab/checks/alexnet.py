"""Notebook 08: shapes of AlexNet, dropout, and a stack of 3x3 windows in place of a large one."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

from cnnlab import shapes
from cnnlab.checks.engine import JudgedExercise, Prediction, ValueExercise, Wrong

# ---- dropout

DROPOUT = """\
def dropout(x, p=0.5, training=True):
    if not training:
        return x
    keep = (torch.rand(x.shape) >= p).to(x.device)
    return x * keep / (1 - p)"""


def _dropout(x, p=0.5, training=True, scale=None, keep=None):
    """The exercise's answer, with one thing changed for the wrong ones."""
    if not training:
        return x
    keep = torch.rand(x.shape) >= p if keep is None else keep(x, p)
    return x * keep * (1 / (1 - p) if scale is None else scale(p))


def _drawn(dropout, p=0.3, x=None):
    """One draw over 1000 x 1000 values, all 2 unless given."""
    return dropout(torch.full((1000, 1000), 2.0) if x is None else x, p, True)


def _is_written(dropout):
    if not callable(dropout):
        return f"a {type(dropout).__name__}, where the function itself is needed: dropout, without brackets"
    came = _drawn(dropout)
    if came is None or came is ...:
        return "nothing yet; end it with a line `return ...`"
    if not isinstance(came, torch.Tensor):
        return f"a {type(came).__name__}; return a tensor"
    return came.shape == (1000, 1000) or f"shape {tuple(came.shape)}; zeros stay in their places"


class _Calls(TorchFunctionMode):
    """The names of PyTorch's functions that are called inside a `with`."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.names.add(getattr(function, "__name__", ""))
        return function(*args, **(kwargs or {}))


def _is_by_hand(dropout):
    with _Calls() as calls:
        dropout(torch.ones(8, 8), 0.5, True)
    return not any("dropout" in name for name in calls.names) or "PyTorch's own dropout; draw with torch.rand instead"


def _keeps_its_input(dropout):
    x = torch.ones(8, 8)
    dropout(x, 0.5, True)
    return bool((x == 1).all()) or "it writes zeros into x itself; build a new tensor"


def _loses_p(dropout):
    for p in (0.3, 0.8):
        lost = (_drawn(dropout, p) == 0).float().mean().item()
        if abs(lost - p) > 0.05:
            swapped = "; those below p go" if abs(lost - (1 - p)) < 0.05 else ""
            always = "; p comes with the call" if abs(lost - 0.5) < 0.05 else ""
            return f"{lost:.0%} of the values became 0 with p={p}{swapped or always}"
    return True


def _draws_each_value(dropout):
    lost = _drawn(dropout, 0.5) == 0
    if torch.equal(lost, _drawn(dropout, 0.5) == 0):
        return "the same values are lost in every call; draw anew each time"
    if (lost == lost[:1]).all():
        return "every picture loses the same values; draw one number per value, torch.rand(x.shape)"
    if (lost == lost[:, :1]).all():
        return "whole rows are lost together; draw one number per value, torch.rand(x.shape)"
    return True


def _scales(dropout):
    for p in (0.3, 0.8):
        y = _drawn(dropout, p)
        kept = y[y != 0]
        if not torch.allclose(kept, torch.full_like(kept, 2 / (1 - p)), rtol=1e-3):
            known = {1: "not scaled", 2: "doubled whatever p is", 1 / p: "divided by p, the probability of being lost",
                     1 - p: "multiplied by the probability of being kept; divide by it"}  # fmt: skip
            ratio = kept.mean().item() / 2
            says = next((word for factor, word in known.items() if abs(ratio - factor) < 0.01), "not right on average")
            return f"with p={p} a kept 2 becomes {kept[0].item():.4g}: {says}"
    x = torch.arange(1.0, 101).expand(50, 100)
    y = _drawn(dropout, 0.5, x)
    return torch.allclose(y[y != 0], 2 * x[y != 0]) or "not each kept value is scaled alike"


def _rests(dropout):
    x = torch.arange(12.0).reshape(3, 4)
    y = dropout(x, 0.5, False)
    if not isinstance(y, torch.Tensor):
        return f"a {type(y).__name__}; return x"
    if y.shape != x.shape:
        return f"shape {tuple(y.shape)}"
    if torch.equal(y, x):
        return True
    if torch.allclose(y, x / 2):
        return "it is halved; after scaling in training nothing is left to do"
    return "it is still changed; look at `training`" if (y[x > 0] == 0).any() else "other numbers than x"


def _wrong_dropout(says, **options):
    return Wrong(lambda: lambda x, p=0.5, training=True: _dropout(x, p, training, **options), says)


def _in_place(x, p=0.5, training=True):
    if training:
        x[torch.rand(x.shape) < p] = 0
        x /= 1 - p
    return x


# ---- the stack


def _layers(stack):
    return [layer for layer in stack.modules() if not any(layer.children())]


def _runs(stack):
    """The layers in the order in which they run: one that stands there twice, twice."""
    for layer in stack:
        yield from _runs(layer) if isinstance(layer, nn.Sequential) else (layer,)


def _is_sequential(stack):
    if isinstance(stack, nn.Sequential):
        return True if len(stack) else "an empty one"
    return f"a {type(stack).__name__}; write nn.Sequential(layer, layer, ...)"


def _has_small_windows(stack):
    known = (nn.Conv2d, nn.ReLU, nn.Sequential)
    strange = [type(layer).__name__ for layer in stack.modules() if not isinstance(layer, known)]
    if strange:
        return f"{strange[0]}; convolutions and ReLU are enough"
    convolutions = [layer for layer in _layers(stack) if isinstance(layer, nn.Conv2d)]
    large = [layer.kernel_size for layer in convolutions if layer.kernel_size != (3, 3)]
    if large:
        return f"a window of {large[0][0]}x{large[0][1]}"
    groups = max((layer.groups for layer in convolutions), default=1)
    if groups > 1:
        return f"groups={groups}; each filter of the 9x9 layer reads all 16 channels"
    return bool(convolutions) or "no convolution at all"


def _has_its_own_weights(stack):
    convolutions = [layer for layer in _runs(stack) if isinstance(layer, nn.Conv2d)]
    if len(set(convolutions)) < len(convolutions):
        return "the same convolution several times, with one set of weights; build a new nn.Conv2d for each"
    return True


def _keeps_the_shape(stack):
    try:
        out = shapes.ladder(stack, (16, 20, 20))[-1].out_shape
    except shapes.ShapeError as error:
        return str(error).removeprefix("ladder: ")
    return out == (16, 20, 20) or f"{out}"


def _sees_nine(stack):
    sees = shapes.receptive_field(stack)[-1].size
    if any(layer.dilation != (1, 1) for layer in _layers(stack) if isinstance(layer, nn.Conv2d)):
        return "windows with holes (dilation); plain ones are asked for"
    return sees == 9 or f"it sees {sees}x{sees}"


def _bends(stack):
    kinds = [rung.layer.split()[0] for rung in shapes.ladder(stack, (16, 20, 20))]
    if "ReLU" not in kinds:
        return "no ReLU; without bends four layers amount to one (notebook 05)"
    right = all(kind == ("ReLU" if i % 2 else "Conv2d") for i, kind in enumerate(kinds)) and kinds[-1] == "ReLU"
    return right or f"the order {', '.join(kinds)}"


def _stack(count=4, size=3, padding=1, bend=nn.ReLU, channels=16, last=True, **options):
    layers = []
    for _ in range(count):
        layers += [nn.Conv2d(channels, channels, size, padding=padding, **options), bend()]
    return nn.Sequential(*layers if last else layers[:-1])


EXERCISES = [
    ValueExercise(
        "fc6_parameters", 6, "medium",
        hints=(
            "Follow one side: conv1 first, shapes.out_size(195, 11, stride=4). Then three poolings.",
            "47, 23, 11, 5 pixels a side. fc6 reads 256 maps of that size, and each of its 4096 units reads all.",
            "A unit has a weight per value that it reads, and one bias.",
        ),
        answer=lambda: 256 * 5 * 5 * 4096 + 4096,
        solution="fc6_parameters = 256 * 5 * 5 * 4096 + 4096",
        because="195, 47, 23, 11, 5 pixels a side: 6,400 weights and a bias for each of 4096 units.",
        wrong=(
            Wrong(256 * 5 * 5 * 4096, "the biases are left out"),
            Wrong(256 * 5 * 5 * 4096 + 256, "one bias per map is counted; fc6 has one per unit, 4096"),
            Wrong(256 * 5 * 5 * 4097, "one bias per value that fc6 reads is counted; it has one per unit, 4096"),
            Wrong(256 * 6 * 6 * 4096 + 4096, "the maps are 6x6, as with 227 pixels"),
            Wrong(256 * 6 * 6 * 4096, "the maps are 6x6, as with 227 pixels, and the biases are left out"),
            Wrong(5 * 5 * 4096 + 4096, "fc6 reads one map; there are 256"),
            Wrong(256 * 5 * 4096 + 4096, "rows and columns both count: 5 x 5 pixels in each map"),
            Wrong(256 * 11 * 11 * 4096 + 4096, "a pooling is missing: there are three"),
            Wrong(256 * 4 * 4 * 4096 + 4096, "a side is 4; three poolings make 47 to 23, 11, 5"),
            Wrong(256 * 5 * 5 + 1, "one unit is counted; fc6 has 4096"),
            Wrong(256 * 5 * 5, "that is what fc6 reads; each of 4096 units has a weight for each, and a bias"),
            Wrong(256 * 4096 + 4096, "each map counts as one value; it has 5x5 pixels"),
        ),
    ),
    JudgedExercise(
        "dropout", 8, "medium",
        hints=(
            "torch.rand(x.shape) gives one number between 0 and 1 for each value; below p, the value is lost.",
            "keep = torch.rand(x.shape) >= p is True where a value stays. A True counts as 1, a False as 0.",
            "Training: x * keep / (1 - p). Otherwise: x.",
        ),
        rules=(
            ("a function of x, p, training that returns a tensor of x's shape", _is_written),
            ("drawn without PyTorch's own dropout", _is_by_hand),
            ("x itself left as it is", _keeps_its_input),
            ("a share of p of the values set to 0", _loses_p),
            ("each value drawn by itself, and anew in each call", _draws_each_value),
            ("kept values divided by 1 - p, so that the mean stays", _scales),
            ("x as it is when not training", _rests),
        ),
        solution=DROPOUT,
        wrong=(
            Wrong(lambda: 0.5, "the function itself is needed"),
            Wrong(lambda: lambda x, p=0.5, training=True: None, "nothing yet"),
            Wrong(lambda: lambda x, p=0.5, training=True: x[torch.rand(x.shape) >= p], "zeros stay in their places"),
            Wrong(lambda: F.dropout, "PyTorch's own dropout"),
            Wrong(lambda: lambda x, p=0.5, training=True: nn.Dropout(p)(x), "PyTorch's own dropout"),
            Wrong(lambda: _in_place, "it writes zeros into x itself"),
            Wrong(lambda: lambda x, p=0.5, training=True: x, "0% of the values became 0"),
            _wrong_dropout("those below p go", keep=lambda x, p: torch.rand(x.shape) < p),
            _wrong_dropout("p comes with the call", keep=lambda x, p: torch.rand(x.shape) < 0.5),
            _wrong_dropout(
                "the same values are lost in every call",
                keep=lambda x, p: torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) >= p,
            ),
            _wrong_dropout("every picture loses the same", keep=lambda x, p: torch.rand(x.shape[1:]) >= p),
            _wrong_dropout("not scaled", scale=lambda p: 1),
            _wrong_dropout("doubled whatever p is", scale=lambda p: 2),
            _wrong_dropout("divided by p", scale=lambda p: 1 / p),
            _wrong_dropout("multiplied by the probability of being kept", scale=lambda p: 1 - p),
            Wrong(lambda: lambda x, p=0.5, training=True: _dropout(x, p), "it is still changed"),
            Wrong(lambda: lambda x, p=0.5, t=True: _dropout(x, p) if t else x * (1 - p), "it is halved"),
        ),
    ),
    JudgedExercise(
        "stack_for_9x9", 6, "medium",
        hints=(
            "One 3x3 layer sees 3 pixels along a row, and each further one two more.",
            "3, 5, 7, 9: four convolutions. padding=1 keeps the size of each.",
            "nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), ...): four pairs.",
        ),
        rules=(
            ("an nn.Sequential of layers", _is_sequential),
            ("only windows of 3x3, over all channels", _has_small_windows),
            ("each convolution with weights of its own", _has_its_own_weights),
            ("maps (16, 20, 20) stay (16, 20, 20)", _keeps_the_shape),
            ("an output that sees 9x9 pixels", _sees_nine),
            ("a ReLU after each convolution", _bends),
        ),
        solution=(
            "pairs = [[nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()] for _ in range(4)]\n"
            "stack_for_9x9 = nn.Sequential(*(layer for pair in pairs for layer in pair))"
        ),
        wrong=(
            Wrong(lambda: [nn.Conv2d(16, 16, 3, padding=1)], "a list"),
            Wrong(lambda: nn.Sequential(), "an empty one"),
            Wrong(lambda: nn.Sequential(nn.Conv2d(16, 16, 9, padding=4), nn.ReLU()), "a window of 9x9"),
            Wrong(lambda: nn.Sequential(nn.MaxPool2d(3)), "MaxPool2d"),
            Wrong(lambda: _stack(groups=16), "groups=16; each filter of the 9x9 layer reads all 16"),
            Wrong(
                lambda: nn.Sequential(*[nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()] * 4),
                "the same convolution several times",
            ),
            Wrong(lambda: nn.Sequential(*[_stack(count=1)] * 4), "the same convolution several times"),
            Wrong(lambda: _stack(padding=0), "(16, 12, 12)"),
            Wrong(lambda: _stack(channels=3), "build it with in_channels=16"),
            Wrong(lambda: _stack(count=3), "it sees 7x7"),
            Wrong(lambda: _stack(count=5), "it sees 11x11"),
            Wrong(lambda: _stack(count=2, padding=2, dilation=2), "windows with holes"),
            Wrong(lambda: nn.Sequential(*(nn.Conv2d(16, 16, 3, padding=1) for _ in range(4))), "no ReLU"),
            Wrong(lambda: _stack(last=False), "the order Conv2d, ReLU, Conv2d"),
        ),
    ),
]  # fmt: skip


def _ladders():
    """AlexNet's and VGG-16's, built without numbers."""
    from cnnlab import models

    with torch.device("meta"):
        return shapes.ladder(models.AlexNet(), (3, 227, 227)), shapes.ladder(models.VGG(16), (3, 224, 224))


def _dense_percent():
    alexnet, _ = _ladders()
    return round(100 * sum(r.parameters for r in alexnet if r.layer == "Linear") / alexnet.parameters)


def _times_the_work():
    alexnet, vgg = _ladders()
    return round(vgg.multiply_adds / alexnet.multiply_adds, 1)


PREDICTIONS = {
    "percent of AlexNet's parameters in its dense layers": Prediction(
        answer=_dense_percent,
        because="fc6 alone ties 9216 values to 4096 units: 37.7 of 62.4 million parameters.",
        tolerance=0.06,
    ),
    "stops of AlexNet's first window over 224 pixels": Prediction(
        answer=lambda: shapes.out_size(224, 11, stride=4),
        because="224 - 11 = 213 pixels of room, 53 whole steps of 4, plus the first place.",
    ),
    "what dropout does to the values that it keeps": Prediction(
        answer=lambda: "they are doubled",
        because="Half of the values are gone; twice the rest keeps the sums of the next layer as they were.",
        choices=("they stay", "they are halved", "they are doubled"),
    ),
    "3x3 convolutions in a row that see 7x7 pixels": Prediction(
        answer=lambda: 3, because="The first sees 3 pixels along a row, each further one two more: 3, 5, 7."
    ),
    "multiply-adds of VGG-16 over those of AlexNet": Prediction(
        answer=_times_the_work,
        because="Its first stacks work on maps of 224 and 112 pixels a side, where AlexNet has 55.",
        tolerance=0.3,
    ),
    "spread that is left after eight layers": Prediction(
        answer=lambda: "a thousandth",
        because="0.4 multiplied seven times is 0.0016.",
        choices=("all of it", "a tenth", "a thousandth"),
    ),
}
