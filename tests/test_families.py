"""AlexNet to ResNet: counts and shapes of the papers, torchvision's weights and outputs, what is too small."""

import inspect
import re

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from cnnlab import models, shapes
from cnnlab.models.googlenet import INCEPTIONS


def build(model, **arguments):
    """Shapes only: the large networks cost no memory."""
    with torch.device("meta"):
        return model(**arguments).eval()


# model, arguments, parameters, and where the number comes from
COUNTS = [
    (models.AlexNet, {}, 62_378_344),  # the ungrouped network
    (models.AlexNet, {"groups": 2}, 60_965_224),  # "60 million parameters", section 1 of the paper
    (models.AlexNet, {"size": 224}, 62_378_344),  # padding has no parameters
    (models.AlexNet2014, {}, 61_100_840),  # torchvision's table
    (models.VGG, {"depth": 11}, 132_863_336),  # table 2 of the paper: 133, 133, 138, 144 million
    (models.VGG, {"depth": 13}, 133_047_848),
    (models.VGG, {"depth": 16}, 138_357_544),
    (models.VGG, {"depth": 19}, 143_667_240),
    (models.NiN, {}, 7_595_176),  # 29 MB in the authors' model zoo entry
    (models.GoogLeNet, {}, 6_998_552),
    (models.resnet18, {}, 11_689_512),
    (models.resnet34, {}, 21_797_672),
    (models.resnet50, {}, 25_557_032),
    (models.resnet18, {"widths": (64, 128, 192, 256)}, 4_446_632),
    (models.SmallResNet, {}, 269_722),  # "0.27M", table 6 of the paper
    (models.SmallResNet, {"depth": 32}, 464_154),  # "0.46M"
    (models.SmallResNet, {"depth": 56}, 853_018),  # "0.85M"
    (models.SmallAlexNet, {}, 429_258),
    (models.SmallVGG, {}, 550_570),
    (models.SmallNiN, {}, 71_562),
    (models.SmallGoogLeNet, {}, 104_818),
]


@pytest.mark.parametrize(("model", "arguments", "parameters"), COUNTS)
def test_parameters(model, arguments, parameters):
    net = build(model, **arguments)
    assert shapes.count_parameters(net) == parameters
    if not arguments or "widths" in arguments or "groups" in arguments:
        assert f"{parameters:,}" in model.__doc__


# Inception by Inception, table 1 of the paper: maps that come out, and its size
STAGES = {"inception3a": (256, 28), "inception3b": (480, 28), "inception4a": (512, 14), "inception4b": (512, 14)}
STAGES |= {"inception4c": (512, 14), "inception4d": (528, 14), "inception4e": (832, 14), "inception5a": (832, 7)}
STAGES |= {"inception5b": (1024, 7)}


def test_inceptions_have_the_papers_shapes():
    net, found = build(models.GoogLeNet), {}
    for name, block in net.inceptions.named_children():
        block.register_forward_hook(lambda block, x, y, name=name: found.update({name: tuple(y.shape[1:3])}))
    net(torch.zeros(1, 3, 224, 224, device="meta"))
    assert {name: found[name] for name in STAGES} == STAGES
    assert [name for name, *_ in INCEPTIONS] == list(found)


# small network, picture, shapes that its forward notes
COMMENTS = [
    (models.AlexNet, (3, 227, 227)),
    (models.AlexNet, (3, 224, 224)),
    (models.AlexNet2014, (3, 224, 224)),
    (models.SmallAlexNet, (3, 32, 32)),
    (models.VGG, (3, 224, 224)),
    (models.SmallVGG, (3, 32, 32)),
    (models.NiN, (3, 224, 224)),
    (models.SmallNiN, (3, 32, 32)),
    (models.GoogLeNet, (3, 224, 224)),
    (models.SmallGoogLeNet, (3, 32, 32)),
    (models.resnet18, (3, 224, 224)),
    (models.SmallResNet, (3, 32, 32)),
]


@pytest.mark.parametrize(("model", "picture"), COMMENTS)
def test_shape_comments_are_true(model, picture):
    """Every "(n, 96, 27, 27)" beside a line of forward is a shape that passes, in that order."""
    net = build(model, **({"size": picture[1]} if model is models.AlexNet else {}))
    passed, classes = [], net(torch.zeros(1, *picture, device="meta")).shape[1]
    for module in net.modules():
        module.register_forward_hook(lambda module, x, y: passed.append(("n", *y.shape[1:])))
    net(torch.zeros(2, *picture, device="meta"))
    comments = re.findall(r"# \((n, [^)]*)\)", inspect.getsource(type(net).forward))
    assert len(comments) >= 1
    passed = iter(", ".join(map(str, shape)) for shape in passed)
    for comment in comments:
        assert comment.replace("classes", str(classes)) in passed, comment  # consumes: the order counts


# ours, torchvision's, its arguments
TWINS = [
    (models.resnet18, torchvision.models.resnet18, {}),
    (models.resnet34, torchvision.models.resnet34, {}),
    (models.resnet50, torchvision.models.resnet50, {}),
    (models.AlexNet2014, torchvision.models.alexnet, {}),
    (lambda: models.VGG(11), torchvision.models.vgg11, {}),
    (lambda: models.VGG(16, batch_norm=True), torchvision.models.vgg16_bn, {}),
]


@pytest.mark.parametrize(("ours", "theirs", "arguments"), TWINS)
def test_torchvisions_weights_load_and_give_its_outputs(ours, theirs, arguments):
    torch.manual_seed(0)
    with torch.device("meta"):
        net, twin = ours().eval(), theirs(**arguments).eval()
    twin.to_empty(device="cpu")
    for name, value in twin.state_dict().items():  # numbers that keep the outputs in a sensible range
        fan_in = value[0].numel() if value.ndim > 1 else 1
        if value.is_floating_point():
            value.copy_(
                torch.rand_like(value) + 0.5 if "running_var" in name else torch.randn_like(value) / fan_in**0.5
            )
    net.load_state_dict(twin.state_dict(), strict=True, assign=True)
    x = torch.randn(2, 3, 96, 96)
    with torch.inference_mode():
        expected = twin(x)
        assert expected.std() > 0  # or equality says nothing
        torch.testing.assert_close(net(x), expected, rtol=0, atol=0)


@pytest.mark.parametrize("depth", [13, 19])
def test_vgg_has_torchvisions_names(depth):
    ours, theirs = build(models.VGG, depth=depth), build(getattr(torchvision.models, f"vgg{depth}"))
    shapes_of = [{name: p.shape for name, p in net.state_dict().items()} for net in (ours, theirs)]
    assert shapes_of[0] == shapes_of[1]


def test_weights_start_as_in_torchvision():
    torch.manual_seed(0)
    ours = models.resnet18().state_dict()
    torch.manual_seed(0)
    theirs = torchvision.models.resnet18().state_dict()
    for name in ("conv1.weight", "layer2.0.downsample.0.weight", "layer4.1.conv2.weight"):
        assert abs(ours[name].std() / theirs[name].std() - 1) < 0.05


# small networks: pictures of both sizes, grey and colour
@pytest.mark.parametrize("size", [28, 32])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "model", [models.SmallAlexNet, models.SmallVGG, models.SmallNiN, models.SmallGoogLeNet, models.SmallResNet]
)
def test_small_networks(model, channels, size):
    torch.manual_seed(0)
    sized = {"size": size} if "size" in inspect.signature(model).parameters else {}
    net = model(classes=7, in_channels=channels, width=16, **sized)
    x = torch.randn(4, channels, size, size)
    assert net(x).shape == (4, 7)
    net(x).square().sum().backward()
    silent = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []
    first = next(module for module in net.modules() if isinstance(module, nn.Conv2d))
    assert first.kernel_size == (3, 3) and first.stride == (1, 1)


@pytest.mark.parametrize("model", [models.SmallVGG, models.SmallNiN, models.SmallGoogLeNet])
def test_small_networks_with_batch_norm(model):
    net = model(batch_norm=True)
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == len(convolutions) - (model is models.SmallNiN)  # not after its logits
    assert not any(isinstance(module, nn.BatchNorm2d) for module in model().modules())


def test_nin_votes_classes_down():
    torch.manual_seed(0)
    assert (models.SmallNiN().eval()(torch.randn(8, 3, 32, 32)) < 0).any()


def test_resnets_for_small_pictures_keep_their_size():
    net, found = models.resnet18(10, small=True, widths=(8, 16, 24, 32)), []
    net.layer1.register_forward_hook(lambda module, x, y: found.append(y.shape))
    assert net(torch.randn(2, 3, 32, 32)).shape == (2, 10)
    assert found == [(2, 8, 32, 32)]


def test_plain_and_residual_networks_differ_in_the_shortcut_only():
    torch.manual_seed(0)
    residual = models.SmallResNet(8, width=4)
    plain = models.SmallResNet(8, width=4, residual=False)
    plain.load_state_dict(residual.state_dict(), strict=True)
    block, bare = residual.layer2[0].eval(), plain.layer2[0].eval()
    x = torch.rand(2, 4, 8, 8)
    y = bare.bn2(bare.conv2(bare.relu(bare.bn1(bare.conv1(x)))))
    assert torch.equal(bare(x), y.relu())
    shortcut = torch.cat([x[:, :, ::2, ::2], torch.zeros(2, 4, 4, 4)], dim=1)
    torch.testing.assert_close(block(x), (y + shortcut).relu())


def test_depth_counts_layers_with_weights():
    for depth in (8, 20, 32):
        net = models.SmallResNet(depth)
        assert sum(isinstance(module, nn.Conv2d | nn.Linear) for module in net.modules()) == depth
    for depth in models.VGG_STACKS:
        net = build(models.VGG, depth=depth)
        assert sum(isinstance(module, nn.Conv2d | nn.Linear) for module in net.modules()) == depth


def test_response_normalisation_is_the_papers():
    """Section 3.3: b = a / (2 + 1e-4 * sum over five neighbouring maps of a squared) ** 0.75."""
    a = torch.rand(1, 9, 1, 1, dtype=torch.float64) * 100
    squares = F.pad(a.flatten() ** 2, (2, 2)).unfold(0, 5, 1).sum(1)
    expected = a.flatten() / (2 + 1e-4 * squares) ** 0.75
    torch.testing.assert_close(build(models.AlexNet).norm(a).flatten(), expected)


# models that take pictures of many sizes, and the smallest that passes
SMALLEST = [
    (models.AlexNet2014, 63),
    (models.VGG, 32),
    (models.NiN, 67),
    (models.SmallNiN, 7),
    (models.GoogLeNet, 31),
    (models.SmallGoogLeNet, 4),
    (models.resnet18, 1),
    (models.SmallResNet, 1),
]


@pytest.mark.parametrize(("model", "smallest"), SMALLEST)
def test_smallest_picture(model, smallest):
    """Found by trying: on the meta device nothing is refused, so it is PyTorch's layers that decide."""
    net = build(model)
    assert net.smallest == smallest
    net(torch.zeros(1, 3, smallest, smallest, device="meta"))
    if smallest > 1:
        with pytest.raises(RuntimeError):
            net(torch.zeros(1, 3, smallest - 1, smallest - 1, device="meta"))


# what is called, words of the message
TOO_SMALL = [
    (
        lambda: models.SmallGoogLeNet()(torch.zeros(2, 3, 3, 3)),
        r"SmallGoogLeNet: x is \(2, 3, 3, 3\), too small: layer \d+ \(pool2, MaxPool2d\).*At least 4x4 pixels",
    ),
    (
        lambda: models.SmallNiN()(torch.zeros(2, 3, 32, 6)),  # one side suffices
        r"x is \(2, 3, 32, 6\), too small: layer 14 \(pool, MaxPool2d\).*image of 15x2.*At least 7x7 .*size=7\)",
    ),
    (lambda: models.SmallNiN()(torch.zeros(2, 1, 32, 32)), r"layer block1.0 .*\(2, 1, 32, 32\).*in_channels=1"),
    (lambda: models.SmallResNet()(torch.zeros(3, 32, 32)), r"conv1 .*batch axis with x\[None\]"),
    (lambda: models.SmallResNet()(torch.zeros(2, 32, 32, 3)), r"permute\(0, 3, 1, 2\)"),
    (lambda: models.SmallResNet()(torch.zeros(0, 3, 32, 32)), r"at least one image"),
    (lambda: models.SmallResNet()(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)), r"uint8.*x.float\(\) / 255"),
    (lambda: models.SmallVGG()(torch.zeros(2, 3, 28, 28)), r"SmallVGG: layer features.0 .*Resize .* 32x32"),
    (lambda: models.SmallVGG(size=7), r"SmallVGG: size=7. Nothing is left after the third pooling below 8x8"),
    (lambda: models.SmallAlexNet(size=14), r"SmallAlexNet: size=14. Nothing .* below 15x15"),
    (lambda: models.AlexNet(size=32), r"AlexNet: size=32. .*227 or 224.*SmallAlexNet\(size=32\)"),
    (lambda: models.AlexNet(groups=3), r"AlexNet: groups=3. 1, or 2"),
    (lambda: models.VGG(12), r"VGG: depth=12. The paper has 11, 13, 16 and 19"),
    (lambda: models.SmallResNet(10), r"SmallResNet: depth=10. 8, 14, 20.*Pass depth=8"),
    (lambda: models.SmallResNet(110 + 1), r"SmallResNet: depth=111.*Pass depth=110"),
    (lambda: models.SmallGoogLeNet(width=12), r"SmallGoogLeNet: width=12. A multiple of 8"),
    (lambda: models.resnet18(widths=(64, 128, 256)), r"ResNet: counts=\(2, 2, 2, 2\), widths=\(64, 128, 256\)"),
    (lambda: models.SmallNiN(width=0), r"SmallNiN: width=0. At least 1"),
]


@pytest.mark.parametrize(("call", "words"), TOO_SMALL)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_refusal_leaves_the_model_as_it_was():
    net = models.SmallNiN(batch_norm=True).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(ValueError, match="too small"):
        net(torch.zeros(2, 3, 5, 5))
    assert net.training and all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_ladder_names_the_layer_that_breaks():
    with pytest.raises(shapes.ShapeError, match=r"ladder: layer 14 \(pool, MaxPool2d\) does not fit.*15x2"):
        shapes.ladder(models.SmallNiN(), (3, 32, 6))
