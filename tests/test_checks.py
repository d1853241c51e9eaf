"""Exercises: every right answer passes, every known wrong answer is refused and named, nothing throws."""

import pytest
import torch
import torch.nn.functional as F

from cnnlab import checks
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, ValueExercise, Wrong, write

ALL = checks.exercises()
WRONG = [(name, wrong) for name, exercise in ALL.items() for wrong in exercise.wrong]


@pytest.fixture(autouse=True)
def new_session(monkeypatch):
    for record in ("_hints_given", "_results", "_predictions"):
        monkeypatch.setattr(checks, record, {})


def solved(name):
    """What the exercise's variable holds after its cell ran with the library's answer."""
    cell = "import torch\nfrom torch import nn\nfrom cnnlab import data, models, ops, plots, shapes, train, widgets\n"
    space = {}
    exec(cell + checks.solution(name), space)
    return space[name]


@pytest.mark.parametrize("name", ALL)
def test_the_librarys_answer_passes(name):
    verdict = ALL[name].verdict(solved(name))
    assert verdict.passed, verdict.text


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=[f"{n}: {w.says[:40]}" for n, w in WRONG])
def test_a_known_wrong_answer_is_refused_and_named(name, wrong):
    exercise = ALL[name]
    verdict = exercise.verdict(wrong.answer() if isinstance(exercise, JudgedExercise) else wrong.answer)
    assert not verdict.passed
    assert wrong.says in verdict.text, verdict.text


DENSE_FIRST = """\
class DigitNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(400, 10)
        self.conv2, self.conv1 = nn.Conv2d(8, 16, 3), nn.Conv2d(1, 8, 5)

    def forward(self, x):
        for conv in (self.conv1, self.conv2):
            x = conv(x).relu()
            x = x.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5))
        return self.linear(x.flatten(1))


digit_net = DigitNet()"""


def test_another_way_to_a_right_network_passes():
    space = {"nn": torch.nn}
    exec(DENSE_FIRST, space)
    verdict = ALL["digit_net"].verdict(space["digit_net"])
    assert verdict.passed, verdict.text


@pytest.mark.parametrize("name", ALL)
def test_an_exercise_is_complete(name):
    exercise = ALL[name]
    assert len(exercise.hints) >= 2, "hints come in levels"
    assert len(exercise.wrong) >= 2, "known wrong answers prove that the check can refuse"
    assert exercise.minutes > 0
    assert exercise.level in ("easy", "medium", "hard")


TWINS = [name for name, e in ALL.items() if isinstance(e, FunctionExercise) and hasattr(F, e.answer.__name__)]


@pytest.mark.parametrize("name", TWINS)
def test_the_cases_of_the_learner_hold_against_pytorch(name):
    exercise = ALL[name]
    for case in exercise.cases:
        ours = exercise._outcome(exercise.answer, case)  # on copies: batch_norm changes what it is given
        theirs = exercise._outcome(getattr(F, exercise.answer.__name__), case)
        torch.testing.assert_close(ours, theirs)


def leave():
    raise SystemExit


class Hostile:
    """Everything that a verdict might do with an answer raises."""

    def __call__(self, *args, **kwargs):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no words either")

    def __eq__(self, other):
        raise RuntimeError("not comparable")

    __hash__ = None


HALF_WRITTEN = [
    None,
    ...,
    3,
    float("nan"),
    "text",
    [1, "two", None],
    torch.zeros(2, 3),
    torch.tensor([float("nan")]),
    torch.zeros(0),
    object(),
    Hostile(),
    lambda: 1,
    lambda *args, **kwargs: None,
    lambda *args, **kwargs: ...,
    lambda *args, **kwargs: "text",
    lambda *args, **kwargs: [[1, 2], [3, 4]],
    lambda *args, **kwargs: torch.zeros(0),
    lambda *args, **kwargs: torch.full((2, 2), float("nan")),
    lambda *args, **kwargs: 1 / 0,
    lambda *args, **kwargs: leave(),
    lambda *args, **kwargs: [a.zero_() for a in args if hasattr(a, "zero_")],
]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("answer", HALF_WRITTEN, ids=range(len(HALF_WRITTEN)))
def test_no_half_written_answer_passes_or_throws(name, answer, capsys):
    checks.check(name, answer)
    assert checks.results() == {name: False}
    assert capsys.readouterr().out.startswith(f"{name}: ")


# A small exercise of our own shows the words of each verdict.
def double(x, times=1):
    return x * 2**times


DOUBLE = FunctionExercise(
    "double", 3, "easy", ("Think.", "Multiply."), answer=double,
    cases=(Case("one number", (torch.tensor([3.0]),)), Case("twice", (torch.tensor([[1.0, 2.0]]),), {"times": 2})),
    wrong=(Wrong(lambda x, times=1: x * 2, "times is ignored"), Wrong(lambda x, times=1: x + 2, "two is added")),
)  # fmt: skip


def broken(x, times=1):
    return x * undefined_name  # noqa: F821


def unwritten(x, times=1):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (..., "double: not written yet"),
        (double(torch.ones(1)), "this is a Tensor, not a function"),
        (lambda x, times=1: None, "case 1 of 2, one number: it returns nothing yet"),
        (broken, "error     NameError: name 'undefined_name' is not defined"),
        (broken, "in line   return x * undefined_name"),
        (unwritten, "not written yet\n  needed    put your code in place of the three dots"),
        (lambda x, times=1: x.byte().mean(), "error     NotImplementedError: mean()"),  # PyTorch's word for bytes
        (lambda x: x * 2, "case 2 of 2, twice: your function stopped with an error"),
        (lambda x, times=1: (x * 2).tolist(), "expected  a tensor of shape (1,)\n  got       a list; torch.tensor"),
        (lambda x, times=1: (x * 2)[None], "expected  shape (1,)\n  got       shape (1, 1)"),
        (lambda x, times=1: x * 2, "case 2 of 2, twice\n  call      double((1, 2), times=2)\n  x         [[1, 2]]"),
        (lambda x, times=1: x * 2, "expected  [[4, 8]]\n  got       [[2, 4]]\n  looks as  if times is ignored"),
        (lambda x, times=1: x * 2**times / 2, "expected  [6]\n  got       [3]"),
        (lambda x, times=1: [6.0], "torch.tensor(...) makes it a tensor"),
        (lambda x, times=1: x.mul_(2), "it changes its input"),
        (lambda x, times=1: x, 'stuck?    checks.hint("double")'),
    ],
)
def test_a_verdict_names_the_problem(answer, words):
    verdict = DOUBLE.verdict(answer)
    assert not verdict.passed
    assert words in verdict.text


def test_a_pass_says_what_was_tested():
    assert DOUBLE.verdict(double).text == "double: all 2 cases pass (one number; twice)"


def keep_count(x, total):
    total += x.sum()
    return 2 * x


COUNT = FunctionExercise(
    "keep_count", 3, "easy", ("Add.", "In place."), answer=keep_count, changes=("total",),
    cases=(Case("two numbers", (torch.tensor([1.0, 2]), torch.tensor(10.0))),),
    wrong=(Wrong(lambda x, total: 2 * x, "total stays as it was"), Wrong(lambda x, total: x, "nothing is doubled")),
)  # fmt: skip


def test_what_an_answer_changes_in_place_counts_too():
    before = COUNT.cases[0].args[1].clone()
    assert COUNT.verdict(keep_count).passed

    def rebinds(x, total):
        total = total + x.sum()
        return 2 * x

    verdict = COUNT.verdict(rebinds)
    assert "two numbers: the result is right, but it leaves total wrong\n" in verdict.text
    assert "expected  13\n  got       10\n  looks as  if total stays as it was" in verdict.text
    assert "nothing is doubled" in COUNT.verdict(lambda x, total: (x, total.add_(3))[0]).text
    assert "it changes its input" in COUNT.verdict(lambda x, total: (total.add_(x.sum()), x.mul_(2))[1]).text
    assert torch.equal(COUNT.cases[0].args[1], before), "the case itself stays as it is"


def test_a_value_exercise_names_the_mistake():
    count = ValueExercise(
        "count", 1, "easy", ("Bias, too.",), answer=lambda: 160, solution="count = 9 * 16 + 16",
        because="16 filters.", wrong=(Wrong(144, "the biases are left out"),),
    )  # fmt: skip
    assert count.verdict(160).text == "count: right, 160. 16 filters."
    assert count.verdict(torch.tensor(160)).passed
    assert "looks as  if the biases are left out" in count.verdict(144).text
    assert "160" not in count.verdict(150).text, "the answer stays hidden"
    assert not count.verdict(True).passed
    assert not count.verdict(80).passed


def test_a_number_of_numpy_is_a_number():
    import numpy as np

    exercise = ValueExercise("n", 1, "easy", ("think",), answer=lambda: 8, solution="n = 8")
    assert exercise.verdict(np.int64(8)).passed and exercise.verdict(np.float32(8)).passed
    assert not exercise.verdict(np.bool_(True)).passed and not exercise.verdict(np.int64(9)).passed


def test_a_count_is_right_or_wrong():
    """A relative tolerance would let a count of millions be off by hundreds."""
    exercise = ValueExercise("n", 1, "easy", ("think",), answer=lambda: 26_218_496, solution="n = 26_218_496")
    assert exercise.verdict(26_218_496.0).passed
    assert not exercise.verdict(26_218_497).passed


def test_a_judged_exercise_asks_its_points_in_order():
    even = JudgedExercise(
        "even", 1, "easy", ("Halve it.",), solution="even = 4",
        rules=(("a number", lambda a: isinstance(a, int) or f"a {type(a).__name__}"), ("even", lambda a: a % 2 == 0)),
    )  # fmt: skip
    assert even.verdict(4).passed
    assert "point 1 of 2\n  needed    a number\n  got       a str" in even.verdict("4").text
    assert "point 2 of 2" in even.verdict(3).text


def test_hints_come_in_levels(capsys):
    name = next(iter(ALL))
    for level in range(1, len(ALL[name].hints) + 1):
        checks.hint(name)
        assert f"hint {level} of {len(ALL[name].hints)}" in capsys.readouterr().out
    checks.hint(name)
    assert f'checks.reveal("{name}")' in capsys.readouterr().out


def test_reveal_prints_the_librarys_own_source(capsys):
    checks.reveal("corr2d")
    assert capsys.readouterr().out.startswith("def corr2d(x, weight):")


QUESTIONS = checks.predictions()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_prediction_knows_its_answer(question, capsys):
    def said():
        """What was printed as one line; on the page no line is too long for JupyterLab."""
        out = capsys.readouterr().out
        assert max(map(len, out.splitlines())) <= checks.WIDTH
        return " ".join(out.split())

    asked = QUESTIONS[question]
    truth = asked.answer()
    checks.predict(question, ...)
    assert "your turn" in said()
    checks.predict(question, truth)
    assert said() == " ".join(f"Right: {write(truth)}. {asked.because}".split())
    if asked.choices:
        assert truth in asked.choices
        checks.predict(question, "something else")
        assert "is not a choice" in said()
        wrong = next(choice for choice in asked.choices if choice != truth)
        checks.predict(question, f" {truth.upper()}")
        assert said().startswith("Right: ")
    else:
        wrong = (not truth) if isinstance(truth, bool) else (0,) if isinstance(truth, tuple) else 3 * truth + 1
        checks.predict(question, f"{truth}")
        assert "without quotes" in said() or isinstance(truth, str)
    checks.predict(question, wrong)
    assert said().startswith("Not quite: ")


def test_long_lines_go_on_under_their_words_and_short_ones_stay(capsys):
    rows = "  expected  [[1,   2],\n            [3, 4]]\n"
    checks._tell(rows + "  got       " + "word " * 20)
    went, on = capsys.readouterr().out.removeprefix(rows).splitlines()
    assert went == "  got       " + " ".join(["word"] * 14)
    assert on == " " * 12 + " ".join(["word"] * 6)
    checks._tell("  looks as  if " + "word " * 20)  # a label of two words
    assert capsys.readouterr().out.splitlines()[1].startswith(" " * 12 + "word")


def test_what_is_taken_for_0_is_written_so():
    assert (write(1.2e-12), write(0.0), write([2.5, -1e-13]), write(1e-3)) == (
        "about 0",
        "0",
        "[2.5, about 0]",
        "0.001",
    )


def test_the_first_guess_counts(capsys):
    question = "stops of a 2-number window on 6 numbers"
    checks.predict(question, -1)
    checks.predict(question, QUESTIONS[question].answer())
    recorded = len(checks._predictions)
    checks.progress()
    assert recorded == 1
    assert "Predictions right at the first guess: 0 of 1." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: checks.check("corr2", None), "check: there is no exercise 'corr2'. Did you mean 'corr2d'?"),
        (lambda: checks.hint("zzz"), "hint: there is no exercise 'zzz'. Known: "),
        (lambda: checks.reveal(None), "reveal: there is no exercise None"),
        (lambda: checks.predict("what?", 1), r"predict: there is no question 'what\?'"),
    ],
)
def test_unknown_names(call, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        call()
