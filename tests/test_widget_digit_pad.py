"""The digit pad: what it says, refuses and leaves behind, and its JavaScript against PyTorch and data.as_digit."""

import random

import explorers
import pytest
import torch

from cnnlab import data, models, widgets
from cnnlab.widgets import digit_pad_state as pad
from cnnlab.widgets import strokes
from cnnlab.widgets.digit_pad import draw

LINE = [[[10, 10], [10, 40]]]
DOT = [[[28, 28]]]


# ---- sentences

SENTENCES = [
    (
        {},
        "Digit pad: 3, pen 5 pixels wide, centered and scaled as in MNIST: "
        "the network says 3 (probability >0.99), then 2 (<0.01)",
    ),
    (  # too small and too far away for a network that knows centered digits only
        {"drawing": "tiny 2", "centered": False},
        "Digit pad: tiny 2, pen 5 pixels wide, placed as it was drawn: "
        "the network says 1 (probability 0.39), then 4 (0.3)",
    ),
    ({"drawing": LINE, "part": 50, "pen": 3}, "Digit pad: drawing of your own, 50 percent of it drawn, pen 3 pixels"),
    ({"drawing": []}, "Digit pad: nothing is drawn yet, so the network is not asked"),
    ({"part": 0}, "Digit pad: nothing is drawn yet, so the network is not asked"),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    for live in (False, True):
        shown = widgets.digit_pad(live=live, **state)
        assert repr(shown).startswith(sentence)
        bundle = shown._repr_mimebundle_()
        assert (bundle[0] if live else bundle)["text/plain"] == repr(shown)


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("pen", [3, 5, 8])
def test_every_preset_is_read_as_what_it_is(digit, pen):
    assert widgets.digit_pad(drawing=str(digit), pen=pen).probabilities.argmax() == digit


def test_centering_is_what_saves_a_tiny_digit():
    assert widgets.digit_pad(drawing="tiny 2").probabilities[2] > 0.9
    assert widgets.digit_pad(drawing="tiny 2", centered=False).probabilities[2] < 0.3


# ---- what the network is given


def test_the_picture_is_as_digit_of_the_ink():
    state = pad.complete(drawing="5")
    picture = widgets.digit_pad(drawing="5").picture
    assert picture.shape == (28, 28) and picture.dtype == torch.uint8
    assert torch.equal(picture, data.as_digit(pad.ink(state))[0, 0])


def test_the_answer_is_the_networks():
    shown = widgets.digit_pad(drawing="7")
    net = models.DigitNet.trained()
    with torch.no_grad():
        p = net(shown.picture[None, None] / 255).softmax(dim=1)[0]
    assert torch.allclose(shown.probabilities.float(), p, atol=1e-5)
    with torch.no_grad():
        maps = net.conv1(shown.picture[None, None] / 255).relu()[0]
    assert torch.allclose(pad.first_maps(shown.state).float(), maps, atol=1e-5)


def test_ink_by_hand():
    ink = strokes.ink([[[10, 20], [30, 20]]], pen=4)
    assert ink[19, 10:30].tolist() == [1] * 20  # half a pixel from the line
    assert ink[21, 20] == 1 and ink[22, 20] == 0 and ink[17, 20] == 0  # 1.5 and 2.5 pixels from it
    assert ink.sum() == pytest.approx(4 * 20 + 3.14159 * 4, rel=0.02)  # the line and two half discs
    assert strokes.ink(DOT, pen=4).sum() == pytest.approx(3.14159 * 4, rel=0.03)
    assert not strokes.ink([], pen=4).any()


@pytest.mark.parametrize(
    "part, expected",
    [
        (0, []),
        (25, [[[0, 0], [10, 0]]]),
        (50, [[[0, 0], [10, 0], [10, 10]]]),
        (75, [[[0, 0], [10, 0], [10, 10]], [[20, 0], [20, 10]]]),
        (100, [[[0, 0], [10, 0], [10, 10]], [[20, 0], [20, 20]]]),
    ],
)
def test_the_beginning_is_measured_along_the_strokes(part, expected):
    assert strokes.beginning([[[0, 0], [10, 0], [10, 10]], [[20, 0], [20, 20]]], part) == expected


def test_a_dot_is_there_as_soon_as_all_before_it_is():
    assert strokes.beginning(DOT, 100) == DOT and strokes.beginning(DOT, 0) == []


# ---- what is refused: settings, words

NO_DRAWING = r"A name or strokes is needed: lists of \[x, y\] from 0 to 56. Pass \[\[\[10, 10\], \[40, 40\]\]\]"
REFUSED = [
    ({"drawing": "A"}, "drawing='A' is unknown. There are 0, 1, 2, .*, house. Pass one of them."),
    ({"drawing": 3}, f"drawing is no list of strokes. {NO_DRAWING}"),
    ({"drawing": [[1, 2]]}, f"drawing is no list of strokes. {NO_DRAWING}"),
    ({"drawing": [[["a", "b"]]]}, f"drawing is no list of strokes. {NO_DRAWING}"),
    ({"drawing": [[]]}, f"drawing has an empty stroke or a point off the paper. {NO_DRAWING}"),
    ({"drawing": [[[1, 2, 3]]]}, "drawing has an empty stroke or a point off the paper"),
    ({"drawing": [[[57, 2]]]}, "drawing has an empty stroke or a point off the paper"),
    ({"drawing": [[[float("nan"), 2]]]}, "drawing has an empty stroke or a point off the paper"),
    ({"drawing": [[[1, 2]] * 2001]}, "drawing has 2001 points. At most 2000 are possible. Leave some out."),
    ({"pen": 13}, "pen=13. 2 to 12 is possible here. Pass pen=12."),
    ({"part": 101}, "part=101. 0 to 100 is possible here. Pass part=100."),
]


@pytest.mark.parametrize("state, words", REFUSED)
def test_what_is_refused(state, words):
    explorers.refuses(widgets.digit_pad, state, words)


@pytest.mark.parametrize(
    "state, words",
    [
        ({"pen": 5.0}, "pen=5.0 is not a whole number. 2 to 12"),
        ({"part": True}, "part=True is not a whole number"),
        ({"centered": 1}, "centered=1. True or False is needed. Pass True to center."),
    ],
)
def test_wrong_types(state, words):
    with pytest.raises(TypeError, match=f"^digit_pad: {words}"):
        widgets.digit_pad(**state)


# ---- hosts


def test_the_stand_in_shows_ink_picture_answer_and_maps():
    state = pad.complete(drawing="4")
    above, below = draw(state).subfigs
    paper, seen = (axes.images[0].get_array() for axes in above.axes[:2])
    assert (paper == pad.ink(state).numpy()).all() and (seen == (pad.picture(state) / 255).numpy()).all()
    widths = [bar.get_width() for bar in above.axes[2].patches]
    assert widths == pytest.approx(pad.probabilities(state).tolist())
    assert (below.axes[8].images[0].get_array() == pad.first_maps(state)[0].numpy()).all()
    assert above.axes[2].get_title() == "the network says 4"
    assert draw(pad.complete(drawing=[])).subfigs[0].axes[2].get_title() == "nothing yet"


def test_python_sets_the_drawing_and_hears_the_picture():
    live = widgets.digit_pad(live=True, drawing="1")
    heard = []
    live.observe(lambda change: heard.append(live.picture), "drawing")
    first = live.picture
    live.drawing = [[[10, 10.04], [40, 40]]]
    assert live.drawing == [[[10, 10], [40, 40]]]
    assert len(heard) == 1 and torch.equal(heard[0], live.picture) and not torch.equal(first, live.picture)
    assert torch.equal(live.picture, widgets.digit_pad(drawing=live.drawing).picture)
    live.part = 0
    assert not live.picture.any() and live.probabilities is None
    before = live.state
    with pytest.raises(ValueError, match="pen=1. 2 to 12"):
        live.pen = 1
    assert live.state == before


# ---- the JavaScript, run by Node

RUN = """
import { readFileSync } from "node:fs";
import { asDigit, compute, layers, sentence } from "./explorer.mjs";
const { states, papers, fixed } = JSON.parse(readFileSync("ask.json"));
const net = layers(fixed);
console.log(JSON.stringify({
  pictures: papers.map((paper) => [...asDigit(Float64Array.from(paper))]),
  results: states.map((state) => {
    const r = compute(state, fixed, net);
    return { paper: [...r.paper], picture: [...r.picture], maps: [...r.maps.values], logits: r.logits,
      probabilities: r.probabilities, sentence: sentence(state, r) };
  }),
}));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states, and to make digits of many papers."""
    ask = explorers.asker(tmp_path_factory, "digit_pad", RUN)

    def answers(states=(), papers=()):
        papers = [paper.flatten().tolist() for paper in papers]
        answer = ask(states=list(states), papers=papers, fixed=pad.fixed())
        return answer["results"], [torch.tensor(p).view(28, 28) for p in answer["pictures"]]

    return answers


def _states(n, seed=0):
    """Every preset with and without centering; then scribbles, with pens and parts of every size."""
    yield from (pad.complete(drawing=name, centered=c) for name in strokes.PRESETS for c in (True, False))
    yield from (
        pad.complete(drawing=drawing, pen=pen) for drawing in ([], DOT, [[[0, 0]], [[56, 56]]]) for pen in (2, 12)
    )
    rng = random.Random(seed)
    for i in range(n):
        x, y, drawing = rng.uniform(5, 50), rng.uniform(5, 50), []
        for _ in range(rng.randint(1, 3)):
            drawing.append([])
            for _ in range(rng.randint(1, 12)):
                x, y = (min(max(v + rng.gauss(0, 6), 0), strokes.PAPER) for v in (x, y))
                drawing[-1].append([x, y])
        drawing = rng.choice(list(strokes.PRESETS)) if i % 3 == 0 else drawing
        pen, part = rng.randint(*pad.LIMITS["pen"]), rng.choice([100, rng.randint(*pad.LIMITS["part"])])
        yield pad.complete(drawing=drawing, pen=pen, part=part, centered=i % 4 > 0)


def test_what_the_browser_computes_is_what_pytorch_computes(node):
    states = list(_states(150))
    results, _ = node(states)
    net = pad.network()
    for state, result in zip(states, results, strict=True):
        assert torch.tensor(result["paper"]).view(56, 56).sub(pad.ink(state)).abs().max() < 1e-6, state
        picture = pad.picture(state)
        assert torch.equal(torch.tensor(result["picture"], dtype=torch.uint8).view(28, 28), picture), state
        with torch.no_grad():
            logits = net(picture.double()[None, None] / 255)[0]
        assert torch.allclose(torch.tensor(result["logits"]).double(), logits, atol=1e-4), state
        assert torch.tensor(result["maps"]).view(8, 28, 28).sub(pad.first_maps(state)).abs().max() < 1e-4
        p = pad.probabilities(state)
        assert (p is None) == (result["probabilities"] is None)
        assert p is None or torch.tensor(result["probabilities"]).sub(p).abs().max() < 1e-6
        assert result["sentence"] == pad.describe(state)


def test_a_digit_is_made_of_ink_as_python_makes_it(node):
    """Noise, blocks and real digits on paper: the same bytes, but for a tie that rounding errors may break."""
    torch.manual_seed(0)
    papers = [torch.zeros(56, 56)]
    for i in range(60):
        top, left, h, w = (torch.randint(1, 28, ()).item() for _ in range(4))
        paper = torch.zeros(56, 56, dtype=torch.float64)
        paper[top : top + h, left : left + w] = (
            1 if i % 3 == 0 else torch.rand(h, w, dtype=torch.float64).round(decimals=i % 5)
        )
        papers.append(paper)
    for digit in data.load("mnist", quiet=True).x_test[:20]:
        papers.append(torch.zeros(56, 56, dtype=torch.float64))
        papers[-1][5:33, 20:48] = digit[0] / 255
    _, pictures = node(papers=papers)
    assert not pictures[0].any()
    off = 0
    for paper, picture in zip(papers[1:], pictures[1:], strict=True):
        if paper.any():
            difference = (picture - data.as_digit(paper)[0, 0].int()).abs()
            assert difference.max() <= 1
            off += (difference > 0).sum()
    assert off == 0
