"""The shape ladder: what it says, refuses and leaves behind, and its JavaScript against shapes.ladder."""

import math
import random

import explorers
import pytest
import torch
from torch import nn

from cnnlab import models, shapes, widgets
from cnnlab.widgets import shape_ladder_state as rungs
from cnnlab.widgets.shape_ladder import MODELS, draw

explorer = widgets.shape_ladder
SMALL = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 2))  # on 6x6


def known():
    """Models of the course and Sequentials with every layer that the explorer knows."""
    for name in MODELS:
        yield name, None
    yield SMALL, (1, 6, 6)
    trunk = nn.Sequential(nn.Conv2d(3, 6, (3, 5), stride=(2, 1), padding=(1, 2), groups=3, bias=False))
    options = (nn.BatchNorm2d(6), nn.AvgPool2d(3, 2, 1, ceil_mode=True), nn.Conv2d(6, 8, 3, dilation=2, padding="same"))
    head = (nn.MaxPool2d(3, 2, 1, dilation=1, ceil_mode=True), nn.AdaptiveAvgPool2d((2, None)), nn.Flatten(), nn.GELU())
    yield nn.Sequential(trunk, nn.LeakyReLU(), *options, *head, nn.Linear(80, 5), nn.Tanh(), nn.Dropout()), (3, 17, 17)
    fits = (
        nn.Conv2d(1, 4, 3),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 8, 3),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 2),
    )
    yield nn.Sequential(*fits), (1, 17, 17)  # any size, from 8 on
    yield nn.Sequential(nn.Linear(9, 4), nn.Identity()), (2, 9, 9)  # without Flatten: the last axis is read
    yield nn.Sequential(nn.Linear(9, 4)), (2, 8, 8)


# ---- sentences

LENET = (
    "conv1 to 6x28x28, pool1 to 6x14x14, conv2 to 16x10x10, pool2 to 16x5x5, flatten to 400, fc1 to 120, fc2 to 84, "
)
SENTENCES = [
    ({}, f"Shape ladder: LeNet on 1x28x28: {LENET}fc3 to 10; 61,706 parameters, 416,520 multiply-adds."),
    (  # the flatten number of notebook 05
        {"model": "CifarNet", "size": 48},
        "Shape ladder: CifarNet on 3x48x48: conv1 to 32x48x48, pool1 to 32x24x24, conv2 to 32x24x24, "
        "pool2 to 32x12x12, conv3 to 64x12x12, pool3 to 64x6x6, flatten to 2304; layer 10 (fc1, Linear) does not fit: "
        "Linear(1024, 64) gets 2304 values per image; build it with in_features=2304.",
    ),
    (
        {"size": 3},
        "Shape ladder: LeNet on 1x3x3: conv1 to 6x3x3, pool1 to 6x1x1; layer 3 (conv2, Conv2d) does not fit: "
        "its window of 5 pixels has no place in an image of 1x1 with padding 0; "
        "use a smaller kernel_size or more padding, or shrink the image less before it.",
    ),
    (
        {"channels": 3},
        "Shape ladder: LeNet on 3x28x28: no step; layer 0 (conv1, Conv2d) does not fit: "
        "Conv2d(1, 6, 5x5) gets 3 channels, (3, 28, 28); build it with in_channels=3.",
    ),
    (  # names that are numbers say what they are
        {"model": SMALL, "input_shape": (1, 6, 6)},
        "Shape ladder: Sequential on 1x6x6: 0 Conv2d to 4x4x4, 2 MaxPool2d to 4x2x2, 3 Flatten to 16, 4 Linear to 2; "
        "74 parameters, 608 multiply-adds.",
    ),
]


@pytest.mark.parametrize("options, sentence", SENTENCES)
def test_sentences(options, sentence):
    explorers.says(explorer, options, sentence)


@pytest.mark.parametrize("name", MODELS)
def test_the_rungs_are_those_of_the_model(name):
    """Taken apart and put together again, a model gives what shapes.ladder says of the model itself."""
    model = getattr(models, name)()
    shown = explorer(name)
    assert shown.state == explorer(model).state
    ladder = shapes.ladder(model, (model.in_channels, model.size, model.size))
    assert [r[2:] for r in shown.ladder] == [r[2:] for r in ladder]
    found, fault = rungs.climb(shown.state)
    assert fault == "" and found == list(ladder)


def test_the_words_are_those_of_shape_error():
    shown = explorer(SMALL, (1, 6, 6), size=9)
    with pytest.raises(shapes.ShapeError) as error:
        shapes.ladder(SMALL, (1, 9, 9))
    assert str(error.value).replace("ladder: ", "") == repr(shown).partition("; ")[2]
    with pytest.raises(shapes.ShapeError, match="gets 36 values per image"):
        print(shown.ladder)


def test_a_flatten_inside_forward_is_a_layer():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 2, 3), nn.Linear(32, 3)

        def forward(self, x):
            return self.fc(torch.flatten(self.conv(x), 1))

    assert "conv to 2x4x4, flatten to 32, fc to 3; 119 parameters" in repr(explorer(Net(), (1, 6, 6)))


# ---- what is refused: settings, words


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.pool, self.conv2 = nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.Conv2d(1, 4, 3)

    def forward(self, x):
        return self.pool(self.conv1(x)) + self.pool(self.conv2(x))


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3)

    def forward(self, x):
        return self.conv(self.conv(x))


REFUSED = [
    ({"model": "AlexNet"}, "model='AlexNet' is unknown. There are LeNet, MnistCNN, CifarNet, MLP. Pass one of them."),
    (
        {"model": SMALL},
        r"Sequential does not say which pictures it reads. Their shape is needed. Pass input_shape=\(3, 32",
    ),
    (
        {"model": SMALL, "input_shape": (1, 6, 5)},
        r"input_shape=\(1, 6, 5\). Channels, height and an equal width are needed",
    ),
    ({"model": SMALL, "input_shape": 6}, "input_shape=6. Channels, height and an equal width"),
    ({"model": SMALL, "input_shape": (1, 0, 0)}, "input_shape=0. 1 to 1024 is possible here."),
    ({"size": 0}, "size=0. 1 to 1024 is possible here. Pass size=1."),
    ({"channels": 2000}, "channels=2000. 1 to 1024 is possible here. Pass channels=1024."),
    ({"layer": 12}, "layer=12. 0 to 11 is possible here."),
    ({"model": nn.Sequential(), "input_shape": (1, 6, 6)}, "the model has no layers. One layer at least is needed."),
    (
        {"model": nn.Sequential(nn.Softmax(1)), "input_shape": (1, 6, 6)},
        r"layer 0, Softmax\(dim=1\), is unknown here. It knows Conv2d, MaxPool2d, .* Print shapes.ladder instead.",
    ),
    ({"model": nn.Sequential(nn.Flatten(2)), "input_shape": (1, 6, 6)}, "layer 0, Flatten.* is unknown here"),
    (
        {"model": nn.Sequential(nn.Conv2d(1, 1, 2, padding="same")), "input_shape": (1, 6, 6)},
        "layer 0 pads its sides unequally. Both sides must be alike. Use an odd kernel.",
    ),
    (
        {"model": Residual(), "input_shape": (1, 6, 6)},
        r"the model is no chain of layers: conv2 gets \(1, 6, 6\) after \(4,",
    ),
    ({"model": Twice(), "input_shape": (1, 6, 6)}, "the model is no chain of layers: "),
    (
        {"model": nn.Sequential(*[nn.Linear(6, 6)] * 2), "input_shape": (1, 6, 6)},
        "the model is no chain of layers: some of its weights are used twice, or not at all",
    ),
]


@pytest.mark.parametrize("options, words", REFUSED)
def test_what_is_refused(options, words):
    with pytest.raises(ValueError, match=f"^shape_ladder: {words}"):
        explorer(**options)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"size": 28.0}, "^shape_ladder: size=28.0 is not a whole number"),
        ({"model": 3, "input_shape": (1, 6, 6)}, "model is a int. An nn.Module is needed"),
    ],
)
def test_wrong_types(options, words):
    with pytest.raises(TypeError, match=words):
        explorer(**options)


# ---- hosts


def test_the_picture_shows_a_box_for_each_shape():
    words = [text.get_text() for text in draw(explorer(size=20).state).axes[0].texts]
    assert words[:4] == ["picture", "1x20x20", "conv1: Conv2d 5x5", "6x20x20, 156 parameters"]
    assert words[-1] == "layer 7 (fc1, Linear) does not fit" and len(words) == 2 * 6 + 1


def test_traits_are_the_state():
    live = explorer(live=True)
    assert live.state == explorer().state and live.ladder.parameters == 61_706
    live.size = 32
    assert "fc1, Linear" in repr(live)
    changed = [dict(layer) for layer in live.layers]
    changed[0]["padding"] = 0
    live.layers = changed
    assert live.layers[0]["padding"] == [0, 0] and live.ladder[-1].out_shape == (10,)
    live.layers = changed[:2]
    live.layer = 1
    live.layers = changed[:1]
    assert live.layer == 0


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("size", 1025, "size=1025. 1 to 1024"),
        ("layer", -1, "layer=-1. 0 to 11"),
        ("layers", [{"kind": "Softmax"}], "layer 0: {'kind': 'Softmax'}. A layer as .state has it is needed"),
    ],
)
def test_traits_refuse(name, value, words):
    live = explorer(live=True)
    before = live.state
    with pytest.raises(ValueError, match=words):
        setattr(live, name, value)
    assert live.state == before


def test_a_pool_that_pads_too_much_is_refused():
    layers = [dict(layer) for layer in explorer().state["layers"]]
    layers[2]["padding"] = 2
    with pytest.raises(
        ValueError, match=r"layer 2 \(pool1, MaxPool2d\): padding=2 with kernel_size=2. A pool pads at most"
    ):
        rungs.complete(title="LeNet", layers=layers, channels=1, size=28)


# ---- the JavaScript, run by Node

RUN = """
import { readFileSync } from "node:fs";
import { arithmetic, compute, problem, program, pytorch, sentence, titled } from "./explorer.mjs";
const { states, fixed } = JSON.parse(readFileSync("ask.json"));
console.log(JSON.stringify(states.map((state) => {
  const why = problem(state);
  if (why) return { why };
  const r = compute(state);
  return { ...r, sentence: sentence(state, fixed, r), lines: state.layers.map(pytorch), code: program(state),
    titles: state.layers.map(titled), arithmetic: r.rungs.map((rung, i) => arithmetic(state.layers[i], rung)) };
})));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states at once."""
    ask = explorers.asker(tmp_path_factory, "shape_ladder_explorer", RUN)
    return lambda states: ask(states=states, fixed=rungs.fixed(states[0]))


def moved(seed=0):
    """Every model at many sizes and channels, as it is and with one layer's window changed at random."""
    rng = random.Random(seed)
    for model, shape in known():
        state = explorer(model, shape).state
        windows = [i for i, layer in enumerate(state["layers"]) if "kernel_size" in layer]
        for size in (*range(1, 13), 16, 20, 28, 32, 33, 48):
            yield state | {"size": size}
            for _ in range(3 * bool(windows)):
                layers = [dict(layer) for layer in state["layers"]]
                layer = layers[rng.choice(windows)]
                layer |= {"kernel_size": [rng.randint(1, 7)] * 2, "stride": [rng.randint(1, 4)] * 2}
                layer["padding"] = [rng.randint(0, 3)] * 2
                yield state | {"size": size, "layers": layers}
        for channels in (1, 2, 3, 4):
            yield state | {"channels": channels}


def test_what_the_browser_computes_is_what_the_ladder_says(node):
    states, fits, breaks = list(moved()), 0, set()
    for state, result in zip(states, node(states), strict=True):
        try:
            s = rungs.complete(**state)
        except ValueError as error:
            assert "why" in result, f"JavaScript allows what Python refuses: {error}"
            continue
        assert "why" not in result, f"JavaScript refuses {state}: {result.get('why')}"
        found, fault = rungs.climb(s)
        drawn = [(tuple(r["in"]), tuple(r["out"]), r["parameters"], r["cost"]) for r in result["rungs"]]
        assert drawn == [tuple(r[2:]) for r in found], state
        assert result["fault"] == fault and result["sentence"] == rungs.describe(s)
        fits += not fault
        breaks.add(fault.partition("does not fit: ")[2][:12])
    assert fits > 50 and {"its window o", "Linear(400, ", "Linear(9, 4)", "Conv2d(1, 6,"} <= breaks


def test_the_cure_cures(node):
    """What the button builds: the layer that did not fit does, and perhaps a later one does not."""
    states = [rungs.complete(**explorer(name, size=size).state) for name in MODELS for size in (8, 20, 40, 64)]
    states += [explorer(name, channels=2).state for name in MODELS]
    cured = []
    for state, result in zip(states, node(states), strict=True):
        if result.get("cure"):
            layers = [dict(layer) for layer in state["layers"]]
            layers[result["broken"]] |= result["cure"]
            _, fault = rungs.climb(rungs.complete(**state | {"layers": layers}))
            assert f"layer {result['broken']} " not in fault
            cured.append(fault == "")
    assert len(cured) > 10 and any(cured)


def test_a_layer_is_named_once(node):
    """After its number from 0, which is its name in a Sequential without names."""
    unnamed, named, nested = (
        explorer(*given).state
        for given in ((SMALL, (1, 6, 6)), ("LeNet",), (nn.Sequential(SMALL[:3], *SMALL[3:]), (1, 6, 6)))
    )
    assert node([unnamed])[0]["titles"] == ["Conv2d 3x3", "ReLU", "MaxPool2d 2x2", "Flatten", "Linear"]
    assert node([named])[0]["titles"][:3] == ["conv1", "relu", "pool1"]
    assert node([nested])[0]["titles"] == ["0.0", "0.1", "0.2", "1 Flatten", "2 Linear"]


def test_the_lines_of_pytorch_build_the_layers(node):
    states = [explorer(model, shape).state for model, shape in known()]
    for state, result in zip(states, node(states), strict=True):
        built = nn.Sequential(*(eval(line, {"nn": nn}) for line in result["lines"]))
        assert [
            rungs.plain(layer["name"], module) for layer, module in zip(state["layers"], built, strict=True)
        ] == state["layers"]


def test_the_arithmetic_adds_up(node):
    """Each line that is shown, computed."""
    states, lines = [state for state in moved(1) if _legal(state)], 0
    for result in node(states):
        for text in sum(result["arithmetic"], []):
            left, _, right = text.partition(": ")[2].rpartition(" = ")
            left = (
                left.replace(" − 1 that would start outside", " - 1")
                .replace(" places", "")
                .replace(" rows", "")
                .replace(",", "")
            )
            left = left.translate({ord("·"): "*", ord("−"): "-"})
            assert eval(left, {"floor": math.floor, "ceil": math.ceil}) == int(right.replace(",", "")), text
            lines += 1
    assert lines > 1000


def _legal(state):
    try:
        return bool(rungs.complete(**state))
    except ValueError:
        return False
