"""What a layer costs: numbers to learn, and multiplications to do."""

import math

from torch import nn

from .sizes import out_size

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def count_parameters(model):
    """Number of learned values in a layer or model; what two layers share is counted once."""
    check_model("count_parameters", "model", model)
    return sum(p.numel() for p in model.parameters())


def multiply_adds(layer, in_shape):
    """Multiply-adds for one image: a multiplication and the addition that goes with it count as one.

    layer      convolution, transposed convolution or Linear, or a layer with a method multiply_adds(in_shape) of its
               own; any other single layer costs 0
    in_shape   of one image, without the batch: (c, h, w), or (values,) for Linear

    The convention of the papers, and of torchvision's tables, which call the same number "GFLOPS"; where FLOPs count
    multiplications and additions apart, they are twice as many. Biases, activations, pooling and normalisation are
    left out. For a whole model, use ladder(model, in_shape).multiply_adds.
    """
    check_model("multiply_adds", "layer", layer)
    if callable(own := getattr(layer, "multiply_adds", None)):
        return own(in_shape)
    if any(layer.children()):
        raise ValueError(
            f"multiply_adds: {type(layer).__name__} holds other layers. A single layer is needed. "
            f"For a model, write ladder(model, input_shape).multiply_adds."
        )
    if isinstance(layer, nn.Linear):
        _reads(layer, "values", layer.in_features, in_shape, -1)
        return layer.weight.numel() * math.prod(in_shape[:-1])
    if not isinstance(layer, CONVOLUTIONS + TRANSPOSED):
        return 0
    if len(in_shape) != layer.weight.ndim - 1:
        raise ValueError(
            f"multiply_adds: {type(layer).__name__} reads {layer.weight.ndim - 1} axes of one image "
            f"(in_shape={tuple(in_shape)}). Channels come first, the batch is left out. Write (1, 28, 28), say."
        )
    _reads(layer, "channels", layer.in_channels, in_shape, 0)
    places = in_shape[1:]  # each pixel that comes in stamps every filter once
    if isinstance(layer, CONVOLUTIONS):
        padding = [layer.padding] * len(places) if isinstance(layer.padding, str) else layer.padding
        options = zip(in_shape[1:], layer.kernel_size, layer.stride, padding, layer.dilation, strict=True)
        places = [_places(*axis) for axis in options]
    return layer.weight.numel() * math.prod(places)


def bytes_moved(in_shape, out_shape, parameters=0, images=1, bytes_each=4):
    """Bytes that a layer reads and writes at least: what comes in and goes out, and once its parameters.

    in_shape, out_shape   of one image, without the batch
    parameters            learned values, which serve all images of the batch
    images                in the batch
    bytes_each            of one number: 4 for float32, 2 for bfloat16

    Multiply-adds divided by this are the layer's arithmetic intensity. Where it is below what a machine can calculate
    while one byte arrives, the layer waits for memory (Williams, Waterman and Patterson 2009, the roofline model).
    """
    return bytes_each * (images * (math.prod(in_shape) + math.prod(out_shape)) + parameters)


def _places(*axis):
    try:
        return out_size(*axis)
    except ValueError as error:
        raise ValueError(str(error).replace("out_size", "multiply_adds", 1)) from None


def _reads(layer, what, needed, in_shape, axis):
    if in_shape[axis] != needed:
        raise ValueError(
            f"multiply_adds: {type(layer).__name__} reads {needed} {what} (in_shape={tuple(in_shape)}). "
            f"The shape that really arrives is needed. Read it off ladder(model, input_shape)."
        )


def check_model(caller, name, model):
    """A module whose sizes are known."""
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"{caller}: {name} is a {type(model).__name__}. An nn.Module is needed. Build it first: nn.Linear(4, 2)."
        )
    if any(nn.parameter.is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        raise ValueError(
            f"{caller}: the model has lazy layers, without a size yet. Sizes are needed. Run model(x) once."
        )
