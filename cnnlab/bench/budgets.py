"""How long each part of the benchmark may take."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Budget:
    """Quick or full. What is cut short in the quick one is said in the report."""

    name: str
    rounds: int  # of the parts batches and conv: each contestant has so many turns
    turn: float  # seconds of a turn
    seeds: dict  # part -> trainings of each contestant
    seconds: dict  # part -> seconds of training that the usual recipe gets, and on cifar10 ours too
    judged: dict  # part -> test images that judge, None: all

    def but(self, rounds=None, seconds=None, seeds=None):
        """The same with what was asked for on the command line."""
        new = self if rounds is None else replace(self, rounds=rounds)
        if seconds is not None:
            new = replace(new, seconds=dict.fromkeys(new.seconds, seconds), turn=min(new.turn, seconds))
        return new if seeds is None else replace(new, seeds=dict.fromkeys(new.seeds, seeds))


def budget(full, device):
    """The budget for this device: a GPU does in 10 seconds what takes a CPU minutes."""
    on_cpu = device.type == "cpu"
    if full:
        return Budget(
            "full",
            rounds=11,
            turn=1.0,
            seeds={"mnist": 5, "cifar10": 3},
            seconds={"mnist": 600.0, "cifar10": 180.0 if on_cpu else 10.0},
            judged={"mnist": None, "cifar10": None},
        )
    return Budget(
        "quick",
        rounds=5,
        turn=0.3,
        seeds={"mnist": 1, "cifar10": 1},
        seconds={"mnist": 20.0, "cifar10": 20.0 if on_cpu else 5.0},
        judged={"mnist": None, "cifar10": 1000},
    )
