"""Notebook 01: correlation by hand, in one and two dimensions, and an edge kernel."""

import torch

from cnnlab import ops
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, ValueExercise, Wrong

STEP = torch.tensor([0.0, 0, 0, 5, 5, 5])
CROSS = torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])


def grid(*shape):
    """0, 1, 2, ... in a given shape: numbers that can be followed by hand."""
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).view(shape)


def _corr1d_one_short(x, weight):
    return ops.corr1d(x, weight)[:-1]


def _corr1d_as_long_as_x(x, weight):
    return torch.cat([ops.corr1d(x, weight), torch.zeros(len(weight) - 1)])


def _corr2d_one_short(x, weight):
    y = ops.corr2d(x, weight)
    y[-1], y[:, -1] = 0, 0
    return y


EXERCISES = [
    FunctionExercise(
        "corr1d",
        minutes=5,
        level="easy",
        answer=ops.corr1d,
        cases=(
            Case("three stops", (torch.tensor([1.0, 2, 4, 8]), torch.tensor([1.0, 3]))),
            Case("a step, and a kernel of two signs", (STEP, torch.tensor([-1.0, 1]))),
            Case("as long as the signal: one stop", (torch.tensor([2.0, 3, 4]), torch.tensor([1.0, 0, 2]))),
            Case("a kernel of one number", (torch.tensor([2.0, 3, 4]), torch.tensor([10.0]))),
        ),
        hints=(
            "How many stops are there? The window needs len(weight) numbers, so the last stop is len(x) - len(weight).",
            "At stop i the window is x[i : i + len(weight)]. Multiply it by weight and call .sum().",
            "Start with y = torch.zeros(len(x) - len(weight) + 1) and fill y[i] in a for loop.",
        ),
        wrong=(
            Wrong(lambda x, w: ops.corr1d(x, w.flip(0)), "the kernel runs backwards over the window"),
            Wrong(_corr1d_one_short, "the last stop is missing"),
            Wrong(_corr1d_as_long_as_x, "the output has a place for each number of x, not for each stop"),
            Wrong(lambda x, w: ops.corr1d(x, w) / len(w), "the products are averaged, not added"),
            Wrong(lambda x, w: ops.corr1d(x, torch.ones_like(w)), "the window is added up without the kernel"),
        ),
    ),
    FunctionExercise(
        "corr2d",
        minutes=8,
        level="medium",
        answer=ops.corr2d,
        cases=(
            Case("3x3 picture, 2x2 kernel", (grid(3, 3), torch.tensor([[1.0, 0], [0, 2]]))),
            Case("a kernel that is not symmetric", (grid(3, 3), torch.tensor([[0.0, 1], [2, 3]]))),
            Case("a picture that is not square", (grid(2, 4), torch.tensor([[1.0, 2], [3, 0]]))),
            Case("a kernel that is not square", (grid(3, 4), torch.tensor([[1.0, 0, -1]]))),
            Case("the cross on 5x5", (grid(5, 5), CROSS)),
        ),
        hints=(
            "Two loops, one over rows and one over columns; the output has h - kh + 1 rows and w - kw + 1 columns.",
            "At stop (i, j) the window is x[i : i + kh, j : j + kw].",
            "If rows and columns come out swapped, print x.shape and weight.shape: the first number counts rows.",
        ),
        wrong=(
            Wrong(
                lambda x, w: ops.corr2d(x, w.flip(0, 1)), "the kernel is flipped: that is convolution, not correlation"
            ),
            Wrong(lambda x, w: ops.corr2d(x, w.T.contiguous()), "the kernel's rows and columns are swapped"),
            Wrong(lambda x, w: ops.corr2d(x, w) / w.numel(), "the products are averaged, not added"),
            Wrong(lambda x, w: ops.corr2d(x, w).T, "rows and columns of the output are swapped"),
            Wrong(lambda x, w: ops.corr2d(x, w) / 2, "every sum is halved"),
            Wrong(_corr2d_one_short, "the loops end one stop early; they need range(h - kh + 1)"),
        ),
    ),
    ValueExercise(
        "flipped",
        minutes=3,
        level="easy",
        answer=lambda: torch.tensor([[3.0, 2], [1, 0]]),
        solution="flipped = torch.tensor([[0.0, 1], [2, 3]]).flip(0, 1)",
        because="Flipped top to bottom and left to right, which is half a turn.",
        hints=(
            "Convolution reads the kernel from its last number to its first.",
            "Tensors have .flip(dims); a picture has two dimensions.",
        ),
        wrong=(
            Wrong(torch.tensor([[0.0, 1], [2, 3]]), "nothing was flipped yet"),
            Wrong(torch.tensor([[2.0, 3], [0, 1]]), "only top and bottom were flipped"),
            Wrong(torch.tensor([[1.0, 0], [3, 2]]), "only left and right were flipped"),
            Wrong(torch.tensor([[0.0, 2], [1, 3]]), "rows and columns were swapped, which is a mirror in the diagonal"),
        ),
    ),
    JudgedExercise(
        "edge_kernel",
        minutes=6,
        level="medium",
        rules=(
            ("a tensor of at most 3x3 numbers", lambda k: _is_small_kernel(k)),
            (
                "0 where the picture is flat, even where it is bright",
                lambda k: _answers_nothing(k, torch.full((5, 5), 7.0), "a flat picture of sevens"),
            ),
            (
                "0 along a horizontal edge",
                lambda k: _answers_nothing(k, _edge().T.contiguous(), "a horizontal edge"),
            ),
            ("something other than 0 where white meets black from left to right", lambda k: _finds(k, _edge())),
            ("above 0 where bright is on the left, and nowhere below", lambda k: _is_positive(k, _edge().flip(1))),
        ),
        solution="edge_kernel = torch.tensor([[1.0, -1.0]])",
        hints=(
            "Two neighbors in one row are enough: what do you do with two numbers to see whether they differ?",
            "On a flat picture every product has the same factor, so the kernel's numbers must add up to 0.",
            "Bright left of dark must give a positive sum: + on the left, - on the right.",
        ),
        wrong=(
            Wrong(lambda: torch.tensor([[1.0, 1.0]]), "0 where the picture is flat"),
            Wrong(lambda: torch.tensor([[1.0], [-1.0]]), "0 along a horizontal edge"),
            Wrong(lambda: torch.tensor([[-1.0, 1.0]]), "turn the signs around"),
            Wrong(lambda: torch.tensor([[-1.0, 2, -1]]), "one + side and one - side are enough"),
            Wrong(lambda: torch.zeros(1, 2), "something other than 0 where white meets black"),
            Wrong(lambda: [1.0, -1.0], "a tensor of at most 3x3 numbers"),
            Wrong(lambda: torch.tensor([1.0, -1.0]), "it has 1 dimension"),
        ),
    ),
]


def _edge():
    """Dark left, bright right."""
    x = torch.zeros(5, 5)
    x[:, 3:] = 1
    return x


def _is_small_kernel(k):
    if not isinstance(k, torch.Tensor):
        return f"a {type(k).__name__}; torch.tensor([[...]]) makes a tensor"
    if k.ndim != 2:
        return f"shape {tuple(k.shape)}: it has {k.ndim} dimension{'s' * (k.ndim != 1)}; a kernel has rows and columns"
    return True if 0 < max(k.shape) <= 3 and k.numel() else f"shape {tuple(k.shape)}"


def _answers_nothing(k, x, what):
    y = ops.corr2d(x, k.detach().cpu().float())
    worst = y.flatten()[y.abs().argmax()].item()
    return True if abs(worst) < 1e-5 else f"{worst:.4g} on {what}"


def _finds(k, x):
    return True if ops.corr2d(x, k.detach().cpu().float()).abs().max() > 1e-3 else "0 everywhere"


def _is_positive(k, x):
    y = ops.corr2d(x, k.detach().cpu().float())
    if y.max() <= 1e-3:
        return f"{y.min().item():.4g} there; turn the signs around"
    if y.min() < -1e-5:
        return f"{y.min().item():.4g} beside it as well; one + side and one - side are enough"
    return True


PREDICTIONS = {
    "weights of a dense layer from 28x28 to 28x28": Prediction(
        lambda: (28 * 28) ** 2,
        "Each of the 784 outputs has its own weight for each of the 784 inputs: 784 x 784.",
        tolerance=0.02,
    ),
    "stops of a 2-number window on 6 numbers": Prediction(
        lambda: 5, "The first stop is at 0, the last at 6 - 2 = 4: that makes 6 - 2 + 1."
    ),
    "the first output of the cross on 0..24": Prediction(
        lambda: int(ops.corr2d(grid(5, 5), CROSS)[0, 0]),
        "The cross touches 1, 5, 6, 7 and 11, and these add up to 30.",
    ),
    "what Laplacian leaves of a clear sky": Prediction(
        lambda: "almost nothing",
        "Its numbers add up to 0, so where all neighbors are alike the products cancel.",
        choices=("the sky as it is", "a brighter sky", "almost nothing"),
    ),
    "which net reads shifted digits better": Prediction(
        lambda: "kernels",
        "What a kernel learns in one place it knows in every place; the dense layer learns each place anew.",
        choices=("dense", "kernels", "both alike"),
    ),
}
