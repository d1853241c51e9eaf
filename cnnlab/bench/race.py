"""Trainings in processes of their own that take turns: while one trains, the others wait."""

import multiprocessing
from contextlib import ExitStack, contextmanager

import torch

from . import worker
from .turns import rotated

SLICE = 2.0  # seconds of a turn at most


class Runner:
    """One process, seen from outside."""

    def __init__(self, contestant, judged, every, goal, device):
        context = multiprocessing.get_context("spawn")  # a fork would have our memory, and could not use a GPU
        self.pipe, end = context.Pipe()
        self.contestant, self.report = contestant, None
        self.process = context.Process(
            target=worker.serve, args=(end, contestant, judged, every, goal, device, torch.get_num_threads())
        )
        self.process.start()
        end.close()  # else a process that dies would not be noticed
        self.before, self.step = None, None

    def wait_until_ready(self):
        """Its data are loaded."""
        self.before = self._answer()

    def warm_up(self):
        """A few steps, which also tell how long one takes."""
        self.step = self._answer("warm up")

    def begin(self, seed):
        """A new training; it waits for its first turn."""
        self.pipe.send((seed, self.contestant))
        self.report = {"finished": False, "seconds": 0.0}

    def go_on(self, until):
        """Train until so many seconds were spent on it, or it has ended; None: end it now."""
        self.report = self._answer(until)

    def stop(self):
        self.pipe.close()  # it then ends by itself, and so do the workers of its DataLoader
        self.process.join(5)
        self.process.terminate()
        self.process.join()

    def _answer(self, *messages):
        """What the process has to say, after it was sent these."""
        try:
            for message in messages:
                self.pipe.send(message)
            answer = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            raise RuntimeError(
                f"bench: the process of {self.contestant.side} ended with exit code {self.process.exitcode}. "
                f"It may have been out of memory. Close other programs and run it again."
            ) from None
        if isinstance(answer, str):
            raise RuntimeError(f"bench: training of {self.contestant.side} failed.\n{answer}")
        return answer


@contextmanager
def runners(contestants, **options):
    """{side: Runner}, started and ready; gone at the end, whatever happens."""
    with ExitStack() as stack:
        started = {}
        for contestant in contestants:
            started[contestant.side] = Runner(contestant, **options, goal=_goal(contestant))
            stack.callback(started[contestant.side].stop)
        for runner in started.values():
            runner.wait_until_ready()
        for runner in started.values():
            runner.warm_up()
        yield started


def _goal(contestant):
    return 0.99 if contestant.part == "mnist" and contestant.side == "usual" else None


def race(runners, seed, seconds):
    """Train by turns with this seed; return {side: last report}.

    Our recipe goes to its end. The usual one ends at its goal, or after `seconds`, or the seconds of ours if those are
    more.
    """
    for runner in runners.values():
        runner.begin(seed)
    until, number = 0.0, seed
    while any(not runner.report["finished"] for runner in runners.values()):
        until += min(SLICE, seconds / 10)
        for side in rotated(list(runners), number):
            runner = runners[side]
            if runner.report["finished"]:
                continue
            if _over(side, runners, seconds):
                runner.go_on(None)
            elif runner.report["seconds"] < until:  # a step may have taken longer than a turn
                runner.go_on(until)
        number += 1
    return {side: runner.report for side, runner in runners.items()}


def _over(side, runners, seconds):
    """Whether the usual training has had its seconds."""
    if side != "usual":
        return False
    ours = runners["ours"].report
    return ours["finished"] and runners["usual"].report["seconds"] >= max(seconds, ours["seconds"])
