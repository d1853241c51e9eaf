"""The command that compares the small ResNet and the MLP, on few pictures and for a moment."""

import dataclasses

import measure_doodles
import pytest

from cnnlab import data


@pytest.mark.parametrize("name", measure_doodles.NETWORKS)
def test_one_run(name):
    x, y = data.doodles(128, seed=3)
    dataset = data.load("doodles", quiet=True)
    few = dataclasses.replace(dataset, x_train=x, y_train=y, x_test=x, y_test=y)
    accuracy, seconds = measure_doodles.one_run(*measure_doodles.NETWORKS[name], few, (None, None), 0, seconds=0.001)
    assert 0 <= accuracy <= 1 and seconds > 0
