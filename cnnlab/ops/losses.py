"""From logits to probabilities, and from probabilities to one number that says how wrong they are."""

import torch

from . import _checks


def softmax(x, dim):
    """Turn values into probabilities: exp(x), divided by its sum along dim.

    x         (n, classes)   any range, any shape
    dim       axis           whose values become one set of probabilities
    returns   (n, classes)   0..1, and 1 in sum along dim

    The largest value is taken off first; it cancels, and exp cannot overflow.
    Same numbers as torch.nn.functional.softmax.
    """
    _checks.floats("softmax", x=x)
    _checks.axis("softmax", x, dim)
    e = torch.exp(x - x.amax(dim, keepdim=True).detach())
    return e / e.sum(dim, keepdim=True)


def log_softmax(x, dim):
    """Logarithm of softmax, without the detour through probabilities too small to write down.

    x         (n, classes)   any range, any shape
    dim       axis           whose values become one set of probabilities
    returns   (n, classes)   0 and below

    Same numbers as torch.nn.functional.log_softmax.
    """
    _checks.floats("log_softmax", x=x)
    _checks.axis("log_softmax", x, dim)
    x = x - x.amax(dim, keepdim=True).detach()
    return x - torch.log(torch.exp(x).sum(dim, keepdim=True))


def cross_entropy(logits, labels, label_smoothing=0.0, reduction="mean"):
    """Minus the logarithm of the probability that the softmax of the logits gives to the true class.

    logits            (n, classes)   any range; also (n, classes, h, w) with labels (n, h, w)
    labels            ints (n)       0..classes - 1; or probabilities of the shape of logits
    label_smoothing   0..1           share of the truth that is spread evenly over all classes
    reduction         name           "mean" (over images), "sum" or "none"
    returns           ()             nats per image; log(classes) if all classes look equally likely

    Raises ValueError for a label that is no class.
    Same numbers as torch.nn.functional.cross_entropy; without its weight and ignore_index.
    """
    _checks.classes("cross_entropy", logits, labels, label_smoothing)
    _checks.mode("cross_entropy", "reduction", reduction, ("mean", "sum", "none"))
    axis = 0 if logits.ndim == 1 else 1
    log_p = log_softmax(logits, axis)
    truth = labels
    if not labels.is_floating_point():
        truth = torch.zeros_like(log_p).scatter(axis, labels.unsqueeze(axis), 1.0)  # 1 at the true class
    truth = (1 - label_smoothing) * truth + label_smoothing / log_p.shape[axis]
    loss = -(truth * log_p).sum(axis)  # (n)
    return {"mean": loss.mean, "sum": loss.sum, "none": lambda: loss}[reduction]()


def binary_cross_entropy_with_logits(logits, targets, reduction="mean"):
    """Minus the logarithm of the probability that the sigmoid of the logits gives to the truth.

    logits      (n, k)      any range, any shape
    targets     (n, k)      0..1: how true
    reduction   name        "mean" (over all values), "sum" or "none"
    returns     ()          nats per value; log(2) if nothing is known

    Same numbers as torch.nn.functional.binary_cross_entropy_with_logits; without its weight and pos_weight.
    """
    _checks.floats("binary_cross_entropy_with_logits", logits=logits, targets=targets)
    _checks.same_shape("binary_cross_entropy_with_logits", logits, targets)
    _checks.mode("binary_cross_entropy_with_logits", "reduction", reduction, ("mean", "sum", "none"))
    # -log(sigmoid(x)) is log(1 + exp(-x)), and 1 - sigmoid(x) is sigmoid(-x)
    loss = torch.logaddexp(torch.zeros_like(logits), -logits) + (1 - targets) * logits
    return {"mean": loss.mean, "sum": loss.sum, "none": lambda: loss}[reduction]()
