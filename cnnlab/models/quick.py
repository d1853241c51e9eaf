"""Two networks built for a short time of training: nothing in them costs more than it brings."""

import torch
from torch import nn

from .refusals import check_counts, check_images, check_pictures, check_size


class QuickMnist(nn.Module):
    """Three convolutions, each with batch norm, ReLU and pooling, and one dense layer.

    x             (n, in_channels, size, size)     size 8 or more, 28 for MNIST
    returns       (n, classes)     logits

    29,178 parameters for 28x28 grey digits: half of LeNet's. Batch norm lets one epoch do what takes LeNet three.
    """

    def __init__(self, classes=10, in_channels=1, size=28):
        super().__init__()
        check_counts("QuickMnist", classes=classes, in_channels=in_channels, size=size)
        check_size("QuickMnist", "pool3", size, smallest=8)
        self.in_channels, self.size = in_channels, size
        self.relu = nn.ReLU()
        self.conv1 = conv3x3(in_channels, 16)
        self.norm1 = nn.BatchNorm2d(16)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = conv3x3(16, 32)
        self.norm2 = nn.BatchNorm2d(32)
        self.pool2 = nn.MaxPool2d(2)
        self.conv3 = conv3x3(32, 64)
        self.norm3 = nn.BatchNorm2d(64)
        self.pool3 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(64 * (size // 8) ** 2, classes)

    def forward(self, x):
        check_images(self, "conv1", x, self.in_channels, self.size)
        x = self.relu(self.norm1(self.pool1(self.conv1(x))))  # (n, 16, 14, 14)
        x = self.relu(self.norm2(self.pool2(self.conv2(x))))  # (n, 32, 7, 7)
        x = self.relu(self.norm3(self.pool3(self.conv3(x))))  # (n, 64, 3, 3)
        return self.fc(self.flatten(x))


class Whitening(nn.Conv2d):
    """A 2x2 convolution that is not trained: its filters are read off the pictures, so that its outputs are unrelated.

    x             (n, in_channels, h, w)
    returns       (n, 8 * in_channels, h - 1, w - 1)

    Neighbouring pixels say nearly the same. `fit(x)` finds the directions in which the 2x2 windows of x vary, and
    scales each to spread 1: what is left for the next layer is not drowned by brightness. Every filter comes twice,
    the second time with its sign turned, so that ReLU loses nothing.
    """

    def __init__(self, in_channels=3):
        super().__init__(in_channels, 8 * in_channels, kernel_size=2, bias=False)
        self.weight.requires_grad_(False)

    @torch.no_grad()
    def fit(self, x, eps=1e-3):
        """Set the filters from images x (n, in_channels, h, w); eps keeps directions of mere noise small."""
        c = self.in_channels
        windows = x.double().unfold(2, 2, 1).unfold(3, 2, 1)  # (n, c, oh, ow, 2, 2)
        windows = windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, 4 * c)
        windows = windows - windows.mean(0)
        variances, directions = torch.linalg.eigh(windows.T @ windows / len(windows))  # a column per direction
        filters = (directions / (variances + eps).sqrt()).T.reshape(-1, c, 2, 2)
        self.weight.copy_(torch.cat([filters, -filters]))
        return self


class QuickCifar(nn.Module):
    """Fixed 2x2 whitening, then three stages of two 3x3 convolutions with batch norm, and one dense layer.

    x             (n, in_channels, h, w)     9 pixels or more, 32 for CIFAR-10
    returns       (n, classes)     logits

    295,072 parameters for 32x32 colour pictures. Call whiten(x) with normalised training images before training; the
    first layer is not trained.
    Sources: Page 2018-19, "How to train your ResNet" (whitened patches, batch norm, label smoothing, scaled logits);
    Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU" (the plain three-stage shape behind a 2x2 layer).
    It differs from both in being narrower, in training every scale and bias at one learning rate, and in ReLU.
    """

    smallest = 9  # pixels: 8 after whitening, then 4, 2 and 1

    def __init__(self, classes=10, in_channels=3, widths=(32, 64, 128)):
        super().__init__()
        check_counts("QuickCifar", classes=classes, in_channels=in_channels)
        if len(widths) != 3:
            raise ValueError(
                f"QuickCifar: widths={tuple(widths)}. Three are needed, one for each stage. Pass widths=(32, 64, 128)."
            )
        for width in widths:
            check_counts("QuickCifar", widths=width)
        first, second, third = widths
        self.in_channels = in_channels
        self.whitening = Whitening(in_channels)
        self.relu = nn.ReLU()
        self.stage1 = Stage(8 * in_channels, first)
        self.stage2 = Stage(first, second)
        self.stage3 = Stage(second, third)
        self.pool = nn.AdaptiveMaxPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(third, classes, bias=False)

    def forward(self, x):
        check_pictures(self, "whitening", x, self.smallest)
        x = self.relu(self.whitening(x))  # (n, 24, 31, 31)
        x = self.stage1(x)  # (n, 32, 15, 15)
        x = self.stage2(x)  # (n, 64, 7, 7)
        x = self.stage3(x)  # (n, 128, 3, 3)
        x = self.flatten(self.pool(x))  # (n, 128)
        return self.fc(x) / 9  # maxima are large: without this the first answers would be far too sure

    def whiten(self, x):
        """Read the first layer off normalised training images x (n, in_channels, h, w); return the model."""
        self.whitening.fit(x)
        return self


class Stage(nn.Sequential):
    """Convolution, pooling to half the size, convolution; batch norm and ReLU after each.

    x             (n, in_channels, h, w)
    returns       (n, out_channels, h // 2, w // 2)
    """

    def __init__(self, in_channels, out_channels):
        super().__init__(
            conv3x3(in_channels, out_channels),
            nn.MaxPool2d(2),  # before batch norm and ReLU, which then have a quarter of the work
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            conv3x3(out_channels, out_channels),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )


def conv3x3(in_channels, out_channels):
    """A 3x3 convolution that keeps the size; batch norm, which follows, brings the bias."""
    return nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False)
