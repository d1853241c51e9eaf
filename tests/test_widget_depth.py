"""The depth explorer: what it says, refuses and leaves behind, and its JavaScript against ops and autograd."""

import itertools
import math
import re

import explorers
import numpy as np
import pytest
import torch
from torch import nn

from cnnlab import ops, widgets
from cnnlab.widgets import depth_state as depth
from cnnlab.widgets import hosts
from cnnlab.widgets.depth import draw

explorer = widgets.depth_explorer


# ---- sentences

SENTENCES = [
    (  # how it opens: Xavier was meant for tanh, and ReLU takes half of the variance in each layer
        {},
        "Depth explorer: 30 layers of 64 units, Xavier / Glorot initialization (standard deviation 0.125), ReLU, no "
        "batch norm, no skip connections: after 30 layers 1.5e-5 of the signal is left; back at the input 2.5e-5 of "
        "the gradient is left",
    ),
    (
        {"init": "he", "depth": 1},
        "Depth explorer: 1 layer of 64 units, He / Kaiming initialization (standard deviation 0.177), ReLU, no batch "
        "norm, no skip connections: after 1 layer 0.86 of the signal is left; back at the input 0.99 of the gradient "
        "is left",
    ),
    (  # a skip around a layer that does next to nothing
        {"init": "small", "gain": 0.5, "skip": True, "depth": 2},
        "Depth explorer: 2 layers of 64 units, too small initialization times 0.5 (standard deviation 0.005), ReLU, no "
        "batch norm, skip connections: after 2 layers the signal is as large as it was; back at the input the "
        "gradient is as large as it was",
    ),
    (  # batch norm alone keeps the signal and lets the gradient grow; Yang et al. 2019
        {"activation": "tanh", "batch_norm": True, "depth": 50},
        "Depth explorer: 50 layers of 64 units, Xavier / Glorot initialization (standard deviation 0.125), tanh, batch "
        "norm, no skip connections: after 50 layers 0.64 of the signal is left; back at the input the gradient is "
        "163.54 times as large",
    ),
    (
        {"init": "default", "batch_norm": True, "skip": True, "depth": 50},
        "Depth explorer: 50 layers of 64 units, PyTorch's own initialization (standard deviation 0.072), ReLU, batch "
        "norm, skip connections: after 50 layers the signal is 7.23 times as large; back at the input the gradient "
        "is 10.93 times as large",
    ),
    (  # a signal of 0 has no slope in a ReLU
        {"init": "small", "depth": 50},
        "Depth explorer: 50 layers of 64 units, too small initialization (standard deviation 0.01), ReLU, no batch "
        "norm, no skip connections: from layer 37 on the signal is 0, too small for float32 (below 1.4e-45); from "
        "layer 49 down the gradient is 0",
    ),
    (
        {"init": "large", "gain": 1.5, "depth": 50},
        "Depth explorer: 50 layers of 64 units, too large initialization times 1.5 (standard deviation 1.5), ReLU, no "
        "batch norm, no skip connections: from layer 42 on the signal is inf, too large for float32 (beyond 3.4e38); "
        "there is no gradient (nan)",
    ),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    explorers.says(explorer, state, sentence)


# What the two ends can come to: signal, gradient, words
FINDINGS = [
    ([1, 2], [0.5, 1], "after 1 layer the signal is 2 times as large; back at the input 0.5 of the gradient is left"),
    ([1, 1, 1.004], [0.996, 1, 1], "the signal is as large as it was; back at the input the gradient is as large"),
    ([1, 0, 0], [0, 0, 1], "from layer 1 on the signal is 0, too small for float32 .*; from layer 1 down .* is 0"),
    ([1, 9, 9], [math.inf, 9, 1], "9 times as large; at the input the gradient is inf"),
    ([1, 9, 9, 9], [math.inf, math.inf, 9, 1], "9 times as large; from layer 1 down the gradient is inf"),
]


@pytest.mark.parametrize("signal, gradient, words", FINDINGS)
def test_findings(signal, gradient, words):

    assert re.search(words, "; ".join(depth.findings(depth.Sizes(signal, gradient))))


@pytest.mark.parametrize("name, state", [("linear", {}), ("relu", {}), ("batch_norm", {"batch_norm": True})])
def test_the_sentence_follows_ops(monkeypatch, name, state):
    """A fault in an operation, or in its slope only, must show in what nbval compares."""
    before, true = repr(explorer(**state)), getattr(ops, name)
    for wrong in (
        lambda *a, **k: 1.1 * true(*a, **k),
        lambda *a, **k: true(*a, **k).detach() + 0.5 * a[0] - 0.5 * a[0].detach(),
    ):
        monkeypatch.setattr(ops, name, wrong)
        monkeypatch.setitem(depth.ACTIVATIONS, "relu", ("ReLU", ops.relu))
        assert repr(explorer(**state)) != before


def test_three_layers_written_out():
    x, end, weights = (table.double() for table in depth.tables())
    x.requires_grad_()
    y = x
    for weight in weights[:3]:
        y = y + torch.tanh(ops.batch_norm(y @ weight.T * 0.125, None, None, training=True))
    (y * end).sum().backward()
    found = explorer(depth=3, activation="tanh", batch_norm=True, skip=True).sizes
    assert found.gradient[0] == pytest.approx(x.grad.std().item(), rel=1e-6)
    assert found.signal[-1] == pytest.approx(y.std().item(), rel=1e-6)
    assert found.signal[0] == pytest.approx(1) and found.gradient[-1] == pytest.approx(1)


def test_the_random_numbers_are_normal():
    x = depth.normals(depth.FIRST, 200_000)
    assert x.mean().abs() < 0.01 and abs(x.std() - 1) < 0.01 and abs((x**4).mean() - 3) < 0.1
    for size in (1.0, 2.0):
        assert (x.abs() < size).double().mean().item() == pytest.approx(math.erf(size / 2**0.5), abs=0.005)
    for apart in (1, depth.WIDTH):
        assert (x[apart:] * x[:-apart]).mean().abs() < 0.01


# How spread out the weights are: PyTorch's own functions, called for a layer of 64 units
INITS = {
    "small": lambda w: nn.init.normal_(w, std=0.01),
    "default": lambda w: nn.init.kaiming_uniform_(w, a=5**0.5),  # as nn.Linear and nn.Conv2d do it
    "xavier": nn.init.xavier_normal_,
    "he": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "large": nn.init.normal_,
}


@pytest.mark.parametrize("name", depth.INITS)
def test_initialisations_are_those_of_pytorch(name):
    torch.manual_seed(0)
    drawn = torch.stack([INITS[name](torch.empty(64, 64)) for _ in range(50)]).std().item()
    assert depth.spread(depth.complete(init=name)) == pytest.approx(drawn, rel=0.01)
    assert depth.spread(depth.complete(init=name, gain=1.5)) == pytest.approx(1.5 * drawn, rel=0.01)


def test_slopes_may_be_switched_off():
    with torch.no_grad():
        assert explorer(depth=5).sizes.gradient[0] > 0


# ---- what is refused: settings, words

REFUSED = [
    ({"depth": 0}, "depth=0. 1 to 50 is possible here. Pass depth=1."),
    ({"depth": 51}, "depth=51. 1 to 50"),
    ({"init": "zeros"}, "init='zeros' is unknown. There are small, default, xavier, he, large. Pass one of them."),
    ({"gain": 0.4}, "gain=0.4. Multiples of 0.05 from 0.5 to 2.0 are possible here. Pass gain=0.5."),
    ({"gain": 1.01}, "gain=1.01. Multiples of 0.05"),
    ({"activation": "sigmoid"}, "activation='sigmoid' is unknown. There are relu, tanh. Pass one of them."),
]


@pytest.mark.parametrize("state, words", REFUSED)
def test_what_is_refused(state, words):
    explorers.refuses(explorer, state, words)


@pytest.mark.parametrize(
    "state, words",
    [
        ({"depth": 2.0}, "depth=2.0 is not a whole number."),
        ({"gain": "1"}, "gain='1' is not a number."),
        ({"batch_norm": 1}, "batch_norm=1. True or False is needed."),
        ({"skip": "yes"}, "skip='yes'. True or False is needed."),
    ],
)
def test_wrong_types(state, words):
    with pytest.raises(TypeError, match=f"^depth_explorer: {words}"):
        explorer(**state)


def test_there_are_no_other_settings():
    with pytest.raises(ValueError, match="^depth_explorer: width is no setting. There are depth, init, gain"):
        depth.describe({"width": 3})


# ---- hosts


def test_the_picture_shows_what_float32_holds():
    shown = explorer(depth=12)
    signal, gradient = draw(shown.state).axes[0].lines
    assert signal.get_ydata().tolist() == shown.sizes.signal and gradient.get_ydata().tolist() == shown.sizes.gradient
    assert signal.get_linestyle() != gradient.get_linestyle()
    script = hosts.source("depth_explorer")  # where they have the same colors
    assert f'signal: ["{signal.get_color()}"' in script and f'gradient: ["{gradient.get_color()}"' in script
    over = explorer(depth=50, init="large", gain=1.5)
    (signal,) = draw(over.state).axes[0].lines
    assert signal.get_ydata().tolist() == over.sizes.signal[:42]
    under = explorer(depth=50, init="small")
    signal, gradient = (line.get_ydata() for line in draw(under.state).axes[0].lines)
    assert signal.tolist() == under.sizes.signal[:37]
    assert gradient[-1] == under.sizes.gradient[-1] and np.isnan(gradient[:-1]).all()


def test_traits_are_the_state():
    live = explorer(live=True, init="he", batch_norm=True)
    assert live.state == explorer(init="he", batch_norm=True).state
    live.depth = 3
    live.gain = 2
    assert live.sizes == explorer(init="he", batch_norm=True, depth=3, gain=2.0).sizes
    refused = [("depth", 0, "depth=0. 1 to 50"), ("gain", 3, "gain=3"), ("init", "He", "unknown")]
    refused += [("depth", "x", "'x' is not a whole number"), ("skip", 1, "True or False is needed")]
    for name, value, words in refused:
        before = live.state
        with pytest.raises(ValueError, match=words):
            setattr(live, name, value)
        assert live.state == before


# ---- the JavaScript, run by Node

RUN = """
import { readFileSync } from "node:fs";
import { compute, perLayer, pytorch, sentence, written } from "./explorer.mjs";
const { states, fixed } = JSON.parse(readFileSync("ask.json"));
console.log(JSON.stringify(states.map((state) => {
  const r = compute(state, fixed), [signal, gradient] = [r.signal, r.gradient].map((sizes) => sizes.map(String));
  const words = [...r.signal, ...r.gradient].map(written), code = pytorch(state, fixed);
  return { signal, gradient, words, code, factors: perLayer(r), sentence: sentence(state, fixed, r) };
})));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states at once."""
    ask = explorers.asker(tmp_path_factory, "depth_explorer", RUN)
    return lambda states: ask(states=states, fixed=depth.fixed())


def settings():
    """Every initialisation, activation, batch norm and skip, shallow and deep; then to where float32 ends."""
    gains = itertools.cycle((1, 0.5, 1.65, 2))
    kinds = itertools.product(depth.INITS, depth.ACTIVATIONS, (False, True), (False, True))
    for (init, activation, batch_norm, skip), deep in itertools.product(kinds, (1, 7, 50)):
        given = {"init": init, "activation": activation, "batch_norm": batch_norm, "skip": skip}
        yield depth.complete(depth=deep, gain=next(gains), **given)
    for gain in (0.9, 1, 1.05, 1.1, 2):
        yield depth.complete(depth=50, init="large", gain=gain)


def test_what_the_browser_computes_is_what_ops_and_autograd_compute(node):
    states = list(settings())
    ends = set()
    for state, result in zip(states, node(states), strict=True):
        true = depth.sizes(state)
        for name in ("signal", "gradient"):
            drawn, sizes = [float(size.replace("Infinity", "inf")) for size in result[name]], getattr(true, name)
            assert drawn == pytest.approx(sizes, rel=1e-6, abs=0, nan_ok=True), (name, state)
            ends |= {depth.written(size) for size in sizes} & {"0", "inf", "none"}
        assert result["words"] == [depth.written(size) for size in (*true.signal, *true.gradient)]
        for size, factor in zip((true.signal[-1], true.gradient[0]), result["factors"], strict=True):
            assert (factor is None) == (depth.written(size) in ("0", "inf", "none")), state
            assert factor is None or factor ** state["depth"] == pytest.approx(size, rel=1e-9)
    assert ends == {"0", "inf", "none"}  # the settings reach where float32 ends


def test_the_browser_says_the_sentence_of_python(node):
    states = [depth.complete(**state) for state, _ in SENTENCES] + list(settings())
    for state, result in zip(states, node(states), strict=True):
        assert result["sentence"] == depth.describe(state)


LINES = [
    {"init": "small", "skip": True},
    {"init": "default"},
    {"init": "xavier", "activation": "tanh"},
    {"init": "he", "batch_norm": True},
    {"init": "large", "activation": "tanh", "skip": True, "depth": 4},
]


def test_the_lines_of_pytorch_do_the_same(node, monkeypatch):
    """With our random numbers in the place of PyTorch's, which its initialisations scale; in float32 throughout."""
    states = [depth.complete(gain=gain, **state) for gain, state in itertools.product((1, 1.5), LINES)]
    for state, result in zip(states, node(states), strict=True):
        ends, weights = iter(depth.tables()[:2]), iter(depth.tables()[2])

        def randn(*size, requires_grad=False, ends=ends):
            return next(ends).clone().requires_grad_(requires_grad)

        def normal_(w, mean, std, generator=None, weights=weights):
            return w.copy_(next(weights) * std)

        monkeypatch.setattr(torch, "randn", randn)
        monkeypatch.setattr(torch.Tensor, "normal_", normal_)
        *lines, last = result["code"].splitlines()
        names = {"torch": torch, "nn": nn}
        exec("\n".join(lines), names)
        signal, gradient = (size.item() for size in eval(last, names))
        true = depth.sizes(state)
        assert (signal, gradient) == pytest.approx((true.signal[-1], true.gradient[0]), rel=0.01), result["code"]
