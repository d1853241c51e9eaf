"""Notebook 15: the defects of four trainings, and what there is to predict; its other exercises stand apart by idea."""

import math

from cnnlab.checks import looks, own_net, patients
from cnnlab.checks.engine import JudgedExercise, Prediction, Wrong

ASKED = (1, 2, 3, 4)


def _name(said):
    """The defect as the list spells it, whatever the case of its letters."""
    return {name.lower(): name for name in patients.DEFECTS}.get(str(said).strip().lower())


def _is_a_dictionary(diagnosis):
    if not isinstance(diagnosis, dict):
        return f"a {type(diagnosis).__name__}; write {{1: 'rate too high', 2: ...}}"
    missing = [number for number in ASKED if diagnosis.get(number) in (None, ...)]
    return not missing or f"nothing for patient {missing[0]}; its key is the number {missing[0]}"


def _are_known(diagnosis):
    unknown = [said for said in diagnosis.values() if _name(said) is None]
    return not unknown or f"{unknown[0]!r}, which is not in the list checks.DEFECTS"


def _fits(number):
    def ask(diagnosis):
        said = _name(diagnosis[number])
        if said == patients.CASES[number - 1]:
            return True
        return f"{said!r}: then {patients.WOULD_SHOW[said]}. Look: it is not so"

    return ask


def _further_fit(diagnosis):
    """Those of patients 5 to 8 that were named, too."""
    named = [number for number in range(1, len(patients.CASES) + 1) if number in diagnosis and number not in ASKED]
    return next((said for number in named if (said := _fits(number)(diagnosis)) is not True), True)


def _diagnosis(**changed):
    right = {number: patients.CASES[number - 1] for number in ASKED}
    return right | {int(number[1:]): said for number, said in changed.items()}


EXERCISES = [
    *own_net.EXERCISES,
    *looks.EXERCISES,
    JudgedExercise(
        "diagnosis",
        minutes=12,
        level="hard",
        hints=(
            "Patient by patient: first and last loss, both accuracies, what moved, the range of the answers, mean and "
            "spread of both piles.",
            "Answers from 0 to 1 that sum to 1? Validation pictures unlike the others? The same answer for all? Every "
            "layer moves and still no better than a guess? One patient each.",
        ),
        rules=(
            ("a dictionary with a defect for each of the patients 1 to 4", _is_a_dictionary),
            ("names of the list checks.DEFECTS", _are_known),
            *((f"the defect of patient {number}", _fits(number)) for number in ASKED),
            ("the defects of further patients, where you name them", _further_fit),
        ),
        solution=f"diagnosis = {_diagnosis()}",
        wrong=(
            Wrong(lambda: "rate too high", "a str; write {1: "),
            Wrong(lambda: {str(number): said for number, said in _diagnosis().items()}, "its key is the number 1"),
            Wrong(lambda: _diagnosis(_5="dead ReLUs"), "all pictures would get the very same logits"),
            Wrong(lambda: {1: "softmax before the loss"}, "nothing for patient 2"),
            Wrong(lambda: _diagnosis(_1="sick"), "'sick', which is not in the list"),
            Wrong(lambda: _diagnosis(_1="rate too low"), "moved by less than a thousandth"),
            Wrong(lambda: _diagnosis(_2="shuffled labels"), "no better than a guess"),
            Wrong(lambda: _diagnosis(_3="frozen layers"), "some layers would not have moved"),
            Wrong(lambda: _diagnosis(_4="zero_grad forgotten"), "far longer than one batch's own"),
        ),
    ),
]


def _first_loss():
    return math.log(4)


def _trials():
    return math.ceil(math.log(0.05) / math.log(0.95))


PREDICTIONS = {
    "multiply-adds after halving the side and doubling the maps": Prediction(
        lambda: "the same",
        "A quarter of the pixels, and four times the weights: twice the maps to read, twice the maps to write.",
        choices=("a quarter", "the same", "four times"),
    ),
    "the change that hurts a short training most": Prediction(
        lambda: "eight more layers",
        "More layers could do more, but a plain deep stack hardly begins to learn in one pass (notebook 10).",
        choices=("no batch norm", "no pooling", "eight more layers"),
    ),
    "first loss with four classes": Prediction(
        _first_loss, "Each class gets a quarter, and minus the log of a quarter is log(4).", tolerance=0.02
    ),
    "the batches that a high rate hurts more": Prediction(
        lambda: "batches of 8",
        "Each step trusts fewer pictures, and there are more steps: the range of good rates lies lower.",
        choices=("batches of 8", "batches of 32", "both alike"),
    ),
    "random trials until one is among the best 5 percent": Prediction(
        _trials,
        "All of n miss with probability 0.95 to the power of n; at 59 that falls below 0.05.",
        tolerance=0.03,
    ),
}
