"""The augmentation explorer: what it says, refuses and leaves behind, and its JavaScript against cnnlab.data."""

import itertools

import explorers
import numpy as np
import pytest
import torch

from cnnlab import data, widgets
from cnnlab.data import mixing
from cnnlab.widgets import augmentation_state as augmentation
from cnnlab.widgets.augmentation import draw

explorer = widgets.augmentation_explorer
OFF = {"crop": 0, "flip": False, "color": 0, "erase": 0}


# ---- the pictures against what training does with the same choices


@pytest.mark.parametrize("name", ["cat", "coffee", "arrow"])
def test_the_pictures_are_those_of_the_data_room(name):
    x = (augmentation.picture(name) * 255).round().to(torch.uint8)
    made = data.doodles(60, seed=0)[0][40] if name == "arrow" else data.photo(name, size=32)
    assert (x.int() - made.int()).abs().float().mean() < 1  # another version of Pillow or libm may round otherwise


def drawn(monkeypatch, state, other):
    """Let PyTorch draw what the explorer has drawn, in the order in which the augmentations ask."""
    chosen = augmentation.choices(state, other)
    column = {name: torch.tensor([c[name] for c in chosen]) for name in chosen[0]}
    places, turns = [], []
    if state["crop"]:
        places.append(torch.stack([column["top"], column["left"]]))
    if state["flip"]:
        turns.append(1 - column["flipped"].float())
    if state["color"]:
        factors = torch.stack([column[name].double() for name in ("brightness", "contrast", "saturation")])
        turns.append(((factors - 1) / state["color"] + 1) / 2)
    if state["erase"]:
        places += [column["row"] + state["erase"] // 2, column["column"] + state["erase"] // 2]
    monkeypatch.setattr(torch, "randint", lambda *_, **__: places.pop(0))
    monkeypatch.setattr(torch, "rand", lambda *_, **__: turns.pop(0))
    share = torch.tensor([c["share"] for c in augmentation.choices(state)], dtype=torch.float32)
    monkeypatch.setattr(mixing, "_draw", lambda *_: (share.repeat(2), torch.arange(16).roll(8)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "state",
    [
        {},
        {"padding": "reflect", "crop": 8, "color": 1, "erase": 15},
        {"mixup": 0.4, "image": "coffee", "other": "arrow"},
        {"mixup": 1, "erase": 0, "flip": False},
        OFF | {"mixup": 0.1},
        OFF | {"crop": 1},
    ],
)
def test_the_line_of_code_does_what_is_shown(monkeypatch, state, seed):
    """The very functions that training uses, with the explorer's choices in place of their own."""
    state = augmentation.complete(**state, seed=seed)
    options = eval(f"dict({augmentation.code(state)})", {"data": data})
    made = []
    for other in (False, True):
        x = augmentation.picture(state["other" if other else "image"]).expand(8, -1, -1, -1)
        with monkeypatch.context() as patch:
            drawn(patch, state, other)
            made.append(options["augment"](x) if options["augment"] else x)
    shown = augmentation.steps(state)
    torch.testing.assert_close(made[0], shown["erased"])
    assert ("mix" in options) == bool(state["mixup"])
    if "mix" in options:
        labels = torch.tensor([0] * 8 + [1] * 8)
        with monkeypatch.context() as patch:
            drawn(patch, state, False)
            mixed, soft = options["mix"](torch.cat(made), labels, 2)
        torch.testing.assert_close(mixed[:8], shown["mixed"], atol=1e-6, rtol=0)
        shares = [c["share"] for c in augmentation.choices(state)]
        assert soft[:8, 0].tolist() == pytest.approx(shares)
    else:
        assert torch.equal(shown["mixed"], shown["erased"])


def test_what_is_drawn_is_drawn_as_in_training():
    """Over many draws: every place of the crop, half of the flips, all factors and squares, and Beta's shares."""
    chosen = [
        c
        for seed in range(100)
        for other in (False, True)
        for c in augmentation.choices(augmentation.complete(crop=2, color=0.3, erase=5, mixup=0.3, seed=seed), other)
    ]
    column = {name: np.array([c[name] for c in chosen]) for name in chosen[0]}
    assert len(chosen) == 1600
    for name in ("top", "left"):
        assert np.bincount(column[name]).min() > 250 and column[name].max() == 4
    assert 0.46 < column["flipped"].mean() < 0.54
    for name in ("brightness", "contrast", "saturation"):
        assert 0.7 <= column[name].min() < 0.72 and 1.28 < column[name].max() <= 1.3
        assert abs(column[name].mean() - 1) < 0.02
    for name in ("row", "column"):
        assert set(column[name]) == set(range(-2, 30))
    beta = np.random.default_rng(0).beta(0.3, 0.3, 100_000)
    for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
        share = np.quantile(beta, quantile)
        assert abs((column["share"] <= share).mean() - quantile) < 0.06


def test_one_control_leaves_the_choices_of_the_others_alone():
    state = augmentation.complete(mixup=0.3)
    before = augmentation.choices(state)
    for name, value, follow in [
        ("crop", 8, {"top", "left"}),
        ("flip", False, {"flipped"}),
        ("color", 0.9, {"brightness", "contrast", "saturation"}),
        ("erase", 3, {"row", "column"}),
        ("mixup", 1, {"share"}),
    ]:
        after = augmentation.choices(state | {name: value})
        changed = {key for a, b in zip(before, after, strict=True) for key in a if a[key] != b[key]}
        assert changed == follow


def test_generator_is_the_published_one():
    """The first numbers of mulberry32 for seed 0, as whole numbers of 32 bits."""
    draws = augmentation.uniform(0)
    assert [int(next(draws) * 2**32) for _ in range(3)] == [1144304738, 1416247, 958946056]


# ---- sentences

SENTENCES = [
    (
        {},
        "Augmentation explorer: cat, augment=data.compose(data.random_crop(4), data.random_flip(), "
        "data.color_jitter(0.2), data.random_erase(8)): 81 places × 2 sides × 1,024 squares = 165,888 pictures from "
        "one, in any color; seed 0, epoch 3: ",
    ),
    (
        OFF,
        "Augmentation explorer: cat, augment=None: 1 picture from one; seed 0, epoch 3: not cut, never flipped; "
        "colors kept; nothing erased; not mixed; the pixels differ from the picture's by 0 on average, over 8 epochs "
        "by 0",
    ),
    (
        OFF | {"flip": True, "image": "arrow", "epoch": 1},
        "Augmentation explorer: arrow, augment=data.random_flip(): 2 pictures from one; seed 0, epoch 1: not cut, ",
    ),
    (
        OFF | {"mixup": 0.5, "crop": 2, "padding": "reflect"},
        'Augmentation explorer: cat, augment=data.random_crop(2, padding="reflect"), mix=data.mixup(0.5): 25 pictures '
        "from one, mixed in any share; seed 0, epoch 3: cut out of 36x36 at row ",
    ),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    whole = augmentation.describe(state)
    assert whole.startswith(sentence)
    explorers.says(explorer, state, whole)


def test_the_sentence_names_what_was_drawn():
    state = augmentation.complete(mixup=0.5, epoch=2)
    chosen = explorer(**state).choices[1]
    words = augmentation.describe(state)
    assert f"at row {chosen['top']}, column {chosen['left']}, {'' if chosen['flipped'] else 'not '}flipped;" in words
    assert f"contrast × {chosen['contrast']:g}, saturation × {chosen['saturation']:g};" in words
    assert f"; {chosen['share']:g} cat + {1 - chosen['share']:.2g} coffee;" in words
    far = (augmentation.steps(state)["mixed"][1] - augmentation.picture("cat")).abs().mean()
    assert f"differ from the picture's by {far:.2f} on average" in words


def test_the_sentence_follows_data(monkeypatch):
    """A fault in the arithmetic of augmentation must show in what nbval compares."""
    before, true = repr(explorer()), data.changes.erase_at
    monkeypatch.setattr(data.changes, "erase_at", lambda x, row, column, size: true(x, row, column, 2 * size))
    assert repr(explorer()) != before


def test_where_nothing_is_random_every_epoch_is_the_picture():
    state = augmentation.complete(**OFF)
    for x in augmentation.steps(state)["mixed"]:
        assert torch.allclose(x, augmentation.picture("cat"), atol=1e-12)


# ---- what is refused: settings, words

REFUSED = [
    ({"image": "dog"}, "image='dog' is unknown. There are cat, coffee, arrow. Pass one of them."),
    ({"other": 3}, "other=3 is unknown"),
    ({"crop": 9}, "crop=9. 0 to 8 is possible here. Pass crop=8."),
    ({"erase": -1}, "erase=-1. 0 to 16 is possible here. Pass erase=0."),
    ({"padding": "black"}, "padding='black' is unknown. There are zeros, reflect."),
    ({"color": 0.25}, "color=0.25. Multiples of 0.1 from 0 to 1 are possible here. Pass color=0.2."),
    ({"mixup": 1.5}, "mixup=1.5. Multiples of 0.1 from 0 to 1 .* Pass mixup=1"),
    ({"seed": 100}, "seed=100. 0 to 99"),
    ({"epoch": 0}, "epoch=0. 1 to 8 is possible here. Pass epoch=1."),
]


@pytest.mark.parametrize("state, words", REFUSED)
def test_what_is_refused(state, words):
    explorers.refuses(explorer, state, words)


@pytest.mark.parametrize(
    "state, words",
    [
        ({"crop": 2.5}, "crop=2.5 is not a whole number"),
        ({"color": "0.2"}, "color='0.2' is not a number"),
        ({"flip": 1}, "flip=1. True or False is needed. Pass True to flip."),
    ],
)
def test_wrong_types(state, words):
    with pytest.raises(TypeError, match=f"^augmentation_explorer: {words}"):
        explorer(**state)


def test_an_unknown_setting():
    with pytest.raises(ValueError, match="augmentation_explorer: rate is no setting. There are image, other, crop"):
        augmentation.complete(rate=1)


# ---- hosts


def test_the_picture_shows_every_epoch_and_the_steps_of_one():
    state = explorer(mixup=0.5, epoch=2).state
    fig, done = draw(state), augmentation.steps(state)
    shown = [torch.tensor(np.asarray(ax.images[0].get_array())).permute(2, 0, 1) for ax in fig.axes]
    expected = [*done["mixed"], *(x[1] for x in done.values())]
    for drawn_, true in zip(shown, expected, strict=True):
        torch.testing.assert_close(drawn_, true)
    assert fig.axes[0].get_title().startswith("epoch 1\n") and " cat + " in fig.axes[0].get_title()


def test_traits_are_the_state():
    live = explorer(live=True, mixup=0.3)
    assert live.state == explorer(mixup=0.3).state
    live.seed = 7
    live.crop = 0
    assert live.choices == explorer(mixup=0.3, seed=7, crop=0).choices
    with pytest.raises(ValueError, match="crop=9. 0 to 8"):
        live.crop = 9
    assert live.crop == 0


# ---- the JavaScript, run by Node

RUN = """
import { readFileSync } from "node:fs";
import { captions, code, compute, mixture, original, outcomes, sentence } from "./explorer.mjs";
const { states, fixed } = JSON.parse(readFileSync("ask.json"));
console.log(JSON.stringify(states.map((state) => {
  const r = compute(state, fixed), steps = ["flipped", "colored", "erased", "mixed"];
  return {
    choices: r.draws.map((d) => d.chosen),
    fars: r.draws.map((d) => d.far),
    pictures: Object.fromEntries(steps.map((name) => [name, [...r.picked[name]]])),
    padded: [...r.padded],
    mixtures: r.draws.map((d) => mixture(state, d.chosen)),
    captions: captions(state, r.picked.chosen, fixed.side),
    outcomes: outcomes(state, fixed.side),
    code: code(state),
    sentence: sentence(state, fixed, r),
  };
})));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states at once."""
    ask = explorers.asker(tmp_path_factory, "augmentation_explorer", RUN)
    return lambda states: ask(states=states, fixed=augmentation.fixed())


def settings():
    """Every control off, in the middle and at its end, with every other one; pictures, seeds and epochs in turn."""
    grid = itertools.product(
        (0, 3, 8), ("zeros", "reflect"), (False, True), (0, 0.3, 1), (0, 1, 8, 15, 16), (0, 0.1, 0.4, 1)
    )
    pictures = list(augmentation.stored())
    for i, (crop, padding, flip, color, erase, mixup) in enumerate(grid):
        if i % 7 and (crop, color, erase) not in itertools.product((0, 8), (0, 1), (0, 16)):
            continue  # ends all of them, of the rest a seventh
        yield augmentation.complete(
            image=pictures[i % 3],
            other=pictures[i // 3 % 3],
            crop=crop,
            padding=padding,
            flip=flip,
            color=color,
            erase=erase,
            mixup=mixup,
            seed=i % 100,
            epoch=1 + i % 8,
        )


def test_what_the_browser_draws_and_computes_is_what_data_makes(node):
    states = list(settings())
    assert len(states) > 180
    for state, result in zip(states, node(states), strict=True):
        assert result["choices"] == augmentation.choices(state), state
        done = augmentation.steps(state)
        for name, values in result["pictures"].items():
            shown = torch.tensor(values, dtype=torch.float64).view(3, 32, 32)
            assert torch.allclose(shown, done[name][state["epoch"] - 1], rtol=0, atol=1e-12), (name, state)
        assert result["fars"] == pytest.approx(augmentation.distances(state), abs=1e-12)


def test_the_padded_picture(node):
    states = [augmentation.complete(crop=p, padding=padding) for p in (0, 1, 8) for padding in augmentation.PADDINGS]
    for state, result in zip(states, node(states), strict=True):
        p, mode = state["crop"], "reflect" if state["padding"] == "reflect" else "constant"
        expected = torch.nn.functional.pad(augmentation.picture("cat")[None], (p, p, p, p), mode=mode)
        assert result["padded"] == expected.flatten().tolist()


def test_the_browser_says_what_python_says(node):
    states = [augmentation.complete(**state) for state, _ in SENTENCES] + list(settings())
    states += [augmentation.complete(mixup=0.2, color=i / 10, seed=i, epoch=1 + i % 8) for i in range(11)]
    for state, result in zip(states, node(states), strict=True):
        assert result["sentence"] == augmentation.describe(state)
        assert result["captions"] == augmentation.captions(state)
        assert result["outcomes"] == augmentation.outcomes(state)
        assert result["code"] == augmentation.code(state)
        assert result["mixtures"] == [augmentation.mixture(state, c) for c in augmentation.choices(state)]
