"""AlexNet: as published in 2012, as PyTorch users know it (2014), and for small pictures."""

from torch import nn

from .refusals import check_counts, check_images, check_pictures, check_size


class AlexNet(nn.Module):
    """The network that won ImageNet's challenge of 2012: five convolutions, then three dense layers.

    x             (n, in_channels, size, size)     size 227 or 224
    returns       (n, classes)     logits

    62,378,344 parameters, 58.6 million of them in the dense layers. With groups=2, as on the paper's two GPUs, conv2,
    conv4 and conv5 read only half of the maps each: 60,965,224.
    Source: Krizhevsky, Sutskever and Hinton 2012, sections 3 and 4. The paper says 224 pixels, its arithmetic needs
    227; with size=224 two pixels of zeros on each side make up for it. It differs in its first weights, which are
    PyTorch's, and in scaling up at dropout while training, where the paper halves outputs afterwards.
    """

    def __init__(self, classes=1000, in_channels=3, size=227, groups=1, dropout=0.5):
        super().__init__()
        check_counts("AlexNet", classes=classes, in_channels=in_channels, size=size)
        if size not in (224, 227):
            raise ValueError(
                f"AlexNet: size={size}. conv1 and the dense layers fit 227 or 224 pixels. "
                f"Resize the pictures, or build SmallAlexNet(size={size})."
            )
        if groups not in (1, 2):
            raise ValueError(f"AlexNet: groups={groups}. 1, or 2 as on the paper's two GPUs. Pass one of them.")
        self.in_channels, self.size = in_channels, size
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(3, stride=2)  # windows overlap by one pixel (section 3.4)
        # Section 3.3: a / (2 + 1e-4 * sum of five squares) ** 0.75; PyTorch takes their mean, hence 5e-4
        self.norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
        self.conv1 = nn.Conv2d(in_channels, 96, kernel_size=11, stride=4, padding=2 if size == 224 else 0)
        self.conv2 = nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=groups)
        self.conv3 = nn.Conv2d(256, 384, kernel_size=3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=groups)
        self.conv5 = nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=groups)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.fc6 = nn.Linear(256 * 6 * 6, 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, classes)

    def forward(self, x):
        check_images(self, "conv1", x, self.in_channels, self.size)
        x = self.pool(self.norm(self.relu(self.conv1(x))))  # (n, 96, 27, 27)
        x = self.pool(self.norm(self.relu(self.conv2(x))))  # (n, 256, 13, 13)
        x = self.relu(self.conv3(x))  # (n, 384, 13, 13)
        x = self.relu(self.conv4(x))  # (n, 384, 13, 13)
        x = self.pool(self.relu(self.conv5(x)))  # (n, 256, 6, 6)
        x = self.flatten(x)  # (n, 9216)
        x = self.dropout(self.relu(self.fc6(x)))
        x = self.dropout(self.relu(self.fc7(x)))
        return self.fc8(x)


class AlexNet2014(nn.Module):
    """What torchvision calls alexnet: the narrower network of 2014, for one GPU, without normalisation.

    x             (n, in_channels, h, w)     63 pixels or more, 224 for ImageNet
    returns       (n, classes)     logits

    61,100,840 parameters. Widths 64-192-384-256-256 where AlexNet has 96-256-384-384-256.
    Source: Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks". Parameters have
    torchvision's names and shapes, so its weights load. Like torchvision's, it averages the last maps to 6x6, so that
    other sizes than 224 pass.
    """

    smallest = 63  # pixels

    def __init__(self, classes=1000, in_channels=3, dropout=0.5):
        super().__init__()
        check_counts("AlexNet2014", classes=classes, in_channels=in_channels)
        self.in_channels = in_channels
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, classes),
        )

    def forward(self, x):
        check_pictures(self, "features.0", x, self.smallest)
        x = self.features(x)  # (n, 256, 6, 6) for 224 pixels
        return self.classifier(self.flatten(self.avgpool(x)))


class SmallAlexNet(nn.Module):
    """AlexNet's plan for small pictures: five 3x3 convolutions, overlapping pooling after the first, second and fifth.

    x             (n, in_channels, size, size)     size 15 or more
    returns       (n, classes)     logits

    width is the number of filters of conv1; the others keep about AlexNet's proportions, 1-2-3-3-2. With 32: 429,258
    parameters for 32x32 colour pictures. It differs from AlexNet in a first layer of 3x3 filters that moves by one
    pixel, in narrow dense layers, and in having no response normalisation.
    """

    def __init__(self, classes=10, in_channels=3, size=32, width=32, dropout=0.5):
        super().__init__()
        check_counts("SmallAlexNet", classes=classes, in_channels=in_channels, size=size, width=width)
        check_size("SmallAlexNet", "the third pooling", size, smallest=15)
        self.in_channels, self.size = in_channels, size
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(3, stride=2)
        self.conv1 = nn.Conv2d(in_channels, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(width, 2 * width, kernel_size=3, padding=1)
        self.conv3 = nn.Conv2d(2 * width, 3 * width, kernel_size=3, padding=1)
        self.conv4 = nn.Conv2d(3 * width, 3 * width, kernel_size=3, padding=1)
        self.conv5 = nn.Conv2d(3 * width, 2 * width, kernel_size=3, padding=1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        left = ((size + 1) // 8) - 1  # three times (size - 3) // 2 + 1
        self.fc6 = nn.Linear(2 * width * left**2, 8 * width)
        self.fc7 = nn.Linear(8 * width, 8 * width)
        self.fc8 = nn.Linear(8 * width, classes)

    def forward(self, x):
        check_images(self, "conv1", x, self.in_channels, self.size)
        x = self.pool(self.relu(self.conv1(x)))  # (n, 32, 15, 15)
        x = self.pool(self.relu(self.conv2(x)))  # (n, 64, 7, 7)
        x = self.relu(self.conv3(x))  # (n, 96, 7, 7)
        x = self.relu(self.conv4(x))  # (n, 96, 7, 7)
        x = self.pool(self.relu(self.conv5(x)))  # (n, 64, 3, 3)
        x = self.flatten(x)  # (n, 576)
        x = self.dropout(self.relu(self.fc6(x)))
        x = self.dropout(self.relu(self.fc7(x)))
        return self.fc8(x)
