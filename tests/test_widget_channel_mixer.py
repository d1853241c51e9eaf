"""The channel mixer: what it says, refuses and leaves behind, and its JavaScript against ops and shapes."""

import itertools
import random

import explorers
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnlab import ops, shapes, widgets
from cnnlab.widgets import channel_mixer_state as mixer
from cnnlab.widgets.channel_mixer import draw
from cnnlab.widgets.mixes import KERNELS, MIX_LABELS

explorer = widgets.channel_mixer


# ---- sentences

SENTENCES = [
    (
        {"mix": "gray", "filters": 1},
        "Channel mixer: 3 channels of 64x64, 1 filter of 1x1, gray, groups 1: 3 weights, 12,288 multiply-adds; "
        "output 0 goes from 0.01 to 1; at row 20, column 24 it is 0.233 (red) + 0.235 (green) + 0.014 (blue) = 0.482",
    ),
    (  # depthwise: a filter reads one channel
        {"mix": "identity", "kernel": "sobel_x", "groups": 3, "output": 2, "row": 0, "column": 63},
        "Channel mixer: 3 channels of 64x64, 3 filters of 3x3 Sobel x, each its own, groups 3: 27 weights, "
        "110,592 multiply-adds; output 2 goes from -3.42 to 3.33; at row 0, column 63 it is -0.773 (blue) = -0.773",
    ),
    (  # six channels in two groups
        {"image": "both", "mix": [[0, 0, 0, 1, 0, 0], [9, 9, 9, 1, -1, 0.5]], "groups": 2, "output": 1},
        "Channel mixer: 6 channels of 64x64, 2 filters of 1x1, a mix of your own, groups 2: 6 weights, "
        "24,576 multiply-adds; output 1 goes from -0.01 to 0.43; "
        "at row 20, column 24 it is 0.176 (cat red) - 0.118 (cat green) + 0.01 (cat blue) ≈ 0.069",
    ),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    explorers.says(explorer, state, sentence)


def test_the_gray_mix_is_brightness():
    """The weights of ITU-R BT.601, which notebook 03 writes out."""
    s = mixer.complete(mix="gray", filters=1)
    by_hand = (mixer.picture(s) * torch.tensor([0.299, 0.587, 0.114]).double()[:, None, None]).sum(0)
    assert torch.allclose(mixer.result(s)[0], by_hand)


def test_more_color_is_twice_the_picture_less_the_gray():
    pictures = {mix: mixer.result(mixer.complete(mix=mix)) for mix in ("identity", "gray", "vivid")}
    assert torch.allclose(pictures["vivid"], 2 * pictures["identity"] - pictures["gray"])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("filters, groups", [(6, 1), (4, 2), (3, 3), (6, 6)])
def test_the_parts_add_up_to_the_layer(kernel, filters, groups):
    s = mixer.complete(image="both", mix="random", kernel=kernel, filters=filters, groups=groups, output=filters - 1)
    layer = mixer.layer(s).double()
    layer.weight.data = mixer.weights(s)
    y = layer(mixer.picture(s)[None])[0]
    assert torch.allclose(mixer.result(s), y) and torch.allclose(mixer.products(s).sum(0), y[-1])
    assert mixer.cost(s) == (layer.weight.numel(), layer.weight.numel() * 64 * 64)


def test_the_sentence_follows_ops_and_shapes(monkeypatch):
    """A fault in either must show in what nbval compares."""
    before, true = repr(explorer()), ops.conv2d
    with monkeypatch.context() as patch:
        patch.setattr(ops, "conv2d", lambda x, weight, **options: true(x, weight, **options) + 0.1)
        assert repr(explorer()) != before
    monkeypatch.setattr(shapes, "multiply_adds", lambda layer, in_shape: 1)
    assert repr(explorer()) != before


# ---- what is refused: settings, words

REFUSED = [
    ({"image": "dog"}, "image='dog' is unknown. There are coffee, both."),
    ({"mix": "sepia"}, "mix='sepia' is unknown. There are identity, gray"),
    ({"mix": [[1, 2], [3]]}, "mix is not a table of numbers"),
    ({"mix": torch.zeros(3, 3, 1, 1)}, r"mix has shape \(3, 3, 1, 1\).*Pass a row for each filter"),
    (
        {"mix": [[1, 2]]},
        "mix is 1x2 for 1 filters over 3 channels. It needs a row for each filter and a column for each",
    ),
    ({"mix": [[1, 2, 3]], "filters": 2}, "mix is 1x3 for 2 filters over 3 channels"),
    ({"mix": [[float("inf"), 0, 0]]}, "mix holds nan or inf"),
    ({"mix": np.zeros((7, 3))}, "filters=7. 1 to 6 is possible here."),
    ({"kernel": "3x3"}, "kernel='3x3' is unknown. There are 1x1, box"),
    ({"filters": 0}, "filters=0. 1 to 6 is possible here. Pass filters=1."),
    ({"groups": 2}, "groups=2 with 3 channels. Each group gets equally many. Pass a divisor of 3."),
    ({"groups": 3, "filters": 4}, "groups=3 with 4 filters. Each group gets equally many. Pass a divisor of 4."),
    ({"groups": 4}, "groups=4. 1 to 3 is possible here."),
    ({"output": 3}, "output=3. 0 to 2 is possible here. Pass output=2."),
    ({"row": 64}, "row=64. 0 to 63 is possible here."),
]


@pytest.mark.parametrize("state, words", REFUSED)
def test_what_is_refused(state, words):
    explorers.refuses(explorer, state, words)


@pytest.mark.parametrize("state", [{"filters": 3.0}, {"groups": "1"}, {"row": True}])
def test_wrong_types(state):
    with pytest.raises(TypeError, match=f"^channel_mixer: {list(state)[0]}=.* is not a whole number"):
        explorer(**state)


# ---- hosts


def test_the_picture_shows_channels_products_and_output():
    s = mixer.complete(kernel="sobel_y", mix="differences", output=1)
    drawn = [a for a in draw(s).axes if a.images]
    expected = [*mixer.picture(s), *mixer.products(s), mixer.result(s)[1]]
    assert [a.get_title() for a in drawn[:3]] == ["red", "green", "blue"]
    for axes, true in zip(drawn[:3] + drawn[3:], expected, strict=True):
        assert np.allclose(axes.images[0].get_array(), true)
    assert len({a.images[0].get_clim() for a in drawn[3:]}) == 1  # what is added and the sum: one scale


def test_traits_are_the_state_and_the_rest_follows():
    live = explorer(live=True, filters=6, groups=3, output=5)
    assert live.state == explorer(filters=6, groups=3, output=5).state and live.cost == (6, 6 * 64 * 64)
    live.filters = 3
    assert live.output == 2
    live.image = "both"
    live.groups = 1
    live.mix = torch.eye(6)
    assert (live.filters, live.mix[5]) == (6, [0, 0, 0, 0, 0, 1])
    live.groups = 6
    live.image = "coffee"  # three channels: six groups are too many, and the table loses its right half
    assert (live.groups, live.mix) == (1, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    live.filters = 2
    assert live.mix == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("groups", 2, "groups=2 with 3 channels"),
        ("filters", 7, "filters=7. 1 to 6"),
        ("mix", [[1, 2]], "mix is 1x2"),
        ("kernel", "5x5", "kernel='5x5' is unknown"),
        ("output", 4, "output=4. 0 to 2"),
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
import { readFileSync, writeFileSync } from "node:fs";
import { compute, follow, problem, pytorch, sentence } from "./explorer.mjs";
const { states, fixed, changes } = JSON.parse(readFileSync("ask.json"));
const outputs = [];
const results = states.map((state) => {
  const why = problem(state, fixed);
  if (why) return { why };
  const r = compute(state, fixed);
  for (const map of [...r.outputs, ...r.products]) outputs.push(Buffer.from(map.buffer));
  return { parts: r.parts, total: r.total, parameters: r.parameters, cost: r.cost, line: pytorch(state, r),
    sentence: sentence(state, fixed, r), maps: r.outputs.length + r.products.length };
});
writeFileSync("outputs.bin", Buffer.concat(outputs));
const followed = changes.map(([state, name, value]) => follow(state, name, value, fixed));
console.log(JSON.stringify({ results, followed }));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states at once: results, each with its maps, and what follows changes."""
    ask = explorers.asker(tmp_path_factory, "channel_mixer", RUN)

    def answers(states, changes=()):
        answer = ask(states=states, fixed=mixer.fixed(), changes=list(changes))
        maps = iter(torch.from_numpy(np.fromfile(ask.folder / "outputs.bin")).view(-1, mixer.SIDE, mixer.SIDE))
        for result in answer["results"]:
            result["maps"] = list(itertools.islice(maps, result.get("maps", 0)))
        return answer["results"], answer["followed"]

    return answers


def _settings():
    """Every number of filters and groups, legal or not, with pictures, mixes and kernels taking turns."""
    rng = random.Random(0)
    mixes, kernels = itertools.cycle(MIX_LABELS), itertools.cycle(KERNELS)
    for image, o, g in itertools.product(mixer.PHOTOS, range(1, 7), range(1, 7)):
        for _ in range(2):
            mix = next(mixes)
            yield {"image": image, "mix": mix, "kernel": next(kernels), "filters": o, "groups": g,
                   "output": rng.randrange(o), "row": rng.choice((0, 63, 20)), "column": rng.randrange(64)}  # fmt: skip


def test_what_the_browser_computes_is_what_ops_and_shapes_compute(node):
    own = [mixer.complete(**state) for state, _ in SENTENCES]
    every = [mixer.complete(mix=m, kernel=k, image="both") for m in MIX_LABELS for k in KERNELS]
    states = [*_settings(), *own, *every]
    legal = 0
    for state, result in zip(states, node(states)[0], strict=True):
        try:
            s = mixer.complete(**state)
        except ValueError as error:
            assert "why" in result, f"JavaScript allows what Python refuses: {error}"
            continue
        assert "why" not in result, f"JavaScript refuses {state}: {result.get('why')}"
        true = torch.cat([mixer.result(s), mixer.products(s)])
        assert torch.allclose(torch.stack(result["maps"]), true, rtol=0, atol=1e-12), state
        assert (result["parameters"], result["cost"]) == mixer.cost(s)
        assert sum(result["parts"]) == pytest.approx(result["total"], abs=1e-12)
        assert result["sentence"] == mixer.describe(s)
        legal += 1
    assert legal > 80


def test_the_line_of_pytorch_does_the_same(node):
    states = [s for s in _settings() if not 6 % s["groups"] and not s["filters"] % s["groups"]]
    states = [s for s in states if s["image"] == "both" or s["groups"] in (1, 3)]
    for state, result in zip(states, node(states)[0], strict=True):
        layer = eval(result["line"], {"nn": torch.nn}).double()
        layer.weight.data = mixer.weights(state)  # of the very shape, or F.conv2d refuses it
        y = F.conv2d(mixer.picture(state)[None], layer.weight, layer.bias, 1, layer.padding, 1, layer.groups)[0]
        assert torch.allclose(y, mixer.result(state)), result["line"]


def test_the_rest_follows_a_change_as_in_python(node):
    own = mixer.complete(mix=[[1, 2, 3], [4, 5, 6]])
    wide = mixer.complete(image="both", mix=[[1, 2, 3, 4, 5, 6]] * 6, groups=6)
    changes = [
        (own, "filters", 4), (own, "filters", 1), (own, "image", "both"), (own, "kernel", "box"), (own, "mix", "gray"),
        (wide, "image", "coffee"), (mixer.complete(image="both", filters=6, groups=2), "image", "coffee"),
        (mixer.complete(groups=3), "image", "both"), (mixer.complete(), "filters", 5),
    ]  # fmt: skip
    for (state, name, value), followed in zip(changes, node([], changes)[1], strict=True):
        assert followed == mixer.settle(state | {name: value}, name)
