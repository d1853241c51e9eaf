"""What `load` returns: the images and labels of one data set with what is needed to normalise and name them."""

from dataclasses import dataclass, replace

import torch


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Training and test images with their labels.

    x_train, x_test   (n, c, h, w)  uint8, 0..255
    y_train, y_test   (n,)          int64, an index into classes
    classes           tuple of str
    mean, sd          tuple of float, one per channel, of x_train in 0..1
    name              as given to load
    source            where the images came from
    """

    x_train: torch.Tensor
    y_train: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor
    classes: tuple
    mean: tuple
    sd: tuple
    name: str
    source: str

    def __repr__(self):
        train, test, shape = len(self.x_train), len(self.x_test), tuple(self.x_train.shape[1:])
        return f"{self.name}: {train} training and {test} test images {shape}, {self.source}"

    def split(self, validation, seed=0):
        """Set some training images aside, at random, to compare settings on: `(x, y), (x_val, y_val) = split(1000)`.

        Whoever tunes on the test set measures how well they tuned, not how well the network will do.

        validation   a count of images (int) or a share of them (float between 0 and 1)
        seed         the same seed sets the same images aside
        """
        images = len(self.x_train)
        if isinstance(validation, bool) or not isinstance(validation, int | float):
            raise TypeError(f"split: validation={validation!r}. A count or a share is needed. Pass 1000 or 0.1.")
        count = validation if isinstance(validation, int) else round(validation * images)
        if not 0 < count < images:
            raise ValueError(
                f"split: validation={validation} of {images} training images leaves one part empty. "
                f"A count from 1 to {images - 1} or a share between 0 and 1 is needed. Pass 1000 or 0.1."
            )
        order = torch.randperm(images, generator=torch.Generator().manual_seed(seed))
        kept, aside = order[count:], order[:count]
        return (self.x_train[kept], self.y_train[kept]), (self.x_train[aside], self.y_train[aside])

    def only(self, classes):
        """The same data set with fewer classes: their images, labels counted anew, a mean and sd of their own.

        classes      indices of the classes that stay, such as [0, 3]
        """
        chosen = list(classes) if isinstance(classes, list | tuple | range) else None
        if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(len(self.classes))):
            raise ValueError(
                f"only: classes={classes!r}. Different whole numbers from 0 to {len(self.classes) - 1} are needed. "
                f"Pass a list such as [0, 3]."
            )
        new = torch.full((len(self.classes),), -1)  # the new number of each class, -1 for those that go
        new[chosen] = torch.arange(len(chosen))
        parts = []
        for x, y in ((self.x_train, self.y_train), (self.x_test, self.y_test)):
            stay = new[y] >= 0
            parts += [x[stay], new[y[stay]]]
        mean, sd = mean_and_sd(parts[0])
        return replace(self, **dict(zip(("x_train", "y_train", "x_test", "y_test"), parts, strict=True)),
                       classes=tuple(self.classes[c] for c in chosen), mean=mean, sd=sd)  # fmt: skip


def mean_and_sd(x):
    """Mean and standard deviation of each channel, as tuples of floats in 0..1.

    x   (n, c, h, w)  uint8

    Counts the 256 values instead of making floats: exact, and a quarter of the memory.
    """
    values = torch.arange(256, dtype=torch.float64) / 255
    mean, sd = [], []
    for channel in x.unbind(1):
        share = torch.bincount(channel.flatten(), minlength=256).double() / channel.numel()
        centre = (share * values).sum()
        mean.append(float(centre))
        sd.append(float((share * (values - centre) ** 2).sum().sqrt()))
    return tuple(mean), tuple(sd)
