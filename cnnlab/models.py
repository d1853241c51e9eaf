"""The networks of the first eight notebooks: plain nn.Modules whose forward reads like the diagram.

Every layer is a module of its own, so that a hook or the shape ladder sees it. Images are floats, normalised to about
mean 0 and spread 1. The result is logits: raw scores, which the loss turns into probabilities.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


class AllEqual(nn.Module):
    """Are all pixels of a 3x3 picture of zeros and ones equal? One logit: above 0 means yes.

    x             (n, 1, 3, 3)     zeros and ones
    returns       (n,)             logits

    With two filters it can be solved by hand: one filter answers to nine ones, the other to nine zeros, and the linear
    layer adds the two answers. 23 parameters with 2 filters, 45 with 4.
    """

    def __init__(self, filters=4):
        super().__init__()
        _check_counts("AllEqual", filters=filters)
        self.conv = nn.Conv2d(1, filters, kernel_size=3)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(filters, 1)

    def forward(self, x):
        _check_images(self, "conv", x, 1, 3)
        x = self.flatten(self.relu(self.conv(x)))  # (n, filters)
        return self.linear(x).squeeze(1)  # (n,)


class MLP(nn.Module):
    """Flatten the picture and forget where each pixel was: two dense layers, the baseline that a CNN must beat.

    x             (n, in_channels, size, size)
    returns       (n, classes)     logits

    101,770 parameters for 28x28 grey pictures.
    """

    def __init__(self, classes=10, in_channels=1, size=28, hidden=128):
        super().__init__()
        _check_counts("MLP", classes=classes, in_channels=in_channels, size=size, hidden=hidden)
        self.in_channels, self.size = in_channels, size
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(in_channels * size * size, hidden)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x):
        _check_images(self, "fc1", x, self.in_channels, self.size)
        return self.fc2(self.relu(self.fc1(self.flatten(x))))


class MnistCNN(nn.Module):
    """The two-convolution network of many first tutorials: 32 filters, 64 filters, one pooling, two dense layers.

    x             (n, in_channels, size, size)
    returns       (n, classes)     logits

    1,199,882 parameters for 28x28 grey digits, all but 20,000 of them in the dense layers.
    Source: the "basic MNIST example" of pytorch/examples. It differs in returning logits, not log-probabilities.
    """

    def __init__(self, classes=10, in_channels=1, size=28):
        super().__init__()
        _check_counts("MnistCNN", classes=classes, in_channels=in_channels, size=size)
        _check_size("MnistCNN", "pool", size, smallest=6)
        self.in_channels, self.size = in_channels, size
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, 32, kernel_size=3)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3)
        self.pool = nn.MaxPool2d(2)
        self.dropout1 = nn.Dropout(0.25)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(64 * ((size - 4) // 2) ** 2, 128)
        self.dropout2 = nn.Dropout(0.5)
        self.fc2 = nn.Linear(128, classes)

    def forward(self, x):
        _check_images(self, "conv1", x, self.in_channels, self.size)
        x = self.relu(self.conv1(x))  # (n, 32, 26, 26)
        x = self.relu(self.conv2(x))  # (n, 64, 24, 24)
        x = self.dropout1(self.pool(x))  # (n, 64, 12, 12)
        x = self.flatten(x)  # (n, 9216)
        x = self.dropout2(self.relu(self.fc1(x)))  # (n, 128)
        return self.fc2(x)


class LeNet(nn.Module):
    """LeNet-5 as it is built today: ReLU for tanh, max-pooling for subsampling, every map joined to every map.

    x             (n, in_channels, size, size)     size 28 (padded to 32) or 32
    returns       (n, classes)     logits

    61,706 parameters for grey pictures, 62,006 for colour.
    Source: LeCun, Bottou, Bengio and Haffner 1998, section II.B; LeNet1998 is the network of the paper.
    """

    def __init__(self, classes=10, in_channels=1, size=28):
        super().__init__()
        _check_counts("LeNet", classes=classes, in_channels=in_channels, size=size)
        if size not in (28, 32):
            raise ValueError(
                f"LeNet: size={size}. conv1 reads 28 or 32 pixels. Resize the images, or pad them to 32."
            )
        self.in_channels, self.size = in_channels, size
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, 6, kernel_size=5, padding=(32 - size) // 2)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, x):
        _check_images(self, "conv1", x, self.in_channels, self.size)
        x = self.pool1(self.relu(self.conv1(x)))  # (n, 6, 14, 14)
        x = self.pool2(self.relu(self.conv2(x)))  # (n, 16, 5, 5)
        x = self.flatten(x)  # (n, 400)
        x = self.relu(self.fc1(x))
        x = self.relu(self.fc2(x))
        return self.fc3(x)


class CifarNet(nn.Module):
    """Three convolutions for small colour pictures: 32, 32 and 64 filters of 5x5, each followed by pooling.

    x             (n, in_channels, size, size)     size 8 or more, 32 for CIFAR-10
    returns       (n, classes)     logits

    145,578 parameters for 32x32 colour pictures. The dense layers are 1024-64-classes: 64 maps of 4x4 pixels, flattened.
    Source: the "CIFAR-10 quick" network of cuda-convnet (Krizhevsky 2011). It differs in pooling 2x2 maxima three
    times, where that one pools 3x3 with stride 2, twice by average, and in a ReLU between the dense layers.
    """

    def __init__(self, classes=10, in_channels=3, size=32):
        super().__init__()
        _check_counts("CifarNet", classes=classes, in_channels=in_channels, size=size)
        _check_size("CifarNet", "pool3", size, smallest=8)
        self.in_channels, self.size = in_channels, size
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, 32, kernel_size=5, padding=2)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(32, 32, kernel_size=5, padding=2)
        self.pool2 = nn.MaxPool2d(2)
        self.conv3 = nn.Conv2d(32, 64, kernel_size=5, padding=2)
        self.pool3 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(64 * (size // 8) ** 2, 64)
        self.fc2 = nn.Linear(64, classes)

    def forward(self, x):
        _check_images(self, "conv1", x, self.in_channels, self.size)
        x = self.pool1(self.relu(self.conv1(x)))  # (n, 32, 16, 16)
        x = self.pool2(self.relu(self.conv2(x)))  # (n, 32, 8, 8)
        x = self.pool3(self.relu(self.conv3(x)))  # (n, 64, 4, 4)
        x = self.flatten(x)  # (n, 1024)
        x = self.relu(self.fc1(x))
        return self.fc2(x)


# LeNet-5 of 1998 ----------------------------------------------------------------------------------------------------

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
        self.weight = nn.Parameter(
            torch.empty(int(reads.sum()), kernel_size, kernel_size).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.empty(len(reads)).uniform_(-bound, bound))

    def forward(self, x):
        weight = self.weight.new_zeros(*self.reads.shape, *self.weight.shape[1:])  # (o, c, kh, kw)
        weight[self.reads] = self.weight
        return F.conv2d(x, weight, self.bias)


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
        _check_images(self, "c1", x, 1, 28)
        x = self.squash(self.c1(x))  # (n, 6, 28, 28)
        x = self.squash(self.s2(x))  # (n, 6, 14, 14)
        x = self.squash(self.c3(x))  # (n, 16, 10, 10)
        x = self.squash(self.s4(x))  # (n, 16, 5, 5)
        x = self.squash(self.c5(x))  # (n, 120, 1, 1)
        x = self.squash(self.f6(self.flatten(x)))  # (n, 84)
        return self.output(x)


# What a model refuses ------------------------------------------------------------------------------------------------


def _check_counts(model, **counts):
    """Refuse counts that are not whole numbers from 1 up."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(
                f"{model}: {name}={count!r} is a {type(count).__name__}. A whole number is needed. Pass an int."
            )
        if count < 1:
            raise ValueError(f"{model}: {name}={count}. At least 1 is needed. Pass the number of {name}.")


def _check_size(model, layer, size, smallest):
    """Refuse pictures too small for anything to be left after `layer`."""
    if size < smallest:
        raise ValueError(
            f"{model}: size={size}. Nothing is left after {layer} below {smallest}x{smallest} pixels. "
            f"Enlarge the images to {smallest} pixels or more."
        )


def _check_images(model, layer, x, channels, size):
    """Refuse images that `layer`, the first of `model`, does not fit: name the layer, both shapes and the cure."""
    name, needed = type(model).__name__, (channels, size, size)
    if not isinstance(x, torch.Tensor):
        raise TypeError(
            f"{name}: x is a {type(x).__name__}. A tensor of images is needed. Use torch.as_tensor(x)."
        )
    if x.ndim == 4 and len(x) and x.shape[1:] == needed and x.is_floating_point():
        return
    if x.ndim == 3:
        cure = "Add a batch axis with x[None]."
    elif x.ndim != 4:
        cure = "Arrange the images as (n, c, h, w)."
    elif len(x) == 0:
        cure = "Pass at least one image."
    elif x.shape[1] != channels and x.shape[3] == channels:
        cure = "Move the channels forward with x.permute(0, 3, 1, 2)."
    elif x.shape[1] != channels:
        cure = (
            f"Build {name}(in_channels={x.shape[1]})."
            if hasattr(model, "in_channels")
            else "Pass grey images."
        )
    elif x.shape[1:] != needed:
        cure = f"Resize or pad the images to {size}x{size} pixels."
    else:
        cure = "Scale the pixels to floats with x.float() / 255."
    raise ValueError(
        f"{name}: layer {layer} needs float images (n, {channels}, {size}, {size}) "
        f"but x is {tuple(x.shape)} {str(x.dtype).removeprefix('torch.')}. {cure}"
    )
