"""Figures about a trained network: its answers, its confidence, its maps, and networks side by side."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnlab import data, plots, shapes, train


def panels(fig):
    return [ax for ax in fig.axes if ax.images and ax.get_visible()]


def bars(ax):
    return {round(float(b.get_x() + b.get_width() / 2), 6): float(b.get_height()) for b in ax.containers[0]}


# ---- answers


X = torch.rand(3, 1, 4, 4)
CLASSES = ("cat", "dog", "owl")
LOGITS = torch.tensor([[2.0, 0, 0], [0, 1, 3], [0, 4, 0]])


def test_predictions_say_class_probability_and_truth():
    x = torch.randint(256, (3, 3, 4, 5), dtype=torch.uint8)
    fig = plots.predictions(x, torch.tensor([0, 0, 1]), LOGITS, CLASSES)
    share = F.softmax(LOGITS, 1).amax(1)
    assert [ax.get_title() for ax in fig.axes] == [
        f"✓ cat {100 * share[0]:.0f} %",
        f"✗ owl {100 * share[1]:.0f} %\nis: cat",
        f"✓ dog {100 * share[2]:.0f} %",
    ]
    for ax, source in zip(fig.axes, x, strict=True):
        assert np.allclose(ax.images[0].get_array(), source.permute(1, 2, 0) / 255)


def test_a_wrong_prediction_is_not_told_by_colour_alone():
    fig = plots.predictions(torch.rand(3, 1, 4, 4), [0, 0, 1], LOGITS, CLASSES, columns=2)
    widths = [ax.spines["left"].get_linewidth() for ax in fig.axes]
    assert widths[1] > 2 * widths[0] and widths[0] == widths[2]
    assert [ax.title.get_fontweight() for ax in panels(fig)] == ["normal", "bold", "normal"]


def test_large_logits_are_probabilities_too():
    fig = plots.predictions(torch.rand(1, 1, 4, 4), [0], [[2000.0, 0, -2000]], CLASSES)
    assert fig.axes[0].get_title() == "✓ cat 100 %"


# ---- confidence

# 0.5 lies in the bin (0.4, 0.5]; 0 in the first; 1 in the last
CONFIDENCE = torch.tensor([0.0, 0.45, 0.5, 0.91, 0.95, 0.99, 1.0])
CORRECT = torch.tensor([False, True, False, True, True, False, True])


def test_reliability_draws_the_accuracy_of_each_bin():
    top, bottom = plots.reliability(CONFIDENCE, CORRECT).axes
    assert bars(top) == pytest.approx({0.05: 0, 0.45: 0.5, 0.95: 0.75})
    assert bars(bottom) == pytest.approx({0.05: 1 / 7, 0.45: 2 / 7, 0.95: 4 / 7})
    perfect = top.get_lines()[0]
    assert list(perfect.get_xdata()) == list(perfect.get_ydata())


@pytest.mark.parametrize("bins", [1, 7, 10, 20])
def test_the_gaps_of_reliability_are_the_calibration_error_of_train(bins):
    """Where all pictures of a bin are equally sure, drawn at its middle, the gaps weighted by the lower bars add up."""
    generator = torch.Generator().manual_seed(bins)
    confidence = (torch.randint(bins, (500,), generator=generator) + 0.5) / bins
    correct = torch.rand(500, generator=generator) < confidence**2
    top, bottom = (bars(ax) for ax in plots.reliability(confidence, correct, bins).axes)
    gaps = sum(bottom[x] * abs(top[x] - x) for x in top)
    assert train.expected_calibration_error(confidence, correct, bins) == pytest.approx(gaps, abs=1e-5)


def test_expected_calibration_error_by_hand():
    """Three bins: |0 - 0| / 7, |0.95 - 1| / 7 and |3.85 - 3| / 7."""
    assert train.expected_calibration_error(CONFIDENCE, CORRECT) == pytest.approx(0.9 / 7, abs=1e-6)
    assert train.expected_calibration_error([1.0, 1.0], [True, True]) == 0
    assert train.expected_calibration_error([1.0, 1.0], [False, False]) == 1
    # over- and underconfidence in one bin cancel, in two they do not
    assert train.expected_calibration_error([0.6, 0.9], [True, False], bins=1) == pytest.approx(0.25)
    assert train.expected_calibration_error([0.6, 0.9], [True, False], bins=10) == pytest.approx(0.65)


# ---- maps


def test_feature_maps_share_one_scale():
    maps = torch.rand(5, 3, 4)
    maps[2] *= 9
    fig = plots.feature_maps(maps, titles="abcde")
    assert [ax.get_title() for ax in panels(fig)] == [*"abcde"]
    for ax, source in zip(panels(fig), maps, strict=True):
        assert np.array_equal(ax.images[0].get_array(), source)
        assert ax.images[0].get_clim() == (0, float(maps.max()))
        assert ax.images[0].get_cmap().name == "gray"


def test_signed_feature_maps_are_centred_on_0():
    (ax, *_) = panels(plots.feature_maps(torch.tensor([[[-1.0, 4.0]], [[2.0, 0.0]]])))
    assert ax.images[0].get_clim() == (-4, 4) and ax.images[0].get_cmap().name == "RdBu_r"


def test_a_layer_that_is_silent_is_black():
    assert panels(plots.feature_maps(torch.zeros(2, 3, 3)))[0].images[0].get_clim() == (0, 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_overlays_lay_each_map_over_its_picture(channels):
    x, maps = torch.randint(256, (3, channels, 8, 10), dtype=torch.uint8), torch.rand(3, 2, 5)
    fig = plots.overlays(x, maps, titles="abc", columns=2)
    assert [ax.get_title() for ax in panels(fig)] == [*"abc"]
    grey = x.float() if channels == 1 else data.grey(x.float())
    for ax, picture, source in zip(panels(fig), grey, maps, strict=True):
        below, above = ax.images
        assert np.allclose(below.get_array(), picture[0] / 255, atol=1e-6) and below.get_clim() == (0, 1)
        assert np.allclose(above.get_array(), source) and above.get_clim() == pytest.approx((0, float(maps.max())))
        assert below.get_extent() == above.get_extent()
        assert 0 < above.get_alpha() < 1


def test_overlays_with_a_field_put_each_value_at_the_middle_of_what_it_sees():
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3, 4, 1), torch.nn.Conv2d(1, 1, 3, 2, 1))  # 32 -> 8 -> 4 values
    field = shapes.receptive_field(net)[-1]
    (ax,) = panels(plots.overlays(torch.rand(1, 1, 32, 32), torch.rand(1, 4, 4), field=field))
    left, right, bottom, top = ax.images[1].get_extent()
    middles = [left + (right - left) * (k + 0.5) / 4 for k in range(4)]
    assert middles == [0, 8, 16, 24] and (top, bottom) == (left, right)
    assert ax.get_xlim() == (-0.5, 31.5) and ax.get_ylim() == (31.5, -0.5), "the picture is shown whole, and no more"


def test_signed_overlays_are_centred_on_0():
    (ax,) = panels(plots.overlays(torch.rand(1, 1, 4, 4), torch.tensor([[[-3.0, 1.0]]])))
    assert ax.images[1].get_clim() == (-3, 3) and ax.images[1].get_cmap().name == "RdBu_r"


# ---- networks side by side

NETWORKS = {"LeNet": (6e4, 0.55), "VGG": (1.3e6, 0.78), "NiN": (1.2e6, 0.78)}


def test_points_stand_where_they_should_with_their_names():
    fig = plots.points(NETWORKS, "parameters", "accuracy", log_x=True, error={"VGG": 0.02})
    (ax,) = fig.axes
    assert ax.get_xscale() == "log" and [t.get_text() for t in ax.texts] == list(NETWORKS)
    for drawn, (label, place) in zip(ax.containers, NETWORKS.items(), strict=True):
        assert drawn.get_label() == label and tuple(drawn.lines[0].get_xydata()[0]) == place
    (segment,) = ax.containers[1].lines[2][0].get_segments()
    assert segment[:, 1] == pytest.approx([0.76, 0.80])
    (ax,) = plots.points(NETWORKS, "parameters", "accuracy", log_x=True, error={"VGG": (0.02, 0.05)}).axes
    (segment,) = ax.containers[1].lines[2][0].get_segments()
    assert segment[:, 1] == pytest.approx([0.76, 0.83])


def test_names_of_points_do_not_cover_each_other():
    near = {f"network {i}": (i / 20, i % 2 / 20) for i in range(5)}  # names side by side would be twice as wide
    (ax,) = plots.points(near | {"far": (2, 1)}, "x", "y", error=dict.fromkeys(near, 0.01)).axes
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


# ---- layers under a roof

LAYERS = {"ReLU": (0.125, 1e9), "1x1": (5, 30e9), "3x3": (72, 50e9)}


def test_the_roof_has_its_corner_where_memory_and_arithmetic_balance():
    (ax,) = plots.roofline(LAYERS, peak=60e9, bandwidth=10e9).axes
    roof, corner = ax.lines[:2]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    x, y = roof.get_xdata(), roof.get_ydata()
    assert (x[1], y[1]) == pytest.approx((6, 60)) and y[2] == y[1]
    assert y[0] / x[0] == pytest.approx(10)  # GB per second
    assert list(corner.get_xdata()) == [6, 6]


def test_layers_stand_at_what_was_measured_and_look_as_what_they_wait_for():
    (ax,) = plots.roofline(LAYERS, peak=60e9, bandwidth=10e9).axes
    drawn = {c.get_label(): c.lines[0] for c in ax.containers}
    assert {label: tuple(line.get_xydata()[0]) for label, line in drawn.items()} == {
        label: (x, rate / 1e9) for label, (x, rate) in LAYERS.items()
    }
    assert [line.get_marker() for line in drawn.values()] == ["o", "o", "s"]  # 5 is left of the corner at 6
    assert drawn["1x1"].get_color() == drawn["ReLU"].get_color() != drawn["3x3"].get_color()
    gaps = [line.get_ydata()[1] for line in ax.lines if len(line.get_xdata()) == 2][1:]
    assert gaps == pytest.approx([1.25, 50, 60])  # the roof above each


def test_no_name_crosses_the_roof():
    (ax,) = plots.roofline({"on the slope": (0.5, 5e9), "on the flat part": (50, 60e9)}, 60e9, 10e9).axes
    x, y = ax.transData.transform(ax.lines[0].get_xydata()).T
    for text in ax.texts[2:]:
        box = text.get_window_extent()
        for at in np.linspace(box.x0, box.x1, 50):
            assert not box.y0 < np.interp(at, x, y) < box.y1, text.get_text()


# ---- words


@pytest.mark.parametrize(
    ("fig", "words"),
    [
        (
            lambda: plots.points({"a": (1, 2), "b": (3, 4)}, "cost", "gain", error={"b": 0.5}),
            "x: cost; y: gain; 2 points: 'a' (1, 2), 'b' (3, 4 ± 0.5)",
        ),
        (
            lambda: plots.reliability(CONFIDENCE, CORRECT),
            "lowest 0, highest 1; 3 bars (at 0.05: 0, at 0.45: 0.5, at 0.95: 0.75)",
        ),
        (lambda: plots.reliability(CONFIDENCE, CORRECT), "y: share of all images; 3 bars (at 0.05: 0.14"),
        (
            lambda: plots.roofline({"a": (1, 2e9)}, 4e9, 1e9),
            "line 'roof' of 3 points from 0.33 to 4, lowest 0.33, highest 4; 1 points: 'a' (1, 2)",
        ),
        (
            lambda: plots.predictions(torch.ones(1, 1, 2, 2), [0], [[0.0, 9, 0]], CLASSES),
            "✗ dog 100 % is: cat; picture",
        ),
        (lambda: plots.feature_maps(torch.eye(2).expand(6, 2, 2)), "6 pictures 2x2 from 0 to 1"),
        (
            lambda: plots.overlays(torch.ones(6, 1, 4, 4), torch.eye(2).expand(6, 2, 2), titles="abcdef"),
            "6 pictures 4x4 from 1 to 1, each under a map 2x2 from 0 to 1: a, b, c, d, e, f",
        ),
        (
            lambda: plots.overlays(torch.ones(2, 1, 4, 4), torch.eye(2).expand(2, 2, 2), titles="ab"),
            "a; picture 4x4 from 1 to 1; picture 2x2 from 0 to 1",
        ),
    ],
)
def test_describe_reads_the_figure(fig, words):
    assert words in plots.describe(fig())


@pytest.mark.parametrize(
    ("fig", "words"),
    [
        (lambda: plots.points({"a": (1, 2)}, "cost", "gain", error={"a": 0.5}), "1 points: 'a'"),
        (lambda: plots.overlays(torch.ones(6, 1, 4, 4), torch.eye(3).expand(6, 3, 3)), "each under a map 3x3"),
        (lambda: plots.predictions(torch.ones(6, 1, 4, 4), [0] * 6, torch.eye(6)[:, :3], CLASSES), "6 pictures 4x4"),
    ],
)
def test_describe_can_leave_values_out(fig, words):
    said = plots.describe(fig(), values=False)
    assert said.endswith(words) and "0.5" not in said


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plots.predictions(X, [0, 1], LOGITS, CLASSES), r"predictions: 3 pictures, 2 labels, .*\(3, 3\)"),
        (lambda: plots.predictions(X, [0, 1, 2], LOGITS[:, :2], CLASSES), "One row of logits per picture"),
        (lambda: plots.predictions(X, [0, 1, 2], LOGITS, "ab"), "2 class names"),
        (lambda: plots.reliability([0.5], [True, False]), r"confidence has shape \(1,\) and correct \(2,\)"),
        (lambda: plots.reliability([], []), "Give one probability"),
        (lambda: plots.reliability([1.5], [True]), "runs from 1.5 to 1.5. Probabilities from 0 to 1"),  # a logit
        (lambda: plots.reliability([0.5], [True], bins=0), "bins=0. A whole number from 1 up"),
        (lambda: plots.feature_maps(X), r"maps of shape \(3, 1, 4, 4\) came. .* Take y\[0\]"),
        (lambda: plots.overlays(X, torch.rand(2, 2, 2)), "Give one map per picture"),
        (lambda: plots.overlays(X, torch.rand(3, 1, 2, 2)), r"maps of shape \(3, 1, 2, 2\)"),
        (lambda: plots.overlays(X, torch.rand(3, 2, 2), titles="ab"), "2 titles for 3 pictures"),
        (lambda: plots.points({}, "x", "y"), "0 points came"),
        (lambda: plots.roofline({}, 1, 1), "roofline: 0 layers came"),
        (lambda: plots.roofline({"a": (0, 1), "b": (1, 1)}, 1, 1), r"not above 0 for \['a'\]"),
        (lambda: plots.roofline({"a": (1, 1)}, 1, 0), r"for \['bandwidth'\]"),
        (lambda: plots.points({"a": (1, 2)}, "x", "y", error={"b": 1}), r"without a point: \['b'\]"),
        (lambda: plots.points({"a": (1, 2, 3)}, "x", "y"), "'a' has 3 numbers"),
        (lambda: plots.points({"a": (0, 2)}, "x", "y", log_x=True), "'a' has x=0, which no logarithm has"),
        (lambda: train.expected_calibration_error([0.5], [True, False]), r"shape \(1,\) and correct \(2,\)"),
        (lambda: train.expected_calibration_error([7.0], [True]), r"runs from 7 to 7.*Pass softmax\(logits, 1\)"),
        (lambda: train.expected_calibration_error([float("nan")], [True]), "runs from nan"),
        (lambda: train.expected_calibration_error([0.5], [True], bins=0.5), "bins=0.5. A whole number from 1 up"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
