"""Random mixtures of two images, whose labels are mixed in the same shares.

Each maker returns a function of (images, labels, classes, generator) that gives images and soft labels (n, classes):
how much of each class is in an image. Every image meets another one of its batch. The choices are drawn on the CPU.
"""

import numpy as np
import torch

from .changes import blend, paste, send


def mixup(alpha):
    """Lay another image over each image, as if both were half transparent.

    alpha   how far they mix: the share of the first is drawn from Beta(alpha, alpha), close to 0 or 1 for a small
            alpha, anything for 1

    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"; there one share is drawn for a batch, here for each
    image.
    """
    _check_alpha("mixup", alpha)

    def mix(x, labels, classes, generator=None):
        _check_batch("mixup", x, labels, classes)
        share, partner = _draw(alpha, x, generator)
        return blend(x, x[partner], share), _soft(labels, partner, share, classes)

    return mix


def cutmix(alpha):
    """Put a rectangle of another image into each image.

    alpha   as in mixup; the rectangle has the shape of the image and the other's share of its area, less what hangs
            over the edge: its middle may lie anywhere

    Yun et al. 2019, "CutMix"; there one rectangle is drawn for a batch, here one for each image.
    """
    _check_alpha("cutmix", alpha)

    def mix(x, labels, classes, generator=None):
        _check_batch("cutmix", x, labels, classes)
        n, _, h, w = x.shape
        share, partner = _draw(alpha, x, generator)
        sides = []
        for length in (h, w):
            cut = (length * (1 - share).sqrt()).round().long()
            start = send(torch.randint(length, (n,), generator=generator), x) - cut // 2
            sides.append((start.clamp(min=0), (start + cut).clamp(max=length)))
        (top, bottom), (left, right) = sides
        share = 1 - (bottom - top) * (right - left) / (h * w)  # of the pixels that it really is
        return paste(x, x[partner], top, left, bottom, right), _soft(labels, partner, share, classes)

    return mix


def _draw(alpha, x, generator):
    """How much of each image stays, and whom it meets; PyTorch has no Beta that takes a generator."""
    seed = int(torch.randint(2**63 - 1, (), generator=generator))
    share = torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, len(x))).float()
    return send(share, x), send(torch.randperm(len(x), generator=generator), x)


def _soft(labels, partner, share, classes):
    soft = torch.zeros(len(labels), classes, device=labels.device)
    soft.scatter_add_(1, labels[:, None], share[:, None])
    return soft.scatter_add_(1, labels[partner, None], 1 - share[:, None])


def _check_alpha(function, alpha):
    if isinstance(alpha, bool) or not isinstance(alpha, int | float):
        raise TypeError(f"{function}: alpha={alpha!r}. A number above 0 is needed. Pass 0.2.")
    if not 0 < alpha < float("inf"):
        raise ValueError(f"{function}: alpha={alpha}. A number above 0 is needed. Pass 0.2.")


def _check_batch(function, x, labels, classes):
    if x.dim() != 4 or labels.shape != x.shape[:1] or labels.dtype != torch.int64:
        raise ValueError(
            f"{function}: x is {tuple(x.shape)} and labels {str(labels.dtype).removeprefix('torch.')} "
            f"{tuple(labels.shape)}. (n, c, h, w) and int64 (n,) are needed. Mix once, and last."
        )
    if labels.device.type == "cpu" and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"{function}: labels run from {labels.min()} to {labels.max()} (classes={classes}). 0 to {classes - 1} is "
            f"needed. Pass the number of classes of the data set."
        )
