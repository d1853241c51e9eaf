"""Exercises that say what is wrong: `check`, `hint`, `reveal`, and `predict` before a run.

The exercises stand in one table per notebook (`convolution.py` for notebook 01 and so on); `engine.py`
judges. Answers to exercises are the library's own functions: there is no second copy of a solution.
"""

import difflib
import importlib
import re
import textwrap

from cnnlab.checks.engine import compare_values, write
from cnnlab.checks.patients import DEFECTS, patient

__all__ = ["DEFECTS", "check", "hint", "patient", "predict", "progress", "results", "reveal", "solution"]

TABLES = (
    "start",
    "convolution",
    "padding",
    "channels",
    "pooling",
    "neurons",
    "learning",
    "lenet",
    "alexnet",
    "googlenet",
    "resnet",
    "cifar",
    "inside",
    "transfer",
    "faster",
    "design",
)

BREAKS = {"replace_whitespace": False, "break_long_words": False, "break_on_hyphens": False}
WIDTH = 84  # characters of a line; JupyterLab breaks longer ones in the midst of a word

_hints_given: dict[str, int] = {}
_results: dict[str, bool] = {}
_predictions: dict[str, tuple] = {}  # question -> (guess, was it right)


def check(name, answer):
    """Judge an answer to the exercise `name` and print the verdict.

    name      the exercise, e.g. "corr2d"
    answer    what the exercise asks for: a function, a number, a tensor, a module, an explorer

    Never raises for what the answer does. Raises ValueError for an unknown exercise.
    """
    exercise = _find(exercises(), name, "check", "exercise")
    verdict = exercise.verdict(answer)
    _results[name] = verdict.passed
    _tell(verdict)


def hint(name):
    """Print the next hint of an exercise; each call goes one step further."""
    exercise = _find(exercises(), name, "hint", "exercise")
    level = min(_hints_given.get(name, 0) + 1, len(exercise.hints))
    _hints_given[name] = level
    _tell(f"{name}, hint {level} of {len(exercise.hints)}: {exercise.hints[level - 1]}")
    if level == len(exercise.hints):
        print(f'That was the last hint. checks.reveal("{name}") prints the answer.')


def reveal(name):
    """Print the answer of an exercise: the library's own source."""
    exercise = _find(exercises(), name, "reveal", "exercise")
    print(exercise.source.rstrip())


def solution(name) -> str:
    """The code that answers the exercise `name` in its cell; the tests run every notebook with it."""
    return _find(exercises(), name, "solution", "exercise").solution


def predict(question, guess):
    """Record a prediction before the run and say how it compares with the truth.

    question    as the notebook gives it
    guess       a number, True or False, or one of the choices; three dots mean "not yet"

    Raises ValueError for an unknown question.
    """
    asked = _find(predictions(), question, "predict", "question")
    choices = ", ".join(map(repr, asked.choices))
    if guess is ... or guess is None:
        among = f" (one of: {choices})" if choices else ""
        _tell(f"{question}: your turn. Put your guess in place of the three dots{among} and run the cell.")
        return
    truth = asked.answer()
    if asked.choices:
        named = {choice.lower(): choice for choice in asked.choices}
        if str(guess).strip().lower() not in named:
            _tell(f"{question}: {guess!r} is not a choice. Take one of: {choices}.")
            return
        guess = named[str(guess).strip().lower()]
    elif isinstance(guess, str) and not isinstance(truth, str):
        _tell(f"{question}: {guess!r} is text. Write it without quotes.")
        return
    right = compare_values(guess, truth, asked.tolerance) is None
    _predictions.setdefault(question, (guess, right))  # the first guess counts
    opening = f"Right: {write(truth)}." if right else f"Not quite: {write(truth)}."
    _tell(f"{opening} {asked.because}")


def results() -> dict:
    """Exercise name -> whether its last check passed, for the exercises checked in this session."""
    return dict(_results)


def progress():
    """Print what was checked and predicted in this session."""
    passed = sum(_results.values())
    print(f"Exercises passed: {passed} of {len(_results)} checked.")
    for name, right in _results.items():
        print(f"  {'passed' if right else 'open':7} {name}")
    correct = sum(right for _, right in _predictions.values())
    print(f"Predictions right at the first guess: {correct} of {len(_predictions)}.")


def exercises() -> dict:
    """Every exercise of the course by its name."""
    return {exercise.name: exercise for table in _tables() for exercise in table.EXERCISES}


def predictions() -> dict:
    """Every prediction of the course by its question."""
    return {question: asked for table in _tables() for question, asked in table.PREDICTIONS.items()}


def _tell(text):
    """Print the text, its long lines broken between words and continued under where their words began."""
    for line in str(text).split("\n"):
        begin = re.match(r" *(\S+( \S+)? {2,})?", line).end() or 2  # behind a label such as "needed" or "looks as"
        print(*textwrap.wrap(line, WIDTH, **BREAKS, subsequent_indent=" " * begin) or [""], sep="\n")


def _tables():
    return [importlib.import_module(f"cnnlab.checks.{name}") for name in TABLES]


def _find(known, name, function, kind):
    if isinstance(name, str) and name in known:
        return known[name]
    near = difflib.get_close_matches(str(name), known, n=1)
    advice = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known))}."
    raise ValueError(f"{function}: there is no {kind} {name!r}. {advice}")
