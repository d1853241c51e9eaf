"""The weights that come with the course, and the command that remakes them."""

import dataclasses

import pytest
import torch
import train_digit_net
from safetensors.torch import load_file

from cnnlab import data, models, train

SHAPES = {
    "conv1.weight": (8, 1, 5, 5),
    "conv1.bias": (8,),
    "conv2.weight": (16, 8, 3, 3),
    "conv2.bias": (16,),
    "conv3.weight": (16, 16, 3, 3),
    "conv3.bias": (16,),
    "fc.weight": (10, 144),
    "fc.bias": (10,),
}


def test_the_stored_weights_are_small_and_whole():
    weights = load_file(train_digit_net.WEIGHTS)
    assert {name: tuple(value.shape) for name, value in weights.items()} == SHAPES
    assert all(value.dtype == torch.float16 and value.isfinite().all() for value in weights.values())
    assert train_digit_net.WEIGHTS.stat().st_size < 12_000  # they travel in every page with a digit pad


def test_it_reads_digits():
    digits = data.load("mnist", quiet=True)
    net = models.DigitNet.trained()
    assert not net.training and net.fc.bias.dtype == torch.float32
    result = train.evaluate(net, data.Batches(digits.x_test, digits.y_test, 500, **train_digit_net.INK))
    assert result.images == 2000 and result.accuracy >= 0.96


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_the_command_remakes_them(tmp_path, capsys):
    path = tmp_path / "digit_net.safetensors"
    train_digit_net.main(path, epochs=1, images=256)
    weights = load_file(path)
    assert {name: tuple(value.shape) for name, value in weights.items()} == SHAPES
    assert {value.dtype for value in weights.values()} == {torch.float16}
    assert "of 2000 test digits" in capsys.readouterr().out
    models.DigitNet().load_state_dict(weights)


def test_the_command_takes_no_other_digits(tmp_path, monkeypatch):
    digits = data.load("mnist", quiet=True)
    few = dataclasses.replace(digits, x_train=digits.x_train[:100], y_train=digits.y_train[:100])
    monkeypatch.setattr(data, "load", lambda *args, **options: few)
    with pytest.raises(SystemExit, match="the bundled digits are needed. Set CNNLAB_DATA to a folder without MNIST"):
        train_digit_net.main(tmp_path / "none.safetensors")
    assert not list(tmp_path.iterdir())
