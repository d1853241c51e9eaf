"""GoogLeNet: Inception blocks, which look through several windows at once."""

import torch
from torch import nn

from .refusals import check_counts, check_pictures


def conv_relu(in_channels, out_channels, kernel_size, batch_norm=False, **options):
    """A convolution that keeps the size, and its ReLU: what every path of an Inception block is made of."""
    layers = [nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, **options)]
    if batch_norm:
        layers.append(nn.BatchNorm2d(out_channels))
    return nn.Sequential(*layers, nn.ReLU())


class Inception(nn.Module):
    """Four paths side by side, their maps stacked: 1x1, 3x3, 5x5 and pooling.

    x             (n, in_channels, h, w)
    one           maps of the 1x1 path
    three         (maps after its 1x1, maps after its 3x3)
    five          (maps after its 1x1, maps after its 5x5)
    pool          maps after the pooling path's 1x1
    returns       (n, one + three[1] + five[1] + pool, h, w)

    Source: Szegedy et al. 2014, figure 2(b). The 1x1 before a large window makes it cheap.
    """

    def __init__(self, in_channels, one, three, five, pool, batch_norm=False):
        super().__init__()
        self.one = conv_relu(in_channels, one, 1, batch_norm)
        self.three = nn.Sequential(
            conv_relu(in_channels, three[0], 1, batch_norm), conv_relu(three[0], three[1], 3, batch_norm)
        )
        self.five = nn.Sequential(
            conv_relu(in_channels, five[0], 1, batch_norm), conv_relu(five[0], five[1], 5, batch_norm)
        )
        self.pool = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv_relu(in_channels, pool, 1, batch_norm))
        self.out_channels = one + three[1] + five[1] + pool

    def forward(self, x):
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], dim=1)


# Table 1 of the paper: name, maps of the 1x1 path, (1x1, 3x3), (1x1, 5x5), after pooling; None pools between stages.
INCEPTIONS = (
    ("inception3a", 64, (96, 128), (16, 32), 32),
    ("inception3b", 128, (128, 192), (32, 96), 64),
    ("pool3", None),
    ("inception4a", 192, (96, 208), (16, 48), 64),
    ("inception4b", 160, (112, 224), (24, 64), 64),
    ("inception4c", 128, (128, 256), (24, 64), 64),
    ("inception4d", 112, (144, 288), (32, 64), 64),
    ("inception4e", 256, (160, 320), (32, 128), 128),
    ("pool4", None),
    ("inception5a", 256, (160, 320), (32, 128), 128),
    ("inception5b", 384, (192, 384), (48, 128), 128),
)


class GoogLeNet(nn.Module):
    """The winner of ImageNet's challenge of 2014: a stem, nine Inception blocks, the average of each map.

    x             (n, in_channels, h, w)     31 pixels or more, 224 for ImageNet
    returns       (n, classes)     logits

    6,998,552 parameters, a ninth of AlexNet's.
    Source: Szegedy et al. 2014, "Going deeper with convolutions", table 1. It differs in having no auxiliary
    classifiers, which helped training at half its depth and are thrown away afterwards. torchvision's GoogLeNet is
    another network: it has batch norm, no biases, and 3x3 filters where the paper has 5x5.
    """

    smallest = 31  # pixels

    def __init__(self, classes=1000, in_channels=3, dropout=0.4):
        super().__init__()
        check_counts("GoogLeNet", classes=classes, in_channels=in_channels)
        self.in_channels = in_channels
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm = nn.LocalResponseNorm(5)
        self.conv1 = conv_relu(in_channels, 64, 7, stride=2)
        self.conv2 = nn.Sequential(conv_relu(64, 64, 1), conv_relu(64, 192, 3))
        blocks, c = nn.Sequential(), 192
        for name, *maps in INCEPTIONS:
            block = nn.MaxPool2d(3, stride=2, ceil_mode=True) if maps == [None] else Inception(c, *maps)
            c = getattr(block, "out_channels", c)
            blocks.add_module(name, block)
        self.inceptions = blocks
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(c, classes)

    def forward(self, x):
        check_pictures(self, "conv1.0", x, self.smallest)
        x = self.norm(self.pool(self.conv1(x)))  # (n, 64, 56, 56) for 224 pixels
        x = self.pool(self.norm(self.conv2(x)))  # (n, 192, 28, 28)
        x = self.inceptions(x)  # (n, 1024, 7, 7)
        x = self.flatten(self.average(x))  # (n, 1024)
        return self.fc(self.dropout(x))


class SmallGoogLeNet(nn.Module):
    """GoogLeNet's plan for small pictures: a 3x3 stem, two stages of two Inception blocks, the average of each map.

    x             (n, in_channels, h, w)     4 pixels or more
    returns       (n, classes)     logits

    width is the number of maps of the stem; Inception blocks give twice, then four times as many, in the proportions
    of inception3a: 2-4-1-1. With 32: 104,818 parameters for colour pictures and ten classes.
    """

    smallest = 4  # pixels

    def __init__(self, classes=10, in_channels=3, width=32, batch_norm=False, dropout=0.4):
        super().__init__()
        check_counts("SmallGoogLeNet", classes=classes, in_channels=in_channels, width=width)
        if width % 8:
            raise ValueError(f"SmallGoogLeNet: width={width}. A multiple of 8 splits into four paths. Pass 16 or 32.")
        self.in_channels = in_channels

        def inception(c, maps):
            part = maps // 8
            return Inception(c, 2 * part, (3 * part, 4 * part), (part // 2, part), part, batch_norm)

        self.stem = conv_relu(in_channels, width, 3, batch_norm)
        self.pool1 = nn.MaxPool2d(2)
        self.inception1a = inception(width, 2 * width)
        self.inception1b = inception(2 * width, 2 * width)
        self.pool2 = nn.MaxPool2d(2)
        self.inception2a = inception(2 * width, 4 * width)
        self.inception2b = inception(4 * width, 4 * width)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(4 * width, classes)

    def forward(self, x):
        check_pictures(self, "stem.0", x, self.smallest)
        x = self.pool1(self.stem(x))  # (n, 32, 16, 16) for 32 pixels
        x = self.pool2(self.inception1b(self.inception1a(x)))  # (n, 64, 8, 8)
        x = self.inception2b(self.inception2a(x))  # (n, 128, 8, 8)
        x = self.flatten(self.average(x))  # (n, 128)
        return self.fc(self.dropout(x))
