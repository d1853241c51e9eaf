"""Looks before a long training: what blind models can reach, handfuls learned by heart, slopes that were claimed."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import train


@pytest.mark.parametrize("counts", [(1, 1, 1, 1), (5,) * 10, (9, 1), (3, 0, 1), (7,)], ids=str)
def test_blind_loss_is_what_a_bias_alone_learns(counts):
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])
    logits = torch.tensor([math.log(max(count, 1e-30)) for count in counts])  # the best answer without looking
    best = F.cross_entropy(logits.expand(len(labels), -1), labels).item()
    assert train.blind_loss(labels) == pytest.approx(best, abs=1e-6)


def test_blind_loss_of_equal_shares_is_log_c():
    assert train.blind_loss(torch.arange(100)) == pytest.approx(math.log(100))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 1], "labels is list. int64 (n,) with at least one label is needed"),
        (torch.rand(4), "labels is float32 (4,)"),
        (torch.zeros(0, dtype=torch.int64), "labels is int64 (0,)"),
    ],
)
def test_blind_loss_refuses(labels, words):
    with pytest.raises(ValueError, match="blind_loss") as caught:
        train.blind_loss(labels)
    assert words in str(caught.value)


def dense():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 4))


@pytest.fixture
def handful():
    return torch.randn(8, 1, 3, 3, generator=torch.Generator().manual_seed(0)), torch.arange(4).repeat(2)


def test_overfits_and_leaves_no_trace(handful):
    model = dense().eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert train.overfits(model, *handful) is True
    assert train.moved(before, model.state_dict()) == []
    assert not model.training and all(p.grad is None for p in model.parameters())


def test_overfits_not_what_cannot_be_learned(handful):
    x, labels = handful
    x[1] = x[0]  # the same picture under two names
    assert train.overfits(dense(), x, labels) is False


def test_overfits_not_where_nothing_comes_through(handful):
    model = dense()
    nn.init.constant_(model[1].bias, -1000.0)
    assert train.overfits(model, *handful) is False


def draw(*shape):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda v: (v**3).sum(), draw(4)),
        (lambda v: F.conv2d(v, torch.ones(2, 3, 3, 3).double()).pow(2).sum(), draw(1, 3, 5, 5)),
        (lambda v: F.cross_entropy(v, torch.tensor([0, 2])), draw(2, 3)),
    ],
    ids=["cubes", "convolution", "cross-entropy"],
)
def test_gradient_gap_of_autograd_and_of_a_planted_mistake(function, x):
    leaf = x.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(function(leaf), leaf)
    before = x.clone()
    assert train.gradient_gap(function, x, slopes) < 1e-6
    assert torch.equal(x, before)
    planted = slopes.clone()
    planted.view(-1)[1] += slopes.abs().max()
    assert 0.4 < train.gradient_gap(function, x, planted) <= 1


def test_gradient_gap_where_nothing_slopes():
    assert train.gradient_gap(lambda v: 0 * v.sum(), draw(3), torch.zeros(3, dtype=torch.float64)) == 0


@pytest.mark.parametrize(
    ("x", "slopes", "words"),
    [
        (torch.zeros(3), torch.zeros(3), "x is float32. float64 is needed"),
        (draw(3), draw(2), r"slopes \(2,\) for x \(3,\). One slope per element"),
    ],
)
def test_gradient_gap_refuses(x, slopes, words):
    with pytest.raises(ValueError, match=words):
        train.gradient_gap(lambda v: v.sum(), x, slopes)
