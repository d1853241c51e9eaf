"""How far training has come: a bar in a notebook or terminal, a line per epoch elsewhere, a monitor, or nothing.

A monitor is any object with four methods, so that this room need not know who looks on:
    begin(epochs, batches, done)   batches is None where nobody knows how many; returns False where nobody can see it
    batch(epoch, meter)            meter.losses, .correct and .images grow by one per batch; they lie on the device, and
                                   reading them makes a GPU wait. Returns True to end training
    epoch(row)                     a row of the History; returns True to end training
    end()                          always called, also after an error
"""

import sys
from importlib.util import find_spec


class Progress:
    """Reports batches and epochs; use it in a `with`, so that the bar is closed when training is cut."""

    def __init__(self, how, batches, epochs, done=0):
        self.monitor = how if all(hasattr(how, name) for name in ("begin", "batch", "epoch", "end")) else None
        if self.monitor is None and how not in (True, False, "bar", "text"):
            raise ValueError(
                f"fit: progress={how!r}. True, False, 'bar', 'text' or a monitor is needed. Pass progress=True."
            )
        self.epochs, self.bar, self.ended = epochs, None, False
        if self.monitor is not None:
            how = self.monitor.begin(epochs, len(batches) if hasattr(batches, "__len__") else None, done) is False
        tqdm = _bar_here() if how is True else _bar_here(default=True) if how == "bar" else None
        self.text = how == "text" or (how is True and tqdm is None)
        if tqdm is not None:
            steps = len(batches) if hasattr(batches, "__len__") else None
            total = None if steps is None else steps * epochs
            self.bar = tqdm(total=total, initial=(steps or 0) * done, unit="batch")
            self.bar.set_description(f"epoch {min(done + 1, epochs)} of {epochs}")

    def batch(self, epoch, meter):
        """A batch is done; True if training is to end."""
        if self.bar is not None:
            self.bar.update()
        if self.monitor is not None and self.monitor.batch(epoch, meter) is True:
            self.ended = True
        return self.ended

    def epoch(self, row):
        """Say how the epoch went."""
        if self.monitor is not None and self.monitor.epoch(row) is True:
            self.ended = True
        loss, accuracy = row.get("val_loss", row["loss"]), row.get("val_accuracy", row["accuracy"])
        if self.bar is not None:
            self.bar.set_description(f"epoch {min(row['epoch'] + 1, self.epochs)} of {self.epochs}", refresh=False)
            self.bar.set_postfix_str(f"loss {loss:.4f}, accuracy {accuracy:.2%}")
        if self.text:
            validated = f", validation loss {loss:.4f} accuracy {accuracy:.2%}" if "val_loss" in row else ""
            print(
                f"epoch {row['epoch']} of {self.epochs}: loss {row['loss']:.4f} accuracy {row['accuracy']:.2%}"
                f"{validated}, {row['seconds']:.1f} s",
                flush=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.monitor is not None:
            self.monitor.end()
        if self.bar is not None:
            self.bar.close()


def _bar_here(default=False):
    """What makes a bar here: tqdm's widget in a notebook, its text bar in a terminal; None where neither can live."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and hasattr(shell, "kernel"):
        return _notebook_bar if find_spec("ipywidgets") is not None else None
    if sys.stderr.isatty() or default:
        from tqdm import tqdm

        return tqdm
    return None


def _notebook_bar(**options):
    """tqdm's bar as a widget. The text beside it is what a page without widgets shows, the same on every machine."""
    from IPython.display import display
    from tqdm.notebook import tqdm

    bar = tqdm(**options, display=False)
    view = {"model_id": bar.container.model_id, "version_major": 2, "version_minor": 0}
    text = "training" if options["total"] is None else f"training: {options['total']} batches"
    display({"application/vnd.jupyter.widget-view+json": view, "text/plain": text}, raw=True)
    return bar
