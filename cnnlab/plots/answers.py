"""What a network answers: pictures with their prediction, and how far its confidence can be trusted."""

import numpy as np

from cnnlab.plots.grids import images
from cnnlab.plots.style import INK, array, colours, figure, open_frame

WRONG = "#b3261e"


def predictions(pictures, labels, logits, classes, columns=None, size=1.5, title=None):
    """Pictures with the predicted class and its probability; a wrong one has a cross, a heavy frame and the truth.

    pictures   (n, 3, h, w) or (n, 1, h, w), as for images
    labels     (n,) true classes
    logits     (n, classes) what the network says; probabilities are their softmax
    classes    the names
    columns    pictures in a row; all in one row up to 8
    size       inches per picture
    title      the finding
    returns    Figure

    Raises ValueError where counts do not fit.
    """
    labels, logits = array(labels), array(logits).astype(float)
    if logits.shape != (len(labels), len(classes)) or len(pictures) != len(labels):
        raise ValueError(
            f"predictions: {len(pictures)} pictures, {len(labels)} labels, logits of shape {logits.shape} and "
            f"{len(classes)} class names came. One row of logits per picture and one column per class are needed. "
            "Pass the logits of these pictures."
        )
    share = np.exp(logits - logits.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    says = logits.argmax(1)
    wrong = says != labels
    titles = [
        f"{'✗' if miss else '✓'} {classes[guess]} {100 * p[guess]:.0f} %" + (f"\nis: {classes[label]}" if miss else "")
        for guess, label, miss, p in zip(says, labels, wrong, share, strict=True)
    ]
    fig = images(pictures, titles, columns, size=size, title=title)
    fig.set_figheight(fig.get_figheight() + 0.15 * len(fig.axes) / fig.axes[0].get_gridspec().ncols)  # a second line
    for ax, miss in zip(fig.axes, wrong, strict=False):
        if miss:
            ax.title.set(color=WRONG, fontweight="bold")
            for spine in ax.spines.values():
                spine.set(color=WRONG, linewidth=3)
    return fig


def reliability(confidence, correct, bins=10, title=None):
    """How often an answer of a given confidence is right: bars on the line can be believed, bars under it boast.

    confidence   (n,)  0..1, the probability that the network gives its answer
    correct      (n,)  whether that answer is right
    bins         of equal width; where no picture fell there is no bar
    title        the finding
    returns      Figure: accuracy in each bin, and below how many of the pictures lie there

    Raises ValueError where the two differ in length and where a confidence is no probability.
    Guo et al. 2017, "On Calibration of Modern Neural Networks", figure 1; its bins are open on the left, (0.9, 1].
    """
    confidence, correct = array(confidence).astype(float), array(correct).astype(float)
    if confidence.ndim != 1 or confidence.shape != correct.shape or not len(confidence):
        raise ValueError(
            f"reliability: confidence has shape {confidence.shape} and correct {correct.shape}. "
            "Give one probability and one True or False per picture."
        )
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError(
            f"reliability: confidence runs from {confidence.min():.3g} to {confidence.max():.3g}. "
            "Probabilities from 0 to 1 are needed. Pass the largest softmax of each row of logits."
        )
    if not isinstance(bins, int) or bins < 1:
        raise ValueError(f"reliability: bins={bins!r}. A whole number from 1 up is needed. Pass 10.")
    which = np.searchsorted(np.arange(1, bins) / bins, confidence)
    count = np.bincount(which, minlength=bins)
    full = count > 0
    accuracy = np.bincount(which, correct, bins)[full] / count[full]
    centre, width = (np.arange(bins)[full] + 0.5) / bins, 1 / bins
    fig, (top, bottom) = figure(2, 1, width=4.4, height=4.6, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    top.bar(centre, accuracy, width, color=colours()[0], edgecolor="white")
    top.plot([0, 0.5, 1], [0, 0.5, 1], color=INK, linestyle="--", linewidth=1.5, label="as often right as it says")
    for x, height in zip(centre, accuracy, strict=True):
        top.plot([x, x], [height, x], color=INK, linewidth=1)  # the gap, from the bar to the line
    top.set_ylabel("accuracy (share of images)")
    top.set_ylim(0, 1.02)
    top.legend(loc="upper left", frameon=False, fontsize=9)
    bottom.bar(centre, count[full] / len(confidence), width, color="#999999", edgecolor="white")
    bottom.set_ylabel("share of\nall images")
    bottom.set_xlabel("confidence (probability of the answer)")
    bottom.set_xlim(0, 1)
    for ax in (top, bottom):
        open_frame(ax)
    if title:
        fig.suptitle(title, fontsize=11)
    return fig
