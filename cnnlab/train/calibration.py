"""How far a network's confidence can be believed."""

import torch


def expected_calibration_error(confidence, correct, bins=10):
    """How far confidence and accuracy lie apart, on average over the images.

    confidence   (n,)  0..1, the probability that the network gives its answer: softmax(logits, 1).amax(1)
    correct      (n,)  whether that answer is right
    bins         of equal width; each counts by how many images lie in it
    returns      a float from 0, as sure as it is right, to 1

    Raises ValueError where the two differ in length and where a confidence is no probability.
    Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3; bins are open on the left, (0.9, 1].
    """
    confidence, correct = torch.as_tensor(confidence).double(), torch.as_tensor(correct).double()
    if confidence.dim() != 1 or confidence.shape != correct.shape or not len(confidence):
        raise ValueError(
            f"expected_calibration_error: confidence has shape {tuple(confidence.shape)} and correct "
            f"{tuple(correct.shape)}. One of each per image is needed. Go over the same images, in the same order."
        )
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError(
            f"expected_calibration_error: confidence runs from {confidence.min():.3g} to {confidence.max():.3g}. "
            "Probabilities from 0 to 1 are needed. Pass softmax(logits, 1).amax(1)."
        )
    if not isinstance(bins, int) or bins < 1:
        raise ValueError(f"expected_calibration_error: bins={bins!r}. A whole number from 1 up is needed. Pass 10.")
    which = torch.bucketize(confidence, torch.arange(1, bins, dtype=torch.float64, device=confidence.device) / bins)
    gap = torch.zeros(bins, dtype=torch.float64, device=confidence.device)
    return float(gap.index_add_(0, which, confidence - correct).abs().sum() / len(confidence))
