"""The channel mixer: a layer over color photographs, and the sum over channels that makes each output."""

from cnnlab.widgets import channel_mixer_state, hosts
from cnnlab.widgets.channel_mixer_state import (
    complete,
    cost,
    fine,
    names,
    picture,
    products,
    read,
    result,
    weights,
)


def channel_mixer(
    *, live=False, image="coffee", mix="vivid", kernel="1x1", filters=None, groups=1, output=0, row=20, column=24
):
    """Mix the channels of a photograph, and see what each of them adds to an output.

    live         False: lives in the page and needs no kernel; True: a widget whose traits Python reads and sets
    image        "coffee": red, green and blue of one photograph; "both": of two, so six channels
    mix          how much each filter takes of each channel: "identity", "gray", "vivid", "rotate", "differences",
                 "random", or your own (filters, channels) numbers
    kernel       "1x1", or 3x3 and then what the mix is multiplied by: "box", "sobel_x", "sobel_y", "laplacian",
                 "sharpen", or "random", which is another one for each pair of filter and channel
    filters      1 to 6; 3 if None, or the rows of your own mix
    groups       a divisor of filters and channels
    output       the filter whose output is shown, counted from 0
    row, column  the pixel that is picked, 0 to 63
    returns      an explorer: its settings are .state, its (parameters, multiply-adds) .cost, its text one sentence

    Raises ValueError for a layer that cannot be, with the reason.
    """
    given = {"image": image, "mix": mix, "kernel": kernel, "filters": filters, "groups": groups}
    return _opens(live, **given, output=output, row=row, column=column)


def draw(state):
    """The picture of a state, for where no script may run: what each channel adds, and the output."""
    from matplotlib.figure import Figure

    from cnnlab.plots.style import SIGNED, bare

    s = complete(**state)
    y, parts, (first, last) = result(s)[s["output"]], products(s), read(s)
    weight = weights(s)[s["output"]]
    shown = [*picture(s)[first:last], *parts, y]
    titles = [
        *names(s)[first:last],
        *[f"adds {fine(p[s['row'], s['column']])}" for p in parts],
        f"output {s['output']}",
    ]
    fig = Figure(figsize=(8, 8 / (len(parts) + 1) * 2), layout="constrained")
    spots = fig.subplots(2, len(parts) + 1)
    reach = max(p.abs().max().item() for p in [*parts, y]) or 1
    signed = bool((weight < 0).any())
    places = [*spots[0, :-1], *spots[1]]
    for i, (axes, values, title) in enumerate(zip(places, shown, titles, strict=True)):
        plain = i < len(parts)
        low = 0 if plain or not signed else -reach
        axes.imshow(
            values.numpy(), cmap="gray" if plain or not signed else SIGNED, vmin=low, vmax=1 if plain else reach
        )
        axes.plot(s["column"], s["row"], "s", markersize=6, markerfacecolor="none", markeredgecolor="#ff9d00")
        axes.set_title(title, fontsize=10)
        bare(axes)
    spots[0, -1].axis("off")
    return fig


_opens = hosts.pair("channel_mixer", channel_mixer_state, draw, cost=cost)
