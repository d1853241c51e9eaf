"""One training in a process of its own: its memory is its own, and it goes on only when it is told to.

What is said through the pipe, from the side of the process:
    send      the most memory in use before training, once all is loaded
    receive   anything: nobody else is busy; warm up
    send      the seconds of a step
    receive   a (seed, contestant) to train; the other end closed: go away
    receive   a number of seconds: go on until so many were trained. Or None: end this training
    send      a report; unless it says "finished", seconds come again
An error is sent as the text of its traceback.
"""

import statistics
import time
import traceback

import torch

from .. import data, train
from . import contestants, machine
from .turns import synchronise

WARM_UP = 1.0  # seconds at least, with a model that is thrown away
LEAST_STEPS = 3  # at least, however long they take


def serve(pipe, contestant, judged, every, goal, device, threads):
    """The whole life of the process.

    judged   how many test images judge; None: all
    every    images from one checkpoint to the next; None: judge at the end only
    goal     accuracy that ends the training of the usual recipe; None: train on
    """
    try:
        torch.set_num_threads(threads)
        dataset = data.load(contestant.part, download=False, quiet=True)
        judge = Judge(contestant.recipe, dataset, judged, device)
        pipe.send(machine.peak_memory())
        pipe.recv()
        warm = WarmUp(device)
        contestants.run(contestant, dataset, 0, warm, device)
        pipe.send(warm.seconds_per_step())
        while True:
            seed, contestant = pipe.recv()
            watch = Watch(pipe, judge, every, goal, device)
            contestants.run(contestant, dataset, seed, watch, device)
            pipe.send(watch.last_report())
    except (EOFError, KeyboardInterrupt):
        pass  # the other side is gone, or was interrupted too and speaks
    except Exception:
        pipe.send(traceback.format_exc())


class Judge:
    """Says how many of the first test images are right; in small batches, which take less memory than training."""

    def __init__(self, recipe, dataset, judged, device):
        x, y = dataset.x_test[:judged], dataset.y_test[:judged]
        self.batches = data.Batches(x, y, 100, mean=dataset.mean, sd=dataset.sd, device=device)
        self.options = {"precision": recipe.precision, "flips": recipe.test_flips}

    def __call__(self, model):
        return train.evaluate(model, self.batches, **self.options).accuracy


class Monitor:
    """What train.fit tells of its batches is passed on to `step(images)`, which the usual loop calls itself."""

    def begin(self, epochs, batches, done):
        pass

    def batch(self, epoch, meter):
        return self.step(meter.images[-1])

    def epoch(self, row):
        pass

    def end(self):
        pass


class WarmUp(Monitor):
    """Ends after a few steps, and knows how long one took once the first were done."""

    def __init__(self, device):
        self.device, self.model, self.times = device, None, []

    def step(self, images):
        synchronise(self.device)
        self.times.append(time.perf_counter())
        return len(self.times) > LEAST_STEPS and self.times[-1] - self.times[0] > WARM_UP

    def seconds_per_step(self):
        gaps = [after - before for before, after in zip(self.times, self.times[1:], strict=False)]
        return statistics.median(gaps[len(gaps) // 3 :])


class Watch(Monitor):
    """Counts the seconds of training, and only those: neither judging nor waiting for the next turn."""

    def __init__(self, pipe, judge, every, goal, device):
        self.pipe, self.judge, self.every, self.goal, self.device = pipe, judge, every, goal, device
        self.model, self.images, self.seconds, self.checkpoints = None, 0, 0.0, []
        self.due = every
        self.until = pipe.recv()
        self._start()

    def step(self, images):
        """A batch was trained on; True if training is to end."""
        self.images += images
        due = self.due is not None and self.images >= self.due
        if not due and self.seconds + time.perf_counter() - self.since < self.until:
            return False
        self._stop()
        if due:
            self._judge()
            self.due += self.every
            if self.goal is not None and self.checkpoints[-1]["accuracy"] >= self.goal:
                return True
        if self.seconds >= self.until:
            self.pipe.send(self._report(finished=False))
            self.until = self.pipe.recv()
            if self.until is None:
                return True
        self._start()
        return False

    def last_report(self):
        """After training: the model as it is now is judged, unless it was just so."""
        if self.since is not None:
            self._stop()
        if not self.checkpoints or self.checkpoints[-1]["images"] < self.images:
            self._judge()
        return self._report(finished=True)

    def _start(self):
        self.since = time.perf_counter()

    def _stop(self):
        synchronise(self.device)
        self.seconds += time.perf_counter() - self.since
        self.since = None

    def _judge(self):
        accuracy = self.judge(self.model)
        self.checkpoints.append({"images": self.images, "seconds": self.seconds, "accuracy": accuracy})

    def _report(self, finished):
        return {
            "finished": finished,
            "seconds": self.seconds,
            "images": self.images,
            "checkpoints": self.checkpoints,
            "memory": machine.peak_memory(),
            "gpu_memory": machine.peak_gpu_memory(self.device),
        }
