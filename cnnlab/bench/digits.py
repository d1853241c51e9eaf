"""The part mnist: seconds of training until 97, 98 and 99 % of the test digits are right."""

import math

from ..recipes import RECIPES, suited
from . import contestants, race
from .turns import summary

LEVELS = (97, 98, 99)  # %
WHOLE = 60_000  # training digits of MNIST
EVERY = WHOLE // 10  # images from one checkpoint to the next


def measure(budget, device, dataset, workers, say):
    """Both recipes by turns, once per seed.

    Judged on test digits after every 6,000 images of training; judging is not counted. Where there are fewer digits
    than in MNIST, our recipe has as many epochs more, so that it has as many steps.
    """
    images, seconds = len(dataset.x_train), budget.seconds["mnist"]
    recipe = suited(RECIPES["mnist-laptop"], device)
    if images < WHOLE:
        recipe = recipe.but(epochs=max(1, round(recipe.epochs * WHOLE / images)))
    sides = [
        contestants.Contestant("mnist", "ours", recipe),
        contestants.Contestant("mnist", "usual", contestants.USUAL["mnist"], workers),
    ]
    runs = {"ours": [], "usual": []}
    options = {"judged": budget.judged["mnist"], "every": EVERY, "device": device}
    with race.runners(sides, **options) as running:
        for seed in range(budget.seeds["mnist"]):
            say(f"mnist: seed {seed}, ours to its end, the usual for {seconds:g} s or until 99 %")
            for side, report in race.race(running, seed, seconds).items():
                runs[side].append(report | {"seed": seed})
        before = {side: runner.before for side, runner in running.items()}
    levels = {side: reached(of) for side, of in runs.items()}
    return {
        "contestants": {
            side.side: table_of(side, runs[side.side], before[side.side]) | {"reached": levels[side.side]}
            for side in sides
        },
        "times_faster": {
            level: times_faster(levels["ours"][level], levels["usual"][level], runs["usual"])
            for level in map(str, LEVELS)
        },
        "cut_short": cut_short(runs["usual"], budget.judged["mnist"], len(dataset.x_test)),
    }


def table_of(contestant, runs, before):
    """What is reported of one side: what it is, its runs, and what is made of them."""
    return {
        "what": contestant.describe(),
        "runs": runs,
        "accuracy": summary([run["checkpoints"][-1]["accuracy"] for run in runs]),
        "seconds": summary([run["seconds"] for run in runs]),
        "memory": runs[-1]["memory"],
        "memory_before": before,
        "gpu_memory": runs[-1]["gpu_memory"],
    }


def seconds_until(level, checkpoints):
    """Seconds of training at the first checkpoint with at least `level` %; infinity if there is none."""
    return next((c["seconds"] for c in checkpoints if 100 * c["accuracy"] >= level), math.inf)


def reached(runs):
    """{level: summary over the runs and how many of them got there}."""
    seconds = {str(level): [seconds_until(level, run["checkpoints"]) for run in runs] for level in LEVELS}
    return {level: summary(values) | {"reached": sum(map(math.isfinite, values))} for level, values in seconds.items()}


def times_faster(ours, usual, usual_runs):
    """The ratio of both medians, "at_least" where the usual recipe was ended before; None: ours did not get there."""
    if ours["median"] is None:
        return None
    if usual["median"] is not None:
        return {"times": usual["median"] / ours["median"], "at_least": False}
    return {"times": min(run["seconds"] for run in usual_runs) / ours["median"], "at_least": True}


def cut_short(runs, judged, images):
    """A sentence where the usual training was ended before it got there, and where not all test images judged."""
    late = [run for run in runs if seconds_until(LEVELS[-1], run["checkpoints"]) == math.inf]
    sentences = []
    if late:
        sentences.append(
            f"mnist: the usual recipe was ended after {late[0]['seconds']:.0f} s, before {LEVELS[-1]} %, "
            f"in {len(late)} of {len(runs)} runs"
        )
    if judged is not None and judged < images:
        sentences.append(f"mnist: judged on {judged} of {images} test digits")
    return sentences
