"""Exercises of 06_learning: the slope of a convolution, a training step, a kernel that knows equal pixels."""

import inspect

import torch
from torch import nn

from cnnlab import ops
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, Wrong, write
from cnnlab.ops.gradients import weight_gradient


def _whole(*rows):
    return torch.tensor(rows, dtype=torch.float32)


# A training step ------------------------------------------------------------------------------------------------------

LEARNING_RATE = 0.125  # halves and quarters: the verdict's numbers stay short
X, Y = _whole([1, 0], [0, 2], [1, 1], [2, 1]), _whole([1], [-2], [1], [3])


def train_step(model, optimizer, x, y):
    loss = ((model(x) - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def _watch(answer, steps):
    """Run `answer` on a small linear model: what it returned last, and the weights after it."""
    model = nn.utils.skip_init(nn.Linear, 2, 1)  # draws no random numbers: the learner's own seed stays in force
    with torch.no_grad():
        model.weight.copy_(_whole([1, 1]))
        model.bias.zero_()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    for _ in range(steps):
        returned = answer(model, optimizer, X.clone(), Y.clone())
    return returned, torch.cat([p.detach().ravel() for p in (model.weight, model.bias)])


def _returns_the_loss(answer):
    if not callable(answer):
        return f"a {type(answer).__name__}; give the function itself"
    returned, _ = _watch(answer, 1)
    before, _ = _watch(train_step, 1)
    after, _ = _watch(train_step, 2)
    if returned is None or returned is ...:
        return "nothing: end the function with return loss.item()"
    value = returned.item() if isinstance(returned, torch.Tensor) and returned.numel() == 1 else returned
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"a {type(returned).__name__}; one number is needed"
    if abs(value - before) < 1e-4:
        return True
    if abs(value - after) < 1e-4:
        return "the loss after the step; compute it once, before"
    if abs(value - before * len(X)) < 1e-4:
        return "the sum of the squared errors; the mean is needed"
    return f"{write(float(value))} where the loss is {write(before)}"


def _steps_downhill(answer):
    _, start = _watch(lambda *_: None, 1)
    _, right = _watch(train_step, 1)
    _, got = _watch(answer, 1)
    if torch.allclose(got, right, atol=1e-4):
        return True
    if torch.equal(got, start):
        return "the weights did not move: backward() must come first, then step()"
    if torch.allclose(got - start, start - right, atol=1e-4):
        return "the weights went uphill"
    return f"weights and bias {write(got)} where {write(right)} is right"


def _starts_afresh(answer):
    _, right = _watch(train_step, 2)
    _, got = _watch(answer, 2)
    if torch.allclose(got, right, atol=1e-4):
        return True
    return "the slopes of the first step were still there: zero_grad() is missing, or stands in the wrong place"


def _train_step_without(*left_out, order=("zero_grad", "backward", "step"), value="before"):
    """A known wrong answer: a training step with something left out, or in another order."""

    def train_step(model, optimizer, x, y):
        loss = ((model(x) - y) ** 2).mean()
        calls = {"zero_grad": optimizer.zero_grad, "backward": loss.backward, "step": optimizer.step}
        for name in order:
            if name not in left_out:
                calls[name]()
        after = ((model(x) - y) ** 2).mean()
        return {"before": loss.item(), "after": after.item(), "sum": loss.item() * len(x), "nothing": None}[value]

    return lambda: train_step


# A kernel that knows equal pixels -------------------------------------------------------------------------------------


def _mixed():
    """The 510 black-and-white 3x3 pictures whose pixels are not all equal, (510, 9)."""
    return (torch.arange(1, 511)[:, None] >> torch.arange(9) & 1).double()


def _nine_whole_numbers(kernel):
    kernel = torch.as_tensor(kernel)
    if tuple(kernel.shape) != (3, 3):
        return f"shape {tuple(kernel.shape)}"
    return True if bool((kernel == kernel.round()).all()) else "numbers with a fraction"


def _silent_for_equal(kernel):
    total = torch.as_tensor(kernel).double().sum().item()
    return total == 0 or f"the weights sum to {write(total)}, so nine white pixels give {write(total)}"


def _loud_for_mixed(kernel):
    pictures = _mixed()
    silent = pictures[pictures @ torch.as_tensor(kernel).double().ravel() == 0]
    if len(silent) == 0:
        return True
    example = write(silent[0].reshape(3, 3).int())
    return f"{len(silent)} other pictures give 0, too, such as {example}"


EXERCISES = [
    JudgedExercise(
        "train_step",
        8,
        "medium",
        hints=(
            "Five lines: the loss, zero_grad, backward, step, return.",
            "The loss is ((model(x) - y) ** 2).mean(). It has backward(); the optimizer has the other two.",
        ),
        wrong=(
            Wrong(_train_step_without("zero_grad"), "zero_grad() is missing"),
            Wrong(_train_step_without("step"), "the weights did not move"),
            Wrong(_train_step_without(order=("zero_grad", "step", "backward")), "the weights did not move"),
            Wrong(_train_step_without(order=("backward", "zero_grad", "step")), "the weights did not move"),
            Wrong(_train_step_without(value="nothing"), "nothing: end the function with return"),
            Wrong(_train_step_without(value="after"), "the loss after the step"),
            Wrong(_train_step_without(value="sum"), "the sum of the squared errors"),
        ),
        rules=(
            ("it returns the loss before the step, one number", _returns_the_loss),
            ("one step moves each weight by learning rate times slope", _steps_downhill),
            ("a second step uses its own slopes only", _starts_afresh),
        ),
        solution=inspect.getsource(train_step),
    ),
    FunctionExercise(
        "weight_gradient",
        10,
        "medium",
        hints=(
            "Which pixels does weight[0, 0] meet? The top left corner of x, as many as there are pixels in grad.",
            "weight[i, j] meets x[i : i + oh, j : j + ow]. Multiply by grad, sum, and write it at [i, j].",
            "You wrote this double loop in notebook 01. What slides over x here?",
        ),
        answer=weight_gradient,
        cases=(
            Case("one output", (_whole([1, 2], [3, 4]), _whole([3]))),
            Case("four outputs", (_whole([1, 2, 3], [4, 5, 6], [7, 8, 10]), _whole([1, 0], [2, -1]))),
            Case("not square", (_whole([1, 0, 2, 1, 0], [0, 3, 1, 0, 2], [2, 1, 0, 1, 1]), _whole([1, -1], [0, 2]))),
        ),
        wrong=(
            Wrong(lambda x, grad: ops.corr2d(x, grad.flip(0, 1)), "grad is turned by 180 degrees before it slides"),
            Wrong(lambda x, grad: ops.corr2d(x, torch.ones_like(grad)), "grad is not used: each output counts as 1"),
            Wrong(lambda x, grad: ops.corr2d(x, grad) / grad.numel(), "the mean is taken where slopes add up"),
            Wrong(lambda x, grad: ops.corr2d(x, grad) / 2, "every slope is halved"),
            Wrong(lambda x, grad: ops.corr2d(x, grad).T, "rows and columns of the answer are swapped"),
            Wrong(lambda x, grad: _first_window(x, grad), "only the first output counts"),
        ),
    ),
    JudgedExercise(
        "equal_kernel",
        8,
        "medium",
        hints=(
            "Which pixels does the Laplacian not see at all?",
            "Eight weights of one sign cannot cancel among themselves. The ninth has to cancel all of them.",
            "Eight ones around a middle: which middle makes the sum 0?",
        ),
        wrong=(
            Wrong(lambda: torch.ones(3, 3), "the weights sum to 9"),
            Wrong(lambda: _whole([0, 1, 0], [1, -4, 1], [0, 1, 0]), "30 other pictures give 0"),
            Wrong(lambda: _whole([1, 1, 1], [1, 8, 1], [1, 1, 1]), "the weights sum to 16"),
            Wrong(lambda: torch.zeros(3, 3), "510 other pictures give 0"),
            Wrong(lambda: _whole([1, 1, 1], [1, -8, 1], [1, 1, 1]) / 8, "numbers with a fraction"),
            Wrong(lambda: _whole([-1, 0, 1], [-2, 0, 2], [-1, 0, 1]), "other pictures give 0"),
        ),
        rules=(
            ("nine whole numbers, shape (3, 3)", _nine_whole_numbers),
            ("nine equal pixels give 0", _silent_for_equal),
            ("none of the other 510 black-and-white pictures gives 0", _loud_for_mixed),
        ),
        solution="equal_kernel = torch.tensor([[1, 1, 1], [1, -8, 1], [1, 1, 1]])",
    ),
]


def _first_window(x, grad):
    oh, ow = grad.shape
    h, w = x.shape
    return x[: h - oh + 1, : w - ow + 1] * grad[0, 0]


def _slope(function, at):
    at = torch.tensor(at, requires_grad=True)
    function(at).backward()
    return at.grad.item()


PREDICTIONS = {
    "slope of a**3 + b in a, at a = 2": Prediction(
        answer=lambda: _slope(lambda a: a**3 + 3, 2.0),
        because="The slope of a**3 is 3 * a**2, and b does not change with a.",
        tolerance=0.06,  # a nudge of 0.1 gives 12.61
    ),
    "slope of (3 * w - 2)**2 in w, at w = 1": Prediction(
        answer=lambda: _slope(lambda w: (3 * w - 2) ** 2, 1.0),
        because="The square has the slope 2 * 1 here, the inside has the slope 3, and slopes of links multiply.",
        tolerance=0.06,
    ),
    "a learning rate of 0.12": Prediction(
        answer=lambda: "runs away",
        because="Each step is longer than twice the way to the bottom, so w lands further off on the other side.",
        choices=("arrives sooner", "arrives later", "runs away"),
    ),
    "descent without zero_grad": Prediction(
        answer=lambda: "swings on and on",
        because="The sum of all old slopes keeps w going through the bottom, like a pendulum without friction.",
        choices=("arrives sooner", "arrives later", "swings on and on"),
    ),
    "learning rate at which the narrow valley is left": Prediction(
        answer=lambda: 2 / 16,
        because="There 1 - 16 * 0.125 is -1: each step lands as far away on the other side, and beyond it further.",
        tolerance=0.05,
    ),
    "outputs that weight[0, 0] touches": Prediction(
        answer=lambda: ops.corr2d(torch.ones(4, 4), torch.ones(3, 3)).numel(),
        because="A 3x3 filter has 2 x 2 stops in a 4x4 picture, and every weight takes part in each.",
    ),
    "loss of a net that knows nothing": Prediction(
        answer=lambda: round(-torch.tensor(0.5).log().item(), 2),
        because="Both answers get a probability of 0.5, and -ln(0.5) = ln 2 = 0.69: the log of the number of answers.",
        tolerance=0.02,
    ),
    "answer of a kernel with sum 0 to nine pixels of 0.7": Prediction(
        answer=lambda: 0,
        because="0.7 * w1 + 0.7 * w2 + ... is 0.7 times the sum of the weights, and that is 0.",
    ),
}
