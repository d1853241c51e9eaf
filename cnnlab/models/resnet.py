"""ResNet: every block adds to what it was given, so that depth does no harm.

`ResNet` has torchvision's parameter names and shapes: its weights load and give the same outputs.
"""

import torch.nn.functional as F
from torch import nn

from .refusals import check_counts, check_pictures

WIDTHS = (64, 128, 256, 512)  # filters of the four stages


def conv3x3(in_channels, out_channels, stride=1):
    """Batch norm follows, which has a bias of its own."""
    return nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False)


def conv1x1(in_channels, out_channels, stride=1):
    return nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False)


def downsample(in_channels, out_channels, stride):
    """What brings x to the size of the block's result; None where it has that already (option B of the paper)."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(conv1x1(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, and around them the way straight through.

    x             (n, in_channels, h, w)
    returns       (n, width, oh, ow)   with oh = out_size(h, 3, stride, 1), ow likewise
    """

    expansion = 1  # maps that come out, in widths

    def __init__(self, in_channels, width, stride=1):
        super().__init__()
        self.conv1 = conv3x3(in_channels, width, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.conv2 = conv3x3(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = downsample(in_channels, width, stride)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu(y + shortcut)


class Bottleneck(nn.Module):
    """1x1 to fewer maps, 3x3 on those, 1x1 to four times as many, and around them the way straight through.

    x             (n, in_channels, h, w)
    returns       (n, 4 * width, oh, ow)   with oh = out_size(h, 3, stride, 1), ow likewise

    As in torchvision, the 3x3 makes the stride; in the paper the first 1x1 does, which reads a quarter of the pixels.
    """

    expansion = 4

    def __init__(self, in_channels, width, stride=1):
        super().__init__()
        self.conv1 = conv1x1(in_channels, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = conv1x1(width, 4 * width)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU()
        self.downsample = downsample(in_channels, 4 * width, stride)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu(y + shortcut)


class ResNet(nn.Module):
    """A stem, four stages of blocks, the average of each map, one dense layer.

    block         BasicBlock or Bottleneck
    counts        blocks in each of the four stages
    widths        filters of the four stages
    small         for pictures of 28 or 32 pixels: a 3x3 stem that moves by one pixel, and no pooling after it
    x             (n, in_channels, h, w)     any size, 224 for ImageNet
    returns       (n, classes)     logits

    Source: He, Zhang, Ren and Sun 2015, "Deep residual learning for image recognition", table 1, with shortcuts of
    option B. Weights start as in torchvision: normal, with variance 2 / (maps that come out * pixels of the window).
    """

    smallest = 1  # pixel: padding always leaves one

    def __init__(self, block, counts, widths=WIDTHS, classes=1000, in_channels=3, small=False):
        super().__init__()
        if len(counts) != 4 or len(widths) != 4:
            raise ValueError(
                f"ResNet: counts={tuple(counts)}, widths={tuple(widths)}. One number for each of the four stages is "
                "needed. Pass counts=(2, 2, 2, 2), widths=(64, 128, 256, 512)."
            )
        check_counts("ResNet", classes=classes, in_channels=in_channels)
        for count, width in zip(counts, widths, strict=True):
            check_counts("ResNet", counts=count, widths=width)
        self.in_channels = in_channels
        if small:
            self.conv1 = conv3x3(in_channels, widths[0])
        else:
            self.conv1 = nn.Conv2d(in_channels, widths[0], kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU()
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, stride=2, padding=1)
        c = widths[0]
        for stage, (count, width) in enumerate(zip(counts, widths, strict=True), start=1):
            blocks = []
            for i in range(count):
                blocks.append(block(c, width, stride=2 if i == 0 and stage > 1 else 1))
                c = width * block.expansion
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(c, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        check_pictures(self, "conv1", x, self.smallest)
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # (n, 64, 56, 56) for 224 pixels
        x = self.layer1(x)  # (n, 64, 56, 56), four times the maps with Bottleneck
        x = self.layer2(x)  # (n, 128, 28, 28)
        x = self.layer3(x)  # (n, 256, 14, 14)
        x = self.layer4(x)  # (n, 512, 7, 7)
        x = self.flatten(self.avgpool(x))  # (n, 512)
        return self.fc(x)


def resnet18(classes=1000, in_channels=3, widths=WIDTHS, small=False):
    """ResNet of 18 layers with weights: 11,689,512 parameters; 4,446,632 with widths=(64, 128, 192, 256)."""
    return ResNet(BasicBlock, (2, 2, 2, 2), widths, classes, in_channels, small)


def resnet34(classes=1000, in_channels=3, widths=WIDTHS, small=False):
    """ResNet of 34 layers with weights: 21,797,672 parameters."""
    return ResNet(BasicBlock, (3, 4, 6, 3), widths, classes, in_channels, small)


def resnet50(classes=1000, in_channels=3, widths=WIDTHS, small=False):
    """ResNet of 50 layers with weights: 25,557,032 parameters, for about the cost of ResNet-34."""
    return ResNet(Bottleneck, (3, 4, 6, 3), widths, classes, in_channels, small)


class PaddedShortcut(nn.Module):
    """The way straight through where maps shrink and grow in number: every other pixel, and maps of zeros (option A).

    x             (n, c, h, w)
    returns       (n, c + extra, oh, ow)   with oh = (h + 1) // 2, ow likewise
    """

    def __init__(self, extra):
        super().__init__()
        self.extra = extra

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.extra))


class SmallBlock(nn.Module):
    """Two 3x3 convolutions, with or without the way around them, with or without batch norm."""

    def __init__(self, in_channels, width, stride, residual, batch_norm):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=not batch_norm)
        self.bn1 = nn.BatchNorm2d(width) if batch_norm else nn.Identity()
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=not batch_norm)
        self.bn2 = nn.BatchNorm2d(width) if batch_norm else nn.Identity()
        self.residual = residual
        if residual:
            self.shortcut = nn.Identity() if stride == 1 else PaddedShortcut(width - in_channels)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu(y + self.shortcut(x) if self.residual else y)


class SmallResNet(nn.Module):
    """The ResNets of the paper's section 4.2, for small pictures: a 3x3 stem and three stages of equal depth.

    depth         layers with weights: 8, 14, 20, 26, 32, ..., six for each block more per stage
    residual      False builds the plain network: the same layers, nothing around them
    width         maps of the first stage; the second has twice, the third four times as many
    x             (n, in_channels, h, w)     any size, 32 for CIFAR-10
    returns       (n, classes)     logits

    269,722 parameters at depth 20, residual or plain, since shortcuts of option A have none.
    Source: He, Zhang, Ren and Sun 2015, section 4.2; weights start as in ResNet.
    """

    smallest = 1  # pixel: padding always leaves one

    def __init__(self, depth=20, residual=True, batch_norm=True, classes=10, in_channels=3, width=16):
        super().__init__()
        check_counts("SmallResNet", depth=depth, classes=classes, in_channels=in_channels, width=width)
        if depth < 8 or (depth - 2) % 6:
            near = max(8, round((depth - 2) / 6) * 6 + 2)
            raise ValueError(f"SmallResNet: depth={depth}. 8, 14, 20, 26, 32, ... are possible. Pass depth={near}.")
        self.in_channels = in_channels
        count = (depth - 2) // 6

        def stage(c, width, stride):
            first = SmallBlock(c, width, stride, residual, batch_norm)
            return nn.Sequential(first, *(SmallBlock(width, width, 1, residual, batch_norm) for _ in range(count - 1)))

        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=not batch_norm)
        self.bn1 = nn.BatchNorm2d(width) if batch_norm else nn.Identity()
        self.relu = nn.ReLU()
        self.layer1 = stage(width, width, stride=1)
        self.layer2 = stage(width, 2 * width, stride=2)
        self.layer3 = stage(2 * width, 4 * width, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(4 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        check_pictures(self, "conv1", x, self.smallest)
        x = self.relu(self.bn1(self.conv1(x)))  # (n, 16, 32, 32) for 32 pixels
        x = self.layer1(x)  # (n, 16, 32, 32)
        x = self.layer2(x)  # (n, 32, 16, 16)
        x = self.layer3(x)  # (n, 64, 8, 8)
        x = self.flatten(self.avgpool(x))  # (n, 64)
        return self.fc(x)
