"""The training monitor: what it says, refuses and costs, what it hears while a cell runs, and its JavaScript."""

import json
import math
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from cnnlab import data, models, train, widgets
from cnnlab.widgets import hearing, hosts
from cnnlab.widgets.training_monitor import DEFAULTS, MOST, MonitorPage, describe, draw, thinned

ROW = {"epoch": 1, "loss": 0.5, "accuracy": 0.75, "seconds": 1.0}
VALIDATED = {"epoch": 2, "loss": 0.25, "accuracy": 0.875, "val_loss": 0.3, "val_accuracy": 0.86, "seconds": 1.0}


def batches(n=20, size=8):
    """Two classes in four dimensions, easy to part."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(n):
        labels = torch.randint(2, (size,), generator=generator)
        yield torch.randn(size, 4, generator=generator) + labels[:, None], labels


def fit(monitor, epochs=3, net=None, **options):
    net = net or nn.Linear(4, 2)
    sgd = torch.optim.SGD(net.parameters(), 0.1)
    return train.fit(net, list(batches()), list(batches(5)), epochs=epochs, optimizer=sgd, progress=monitor, **options)


# ---- sentences

SENTENCES = [
    ({}, "Training monitor: for train.fit(..., progress=monitor)"),
    ({"epochs": 5, "batches": 63, "running": True}, "Training monitor: 5 epochs of 63 batches"),
    ({"epochs": 1}, "Training monitor: 1 epoch"),
    ({"epochs": 3, "rows": [ROW]}, "Training monitor: epoch 1 of 3: loss 0.5000, accuracy 75.00%"),
    (
        {"epochs": 3, "rows": [ROW, VALIDATED], "stop": True},
        "Training monitor: epoch 2 of 3, stopped: loss 0.2500, accuracy 87.50%, "
        "validation loss 0.3000, accuracy 86.00%",
    ),
    (  # still running: it has not stopped yet
        {"epochs": 3, "rows": [ROW], "stop": True, "running": True},
        "Training monitor: epoch 1 of 3: loss 0.5000, accuracy 75.00%",
    ),
    (  # 129 of 160 lie halfway between two hundredths of a percent: JavaScript goes up, Python's own format would not
        {"epochs": 1, "rows": [ROW | {"accuracy": 129 / 160}]},
        "Training monitor: epoch 1 of 1: loss 0.5000, accuracy 80.63%",
    ),
    ({"epochs": 1, "rows": [ROW | {"accuracy": None}]}, "Training monitor: epoch 1 of 1: loss 0.5000, accuracy none"),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    assert describe(DEFAULTS | state) == sentence


@pytest.mark.parametrize(
    "every, error, words",
    [
        (0, ValueError, "every=0. 0.05 seconds or more are needed. Pass every=0.1."),
        (-1, ValueError, "every=-1. 0.05 seconds"),
        (math.nan, ValueError, "every=nan. 0.05 seconds"),
        ("1", TypeError, "every='1' is no number of seconds. 0.05 or more is needed"),
        (True, TypeError, "every=True is no number of seconds"),
    ],
)
def test_what_is_refused(every, error, words):
    with pytest.raises(error, match=f"^training_monitor: {words}"):
        widgets.training_monitor(every=every)


TRAITS = [
    ("epochs", -3, "epochs=-3. 0 to 1000000000 is possible here. Pass epochs=0."),
    ("batches", -1, "batches=-1. 0 to"),
    ("rows", "x", "'x' in rows. A dict with numbers for epoch, loss, accuracy and seconds is needed. Pass the rows of"),
    ("rows", [{"epoch": 1}], "{'epoch': 1} in rows. A dict"),
    ("rows", [ROW | {"seconds": None}], "{.*'seconds': None} in rows. A dict"),
    ("rows", [ROW | {"loss": "low"}], "{.*'loss': 'low'.*} in rows. A dict"),
    ("points", [1], r"1 in points. A list \[epochs gone, loss, accuracy, images\] is needed. Pass points="),
    ("points", [[1, 2, 3]], r"\[1, 2, 3\] in points. A list"),
    ("points", [[None, 1, 0.5, 8]], r"\[None, 1, 0.5, 8\] in points. A list"),
]


@pytest.mark.parametrize("name, value, words", TRAITS)
def test_traits_that_nobody_could_draw_are_refused(name, value, words):
    monitor = widgets.training_monitor()
    before = monitor.state
    with pytest.raises(ValueError, match=f"^training_monitor: {words}"):
        setattr(monitor, name, value)
    assert monitor.state == before


# ---- what fit tells it


def test_it_keeps_what_the_history_has():
    monitor = widgets.training_monitor()
    history = fit(monitor)
    assert monitor.rows == history.rows and (monitor.epochs, monitor.batches) == (3, 20)
    assert not monitor.running and not monitor.stop
    assert repr(monitor).startswith("Training monitor: epoch 3 of 3: loss ")
    fit(monitor, epochs=1)  # anew
    assert len(monitor.rows) == monitor.epochs == 1


def each_look_is_due(monkeypatch):
    """A clock that goes on by a second each time it is read."""
    clock = SimpleNamespace(perf_counter=iter(range(100_000)).__next__)
    monkeypatch.setattr(sys.modules["cnnlab.widgets.training_monitor"], "time", clock)


def test_points_are_means_over_the_batches_since_the_last_look(monkeypatch):
    monitor = widgets.training_monitor()
    each_look_is_due(monkeypatch)
    meters = []
    look = type(monitor)._look
    monkeypatch.setattr(
        type(monitor), "_look", lambda self, epoch, meter: meters.append(meter) or look(self, epoch, meter)
    )
    fit(monitor, epochs=2)
    assert [p[0] for p in monitor.points] == pytest.approx([n / 20 for n in range(1, 41)])
    losses = [float(loss) for loss in meters[0].losses + meters[-1].losses]
    assert [p[1] for p in monitor.points] == pytest.approx(losses)
    assert [p[3] for p in monitor.points] == [8] * 40
    assert sum(p[2] * p[3] for p in monitor.points[:20]) / 160 == pytest.approx(monitor.rows[0]["accuracy"])


def test_seldom_looks_cover_all_batches(monkeypatch):
    monitor = widgets.training_monitor(every=7)
    each_look_is_due(monkeypatch)
    fit(monitor, epochs=1)
    assert 2 <= len(monitor.points) <= 4
    assert sum(p[3] for p in monitor.points) == 20 * 8 and monitor.points[-1][0] == 1


def test_validation_makes_no_point_of_a_single_batch(monkeypatch):
    """A batch takes 0.03 seconds and validation a minute: yet the first look of an epoch waits for as many batches."""
    clock = [0.0]
    now = SimpleNamespace(perf_counter=lambda: clock[0])
    monkeypatch.setattr(sys.modules["cnnlab.widgets.training_monitor"], "time", now)

    class Timed(list):
        def __init__(self, batches, seconds):
            super().__init__(batches)
            self.seconds = seconds

        def __iter__(self):
            for batch in super().__iter__():
                clock[0] += self.seconds
                yield batch

    monitor, net = widgets.training_monitor(), nn.Linear(4, 2)
    sgd = torch.optim.SGD(net.parameters(), 0.1)
    train.fit(net, Timed(batches(), 0.03), Timed(batches(5), 12), epochs=3, optimizer=sgd, progress=monitor)
    assert [p[3] for p in monitor.points] == [32] * 15


def test_many_points_become_fewer():
    points = [[i / 10, i, 0.5, 1 + i % 2] for i in range(MOST + 1)]
    fewer = thinned(points)
    assert len(fewer) == MOST // 2 + 1 and fewer[-1] == points[-1]
    assert fewer[0] == [0.1, 2 / 3, 0.5, 3]  # 0 for one image and 1 for two
    assert thinned(points[:-1]) == points[:-1]
    assert thinned([[0, None, 0.5, 1]] * (MOST + 1))[0] == [0, None, 0.5, 1]


def test_what_is_no_number_is_none():
    monitor = widgets.training_monitor()
    pictures = [(torch.randn(4, 3), torch.randn(4, 3, 2))]
    net = nn.Sequential(nn.Linear(3, 6), nn.Unflatten(1, (3, 2)))
    sgd = torch.optim.SGD(net.parameters(), 0.1)
    train.fit(net, pictures, epochs=1, optimizer=sgd, loss=nn.MSELoss(), progress=monitor)
    assert monitor.rows[0]["accuracy"] is None and monitor.rows[0]["loss"] > 0
    json.dumps(monitor.state, allow_nan=False)


def test_batches_that_nobody_can_count():
    monitor = widgets.training_monitor()

    class Endless:
        def __iter__(self):
            return batches()

    net = nn.Linear(4, 2)
    train.fit(net, Endless(), epochs=2, optimizer=torch.optim.SGD(net.parameters(), 0.1), progress=monitor)
    assert monitor.batches == 0 and monitor.points == [] and len(monitor.rows) == 2


def test_stop_ends_training_with_everything_kept(tmp_path):
    monitor = widgets.training_monitor()
    seen = []

    def press(history):
        seen.append(len(history))
        monitor.stop = len(history) >= 2  # as the button does, from another thread or the queue

    history = fit(monitor, epochs=50, folder=tmp_path, on_epoch=press)
    assert len(history) == 3 and monitor.rows == history.rows  # on_epoch comes after the monitor was asked
    assert repr(monitor).startswith("Training monitor: epoch 3 of 50, stopped: ")
    assert torch.load(tmp_path / "last.pt", weights_only=True)["rows"] == history.rows
    again = fit(monitor, epochs=4, folder=tmp_path, resume=True)  # begins with stop = False and keeps what was
    assert len(again) == 4 and monitor.rows == again.rows


def test_a_button_pressed_too_late_changes_nothing():
    monitor = widgets.training_monitor()
    fit(monitor, epochs=1)
    monitor.set_state({"stop": True})
    assert not monitor.stop and "stopped" not in repr(monitor)
    monitor.running = True
    monitor.set_state({"stop": True})
    assert monitor.stop


def test_without_a_notebook_there_is_a_line_per_epoch(capsys):
    fit(widgets.training_monitor(), epochs=2)
    assert [line[:13] for line in capsys.readouterr().out.splitlines()] == ["epoch 1 of 2:", "epoch 2 of 2:"]


def test_after_an_error_it_does_not_run_on():
    monitor = widgets.training_monitor()
    net = nn.Linear(4, 2)
    nan = [(torch.full((2, 4), math.nan), torch.zeros(2, dtype=torch.int64))]
    with pytest.raises(FloatingPointError):
        train.fit(net, nan, epochs=1, optimizer=torch.optim.SGD(net.parameters(), 0.1), progress=monitor)
    assert not monitor.running


def test_it_costs_less_than_a_fiftieth(monkeypatch):
    """Time inside the monitor against time of training, LeNet on digits in batches of 128."""
    monitor, spent = widgets.training_monitor(), []

    def timed(do):
        def do_and_time(self, *args):
            start = time.perf_counter()
            try:
                return do(self, *args)
            finally:
                spent.append(time.perf_counter() - start)

        return do_and_time

    for name in ("begin", "batch", "epoch", "end"):
        monkeypatch.setattr(type(monitor), name, timed(getattr(type(monitor), name)))
    digits, net = data.load("mnist", quiet=True), models.LeNet()
    some = data.Batches(digits.x_train[:4000], digits.y_train[:4000], 128, mean=digits.mean, sd=digits.sd)
    start = time.perf_counter()
    train.fit(net, some, epochs=2, optimizer=torch.optim.SGD(net.parameters(), 0.05), progress=monitor)
    assert sum(spent) / (time.perf_counter() - start) < 0.02


# ---- hosts


def test_before_training_it_leaves_a_sentence_and_after_it_the_curves():
    monitor = widgets.training_monitor()
    bundle, _ = monitor._repr_mimebundle_()
    assert (
        bundle["text/plain"] == repr(monitor)
        and f"<p>{monitor!r}</p>\n<p><em>This explorer asks" in bundle["text/html"]
    )
    fit(monitor)
    bundle, _ = monitor._repr_mimebundle_()
    assert bundle["text/plain"] == repr(monitor) and f'<img alt="{monitor!r}"' in bundle["text/html"]
    assert bundle["text/html"] == MonitorPage(monitor.state).html()
    assert not any(word in bundle["text/html"] for word in ("http:", "https:", "<iframe", "blob:", "fetch(", "import "))


def test_the_picture_shows_the_rows():
    axes = draw(DEFAULTS | {"epochs": 2, "rows": [VALIDATED | {"epoch": 1}, VALIDATED]}).axes
    assert [line.get_ydata().tolist() for line in axes[0].lines] == [[0.25, 0.25], [0.3, 0.3]]


# ---- hearing while a cell runs


def frames(kind="comm_msg", comm="us", data=None):
    """A message as it comes from the browser."""
    content = {"comm_id": comm, "data": {"method": "update", "state": {"stop": True}} if data is None else data}
    parts = [{"msg_type": kind}, {}, {}, content]
    return [b"identity", b"<IDS|MSG>", b"signature", *(json.dumps(part).encode() for part in parts)]


class Stream:
    """What of pyzmq's ZMQStream is used: messages that wait, and a callback."""

    def __init__(self, *waiting):
        self.waiting, self.handled = list(waiting), []
        self._recv_callback = self.handled.append

    def on_recv(self, callback, copy=True):
        assert copy is False
        self._recv_callback = callback

    def flush(self, flag):
        assert flag == 1
        while self.waiting:
            self._recv_callback(self.waiting.pop(0))


OTHERS = [
    frames(comm="another"),
    frames(kind="execute_request"),
    frames(data={"method": "request_state"}),
    frames(data="text"),
    [b"no message"],
    [b"<IDS|MSG>", b"signature", b"no json", b"", b"", b""],
]


@pytest.mark.parametrize("make", ["ipykernel 6", "ipykernel 7"])
def test_the_ear_hears_its_own_and_passes_all_on(monkeypatch, make):
    messages = [*OTHERS, frames(), *OTHERS]
    stream = Stream(*messages)
    kernel = SimpleNamespace(shell_stream=stream)
    if make == "ipykernel 7":
        pair = SimpleNamespace(to_stream=stream)
        manager = SimpleNamespace(get_shell_channel_to_subshell_pair=lambda subshell: None if subshell else pair)
        kernel = SimpleNamespace(shell_stream=None, shell_channel_thread=SimpleNamespace(manager=manager))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=kernel)))
    heard, before = [], stream._recv_callback
    ear = hearing.Ear("us", heard.append)
    assert heard == [] and len(stream.waiting) == len(messages)
    ear.listen()
    assert heard == [{"stop": True}] and stream.handled == messages
    ear.close()
    assert stream._recv_callback == before
    stream.waiting.append(frames())
    ear.listen()  # closed: it looks no more
    assert len(stream.waiting) == 1


@pytest.mark.parametrize(
    "shell", [None, SimpleNamespace(), SimpleNamespace(kernel=None), SimpleNamespace(kernel=SimpleNamespace())]
)
def test_where_there_is_nothing_to_hear_the_ear_is_still(monkeypatch, shell):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    ear = hearing.Ear("us", None)
    ear.listen()
    ear.close()


def test_the_private_parts_of_ipykernel_are_still_there():
    """What `Ear` relies on; the browser test shows that it works, this one where it broke."""
    from ipykernel import kernelbase
    from zmq.eventloop import zmqstream

    source = zmqstream.__file__
    with open(source, encoding="utf-8") as file:
        assert "self._recv_callback" in file.read()
    if hasattr(kernelbase.Kernel, "shell_channel_thread"):
        from ipykernel.subshell_manager import SubshellManager

        assert hasattr(SubshellManager, "get_shell_channel_to_subshell_pair")


# ---- the JavaScript, run by Node

NODE = shutil.which("node")
RUN = """
import { readFileSync } from "node:fs";
import { curves, sentence, ticks } from "./explorer.mjs";
const { states, ranges } = JSON.parse(readFileSync("ask.json"));
console.log(JSON.stringify({
  sentences: states.map(sentence),
  curves: states.map((state) => ["loss", "accuracy"].map((what) => curves(state, what))),
  ticks: ranges.map((range) => ticks(...range)),
}));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    if NODE is None:
        pytest.skip("no node on this machine; the browser test covers less")
    folder = tmp_path_factory.mktemp("node")
    (folder / "explorer.mjs").write_text(hosts.source("training_monitor"), encoding="utf-8")
    (folder / "run.mjs").write_text(RUN, encoding="utf-8")

    def ask(states=(), ranges=()):
        (folder / "ask.json").write_text(json.dumps({"states": states, "ranges": ranges}), encoding="utf-8")
        done = subprocess.run([NODE, "run.mjs"], cwd=folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


def test_the_browser_says_the_sentence_of_python(node):
    states = [DEFAULTS | state for state, _ in SENTENCES]
    assert node(states)["sentences"] == [describe(state) for state in states]


def test_the_curves_are_the_points_and_the_rows(node):
    points = [[0.5, 1.0, 0.4, 8], [1.0, None, 0.6, 8]]
    state = DEFAULTS | {"epochs": 2, "rows": [VALIDATED | {"epoch": 1}], "points": points}
    without = DEFAULTS | {"epochs": 1, "rows": [ROW]}  # nobody counted the batches
    drawn = node([state, without])["curves"]
    assert drawn[0] == [[[[0.5, 1.0]], [[1, 0.3]]], [[[0.5, 0.4], [1.0, 0.6]], [[1, 0.86]]]]
    assert drawn[1] == [[[[1, 0.5]], []], [[[1, 0.75]], []]]


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (0, 2.3, [0, 1, 2, 3]),
        (0, 0.09, [0, 0.025, 0.05, 0.075, 0.1]),
        (0.87, 1, [0.85, 0.9, 0.95, 1]),
        (0, 5, [0, 2, 4, 6]),
        (0, 0, [0]),
    ],
)
def test_ticks_are_round(node, low, high, expected):
    assert node(ranges=[[low, high, 4]])["ticks"] == [expected]
