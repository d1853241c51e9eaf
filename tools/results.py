"""Write the tables of docs/numbers.md, and the short one in README.md, anew from what was measured.

python tools/results.py            both pages get the tables of today
python tools/results.py --check    change nothing; exit status 1 if a table is out of date

highlights  in README.md, from both below
recipes     from cnnlab.recipes.RECIPES
rungs       from cnnlab.recipes.RUNGS
benchmark   from docs/benchmark/*.json, which `python -m cnnlab bench --full --threads 1 --json --only PART` wrote
"""

import json
import statistics
import sys

import contents

from cnnlab import recipes
from cnnlab.bench import report

STORED = contents.ROOT / "docs" / "benchmark"
NUMBERS = contents.ROOT / "docs" / "numbers.md"
SIDES = "ours", "usual"
BATCHES = "our batches", "DataLoader, 0 workers"


def of_recipes() -> str:
    """Each recipe and what it reached, or that nobody knows yet."""
    rows = ["| recipe | what it is | right on test images | training |", "|--|--|--:|--:|"]
    for recipe in recipes.RECIPES.values():
        rows.append(f"| `{recipe.name}` | {recipe.about} | {accuracy(recipe.measured)} | {seconds(recipe.measured)} |")
    return "\n".join(rows)


def of_rungs() -> str:
    """Each trick of cifar10-laptop: what it is worth in points and what it costs in seconds."""
    best = recipes.RUNGS[0].measured
    rows = ["| trick | instead | right | points it brings | training |", "|--|--|--:|--:|--:|"]
    for rung in recipes.RUNGS:
        known = rung.instead and None not in (best, rung.measured)
        points = f"{round(100 * (best.accuracy - rung.measured.accuracy), 1) + 0.0:+}" if known else ""  # never -0.0
        cells = rung.trick, rung.instead, accuracy(rung.measured), points, seconds(rung.measured)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def accuracy(measured):
    if measured is None:
        return "not yet measured"
    return f"{100 * measured.accuracy:.2f} ± {100 * measured.sd:.2f} % ({measured.seeds} seeds)"


def seconds(measured):
    return "" if measured is None or measured.seconds is None else f"{measured.seconds:.0f} s"


def stored():
    """{part: its results} of the stored runs, and both sides of mnist and of cifar10."""
    parts = {}
    for path in sorted(STORED.glob("*.json")):
        parts |= json.loads(path.read_text(encoding="utf-8"))["parts"]
    return parts, *([parts[name]["contestants"][side] for side in SIDES] for name in ("mnist", "cifar10"))


def of_trainings():
    """Rows: the course's trainings beside the usual ones."""
    parts, digits, pictures = stored()
    until = [report.arrival(of["reached"]["99"]) for of in digits]
    sooner = f"{report.ratio(parts['mnist']['times_faster']['99'])} times faster"
    right = [report.spread(of["accuracy"], report.percent) for of in pictures]
    spent = [report.spread(of["seconds"], report.seconds) for of in pictures]
    met = [f"{statistics.median(run['images'] for run in of['runs']):,.0f}" for of in pictures]
    return [
        ("", "the course", "the usual way", ""),
        ("--", "--:", "--:", "--"),
        ("training until 99 % of MNIST's test digits are right", *until, sooner),
        ("test pictures of CIFAR-10 that are right", *right, f"{parts['cifar10']['points_more']:+.1f} points"),
        ("after this training", *spent, ""),
        ("pictures met in that time, the median run", *met, ""),
    ]


def of_highlights() -> str:
    """What the README tells: the trainings raced, and what the recipes for digits reach."""
    rows = of_trainings()
    for name in ("mnist-99.4", "lenet-8000"):
        measured = recipes.RECIPES[name].measured
        rows.append((f"right on test images: the recipe `{name}`", accuracy(measured), "", f"in {seconds(measured)}"))
    return as_table(rows)


def of_benchmark() -> str:
    """The course beside the usual ways, from the stored runs."""
    parts, digits, pictures = stored()
    rows = of_trainings()
    rows += [
        ("peak memory, digits", *map(report.memory, digits), ""),
        ("peak memory, pictures", *map(report.memory, pictures), ""),
    ]
    for job in parts["batches"]["jobs"]:
        waiting = [report.spread(job["waiting"][whose], report.tenths) for whose in BATCHES]
        rows.append((f"share of training spent on the next batch, {job['model']}", *waiting, ""))
    for case in parts["conv"]["cases"]:
        calls = [report.spread(case["seconds"][name], report.milliseconds) for name in ("ops.conv2d", "F.conv2d")]
        rows.append((case["what"], *calls, f"{case['times_slower']['ops.conv2d']:.1f} times as long"))
    return as_table(rows)


def as_table(rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


TABLES = {"recipes": of_recipes, "benchmark": of_benchmark, "rungs": of_rungs}  # in docs/numbers.md


def main(arguments) -> int:
    check = "--check" in arguments
    late = [contents.renew("highlights", of_highlights(), check)]
    return max(late + [contents.renew(name, table(), check, NUMBERS) for name, table in TABLES.items()])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
