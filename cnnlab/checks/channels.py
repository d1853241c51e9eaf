"""Notebook 03: several channels in and out, 1x1, groups, what a layer costs."""

import torch

from cnnlab import ops, shapes
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, ValueExercise, Wrong, write


def _count(*shape, start=1):
    """Whole numbers start, start + 1, ... in this shape: they can be redone by hand."""
    numbers = torch.arange(start, start + torch.Size(shape).numel(), dtype=torch.float32)
    return numbers.view(shape)


def _cycle(*shape):
    """-1, 2, 0, 3, 1 again and again: no kernel is like its neighbor, none is its own mirror image."""
    return (3 * _count(*shape, start=0)) % 5 - 1


def _mistaken(rule):
    """A conv2d that follows another rule."""
    return lambda x, weight, bias=None, stride=1: rule(x, weight, bias, stride)


def _channels_apart(x, weight, bias, stride):
    one_each = weight.transpose(0, 1).flatten(0, 1)[:, None]  # (c o, 1, kh, kw)
    return ops.conv2d(x, one_each, bias, stride, groups=x.shape[1])


def _is_1x1(weight):
    if not isinstance(weight, torch.Tensor):
        return f"a {type(weight).__name__}; torch.tensor(...) makes it a tensor"
    advice = "; .view(3, 3, 1, 1) gives a table its last two axes" if weight.shape == (3, 3) else ""
    return weight.shape == (3, 3, 1, 1) or f"shape {tuple(weight.shape)}{advice}"


def _takes(weight, output, source):
    """True if this output channel is that input channel and nothing else, or the sentence that says what it is."""
    row = weight[output].flatten().tolist()
    if row == [float(i == source) for i in range(3)]:
        return True
    names = ("red", "green", "blue")
    parts = " + ".join(f"{write(share)} {name}" for share, name in zip(row, names, strict=True) if share)
    return f"the new {names[output]} is {parts or 'nothing'}"


EXERCISES = [
    FunctionExercise(
        name="conv2d",
        minutes=12,
        level="hard",
        hints=(
            "One number of the result: picture n, filter o, one place. It is the sum over all channels and the whole "
            "window, plus the bias of filter o.",
            "Feature map o of picture n is sum(ops.corr2d(x[n, i], weight[o, i]) for i in range(c)) + bias[o]. "
            "Collect the maps with torch.stack.",
            "Stride keeps every stride-th row and column of that map: [::stride, ::stride].",
        ),
        answer=ops.conv2d,
        cases=(
            Case("one channel, one filter", (_count(1, 1, 3, 3), _cycle(1, 1, 2, 2))),
            Case("two channels are added up", (_count(1, 2, 3, 3), _cycle(1, 2, 2, 2))),
            Case("two filters give two maps", (_count(1, 1, 3, 3), _cycle(2, 1, 2, 2))),
            Case("two channels, three filters", (_count(1, 2, 3, 3), _cycle(3, 2, 2, 2))),
            Case("a batch of two pictures", (_count(2, 1, 3, 3), _cycle(1, 1, 2, 2))),
            Case("a bias per filter", (_count(1, 2, 2, 3), _cycle(2, 2, 2, 2), torch.tensor([10.0, 20.0]))),
            Case("a picture and a kernel that are not square", (_count(1, 2, 3, 5), _cycle(1, 2, 1, 3))),
            Case("stride 2", (_count(1, 1, 5, 5), _cycle(1, 1, 3, 3)), {"stride": 2}),
        ),
        wrong=(
            Wrong(_mistaken(lambda x, w, b, s: ops.conv2d(x, w.flip(2, 3), b, s)), "the kernel is flipped"),
            Wrong(_mistaken(lambda x, w, b, s: ops.conv2d(x, w.mT, b, s)), "the kernel's rows and columns are swapped"),
            Wrong(
                _mistaken(lambda x, w, b, s: ops.conv2d(x, w / x.shape[1], b, s)),
                "the mean over the channels is taken; they are added up",
            ),
            Wrong(_mistaken(lambda x, w, b, s: ops.conv2d(x, w, b, s) / 2), "each value is halved"),
            Wrong(_mistaken(lambda x, w, b, s: ops.conv2d(x[:, :1], w[:, :1], b, s)), "only the first channel is read"),
            Wrong(
                _mistaken(lambda x, w, b, s: ops.conv2d(x[:, -1:], w[:, -1:], b, s)),
                "only the last channel is kept; add them up with +=",
            ),
            Wrong(
                _mistaken(lambda x, w, b, s: ops.conv2d(x, w[:, :1].expand_as(w), b, s)),
                "every channel gets the kernel of the first one",
            ),
            Wrong(
                _mistaken(_channels_apart),
                "the channels are kept apart; one filter gives one map",
            ),
            Wrong(_mistaken(lambda x, w, b, s: ops.conv2d(x, w[:1], None, s)), "only the first filter is used"),
            Wrong(
                _mistaken(lambda x, w, b, s: ops.conv2d(x, w, b, s).sum(1, keepdim=True)),
                "the maps of all filters are added; they stay apart",
            ),
            Wrong(_mistaken(lambda x, w, b, s: ops.conv2d(x, w, b, s)[0]), "the axis of the batch is lost"),
            Wrong(
                _mistaken(lambda x, w, b, s: ops.conv2d(x[:1], w, b, s)), "only the first picture of the batch is read"
            ),
            Wrong(_mistaken(lambda x, w, b, s: ops.conv2d(x, w, None, s)), "the bias is ignored"),
            Wrong(
                _mistaken(lambda x, w, b, s: ops.conv2d(x, w, None, s) + (0 if b is None else b)),
                "the bias is spread over the columns; it needs the axis of the filters: bias[:, None, None]",
            ),
            Wrong(
                _mistaken(lambda x, w, b, s: ops.conv2d(x, w, None, s) + (0 if b is None else b.sum())),
                "every map gets all the biases; each filter has its own",
            ),
            Wrong(
                _mistaken(lambda x, w, b, s: ops.conv2d(x, w, b if b is None else b * x.shape[1], s)),
                "the bias is added once per channel; it belongs to the filter",
            ),
            Wrong(
                _mistaken(lambda x, w, b, s: ops.conv2d(x, w, b)),
                "the stride is ignored, or cuts the wrong axes: rows and columns are the last two, "
                "[..., ::stride, ::stride]",
            ),
        ),
    ),
    JudgedExercise(
        name="swap",
        minutes=4,
        level="easy",
        hints=(
            "Row o of the table says what output channel o takes from red, green and blue. Green: [0, 1, 0].",
            "The new red takes nothing but the old blue: [0, 0, 1].",
            "A 3x3 tensor gets its last two axes with .view(3, 3, 1, 1).",
        ),
        rules=(
            ("a tensor of shape (3, 3, 1, 1)", _is_1x1),
            ("the new red is the old blue", lambda swap: _takes(swap, 0, 2)),
            ("the new green is the old green", lambda swap: _takes(swap, 1, 1)),
            ("the new blue is the old red", lambda swap: _takes(swap, 2, 0)),
        ),
        solution="swap = torch.eye(3)[[2, 1, 0]].view(3, 3, 1, 1)",
        wrong=(
            Wrong(lambda: torch.eye(3)[[2, 1, 0]], "shape (3, 3); .view(3, 3, 1, 1) gives a table its last two axes"),
            Wrong(lambda: [[0, 0, 1], [0, 1, 0], [1, 0, 0]], "a list; torch.tensor(...) makes it a tensor"),
            Wrong(lambda: torch.eye(3).view(3, 3, 1, 1), "the new red is 1 red"),
            Wrong(lambda: torch.eye(3)[[1, 0, 2]].view(3, 3, 1, 1), "the new red is 1 green"),
            Wrong(lambda: torch.eye(3)[[2, 0, 1]].view(3, 3, 1, 1), "the new green is 1 red"),
            Wrong(lambda: torch.eye(3)[[2, 1, 1]].view(3, 3, 1, 1), "the new blue is 1 green"),
            Wrong(lambda: torch.diag(torch.tensor([1.0, 0, 1])).flip(0).view(3, 3, 1, 1), "the new green is nothing"),
            Wrong(lambda: torch.full((3, 3, 1, 1), 0.5), "the new red is 0.5 red + 0.5 green + 0.5 blue"),
        ),
    ),
    ValueExercise(
        name="separable",
        minutes=5,
        level="medium",
        hints=(
            "The depthwise layer has one 5x5 kernel for each of the 32 channels that it reads.",
            "The 1x1 layer has one weight for each pair of an input and an output channel. Add the two.",
        ),
        answer=lambda: 32 * 5 * 5 + 32 * 96,
        solution="separable = 32 * 5 * 5 + 32 * 96",
        because="32 kernels of 25 weights look around, 32 x 96 weights mix; the full layer has 76,800.",
        wrong=(
            Wrong(32 * 96 * 5 * 5, "this is the full layer: a 5x5 kernel for each pair of channels"),
            Wrong(32 * 5 * 5, "the 1x1 layer is left out"),
            Wrong(32 * 96, "the depthwise layer is left out"),
            Wrong(5 * 5 + 32 * 96, "all channels share one kernel; each has its own"),
            Wrong(96 * 5 * 5 + 32 * 96, "the depthwise layer has a kernel per output; it comes first and reads 32"),
            Wrong(96 * 5 * 5 + 96 * 96, "the depthwise layer comes after the mixing"),
            Wrong(32 * 5 * 5 * 32 + 32 * 96, "the first layer mixes, too; depthwise, a kernel reads one channel"),
            Wrong(32 * 5 * 5 + 32 * 96 + 32 + 96, "the biases are counted, too"),
            Wrong(32 * 3 * 3 + 32 * 96, "the kernels are 3x3; here they are 5x5"),
        ),
    ),
]  # fmt: skip

PREDICTIONS = {
    "feature maps of one filter over a color picture": Prediction(
        answer=lambda: ops.conv2d(torch.zeros(1, 3, 5, 5), torch.zeros(1, 3, 3, 3)).shape[1],
        because="The three kernels work on three channels, and their results are added into one map.",
    ),
    "parameters of 16 filters of 5x5 over 3 channels": Prediction(
        answer=lambda: shapes.count_parameters(torch.nn.Conv2d(3, 16, 5)),
        because="16 filters x 3 channels x 25 weights are 1,200, and 16 biases.",
    ),
    "what a 1x1 layer can do to a color picture": Prediction(
        answer=lambda: "change colors",
        because="It sees one pixel at a time, so nothing spatial, but it can mix that pixel's red, green and blue.",
        choices=("blur", "find edges", "change colors", "nothing"),
    ),
    "part of the weights that groups=4 leaves": Prediction(
        answer=lambda: torch.nn.Conv2d(8, 8, 1, groups=4).weight.numel() / torch.nn.Conv2d(8, 8, 1).weight.numel(),
        because="There are as many filters as before, and each reads a quarter of the channels.",
    ),
    "times fewer weights when 64 to 128 channels are separated": Prediction(
        answer=lambda: round(64 * 128 * 9 / (64 * 9 + 64 * 128), 1),
        because="64 x 128 x 9 = 73,728 against 64 x 9 + 64 x 128 = 8,768: close to the 9 of the kernel.",
        tolerance=0.25,
    ),
    "rows and columns of im2col for (1, 3, 8, 8) and 3x3": Prediction(
        answer=lambda: tuple(ops.im2col(torch.zeros(1, 3, 8, 8), 3).shape[1:]),
        because="A column holds one window, 3 x 3 x 3 numbers; there are 6 x 6 windows.",
    ),
}
