"""What a layer answers, caught by a hook."""

from typing import NamedTuple

import torch
import torch.nn.functional as F

from .refusals import check_asked, check_channel, check_count, check_field, find, images_of


def activations(model, x, layer):
    """What a layer makes of pictures: a hook keeps its output while the model runs.

    model     in evaluation mode
    x         (n, c, h, w)         as the model takes them
    layer     a name from model.named_modules(), "layer2.0.conv1" say, or the module itself
    returns   (n, o, oh, ow)       its output; of other shape where the layer makes no maps
    """
    module = check_asked("activations", model, x, layer)
    kept = []
    handle = module.register_forward_hook(lambda module, inputs, output: kept.append(output))
    try:
        with torch.no_grad():
            model(x)
    finally:
        handle.remove()  # also after an error: a hook that stays works for ever
    return found("activations", kept, layer)


def found(function, kept, layer):
    """The one output of the layer that a hook has kept."""
    if len(kept) != 1:
        raise ValueError(
            f"{function}: layer {find(layer)} ran {len(kept)} times for one batch. A layer that runs once is needed. "
            "Choose another, or the block that holds it."
        )
    return kept[0]


class Patches(NamedTuple):
    """Where one channel of a layer answers most, the largest answer first."""

    patches: torch.Tensor  # (count, c, size, size), cut out of x; zeros where the field reaches over its edge
    values: torch.Tensor  # (count,)
    pictures: torch.Tensor  # (count,) which of x
    places: torch.Tensor  # (count, 2) row and column in the map


def top_patches(model, x, layer, channel, field, count=9):
    """The patches of pictures to which one channel of a layer answers most, at most one from each picture.

    model     in evaluation mode
    x         (n, c, h, w)
    layer     as in activations
    channel   of its output
    field     what one value of its output sees: the layer's Field from shapes.receptive_field
    count     patches
    returns   Patches(patches (count, c, size, size), values, pictures, places)

    Source: Zeiler and Fergus 2013, "Visualizing and understanding convolutional networks", section 4.
    """
    size, jump, centre = check_field(field)
    maps = images_of("top_patches", activations(model, x, layer), layer)
    check_channel(channel, maps)
    check_count(count, len(x))
    best, where = maps[:, channel].flatten(1).max(1)  # each picture's largest answer, and where that is
    values, pictures = best.topk(count)
    rows, columns = where[pictures] // maps.shape[3], where[pictures] % maps.shape[3]
    edge = size  # wider than any field reaches out
    padded = F.pad(x[pictures], [edge] * 4)
    patches = []
    for picture, row, column in zip(padded, rows.tolist(), columns.tolist(), strict=True):
        top, left = (edge + int(centre + jump * i - (size - 1) / 2) for i in (row, column))
        patches.append(picture[:, top : top + size, left : left + size])
    return Patches(torch.stack(patches), values, pictures, torch.stack([rows, columns], dim=1))
