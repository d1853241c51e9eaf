"""Exercises of 00_start_here: a tensor built by indexing, axes put in order, and a network's answer read."""

import torch

from cnnlab.checks.engine import Case, FunctionExercise, Prediction, ValueExercise, Wrong


def to_nchw(x):
    """Pictures (n, h, w, c) with the channels moved forward, (n, c, h, w)."""
    return x.permute(0, 3, 1, 2)


def likeliest(logits):
    """The class with the largest score for each picture: scores (n, classes), answers (n,)."""
    return logits.argmax(dim=1)


def _frame():
    frame = torch.ones(5, 6)
    frame[1:-1, 1:-1] = 0
    return frame


def _inside():
    return 1 - _frame()


def _black(rows, columns):
    frame = torch.ones(5, 6)
    frame[rows, columns] = 0
    return frame


def _top_and_bottom():
    return _frame() * torch.tensor([[1.0], [0], [0], [0], [1]])


def _pictures(n, h, w, c):
    return torch.arange(n * h * w * c).reshape(n, h, w, c)


def _scores(*rows):
    return torch.tensor(rows, dtype=torch.float32)


EXERCISES = [
    ValueExercise(
        "frame",
        5,
        "easy",
        hints=(
            "Start from torch.ones(5, 6). Which rows and which columns lie inside?",
            "The inside is all rows but the first and the last: 1:-1. The same holds for the columns.",
            "frame[1:-1, 1:-1] = 0 makes the inside black.",
        ),
        answer=_frame,
        solution="frame = torch.ones(5, 6)\nframe[1:-1, 1:-1] = 0",
        because="White all around, black inside.",
        wrong=(
            Wrong(torch.ones(5, 6), "the inside is still white"),
            Wrong(torch.zeros(5, 6), "nothing is white yet"),
            Wrong(_inside(), "black and white are swapped"),
            Wrong(_top_and_bottom(), "the left and the right side are missing"),
            Wrong(
                _black(slice(1, 4), slice(1, 4)),
                "one inner column is still white: its number is 4, and the end of a slice is left out",
            ),
            Wrong(_black(slice(1, 3), slice(1, 4)), "the end of a slice is left out: 1:-1 is all but first and last"),
            Wrong(_black(slice(1, 5), slice(1, 6)), "the last row and column are black, too; 1:-1 leaves them out"),
            Wrong(_frame().T, "rows and columns are swapped: rows come first"),
        ),
    ),
    FunctionExercise(
        "to_nchw",
        6,
        "easy",
        hints=(
            "permute takes the old axes in their new order. Count them: n is 0, h is 1, w is 2, c is 3.",
            "First n, then c, then h, then w. Which old axes are these?",
            "x.permute(0, 3, 1, 2)",
        ),
        answer=to_nchw,
        cases=(
            Case("one color picture", (_pictures(1, 2, 2, 3),)),
            Case("not square", (_pictures(1, 2, 4, 3),)),
            Case("two pictures", (_pictures(2, 2, 3, 2),)),
        ),
        wrong=(
            Wrong(lambda x: x.reshape(x.shape[0], x.shape[3], *x.shape[1:3]), "reshape deals the numbers out anew"),
            Wrong(lambda x: x.permute(0, 3, 2, 1), "rows and columns are swapped: the pictures lie on their side"),
            Wrong(lambda x: x.permute(0, 3, 1, 2)[:1], "only the first picture is kept"),
            Wrong(lambda x: x.permute(3, 0, 1, 2), "the channels stand before the pictures"),
            Wrong(lambda x: x, "nothing is moved"),
            Wrong(lambda x: x.permute(0, 3, 1, 2)[0], "the axis of the pictures is lost"),
        ),
    ),
    FunctionExercise(
        "likeliest",
        6,
        "easy",
        hints=(
            "The place of the largest number, not the number: argmax, not max.",
            "Each picture has its own row. dim=1 searches along a row.",
            "logits.argmax(dim=1)",
        ),
        answer=likeliest,
        cases=(
            Case("one picture", (_scores([1, 0, 5, 2]),)),
            Case("two pictures", (_scores([0, 3, 1, 2], [1, 0, 2, 9]),)),
            Case("scores below 0", (_scores([2, -9, 1], [-1, 4, 2]),)),
        ),
        wrong=(
            Wrong(lambda logits: logits.argmax(), "one place is searched in all pictures together: dim=1 is missing"),
            Wrong(lambda logits: logits.argmax(dim=0), "the search goes down the columns, over pictures"),
            Wrong(lambda logits: logits.max(dim=1).values, "the largest score is given, not its place"),
            Wrong(lambda logits: logits.argmin(dim=1), "the smallest score is taken"),
            Wrong(lambda logits: logits.abs().argmax(dim=1), "signs are ignored"),
            Wrong(lambda logits: logits.argmax(dim=1) + 1, "classes are counted from 1; they start at 0"),
        ),
    ),
]

PREDICTIONS = {
    "pixels of a 28x28 picture": Prediction(
        answer=lambda: torch.zeros(28, 28).numel(),
        because="28 rows of 28 pixels. In notebook 01 a network reads all of them at once.",
    ),
    "x[2, 3] of arange(24).reshape(4, 6)": Prediction(
        answer=lambda: torch.arange(24).reshape(4, 6)[2, 3].item(),
        because="Counting starts at 0: two whole rows of 6 come before row 2, then 3 more in the row.",
    ),
    "the -1 in arange(24).reshape(2, -1, 4)": Prediction(
        answer=lambda: torch.arange(24).reshape(2, -1, 4).shape[1],
        because="2 * 3 * 4 is 24; -1 stands for whatever makes the count come out right.",
    ),
    "a photograph reshaped from (h, w, 3) to (3, h, w)": Prediction(
        answer=lambda: "a scrambled picture",
        because="reshape keeps the order in memory, so colors of one pixel become neighbors in a row.",
        choices=("the same picture", "a picture on its side", "a scrambled picture"),
    ),
    "a 3 with its left side closed": Prediction(
        answer=lambda: 8,
        because="Two loops, one above the other. The network has seen many of those.",
    ),
}
