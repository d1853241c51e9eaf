"""Averages over images, gathered batch by batch."""

import math
from typing import NamedTuple

import torch


class Result(NamedTuple):
    """What evaluate returns: averages over images."""

    loss: float  # nats per image with cross-entropy
    accuracy: float  # 0..1
    images: int


class Meter:
    """Averages over images: a smaller last batch counts for less. Nothing is read from the device before the end."""

    def __init__(self):
        self.losses, self.correct, self.images = [], [], []

    def add(self, cost, logits, labels):
        self.losses.append(cost.detach())
        self.correct.append(_correct(logits.detach(), labels))
        self.images.append(len(labels))

    def result(self, process):
        losses = torch.stack(self.losses).tolist()
        loss = math.fsum(loss * n for loss, n in zip(losses, self.images, strict=True))
        correct = float(torch.stack(self.correct).sum())
        loss, correct, images = process.total(loss, correct, sum(self.images))
        return Result(loss / images, correct / images, int(images))


def _correct(logits, labels):
    """How many images are right: the largest logit is the label's, or a single logit is on the label's side of 0."""
    if not labels.is_floating_point():
        return (logits.argmax(1) == labels).sum()
    if logits.ndim == 2 and logits.shape[1] > 1:  # soft labels: one share per class
        return (logits.argmax(1) == labels.argmax(1)).sum()
    if logits.numel() == len(logits):
        return ((logits > 0) == (labels > 0.5)).sum()
    return logits.new_tensor(math.nan)  # targets that are pictures have no accuracy
