"""Notebook 02: sizes, borders, strides, dilation, receptive fields."""

from itertools import product
from types import SimpleNamespace

import torch

from cnnlab import ops, shapes
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, Wrong


def _setting(**changes):
    return lambda: SimpleNamespace(**{**dict(image="digit", kernel_size=3, stride=1, padding=0, dilation=1), **changes})


def _sliders(explorer):
    return explorer.kernel_size, explorer.stride, explorer.padding, explorer.dilation


def _shows_the_digit(explorer):
    missing = [name for name in ("kernel_size", "stride", "padding", "dilation") if not hasattr(explorer, name)]
    if missing:
        return f"a {type(explorer).__name__}, which has no {missing[0]}; pass the explorer with live=True itself"
    return isinstance(explorer.image, str) and explorer.image == "digit" or "another picture is shown; choose the digit"


def _becomes_thirteen(explorer):
    kernel_size, stride, padding, dilation = _sliders(explorer)
    size = shapes.out_size(28, kernel_size, stride, padding, dilation)
    reach = dilation * (kernel_size - 1) + 1
    return size == 13 or f"28 becomes {size}: (28 + 2 * {padding} - {reach}) // {stride} + 1"


def _reads_everything(explorer):
    kernel_size, stride, padding, dilation = _sliders(explorer)
    stops = range(shapes.out_size(28, kernel_size, stride, padding, dilation))
    read = {stop * stride - padding + tap * dilation for stop, tap in product(stops, range(kernel_size))}
    unread = sorted(set(range(28)) - read)
    if not unread:
        return True
    which = f"row {unread[0]} and column {unread[0]} are" if len(unread) == 1 else f"{len(unread)} rows and columns are"
    return f"{which} never under a weight"


def _mistaken(
    sides=2,
    reach=lambda kernel_size, dilation: dilation * (kernel_size - 1) + 1,
    stops=lambda room, stride: room // stride + 1,
):
    """out_size with one of its three parts replaced."""

    def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
        return stops(size + sides * padding - reach(kernel_size, dilation), stride)

    return out_size


def _seen_in_a_row(dilations):
    """Pixels, counted from the middle, that reach the output: each 3x3 layer steps back, stays or steps forward."""
    return {sum(steps) for steps in product(*((-d, 0, d) for d in dilations))}


def _three_dilations(dilations):
    if not isinstance(dilations, (list, tuple)) or len(dilations) != 3:
        return f"{dilations!r}; write three, such as (1, 2, 4)"
    whole = all(isinstance(d, int) and not isinstance(d, bool) and d >= 1 for d in dilations)
    return whole or f"{dilations!r}; a dilation is a whole number of at least 1"


def _without_holes(dilations):
    field, seen = 1 + 2 * sum(dilations), len(_seen_in_a_row(dilations))
    return seen == field or f"the field is {field} pixels wide, but only {seen} of each {field} in a row are seen"


def _as_wide_as_can_be(dilations):
    field = 1 + 2 * sum(dilations)
    return field >= 27 or f"{field} pixels without a hole; three layers can see further"


EXERCISES = [
    JudgedExercise(
        name="thirteen",
        minutes=5,
        level="easy",
        hints=(
            "A stride of 1 leaves too much: try 2. The formula under the picture shows the size at once.",
            "(28 - kernel size) // 2 + 1 = 13 asks for 12 steps of 2 after the first stop: 24 or 25 pixels.",
            "If 25 pixels are left after the first stop, one is never read. Leave exactly 24.",
        ),
        rules=(
            ("the explorer, showing the digit", _shows_the_digit),
            ("a feature map of 13x13", _becomes_thirteen),
            ("every pixel of the digit read", _reads_everything),
        ),
        solution=(
            'thirteen = widgets.kernel_explorer(live=True, image="digit")\n'
            "thirteen.kernel_size, thirteen.stride = 4, 2\n"
            "thirteen"
        ),
        wrong=(
            Wrong(_setting(), "28 becomes 26: (28 + 2 * 0 - 3) // 1 + 1"),
            Wrong(_setting(stride=2, padding=1), "28 becomes 14: (28 + 2 * 1 - 3) // 2 + 1"),
            Wrong(_setting(stride=2), "row 27 and column 27 are never under a weight"),
            Wrong(_setting(kernel_size=2, stride=2, dilation=3), "2 rows and columns are never under a weight"),
            Wrong(_setting(image="grid", kernel_size=4, stride=2), "another picture is shown"),
            Wrong(lambda: (4, 2, 0), "a tuple, which has no kernel_size"),
        ),
    ),
    FunctionExercise(
        name="out_size",
        minutes=8,
        level="medium",
        hints=(
            "Count steps, not stops: how many pixels are left once the window stands at its first place?",
            "The padded row has size + 2 * padding pixels; the window takes dilation * (kernel_size - 1) + 1 of them.",
            "return (size + 2 * padding - reach) // stride + 1, with the reach of the line above.",
        ),
        answer=shapes.out_size,
        cases=(
            Case("a plain window", (5, 3)),
            Case("a window as large as the picture", (4, 4)),
            Case("padding on both sides", (5, 3), {"padding": 1}),
            Case("stride 2", (7, 3), {"stride": 2}),
            Case("a stride whose last step is dropped", (8, 3), {"stride": 2}),
            Case("dilation 2", (9, 3), {"dilation": 2}),
            Case("dilation of an even window", (9, 2), {"dilation": 3}),
            Case("all at once", (28, 5), {"stride": 3, "padding": 2, "dilation": 2}),
        ),
        wrong=(
            Wrong(_mistaken(sides=0), "the padding is ignored"),
            Wrong(_mistaken(sides=1), "padding is added on one side only"),
            Wrong(_mistaken(stops=lambda room, stride: room + 1), "the stride is ignored"),
            Wrong(
                _mistaken(stops=lambda room, stride: -(-room // stride) + 1),
                "half a step is rounded up; a window that hangs over the edge does not count",
            ),
            Wrong(
                _mistaken(stops=lambda room, stride: room / stride + 1),
                "the division leaves a fraction; // rounds down",
            ),
            Wrong(
                _mistaken(stops=lambda room, stride: (room + 1) // stride),
                "the 1 is added before the division instead of after it",
            ),
            Wrong(_mistaken(reach=lambda kernel_size, dilation: kernel_size), "the dilation is ignored"),
            Wrong(
                _mistaken(reach=lambda kernel_size, dilation: dilation * kernel_size),
                "a gap is counted after the last weight, too; k weights have k - 1 gaps",
            ),
            Wrong(
                _mistaken(reach=lambda kernel_size, dilation: dilation * (kernel_size - 1)),
                "the reach lacks its first pixel: dilation * (kernel_size - 1) + 1",
            ),
            Wrong(
                lambda size, kernel_size, stride=1, padding=0, dilation=1: (
                    size + 2 * padding - (dilation * (kernel_size - 1) + 1) // stride + 1
                ),
                "only the reach is divided by the stride; brackets go around all that is left over",
            ),
            # last, because its results are also those of other mistakes; it alone fails the first case
            Wrong(
                _mistaken(stops=lambda room, stride: room // stride),
                "the first stop is not counted; stops are steps plus 1",
            ),
        ),
    ),
    JudgedExercise(
        name="dilations",
        minutes=8,
        level="hard",
        hints=(
            "In one row, three layers with three choices each reach at most 3 * 3 * 3 places: when no two paths meet.",
            "With dilation 1 the last layer sees -1, 0 and 1. How far must the next one step so that the three "
            "triples lie side by side, neither overlapping nor apart?",
            "1 covers 3 pixels, 3 more of them side by side cover 9. Then 9.",
        ),
        rules=(
            ("three dilations", _three_dilations),
            ("no pixel of the field missed", _without_holes),
            ("the field as wide as it can be", _as_wide_as_can_be),
        ),
        solution="dilations = (1, 3, 9)",
        wrong=(
            Wrong(lambda: (1, 2, 4), "15 pixels without a hole; three layers can see further"),
            Wrong(lambda: (1, 1, 1), "7 pixels without a hole; three layers can see further"),
            Wrong(lambda: (2, 2, 2), "the field is 13 pixels wide, but only 7 of each 13 in a row are seen"),
            Wrong(lambda: (1, 3, 10), "the field is 29 pixels wide, but only 27 of each 29 in a row are seen"),
            Wrong(lambda: (1, 3), "(1, 3); write three, such as (1, 2, 4)"),
            Wrong(lambda: (0, 3, 9), "a dilation is a whole number of at least 1"),
        ),
    ),
]  # fmt: skip


def _corner_of_white():
    y = ops.conv2d(torch.ones(1, 1, 28, 28), torch.full((1, 1, 5, 5), 1 / 25), padding=2)
    return round(y[0, 0, 0, 0].item(), 2)


PREDICTIONS = {
    "stops of a 5-pixel window over 28": Prediction(
        answer=lambda: shapes.out_size(28, 5),
        because="The window's left edge may stand on pixels 0 to 23; from 23 it reaches to pixel 27, the last.",
    ),
    "padding that keeps 28 under a 7-pixel window": Prediction(
        answer=lambda: shapes.same_padding(7)[0],
        because="The window costs 7 - 1 = 6 pixels, and 3 on each side give them back.",
    ),
    "corner of a white picture after a 5x5 box blur": Prediction(
        answer=_corner_of_white,
        because="Only 9 of the 25 pixels under the window belong to the picture; the other 16 are zeros.",
        tolerance=0.03,
    ),
    "stops of a 3-pixel window over 8 in steps of 2": Prediction(
        answer=lambda: shapes.out_size(8, 3, stride=2),
        because="It starts at pixels 0, 2 and 4; from 6 it would hang over the edge.",
    ),
    "pixels from the first to the last of 3 weights with dilation 4": Prediction(
        answer=lambda: 29 - shapes.out_size(28, 3, dilation=4),
        because="Two gaps of 4 pixels, and the first pixel itself.",
    ),
    "field of three 3x3 layers with stride 2": Prediction(
        answer=lambda: shapes.receptive_field([{"kernel_size": 3, "stride": 2}] * 3)[-1].size,
        because="Each layer adds two steps, of 1, then 2, then 4 pixels: 1 + 2 * 1 + 2 * 2 + 2 * 4.",
    ),
    "how much three 3x3 layers with dilation 2 see of their 13x13 pixels": Prediction(
        answer=lambda: "less than a third" if 3 * len(_seen_in_a_row((2, 2, 2))) ** 2 < 13**2 else "more",
        because="7 of 13 rows and 7 of 13 columns: 49 of 169 pixels. The rest lies between the steps of 2.",
        choices=("all", "two thirds", "half", "less than a third"),
    ),
}
