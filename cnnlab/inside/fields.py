"""Which pixels one value of a feature map hangs on, measured."""

import torch

from .maps import found
from .refusals import check_asked, check_share, images_of


@torch.enable_grad()  # also where gradients are switched off
def effective_receptive_field(model, x, layer):
    """How much each pixel can move the middle value of a layer's maps, on average over pictures.

    model     in evaluation mode
    x         (n, c, h, w)
    layer     as in activations
    returns   (h, w)               shares that sum to 1; 0 outside the field that shapes.receptive_field computes

    It is the size of the gradient of that value, all channels added up, with respect to the pixel, its colours added
    up. Source: Luo, Li, Urtasun and Zemel 2016, "Understanding the effective receptive field in deep convolutional
    neural networks", who do not take sizes but average over random weights.
    """
    module = check_asked("effective_receptive_field", model, x, layer)
    kept = []
    handle = module.register_forward_hook(lambda module, inputs, output: kept.append(output))
    x = x.detach().requires_grad_()
    try:
        model(x)
    finally:
        handle.remove()
    maps = images_of("effective_receptive_field", found("effective_receptive_field", kept, layer), layer)
    middle = maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2]
    (slopes,) = torch.autograd.grad(middle.sum(), x)
    field = slopes.abs().sum(dim=1).mean(dim=0)  # (h, w)
    return field / field.sum().clamp_min(torch.finfo(field.dtype).tiny)


def pixels_holding(field, share=0.9):
    """How many pixels hold a share of the whole, the largest taken first.

    field     (h, w)               no value below 0
    share     above 0, up to 1
    returns   a count of pixels
    """
    check_share(field, share)
    gathered = field.flatten().sort(descending=True).values.double().cumsum(0)
    return int((gathered < share * gathered[-1] - 1e-12).sum()) + 1
