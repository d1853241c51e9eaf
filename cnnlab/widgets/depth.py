"""The depth explorer: how large signal and gradient are in each layer of a deep chain, before anything is learnt."""

import math

from cnnlab.widgets import depth_state, hosts
from cnnlab.widgets.depth_state import complete, sizes

COLOURS = ("#e0662f", "#2f8fd8")  # of signal and gradient, as on the page that moves


def depth_explorer(*, live=False, depth=30, init="xavier", gain=1.0, activation="relu", batch_norm=False, skip=False):
    """Stack layers and see what is left of the signal at the end, and of the gradient back at the input.

    live         False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    depth        1 to 50 layers, all of 64 units, on a batch of 32 random images
    init         "small" (standard deviation 0.01), "default" (PyTorch's own), "xavier", "he" or "large" (1)
    gain         0.5 to 2 in steps of 0.05: what the weights are multiplied with
    activation   "relu" or "tanh"
    batch_norm   True: each unit is normalised over the batch before the activation
    skip         True: a layer adds to what it gets, x + f(x), instead of replacing it
    returns      an explorer: its settings are .state, what it draws .sizes (signal, gradient), its text one sentence

    The layers are dense. A convolution behaves alike: with c input channels and kernel size k, c * k * k stands in the
    place of the 64 inputs. Sources: Glorot and Bengio 2010; He et al. 2015, section 2.2.
    """
    return _opens(live, depth=depth, init=init, gain=gain, activation=activation, batch_norm=batch_norm, skip=skip)


def draw(state):
    """The picture of a state, for where no script may run: signal and gradient by layer, where float32 holds them."""
    from cnnlab import plots
    from cnnlab.plots.style import INK

    found = sizes(complete(**state))
    known = [0 < size < math.inf for size in found.signal]
    series = {"signal": found.signal[: known.index(False) if False in known else None]}
    if not math.isnan(found.gradient[0]):
        series["gradient"] = [size if 0 < size < math.inf else math.nan for size in found.gradient]
    fig = plots.curves(series, "layer (0 is the input)", "standard deviation", log_y=True)
    (axes,) = fig.axes
    for line, words, colour in zip(axes.lines, axes.texts, COLOURS, strict=False):  # there may be no gradient
        line.set_color(colour)
        words.set(color=INK, fontsize=11)
    for words in (axes.xaxis.label, axes.yaxis.label):
        words.set_fontsize(12)
    axes.tick_params(labelsize=12)
    return fig


_opens = hosts.pair("depth_explorer", depth_state, draw, sizes=sizes)
