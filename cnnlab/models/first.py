"""The networks of the first eight notebooks."""

from torch import nn

from .refusals import check_counts, check_images, check_size


class AllEqual(nn.Module):
    """Are all pixels of a 3x3 picture equal? One logit: above 0 means yes.

    x             (n, 1, 3, 3)     0 for black to 1 for white
    returns       (n,)             logits

    For zeros and ones two filters are enough, by hand: one filter answers to nine ones, the other to nine zeros, and
    the linear layer adds the two answers. Filters whose weights sum to 0, once as they are and once with their signs
    turned, do it for every grey. Training starts anywhere and needs filters to spare to find that: 177 parameters with
    16 filters, 23 with 2.
    """

    def __init__(self, filters=16):
        super().__init__()
        check_counts("AllEqual", filters=filters)
        self.conv = nn.Conv2d(1, filters, kernel_size=3)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(filters, 1)

    def forward(self, x):
        check_images(self, "conv", x, 1, 3)
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
        check_counts("MLP", classes=classes, in_channels=in_channels, size=size, hidden=hidden)
        self.in_channels, self.size = in_channels, size
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(in_channels * size * size, hidden)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x):
        check_images(self, "fc1", x, self.in_channels, self.size)
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
        check_counts("MnistCNN", classes=classes, in_channels=in_channels, size=size)
        check_size("MnistCNN", "pool", size, smallest=6)
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
        check_images(self, "conv1", x, self.in_channels, self.size)
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
        check_counts("LeNet", classes=classes, in_channels=in_channels, size=size)
        if size not in (28, 32):
            raise ValueError(f"LeNet: size={size}. conv1 reads 28 or 32 pixels. Resize the images, or pad them to 32.")
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
        check_images(self, "conv1", x, self.in_channels, self.size)
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

    145,578 parameters for 32x32 colour pictures, whose 64 last maps of 4x4 pixels make 1024 inputs of the dense layers.
    Source: the "CIFAR-10 quick" network of cuda-convnet (Krizhevsky 2011). It differs in pooling 2x2 maxima three
    times, where that one pools 3x3 with stride 2, twice by average, and in a ReLU between the dense layers.
    """

    def __init__(self, classes=10, in_channels=3, size=32):
        super().__init__()
        check_counts("CifarNet", classes=classes, in_channels=in_channels, size=size)
        check_size("CifarNet", "pool3", size, smallest=8)
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
        check_images(self, "conv1", x, self.in_channels, self.size)
        x = self.pool1(self.relu(self.conv1(x)))  # (n, 32, 16, 16)
        x = self.pool2(self.relu(self.conv2(x)))  # (n, 32, 8, 8)
        x = self.pool3(self.relu(self.conv3(x)))  # (n, 64, 4, 4)
        x = self.flatten(x)  # (n, 1024)
        x = self.relu(self.fc1(x))
        return self.fc2(x)
