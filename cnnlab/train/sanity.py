"""Looks that cost a second and save an hour: what to ask before a long training."""

import copy
import math

import torch

from . import guards
from .loop import evaluate, fit


def blind_loss(labels):
    """The least cross-entropy that a model can reach without looking at the images: nats per image.

    labels    (n,) int64      of the images

    It then answers every image with the shares that the classes have among the labels: the loss is the entropy of
    those shares, and log(classes) where all are equally frequent. A loss that stands still there has learned the
    labels' shares and nothing about the images.
    """
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64 or labels.ndim != 1 or not len(labels):
        came = f"{labels.dtype} {tuple(labels.shape)}" if isinstance(labels, torch.Tensor) else type(labels).__name__
        raise ValueError(
            f"blind_loss: labels is {came.removeprefix('torch.')}. int64 (n,) with at least one label is needed. "
            f"Pass the labels of the training images."
        )
    counts = labels.unique(return_counts=True)[1].tolist()  # classes that are not there would be 0 * log(0)
    return -math.fsum(count / len(labels) * math.log(count / len(labels)) for count in counts)


def overfits(model, x, labels, steps=100, rate=0.01):
    """Whether a copy of the model learns a handful of images by heart: True if in the end all of them are right.

    x         (n, ...)       a few images, normalised: 10 or 20
    labels    (n,) int64
    steps     of Adam, each on all of them
    rate      its learning rate

    A model, a loss and a loop that cannot do this will not do more. The model itself stays as it was.
    """
    guards.check_model("overfits", model)
    model = copy.deepcopy(model)
    fit(model, [(x, labels)], epochs=steps, optimizer=torch.optim.Adam(model.parameters(), lr=rate), progress=False)
    return evaluate(model, [(x, labels)]).accuracy == 1


def gradient_gap(function, x, slopes, nudge=1e-4):
    """How far claimed slopes are from nudged ones: the largest difference, as a share of the largest slope.

    function  of a tensor like x, returns one number
    x         float64        where the slopes were taken
    slopes    like x         the claim: how fast function(x) grows in each element of x
    nudge     how far each element is moved up, and down

    About 1e-8 or less for right slopes of a smooth function, about 1 for wrong ones; 0 where all slopes are 0.
    torch.autograd.gradcheck asks the same of every output of a function at once.
    """
    if x.dtype != torch.float64:
        raise ValueError(
            f"gradient_gap: x is {str(x.dtype).removeprefix('torch.')}. float64 is needed: differences of nearly equal "
            f"numbers lose digits. Pass x.double()."
        )
    if slopes.shape != x.shape:
        raise ValueError(
            f"gradient_gap: slopes {tuple(slopes.shape)} for x {tuple(x.shape)}. One slope per element is needed. "
            f"Pass the gradient with respect to x."
        )
    nudged = torch.zeros_like(x)
    with torch.no_grad():
        for place in range(x.numel()):
            step = torch.zeros_like(x)
            step.view(-1)[place] = nudge
            nudged.view(-1)[place] = (function(x + step) - function(x - step)) / (2 * nudge)
    scale = max(slopes.abs().max(), nudged.abs().max())
    return float((slopes - nudged).abs().max() / scale) if scale > 0 else 0.0
