"""How an answer is judged: exercises, their cases, and the verdict in words.

An exercise holds one table of cases and one list of known wrong answers. The learner's `check` walks the
cases; the project's tests walk them against PyTorch; and when an answer fails, the wrong answers name the
mistake: whichever of them gives the learner's result says what went wrong.
"""

import contextlib
import inspect
import io
import math
import numbers
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

SMALL = 36  # numbers of a tensor that a verdict still writes out
RESULT, KEPT = "result", "kept"  # parts of what a call of a function leaves behind


@dataclass(frozen=True)
class Verdict:
    """Whether an answer passes, and the lines that say why."""

    passed: bool
    text: str

    def __str__(self):
        return self.text


@dataclass(frozen=True)
class Case:
    """One call of the learner's function. `why` names what only this case can tell, e.g. "stride 2"."""

    why: str
    args: tuple
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wrong:
    """A known wrong answer and the sentence that names its mistake."""

    answer: Any
    says: str


@dataclass(frozen=True)
class Exercise:
    """What every exercise has. `solution` is the code that the exercise's cell could hold."""

    name: str
    minutes: int
    level: str  # easy, medium, hard
    hints: Sequence[str]
    wrong: Sequence[Wrong] = ()

    def verdict(self, answer) -> Verdict:
        """The judgement on `answer`; never raises, whatever the answer does."""
        if answer is None or answer is ...:
            return self.fail("not written yet", [("needed", "put your answer in place of the three dots")])
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # the learner's own prints do not bury the verdict
                return self.judge(answer)
        except (Exception, SystemExit) as error:  # a judge met something it did not expect: still a verdict
            return self.fail("your answer stopped with an error", _error_lines(error))

    def judge(self, answer) -> Verdict:
        raise NotImplementedError

    def fail(self, headline: str, lines: Sequence[tuple[str, str]] = ()) -> Verdict:
        rows = [*lines, ("stuck?", f'checks.hint("{self.name}")')]
        return Verdict(False, "\n".join([f"{self.name}: {headline}", *(_row(*row) for row in rows)]))

    def succeed(self, what: str) -> Verdict:
        return Verdict(True, f"{self.name}: {what}")


@dataclass(frozen=True)
class FunctionExercise(Exercise):
    """The learner writes `answer` again. The library's own function is the only copy of the solution."""

    answer: Callable = None
    cases: Sequence[Case] = ()
    tolerance: float = 1e-4  # relative; float32 sums in another order stay below it
    changes: Sequence[str] = ()  # arguments that the function has to change in place, as batch_norm does

    @property
    def solution(self) -> str:
        return f"from {self.answer.__module__} import {self.answer.__name__} as {self.name}"

    @property
    def source(self) -> str:
        return inspect.getsource(self.answer)

    def judge(self, answer):
        if not callable(answer):
            come = type(answer).__name__
            return self.fail(
                f"this is a {come}, not a function",
                [("needed", f'checks.check("{self.name}", {self.name}): the function itself, without brackets')],
            )
        for number, case in enumerate(self.cases, 1):
            problem = self.compare(answer, case)
            if problem:
                headline, lines = problem
                where = f"case {number} of {len(self.cases)}, {case.why}"
                return self.fail(f"{where}: {headline}" if headline else where, lines)
        return self.succeed(f"all {len(self.cases)} cases pass ({'; '.join(case.why for case in self.cases)})")

    def compare(self, answer, case):
        """None if `answer` is right in `case`, else (headline, lines)."""
        expected = self._outcome(self.answer, case)
        call = [("call", _call(self.name, self.answer, case))]
        values = _arguments(self.answer, case)
        try:
            got = self._outcome(answer, case)
        except (Exception, SystemExit) as error:
            if isinstance(error, NotImplementedError) and not str(error):  # PyTorch's own ones say what is missing
                return "not written yet", [("needed", "put your code in place of the three dots")]
            return "your function stopped with an error", [*call, *_error_lines(error, answer)]
        if got[RESULT] is None or got[RESULT] is ...:
            nothing = "it returns nothing yet" if case is self.cases[0] else "it returns nothing in this case"
            return nothing, [*call, ("needed", "a line `return ...` with the result")]
        if not _unchanged(got[KEPT], expected[KEPT]):
            return "it changes its input", [*call, ("needed", "work on a copy: x.clone(), or build a new tensor")]
        for part in (RESULT, *self.changes):
            difference = compare_values(got[part], expected[part], self.tolerance)
            if difference is not None:
                looks = self._looks_like(got, case, expected, part)
                headline = "" if part == RESULT else f"the result is right, but it leaves {part} wrong"
                return headline, [*call, *(values if difference.written_out else []), *difference.lines, *looks]
        return None

    def _outcome(self, function, case):
        """What the function returns, how it leaves the arguments that it changes, and how the others."""
        args, kwargs = _copy(case.args), _copy(case.kwargs)
        bound = inspect.signature(self.answer).bind(*args, **kwargs).arguments
        result = function(*args, **kwargs)
        kept = {name: value for name, value in bound.items() if name not in self.changes}
        return {RESULT: result, KEPT: kept} | {name: bound[name] for name in self.changes}

    def _looks_like(self, got, case, expected, part):
        """Which known wrong answer is right before `part`, and there what was got."""
        parts = (RESULT, *self.changes)
        before = parts[: parts.index(part)]
        for wrong in self.wrong:
            with contextlib.suppress(Exception):
                known = self._outcome(wrong.answer, case)
                same = compare_values(got[part], known[part], self.tolerance) is None
                if same and all(compare_values(known[p], expected[p], self.tolerance) is None for p in before):
                    return [("looks as", f"if {wrong.says}")]
        return []


@dataclass(frozen=True)
class ValueExercise(Exercise):
    """The learner gives a number, a word, a tuple or a tensor. `answer()` computes the right one."""

    answer: Callable = None
    solution: str = ""  # the code of the cell, e.g. "weights = 3 * 3 * 16 + 16"
    because: str = ""  # the sentence that a right answer earns
    tolerance: float = 1e-4

    @property
    def source(self) -> str:
        return self.solution + "\n"

    def judge(self, answer):
        difference = compare_values(answer, self.answer(), self.tolerance)
        if difference is None:
            return self.succeed(f"right, {write(answer)}. {self.because}".rstrip())
        for wrong in self.wrong:
            if compare_values(answer, wrong.answer, self.tolerance) is None:
                return self.fail(f"{write(answer)} is not it", [("looks as", f"if {wrong.says}")])
        lines = [line for line in difference.lines if line[0] != "expected"]
        return self.fail("not yet", lines)


@dataclass(frozen=True)
class JudgedExercise(Exercise):
    """The learner gives something that has to have properties: a module, a kernel, an explorer's setting.

    `rules` are (what is required, test) pairs, asked in order; a test gets the answer and returns True,
    or a sentence that says what is wrong. In `wrong`, each answer is made by a function without arguments,
    and `says` holds words of the verdict that it must get.
    """

    rules: Sequence[tuple[str, Callable]] = ()
    solution: str = ""

    @property
    def source(self) -> str:
        return self.solution + "\n"

    def judge(self, answer):
        for number, (required, test) in enumerate(self.rules, 1):
            try:
                found = test(answer)
            except (Exception, SystemExit) as error:
                return self.fail(
                    f"point {number} of {len(self.rules)} could not be tried",
                    [("needed", required), *_error_lines(error, answer)],
                )
            if found is not True:
                came = [("got", found)] if isinstance(found, str) else []
                return self.fail(f"point {number} of {len(self.rules)}", [("needed", required), *came])
        return self.succeed(f"all {len(self.rules)} points hold ({'; '.join(required for required, _ in self.rules)})")


@dataclass(frozen=True)
class Prediction:
    """A question asked before the run. `answer()` computes the truth; `because` explains it in one sentence."""

    answer: Callable
    because: str
    tolerance: float = 0.0  # relative: 0.1 lets 90 to 110 count as 100
    choices: Sequence[str] = ()


@dataclass(frozen=True)
class Difference:
    lines: Sequence[tuple[str, str]]
    written_out: bool = False  # the values are small enough that the arguments help, too


def compare_values(got, expected, tolerance):
    """None if `got` equals `expected`, else the Difference: type first, then shape, then values."""
    if isinstance(expected, Tensor):
        if not isinstance(got, Tensor):
            cure = "; torch.tensor(...) makes it a tensor" if isinstance(got, (list, tuple)) else ""
            return Difference([("expected", f"a tensor of shape {_shape(expected)}"), ("got", _kind(got) + cure)])
        if got.shape != expected.shape:
            return Difference([("expected", f"shape {_shape(expected)}"), ("got", f"shape {_shape(got)}")])
        a, b = got.detach().to("cpu", torch.float64), expected.detach().to("cpu", torch.float64)
        scale = b[b.isfinite()].abs().max().item() if b.isfinite().any() else 1.0
        if torch.allclose(a, b, rtol=tolerance, atol=tolerance * max(scale, 1e-6), equal_nan=True):
            return None
        if b.numel() <= SMALL:
            return Difference([("expected", write(expected)), ("got", write(got))], written_out=True)
        where = tuple(((a - b).abs().nan_to_num(math.inf) > tolerance * max(scale, 1e-6)).nonzero()[0].tolist())
        return Difference([("expected", f"{write(b[where])} at {list(where)}"), ("got", write(a[where]))])
    if isinstance(expected, (tuple, list)):
        if isinstance(got, Tensor) or not isinstance(got, (tuple, list, torch.Size)):
            return Difference([("expected", f"{len(expected)} values, {write(expected)}"), ("got", _kind(got))])
        parts = zip(got, expected, strict=False)
        if len(got) == len(expected) and all(compare_values(a, b, tolerance) is None for a, b in parts):
            return None
        small = all(isinstance(part, Tensor) and part.numel() <= SMALL for part in expected)
        return Difference([("expected", write(expected)), ("got", write(got))], written_out=small)
    if isinstance(expected, (bool, str)):
        same = isinstance(got, type(expected)) and (
            got.strip().lower() == expected.strip().lower() if isinstance(got, str) else got == expected
        )
        return None if same else Difference([("expected", repr(expected)), ("got", write(got))])
    value = got.item() if isinstance(got, Tensor) and got.numel() == 1 else got
    if isinstance(value, bool) or not isinstance(value, numbers.Real):  # numpy has whole numbers of its own
        return Difference([("expected", f"a number, {write(expected)}"), ("got", _kind(got))], written_out=True)
    if math.isnan(value) and math.isnan(expected):  # a known wrong answer that is no number either
        return None
    if isinstance(expected, int) and tolerance < 1e-3:  # a count, not a measurement
        tolerance = 0.0
    if math.isclose(value, expected, rel_tol=tolerance, abs_tol=1e-9):
        return None
    return Difference([("expected", write(expected)), ("got", write(value))], written_out=True)


def write(value) -> str:
    """A value as a learner would write it: whole numbers without a point, tensors as nested lists."""
    if isinstance(value, Tensor):
        if value.numel() > SMALL:
            return f"{_shape(value)} tensor"
        return write(value.detach().cpu().tolist())
    if isinstance(value, (list, tuple, torch.Size)):
        inner = ", ".join(write(part) for part in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, float):
        if 0 < abs(value) < 1e-9:  # what compare_values takes for 0
            return "about 0"
        return str(int(value)) if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"
    return repr(value)


def _row(label, text):
    first, *rest = str(text).splitlines() or [""]
    return "\n".join([f"  {label:9} {first}", *(" " * 12 + line for line in rest)])


def _shape(x):
    return str(tuple(x.shape))


def _kind(value):
    if isinstance(value, (bool, int, float, str)):
        return f"{value!r} ({type(value).__name__})"
    if isinstance(value, Tensor):
        return f"a tensor of shape {_shape(value)}"
    return f"a {type(value).__module__}.{type(value).__name__}".replace("builtins.", "")


def _call(name, function, case):
    parts = [_shape(a) if isinstance(a, Tensor) else write(a) for a in case.args]
    parts += [f"{key}={_shape(v) if isinstance(v, Tensor) else write(v)}" for key, v in case.kwargs.items()]
    return f"{name}({', '.join(parts)})"


def _arguments(function, case):
    """The small tensors among the arguments, by name, so that the case can be redone by hand."""
    bound = inspect.signature(function).bind(*case.args, **case.kwargs).arguments
    return [(key, write(v)) for key, v in bound.items() if isinstance(v, Tensor) and v.numel() <= SMALL]


def _error_lines(error, function=None):
    """The error in one line, and the learner's own line that raised it."""
    lines = [("error", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else '(no message)'}")]
    home = getattr(getattr(function, "__code__", None), "co_filename", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == home]
    if frames and frames[-1].line:
        lines.append(("in line", frames[-1].line))
    return lines


def _copy(value):
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, Mapping):
        return {key: _copy(v) for key, v in value.items()}
    return type(value)(_copy(v) for v in value) if isinstance(value, (list, tuple)) else value


def _unchanged(a, b):
    if isinstance(a, Tensor):
        return a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, Mapping):
        return all(_unchanged(a[key], b[key]) for key in b)
    return all(map(_unchanged, a, b)) if isinstance(a, (list, tuple)) else True
