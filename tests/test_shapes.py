"""Sizes, receptive fields, costs and ladders, against PyTorch, back-propagation and the papers."""

import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from cnnlab import shapes
from cnnlab.shapes import Field, ShapeError

few = settings(max_examples=200, deadline=None, derandomize=True, database=None)
one_to = {n: st.integers(1, n) for n in (3, 5, 12)}

# ---------------------------------------------------------------------------------------------------------------- sizes

SIZES = [
    ((28, 5), {}, 24),  # LeNet's first layer
    ((224, 11, 4), {"padding": 2}, 55),  # AlexNet's, with torchvision's padding
    ((227, 11, 4), {}, 55),  # and with the paper's numbers, once its 224 is read as 227
    ((28, 28), {}, 1),  # a window as large as the image
    ((28, 3, 2), {}, 13),  # one pixel is left over
    ((28, 3, 2), {"ceil_mode": True}, 14),  # and is taken along
    ((4, 2, 3), {"padding": 1, "ceil_mode": True}, 2),  # a window that would start in the right padding is not
    ((2, 3, 2), {"ceil_mode": True}, 1),  # larger than the image, but it may hang over
    ((7, 3), {"dilation": 3}, 1),  # 3 taps that span 7 pixels
    ((28, 4), {"padding": "same"}, 28),
    ((28, 4), {"padding": "valid"}, 25),
    ((28, 4), {"padding": (1, 2)}, 28),  # what "same" means for an even window
]


@pytest.mark.parametrize(("args", "options", "size"), SIZES)
def test_out_size(args, options, size):
    result = shapes.out_size(*args, **options)
    assert result == size
    assert type(result) is int


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # PyTorch says that it copies x
@few
@given(one_to[12], one_to[5], one_to[3], st.integers(0, 3) | st.sampled_from(["same", "valid"]), one_to[3])
def test_out_size_is_that_of_a_convolution(size, kernel_size, stride, padding, dilation):
    stride = 1 if padding == "same" else stride
    conv = nn.Conv1d(1, 1, kernel_size, stride, padding, dilation, bias=False)
    try:
        expected = conv(torch.ones(1, size)).shape[1]
    except RuntimeError:
        expected = "no place"
    assert places(size, kernel_size, stride, padding, dilation) == expected


@few
@given(one_to[12], one_to[5], one_to[3], st.integers(0, 2), one_to[3], st.booleans())
def test_out_size_is_that_of_a_pooling(size, kernel_size, stride, padding, dilation, ceil_mode):
    assume(padding <= kernel_size // 2)
    try:
        expected = F.max_pool1d(torch.ones(1, size), kernel_size, stride, padding, dilation, ceil_mode).shape[1]
    except (RuntimeError, ValueError):
        expected = "no place"
    assert places(size, kernel_size, stride, padding, dilation, ceil_mode) == expected


def places(*args):
    try:
        return shapes.out_size(*args)
    except ValueError:
        return "no place"


@given(one_to[12], one_to[5])
def test_same_padding_keeps_the_size_and_puts_the_extra_pixel_right(kernel_size, dilation):
    left, right = shapes.same_padding(kernel_size, dilation)
    assert left <= right <= left + 1
    assert shapes.out_size(30, kernel_size, 1, (left, right), dilation) == 30
    assert shapes.out_size(30, kernel_size, 1, "same", dilation) == 30


# --------------------------------------------------------------------------------------------------------------- fields

STACKS = [
    # two 3x3 see what one 5x5 sees
    [nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)],
    # a stride counts for the layers after it
    [nn.Conv2d(1, 1, 3, stride=2, padding=1), nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 3)],
    # dilation widens without weights
    [nn.Conv2d(1, 1, 3, dilation=2), nn.Conv2d(1, 1, 3, dilation=4, padding=4)],
    # an even window has its middle between two pixels
    [nn.Conv2d(1, 1, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(1, 1, 5), nn.Identity(), nn.AvgPool2d(2)],
    # "same" with an even window: one pixel less on the left
    [nn.Conv2d(1, 1, 4, padding="same", padding_mode="circular"), nn.AvgPool2d(3, 1, 1)],
    # rows and columns that differ
    [nn.Conv2d(1, 1, (3, 5), stride=(1, 2), padding=(0, 2)), nn.BatchNorm2d(1), nn.AvgPool2d((2, 1))],
    # Sequentials inside
    [nn.Sequential(nn.Conv2d(1, 1, 3), nn.Sequential(nn.Conv2d(1, 1, 3))), nn.Dropout(), nn.Conv2d(1, 1, 1)],
]


@pytest.mark.parametrize("layers", STACKS)
def test_a_receptive_field_is_where_the_gradient_arrives(layers):
    """Send 1 back from one output, through weights of 1: the pixels that get some are its field."""
    model = nn.Sequential(*layers).double().eval()
    for parameter in model.parameters():
        nn.init.ones_(parameter)
    x = torch.ones(1, 1, 48, 48, dtype=torch.float64, requires_grad=True)
    y = model(x)
    at = y.shape[2] // 2  # far from all borders
    slope = torch.autograd.grad(y[0, 0, at, at], x)[0][0, 0]
    last = shapes.receptive_field(model)[-1]
    for axis in (0, 1):
        seen = slope.sum(1 - axis).nonzero().flatten()
        size, jump, centre = (value[axis] if isinstance(value, tuple) else value for value in last[1:])
        assert seen[-1] - seen[0] + 1 == size
        assert (seen[0] + seen[-1]) / 2 == centre + at * jump


def test_fields_by_hand():
    lenet = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2))
    assert shapes.receptive_field(lenet) == [
        Field("0", 5, 1, 0.0),
        Field("1", 6, 2, 0.5),
        Field("2", 14, 2, 4.5),
        Field("3", 16, 4, 5.5),
    ]


def test_fields_of_dicts_and_of_one_layer():
    three = [{"kernel_size": 3, "stride": 2}] * 3
    assert [field.size for field in shapes.receptive_field(three)] == [3, 7, 15]
    assert shapes.receptive_field(nn.Conv1d(1, 1, 7)) == [Field("0", 7, 1, 3.0)]
    assert shapes.receptive_field([{"kernel_size": (3, 5), "padding": [1, 2]}]) == [Field("0", (3, 5), 1, 0.0)]
    assert shapes.receptive_field(big("vgg16").features)[-1].size == 212  # as in the literature


# ---------------------------------------------------------------------------------------------------------------- costs

COSTS = [
    # layer, image, multiply-adds, counted by hand
    (nn.Conv2d(3, 16, 5), (3, 32, 32), 16 * 3 * 25 * 28 * 28),
    (nn.Conv2d(8, 16, 3, padding="same", groups=8), (8, 9, 7), 16 * 9 * 9 * 7),
    (nn.Conv2d(8, 16, 3, stride=2, padding=1, dilation=2), (8, 9, 7), 16 * 8 * 9 * 4 * 3),
    (nn.Conv1d(2, 4, 3), (2, 10), 4 * 2 * 3 * 8),
    (nn.ConvTranspose2d(4, 2, 3, stride=2), (4, 5, 5), 4 * 2 * 9 * 25),
    (nn.Linear(400, 120), (400,), 400 * 120),
    (nn.Linear(8, 4), (5, 8), 5 * 8 * 4),  # a row of values per position
    (nn.MaxPool2d(2), (3, 32, 32), 0),
    (nn.BatchNorm2d(3), (3, 32, 32), 0),
]


@pytest.mark.parametrize(("layer", "image", "count"), COSTS, ids=[type(row[0]).__name__ for row in COSTS])
def test_multiply_adds(layer, image, count):
    assert shapes.multiply_adds(layer, image) == count
    assert shapes.ladder(nn.Sequential(layer), image).multiply_adds == count


def test_bytes_moved():
    """Counted by hand: 72 values in, 18 out, for each image; 24 weights for all."""
    assert shapes.bytes_moved((2, 6, 6), (2, 3, 3)) == 4 * (72 + 18)
    assert shapes.bytes_moved((2, 6, 6), (2, 3, 3), 24) == 4 * (72 + 18 + 24)
    assert shapes.bytes_moved((2, 6, 6), (2, 3, 3), 24, images=10, bytes_each=2) == 2 * (720 + 180 + 24)


def test_a_layer_may_know_its_own_cost():
    class Square(nn.Module):
        def forward(self, x):
            return x * x

        def multiply_adds(self, in_shape):
            return in_shape[0]

    assert shapes.ladder(nn.Sequential(Square()), (7,)).multiply_adds == 7


def test_shared_parameters_count_once():
    a = nn.Linear(4, 4)
    assert shapes.count_parameters(a) == 20
    assert shapes.count_parameters(nn.Sequential(a, nn.ReLU(), a)) == 20


def big(name):
    """A model of torchvision without numbers in it: only shapes are wanted."""
    with torch.device("meta"):
        return torchvision.models.get_model(name, weights=None)


# torchvision states both numbers for its weights; its "GFLOPS" are our multiply-adds
@pytest.mark.parametrize("name", ["alexnet", "vgg11", "resnet18", "resnet50", "mobilenet_v2", "densenet121"])
def test_costs_are_torchvisions(name):
    model = big(name)
    meta = torchvision.models.get_model_weights(name).DEFAULT.meta
    ladder = shapes.ladder(model, (3, 224, 224), classes=1000)
    assert ladder.parameters == meta["num_params"]
    assert round(ladder.multiply_adds / 1e9, 3) == meta["_ops"]
    assert sum(rung.parameters for rung in ladder) == ladder.parameters


# --------------------------------------------------------------------------------------------------------------- ladder

LENET = nn.Sequential(
    *(nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2)),
    *(nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2)),
    *(nn.Flatten(), nn.Linear(400, 120), nn.Linear(120, 10)),
)


def test_the_table_reads_as_a_table():
    assert str(shapes.ladder(LENET, (1, 28, 28))).splitlines() == [
        "name   layer                in       out  parameters  multiply-adds",
        "-------------------------------------------------------------------",
        "0      Conv2d 5x5      1x28x28   6x28x28         156        117,600",
        "1      Sigmoid         6x28x28   6x28x28           0              0",
        "2      AvgPool2d 2x2   6x28x28   6x14x14           0              0",
        "3      Conv2d 5x5      6x14x14  16x10x10       2,416        240,000",
        "4      Sigmoid        16x10x10  16x10x10           0              0",
        "5      AvgPool2d 2x2  16x10x10    16x5x5           0              0",
        "6      Flatten          16x5x5       400           0              0",
        "7      Linear              400       120      48,120         48,000",
        "8      Linear              120        10       1,210          1,200",
        "-------------------------------------------------------------------",
        "total                                         51,902        406,800",
    ]


def test_the_table_keeps_to_80_columns_and_its_ends_of_names():
    table = str(shapes.ladder(big("resnet18"), (3, 224, 224)))
    assert max(map(len, table.splitlines())) == 80
    assert "1.0.conv1  Conv2d 3x3" in table


def test_the_numbers_are_at_hand():
    ladder = shapes.ladder(LENET, (1, 28, 28), classes=10)
    assert len(ladder) == 9
    assert ladder[3].in_shape == (6, 14, 14)
    assert [rung.out_shape for rung in ladder][-1] == (10,)
    assert ladder.parameters == sum(rung.parameters for rung in ladder) == 51_902
    assert all(type(count) is int for rung in ladder for count in rung[4:])


class Odd(nn.Module):
    """All that a model may do: use a layer twice, keep parameters of its own, leave layers out, return a dict."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.mix = nn.Linear(6, 6)
        self.unused = nn.Linear(3, 3)
        self.own = nn.Parameter(torch.zeros(5))
        self.norm = nn.BatchNorm1d(6)

    def forward(self, x):
        x = self.relu(self.mix(self.relu(self.mix(x))))
        return {"y": self.norm(input=x)}


def test_odd_models():
    ladder = shapes.ladder(Odd(), (6,))
    assert [rung.name for rung in ladder] == ["mix", "relu", "mix", "relu", "norm"]
    assert [rung.parameters for rung in ladder] == [42, 0, 0, 0, 12]
    assert ladder[4].in_shape == (6,)  # though it came by name
    assert ladder.parameters == 42 + 12 + 12 + 5
    assert ladder.multiply_adds == 72
    assert str(ladder).endswith("\n17 of the parameters are in no layer that ran.")


def test_a_model_that_is_one_layer():
    assert shapes.ladder(nn.Linear(4, 2), (4,))[0].name == "Linear"


class Looks(nn.Module):
    """Decides by what it sees, so that shapes alone will not do."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.drop = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout()

    def forward(self, x):
        x = self.drop(self.norm(self.conv(x)))
        return x.flatten(1) if x.sum().item() < 1e9 else x


@pytest.mark.parametrize("model", [nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout()), Looks()])
def test_the_model_is_left_as_it_was(model):
    children = list(model.children())
    children[1].eval()  # one layer frozen, the others in training
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    seed = torch.random.get_rng_state()
    shapes.ladder(model, (1, 8, 8))
    assert [module.training for module in model.modules()] == modes
    assert model.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.equal(torch.random.get_rng_state(), seed)
    assert all(type(parameter) is nn.Parameter and parameter.device.type == "cpu" for parameter in model.parameters())


def test_the_model_is_left_as_it_was_by_an_error():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(3, 3)).train()
    with pytest.raises(ShapeError):
        shapes.ladder(model, (1, 8, 8))
    assert all(module.training and not module._forward_hooks for module in model.modules())


def test_windows_of_a_picture_may_be_the_batch_for_a_while():
    """Swin transformers do that: only images that do not come out again were lost."""

    class Windows(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = nn.Linear(4, 4)

        def forward(self, x):
            return self.mix(x.view(-1, 4)).view(x.shape)

    assert shapes.ladder(Windows(), (8,))[0].out_shape == (4,)


def test_half_precision():
    assert shapes.ladder(nn.Linear(4, 2).bfloat16(), (4,)).multiply_adds == 8


# ------------------------------------------------------------------------------------------------------------ bad input

C5 = nn.Conv2d(1, 6, 5)


class Reshaped(nn.Module):
    """A net with a number for the flatten in its forward, as learners write it."""

    def __init__(self, values):
        super().__init__()
        self.conv, self.fc, self.values = nn.Conv2d(1, 4, 5), nn.Linear(values, 10), values

    def forward(self, x):
        return self.fc(self.conv(x).view(-1, self.values))


MISFITS = [
    # model, image, words: the layer, both shapes, the cure
    (
        nn.Sequential(nn.Conv2d(1, 16, 17), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120)),
        (1, 28, 28),
        r"layer 3 \(3, Linear\) does not fit: Linear\(400, 120\) gets 576 values per image; "
        r"build it with in_features=576\.",
    ),
    (
        nn.Sequential(C5, nn.Linear(400, 10)),
        (1, 28, 28),
        r"layer 1 \(1, Linear\).* gets 3456 values per image as \(6, 24, 24\); put nn\.Flatten\(\) before it and "
        r"build it with in_features=3456\.",
    ),
    (
        nn.Sequential(C5, nn.Linear(3456, 10)),
        (1, 28, 28),
        r"gets 3456 values per image as \(6, 24, 24\); put nn\.Flatten\(\) before it\.$",
    ),
    (
        C5,
        (3, 28, 28),
        r"layer 0 \(Conv2d, Conv2d\).* Conv2d\(1, 6, 5x5\) gets 3 channels, .*build it with in_channels=3",
    ),
    (nn.ConvTranspose2d(1, 6, 5), (3, 8, 8), r"ConvTranspose2d\(1, 6, 5x5\) gets 3 channels"),
    (nn.BatchNorm2d(4), (3, 8, 8), r"BatchNorm2d\(4\) gets 3 channels, \(3, 8, 8\); build it with num_features=3"),
    (C5, (28, 28), r"Conv2d gets \(28, 28\) per image but reads \(channels, height, width\); write input_shape"),
    (C5, (1, 1, 28, 28), r"Conv2d gets \(1, 1, 28, 28\) per image"),
    (
        nn.Sequential(nn.Flatten(), C5),
        (1, 28, 28),
        r"layer 1 \(1, Conv2d\).* gets \(784,\) .*keep the axes of the image",
    ),
    (
        C5,
        (1, 4, 28),
        r"its window of 5 pixels has no place in an image of 4x28 with padding 0; use a smaller kernel_size",
    ),
    (nn.Conv2d(1, 1, 3, dilation=6), (1, 12, 12), r"its window of 13 pixels has no place in an image of 12x12"),
    (nn.Sequential(C5, nn.MaxPool2d(25)), (1, 28, 28), r"layer 1 \(1, MaxPool2d\).* window of 25 pixels .* 24x24"),
    (nn.Conv2d(1, 1, 3, padding=9, padding_mode="reflect"), (1, 8, 8), r"layer 0 .*does not fit: .*[Pp]adding"),
    (
        Reshaped(1152),
        (1, 28, 28),
        r"layer 1 \(fc, Linear\) gets 4 rows for 2 images, \(4, 1152\).*2304 values per image",
    ),
    (
        Reshaped(1000),
        (1, 28, 28),
        r"stops after layer 0 \(conv\), which gives \(4, 24, 24\): .*gives 2304 values per image",
    ),
]


@pytest.mark.parametrize(("model", "image", "words"), MISFITS)
def test_a_layer_that_does_not_fit_is_named_and_cured(model, image, words):
    with pytest.raises(ShapeError, match=words) as caught:
        shapes.ladder(model, image)
    assert str(caught.value).startswith("ladder: ")
    assert "\n" not in str(caught.value)


def test_another_mistake_is_not_called_a_misfit():
    class Broken(nn.Module):
        def forward(self, x):
            return x.no_such_thing

    with pytest.raises(AttributeError, match="no_such_thing"):
        shapes.ladder(Broken(), (1,))


BAD = [
    # (call, error, words)
    (
        "out_size(28, 29)",
        ValueError,
        r"out_size: a window of 29 pixels .*no place in 28 .*smaller kernel_size, or pad by 1",
    ),
    ("out_size(28, 12, dilation=3)", ValueError, r"window of 34 pixels \(kernel_size=12, dilation=3\).*pad by 3"),
    (
        "out_size(28, 3, 0)",
        ValueError,
        r"out_size: stride is too small \(stride=0\)\. It counts from 1 up\. Use stride=1",
    ),
    ("out_size(0, 3)", ValueError, r"size is too small \(size=0\)"),
    ("out_size(28, 0)", ValueError, r"kernel_size=0"),
    ("out_size(28, 3, dilation=0)", ValueError, r"dilation=0"),
    ("out_size(28, 3, padding=-1)", ValueError, r"padding is too small \(padding=-1\)\. It counts from 0 up"),
    ("out_size(28, 3, padding=(1, -1))", ValueError, r"padding=-1"),
    ("out_size(28, 3, padding=(1, 1, 1))", TypeError, r"padding is no whole number \(padding=\(1, 1, 1\)\)"),
    ("out_size(28, 3, padding='full')", ValueError, r"unknown padding \(padding='full'\).* 'same' or 'valid'"),
    ("out_size(28, 3, 2, 'same')", ValueError, r"padding='same' came with stride=2\..*needs stride=1.*padding=1"),
    ("out_size(28 / 2, 3)", TypeError, r"size is no whole number \(size=14\.0\)\. An int is needed"),
    ("out_size('28', 3)", TypeError, r"size='28'"),
    ("out_size(28, (3, 3))", TypeError, r"kernel_size=\(3, 3\)"),
    ("out_size(torch.tensor(2.5), 1)", TypeError, r"size is no whole number"),
    ("same_padding(0)", ValueError, r"same_padding: kernel_size is too small"),
    ("same_padding(3, 1.0)", TypeError, r"same_padding: dilation is no whole number"),
    (
        "receptive_field([nn.Conv2d(1, 1, 3), nn.Linear(3, 3)])",
        ValueError,
        r"layer 1 is a Linear.*layers before this one",
    ),
    ("receptive_field(nn.AdaptiveAvgPool2d(1))", ValueError, r"layer 0 is a AdaptiveAvgPool2d"),
    ("receptive_field(nn.ConvTranspose2d(1, 1, 3))", ValueError, r"is a ConvTranspose2d"),
    ("receptive_field(nn.Conv3d(1, 1, 3))", ValueError, r"is a Conv3d"),
    ("receptive_field([3])", ValueError, r"layer 0 is a int"),
    ("receptive_field([{'stride': 2}])", ValueError, r"layer 0 has .*It needs kernel_size.*\{\"kernel_size\": 3\}"),
    ("receptive_field([{'kernel_size': 3, 'pad': 1}])", ValueError, r"layer 0 has \['dilation', 'kernel_size', 'pad'"),
    ("receptive_field([{'kernel_size': 0}])", ValueError, r"layer 0: kernel_size is too small"),
    ("receptive_field([])", ValueError, r"receptive_field: there are no layers"),
    (
        "multiply_adds(nn.Conv2d(1, 1, 3), (28, 28))",
        ValueError,
        r"multiply_adds: Conv2d reads 3 axes .*in_shape=\(28, 28\)",
    ),
    ("multiply_adds(nn.Conv2d(3, 1, 3), (1, 28, 28))", ValueError, r"Conv2d reads 3 channels .*in_shape=\(1, 28, 28\)"),
    ("multiply_adds(nn.Linear(400, 10), (16, 5, 5))", ValueError, r"Linear reads 400 values .*in_shape=\(16, 5, 5\)"),
    ("multiply_adds(nn.Conv2d(1, 1, 3), (1, 2, 2))", ValueError, r"multiply_adds: a window of 3 pixels"),
    ("multiply_adds(nn.Sequential(nn.ReLU()), (3,))", ValueError, r"Sequential holds other layers.*ladder\(model, "),
    ("multiply_adds(3, (3,))", TypeError, r"multiply_adds: layer is a int\. An nn\.Module is needed"),
    ("count_parameters(3)", TypeError, r"count_parameters: model is a int\. An nn\.Module is needed"),
    (
        "count_parameters(nn.LazyLinear(3))",
        ValueError,
        r"count_parameters: the model has lazy layers.*Run model\(x\) once",
    ),
    ("ladder(nn.LazyLinear(3), (4,))", ValueError, r"ladder: the model has lazy layers.*Run model\(x\) once"),
    ("ladder(nn.Linear, (4,))", TypeError, r"ladder: model is a type\. An nn\.Module is needed"),
    ("ladder(C5, 28)", TypeError, r"input_shape is a int\..*Write \(1, 28, 28\)"),
    ("ladder(C5, (1, 0, 28))", ValueError, r"input_shape is too small \(input_shape=0\)"),
    ("ladder(C5, (1, 28.0, 28))", TypeError, r"input_shape is no whole number \(input_shape=28\.0\)"),
    ("ladder(C5, torch.ones(1, 28, 28))", TypeError, r"input_shape is a Tensor\."),
    (
        "ladder(nn.Linear(4, 84), (4,), classes=10)",
        ShapeError,
        r"gives \(84,\) per image \(classes=10\).*Linear\(\.\.\., 10\)",
    ),
    ("ladder(C5, (1, 28, 28), classes=10)", ShapeError, r"gives \(6, 24, 24\) per image \(classes=10\).*Flatten"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD, ids=[row[0] for row in BAD])
def test_says_what_came_what_is_needed_and_what_to_do(call, error, words):
    with pytest.raises(error, match=words) as caught:
        eval(f"shapes.{call}")
    message = str(caught.value)
    assert message.startswith(call.partition("(")[0])
    assert message.endswith(".")
    assert "\n" not in message
