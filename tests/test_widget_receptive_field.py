"""The receptive-field explorer: what it says, refuses and leaves behind, and its JavaScript against shapes and ops."""

import random

import explorers
import pytest
import torch
from torch import nn

from cnnlab import shapes, widgets
from cnnlab.widgets import receptive_field_state as field
from cnnlab.widgets.receptive_field import draw

STRIDED = [{"kernel_size": 3, "stride": 2}] * 3
explorer = widgets.receptive_field_explorer


# ---- sentences

SENTENCES = [
    (
        {"layers": STRIDED, "size": 31},
        "Receptive-field explorer: 31 pixels, conv 3 with stride 2, conv 3 with stride 2, conv 3 with stride 2, "
        "outputs 15, 7, 3; field size 3, 7, 15, jump 2, 4, 8, first center 1, 3, 7; output 1 of layer 2 sees 15 of "
        "the 15 pixels from 8 to 22, along at most 3 paths each",
    ),
    (  # dilation leaves holes, and the first output looks over the edge
        {"layers": [{"kernel_size": 3, "padding": 2, "dilation": 2}], "size": 9, "position": 0},
        "Receptive-field explorer: 9 pixels, conv 3 with padding 2 and dilation 2, outputs 9; field size 5, jump 1, "
        "first center 0; output 0 of layer 0 sees 2 of the 5 pixels from -2 to 2, along at most 1 path each",
    ),
    (  # a pooling without overlap
        {"layers": [{"kind": "max_pool", "kernel_size": 2, "stride": 2}], "size": 6, "position": 2},
        "Receptive-field explorer: 6 pixels, max pool 2 with stride 2, outputs 3; field size 2, jump 2, "
        "first center 0.5; output 2 of layer 0 sees 2 of the 2 pixels from 4 to 5, along at most 1 path each",
    ),
    (  # an output that sees nothing but padding
        {"layers": [{"kernel_size": 1, "padding": 1}], "size": 5, "position": 0},
        "Receptive-field explorer: 5 pixels, conv 1 with padding 1, outputs 7; field size 1, jump 1, "
        "first center -1; output 0 of layer 0 sees 0 of the 1 pixels from -1 to -1, along at most 0 paths each",
    ),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    explorers.says(explorer, state, sentence)


def test_the_fields_are_those_of_shapes():
    layers = [nn.Conv2d(1, 1, 5, padding=2), nn.MaxPool2d(2), nn.Conv2d(1, 1, 5), nn.MaxPool2d(2)]  # LeNet's trunk
    lenet = [
        {"kernel_size": 5, "padding": 2},
        {"kind": "max_pool", "kernel_size": 2, "stride": 2},
        {"kernel_size": 5},
        {"kind": "max_pool", "kernel_size": 2, "stride": 2},
    ]
    for live in (False, True):
        assert explorer(live=live, layers=lenet, size=28).fields == shapes.receptive_field(layers)


def test_the_sentence_follows_shapes(monkeypatch):
    """A fault in the formula must show in what nbval compares."""
    before, true = repr(explorer()), shapes.receptive_field
    monkeypatch.setattr(
        shapes, "receptive_field", lambda layers: [f._replace(centre=f.centre + 1) for f in true(layers)]
    )
    assert repr(explorer()) != before


def test_paths_are_counted():
    """Three 3-pixel windows: the third row of Pascal's triangle in threes."""
    state = field.complete(layers=[{"kernel_size": 3}] * 3, size=7)
    assert [p.tolist() for p in field.paths(state)] == [
        [1, 3, 6, 7, 6, 3, 1],
        [1, 2, 3, 2, 1],
        [1, 1, 1],
        [1],
    ]
    with torch.no_grad():
        assert field.paths(state)[0].sum() == 27


# ---- what is refused: settings, words

REFUSED = [
    ({"layers": []}, r"0 layers. A list of 1 to 6 layers is needed. Pass \[{\"kernel_size\": 3}\], say."),
    ({"layers": [{"kernel_size": 3}] * 7}, "7 layers. A list of 1 to 6"),
    ({"layers": "conv"}, "layers='conv'. A list of 1 to 6 layers"),
    ({"layers": [3]}, "layer 0: 3. A dict with a kernel_size is needed"),
    ({"layers": [{"stride": 2}]}, "layer 0: {'stride': 2}. A dict with a kernel_size"),
    ({"layers": [{"kernel_size": 3, "groups": 2}]}, "layer 0: groups is no option. There are kind, kernel_size"),
    ({"layers": [{"kernel_size": 3, "kind": "pool"}]}, "layer 0: kind='pool' is unknown. There are conv, max_pool."),
    ({"layers": [{"kernel_size": 3}, {"kernel_size": 8}]}, "layer 1: kernel_size=8. 1 to 7 is possible here."),
    ({"layers": [{"kernel_size": 3, "stride": 0}]}, "layer 0: stride=0. 1 to 4 is possible here. Pass stride=1."),
    (
        {"layers": [{"kind": "max_pool", "kernel_size": 3, "padding": 2}]},
        "layer 0: padding=2 for a max pool with kernel_size=3. At most half the window can be padded.",
    ),
    (
        {"layers": STRIDED, "size": 13},
        r"a window of 3 for layer 2, where 2 values with padding arrive \(size=13\). Each window must fit",
    ),
    ({"size": 4}, "size=4. 5 to 64 is possible here. Pass size=5."),
    ({"layer": 4}, "layer=4. 0 to 3 is possible here."),
    ({"position": 8}, "position=8. 0 to 7 is possible here. Pass position=7."),
]


@pytest.mark.parametrize("state, words", REFUSED)
def test_what_is_refused(state, words):
    explorers.refuses(explorer, state, words)


@pytest.mark.parametrize(
    "state, name",
    [({"size": 9.0}, "size"), ({"position": True}, "position"), ({"layers": [{"kernel_size": "3"}]}, "kernel_size")],
)
def test_wrong_types(state, name):
    with pytest.raises(TypeError, match=f"^receptive_field_explorer: (layer 0: )?{name}=.* is not a whole number"):
        explorer(**state)


# ---- hosts


def test_the_picture_shows_the_cells_and_the_field():
    axes = draw(explorer(layers=STRIDED, size=31).state).axes[0]
    cells = [c.get_array() for c in axes.collections if c.get_array() is not None]
    assert [len(c) for c in cells] == [31, 15, 7, 3]
    assert [(c > 0).sum() for c in cells] == [15, 7, 3, 1]
    (line,) = axes.lines
    assert line.get_xdata().tolist() == [7.5, 22.5]  # the edges of pixels 8 to 22
    assert [t.get_text() for t in axes.texts] == [
        "picture: 31",
        "conv 3 with stride 2: 15",
        "conv 3 with stride 2: 7",
        "conv 3 with stride 2: 3",
        "15 pixels",
    ]


def test_traits_are_the_state_and_the_rest_follows():
    live = explorer(live=True, layers=STRIDED, size=31)
    assert live.state == explorer(layers=STRIDED, size=31).state
    live.layer = 0
    live.position = 14
    live.layer = 1  # which has 7 outputs
    assert live.position == 6
    live.layers = [{"kernel_size": 3}]
    assert (live.layer, live.position) == (0, 6) and live.fields[-1].size == 3
    assert live.layers == [{"kind": "conv", "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1}]
    live.size = 5
    assert live.position == 2


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("size", 65, "size=65. 5 to 64"),
        ("layer", 3, "layer=3. 0 to 2"),
        ("position", -1, "position=-1. 0 to 2"),
        ("layers", [{"kernel_size": 3}, {}], "layer 1: {}. A dict with a kernel_size is needed"),
        ("size", 7, "a window of 3 for layer 2, where 1 value"),
    ],
)
def test_traits_refuse(name, value, words):
    live = explorer(live=True, layers=STRIDED, size=31)
    before = live.state
    with pytest.raises(ValueError, match=words):
        setattr(live, name, value)
    assert live.state == before


# ---- the JavaScript, run by Node

RUN = """
import { readFileSync } from "node:fs";
import { compute, problem, pytorch, sentence } from "./explorer.mjs";
const { states, fixed } = JSON.parse(readFileSync("ask.json"));
console.log(JSON.stringify(states.map((state) => {
  const why = problem(state, fixed);
  if (why) return { why };
  const { sizes, fields, paths, first, last, layer, position } = compute(state, fixed);
  return { sizes, fields, first, last, layer, position, paths: paths.map((p) => [...p]), line: pytorch(state),
    sentence: sentence(state, fixed, compute(state, fixed)) };
})));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states at once."""
    ask = explorers.asker(tmp_path_factory, "receptive_field_explorer", RUN)
    return lambda states: ask(states=states, fixed=field.fixed())


def _one_layer():
    """Every setting of a single layer on a small row."""
    spans = {name: range(low, high + 1) for name, (low, high) in field.LIMITS.items()}
    for kind in field.KINDS:
        for k in spans["kernel_size"]:
            for s in spans["stride"]:
                for p in spans["padding"]:
                    for d in spans["dilation"]:
                        layer = {"kind": kind, "kernel_size": k, "stride": s, "padding": p, "dilation": d}
                        yield {"layers": [layer], "size": 9 + (k + p + d) % 5, "layer": 0, "position": 0}


def _stacks(n, seed=0):
    """Stacks of 1 to 6 layers, mostly of small windows, so that many are legal."""
    rng = random.Random(seed)
    for _ in range(n):
        layers = [
            {
                "kind": rng.choice(list(field.KINDS)),
                "kernel_size": rng.randint(1, 5),
                "stride": rng.choice((1, 1, 2, 3)),
                "padding": rng.choice((0, 1, 2)),
                "dilation": rng.choice((1, 1, 2, 4)),
            }
            for _ in range(rng.randint(1, field.MOST))
        ]
        yield {"layers": layers, "size": rng.randint(*field.SIZES), "layer": rng.randrange(len(layers)), "position": 0}


def test_what_the_browser_computes_is_what_shapes_and_ops_compute(node):
    states = [*_one_layer(), *_stacks(800)]
    legal = 0
    for state, result in zip(states, node(states), strict=True):
        try:
            s = field.complete(**state)
        except ValueError as error:
            assert "why" in result, f"JavaScript allows what Python refuses: {error}"
            continue
        assert "why" not in result, f"JavaScript refuses {state}: {result.get('why')}"
        assert result["sizes"] == field.sizes(s)
        found = [(f["size"], f["jump"], f["centre"]) for f in result["fields"][1:]]
        assert found == [f[1:] for f in field.fields(s)], state
        for drawn, true in zip(result["paths"], field.paths(s), strict=False):
            assert drawn == true.tolist(), state
        legal += 1
    assert legal > 2000


def test_the_browser_says_the_sentence_of_python(node):
    states = [field.complete(**state) for state, _ in SENTENCES]
    for state in _stacks(400, seed=1):
        try:
            s = field.complete(**state)
        except ValueError:
            continue
        states += [s | {"position": i} for i in {0, field.sizes(s)[s["layer"] + 1] - 1}]
    assert len(states) > 200
    for state, result in zip(states, node(states), strict=True):
        assert result["sentence"] == field.describe(state)


def test_the_line_of_pytorch_does_the_same(node):
    states = [field.complete(**state) for state, _ in SENTENCES[:3]]
    states += [field.complete(), field.complete(layers=[{"kind": "max_pool", "kernel_size": 3, "dilation": 2}])]
    for state, result in zip(states, node(states), strict=True):
        stack = eval(result["line"], {"nn": nn})
        assert [f[1:] for f in shapes.receptive_field(stack)] == [f[1:] for f in field.fields(state)]
        assert stack(torch.zeros(1, 1, state["size"], state["size"])).shape[-1] == field.sizes(state)[-1]
        kinds = {"Conv2d": "conv", "MaxPool2d": "max_pool"}
        assert [kinds[type(layer).__name__] for layer in stack] == [layer["kind"] for layer in state["layers"]]


def test_a_pick_outside_moves_to_the_edge(node):
    (result,) = node([field.complete(layers=STRIDED, size=31) | {"layer": 9, "position": 40}])
    assert (result["layer"], result["position"]) == (2, 2)
