"""Batch normalisation: every channel is shifted and scaled to mean 0 and variance 1, and in the end folded away."""

import torch

from . import _checks


def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Shift and scale each channel to mean 0 and variance 1, then by its own bias and weight.

    x              (n, c, h, w)   any range; also (n, c) and (n, c, w)
    running_mean   (c)            used if not training, else moved towards the batch's mean, in place
    running_var    (c)            likewise for the variance; both may be None, then the batch's own are used
    weight         (c)            None for 1
    bias           (c)            None for 0
    training       bool           normalise with the mean and variance of this batch
    momentum       0..1           how far the running values move
    eps            above 0        added to the variance, so that a constant channel is not divided by 0
    returns        (n, c, h, w)

    The batch is divided by its biased variance (over count), the running one is unbiased (over count - 1), as in
    PyTorch. Raises ValueError in training if a channel holds one value only, whose variance would be 0.
    Same numbers as torch.nn.functional.batch_norm. Source: Ioffe and Szegedy 2015, algorithms 1 and 2.
    """
    _checks.norm("batch_norm", x, running_mean, running_var, weight, bias, training)
    per_channel = (-1, *[1] * (x.ndim - 2))  # (c, 1, 1): one value for all pixels of a feature map
    axes = [axis for axis in range(x.ndim) if axis != 1]
    if training or running_mean is None:
        mean, var = x.mean(axes), x.var(axes, unbiased=False)  # (c)
    else:
        mean, var = running_mean, running_var
    if training and running_mean is not None:
        count = x.numel() // x.shape[1]
        with torch.no_grad():
            running_mean += momentum * (mean - running_mean)
            running_var += momentum * (var * count / (count - 1) - running_var)

    y = (x - mean.view(per_channel)) / torch.sqrt(var.view(per_channel) + eps)
    if weight is not None:
        y = y * weight.view(per_channel)
    return y if bias is None else y + bias.view(per_channel)


def fold_batch_norm(weight, bias, running_mean, running_var, gamma=None, beta=None, eps=1e-5):
    """Weight and bias of the one convolution that does what a convolution and the batch norm after it do together.

    weight         (o, c, kh, kw)   filters of the convolution; also (o, k) of a dense layer
    bias           (o)              of the convolution, None for 0
    running_mean   (o)              of the batch norm, as all that follows
    running_var    (o)
    gamma          (o)              its weight, None for 1
    beta           (o)              its bias, None for 0
    eps            above 0
    returns        (o, c, kh, kw) weight and (o) bias

    True in evaluation, where mean and variance are fixed numbers; in training they change with every batch.
    Same numbers as torch.nn.utils.fusion.fuse_conv_bn_weights, which takes the arguments in another order.
    """
    _checks.folding("fold_batch_norm", weight, bias, running_mean, running_var, gamma, beta)
    scale = 1 / torch.sqrt(running_var + eps)  # (o): what each filter's sum is multiplied with
    if gamma is not None:
        scale = gamma * scale
    shift = -running_mean if bias is None else bias - running_mean
    folded = weight * scale.view(-1, *[1] * (weight.ndim - 1))
    return folded, shift * scale if beta is None else shift * scale + beta
