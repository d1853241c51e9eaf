"""VGG: one idea, 3x3 convolutions in stacks, written as a list."""

from torch import nn

from .refusals import check_counts, check_images, check_pictures, check_size

# Table 1 of the paper, columns A, B, D and E: convolutions in each stack; a stack ends in 2x2 pooling.
VGG_STACKS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
VGG_WIDTHS = (64, 128, 256, 512, 512)  # filters of each stack


def vgg_features(in_channels, stacks, widths, batch_norm):
    """The convolutions: for every width its stack of 3x3 filters, then maximum pooling that halves the picture."""
    layers = []
    for count, width in zip(stacks, widths, strict=True):
        for _ in range(count):
            layers.append(nn.Conv2d(in_channels, width, kernel_size=3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU())
            in_channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


class VGG(nn.Module):
    """VGG-11, 13, 16 or 19: depth counts the layers with weights, three of them dense.

    x             (n, in_channels, h, w)     32 pixels or more, 224 for ImageNet
    returns       (n, classes)     logits

    138,357,544 parameters for depth 16; 123.6 million of them in the dense layers, at any depth.
    Source: Simonyan and Zisserman 2014, table 1. Parameters have torchvision's names and shapes, so its weights load.
    Like torchvision's it differs in averaging the last maps to 7x7, so that other sizes than 224 pass, and, with
    batch_norm, in what 2014 did not know yet.
    """

    smallest = 32  # pixels; five times halved, one is left

    def __init__(self, depth=16, classes=1000, in_channels=3, batch_norm=False, dropout=0.5):
        super().__init__()
        if depth not in VGG_STACKS:
            raise ValueError(f"VGG: depth={depth!r}. The paper has 11, 13, 16 and 19. Pass one of them.")
        check_counts("VGG", classes=classes, in_channels=in_channels)
        self.in_channels = in_channels
        self.features = vgg_features(in_channels, VGG_STACKS[depth], VGG_WIDTHS, batch_norm)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, classes),
        )

    def forward(self, x):
        check_pictures(self, "features.0", x, self.smallest)
        x = self.features(x)  # (n, 512, 7, 7) for 224 pixels
        return self.classifier(self.flatten(self.avgpool(x)))


class SmallVGG(nn.Module):
    """VGG's plan for small pictures: three stacks of two 3x3 convolutions, then two dense layers.

    x             (n, in_channels, size, size)     size 8 or more
    returns       (n, classes)     logits

    width is the number of filters of the first stack; the second has twice, the third four times as many. With 32:
    550,570 parameters for 32x32 colour pictures.
    """

    def __init__(self, classes=10, in_channels=3, size=32, width=32, batch_norm=False, dropout=0.5):
        super().__init__()
        check_counts("SmallVGG", classes=classes, in_channels=in_channels, size=size, width=width)
        check_size("SmallVGG", "the third pooling", size, smallest=8)
        self.in_channels, self.size = in_channels, size
        self.features = vgg_features(in_channels, (2, 2, 2), (width, 2 * width, 4 * width), batch_norm)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            nn.Linear(4 * width * (size // 8) ** 2, 4 * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, classes),
        )

    def forward(self, x):
        check_images(self, "features.0", x, self.in_channels, self.size)
        x = self.features(x)  # (n, 128, 4, 4)
        return self.classifier(self.flatten(x))
