"""Training that ends when its seconds are over."""

from time import perf_counter

from ..bench.turns import synchronise
from ..train.progress import Progress


class Clock:
    """A monitor for train.fit that ends training before the batch that would go over its seconds.

    seconds    of training
    progress   as in train.fit: what is shown meanwhile
    device     where training takes place: a GPU is waited for, so that its seconds are true
    since      when the seconds began, by time.perf_counter; None: with the first batch

    Afterwards `spent` has the seconds, `steps` the batches, and `cut` whether the clock ended it before its time.
    """

    def __init__(self, seconds, progress, device, since=None):
        self.seconds, self.progress, self.device, self.since = seconds, progress, device, since
        self.spent, self.steps, self.cut = 0.0, 0, False

    def begin(self, epochs, batches, done):
        """Training begins: so does the clock."""
        self.planned = epochs * batches
        self.shown = Progress(self.progress, range(batches), epochs, done)
        now = perf_counter()
        self.since = now if self.since is None else self.since
        self.spent = now - self.since

    def batch(self, epoch, meter):
        """A batch is done; True if there is no time for another one like it."""
        synchronise(self.device)
        before, self.spent = self.spent, perf_counter() - self.since
        self.steps += 1
        self.cut = self.steps < self.planned and self.spent + (self.spent - before) > self.seconds
        return self.shown.batch(epoch, meter) or self.cut

    def epoch(self, row):
        """Say how the epoch went."""
        self.shown.epoch(row)
        return self.shown.ended

    def end(self):
        """Close the bar."""
        self.shown.__exit__()
