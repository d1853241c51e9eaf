"""The training monitor: loss and accuracy while train.fit runs, and a button that ends it with everything kept."""

import functools
import math
import sys
import time

import torch

from cnnlab.widgets import hosts, values
from cnnlab.widgets.hearing import Ear

WHO = "training_monitor"
DEFAULTS = {
    "epochs": 0,
    "batches": 0,  # of an epoch; 0 if nobody knows
    "rows": [],  # of each epoch: {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    "points": [],  # within epochs: [epochs gone, loss, accuracy, images], each a mean over some batches
    "running": False,
    "stop": False,  # what the button says
}
MOST = 200  # points; when there are more, each two become one


def training_monitor(*, every=0.1):
    """Look on while a network learns: train.fit(..., progress=widgets.training_monitor()).

    every      seconds between two looks at the loss, 0.05 or more; a look makes a GPU wait for a moment
    returns    a widget; fit shows it, unless it is on the page already. Its .rows are those of the History, and
               stop = True ends training after the batch that runs, with everything kept, as its button does

    Where no widget can live, fit prints a line per epoch.
    """
    if isinstance(every, bool) or not isinstance(every, int | float):
        raise TypeError(f"{WHO}: every={every!r} is no number of seconds. 0.05 or more is needed. Pass every=0.1.")
    if not 0.05 <= every < math.inf:
        raise values.wrong(WHO, f"every={every}", "0.05 seconds or more are needed", "Pass every=0.1")
    return _live()(every=every)


class MonitorPage(hosts.Page):
    module = "training_monitor"

    def __init__(self, state):
        super().__init__(state, {}, describe, draw)

    @functools.cached_property
    def still(self):
        """What it has seen; as long as that is nothing, a sentence is enough."""
        return super().still if self.state["rows"] else f"<p>{self!r}</p>"

    def html(self):
        return super().html() if self.state["rows"] else hosts.asleep(self.still)


@functools.cache
def _live():
    """The widget's class, made on first use: ipywidgets takes a while to import."""
    import traitlets as t

    class TrainingMonitor(hosts.live(MonitorPage, tuple(DEFAULTS), settle)):
        epochs = t.Int().tag(sync=True)
        batches = t.Int().tag(sync=True)
        rows = t.List().tag(sync=True)
        points = t.List().tag(sync=True)
        running = t.Bool().tag(sync=True)
        stop = t.Bool().tag(sync=True)

        def __init__(self, every):
            super().__init__()
            self._every, self._shown, self._ear = every, False, None

        # ---- what train.fit calls

        def begin(self, epochs, batches, done):
            kept = self.rows[:done] if len(self.rows) >= done else []
            points = [point for point in self.points if point[0] <= done] if kept else []
            with self.hold_sync():
                self.epochs, self.batches, self.rows, self.points = epochs, batches or 0, kept, points
                self.running, self.stop = True, False
            self._looked, self._seen, self._of = time.perf_counter(), 0, done + 1
            if not in_notebook() or self.comm is None:  # closed
                return False
            if not self._shown:
                from IPython.display import display

                display(self)
            self._ear = Ear(self.comm.comm_id, self._hear)
            return True

        def batch(self, epoch, meter):
            self._meter = meter
            now = time.perf_counter()
            if now - self._looked < self._every:
                return self.stop
            self._look(epoch, meter)
            if self._ear is not None:
                self._ear.listen()
            self._looked = time.perf_counter()
            return self.stop

        def epoch(self, row):
            if self._ear is not None:
                self._ear.listen()
            self._look(row["epoch"], self._meter)  # at the batches since the last look
            self.rows = [*self.rows, {name: _plain(value) for name, value in row.items()}]
            self._looked = time.perf_counter()  # what went by since the last look was validation
            return self.stop

        def end(self):
            if self._ear is not None:
                self._ear.close()
                self._ear = None
            self.running = False

        # ---- the rest

        def _look(self, epoch, meter):
            """One more point: the mean over the batches since the last one."""
            if epoch != self._of:
                self._of, self._seen = epoch, 0
            new = slice(self._seen, len(meter.images))
            self._seen = len(meter.images)
            weights = meter.images[new]
            if self.batches and weights:
                losses, correct = (torch.stack(kept[new]).tolist() for kept in (meter.losses, meter.correct))
                images = sum(weights)
                loss = sum(loss * n for loss, n in zip(losses, weights, strict=True)) / images
                gone = epoch - 1 + self._seen / self.batches
                self.points = thinned([*self.points, [gone, _plain(loss), _plain(sum(correct) / images), images]])

        def _hear(self, state):
            if state.get("stop") is True:
                self.stop = True

        def set_state(self, sync_data):
            """The browser pressed the button: what was heard before, or comes after the end, changes nothing more."""
            if self.running:
                super().set_state(sync_data)
            else:
                self.send_state("stop")

        def _repr_mimebundle_(self, **kwargs):
            self._shown = True
            return super()._repr_mimebundle_(**kwargs)

    return TrainingMonitor


def settle(state, changed):
    """The state, if the value that has just been set is one that can be drawn; the rest was looked at before."""
    value = state[changed]
    if changed in ("epochs", "batches"):
        values.whole(WHO, changed, value, 0, 10**9)
    if changed in PARTS:
        is_one, need, do = PARTS[changed]
        for one in value:
            if not is_one(one):
                raise values.wrong(WHO, f"{one!r} in {changed}", need, do)
    return state


def _is_row(row):
    if not isinstance(row, dict) or not {"epoch", "loss", "accuracy", "seconds"} <= set(row):
        return False
    return all(_is_number(value) or (value is None and name not in ("epoch", "seconds")) for name, value in row.items())


def _is_point(point):
    if not isinstance(point, list | tuple) or len(point) != 4:
        return False
    return all(_is_number(value) or (value is None and i in (1, 2)) for i, value in enumerate(point))


def _is_number(value):
    return isinstance(value, int | float) and math.isfinite(value)


PARTS = {  # of what its lists hold: whether one is right, what is needed, what to do
    "rows": (
        _is_row,
        "A dict with numbers for epoch, loss, accuracy and seconds is needed",
        "Pass the rows of a History",
    ),
    "points": (_is_point, "A list [epochs gone, loss, accuracy, images] is needed", "Pass points=[]"),
}


def in_notebook():
    """Whether this runs in a kernel, to which a page is connected."""
    ipython = sys.modules.get("IPython")
    return hasattr(ipython and ipython.get_ipython(), "kernel")


def thinned(points):
    """The points, or half as many: each two become one that stands where the later one stood."""
    if len(points) <= MOST:
        return points
    pairs = [points[i : i + 2] for i in range(0, len(points), 2)]
    return [_merged(*pair) if len(pair) == 2 and all(None not in p for p in pair) else pair[-1] for pair in pairs]


def _merged(a, b):
    images = a[3] + b[3]
    return [b[0], *((a[i] * a[3] + b[i] * b[3]) / images for i in (1, 2)), images]


def _plain(value):
    """A number for JSON, which knows no nan: a loss that is none, the accuracy of pictures."""
    return value if isinstance(value, int) or math.isfinite(value) else None


def describe(state):
    """The sentence of a state: how far training has come and how good it was last."""
    if not state["epochs"]:
        return "Training monitor: for train.fit(..., progress=monitor)"
    if not state["rows"]:
        batches = f" of {state['batches']} batches" if state["batches"] else ""
        return f"Training monitor: {state['epochs']} epoch{'s' * (state['epochs'] != 1)}{batches}"
    row = state["rows"][-1]
    sides = [("", "")] + [("val_", "validation ")] * ("val_loss" in row)
    numbers = ", ".join(f"{side}loss {_loss(row[key + 'loss'])}, accuracy {_share(row[key + 'accuracy'])}"
                        for key, side in sides)  # fmt: skip
    stopped = ", stopped" if state["stop"] and not state["running"] else ""
    return f"Training monitor: epoch {row['epoch']} of {state['epochs']}{stopped}: {numbers}"


def _loss(value):
    return "none" if value is None else f"{value:.4f}"


def _share(value):
    return "none" if value is None else f"{math.floor(value * 1e4 + 0.5) / 100:.2f}%"  # a tie goes up, as in JS


def draw(state):
    """The curves of a state, epoch by epoch, for where no script may run."""
    from cnnlab import plots

    return plots.history(state["rows"])
