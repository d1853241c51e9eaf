"""Exercises and predictions of notebook 04."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import ops, shapes
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, Wrong

BLOCKS = torch.tensor([[1.0, 3, 2, 0], [4, 2, 8, 1], [0, 5, 7, 2], [9, 1, 3, 6]])[None, None]
ROWS = torch.tensor([[1.0, 3, 2, 0], [4, 2, 8, 1], [0, 5, 7, 2]])[None, None]
LEFTOVER = torch.tensor([[1.0, 0, 2, 5, 0, 9], [3, 1, 0, 2, 4, 8], [0, 2, 6, 1, 3, 7], [5, 0, 1, 4, 2, 6],
                         [2, 7, 0, 3, 1, 9]])[None, None]  # fmt: skip
STACK = torch.tensor([3.0, 8, 1, 5, 7, 2, 6, 4, 0, 9, 2, 3, 5, 1, 8, 6]).reshape(2, 2, 2, 2)
NEGATIVE = -torch.tensor([[5.0, 3, 4], [2, 6, 1], [7, 8, 9]])[None, None]


BINOMIAL = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
DOT = F.pad(torch.tensor([[[[16.0]]]]), (2, 2, 2, 2))
BORDER = torch.tensor([[16.0, 16, 16, 32], [16, 32, 16, 16], [0, 16, 16, 16]])[None, None]
TWO_CHANNELS = torch.stack([torch.full((3, 3), 16.0), torch.zeros(3, 3)])[None]


def _then(change):
    """A max pooling whose result is changed."""
    return lambda x, k, stride=None, padding=0: change(F.max_pool2d(x, k, stride, padding))


def _by_one_pixel(x, k, stride=None, padding=0):
    """As many windows as there should be, but each only one pixel on from the last."""
    oh, ow = F.max_pool2d(x, k, stride, padding).shape[2:]
    return F.max_pool2d(x, k, 1, padding)[..., :oh, :ow]


def _blur(kernel=BINOMIAL / 16, padding=1, mode="reflect"):
    def blur(x, stride=1):
        weight = kernel.expand(x.shape[1], 1, 3, 3)
        return F.conv2d(F.pad(x, (padding,) * 4, mode=mode), weight, stride=stride, groups=x.shape[1])

    return blur


def _blur_over_channels(x, stride=1):
    return _blur()(x.sum(1, keepdim=True), stride).expand(-1, x.shape[1], -1, -1)


def _is_layer(layer):
    return isinstance(layer, nn.Module) or f"a {type(layer).__name__}; build it with nn.Sequential(...)"


def _doubles(layer):
    shape = tuple(layer(torch.ones(2, 8, 14, 14)).shape)
    return shape == (2, 8, 28, 28) or f"{shape} from (2, 8, 14, 14)"


def _learns(layer):
    count = sum(p.numel() for p in layer.parameters())
    return count > 0 or "0 weights: an upsampling that nothing can adjust"


def _stays_flat(layer):
    """The same for three sets of random weights: a lucky set does not help."""
    kept = [p.detach().clone() for p in layer.parameters()]
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    with torch.no_grad():
        for _ in range(3):
            for p in layer.parameters():
                p.copy_(torch.randn(p.shape, generator=generator))
            inner = layer(torch.ones(1, 8, 14, 14))[..., 6:-6, 6:-6]
            worst = max(worst, (inner.amax((2, 3)) - inner.amin((2, 3))).max().item())
        for p, old in zip(layer.parameters(), kept, strict=True):
            p.copy_(old)
    return worst < 1e-3 or f"a checkerboard: neighboring pixels differ by up to {worst:.1f}"


EXERCISES = [
    FunctionExercise(
        "max_pool2d", 10, "medium",
        hints=(
            "The output side is (h + 2 * padding - kernel_size) // stride + 1. Fill a tensor of that size in two "
            "loops, or let x.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride) cut all windows at once.",
            "The windows have shape (n, c, oh, ow, kh, kw). Take .amax over the last two axes only: pictures and "
            "channels never mix.",
            "Pad with a number that can never be the largest: F.pad(x, (padding,) * 4, value=float('-inf')). "
            "And when stride is None, it is kernel_size.",
        ),
        answer=ops.max_pool2d,
        cases=(
            Case("blocks of 2x2", (BLOCKS, 2)),
            Case("stride 1", (ROWS, 2), {"stride": 1}),
            Case("a border that no window reaches", (LEFTOVER, 3), {"stride": 2}),
            Case("two pictures, two channels", (STACK, 2)),
            Case("padding around negative numbers", (NEGATIVE, 3), {"stride": 2, "padding": 1}),
        ),
        wrong=(
            Wrong(
                lambda x, k, stride=None, padding=0: F.avg_pool2d(x, k, stride, padding),
                "you take the average of each window, not its largest number",
            ),
            Wrong(
                lambda x, k, stride=None, padding=0: F.avg_pool2d(x, k, stride, padding, divisor_override=1),
                "you add up each window instead of taking its largest number",
            ),
            Wrong(
                lambda x, k, stride=None, padding=0: -F.max_pool2d(-x, k, stride, padding),
                "you take the smallest number of each window",
            ),
            Wrong(_then(lambda y: y / 2), "every value is halved"),
            Wrong(_then(lambda y: y.transpose(2, 3)), "rows and columns are swapped"),
            Wrong(
                lambda x, k, stride=None, padding=0: F.max_pool2d(x, k, stride or 1, padding),
                "stride=None counts as 1; in a pooling it means kernel_size",
            ),
            Wrong(
                lambda x, k, stride=None, padding=0: F.max_pool2d(x, k, k, padding),
                "stride is ignored: the window always jumps by kernel_size",
            ),
            Wrong(
                lambda x, k, stride=None, padding=0: F.max_pool2d(x, k, stride, padding, ceil_mode=True),
                "a window that hangs over the right edge is counted: that is ceil_mode=True",
            ),
            Wrong(_then(lambda y: y[:1]), "only the first picture of the batch comes back"),
            Wrong(
                _then(lambda y: y.amax(1, keepdim=True)),
                "the maximum runs over the channels, too; each channel is pooled by itself",
            ),
            Wrong(
                lambda x, k, stride=None, padding=0: F.max_pool2d(F.pad(x, (padding,) * 4), k, stride),
                "the border is filled with zeros, which beat every negative number",
            ),
            Wrong(lambda x, k, stride=None, padding=0: F.max_pool2d(x, k, stride), "padding is ignored"),
            Wrong(_by_one_pixel, "the window moves by one pixel; it starts at i * stride"),
            Wrong(
                _then(lambda y: y.amax((0, 1), keepdim=True).expand_as(y)),
                "one maximum is taken over all pictures and channels; .amax over rows and columns only",
            ),
        ),
    ),
    FunctionExercise(
        "blur2d", 8, "medium",
        hints=(
            "The kernel is torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16: its weights sum to 1.",
            "One filter per channel that reads only this channel: groups=c, and weight of shape (c, 1, 3, 3). "
            "kernel.repeat(c, 1, 1, 1) makes it.",
            "Pad with F.pad(x, (1, 1, 1, 1), mode='reflect'), then F.conv2d(..., stride=stride, groups=c).",
        ),
        answer=ops.blur2d,
        cases=(
            Case("one bright dot", (DOT,)),
            Case("the border mirrors the picture", (BORDER,)),
            Case("two channels", (TWO_CHANNELS,)),
            Case("stride 2", (LEFTOVER,), {"stride": 2}),
        ),
        wrong=(
            Wrong(_blur(BINOMIAL), "the kernel is not divided by 16"),
            Wrong(_blur(torch.ones(3, 3) / 9), "all nine weights are alike: that is a box"),
            Wrong(_blur(BINOMIAL / 9), "the kernel is divided by 9, but its weights sum to 16"),
            Wrong(_blur(padding=0), "there is no padding"),
            Wrong(_blur(mode="constant"), "the border is filled with zeros, which darkens it; reflect mirrors"),
            Wrong(_blur(mode="replicate"), "the border pixel is repeated: that is mode='replicate', not 'reflect'"),
            Wrong(_blur_over_channels, "the channels are added up; groups=c keeps them apart"),
            Wrong(lambda x, stride=1: _blur()(x), "stride is ignored"),
            Wrong(
                lambda x, stride=1: _blur()(x[..., ::stride, ::stride]),
                "the pixels are dropped first and blurred afterwards: by then the pattern is false",
            ),
        ),
    ),
    JudgedExercise(
        "doubler", 6, "hard",
        hints=(
            "A transposed convolution stamps its filter every 2 pixels. Four pixels of the output then use four "
            "different sets of weights, and only luck makes their sums equal.",
            "Enlarge without weights first, then convolve with stride 1: every output pixel uses the same weights.",
            "nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, kernel_size=3, padding=1))",
        ),
        rules=(
            ("a layer: an nn.Module", _is_layer),
            ("8 maps of 14x14 become 8 maps of 28x28", _doubles),
            ("it has weights to learn", _learns),
            ("a flat map stays flat inside, whatever its weights are", _stays_flat),
        ),
        solution="doubler = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, kernel_size=3, padding=1))",
        wrong=(
            Wrong(lambda: F.interpolate, "build it with nn.Sequential"),
            Wrong(lambda: nn.ConvTranspose2d(8, 8, 3, stride=2), "(2, 8, 29, 29) from (2, 8, 14, 14)"),
            Wrong(lambda: nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, 3)), "(2, 8, 26, 26)"),
            Wrong(lambda: nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 1, 3, padding=1)), "(2, 1, 28, 28)"),
            Wrong(lambda: nn.Upsample(scale_factor=2), "0 weights"),
            Wrong(lambda: nn.ConvTranspose2d(8, 8, 3, stride=2, padding=1, output_padding=1), "a checkerboard"),
            Wrong(lambda: nn.ConvTranspose2d(8, 8, 4, stride=2, padding=1), "a checkerboard"),
        ),
    ),
]  # fmt: skip

PREDICTIONS = {
    "numbers left after MaxPool2d(2)": Prediction(
        answer=lambda: F.max_pool2d(torch.zeros(16, 28, 28), 2).numel(),
        because="Rows and columns are halved, 28 to 14, and the 16 channels stay: one number in four is left.",
    ),
    "size of 28 under 3, stride 2, ceil_mode": Prediction(
        answer=lambda: shapes.out_size(28, kernel_size=3, stride=2, ceil_mode=True),
        because="13 windows fit; the 14th starts at pixel 26 and hangs one pixel over, which ceil_mode allows.",
    ),
    "shape after AdaptiveAvgPool2d(1)": Prediction(
        answer=lambda: "(16, 1, 1)",
        because="One window per channel covers the whole map: 16 averages, for any height and width.",
        choices=("(16, 1, 1)", "(1, 28, 28)", "(1, 1, 1)"),
    ),
    "which layer follows a shift by one pixel": Prediction(
        answer=lambda: "convolution",
        because="Stride 1 moves its output along with the picture; a stride of 2 can follow only even shifts.",
        choices=("convolution", "max pooling", "both", "neither"),
    ),
    "every second pixel of stripes": Prediction(
        answer=lambda: "all black",
        because="Columns 0, 2, 4, ... are the black ones: the white ones are skipped, every one.",
        choices=("stripes", "gray", "all black"),
    ),
    "most stamps on one pixel": Prediction(
        answer=lambda: int(F.conv_transpose2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 3, 3), stride=2).max()),
        because="Neighboring stamps share one row or column; where a shared row crosses a shared column, four meet.",
    ),
}
