"""The benchmark of explorers knows each of them, and says truly which goals are missed."""

import bench_explorer
import pytest

from cnnlab import widgets

NO_SLIDER = {"training_monitor"}  # tests/test_widget_training_monitor.py holds what it costs
NO_EXPLORER = {"PRESETS", "describe", "preset"}


def test_every_explorer_has_a_row():
    assert set(bench_explorer.EXPLORERS) == set(widgets.__all__) - NO_SLIDER - NO_EXPLORER


@pytest.mark.parametrize("name", bench_explorer.EXPLORERS)
def test_the_range_of_each_slider_is_legal(name):
    settings, slider, (low, high, *_) = bench_explorer.EXPLORERS[name]
    for value in (low, high):
        assert getattr(widgets, name)(live=False, **settings | {slider: value}).state[slider] == value


def test_those_that_ask_python_are_measured_as_widgets():
    hosts = [(name, host) for name, host, _ in bench_explorer.cells(bench_explorer.EXPLORERS)]
    for name in bench_explorer.EXPLORERS:
        assert (name, "interact") in hosts
        assert ((name, "page") in hosts) != getattr(widgets, name)(live=False).asks_python
        assert ((name, "widget") in hosts) or name not in bench_explorer.ASKS_PYTHON


@pytest.mark.parametrize(
    "explorer, host, numbers, expected",
    [
        ("kernel_explorer", "page", (20, 50, 30), []),
        ("kernel_explorer", "page", (20.1, 50.1, 29.9), ["p50", "p95", "pictures/s"]),
        ("kernel_explorer", "widget", (19, 51, 31), ["p95"]),
        ("feature_browser", "widget", (120, 500, 3), []),
        ("feature_browser", "widget", (121, 130, 3), ["p50"]),
        ("kernel_explorer", "interact", (300, 500, 1), None),
    ],
)
def test_goals(explorer, host, numbers, expected):
    row = dict(zip(("p50_ms", "p95_ms", "pictures_per_second"), numbers, strict=True))
    assert bench_explorer.missed({"explorer": explorer, "host": host, **row}) == expected
