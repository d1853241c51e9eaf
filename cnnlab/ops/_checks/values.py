"""Rows of values, statistics and labels: what must match what."""

import torch

from .tensors import count, floats, given, rank, vector, word


def norm(caller, x, running_mean, running_var, weight, bias, training):
    """A batch with channels, one value of each kind per channel, and enough values to have a variance."""
    vectors = given(running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    floats(caller, x=x, **vectors)
    if x.ndim < 2:
        raise ValueError(
            f"{caller}: x has {count(x.ndim, 'axis', 'axes')} {tuple(x.shape)}. It needs 2 or more, "
            f"(n, c, ...). Add one with x[None]."
        )
    c = x.shape[1]
    for name, tensor in vectors.items():
        vector(caller, name, tensor, c, "channel")
    if (running_mean is None) != (running_var is None):
        came, missing = ("running_var", "running_mean") if running_mean is None else ("running_mean", "running_var")
        raise ValueError(f"{caller}: {came} came without {missing}. Both or neither are needed. Pass {missing} too.")
    if x.numel() == c and (training or running_mean is None):
        raise ValueError(
            f"{caller}: each channel holds one value {tuple(x.shape)}, which has no variance. Training needs 2 "
            f"or more. Send more images at once, or use training=False."
        )


def folding(caller, weight, bias, running_mean, running_var, gamma, beta):
    """Filters, and one value of each kind per filter."""
    vectors = {"running_mean": running_mean, "running_var": running_var} | given(bias=bias, gamma=gamma, beta=beta)
    floats(caller, weight=weight, **vectors)
    if weight.ndim < 2:
        raise ValueError(
            f"{caller}: weight has {count(weight.ndim, 'axis', 'axes')} {tuple(weight.shape)}. It needs 2 or more, "
            f"(o, c, ...). Pass the weight of the layer that comes before the batch norm."
        )
    for name, tensor in vectors.items():
        vector(caller, name, tensor, len(weight), "filter")


def features(caller, x, weight, bias):
    """Rows of weight as long as those of x."""
    floats(caller, x=x, weight=weight, **given(bias=bias))
    rank(caller, "weight", weight, "o k")
    o, k = weight.shape
    if x.ndim == 0 or x.shape[-1] != k:
        came = x.shape[-1] if x.ndim else 1
        raise ValueError(
            f"{caller}: x has {count(came, 'value')} per row {tuple(x.shape)} but weight reads {k} "
            f"{tuple(weight.shape)}. Build weight as ({o}, {came}), or flatten x first: x.flatten(1)."
        )
    vector(caller, "bias", bias, o, "output")


def same_shape(caller, logits, targets):
    """One target per logit."""
    if logits.shape != targets.shape:
        raise ValueError(
            f"{caller}: logits are {tuple(logits.shape)} but targets are {tuple(targets.shape)}. One target per logit "
            f"is needed. Write targets.view_as(logits), or check the last layer."
        )


def classes(caller, logits, labels, label_smoothing):
    """One class number per image, or one probability per logit."""
    floats(caller, logits=logits)
    if not isinstance(labels, torch.Tensor):
        raise TypeError(
            f"{caller}: labels is a {type(labels).__name__}. A tensor is needed. Write torch.as_tensor(labels)."
        )
    if isinstance(label_smoothing, bool) or not isinstance(label_smoothing, (int, float)):
        raise TypeError(
            f"{caller}: label_smoothing is a {type(label_smoothing).__name__} (label_smoothing={label_smoothing!r}). "
            f"A number in 0..1 is needed. Name the other arguments, as in reduction='sum'."
        )
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"{caller}: label_smoothing is a share (label_smoothing={label_smoothing}). It lies in 0..1. Use 0.1, say."
        )
    if labels.is_floating_point() and labels.shape == logits.shape:
        return floats(caller, logits=logits, labels=labels)
    if labels.dtype != torch.int64:
        raise TypeError(
            f"{caller}: labels hold {word(labels.dtype)} {tuple(labels.shape)}. Class numbers are int64. "
            f"Write labels.long()."
        )
    if logits.ndim == 0:
        raise ValueError(f"{caller}: logits has 0 axes (). It needs 2, (n, classes). Give one row per image.")
    dim = 0 if logits.ndim == 1 else 1
    each = (*logits.shape[:dim], *logits.shape[dim + 1 :])
    if labels.shape != each:
        raise ValueError(
            f"{caller}: labels have shape {tuple(labels.shape)} but logits {tuple(logits.shape)}. One label per image "
            f"is needed, {each}. Check that both come from the same batch, and take off axes with labels.squeeze()."
        )
    low, high, k = labels.min().item(), labels.max().item(), logits.shape[dim]
    if low < 0 or high >= k:
        raise ValueError(
            f"{caller}: labels run from {low} to {high} but logits hold {count(k, 'class', 'classes')}. Labels "
            f"are 0..{k - 1}. Make the last layer wider, or number the classes from 0."
        )
