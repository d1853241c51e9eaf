"""The networks: the counts and shapes of their sources, and what they refuse."""

import inspect
import math

import pytest
import torch
import torch.nn.functional as F

from cnnlab import models, shapes
from cnnlab.models.lenet1998 import PartialConv2d, Prototypes, ScaledTanh, Subsampling
from cnnlab.models.quick import Whitening


def count(module):
    return sum(p.numel() for p in module.parameters())


# model, arguments, image, parameters by hand from the layers of the source
MODELS = [
    (models.AllEqual, {"filters": 2}, (1, 3, 3), 2 * 10 + 3),
    (models.AllEqual, {}, (1, 3, 3), 16 * 10 + 17),
    (models.MLP, {}, (1, 28, 28), 785 * 128 + 129 * 10),
    (models.MnistCNN, {}, (1, 28, 28), 10 * 32 + 289 * 64 + 9217 * 128 + 129 * 10),
    (models.LeNet, {}, (1, 28, 28), 61_706),  # what "LeNet has 61,706 parameters" everywhere means
    (models.LeNet, {"in_channels": 3, "size": 32}, (3, 32, 32), 62_006),  # PyTorch's CIFAR-10 tutorial
    (models.LeNet1998, {}, (1, 28, 28), 60_000),  # "60,000 trainable free parameters", section II.B
    (models.DigitNet, {}, (1, 28, 28), 26 * 8 + 73 * 16 + 145 * 16 + 145 * 10),
    (models.CifarNet, {}, (3, 32, 32), 76 * 32 + 801 * 32 + 801 * 64 + 1025 * 64 + 65 * 10),
    (models.QuickMnist, {}, (1, 28, 28), 9 * 16 + 144 * 32 + 288 * 64 + 2 * (16 + 32 + 64) + 577 * 10),
    (
        models.QuickCifar,
        {},
        (3, 32, 32),
        12 * 24 + 216 * 32 + 288 * 32 + 288 * 64 + 576 * 64 + 576 * 128 + 1152 * 128 + 4 * (32 + 64 + 128) + 128 * 10,
    ),
]


@pytest.mark.parametrize(("model", "arguments", "image", "parameters"), MODELS)
def test_parameters_and_shapes(model, arguments, image, parameters):
    net = model(**arguments)
    assert count(net) == parameters
    assert f"{parameters:,}" in model.__doc__
    out = (2,) if model is models.AllEqual else (2, 10)
    assert net(torch.randn(2, *image)).shape == out
    assert net(torch.randn(1, *image)).shape == (1, *out[1:])  # one image keeps its batch axis


# model, arguments, image: what else can be built
VARIANTS = [
    (models.MLP, {"classes": 3, "in_channels": 3, "size": 8, "hidden": 5}, (3, 8, 8)),
    (models.MnistCNN, {"classes": 3, "in_channels": 3, "size": 32}, (3, 32, 32)),
    (models.MnistCNN, {"classes": 3, "size": 6}, (1, 6, 6)),  # the smallest that leaves a pixel
    (models.LeNet, {"classes": 3, "in_channels": 2}, (2, 28, 28)),
    (models.CifarNet, {"classes": 3, "in_channels": 1, "size": 28}, (1, 28, 28)),  # 28 halves to 14, 7, 3
    (models.CifarNet, {"classes": 3, "size": 8}, (3, 8, 8)),
    (models.QuickMnist, {"classes": 3, "in_channels": 2, "size": 8}, (2, 8, 8)),
    (models.QuickCifar, {"classes": 3, "in_channels": 1, "widths": (2, 3, 4)}, (1, 9, 17)),  # the smallest
]


@pytest.mark.parametrize(("model", "arguments", "image"), VARIANTS)
def test_variants(model, arguments, image):
    assert model(**arguments)(torch.randn(2, *image)).shape == (2, 3)


# The comments in forward say what shape is where; the ladder runs the model and says it too.
LADDERS = [
    (models.MnistCNN, (1, 28, 28), ["(n, 32, 26, 26)", "(n, 64, 24, 24)", "(n, 64, 12, 12)", "(n, 9216)"]),
    (models.LeNet, (1, 28, 28), ["(n, 6, 14, 14)", "(n, 16, 5, 5)", "(n, 400)"]),
    (models.DigitNet, (1, 28, 28), ["(n, 8, 14, 14)", "(n, 16, 7, 7)", "(n, 16, 3, 3)", "(n, 144)"]),
    (models.CifarNet, (3, 32, 32), ["(n, 32, 16, 16)", "(n, 32, 8, 8)", "(n, 64, 4, 4)", "(n, 1024)"]),
    (models.QuickMnist, (1, 28, 28), ["(n, 16, 14, 14)", "(n, 32, 7, 7)", "(n, 64, 3, 3)"]),
    (models.QuickCifar, (3, 32, 32), ["(n, 24, 31, 31)", "(n, 32, 15, 15)", "(n, 64, 7, 7)", "(n, 128)"]),
    (models.LeNet1998, (1, 28, 28), ["(n, 6, 28, 28)", "(n, 6, 14, 14)", "(n, 16, 10, 10)", "(n, 16, 5, 5)"]),
]


@pytest.mark.parametrize(("model", "image", "comments"), LADDERS)
def test_shape_comments_are_true(model, image, comments):
    passed = [str(("n", *rung.out_shape)).replace("'", "") for rung in shapes.ladder(model(), image, classes=10)]
    source = inspect.getsource(model.forward)
    for comment in comments:
        assert comment in passed and comment in source


@pytest.mark.parametrize("model", [models.MLP, models.MnistCNN, models.LeNet, models.CifarNet])
def test_first_loss_is_log_of_classes(model):
    torch.manual_seed(0)
    net = model().eval()
    x = torch.randn(64, net.in_channels, net.size, net.size)
    loss = F.cross_entropy(net(x), torch.arange(64) % 10)
    assert abs(loss.item() - math.log(10)) < 0.1


@pytest.mark.parametrize(("model", "arguments", "image"), [row[:3] for row in MODELS])
def test_every_parameter_learns(model, arguments, image):
    torch.manual_seed(0)
    net = model(**arguments)
    net(torch.randn(16, *image)).square().sum().backward()
    learns = [name for name, p in net.named_parameters() if p.grad is not None and p.grad.any()]
    fixed = ["whitening.weight"] if model is models.QuickCifar else []
    assert fixed + learns == [name for name, _ in net.named_parameters()]


def test_all_equal_solved_by_hand():
    """Two filters suffice: one answers to nine ones, one to nine zeros; exact on all 512 pictures."""
    net = models.AllEqual(filters=2)
    with torch.no_grad():
        net.conv.weight[0], net.conv.bias[0] = 1, -8  # sum - 8: above 0 for nine ones only
        net.conv.weight[1], net.conv.bias[1] = -1, 1  # 1 - sum: above 0 for nine zeros only
        net.linear.weight[:], net.linear.bias[:] = 2, -1
    bits = torch.arange(512)[:, None] >> torch.arange(9) & 1
    equal = bits.float().mean(1) == bits[:, 0]
    assert equal.sum() == 2
    assert ((net(bits.float().view(512, 1, 3, 3)) > 0) == equal).all()


# LeNet-5 of 1998: section II.B gives the trainable parameters of each layer
PAPER = {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48_120, "f6": 10_164, "output": 0}


def test_lenet1998_layers_have_the_papers_parameters():
    net = models.LeNet1998()
    assert {name: count(getattr(net, name)) for name in PAPER} == PAPER


def test_lenet1998_connections():
    """Section II.B in words: six maps read 3 neighbours, six read 4, three read two pairs, the last reads all."""
    reads = models.LeNet1998().c3.reads
    sets = [set(row.nonzero().flatten().tolist()) for row in reads]
    neighbours = [{(start + i) % 6 for i in range(length)} for length in (3, 4) for start in range(6)]
    assert sets[:12] == neighbours
    assert sets[12:] == [{0, 1, 3, 4}, {1, 2, 4, 5}, {0, 2, 3, 5}, {0, 1, 2, 3, 4, 5}]


def test_partial_convolution_is_a_convolution_with_zeros():
    torch.manual_seed(0)
    reads = torch.tensor([[True, False], [True, True], [False, True]])
    layer = PartialConv2d(reads, kernel_size=3).double()
    x = torch.randn(2, 2, 5, 6, dtype=torch.float64)
    maps = [  # each map by hand: the filters stand in the order of reads
        F.conv2d(x[:, :1], layer.weight[0][None, None]),
        F.conv2d(x, layer.weight[1:3][None]),
        F.conv2d(x[:, 1:], layer.weight[3][None, None]),
    ]
    torch.testing.assert_close(layer(x), torch.cat(maps, 1) + layer.bias[:, None, None])


def test_subsampling_adds_scales_and_shifts():
    layer = Subsampling(2).double()
    with torch.no_grad():
        layer.weight[:], layer.bias[:] = torch.tensor([2.0, 3.0]), torch.tensor([10.0, 20.0])
    x = torch.arange(8, dtype=torch.float64).view(1, 2, 2, 2)
    assert layer(x).flatten().tolist() == [2 * (0 + 1 + 2 + 3) + 10, 3 * (4 + 5 + 6 + 7) + 20]


def test_scaled_tanh_keeps_one():
    """Appendix A chose the two constants so that f(1) = 1 and f(-1) = -1."""
    y = ScaledTanh()(torch.tensor([-1.0, 0.0, 1.0, 100.0]))
    torch.testing.assert_close(y, torch.tensor([-1.0, 0.0, 1.0, 1.7159]), atol=1e-4, rtol=0)


def test_prototypes_are_ten_different_drawn_digits():
    layer = Prototypes()
    assert layer.targets.shape == (10, 7 * 12) and set(layer.targets.unique().tolist()) == {-1, 1}
    scores = layer(layer.targets)
    assert (scores.diagonal() == 0).all()
    assert (scores - torch.diag(torch.full((10,), torch.inf))).max() <= -4 * 8  # any two differ in 8 pixels or more
    one = [row.split()[1] for row in models.lenet1998.DIGITS_7X12.strip().splitlines()]
    drawn = ["".join("X" if pixel > 0 else "." for pixel in row) for row in layer.targets[1].view(12, 7)]
    assert drawn == one


def test_lenet1998_sees_the_border_repeated():
    net = models.LeNet1998()
    blank = torch.full((1, 1, 28, 28), -0.42)
    assert net.c1(blank).flatten(2).std(2).max() < 1e-6  # with zeros around it the border would stand out


def test_lenet1998_learns_a_handful():
    torch.manual_seed(0)
    net, x, labels = models.LeNet1998(), torch.randn(20, 1, 28, 28), torch.arange(20) % 10
    optimizer = torch.optim.Adam(net.parameters(), 0.003)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(net(x), labels).backward()
        optimizer.step()
    assert (net(x).argmax(1) == labels).all()


def test_whitening_leaves_directions_unrelated_and_of_spread_1():
    torch.manual_seed(0)
    smooth = F.avg_pool2d(torch.randn(64, 3, 14, 14), 3, stride=1)  # neighbours are alike
    smooth[:, 1] += smooth[:, 0]  # and so are colours
    layer = Whitening(3).fit(smooth, eps=0)
    y = layer(smooth).transpose(0, 1).flatten(1).double()  # (24, windows)
    torch.testing.assert_close(y[:12].cov(), torch.eye(12, dtype=torch.float64), atol=1e-3, rtol=0)
    torch.testing.assert_close(y[12:], -y[:12])
    assert models.QuickCifar().whiten(smooth).whitening.weight.equal(Whitening(3).fit(smooth).weight)
    flat = torch.full((4, 3, 9, 9), 0.5)
    assert Whitening(3).fit(flat).weight.isfinite().all()  # nothing varies: eps keeps that finite


def image(*shape, dtype=torch.float32):
    return torch.zeros(*shape, dtype=dtype)


# model, images, words of the message
BAD_IMAGES = [
    (
        models.LeNet,
        image(8, 3, 28, 28),
        r"layer conv1 needs float images \(n, 1, 28, 28\).*\(8, 3, 28, 28\).*in_channels=3",
    ),
    (models.LeNet, image(8, 28, 28, 1), r"\(8, 28, 28, 1\).*permute\(0, 3, 1, 2\)"),  # channels last
    (models.LeNet, image(1, 28, 28), r"\(1, 28, 28\).*batch axis with x\[None\]"),  # one image without a batch
    (models.LeNet, image(28, 28), r"\(28, 28\).*\(n, c, h, w\)"),
    (models.LeNet, image(0, 1, 28, 28), "at least one image"),  # an empty batch
    (models.LeNet, image(8, 1, 27, 28), "Resize or pad the images to 28x28 pixels"),
    (models.LeNet, image(8, 1, 28, 28, dtype=torch.uint8), r"uint8.*x.float\(\) / 255"),  # not scaled
    (models.LeNet1998, image(8, 3, 28, 28), r"layer c1 .*\(8, 3, 28, 28\).*Pass grey images"),
    (models.LeNet1998, image(8, 1, 32, 32), r"layer c1 .*28x28"),  # the paper's 32 is made inside
    (models.MnistCNN, image(8, 1, 5, 5), r"MnistCNN: layer conv1 .*\(8, 1, 5, 5\).*28x28"),
    (models.DigitNet, image(1, 28, 28), r"DigitNet: layer conv1 .*batch axis with x\[None\]"),
    (models.CifarNet, image(8, 1, 32, 32), r"CifarNet: layer conv1 .*in_channels=1"),
    (models.QuickMnist, image(8, 3, 28, 28), r"QuickMnist: layer conv1 .*in_channels=3"),
    (models.QuickCifar, image(8, 1, 32, 32), r"QuickCifar: layer whitening .*in_channels=1"),
    (
        models.QuickCifar,
        image(8, 3, 8, 8),
        r"QuickCifar: x is \(8, 3, 8, 8\), too small: .*stage3.* At least 9x9 pixels",
    ),
    (models.MLP, image(8, 784), r"MLP: layer fc1 .*\(8, 784\).*\(n, c, h, w\)"),
    (models.AllEqual, image(8, 1, 4, 4), r"AllEqual: layer conv .*3x3 pixels"),
]


@pytest.mark.parametrize(("model", "x", "words"), BAD_IMAGES)
def test_bad_images(model, x, words):
    with pytest.raises(ValueError, match=words):
        model()(x)


def test_images_that_are_no_tensor():
    with pytest.raises(TypeError, match=r"LeNet: x is a list. A tensor of images is needed. Use torch.as_tensor"):
        models.LeNet()([[0.0]])


# what is built, words of the message
BAD_ARGUMENTS = [
    (lambda: models.LeNet(size=20), ValueError, r"LeNet: size=20. conv1 reads 28 or 32 pixels. Resize"),
    (lambda: models.LeNet(classes=0), ValueError, r"LeNet: classes=0. At least 1 is needed"),
    (lambda: models.MLP(hidden=2.5), TypeError, r"MLP: hidden=2.5 is a float. A whole number"),
    (lambda: models.MnistCNN(classes="10"), TypeError, r"MnistCNN: classes='10' is a str"),
    (lambda: models.MnistCNN(size=5), ValueError, r"MnistCNN: size=5. Nothing is left after pool below 6x6"),
    (lambda: models.CifarNet(size=7), ValueError, r"CifarNet: size=7. Nothing is left after pool3 below 8x8"),
    (lambda: models.CifarNet(in_channels=True), TypeError, r"CifarNet: in_channels=True is a bool"),
    (lambda: models.QuickMnist(size=7), ValueError, r"QuickMnist: size=7. Nothing is left after pool3 below 8x8"),
    (lambda: models.QuickCifar(widths=(8, 0, 8)), ValueError, r"QuickCifar: widths=0. At least 1 is needed"),
    (lambda: models.QuickCifar(widths=(8, 8)), ValueError, r"QuickCifar: widths=\(8, 8\). Three are needed"),
    (lambda: models.AllEqual(filters=-1), ValueError, r"AllEqual: filters=-1. At least 1"),
]


@pytest.mark.parametrize(("build", "error", "words"), BAD_ARGUMENTS)
def test_bad_arguments(build, error, words):
    with pytest.raises(error, match=words):
        build()


def test_models_are_modules_all_through():
    """Hooks and the ladder see every layer, so no arithmetic hides in forward."""
    for model, arguments, shape, _ in MODELS:
        net, ran = model(**arguments), set()
        layers = set(net.modules()) - {net}
        for layer in layers:
            layer.register_forward_hook(lambda layer, x, y, ran=ran: ran.add(layer))
        net(torch.randn(2, *shape))
        assert ran == layers
