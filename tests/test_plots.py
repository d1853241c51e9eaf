"""Figures: what is drawn equals the source, and `show` says it in words."""

import re

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.colors import to_rgb
from traitlets.config import Config

from cnnlab import plots


def drawn_images(fig):
    return [np.asarray(ax.images[0].get_array()) for ax in fig.axes if ax.images]


@pytest.fixture
def page(monkeypatch):
    """What lands on the page: a list of (data, metadata)."""
    InteractiveShell.clear_instance()
    without_history = Config(HistoryManager={"enabled": False})
    shell, landed = InteractiveShell.instance(config=without_history), []
    monkeypatch.setattr(
        shell.display_pub, "publish", lambda data, metadata=None, **rest: landed.append((data, metadata))
    )
    yield landed
    InteractiveShell.clear_instance()


def test_images_draws_the_pictures_it_was_given():
    x = torch.rand(5, 1, 4, 6)
    fig = plots.images(x, titles="abcde", columns=3)
    for drawn, source in zip(drawn_images(fig), x, strict=True):
        assert np.array_equal(drawn, source[0].numpy())
    assert [ax.get_title() for ax in fig.axes] == [*"abcde", ""]


def test_colour_pictures_keep_their_channels():
    x = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    assert np.allclose(drawn_images(plots.images(x))[1], x[1].permute(1, 2, 0).numpy() / 255)


def test_signed_pictures_share_one_map_centred_on_zero():
    fig = plots.images([torch.tensor([[-1.0, 0.5]]), torch.tensor([[3.0, 0.0]])], signed=True)
    assert [ax.images[0].get_clim() for ax in fig.axes] == [(-3, 3), (-3, 3)]


def test_a_flat_picture_does_not_divide_by_zero():
    assert plots.images([torch.zeros(2, 2)]).axes[0].images[0].get_clim() == (0, 1)


def test_numbers_writes_every_cell_and_the_window():
    fig = plots.numbers(
        torch.tensor([[1, 2], [3, -4]]), torch.tensor([[0.5]]), titles=["x", "y"], highlight=[(0, 1, 2, 1)]
    )
    assert [t.get_text() for t in fig.axes[0].texts] == ["1", "2", "3", "-4"]
    assert fig.axes[1].texts[0].get_text() == "0.50"
    window = fig.axes[0].patches[0]
    assert (window.get_xy(), window.get_width(), window.get_height()) == ((0.5, -0.5), 1, 2)


def test_curves_draw_each_series_with_its_own_dash():
    fig = plots.curves({"a": [1, 2, 3], "b": [3, 2, 1]}, "step", "loss (nats)", x=[10, 20, 30])
    lines = fig.axes[0].get_lines()
    assert [list(line.get_xydata().ravel()) for line in lines] == [[10, 1, 20, 2, 30, 3], [10, 3, 20, 2, 30, 1]]
    assert len({line.get_linestyle() for line in lines}) == 2


def test_curves_over_whole_numbers_have_whole_ticks():
    def ticks(x):
        (ax,) = plots.curves({"": [1, 2, 3]}, "epoch", "nats", x=x).axes
        return {tick % 1 for tick in ax.get_xticks()}

    assert ticks([1, 2, 3]) == {0}  # half an epoch is no place
    assert len(ticks([0.5, 1, 1.5])) > 1


def test_history_draws_training_and_validation():
    rows = [{"epoch": e, "loss": 1 / e, "accuracy": 1 - 1 / e, "val_loss": 2 / e, "val_accuracy": 0.5} for e in (1, 2)]
    fig = plots.history(rows)
    assert list(fig.axes[0].get_lines()[1].get_ydata()) == [2.0, 1.0]
    assert list(fig.axes[1].get_lines()[0].get_ydata()) == [0.0, 0.5]
    assert len(plots.history([{"epoch": 1, "loss": 1.0, "accuracy": 0.5}]).axes[0].get_lines()) == 1


def test_confusion_keeps_rows_for_the_truth():
    fig = plots.confusion([[9, 2], [0, 8]], ["cat", "dog"])
    ax = fig.axes[0]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true class", "predicted class")
    assert {(t.get_position(), t.get_text()) for t in ax.texts} == {((0, 0), "9"), ((1, 0), "2"), ((1, 1), "8")}


def test_confusion_writes_its_numbers_so_that_they_can_be_read():
    """Contrast of each mistake with its square, by the rule of the Web Content Accessibility Guidelines."""
    ax = plots.confusion([[90, *range(1, 20)], *([0] * 20 for _ in range(19))], range(20)).axes[0]
    image = ax.get_images()[0]

    def luminance(color):
        red, green, blue = ((c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4) for c in to_rgb(color))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for text in ax.texts[1:]:  # the first stands on the diagonal
        square = image.cmap(image.norm(int(text.get_text())))[:3]
        low, high = sorted((luminance(text.get_color()), luminance(square)))
        assert (high + 0.05) / (low + 0.05) > 3.9, text


def test_bars_are_as_long_as_their_values():
    fig = plots.bars({"dense": 100, "kernel": 9}, "weights")
    assert list(fig.axes[0].containers[0].datavalues) == [100, 9]


def test_bars_of_several_runs_are_their_mean_and_show_each():
    fig = plots.bars({"one": [1.0, 2, 6], "two": torch.tensor([4.0, 4])}, "accuracy", form="{:.1f}")
    assert list(fig.axes[0].containers[0].datavalues) == [3, 4]
    assert [line.get_xdata().tolist() for line in fig.axes[0].lines] == [[1, 2, 6], [4, 4]]
    assert [text.get_text() for text in fig.axes[0].texts] == ["3.0", "4.0"]
    assert [text.xy[0] for text in fig.axes[0].texts] == [6, 4]  # beyond the last dot


@pytest.mark.parametrize(
    ("fig", "words"),
    [
        (lambda: plots.curves({"a": [1, 5, 2]}, "n", "y"), "line 'a' of 3 points from 1 to 2, lowest 1, highest 5"),
        (lambda: plots.curves({"a": [1, 5, 2]}, "x axis", "y axis", "Up"), "Up; x: x axis; y: y axis"),
        (lambda: plots.images([torch.tensor([[0.0, 7.0]])], titles=["two"]), "two; picture 1x2 from 0 to 7"),
        (lambda: plots.bars({"dense": 100, "kernel": 9}, "weights"), "2 bars (dense 100, kernel 9)"),
        (lambda: plots.images([torch.eye(2)], title="All of it"), "Figure: All of it"),
        (lambda: plots.curves({"a": [1, 1e-9, -2e-8]}, "n", "y"), "of 3 points from 1 to 0, lowest 0, highest 1"),
        (lambda: plots.images(torch.eye(6)[:, None], titles="abcdef"), "6 pictures 1x6 from 0 to 1: a, b, c, d, e, f"),
    ],
)  # fmt: skip
def test_describe_reads_the_figure(fig, words):
    assert words in plots.describe(fig())


def test_describe_can_leave_values_out():
    fig = plots.curves({"a": [1, 5, 2]}, "step", "loss")
    assert "5" not in plots.describe(fig, values=False)


def test_a_level_is_a_line_that_all_can_be_compared_with():
    (across,) = plots.curves({"a": [1, 5]}, "n", "y", level=3).axes[0].lines[1:]
    assert list(across.get_ydata()) == [3, 3]
    (upright,) = plots.bars({"a": 2.0, "b": 0.5}, "times", level=1).axes[0].lines
    assert list(upright.get_xdata()) == [1, 1]
    assert not plots.bars({"a": 2.0}, "times").axes[0].lines


def test_a_line_of_few_values_shows_each_of_them():
    few, many = (plots.curves({"a": range(n)}, "n", "y").axes[0].lines[0] for n in (3, 30))
    assert (few.get_marker(), many.get_marker()) == ("o", "None")


def test_describe_does_not_count_bars_that_another_machine_may_lack():
    confidence, right = torch.tensor([0.55, 0.95, 0.93]), torch.tensor([True, True, False])
    words = plots.describe(plots.reliability(confidence, right), values=False)
    assert "; bars" in words and not re.search(r"\d bars", words)
    assert "2 bars" in plots.describe(plots.bars({"dense": 100, "kernel": 9}, "weights"), values=False)


def test_show_puts_picture_caption_and_words_on_the_page(page):
    plots.show(plots.images([torch.eye(3)]), "The diagonal is white: 3 of 9 pixels.")
    (picture, metadata), (caption, _) = page
    assert picture["image/png"].startswith(b"\x89PNG")
    assert "picture 3x3 from 0 to 1" in picture["text/plain"]
    assert metadata == {"image/png": {"alt": "The diagonal is white: 3 of 9 pixels."}}
    assert caption["text/markdown"] == "*The diagonal is white: 3 of 9 pixels.*"
    assert caption["text/plain"] == "The diagonal is white: 3 of 9 pixels."


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plots.images([]), "images: no pictures came"),
        (lambda: plots.images(torch.zeros(1, 2, 4, 4)), r"images: a picture of shape \(2, 4, 4\) came"),
        (lambda: plots.images([torch.eye(2)], titles=["a", "b"]), "2 titles for 1 pictures"),
        (lambda: plots.numbers(torch.zeros(3)), r"numbers: a matrix of shape \(3,\) came"),
        (lambda: plots.numbers(torch.zeros(40, 2)), "at most 16 cells a side"),
        (lambda: plots.curves({"a": [1, 2]}, "x", "y", x=[1]), "'a' has 2 values for 1 positions"),
        (lambda: plots.history([]), "history: no epochs came"),
        (lambda: plots.confusion([[1, 2]], ["a"]), "Give a square matrix"),
        (lambda: plots.show(None, ""), "caption='' says too little"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
