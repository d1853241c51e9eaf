"""What a model refuses, each in one sentence: the layer, what came, what it needs, what to do."""

import copy

import torch

from cnnlab import shapes


def check_counts(model, **counts):
    """Refuse counts that are not whole numbers from 1 up."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(
                f"{model}: {name}={count!r} is a {type(count).__name__}. A whole number is needed. Pass an int."
            )
        if count < 1:
            raise ValueError(f"{model}: {name}={count}. At least 1 is needed. Pass the number of {name}.")


def check_size(model, layer, size, smallest):
    """Refuse pictures too small for anything to be left after `layer`."""
    if size < smallest:
        raise ValueError(
            f"{model}: size={size}. Nothing is left after {layer} below {smallest}x{smallest} pixels. "
            f"Enlarge the images to {smallest} pixels or more."
        )


def check_images(model, layer, x, channels, size):
    """Refuse images that `layer`, the first of `model`, does not fit: name the layer, both shapes and the cure."""
    name, needed = type(model).__name__, (channels, size, size)
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"{name}: x is a {type(x).__name__}. A tensor of images is needed. Use torch.as_tensor(x).")
    if x.ndim == 4 and len(x) and x.shape[1:] == needed and x.is_floating_point():
        return
    if x.ndim == 3:
        cure = "Add a batch axis with x[None]."
    elif x.ndim != 4:
        cure = "Arrange the images as (n, c, h, w)."
    elif len(x) == 0:
        cure = "Pass at least one image."
    elif x.shape[1] != channels and x.shape[3] == channels:
        cure = "Move the channels forward with x.permute(0, 3, 1, 2)."
    elif x.shape[1] != channels:
        cure = f"Build {name}(in_channels={x.shape[1]})." if hasattr(model, "in_channels") else "Pass grey images."
    elif x.shape[1:] != needed:
        cure = f"Resize or pad the images to {size}x{size} pixels."
    else:
        cure = "Scale the pixels to floats with x.float() / 255."
    raise ValueError(
        f"{name}: layer {layer} needs float images (n, {channels}, {size}, {size}) "
        f"but x is {tuple(x.shape)} {str(x.dtype).removeprefix('torch.')}. {cure}"
    )


def check_pictures(model, layer, x, smallest):
    """Refuse what a model that takes pictures of many sizes cannot read; x may be (n, c, h, w), h and w from smallest.

    Of a picture that is too small, name the layer that finds nothing left, what arrives there, and the smallest size.
    Tensors on the meta device have shapes only and come from the shape ladder, which says itself what does not fit.
    """
    if isinstance(x, torch.Tensor) and x.is_meta:
        return
    if not isinstance(x, torch.Tensor) or x.ndim != 4 or x.shape[1] != model.in_channels or not x.is_floating_point():
        size = smallest if not isinstance(x, torch.Tensor) or x.ndim < 2 else x.shape[-1]
        return check_images(model, layer, x, model.in_channels, size)
    if len(x) == 0:
        return check_images(model, layer, x, model.in_channels, x.shape[2])
    if min(x.shape[2:]) < smallest:
        try:
            shapes.ladder(copy.deepcopy(model).to("meta"), tuple(x.shape[1:]))
            fault = "too little is left at the end"
        except shapes.ShapeError as error:
            fault = str(error).removeprefix("ladder: ").partition(";")[0].rstrip(".")
        raise ValueError(
            f"{type(model).__name__}: x is {tuple(x.shape)}, too small: {fault}. At least {smallest}x{smallest} pixels "
            f"are needed. Enlarge the pictures: F.interpolate(x, size={smallest})."
        )
