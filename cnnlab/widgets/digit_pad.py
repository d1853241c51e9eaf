"""The digit pad: draw with mouse, finger or keys, and a small network answers while you draw."""

from cnnlab.widgets import digit_pad_state, hosts
from cnnlab.widgets.digit_pad_state import complete, first_maps, ink, network, picture, probabilities


def digit_pad(*, live=False, drawing="3", pen=5, part=100, centered=True):
    """Draw a digit and see what models.DigitNet makes of it: ten probabilities and its first feature maps.

    live       False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    drawing    "0" to "9", "tiny 2", "house", or your own strokes: lists of [x, y] on paper of 56x56 pixels
    pen        its width in pixels of the paper, 2 to 12
    part       how many percent of the drawing are there already: 0 to 100
    centered   True: scaled and centered as MNIST's digits are; False: only made smaller
    returns    a pad: what the network is given is .picture (28, 28) uint8, its answer .probabilities (10,) or None
    """
    return _opens(live, drawing=drawing, pen=pen, part=part, centered=centered)


def draw(state):
    """The picture of a state, for where no script may run: paper, what the network sees, answer, first maps."""
    from matplotlib.figure import Figure

    from cnnlab.plots.style import SIGNED, bare

    s = complete(**state)
    p = probabilities(s)
    fig = Figure(figsize=(8, 4.2), layout="constrained")
    above, below = fig.subfigures(2, 1, height_ratios=(1.9, 1))
    paper, seen, bars = above.subplots(1, 3)
    for axes, values, title in ((paper, ink(s), "your drawing"), (seen, picture(s) / 255, "what the network sees")):
        axes.imshow(values.numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(title, fontsize=11)
        bare(axes)
    bars.barh(range(10), [0] * 10 if p is None else p.tolist(), color="#1f77b4")
    bars.set(xlim=(0, 1), ylim=(9.6, -0.6), yticks=range(10), xlabel="probability")
    bars.set_title("nothing yet" if p is None else f"the network says {p.argmax()}", fontsize=11)
    maps, kernels = first_maps(s), network().conv1.weight.detach()[:, 0]
    grid = below.subplots(2, len(maps), height_ratios=(1, 2.2))
    most = 1 if p is None else maps.max().item() or 1  # of a blank paper nothing is bright
    for i, (kernel, one) in enumerate(zip(kernels, maps, strict=True)):
        reach = kernel.abs().max().item()
        grid[0, i].imshow(kernel.numpy(), cmap=SIGNED, vmin=-reach, vmax=reach, interpolation="nearest")
        grid[1, i].imshow(one.numpy(), cmap="gray", vmin=0, vmax=most, interpolation="nearest")
        bare(grid[0, i]), bare(grid[1, i])
    below.suptitle("its first 8 filters, and the map that each makes", fontsize=11)
    return fig


_opens = hosts.pair("digit_pad", digit_pad_state, draw, picture=picture, probabilities=probabilities)
