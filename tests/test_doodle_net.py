"""The weights of the doodle net, and the command that remakes them."""

import pytest
import torch
import train_doodle_net
from safetensors.torch import load_file

from cnnlab import data, models, train


def test_the_stored_weights_are_small_and_whole():
    weights = load_file(train_doodle_net.WEIGHTS)
    expected = models.SmallResNet(8).state_dict()
    assert {name: value.shape for name, value in weights.items()} == {name: v.shape for name, v in expected.items()}
    floats = [value for value in weights.values() if value.is_floating_point()]
    assert all(value.dtype == torch.float16 and value.isfinite().all() for value in floats)
    assert train_doodle_net.WEIGHTS.stat().st_size < 250_000


def test_it_knows_doodles_that_it_has_not_seen():
    net = models.doodle_net()
    assert not net.training and net.fc.bias.dtype == torch.float32
    x, labels = data.doodles(1000, seed=1)  # test pictures of data.load("doodles"); it learned from another seed
    result = train.evaluate(net, data.Batches(x, labels, 500, mean=net.mean, sd=net.sd))
    assert result.images == 1000 and result.accuracy >= 0.96


def test_every_call_gives_a_net_of_its_own():
    first, second = models.doodle_net(), models.doodle_net()
    with torch.no_grad():
        first.fc.weight.zero_()
    assert second.fc.weight.any()


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_the_command_remakes_them(tmp_path, capsys):
    stored = load_file(train_doodle_net.WEIGHTS)
    runs = []
    for path in (tmp_path / "a.safetensors", tmp_path / "b.safetensors"):
        train_doodle_net.main(path, epochs=1, images=256)
        runs.append(load_file(path))
    assert {k: (v.shape, v.dtype) for k, v in runs[0].items()} == {k: (v.shape, v.dtype) for k, v in stored.items()}
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in stored)  # the seed decides everything
    assert "of 2000 new doodles" in capsys.readouterr().out
    models.SmallResNet(8).load_state_dict(runs[0])
