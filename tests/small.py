"""A small network and pictures that it can learn, for the tests of training."""

import torch
from torch import nn


def small_net(classes=3):
    """Dropout and batch norm in it, because both depend on the mode and one on random numbers."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(4 * 16, classes)
    )


def images(n=50, classes=3):
    """Random pictures whose label can be learnt: the label's third of the columns is brighter."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(classes, (n,), generator=generator)
    x = torch.randn(n, 1, 6, 6, generator=generator)
    x[torch.arange(n), 0, :, 2 * labels] += 2
    return x, labels


def as_list(batch_size=16):
    """50 images in batches of 16: the last one has 2."""
    x, labels = images()
    return list(zip(x.split(batch_size), labels.split(batch_size), strict=True))
