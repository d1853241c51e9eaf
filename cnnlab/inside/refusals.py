"""What the questions refuse, each in one sentence: what came, what is needed, what to do."""

import torch
from torch import nn


def find(layer):
    """How an error calls a layer."""
    return layer if isinstance(layer, str) else type(layer).__name__


def check_asked(function, model, x, layer):
    """The layer's module, if model, pictures and layer belong together."""
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"{function}: model is a {type(model).__name__}. An nn.Module is needed. Pass the network itself."
        )
    if any(module.training for module in model.modules()):
        raise ValueError(
            f"{function}: model is in training mode, in which batch norm and dropout mix and drop. "
            "Evaluation mode is needed. Call model.eval()."
        )
    if not isinstance(x, torch.Tensor):
        raise TypeError(
            f"{function}: x is a {type(x).__name__}. A tensor (n, c, h, w) is needed. Use torch.as_tensor(x)."
        )
    if x.ndim != 4 or not len(x) or not x.is_floating_point():
        raise ValueError(
            f"{function}: x is {tuple(x.shape)} {str(x.dtype).removeprefix('torch.')}. Float pictures (n, c, h, w) are "
            f"needed. {'Add a batch axis with x[None].' if x.ndim == 3 else 'Normalise them as for training.'}"
        )
    modules = dict(model.named_modules())
    if isinstance(layer, str) and layer in modules:
        return modules[layer]
    if any(layer is module for module in modules.values()):
        return layer
    if isinstance(layer, nn.Module):
        raise ValueError(f"{function}: this {find(layer)} is no layer of the model. Pass one of its own, or a name.")
    names = [name for name in modules if name]
    near = [name for name in names if str(layer) in name] or names
    raise ValueError(
        f"{function}: layer={layer!r} is not in the model. There are {', '.join(near[:6])}"
        f"{', ...' if len(near) > 6 else ''}. Pass one of them."
    )


def images_of(function, maps, layer):
    """maps, if they are maps."""
    if not isinstance(maps, torch.Tensor) or maps.ndim != 4:
        made = f"gives {tuple(maps.shape)}" if isinstance(maps, torch.Tensor) else f"gives a {type(maps).__name__}"
        raise ValueError(
            f"{function}: layer {find(layer)} {made}. Maps (n, o, oh, ow) are needed. Choose one before the flatten."
        )
    return maps


def check_labels(function, labels, logits):
    """One class per picture."""
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64:
        came = str(labels.dtype).removeprefix("torch.") if isinstance(labels, torch.Tensor) else type(labels).__name__
        raise TypeError(f"{function}: labels is {came}. An int64 tensor (n,) is needed. Pass torch.tensor([label]).")
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            f"{function}: labels has shape {tuple(labels.shape)} and the logits are {tuple(logits.shape)}. "
            "One label per picture is needed. Pass labels of the same pictures."
        )
    if not 0 <= int(labels.min()) <= int(labels.max()) < logits.shape[1]:
        raise ValueError(
            f"{function}: labels run from {int(labels.min())} to {int(labels.max())}. "
            f"0 to {logits.shape[1] - 1} are the classes of this model. Pass one of them."
        )


def check_channel(channel, maps):
    if isinstance(channel, bool) or not isinstance(channel, int):
        raise TypeError(f"top_patches: channel={channel!r} is not a whole number. 0 to {maps.shape[1] - 1} is needed.")
    if not 0 <= channel < maps.shape[1]:
        raise ValueError(f"top_patches: channel={channel}. The layer has 0 to {maps.shape[1] - 1}. Pass one of them.")


def check_count(count, pictures):
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= pictures:
        raise ValueError(
            f"top_patches: count={count!r} of {pictures} pictures. 1 to {pictures} is needed. Pass 9, say."
        )


def check_field(field):
    """Size, jump and centre of a Field that is as high as wide."""
    found = tuple(getattr(field, name, None) for name in ("size", "jump", "centre"))
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in found):
        raise TypeError(
            f"top_patches: field={field!r}. One square Field is needed. Pass shapes.receptive_field(layers)[-1]."
        )
    return found


def check_square(size, stride, x):
    for name, value in (("size", size), ("stride", stride)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"occlusion: {name}={value!r} is not a whole number of pixels. Pass {name}=8.")
    smallest = min(x.shape[2:])
    if not 1 <= stride <= size <= smallest:
        raise ValueError(
            f"occlusion: size={size}, stride={stride}. 1 <= stride <= size <= {smallest} is needed, or pixels stay "
            f"uncovered or none is left. Pass size={min(8, smallest)}, stride={min(2, smallest)}."
        )


def check_share(field, share):
    if not isinstance(field, torch.Tensor) or not field.numel() or not (field >= 0).all() or not field.sum() > 0:
        raise ValueError(
            "pixels_holding: field needs values from 0 up, and one above 0. Pass effective_receptive_field's."
        )
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"pixels_holding: share={share!r}. A share above 0 and up to 1 is needed. Pass 0.9.")
