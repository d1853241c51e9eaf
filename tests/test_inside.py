"""The questions put to a network: each against its formula by hand, against something planted, and what they refuse."""

import inspect

import pytest
import torch
from test_docstrings import LETTERS, SHAPE, block, promise, size
from torch import nn

from cnnlab import data, inside, models, shapes


def tiny(**last):
    """1x1 filters +1 and -1, ReLU, mean of each map, two classes with weights (2, -1) and (-3, 4)."""
    net = nn.Sequential(
        nn.Conv2d(1, 2, 1, bias=False), nn.ReLU(**last), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2)
    )
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([1.0, -1]).view(2, 1, 1, 1))
        net[4].weight.copy_(torch.tensor([[2.0, -1], [-3, 4]]))
        net[4].bias.zero_()
    return net.eval()


X = torch.tensor([[[[1.0, -2], [0, 4]]]])


@pytest.fixture(scope="module")
def net():
    return models.doodle_net()


@pytest.fixture(scope="module")
def doodles(net):
    pictures, labels = data.doodles(40, seed=1)
    return data.normalise(pictures, net.mean, net.sd), labels


# ---- activations


def test_activations_are_what_the_layer_gives(net, doodles):
    x = doodles[0][:3]
    with torch.no_grad():
        by_hand = net.layer1(net.relu(net.bn1(net.conv1(x))))
    assert torch.equal(inside.activations(net, x, "layer1"), by_hand)
    assert torch.equal(inside.activations(net, x, net.layer1), by_hand)
    assert inside.activations(net, x, "layer2.0.conv1").shape == (3, 32, 16, 16)
    assert inside.activations(net, x, "fc").shape == (3, 10)


def test_no_hook_stays_even_after_an_error():
    net = tiny()
    inside.activations(net, X, "0")
    inside.grad_cam(net, X, "1", torch.tensor([0]))
    with pytest.raises(RuntimeError):
        inside.activations(net, X.expand(1, 3, 2, 2), "0")
    assert not any(module._forward_hooks for module in net.modules())


# ---- Grad-CAM


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (0, [[2, 0], [0, 8]]),  # the first map (1, 0, 0, 4) counts twice, the second (0, 2, 0, 0) against: cut off
        (1, [[0, 8], [0, 0]]),  # the other way round
    ],
)
def test_grad_cam_by_hand(label, expected):
    found = inside.grad_cam(tiny(), X, "1", torch.tensor([label]))
    assert torch.equal(found, torch.tensor([expected]) / 4)  # a mean over 4 pixels passes a quarter on to each


def test_grad_cam_of_the_last_maps_is_cam(net, doodles):
    """Zhou et al. 2016: with a mean over each map and one dense layer, the dense layer's weights are the gradient's."""
    x, labels = doodles
    maps = inside.activations(net, x, "layer3")
    cam = torch.einsum("no,nohw->nhw", net.fc.weight[labels], maps).relu() / 64
    assert torch.allclose(inside.grad_cam(net, x, "layer3", labels), cam, atol=1e-6)


def test_grad_cam_of_a_batch_is_that_of_its_pictures(net, doodles):
    x, labels = doodles[0][:4], doodles[1][:4]
    alone = [inside.grad_cam(net, x[i : i + 1], "layer2", labels[i : i + 1])[0] for i in range(4)]
    assert torch.allclose(inside.grad_cam(net, x, "layer2", labels), torch.stack(alone), atol=1e-6)


def test_grad_cam_works_frozen_in_place_and_without_gradients():
    expected, label = inside.grad_cam(tiny(), X, "0", torch.tensor([0])), torch.tensor([0])
    net = tiny(inplace=True).requires_grad_(False)
    with torch.no_grad():
        assert torch.equal(inside.grad_cam(net, X, "0", label), expected)
        assert inside.effective_receptive_field(tiny(), X, "1")[1, 1] == 1


def test_questions_leave_no_gradient_behind(net, doodles):
    x, labels = doodles[0][:2].clone(), doodles[1][:2]
    inside.grad_cam(net, x, "layer3", labels)
    inside.effective_receptive_field(net, x, "layer3")
    inside.occlusion(net, x, labels, stride=8)
    assert all(p.grad is None and p.requires_grad for p in net.parameters())
    assert x.grad is None and not x.requires_grad and torch.equal(x, doodles[0][:2])


# ---- occlusion


class Corner(nn.Module):
    """Sure of class 1 as far as the pixels in rows 2 to 3, columns 4 to 5 are bright."""

    def forward(self, x):
        bright = x[:, 0, 2:4, 4:6].sum((1, 2))
        return torch.stack([torch.zeros_like(bright), bright], dim=1)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (4, 2), (3, 1), (2, 1)])
def test_occlusion_finds_what_the_answer_hangs_on(size, stride):
    x = torch.ones(2, 1, 8, 8)
    falls = inside.occlusion(Corner().eval(), x, torch.tensor([1, 0]), size, stride, fill=0.0)
    side = shapes.out_size(8, stride, stride)
    assert falls.shape == (2, side, side)
    for i in range(side):
        for j in range(side):
            top, left = i * stride - (size - stride) // 2, j * stride - (size - stride) // 2
            covered = torch.ones(8, 8)
            covered[max(0, top) : top + size, max(0, left) : left + size] = 0
            hidden = 4 - covered[2:4, 4:6].sum()
            expected = torch.tensor(4.0).sigmoid() - (4 - hidden).sigmoid()
            assert falls[0, i, j] == pytest.approx(expected.item(), abs=1e-6)
            assert falls[1, i, j] == pytest.approx(-expected.item(), abs=1e-6)  # what speaks for 1 speaks against 0
    assert (falls[0] > 0).any() and falls[0].argmax() == falls[1].argmin()


def test_occlusion_covers_with_what_it_is_told():
    x = torch.zeros(1, 1, 8, 8)
    falls = inside.occlusion(Corner().eval(), x, torch.tensor([1]), 2, 2, fill=1.0)
    assert falls.min() == pytest.approx(0.5 - torch.tensor(4.0).sigmoid().item()) and falls.max() == 0


@pytest.mark.parametrize(
    ("top", "left", "covered"),
    [
        (1, 0, [[1, 2, 3], [6, 6, 6], [6, 6, 9]]),
        (-1, 2, [[1, 2, 6], [4, 5, 6], [7, 8, 9]]),  # a part lies outside
        (2, -2, [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),  # all of it does
    ],
)
def test_cover(top, left, covered):
    x = torch.arange(1.0, 10).view(1, 1, 3, 3)
    assert inside.cover(x, top, left, 2, fill=6).tolist()[0][0] == covered
    own = inside.cover(torch.cat([x, 2 * x]), 0, 0, 3)  # each picture's mean: 5 and 10
    assert own[0].unique().tolist() == [5] and own[1].unique().tolist() == [10]
    assert torch.equal(x, torch.arange(1.0, 10).view(1, 1, 3, 3))


# ---- receptive fields


def test_the_measured_field_lies_inside_the_computed_one(net, doodles):
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    fields = shapes.receptive_field(convolutions)
    for layer, field in (("conv1", fields[0]), ("layer1", fields[2]), ("layer2", fields[4]), ("layer3", fields[6])):
        found = inside.effective_receptive_field(net, doodles[0], layer)
        assert found.shape == (32, 32) and found.sum() == pytest.approx(1, abs=1e-5) and (found >= 0).all()
        side = inside.activations(net, doodles[0][:1], layer).shape[2]
        middle, reach = field.centre + field.jump * (side // 2), (field.size - 1) / 2
        rows, columns = found.nonzero().unbind(1)
        for places in (rows, columns):
            assert places.min() >= middle - reach and places.max() <= min(31, middle + reach)
        assert found[int(middle)].any() and inside.pixels_holding(found) < field.size**2


def test_the_field_of_an_average_is_even():
    net = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, bias=False), nn.Identity()).eval()
    nn.init.ones_(net[0].weight)
    found = inside.effective_receptive_field(net, torch.zeros(1, 1, 7, 7), "0")
    expected = torch.zeros(7, 7)
    expected[2:5, 2:5] = 1 / 9
    assert torch.allclose(found, expected)


@pytest.mark.parametrize(
    ("field", "share", "pixels"),
    [
        ([[1.0, 1], [1, 1]], 0.5, 2),
        ([[1.0, 1], [1, 1]], 0.51, 3),
        ([[4.0, 3], [2, 1]], 0.7, 2),  # the largest first, wherever they lie
        ([[1.0, 2], [3, 4]], 0.7, 2),
        ([[0.0, 0], [0, 5]], 1, 1),
        ([[0.0, 1], [1, 1]], 1.0, 3),
    ],
)
def test_pixels_holding(field, share, pixels):
    assert inside.pixels_holding(torch.tensor(field), share) == pixels


# ---- patches


@pytest.mark.parametrize("stride", [1, 2])
def test_a_patch_makes_the_layer_answer_as_the_picture_did(stride):
    """Without padding, what a layer says of the patch alone is what it said of the patch in its picture."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, 3, stride=stride), nn.ReLU(), nn.Conv2d(4, 3, 2)).eval()
    x = torch.randn(10, 2, 12, 12)
    field = shapes.receptive_field(net)[-1]
    top = inside.top_patches(net, x, "2", 1, field, count=4)
    assert top.patches.shape == (4, 2, field.size, field.size)
    with torch.no_grad():
        assert torch.allclose(net(top.patches)[:, 1, 0, 0], top.values, atol=1e-6)
        maps = net(x)[:, 1]
    assert torch.equal(top.values, maps.flatten(1).amax(1).sort(descending=True).values[:4])
    for value, picture, (row, column) in zip(top.values, top.pictures, top.places, strict=True):
        assert maps[picture, row, column] == value
    assert len(set(top.pictures.tolist())) == 4


def test_a_patch_at_the_edge_is_filled_with_zeros():
    net = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, bias=False)).eval()
    nn.init.ones_(net[0].weight)
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 0, 0] = 1
    top = inside.top_patches(net, x - 0.01, "0", 0, shapes.receptive_field(net)[-1], count=1)
    assert top.places.tolist() == [[0, 0]]
    assert top.patches[0, 0].tolist() == [
        [0, 0, 0],
        [0, pytest.approx(0.99), pytest.approx(-0.01)],
        [0, pytest.approx(-0.01), pytest.approx(-0.01)],
    ]


# ---- the shapes that docstrings promise

MADE = {  # arguments that are no tensors
    "activations": {"layer": "0"},
    "effective_receptive_field": {"layer": "0"},
    "grad_cam": {"layer": "0"},
    "occlusion": {"size": 3, "stride": 2},
    "cover": {"top": 1, "left": 2, "size": 3},
}


@pytest.mark.parametrize("name", MADE)
def test_the_shapes_are_true(name):
    function, options = getattr(inside, name), MADE[name]
    letters = LETTERS | options
    net = nn.Sequential(nn.Conv2d(4, 6, (5, 3), padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    letters["oh"], letters["ow"] = letters["h"] - 2, letters["w"]
    known = {"model": net, "labels": torch.zeros(letters["n"], dtype=torch.int64)} | options
    promised = block(function)
    assert list(promised) == [*inspect.signature(function).parameters, "returns"]
    tensors = {"x": torch.rand(size(SHAPE.match(promised["x"])[2], letters))}
    given = {key: value for key, value in (known | tensors).items() if key in inspect.signature(function).parameters}
    shape = tuple(function(**given).shape)
    assert shape == promise(function, letters, shape)


# ---- what is refused

NET, LABEL = tiny(), torch.tensor([0])
TWICE = nn.Sequential(nn.Conv2d(1, 1, 1), *[nn.ReLU()] * 2, nn.Flatten()).eval()
PAIR = nn.Sequential(nn.MaxPool2d(2, return_indices=True)).eval()
FIELD = shapes.receptive_field([nn.Conv2d(1, 1, 1)])[0]
REFUSED = [
    (lambda: inside.activations("net", X, "0"), TypeError, "model is a str. An nn.Module is needed. Pass the network"),
    (lambda: inside.activations(tiny().train(), X, "0"), ValueError, "model is in training mode.* Call model.eval"),
    (lambda: inside.activations(NET, [1], "0"), TypeError, r"x is a list. A tensor \(n, c, h, w\) is needed"),
    (lambda: inside.activations(NET, X[0], "0"), ValueError, r"x is \(1, 2, 2\) float32.*Add a batch axis"),
    (lambda: inside.activations(NET, X.byte(), "0"), ValueError, "uint8. Float pictures.* Normalise them as"),
    (lambda: inside.activations(NET, X, "conv"), ValueError, "layer='conv' is not in the model. There are 0, 1, 2"),
    (lambda: inside.activations(NET, X, nn.ReLU()), ValueError, "this ReLU is no layer of the model. Pass one of"),
    (lambda: inside.activations(TWICE, X, "1"), ValueError, "layer 1 ran 2 times for one batch. A layer that runs"),
    (lambda: inside.grad_cam(NET, X, "4", LABEL), ValueError, r"layer 4 gives \(1, 2\). Maps \(n, o, oh, ow\) are"),
    (lambda: inside.grad_cam(PAIR, X, "0", LABEL), ValueError, "layer 0 gives a tuple. Maps"),
    (lambda: inside.grad_cam(NET, X, "0", 0), TypeError, r"labels is int. An int64 tensor \(n,\) is needed"),
    (lambda: inside.grad_cam(NET, X, "0", LABEL.float()), TypeError, "labels is float32. An int64 tensor"),
    (lambda: inside.grad_cam(NET, X, "0", torch.tensor([0, 1])), ValueError, r"labels has shape \(2,\) and the logits"),
    (lambda: inside.grad_cam(NET, X, "0", LABEL + 2), ValueError, "labels run from 2 to 2. 0 to 1 are the classes"),
    (lambda: inside.occlusion(NET, X, LABEL, 3), ValueError, "size=3, stride=2. 1 <= stride <= size <= 2 is needed"),
    (lambda: inside.occlusion(NET, X, LABEL, 1, 2), ValueError, "size=1, stride=2. 1 <= stride <= size <= 2 is needed"),
    (lambda: inside.occlusion(NET, X, LABEL, 1.0), TypeError, "size=1.0 is not a whole number of pixels. Pass size=8"),
    (lambda: inside.top_patches(NET, X, "0", 2, FIELD, 1), ValueError, "channel=2. The layer has 0 to 1"),
    (lambda: inside.top_patches(NET, X, "0", 1.0, FIELD, 1), TypeError, "channel=1.0 is not a whole number"),
    (lambda: inside.top_patches(NET, X, "0", 0, FIELD, 2), ValueError, "count=2 of 1 pictures. 1 to 1 is needed"),
    (lambda: inside.top_patches(NET, X, "0", 0, 3, 1), TypeError, r"field=3. One square Field is needed. Pass shapes"),
    (lambda: inside.pixels_holding(torch.zeros(2, 2)), ValueError, "field needs values from 0 up, and one above 0"),
    (lambda: inside.pixels_holding(torch.ones(2, 2), 0), ValueError, "share=0. A share above 0 and up to 1 is needed"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
