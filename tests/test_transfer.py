"""What transfer learning needs: a new head, a body that stays as it is, and proof that it did."""

import pytest
import torch
from torch import nn

from cnnlab import models, train


def batches(n=24, classes=6):
    torch.manual_seed(1)
    return [(torch.randn(8, 3, 12, 12), torch.arange(8) % classes) for _ in range(n // 8)]


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_new_head_keeps_all_but_the_last_layer():
    old = models.doodle_net()
    before = state(old)
    net = models.new_head(old, 6)
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 6)
    assert train.moved(before, state(old)) == []  # the old one still answers as it did
    body = {name: value for name, value in state(net).items() if not name.startswith("fc")}
    assert train.moved({name: before[name] for name in body}, body) == []
    assert next(net.parameters()) is not next(old.parameters())  # training one leaves the other


@pytest.mark.parametrize("net", [models.LeNet(), nn.Sequential(nn.Linear(4, 2))])
def test_new_head_refuses_what_has_no_fc(net):
    with pytest.raises(TypeError, match=rf"new_head: {type(net).__name__} has no Linear layer named fc"):
        models.new_head(net, 6)


def test_nothing_of_a_frozen_network_moves():
    body = models.SmallResNet(8, width=4)
    body.fc = nn.Identity()
    model = nn.Sequential(models.Frozen(body), nn.Linear(16, 6))
    before = state(model)
    optimizer = torch.optim.SGD((p for p in model.parameters() if p.requires_grad), lr=0.1, weight_decay=0.1)
    train.fit(model, batches(), epochs=2, optimizer=optimizer, progress=False)
    assert train.moved(before, state(model)) == ["1.weight", "1.bias"]
    assert not body.training and model.train()[0].training is False  # fit said train(), it did not listen


def test_without_gradients_alone_the_statistics_move():
    """Why Frozen exists."""
    body = models.SmallResNet(8, width=4).requires_grad_(False)
    body.fc = nn.Linear(16, 6)
    before = state(body)
    optimizer = torch.optim.SGD(body.fc.parameters(), lr=0.1)
    train.fit(body, batches(), epochs=1, optimizer=optimizer, progress=False)
    names = train.moved(before, state(body))
    assert {name.rpartition(".")[2] for name in names if not name.startswith("fc")} == {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }


def test_moved_wants_two_states_of_one_model():
    a, b = nn.Linear(2, 3).state_dict(), nn.Linear(3, 2).state_dict()
    for other in (b, {"weight": a["weight"]}, {"bias": a["bias"], "weight": a["weight"], "more": a["bias"]}):
        with pytest.raises(ValueError, match=r"moved: 2 entries before and \d after do not have the same names and"):
            train.moved(a, other)
