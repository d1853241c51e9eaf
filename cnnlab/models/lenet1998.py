"""LeNet-5 as it was published, layer by layer."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .refusals import check_images

# Table I of the paper: which of the six maps of S2 (rows) each of the sixteen maps of C3 (columns) reads.
C3_READS_S2 = """
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
"""

# The targets of the output layer: a stylised digit of 7x12 pixels for each class, side by side, 0 to 9.
DIGITS_7X12 = """
.XXXXX. ...X... .XXXXX. .XXXXX. ....XX. XXXXXXX ..XXXX. XXXXXXX .XXXXX. .XXXXX.
XX...XX ..XX... XX...XX XX...XX ...XXX. XX..... .XX.... .....XX XX...XX XX...XX
XX...XX .XXX... XX...XX .....XX ...XXX. XX..... XX..... .....XX XX...XX XX...XX
XX...XX ...X... .....XX .....XX ..XXXX. XX..... XX..... ....XX. XX...XX XX...XX
XX...XX ...X... .....XX .....XX .XX.XX. XXXXXX. XX..... ....XX. .XX.XX. XX...XX
XX...XX ...X... ....XX. ..XXXX. .XX.XX. XX...XX XXXXXX. ...XX.. .XXXXX. .XXXXXX
XX...XX ...X... ...XX.. .....XX XX..XX. .....XX XX...XX ...XX.. XX...XX .....XX
XX...XX ...X... ..XX... .....XX XXXXXXX .....XX XX...XX ..XX... XX...XX .....XX
XX...XX ...X... .XX.... .....XX ....XX. .....XX XX...XX ..XX... XX...XX .....XX
XX...XX ...X... XX..... XX...XX ....XX. XX...XX XX...XX .XX.... XX...XX ....XX.
XX...XX ...X... XX..... XX...XX ....XX. XX...XX XX...XX .XX.... XX...XX ...XX..
.XXXXX. .XXXXX. XXXXXXX .XXXXX. ....XX. .XXXXX. .XXXXX. .XX.... .XXXXX. .XXX...
"""


class ScaledTanh(nn.Module):
    """1.7159 tanh(2x / 3): a squashing that sends 1 to 1 and -1 to -1 (LeCun et al. 1998, appendix A)."""

    def forward(self, x):
        return 1.7159 * torch.tanh(x * 2 / 3)


class Subsampling(nn.Module):
    """Add up each 2x2 window, times one trained coefficient per channel, plus one trained bias (layers S2 and S4).

    x             (n, channels, h, w)
    returns       (n, channels, h // 2, w // 2)
    """

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), 0.25))  # a mean, to begin with
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return 4 * F.avg_pool2d(x, 2) * self.weight[:, None, None] + self.bias[:, None, None]


class PartialConv2d(nn.Module):
    """A convolution in which each output map reads only some of the input maps (layer C3).

    x             (n, c, h, w)
    reads         (o, c)           True where output map o reads input map c
    returns       (n, o, oh, ow)

    Only the weights that are read exist: `weight` has one (kernel_size, kernel_size) filter per True of `reads`.
    """

    def __init__(self, reads, kernel_size):
        super().__init__()
        self.register_buffer("reads", reads, persistent=False)
        bound = 1 / math.sqrt(reads.shape[1] * kernel_size**2)
        self.weight = nn.Parameter(torch.empty(int(reads.sum()), kernel_size, kernel_size).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(len(reads)).uniform_(-bound, bound))

    def forward(self, x):
        weight = self.weight.new_zeros(*self.reads.shape, *self.weight.shape[1:])  # (o, c, kh, kw)
        weight[self.reads] = self.weight
        return F.conv2d(x, weight, self.bias)

    def multiply_adds(self, in_shape):
        """For one image (c, h, w): each weight once per output pixel. What is not read costs nothing."""
        kernel_size = self.weight.shape[1]
        return self.weight.numel() * (in_shape[1] - kernel_size + 1) * (in_shape[2] - kernel_size + 1)


class Prototypes(nn.Module):
    """Minus the squared distance to each class's drawn target: Euclidean radial basis functions with fixed centres.

    x             (n, 84)
    returns       (n, 10)          0 where x is the target itself, below 0 elsewhere
    """

    def __init__(self):
        super().__init__()
        rows = [row.split() for row in DIGITS_7X12.strip().splitlines()]
        digits = [[1.0 if pixel == "X" else -1.0 for row in rows for pixel in row[k]] for k in range(10)]
        self.register_buffer("targets", torch.tensor(digits), persistent=False)  # (10, 84)

    def forward(self, x):
        return -(x[:, None] - self.targets).square().sum(2)


class LeNet1998(nn.Module):
    """LeNet-5 as published: scaled tanh, trained subsampling, the C3 connection table, drawn targets.

    x             (n, 1, 28, 28)   digits; the border pixels are repeated to give the paper's 32x32
    returns       (n, 10)          logits: minus the squared distance to each target

    60,000 trained parameters: C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164, output 0.
    Source: LeCun, Bottou, Bengio and Haffner 1998, section II.B and appendix A. It differs in three places: the ten
    7x12 targets are drawn anew; cross-entropy of these logits is the paper's second criterion (equation 9) without its
    constant exp(-j), the rubbish class; weights start as PyTorch's layers do, not within 2.4 / fan-in.
    """

    def __init__(self):
        super().__init__()
        reads = torch.tensor([[letter == "X" for letter in row] for row in C3_READS_S2.split()]).T  # (16, 6)
        self.squash = ScaledTanh()
        self.c1 = nn.Conv2d(1, 6, kernel_size=5, padding=2, padding_mode="replicate")
        self.s2 = Subsampling(6)
        self.c3 = PartialConv2d(reads, kernel_size=5)
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, kernel_size=5)  # its input is 5x5, so it is a dense layer
        self.flatten = nn.Flatten()
        self.f6 = nn.Linear(120, 84)
        self.output = Prototypes()

    def forward(self, x):
        check_images(self, "c1", x, 1, 28)
        x = self.squash(self.c1(x))  # (n, 6, 28, 28)
        x = self.squash(self.s2(x))  # (n, 6, 14, 14)
        x = self.squash(self.c3(x))  # (n, 16, 10, 10)
        x = self.squash(self.s4(x))  # (n, 16, 5, 5)
        x = self.squash(self.c5(x))  # (n, 120, 1, 1)
        x = self.squash(self.f6(self.flatten(x)))  # (n, 84)
        return self.output(x)
