"""Which part of a picture speaks for a class: asked of the gradient, and asked by covering it up."""

import torch

from cnnlab import shapes

from .maps import found
from .refusals import check_asked, check_labels, check_square, images_of


@torch.enable_grad()  # also where gradients are switched off
def grad_cam(model, x, layer, labels):
    """Grad-CAM: the maps of a layer, added up with the weights that the gradient of a class gives them.

    model     in evaluation mode
    x         (n, c, h, w)
    layer     as in activations; commonly the last one that makes maps
    labels    (n,) int64           the class that is asked for, picture by picture
    returns   (n, oh, ow)          0 and up: what speaks for the class; what speaks against it is cut off

    Source: Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization",
    equations 1 and 2, with the mean of the gradient as weight of a map.
    """
    module = check_asked("grad_cam", model, x, layer)
    kept = []

    def begin_here(module, inputs, output):
        kept.append(images_of("grad_cam", output, layer).detach().requires_grad_())
        return kept[0].clone()  # the model goes on with a copy, which a ReLU may then overwrite

    handle = module.register_forward_hook(begin_here)
    try:
        logits = model(x)
    finally:
        handle.remove()
    maps = found("grad_cam", kept, layer)
    check_labels("grad_cam", labels, logits)
    score = logits.gather(1, labels[:, None]).sum()  # a picture's score depends on its own maps only
    (slopes,) = torch.autograd.grad(score, maps)
    weights = slopes.mean(dim=(2, 3), keepdim=True)  # (n, o, 1, 1)
    return (weights * maps.detach()).sum(dim=1).relu()


def cover(x, top, left, size, fill=None):
    """Pictures with a square covered.

    x           (n, c, h, w)
    top         its first row; below 0 a part of it lies outside
    left        its first column, likewise
    size        pixels of its side
    fill        what covers: a number, or a tensor that fits (n, c, 1, 1); each picture's own mean colour if None
    returns     (n, c, h, w)   a copy
    """
    covered = x.clone()
    fill = x.mean(dim=(2, 3), keepdim=True) if fill is None else fill
    covered[:, :, max(0, top) : max(0, top + size), max(0, left) : max(0, left + size)] = fill
    return covered


@torch.no_grad()
def occlusion(model, x, labels, size=8, stride=2, fill=None):
    """How far the probability of a class falls when a square is covered, for squares all over the picture.

    model     in evaluation mode
    x         (n, c, h, w)
    labels    (n,) int64           the class that is asked for, picture by picture
    size      pixels of the square; at the edges a part of it lies outside
    stride    pixels from one square to the next, up to size
    fill      as in cover: a colour that stands out is a new shape in the picture, which the model sees, too
    returns   (n, oh, ow)          with oh = out_size(h, stride, stride), ow likewise

    Above 0 the probability falls, below 0 it rises. Value (i, j) belongs to the stride x stride pixels in the middle of
    its square, so that the map lies over the picture.
    Source: Zeiler and Fergus 2013, "Visualizing and understanding convolutional networks", section 4.2, who cover with
    gray.
    """
    check_asked("occlusion", model, x, model)
    check_square(size, stride, x)
    logits = model(x)
    check_labels("occlusion", labels, logits)

    def probability(logits):
        return logits.softmax(dim=1).gather(1, labels[:, None])[:, 0]  # (n,)

    whole = probability(logits)
    oh, ow = (shapes.out_size(length, stride, stride) for length in x.shape[2:])
    falls = x.new_zeros(len(x), oh, ow)
    for i in range(oh):
        for j in range(ow):
            top, left = (k * stride - (size - stride) // 2 for k in (i, j))
            falls[:, i, j] = whole - probability(model(cover(x, top, left, size, fill)))
    return falls
