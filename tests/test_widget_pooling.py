"""The pooling explorer: what it says, refuses and leaves behind, and its JavaScript against ops and notebook 04."""

import itertools
import math
import random

import explorers
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnlab import ops, shapes, widgets
from cnnlab.widgets import pooling_state as pooling
from cnnlab.widgets.pooling import draw

explorer = widgets.pooling_explorer


# ---- sentences

SENTENCES = [
    (
        {"image": "grid"},
        "Pooling explorer: 8x8 grid of numbers, moved right by 1 pixel, maximum of 2x2, stride 2, padding 0: "
        "output 4x4, from 1 to 9; output pixel (row 2, column 2) = 9; the move changes it by 50.7%, 50.7% beyond a "
        "movement by 0 columns; with blur it changes it by 38.8%, 38.8% beyond a movement by 0 columns",
    ),
    (  # every second pixel of stripes: black instead of white; blurred, grey both times
        {"image": "stripes", "kernel_size": 1, "stride": 2},
        "Pooling explorer: 12x12 stripes, moved right by 1 pixel, maximum of 1x1, stride 2, padding 0: "
        "output 6x6, from 0 to 0; output pixel (row 3, column 3) = 0; the move changes it by 100%, 100% beyond a "
        "movement by 0 columns; with blur it changes it by 0%, 0% beyond a movement by 0 columns",
    ),
    (  # stride 1 follows every shift
        {"image": "digit", "mode": "avg", "kernel_size": 3, "stride": 1, "padding": 1, "shift": 3},
        "Pooling explorer: 28x28 digit, moved right by 3 pixels, average of 3x3, stride 1, padding 1: "
        "output 28x28, from 0 to 0.96; output pixel (row 14, column 14) = 0.78; the move changes it by 117.1%, 0% "
        "beyond a movement by 3 columns; with blur it changes it by 103.9%, 0% beyond a movement by 3 columns",
    ),
    (  # a picture that was black where the windows looked
        {"image": [[0, 1] * 4] * 8, "kernel_size": 1, "stride": 2, "ceil_mode": True, "row": 0, "column": 3},
        "Pooling explorer: 8x8 image of your own, moved right by 1 pixel, maximum of 1x1, stride 2, padding 0, "
        "ceil_mode: output 4x4, from 1 to 1; output pixel (row 0, column 3) = 1; the move changes it by infinitely "
        "much, infinitely much beyond a movement by 0 columns; with blur it changes it by 0%, 0% beyond a movement by "
        "0 columns",
    ),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    explorers.says(explorer, state, sentence)


@pytest.mark.parametrize("name", ["max_pool2d", "blur2d"])
def test_the_sentence_follows_ops(monkeypatch, name):
    """A fault in the pooling or in the blur must show in what nbval compares."""
    before, true = repr(explorer()), getattr(ops, name)
    monkeypatch.setattr(ops, name, lambda x, *args, **options: 0.5 + true(x, *args, **options))
    assert repr(explorer()) != before


def test_the_edges_are_a_feature_map():
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64)[None, None]
    photo = F.pad(pooling.picture({"image": "photo"})[None, None], (1, 1, 1, 1), mode="circular")
    edges = F.relu(F.conv2d(photo, sobel))[0, 0]
    assert torch.allclose(pooling.picture({"image": "edges"}), edges / edges.max())


# ---- the rule of the shift error


def test_the_rule_is_that_of_the_notebook():
    """Notebook 04 measures with a function in view; the explorer measures the same."""
    import nbformat
    from test_notebooks import NOTEBOOKS

    (path,) = (path for path in NOTEBOOKS if path.name.startswith("04"))
    (cell,) = (
        c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code" and "def shift_error" in c.source
    )
    found = {"ops": ops, "torch": torch}
    exec(cell, found)
    for image, (k, stride), shift in itertools.product(("edges", "digit"), ((1, 2), (2, 2), (3, 2)), (0, 1, 4)):
        s = pooling.complete(image=image, kernel_size=k, stride=stride, shift=shift)
        x = pooling.picture(s)[None, None]
        error = found["shift_error"](lambda x, k=k, stride=stride: ops.max_pool2d(x, k, stride), x, shift)
        assert error == pytest.approx(pooling.compared(s, shift)[1], abs=1e-8)
        before, after = (ops.max_pool2d(x.roll(pixels, 3), k, stride) for pixels in (0, shift))
        inside = slice(before.shape[3] // 8, before.shape[3] - before.shape[3] // 8)
        change = found["difference"](before[..., inside], after[..., inside])
        assert change == pytest.approx(pooling.compared(s, shift)[0], abs=1e-12)


# What is known of a setting without computing it: settings, shift, movement, error is 0 (with blur)
FOLLOWS = [
    ({"kernel_size": 2}, 4, 2, True),  # stride 2 follows even shifts
    ({"kernel_size": 2}, 3, None, False),  # and no odd ones
    ({"kernel_size": 3, "stride": 3}, 6, 2, True),
    ({"kernel_size": 3, "stride": 1}, 5, 5, True),  # stride 1 follows all
    ({"kernel_size": 7, "stride": 6}, 0, 0, True),
]


@pytest.mark.parametrize("state, shift, movement, exact", FOLLOWS)
@pytest.mark.parametrize("mode", ["max", "avg"])
@pytest.mark.parametrize("blur", [False, True])
def test_which_shifts_are_followed(state, shift, movement, exact, mode, blur):
    _, error, moved = pooling.compared(pooling.complete(image="edges", mode=mode, **state), shift, blur)
    assert (error < 1e-12) == exact and movement in (None, moved)


def test_the_best_movement_leaves_no_more_than_none():
    for image, k, shift, blur in itertools.product(("edges", "photo", "digit"), (1, 2, 5), (1, 3), (False, True)):
        change, error, _ = pooling.compared(pooling.complete(image=image, kernel_size=k), shift, blur)
        assert error <= change, (image, k, shift, blur)


def test_a_blur_before_skipping_helps_on_edges():
    for k in (1, 2, 3, 4):
        s = pooling.complete(image="edges", kernel_size=k, stride=2)
        assert pooling.compared(s, 1, blur=True)[1] < 0.9 * pooling.compared(s, 1)[1]


@pytest.mark.parametrize(
    "a, b, expected", [([1, 1], [2, 1], 0.5), ([0, 0], [0, 0], 0.0), ([0, 0], [1, 0], math.inf), ([-2, 2], [2, 2], 1.0)]
)
def test_difference(a, b, expected):
    assert pooling.difference(*(torch.tensor([v], dtype=torch.float64) for v in (a, b))) == expected


# ---- what is refused: settings, words

REFUSED = [
    ({"image": "cat"}, "image='cat' is unknown. There are grid, stripes, digit, photo, edges. Pass one of them."),
    ({"image": torch.zeros(1, 28, 28)}, r"image has shape \(1, 28, 28\).*like x\[0, 0\]"),
    ({"image": torch.zeros(101, 20)}, "image is 101x20. At most 100 pixels a side fit in a page"),
    ({"image": torch.zeros(9, 7)}, "image is 9x7. At least 8 pixels a side are needed. Pass a larger one."),
    ({"image": [[float("inf")] * 8] * 8}, "image holds nan or inf"),
    ({"mode": "mean"}, "mode='mean' is unknown. There are max, avg."),
    ({"kernel_size": 0}, "kernel_size=0. 1 to 7 is possible here. Pass kernel_size=1."),
    ({"kernel_size": 8}, "kernel_size=8. 1 to 7"),
    ({"stride": 7}, "stride=7. 1 to 6 is possible here. Pass stride=6."),
    ({"stride": 0}, "stride=0. 1 to 6"),
    ({"padding": 2}, "padding=2 for a window of 2. Pooling pads by at most half its window. Pass padding=1 or less."),
    ({"kernel_size": 1, "padding": 1}, "padding=1 for a window of 1.*Pass padding=0 or less"),
    ({"padding": -1}, "padding=-1. 0 to 3 is possible here."),
    ({"padding": 4}, "padding=4. 0 to 3 is possible here."),
    ({"shift": 9}, "shift=9. 0 to 8 is possible here. Pass shift=8."),
    ({"shift": -1}, "shift=-1. 0 to 8"),
    ({"row": 48}, "row=48. 0 to 47 is possible here."),
    ({"image": "grid", "column": 4}, "column=4. 0 to 3 is possible here."),
]


@pytest.mark.parametrize("state, words", REFUSED)
def test_what_is_refused(state, words):
    explorers.refuses(explorer, state, words)


@pytest.mark.parametrize(
    "state", [{"stride": 1.5}, {"padding": "1"}, {"shift": True}, {"kernel_size": None}, {"ceil_mode": 1}]
)
def test_wrong_types(state):
    with pytest.raises(TypeError, match=f"^pooling_explorer: {list(state)[0]}="):
        explorer(**state)


@pytest.mark.parametrize("shift, instead", [(3.0, 3), (2.5, 2), (99.0, 8), (float("nan"), 0), ("3", 0)])
def test_what_is_nearly_whole_is_told_its_whole_number(shift, instead):
    with pytest.raises(TypeError, match=f"is not a whole number. 0 to 8 is needed. Pass shift={instead}.$"):
        explorer(shift=shift)


def test_there_are_no_other_settings():
    with pytest.raises(ValueError, match="^pooling_explorer: blur is no setting. There are image, mode, kernel_size"):
        pooling.describe({"blur": True})


# ---- hosts


def test_the_stride_is_the_window_as_in_pytorch():
    assert [explorer(kernel_size=k).state["stride"] for k in (1, 3, 7)] == [1, 3, 6]
    assert explorer(kernel_size=3).out_shape == explorer(kernel_size=3, live=True).out_shape == (32, 32)
    assert explorer(image=torch.zeros(9, 20, dtype=torch.uint8), kernel_size=2, ceil_mode=True).out_shape == (5, 10)


def test_the_picture_shows_what_ops_computes():
    s = explorer(image="grid", kernel_size=3, stride=2, padding=1, shift=3, row=1, column=3).state
    first, second, third, curves = draw(s).axes
    moved = pooling.picture(s).roll(3, dims=1)
    dense = F.max_pool2d(moved[None], 3, 1, 1)
    expected = moved, F.max_pool2d(moved[None], 3, 2, 1)[0], ops.blur2d(dense, stride=2)[0]
    for axes, values in zip((first, second, third), expected, strict=True):
        assert np.allclose(axes.images[0].get_array(), values)
    assert [axes.patches[0].get_xy() for axes in (first, second)] == [(4.5, 0.5), (2.5, 0.5)]
    for line, blur in zip(curves.lines, (False, True), strict=False):
        errors = [100 * pooling.compared(s, shift, blur)[1] for shift in range(9)]
        assert np.allclose(line.get_ydata(), errors)
    assert curves.lines[2].get_xdata() == [3, 3]


def test_traits_are_the_state_and_the_rest_follows():
    live = explorer(live=True, image="digit", kernel_size=4, padding=2, stride=1)
    assert live.state == explorer(image="digit", kernel_size=4, padding=2, stride=1).state
    assert (live.out_shape, live.row) == ((29, 29), 14)
    live.row = 28
    live.kernel_size = 2  # takes its padding along, and the pixel that was picked
    assert (live.padding, live.out_shape, live.row) == (1, (29, 29), 28)
    live.stride = 2
    assert (live.out_shape, live.row) == ((15, 15), 14)
    live.image = torch.ones(8, 9)
    assert live.out_shape == (5, 5) and (live.row, live.column) == (4, 4)
    live.set_state({"kernel_size": 6, "padding": 3})  # as the browser does: two at once
    assert (live.kernel_size, live.padding) == (6, 3)


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("padding", 2, "padding=2 for a window of 2"),
        ("kernel_size", 8, "kernel_size=8. 1 to 7"),
        ("shift", 9, "shift=9. 0 to 8"),
        ("row", 14, "row=14. 0 to 13"),
        ("mode", "min", "mode='min' is unknown"),
        ("image", torch.zeros(2, 2), "At least 8 pixels"),
    ],
)
def test_traits_refuse(name, value, words):
    live = explorer(live=True, image="digit")
    before = live.state
    with pytest.raises(ValueError, match=words):
        setattr(live, name, value)
    assert live.state == before


# ---- the JavaScript, run by Node

RUN = """
import { readFileSync } from "node:fs";
import { compute, formula, pytorch, sentence } from "./explorer.mjs";
const { states, fixed } = JSON.parse(readFileSync("ask.json"));
console.log(JSON.stringify(states.map((state) => {
  const r = compute(state, fixed);
  const ways = r.ways.map(({ output, remainder, errors, change, movement }) => {
    const some = (x) => (Number.isFinite(x) ? x : "inf");
    return { shape: [output.h, output.w], output: [...output.values], remainder: [...remainder],
      errors: errors.map(some), change: some(change), movement };
  });
  return { ways, row: r.row, column: r.column, reach: r.reach, formula: formula(state, r), lines: pytorch(state),
    sentence: sentence(state, fixed, r) };
})));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states at once."""
    ask = explorers.asker(tmp_path_factory, "pooling_explorer", RUN)
    return lambda states: ask(states=states, fixed=pooling.fixed())


def settings():
    """Every window, stride, padding, rounding and kind on small pictures; a spread of them on the others."""
    spans = [range(low, high + 1) for low, high in (pooling.LIMITS["kernel_size"], pooling.LIMITS["stride"])]
    rng = random.Random(0)
    oblong = [[rng.randint(-3, 9) for _ in range(11)] for _ in range(9)]  # negative numbers; not square
    for i, (k, s, up, mode) in enumerate(itertools.product(*spans, (False, True), pooling.MODES)):
        for p in range(k // 2 + 1):
            small = oblong if (i + p) % 2 else "grid"
            image = ("photo", "edges")[i % 2] if i % 41 == 0 else ("digit", "stripes")[i % 2] if i % 5 == 0 else small
            yield pooling.complete(
                image=image, mode=mode, kernel_size=k, stride=s, padding=p, ceil_mode=up, shift=i % 9
            )


def test_what_the_browser_computes_is_what_ops_computes(node):
    states = list(settings())
    assert len(states) > 400
    for state, result in zip(states, node(states), strict=True):
        x = pooling.picture(state).roll(state["shift"], dims=1)
        for blur, way in zip((False, True), result["ways"], strict=True):
            y = pooling.pooled(state, x, blur)
            assert way["shape"] == list(y.shape), state
            drawn = torch.tensor(way["output"], dtype=torch.float64).view(y.shape)
            assert torch.allclose(drawn, y, rtol=0, atol=1e-12), state
            change, error, movement = pooling.compared(state, state["shift"], blur)
            assert way["movement"] == movement, state
            for shown, true in ((way["change"], change), (way["errors"][state["shift"]], error)):
                assert float(shown) == pytest.approx(true, abs=1e-9), state
            rest = torch.tensor(way["remainder"], dtype=torch.float64).view(y.shape)
            assert torch.allclose(rest, pooling.remainder(state, blur), rtol=0, atol=1e-12), state
        assert result["ways"][0]["shape"] == list(pooling.out_shape(state))


def test_the_errors_of_all_shifts(node):
    states = [pooling.complete(image=image, kernel_size=3, stride=2) for image in pooling.IMAGES]
    for state, result in zip(states, node(states), strict=True):
        for blur, way in zip((False, True), result["ways"], strict=True):
            assert way["errors"] == pytest.approx([pooling.compared(state, shift, blur)[1] for shift in range(9)])


def test_the_browser_says_the_sentence_of_python(node):
    states = [pooling.complete(**state) for state, _ in SENTENCES] + list(settings())[::3]
    for state, result in zip(states, node(states), strict=True):
        assert result["sentence"] == pooling.describe(state)


def test_the_lines_of_pytorch_do_the_same(node):
    states = [s for s in settings() if s["image"] in ("grid", "digit")][::7]
    for state, result in zip(states, node(states), strict=True):
        x = pooling.picture(state)
        for blur, line in zip((False, True), result["lines"], strict=True):
            y = eval(line, {"nn": torch.nn, "ops": ops, "x": x[None, None]})[0, 0]
            assert torch.allclose(y, pooling.pooled(state, x, blur)), line


def test_the_formula_holds(node):
    states = list(settings())
    lost = 0
    for state, result in zip(states, node(states), strict=True):
        h = pooling.picture(state).shape[0]
        text = result["formula"].split("; width ")[0].removeprefix("height ")
        k, s, p, up = (state[name] for name in ("kernel_size", "stride", "padding", "ceil_mode"))
        start = f"{'ceil' if up else 'floor'}(({h} + 2·{p} − {k}) / {s}) + 1 = "
        oh = shapes.out_size(h, k, s, p, ceil_mode=up)
        windows = (math.ceil if up else math.floor)((h + 2 * p - k) / s) + 1
        less = f", less the last one, which would start outside: {oh}" * (windows > oh)
        assert text == f"{start}{windows}{less}"
        lost += windows > oh
        assert result["reach"][0] == max(h + 2 * p, (oh - 1) * s + k)
    assert lost > 3


def test_a_pixel_outside_moves_to_the_edge(node):
    (result,) = node([pooling.complete(image="grid") | {"row": 40, "column": 40}])
    assert (result["row"], result["column"]) == (3, 3)
