"""The activation explorer: what it says, refuses and leaves behind, and its JavaScript against ops and autograd."""

import itertools

import explorers
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnlab import ops, widgets
from cnnlab.widgets import activation_state as activation
from cnnlab.widgets.activation import draw

explorer = widgets.activation_explorer


# ---- sentences

SENTENCES = [
    (
        {"x": 0.0, "units": 1},
        "Activation explorer: sigmoid, weighted sum 1 * 0 + 0 = 0: answer 0.5, slope 0.25, live; 1 unit in a row: "
        "0 dead, 0 saturated, last answer 0.5, of a nudge 0.25 is left (with tanh 1, ReLU 0, leaky ReLU 0.1)",
    ),
    (  # far out, tanh is flat
        {"function": "tanh", "x": 2.0, "weight": 2.0, "bias": -0.5, "units": 2},
        "Activation explorer: tanh, weighted sum 2 * 2 - 0.5 = 3.5: answer 1, slope 3.6e-3, saturated; 2 units in "
        "a row: 0 dead, 1 saturated, last answer 0.9, of a nudge 2.6e-3 is left (with sigmoid 0.02, ReLU 4, leaky "
        "ReLU 4)",
    ),
    (  # a ReLU below 0 is dead, whatever comes after it
        {"function": "relu", "x": -1.0, "bias": 0.5, "units": 3},
        "Activation explorer: ReLU, weighted sum 1 * -1 + 0.5 = -0.5: answer 0, slope 0, dead; 3 units in a row: "
        "1 dead, 0 saturated, last answer 1, of a nudge 0 is left (with sigmoid 8.6e-3, tanh 0.6, leaky ReLU 0.1)",
    ),
    (
        {"function": "leaky_relu", "x": -2.0, "units": 5, "negative_slope": 0.2},
        "Activation explorer: leaky ReLU with slope 0.2, weighted sum 1 * -2 + 0 = -2: answer -0.4, slope 0.2, live; "
        "5 units in a row: 0 dead, 0 saturated, last answer 0, of a nudge 3.2e-4 is left (with sigmoid 3.1e-4, "
        "tanh 9.6e-3, ReLU 0)",
    ),
    (  # a weight above 1 blows a nudge up
        {"function": "relu", "weight": 4.0, "units": 20},
        "Activation explorer: ReLU, weighted sum 4 * 1 + 0 = 4: answer 4, slope 1, live; 20 units in a row: 0 dead, "
        "0 saturated, last answer 1.1e12, of a nudge 1.1e12 is left (with sigmoid 3.9e-23, tanh 4.3e-46, leaky ReLU "
        "1.1e12)",
    ),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    explorers.says(explorer, state, sentence)


@pytest.mark.parametrize("name", activation.FUNCTIONS)
def test_the_sentence_follows_ops(monkeypatch, name):
    """A fault in a function, or in its slope only, must show in what nbval compares."""
    before, true = repr(explorer(function=name)), getattr(ops, name)
    for wrong in (lambda *a: true(*a) + 0.5, lambda *a: true(*a).detach() + 0 * a[0]):
        monkeypatch.setattr(ops, name, wrong)
        assert repr(explorer(function=name)) != before


def test_a_chain_is_the_functions_of_pytorch_one_after_another():
    x = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    for name in activation.FUNCTIONS:
        f = getattr(F, name) if name == "leaky_relu" else getattr(torch, name)
        y = x
        for unit in explorer(function=name, x=1.5, weight=0.8, bias=-0.6, units=7, negative_slope=0.01).chain:
            total = 0.8 * y - 0.6
            y = f(total)
            (left,) = torch.autograd.grad(y, x, retain_graph=True)
            assert unit[:2] == pytest.approx((total.item(), y.item())) and unit.left == pytest.approx(left.item())


def test_what_is_left_is_the_product_of_weights_and_slopes():
    with torch.no_grad():  # a learner may have switched slopes off
        units = explorer(function="tanh", x=0.7, weight=1.3, units=20, live=True).chain
    assert units[-1].left == pytest.approx(np.prod([1.3 * unit.slope for unit in units]))


# What a unit can do: function, weighted sum, words
CONDITIONS = [
    ("sigmoid", 0.0, "live"),
    ("sigmoid", 5.9, "live"),  # the slope falls below 0.0025 just above 5.98
    ("sigmoid", 6.0, "saturated"),
    ("sigmoid", -8.0, "saturated"),
    ("tanh", 2.9, "live"),  # below 0.01 just above 2.99
    ("tanh", 3.0, "saturated"),
    ("relu", 0.1, "live"),
    ("relu", 0.0, "dead"),
    ("relu", -8.0, "dead"),
    ("leaky_relu", -8.0, "live"),
]


@pytest.mark.parametrize("name, total, words", CONDITIONS)
def test_live_saturated_dead(name, total, words):
    assert f", {words}; 1 unit" in repr(explorer(function=name, x=total, units=1))


@pytest.mark.parametrize(
    "x, text",
    [
        (0, "0"),
        (-0.0, "0"),
        (1e-17, "1.0e-17"),
        (0.25, "0.25"),
        (-0.5, "-0.5"),
        (0.01, "0.01"),
        (0.0099, "9.9e-3"),
        (9999, "9999"),
    ]
    + [(12345.6, "1.2e4"), (-3.04e-9, "-3.0e-9"), (0.25**20, "9.1e-13")],
)
def test_numbers_of_any_size(x, text):
    assert activation.text(x) == text


# ---- what is refused: settings, words

REFUSED = [
    ({"function": "gelu"}, "function='gelu' is unknown. There are sigmoid, tanh, relu, leaky_relu. Pass one of them."),
    ({"x": 8.1}, "x=8.1. Multiples of 0.1 from -8.0 to 8.0 are possible here. Pass x=8.0."),
    ({"x": 0.25}, "x=0.25. Multiples of 0.1"),
    ({"x": float("nan")}, "x=nan. Multiples of 0.1"),
    ({"weight": -0.1}, "weight=-0.1. Multiples of 0.1 from 0.0 to 4.0 are possible here. Pass weight=0.0."),
    ({"bias": 5}, "bias=5. Multiples of 0.1 from -4.0 to 4.0"),
    ({"units": 0}, "units=0. 1 to 20 is possible here. Pass units=1."),
    ({"units": 21}, "units=21. 1 to 20"),
    ({"negative_slope": 0}, "negative_slope=0. Multiples of 0.01 from 0.01 to 0.5 are possible here."),
]


@pytest.mark.parametrize("state, words", REFUSED)
def test_what_is_refused(state, words):
    explorers.refuses(explorer, state, words)


@pytest.mark.parametrize("state", [{"x": "1"}, {"weight": True}, {"units": 2.0}, {"bias": None}])
def test_wrong_types(state):
    with pytest.raises(TypeError, match=f"^activation_explorer: {list(state)[0]}=.* is not a "):
        explorer(**state)


def test_there_are_no_other_settings():
    with pytest.raises(ValueError, match="^activation_explorer: depth is no setting. There are function, x, weight"):
        activation.describe({"depth": 3})


# ---- hosts


@pytest.mark.parametrize("name", activation.FUNCTIONS)
def test_the_picture_shows_the_functions_of_ops(name):
    shown = explorer(function=name, x=-1.0, weight=2.0, units=4)
    left, right = draw(shown.state).axes
    sums = torch.as_tensor(left.lines[0].get_xdata(), dtype=torch.float64)
    answers = activation.bend(shown.state)(sums)
    assert np.allclose(left.lines[0].get_ydata(), answers)
    measured = np.gradient(answers.numpy(), sums.numpy())
    assert np.abs(left.lines[1].get_ydata() - measured)[sums.abs().numpy() > 0.1].max() < 0.01
    assert left.lines[3].get_xydata().tolist() == [[-2.0, shown.chain[0].answer]]
    for line, other in zip(right.lines, activation.FUNCTIONS, strict=True):
        assert line.get_ydata().tolist() == [unit.left for unit in activation.chain(shown.state, other)]


def test_traits_are_the_state():
    live = explorer(live=True, function="relu", bias=-1)
    assert live.state == explorer(function="relu", bias=-1).state and live.bias == -1.0
    live.x = 3
    live.units = 2
    assert [unit.answer for unit in live.chain] == [2, 1]
    for name, value, words in (("x", 9, "x=9"), ("units", 0, "units=0. 1 to 20"), ("function", "ReLU", "unknown")):
        before = live.state
        with pytest.raises(ValueError, match=words):
            setattr(live, name, value)
        assert live.state == before


# ---- the JavaScript, run by Node

RUN = """
import { readFileSync } from "node:fs";
import { compute, pytorch, sentence, text } from "./explorer.mjs";
const { states, fixed, numbers } = JSON.parse(readFileSync("ask.json"));
console.log(JSON.stringify({ numbers: numbers.map(text), results: states.map((state) => {
  const r = compute(state, fixed);
  return { chains: r.chains, conditions: r.conditions, line: pytorch(state), sentence: sentence(state, fixed, r) };
}) }));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states at once."""
    ask = explorers.asker(tmp_path_factory, "activation_explorer", RUN)

    def results(states, numbers=()):
        answer = ask(states=states, fixed=activation.fixed(), numbers=list(numbers))
        return answer["results"] if states else answer["numbers"]

    return results


def settings():
    """The ends, the middle and some places between, of every slider, with every function."""
    functions = itertools.cycle(activation.FUNCTIONS)
    spans = (-8, -2.9, -0.3, 0, 0.7, 3, 8), (0, 0.5, 1, 1.7, 4), (-4, -0.5, 0, 1.2, 4), (1, 3, 20)
    for i, (x, weight, bias, units) in enumerate(itertools.product(*spans)):
        leak = (0.01, 0.1, 0.5)[i % 3]
        given = {"x": x, "weight": weight, "bias": bias, "units": units, "negative_slope": leak}
        yield activation.complete(function=next(functions), **given)


def test_what_the_browser_computes_is_what_ops_and_autograd_compute(node):
    states = list(settings())
    assert len(states) > 500
    for state, result in zip(states, node(states), strict=True):
        for name in activation.FUNCTIONS:
            drawn = torch.tensor([list(unit.values()) for unit in result["chains"][name]], dtype=torch.float64)
            true = torch.tensor(activation.chain(state, name), dtype=torch.float64)
            assert torch.allclose(drawn, true, rtol=1e-9, atol=1e-15), (name, state)
            assert torch.allclose(drawn[:, 2:], true[:, 2:], rtol=1e-9, atol=0), (name, state)
        conditions = [activation.condition(unit.slope, state["function"]) for unit in activation.chain(state)]
        assert result["conditions"] == conditions, state


def test_the_browser_says_the_sentence_of_python(node):
    states = [activation.complete(**state) for state, _ in SENTENCES] + list(settings())
    for state, result in zip(states, node(states), strict=True):
        assert result["sentence"] == activation.describe(state)


def test_numbers_are_written_alike(node):
    numbers = [
        0,
        -0.0,
        1e-16,
        0.0099,
        0.00999,
        0.01,
        -0.3,
        2.5,
        9999.4,
        10000,
        123456,
        -3.04e-9,
        1.25e-3,
        0.25**20,
        4.0**20,
    ]
    assert node([], numbers) == [activation.text(x) for x in numbers]


def test_the_line_of_pytorch_does_the_same(node):
    states = list(settings())[::7]
    for state, result in zip(states, node(states), strict=True):
        start = torch.tensor(state["x"], dtype=torch.float64, requires_grad=True)
        names = {"torch": torch, "F": F, "x": start}
        exec(result["line"], names)
        (left,) = torch.autograd.grad(names["x"], start)
        assert (names["x"].item(), left.item()) == pytest.approx(activation.chain(state)[-1][1::2], rel=1e-9, abs=1e-12)


# ---- what is written on the pictures: a pen that notes words, the width of their box, and where they stand

WRITES = """
import { readFileSync } from "node:fs";
import { compute, drawChain, drawCurve } from "./explorer.mjs";
const { states, fixed, width } = JSON.parse(readFileSync("ask.json"));
console.log(JSON.stringify(states.map((state) => {
  const written = [], size = (words) => 6.5 * String(words).length;  // of 12 pixels high
  let at = null, turned = false;
  const known = {
    save: () => { at = null; }, translate: (x, y) => { at = [x, y]; }, rotate: () => { turned = true; },
    restore: () => { [at, turned] = [null, false]; }, measureText: (words) => ({ width: size(words) }),
    fillText: (words, x) => written.push({ words: String(words), cell: at?.[0], turned, x, size: size(words) }),
  };
  const pen = new Proxy(known, { get: (pen, name) => pen[name] ?? (() => {}), set: () => true });
  const board = { node: {}, resize() {}, begin: () => pen }, r = compute(state, fixed);
  drawChain(board, state, fixed, r, "#000", width);
  const cells = written.filter(({ cell }) => cell).map(({ words, turned, size }) => ({ words, turned, size }));
  written.length = 0;
  drawCurve(board, state, fixed, r, "#000");
  const ends = written.filter(({ words }) => ["dead", "saturated"].includes(words)).map(({ x, size }) => x + size / 2);
  return { cells, end: Math.max(0, ...ends) };
})));
"""


@pytest.mark.parametrize("width", [330, 640])
def test_each_number_has_room_in_its_cell(tmp_path_factory, width):
    """Answers of any size, as wide as on a phone and on a screen; what is dead or saturated is named whole."""
    ask = explorers.asker(tmp_path_factory, "activation_explorer", WRITES)
    states = [activation.complete(function=name, weight=4.0, bias=4.0, units=20) for name in activation.FUNCTIONS]
    for state, drawn in zip(states, ask(states=states, fixed=activation.fixed(), width=width), strict=True):
        room = (width - 70) / state["units"] - 4
        assert len(drawn["cells"]) == 2 * state["units"]
        for cell in drawn["cells"]:
            assert cell["size"] <= (40 if cell["turned"] else room), cell  # turned, it is written a little smaller
        assert drawn["end"] <= 360
    last = (8 + 4 / 3) * 4**19 - 4 / 3  # of leaky ReLU: each answer is 4 times the one before and 4 more
    assert drawn["cells"][19]["words"] == f"{last:.1e}".replace("e+", "e") == "2.6e12"
