"""Network in Network: 1x1 convolutions after each convolution, and no dense layer at the end."""

from torch import nn

from .refusals import check_counts, check_pictures


class NiNBlock(nn.Sequential):
    """A convolution, then two 1x1 convolutions: a small dense network that is moved over the picture.

    x             (n, in_channels, h, w)
    widths        filters of the three
    returns       (n, widths[2], oh, ow)   with oh = out_size(h, kernel_size, stride, padding), ow likewise
    """

    def __init__(self, in_channels, widths, kernel_size, stride=1, padding=0, batch_norm=False):
        first, second, third = widths
        layers = []
        for c, o, options in (
            (in_channels, first, {"kernel_size": kernel_size, "stride": stride, "padding": padding}),
            (first, second, {"kernel_size": 1}),
            (second, third, {"kernel_size": 1}),
        ):
            layers.append(nn.Conv2d(c, o, **options))
            if batch_norm:
                layers.append(nn.BatchNorm2d(o))
            layers.append(nn.ReLU())
        super().__init__(*layers)


class NiN(nn.Module):
    """Four blocks for large pictures; the last has one map per class, whose average is the class's logit.

    x             (n, in_channels, h, w)     67 pixels or more, 224 for ImageNet
    returns       (n, classes)     logits, 0 or above

    7,595,176 parameters, an eighth of AlexNet's, whose plan of windows and pooling it keeps.
    Source: Lin, Chen and Yan 2013, for the idea; they report small pictures only. The widths are those of the network
    for ImageNet that the authors published afterwards with Caffe.
    """

    smallest = 67  # pixels

    def __init__(self, classes=1000, in_channels=3, dropout=0.5):
        super().__init__()
        check_counts("NiN", classes=classes, in_channels=in_channels)
        self.in_channels = in_channels
        self.pool = nn.MaxPool2d(3, stride=2)
        self.block1 = NiNBlock(in_channels, (96, 96, 96), kernel_size=11, stride=4)
        self.block2 = NiNBlock(96, (256, 256, 256), kernel_size=5, padding=2)
        self.block3 = NiNBlock(256, (384, 384, 384), kernel_size=3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.block4 = NiNBlock(384, (1024, 1024, classes), kernel_size=3, padding=1)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()

    def forward(self, x):
        check_pictures(self, "block1.0", x, self.smallest)
        x = self.pool(self.block1(x))  # (n, 96, 26, 26) for 224 pixels
        x = self.pool(self.block2(x))  # (n, 256, 12, 12)
        x = self.pool(self.block3(x))  # (n, 384, 5, 5)
        x = self.block4(self.dropout(x))  # (n, classes, 5, 5)
        return self.flatten(self.average(x))


class SmallNiN(nn.Module):
    """NiN's plan for small pictures: three blocks, one map per class, its average.

    x             (n, in_channels, h, w)     7 pixels or more
    returns       (n, classes)     logits

    width is the number of filters of the first block; the others have twice as many. With 32: 71,562 parameters for
    colour pictures and ten classes. It differs from the paper's network for CIFAR-10 in 3x3 filters, in narrower
    blocks, and in having no ReLU after the last layer, so that a class can be voted down.
    """

    smallest = 7  # pixels

    def __init__(self, classes=10, in_channels=3, width=32, batch_norm=False, dropout=0.5):
        super().__init__()
        check_counts("SmallNiN", classes=classes, in_channels=in_channels, width=width)
        self.in_channels = in_channels
        self.pool = nn.MaxPool2d(3, stride=2)
        self.dropout = nn.Dropout(dropout)
        self.block1 = NiNBlock(in_channels, (width,) * 3, 3, padding=1, batch_norm=batch_norm)
        self.block2 = NiNBlock(width, (2 * width,) * 3, 3, padding=1, batch_norm=batch_norm)
        self.block3 = NiNBlock(2 * width, (2 * width, 2 * width, classes), 3, padding=1, batch_norm=batch_norm)
        del self.block3[-2 if batch_norm else -1 :]  # logits have no bend after them
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()

    def forward(self, x):
        check_pictures(self, "block1.0", x, self.smallest)
        x = self.dropout(self.pool(self.block1(x)))  # (n, 32, 15, 15) for 32 pixels
        x = self.dropout(self.pool(self.block2(x)))  # (n, 64, 7, 7)
        x = self.block3(x)  # (n, classes, 7, 7)
        return self.flatten(self.average(x))
