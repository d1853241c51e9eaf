"""The descent explorer: what it says, refuses and leaves behind, and its JavaScript against torch.optim.SGD."""

import itertools
import math

import explorers
import pytest
import torch

from cnnlab import widgets
from cnnlab.widgets import descent_state as descent
from cnnlab.widgets.descent import draw

explorer = widgets.descent_explorer


# ---- the walk against the loop that a learner writes


def by_hand(state):
    """The same walk in float64 from the formula that is shown, as anybody would write it: weights and losses."""
    formula = descent.LANDSCAPES[state["landscape"]]["formula"]
    start = state["start"][0] if len(state["start"]) == 1 else state["start"]
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=state["learning_rate"], momentum=state["momentum"])
    weights, losses = [], []
    for _ in range(state["steps"] + 1):
        loss = eval(formula, {"w": w})
        weights.append(w.detach().reshape(-1).tolist())
        losses.append(loss.item())
        if w.detach().abs().max() > descent.FAR:
            break
        if state["zero_grad"]:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return weights, losses


def near(x, y, tolerance=1e-7):
    """Equal but for rounding, which is larger where a walk runs away."""
    x, y = (torch.tensor(v, dtype=torch.float64) for v in (x, y))
    return torch.allclose(x, y, rtol=tolerance, atol=1e-9)


@pytest.mark.parametrize("land", descent.LANDSCAPES)
@pytest.mark.parametrize("momentum, zero_grad", [(0, True), (0.9, True), (0, False), (0.5, False)])
def test_the_walk_is_that_of_sgd_on_the_formula(land, momentum, zero_grad):
    state = explorer(landscape=land, learning_rate=0.01, momentum=momentum, steps=25, zero_grad=zero_grad).state
    found, (weights, losses) = descent.walk(state), by_hand(state)
    assert len(found.weights) == 26 == len(found.grads) + 1
    assert near(found.weights, weights) and near(found.losses, losses)


# How far w is from 2/3 after each step: the slope is 18 * w - 12.
@pytest.mark.parametrize("rate, factor", [(0.01, 0.82), (0.05, 0.1), (0.09, -0.62), (0.12, -1.16)])
def test_the_distance_shrinks_as_the_notebook_says(rate, factor):
    walk = explorer(learning_rate=rate, steps=12).walk
    distances = [w - 2 / 3 for (w,) in walk.weights]
    assert near([b / a for a, b in itertools.pairwise(distances)], [factor] * 12)


def test_without_zero_grad_slopes_add_up():
    walk = explorer(zero_grad=False, steps=30, learning_rate=0.01).walk
    sums = list(itertools.accumulate(slope for (slope,) in walk.slopes))
    assert near([grad for (grad,) in walk.grads], sums)


@pytest.mark.parametrize("land", ["neuron", "valley"])
def test_to_forget_zero_grad_is_a_momentum_of_1(land):
    forgotten = explorer(landscape=land, zero_grad=False, learning_rate=0.01, steps=100).walk
    without_brake = explorer(landscape=land, momentum=1, learning_rate=0.01, steps=100).walk
    assert near(forgotten.weights, without_brake.weights)
    assert max(w[0] for w in forgotten.weights[-40:]) > 1.3 > 0  # it never comes to rest


# What the notebook promises about the narrow valley and about the hill between two valleys.
def test_momentum_helps():
    valley = {
        momentum: explorer(landscape="valley", learning_rate=0.1, steps=30, momentum=momentum).walk.losses[-1]
        for momentum in (0, 0.5, 0.95)
    }
    assert valley[0.5] < valley[0] / 1000 and valley[0.95] > valley[0.5]
    over = {m: explorer(landscape="two_valleys", momentum=m, steps=100).walk.weights[-1][0] for m in (0, 0.9)}
    assert over[0] > 0.9 and over[0.9] < -0.9


# ---- sentences

SENTENCES = [
    (
        {},
        "Descent explorer: loss (3 * w - 2)**2, learning rate 0.05, momentum 0, zero_grad in each step: "
        "from w = 1.5, loss 6.25, after 5 steps w = 0.67, loss below 1e-9",
    ),
    (
        {"learning_rate": 0.12, "steps": 12},
        "Descent explorer: loss (3 * w - 2)**2, learning rate 0.12, momentum 0, zero_grad in each step: "
        "from w = 1.5, loss 6.25, after 12 steps w = 5.61, loss 220",
    ),
    (
        {
            "landscape": "valley",
            "learning_rate": 0.1,
            "steps": 1,
            "zero_grad": False,
            "momentum": 0.5,
            "start": [1, -1],
        },
        "Descent explorer: loss (w[0]**2 + 16 * w[1]**2) / 2, learning rate 0.1, momentum 0.5, zero_grad forgotten: "
        "from w = (1, -1), loss 8.5, after 1 step w = (0.9, 0.6), loss 3.29",
    ),
    (
        {"landscape": "two_valleys", "learning_rate": 0.25, "momentum": 1, "steps": 60},
        "Descent explorer: loss (w**2 - 1)**2 + w / 2 + 0.6, learning rate 0.25, momentum 1, zero_grad in each step: "
        "from w = 1.6, loss 3.83, after 4 steps a weight is beyond 1000: it ran away",
    ),
    (
        {"landscape": "bowl", "steps": 0, "start": (-0.05, 0)},
        "Descent explorer: loss 5 * (w[0]**2 + w[1]**2), learning rate 0.05, momentum 0, zero_grad in each step: "
        "from w = (-0.05, 0), loss 0.0125, after 0 steps w = (-0.05, 0), loss 0.0125",
    ),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    explorers.says(explorer, state, sentence)


def test_the_sentence_follows_sgd(monkeypatch):
    """A fault in the optimizer must show in what nbval compares."""
    before, true = repr(explorer(steps=2)), torch.optim.SGD
    monkeypatch.setattr(torch.optim, "SGD", lambda weights, lr, momentum: true(weights, 2 * lr, momentum))
    assert repr(explorer(steps=2)) != before


@pytest.mark.parametrize(
    "x, text",
    [
        (0, "0"),
        (9e-10, "0"),
        (-1e-9, "-1.0e-9"),
        (0.00012345, "1.2e-4"),
        (0.001, "0.001"),
        (1.125, "1.13"),  # a tie goes up
        (-2.5, "-2.5"),
        (100, "100"),
        (99.96, "100"),
        (123456, "123456"),
        (1.5e7, "1.5e7"),
    ],
)
def test_digits(x, text):
    assert descent.digits(x) == text


# ---- what is refused: settings, words

REFUSED = [
    ({"landscape": "hill"}, "landscape='hill' is unknown. There are neuron, two_valleys, bowl, valley. Pass one of"),
    (
        {"learning_rate": 0.012},
        "learning_rate=0.012. Multiples of 0.005 from 0.005 to 0.25 are possible here. Pass learning_rate=0.01.",
    ),
    ({"learning_rate": 0}, "learning_rate=0. Multiples of 0.005 from 0.005 to 0.25 are possible here. Pass learning_r"),
    ({"learning_rate": math.nan}, "learning_rate=nan. Multiples of 0.005"),
    ({"learning_rate": math.inf}, "learning_rate=inf. .* Pass learning_rate=0.25."),
    ({"momentum": -0.1}, "momentum=-0.1. Multiples of 0.05 from 0.0 to 1.0 are possible here. Pass momentum=0.0."),
    ({"momentum": 0.92}, "momentum=0.92. .* Pass momentum=0.9."),
    ({"steps": 101}, "steps=101. 0 to 100 is possible here. Pass steps=100."),
    ({"start": 2.5}, "start=2.5. Multiples of 0.05 from -1.0 to 2.4 are possible here. Pass start=2.4."),
    (
        {"start": [1, 1]},
        r"start=\[1, 1\] on 'one neuron'. It needs one number for each weight, as \[1.5\].",
    ),
    ({"landscape": "bowl", "start": 1}, r"start=\[1\] on 'round bowl'. It needs .* as \[-2.5, 1.5\]."),
    ({"start": "left"}, "start='left' on 'one neuron'. It needs one number"),
]


@pytest.mark.parametrize("state, words", REFUSED)
def test_what_is_refused(state, words):
    explorers.refuses(explorer, state, words)


@pytest.mark.parametrize(
    "state, words",
    [
        ({"learning_rate": "0.1"}, "learning_rate='0.1' is not a number. 0.005 to 0.25 is needed."),
        ({"momentum": True}, "momentum=True is not a number"),
        ({"start": [None]}, "start=None is not a number"),
        ({"steps": 2.0}, "steps=2.0 is not a whole number"),
        ({"zero_grad": 0}, "zero_grad=0. True or False is needed. Pass False to forget it."),
    ],
)
def test_wrong_types(state, words):
    with pytest.raises(TypeError, match=f"^descent_explorer: {words}"):
        explorer(**state)


def test_an_unknown_setting():
    with pytest.raises(ValueError, match="descent_explorer: rate is no setting. There are landscape, learning_rate"):
        descent.complete(rate=1)


# ---- hosts


def test_the_picture_shows_the_walk():
    shown = explorer(landscape="valley", steps=7)
    land, losses = draw(shown.state).axes
    assert land.lines[0].get_xydata().tolist() == shown.walk.weights
    assert losses.lines[0].get_ydata().tolist() == shown.walk.losses
    assert (land.get_xlabel(), land.get_ylabel()) == ("w[0]", "w[1]")
    land, losses = draw(explorer().state).axes
    walk = explorer().walk
    assert land.lines[1].get_xydata().tolist() == [
        [w, loss] for (w,), loss in zip(walk.weights, walk.losses, strict=True)
    ]
    assert land.get_title() == "loss = (3 * w - 2)**2" and losses.get_xlabel() == "step"
    assert losses.get_title() == "loss by step, drawn from 1e-9 up"  # the walk ends below
    assert draw(explorer(steps=2).state).axes[1].get_title() == "loss by step"


def test_traits_are_the_state_and_the_rest_follows():
    live = explorer(live=True, start=1.2)
    assert live.state == explorer(start=1.2).state and live.start == [1.2]
    live.landscape = "two_valleys"  # where 1.2 lies, too
    assert live.start == [1.2]
    live.landscape = "valley"
    assert live.start == [-2.5, 1.5]
    live.start = [1, 1]
    live.landscape = "bowl"
    live.steps = 3
    assert live.start == [1, 1] and live.walk == explorer(landscape="bowl", start=[1, 1], steps=3).walk
    live.landscape = "neuron"
    assert live.start == [1.5]


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("landscape", "hill", "landscape='hill' is unknown"),
        ("learning_rate", 0.3, "learning_rate=0.3. Multiples of 0.005"),
        ("steps", -1, "steps=-1. 0 to 100"),
        ("start", [0.01], "start=0.01. Multiples of 0.05"),
    ],
)
def test_traits_refuse(name, value, words):
    live = explorer(live=True)
    before = live.state
    with pytest.raises(ValueError, match=words):
        setattr(live, name, value)
    assert live.state == before


# ---- the JavaScript, run by Node

RUN = """
import { readFileSync } from "node:fs";
import { beside, compute, digits, pytorch, sentence } from "./explorer.mjs";
const { states, fixed, numbers, steps } = JSON.parse(readFileSync("ask.json"));
console.log(JSON.stringify({
  numbers: numbers.map(digits),
  steps: steps.map((pair) => beside(...pair)),
  results: states.map((state) => {
    const r = compute(state, fixed);
    return { ...r, code: pytorch(state, fixed), sentence: sentence(state, fixed, r) };
  }),
}));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states at once."""
    ask = explorers.asker(tmp_path_factory, "descent_explorer", RUN)

    def answers(states, numbers=(), steps=()):
        return ask(states=states, numbers=list(numbers), steps=list(steps), fixed=descent.fixed())

    return answers


def settings():
    """Every landscape from its own start and from a corner, over the spans of learning rate, momentum and zero_grad."""
    for name, land in descent.LANDSCAPES.items():
        for rate in (0.005, 0.05, 0.1, 0.11, 0.125, 0.25):
            for momentum in (0, 0.05, 0.5, 0.95, 1):
                for zero_grad in (True, False):
                    for start in (None, land["low"]):
                        yield {
                            "landscape": name,
                            "learning_rate": rate,
                            "momentum": momentum,
                            "steps": 40,
                            "zero_grad": zero_grad,
                            "start": start,
                        }


def test_what_the_browser_computes_is_what_sgd_does(node):
    states = [descent.complete(**state) for state in settings()]
    ran_away = 0
    for state, result in zip(states, node(states)["results"], strict=True):
        walk = descent.walk(state)
        assert (result["taken"], result["ranAway"]) == (len(walk.slopes), walk.ran_away), state
        for name in ("weights", "losses", "slopes", "grads", "velocities"):
            assert near(result[name], getattr(walk, name)), (state, name)
        if result["plain"]:
            plain = descent.walk(state | {"momentum": 0, "zero_grad": True})
            assert near(result["plain"]["weights"], plain.weights)
        else:
            assert state["momentum"] == 0 and state["zero_grad"]
        ran_away += walk.ran_away
    assert 20 < ran_away < len(states) / 2


def test_the_browser_says_the_sentence_of_python(node):
    states = [descent.complete(**state) for state, _ in SENTENCES]
    states += [descent.complete(**state | {"steps": steps}) for state in settings() for steps in (0, 1, 7)]
    for state, result in zip(states, node(states)["results"], strict=True):
        assert result["sentence"] == descent.describe(state)


def test_numbers_are_written_alike(node):
    numbers = [i / 16 for i in range(-40, 40)] + [10.0**k for k in range(-12, 12)] + [1.005, 99.95, 999.5, 0.0009995]
    assert node([], numbers)["numbers"] == [descent.digits(x) for x in numbers]


STEPS = [  # where a weight stands, its step, what is written
    (0.66675, -7.5e-5, "0.66675"),  # the default: 0.667 - 0.05 * 0.0015 = 0.667 shows no step
    (0.666675, -7.5e-5, "0.666675"),
    (2 / 3, 7.5e-5, "0.666667"),
    (1.5, -0.75, "1.5"),
    (0.749, 0.75, "0.75"),
    (-2.5, 12.5, "-2.5"),
    (0.125, 1e-10, "0.125"),  # no step to be seen: three digits
    (-12345.678, 2e4, "-12345.68"),
    (1.5e7, 3e7, "1.5e7"),
]


def test_a_step_is_seen_in_the_numbers_beside_it(node):
    pairs = [pair for *pair, _ in STEPS]
    assert node([], steps=pairs)["steps"] == [words for *_, words in STEPS]


def test_the_code_does_the_same(node):
    states = [descent.complete(**state) for state, _ in SENTENCES if "ran away" not in _]
    states += [descent.complete(landscape=land, steps=9, momentum=0.3) for land in descent.LANDSCAPES]
    for state, result in zip(states, node(states)["results"], strict=True):
        names = {"torch": torch}
        exec(result["code"], names)
        assert near(names["w"].reshape(-1).tolist(), descent.walk(state).weights[-1], 1e-4), result["code"]
        assert ("# optimizer.zero_grad()  forgotten" in result["code"]) == (not state["zero_grad"])


def test_the_factor_of_each_step(node):
    """Where the distance shrinks alike in each step, the explorer says by how much: 1 - learning rate * curvature."""
    states = [descent.complete(landscape=land) for land in descent.LANDSCAPES]
    states += [descent.complete(momentum=0.5), descent.complete(zero_grad=False)]
    found = [result["curvatures"] for result in node(states)["results"]]
    assert found == [[18], None, [10, 10], [1, 16], None, None]
