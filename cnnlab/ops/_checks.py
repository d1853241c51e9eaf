"""What the operations accept. Every message says what came, what is needed and what to do."""

import functools

import torch

from cnnlab.shapes import out_size
from cnnlab.shapes.sizes import sides, whole

MODES = ("zeros", "reflect", "replicate", "circular")


def one_image_too(op):
    """Let an operation on a batch (n, c, h, w) take a single image (c, h, w) as well."""

    @functools.wraps(op)
    def call(x, *args, **kwargs):
        if isinstance(x, torch.Tensor) and x.ndim == 3:
            return op(x[None], *args, **kwargs)[0]
        return op(x, *args, **kwargs)

    return call


def floats(caller, **tensors):
    """Tensors of one floating-point type, none of them empty."""
    first, dtype = next((name, getattr(tensor, "dtype", None)) for name, tensor in tensors.items())
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(
                f"{caller}: {name} is a {type(tensor).__name__}. A tensor is needed. "
                f"Write torch.as_tensor({name}, dtype=torch.float32)."
            )
        if not tensor.is_floating_point():
            raise TypeError(
                f"{caller}: {name} holds {_word(tensor.dtype)}. Floating-point numbers are needed. "
                f"Write {name}.float()."
            )
        if tensor.dtype != dtype:
            raise TypeError(
                f"{caller}: {name} holds {_word(tensor.dtype)} but {first} holds {_word(dtype)}. "
                f"Both must be of one type. Write {name}.to({first}.dtype)."
            )
        if tensor.numel() == 0:
            raise ValueError(
                f"{caller}: {name} is empty (shape {tuple(tensor.shape)}). At least one image, channel and pixel is "
                f"needed. Look at the selection that made it."
            )


def given(**tensors):
    """Those tensors that were not left out."""
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


def rank(caller, name, tensor, axes):
    """A tensor with the axes named in the string, such as "n c h w"."""
    needed = axes.split()
    if tensor.ndim != len(needed):
        raise ValueError(
            f"{caller}: {name} has {_count(tensor.ndim, 'axis', 'axes')} {tuple(tensor.shape)}. "
            f"It needs {len(needed)}, ({', '.join(needed)}). Add an axis with {name}[None] or take one with {name}[0]."
        )


def per_axis(caller, name, value, least, axes=2):
    """An int for all directions, or one per axis, as a tuple of ints."""
    if not isinstance(value, (tuple, list)):
        value = (value,) * axes
    if len(value) != axes:
        needed = "One is needed, or (rows, columns)" if axes == 2 else "One is needed"
        raise ValueError(
            f"{caller}: {name} has {_count(len(value), 'number')} ({name}={value!r}). {needed}. "
            f"Write {name}={value[0] if value else max(least, 1)}."
        )
    return tuple(whole(caller, name, v, least) for v in value)


def borders(caller, padding, kernel_size, stride, dilation):
    """padding in any of its spellings as one (before, after) per axis."""
    axes = len(kernel_size)
    padding = (padding,) * axes if isinstance(padding, str) else per_axis(caller, "padding", padding, 0, axes)
    return [sides(caller, *along) for along in zip(padding, kernel_size, stride, dilation, strict=True)]


def four_sides(caller, padding):
    """padding as ((top, bottom), (left, right)): for all, for (rows, columns), or for each side."""
    if not isinstance(padding, (tuple, list)) or len(padding) != 2:
        padding = per_axis(caller, "padding", padding, 0)
    return [per_axis(caller, "padding", along, 0) for along in padding]


def window(caller, x, kernel_size, stride, padding, dilation):
    """kernel_size, stride, dilation as one int per axis and padding as one (before, after), if the window fits."""
    axes = x.ndim - 2
    kernel_size = per_axis(caller, "kernel_size", kernel_size, 1, axes)
    stride = per_axis(caller, "stride", stride, 1, axes)
    dilation = per_axis(caller, "dilation", dilation, 1, axes)
    padding = borders(caller, padding, kernel_size, stride, dilation)
    stops(caller, x.shape[2:], kernel_size, stride, padding, dilation)
    return kernel_size, stride, padding, dilation


def stops(caller, size, kernel_size, stride=(1, 1), padding=(0, 0), dilation=(1, 1), ceil_mode=False):
    """Output size per axis, if the window has a place in the padded image."""
    along = zip(size, kernel_size, stride, padding, dilation, strict=False)  # one axis or two
    try:
        return [out_size(*axis, ceil_mode) for axis in along]
    except ValueError as error:
        raise ValueError(str(error).replace("out_size", caller, 1)) from None


def convolution(caller, x, weight, bias, stride, padding, dilation, groups, padding_mode):
    """stride, padding, dilation as for window, if the filters fit the image."""
    floats(caller, x=x, weight=weight, **given(bias=bias))
    rank(caller, "x", x, "n c h w" if caller == "conv2d" else "n c w")
    rank(caller, "weight", weight, "o c kh kw" if caller == "conv2d" else "o c kw")
    mode(caller, "padding_mode", padding_mode, MODES)
    channels(caller, x, weight, bias, groups)
    _, stride, padding, dilation = window(caller, x, tuple(weight.shape[2:]), stride, padding, dilation)
    border(caller, x.shape[2:], padding, padding_mode)
    return stride, padding, dilation


def border(caller, size, padding, mode):
    """Enough pixels to make the border of."""
    for pixels, both in zip(size, padding, strict=True):
        most = {"reflect": pixels - 1, "circular": pixels}.get(mode, max(both))
        if max(both) > most:
            raise ValueError(
                f"{caller}: the border wants {_count(max(both), 'pixel')} of an axis that has {pixels} "
                f"(padding={max(both)}, mode {mode!r}). It can have at most {most}. Use less padding, or zeros."
            )


def channels(caller, x, weight, bias, groups):
    """Filters that read the channels of x, and one bias per filter."""
    groups = whole(caller, "groups", groups, 1)
    c, o, read = x.shape[1], weight.shape[0], weight.shape[1] * groups
    if c % groups or o % groups:
        raise ValueError(
            f"{caller}: {_count(c, 'channel')} and {_count(o, 'filter')} cannot be dealt out evenly (groups={groups}). "
            f"groups must divide both. Use groups=1."
        )
    if c != read:
        grouped = f" with groups={groups}" if groups > 1 else ""
        raise ValueError(
            f"{caller}: x has {_count(c, 'channel')} {tuple(x.shape)} but the filters read {read} "
            f"{tuple(weight.shape)}{grouped}. Build the filters with {_count(c // groups, 'input channel')}."
        )
    vector(caller, "bias", bias, o, "filter")


def vector(caller, name, tensor, length, each):
    """One value per filter, channel or feature, or None."""
    if tensor is not None and tuple(tensor.shape) != (length,):
        raise ValueError(
            f"{caller}: {name} has shape {tuple(tensor.shape)}. One value per {each} is needed, ({length},). "
            f"Build it with {_count(length, 'value')}."
        )


def mode(caller, name, value, allowed):
    """One of a few names."""
    if value not in allowed:
        words = ", ".join(repr(word) for word in allowed)
        raise ValueError(
            f"{caller}: unknown {name} ({name}={value!r}). It is one of {words}. Write {name}={allowed[0]!r}."
        )


def _count(number, one, many=None):
    return f"{number} {one if number == 1 else many or one + 's'}"


def _word(dtype):
    return str(dtype).removeprefix("torch.")


def pool(caller, x, kernel_size, stride, padding, dilation=1, ceil_mode=False):
    """kernel_size, stride, dilation as pairs, and the border that lets the last window of ceil_mode hang over."""
    floats(caller, x=x)
    rank(caller, "x", x, "n c h w")
    kernel_size = per_axis(caller, "kernel_size", kernel_size, 1)
    stride = kernel_size if stride is None else per_axis(caller, "stride", stride, 1)
    dilation = per_axis(caller, "dilation", dilation, 1)
    padding = per_axis(caller, "padding", padding, 0)
    border = []
    for size, k, s, p, d in zip(x.shape[2:], kernel_size, stride, padding, dilation, strict=True):
        reach = d * (k - 1) + 1
        if p > reach // 2:
            raise ValueError(
                f"{caller}: padding is more than half of the window (padding={p}, kernel_size={k}). A window must see "
                f"at least one pixel. Use padding={reach // 2} or less."
            )
        (places,) = stops(caller, [size], [k], [s], [(p, p)], [d], ceil_mode)
        border.append((p, max(p, (places - 1) * s + reach - p - size)))
    return kernel_size, stride, border, dilation


def target(caller, output_size, size):
    """(rows, columns) to arrive at; None keeps an axis."""
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    if len(wanted) == 2:
        wanted = [now if want is None else want for want, now in zip(wanted, size, strict=True)]
    return per_axis(caller, "output_size", wanted, 1)


def transposed(caller, x, weight, bias, stride, padding, output_padding, groups, dilation):
    """stride, padding, output_padding, dilation as pairs, if the filters fit the image."""
    floats(caller, x=x, weight=weight, **given(bias=bias))
    rank(caller, "x", x, "n c h w")
    rank(caller, "weight", weight, "c o kh kw")
    stride = per_axis(caller, "stride", stride, 1)
    padding = per_axis(caller, "padding", padding, 0)
    output_padding = per_axis(caller, "output_padding", output_padding, 0)
    dilation = per_axis(caller, "dilation", dilation, 1)
    c, groups = x.shape[1], whole(caller, "groups", groups, 1)
    if c % groups:
        raise ValueError(
            f"{caller}: {_count(c, 'channel')} cannot be dealt out evenly (groups={groups}). groups must divide them. "
            f"Use groups=1."
        )
    if weight.shape[0] != c:
        raise ValueError(
            f"{caller}: x has {_count(c, 'channel')} {tuple(x.shape)} but the filters read {weight.shape[0]} "
            f"{tuple(weight.shape)}. Build the filters as (channels in, channels out, kh, kw) with {c} first."
        )
    vector(caller, "bias", bias, weight.shape[1] * groups, "output channel")
    for size, k, s, p, e, d in zip(
        x.shape[2:], weight.shape[2:], stride, padding, output_padding, dilation, strict=True
    ):
        if e >= max(s, d):
            raise ValueError(
                f"{caller}: output_padding is too large (output_padding={e}, stride={s}, dilation={d}). It must "
                f"be less than one of them. Use output_padding={max(s, d) - 1} or less."
            )
        full = s * (size - 1) + d * (k - 1) + 1 + e
        if full <= 2 * p:
            raise ValueError(
                f"{caller}: padding cuts off all {full} pixels of the output (padding={p}). At least one must remain. "
                f"Use padding={(full - 1) // 2} or less."
            )
    return stride, padding, output_padding, dilation


def norm(caller, x, running_mean, running_var, weight, bias, training):
    """A batch with channels, one value of each kind per channel, and enough values to have a variance."""
    vectors = given(running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    floats(caller, x=x, **vectors)
    if x.ndim < 2:
        raise ValueError(
            f"{caller}: x has {_count(x.ndim, 'axis', 'axes')} {tuple(x.shape)}. It needs 2 or more, "
            f"(n, c, ...). Add one with x[None]."
        )
    c = x.shape[1]
    for name, tensor in vectors.items():
        vector(caller, name, tensor, c, "channel")
    if (running_mean is None) != (running_var is None):
        came, missing = ("running_var", "running_mean") if running_mean is None else ("running_mean", "running_var")
        raise ValueError(f"{caller}: {came} came without {missing}. Both or neither are needed. Pass {missing} too.")
    if x.numel() == c and (training or running_mean is None):
        raise ValueError(
            f"{caller}: each channel holds one value {tuple(x.shape)}, which has no variance. Training needs 2 "
            f"or more. Send more images at once, or use training=False."
        )


def features(caller, x, weight, bias):
    """Rows of weight as long as those of x."""
    floats(caller, x=x, weight=weight, **given(bias=bias))
    rank(caller, "weight", weight, "o k")
    o, k = weight.shape
    if x.ndim == 0 or x.shape[-1] != k:
        came = x.shape[-1] if x.ndim else 1
        raise ValueError(
            f"{caller}: x has {_count(came, 'value')} per row {tuple(x.shape)} but weight reads {k} "
            f"{tuple(weight.shape)}. Build weight as ({o}, {came}), or flatten x first: x.flatten(1)."
        )
    vector(caller, "bias", bias, o, "output")


def axis(caller, x, dim):
    """An axis that x has."""
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(f"{caller}: dim is no whole number (dim={dim!r}). An axis of x is needed. Write dim=1, say.")
    if not -x.ndim <= dim < x.ndim:
        raise ValueError(
            f"{caller}: x has {_count(x.ndim, 'axis', 'axes')} {tuple(x.shape)} (dim={dim}). dim must be one of them. "
            f"Write dim=-1 for the last."
        )


def same_shape(caller, logits, targets):
    """One target per logit."""
    if logits.shape != targets.shape:
        raise ValueError(
            f"{caller}: logits are {tuple(logits.shape)} but targets are {tuple(targets.shape)}. One target per logit "
            f"is needed. Write targets.view_as(logits), or check the last layer."
        )


def classes(caller, logits, labels, label_smoothing):
    """One class number per image, or one probability per logit."""
    floats(caller, logits=logits)
    if not isinstance(labels, torch.Tensor):
        raise TypeError(
            f"{caller}: labels is a {type(labels).__name__}. A tensor is needed. Write torch.as_tensor(labels)."
        )
    if isinstance(label_smoothing, bool) or not isinstance(label_smoothing, (int, float)):
        raise TypeError(
            f"{caller}: label_smoothing is a {type(label_smoothing).__name__} (label_smoothing={label_smoothing!r}). "
            f"A number in 0..1 is needed. Name the other arguments, as in reduction='sum'."
        )
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"{caller}: label_smoothing is a share (label_smoothing={label_smoothing}). It lies in 0..1. Use 0.1, say."
        )
    if labels.is_floating_point() and labels.shape == logits.shape:
        return floats(caller, logits=logits, labels=labels)
    if labels.dtype != torch.int64:
        raise TypeError(
            f"{caller}: labels hold {_word(labels.dtype)} {tuple(labels.shape)}. Class numbers are int64. "
            f"Write labels.long()."
        )
    if logits.ndim == 0:
        raise ValueError(f"{caller}: logits has 0 axes (). It needs 2, (n, classes). Give one row per image.")
    dim = 0 if logits.ndim == 1 else 1
    each = (*logits.shape[:dim], *logits.shape[dim + 1 :])
    if labels.shape != each:
        raise ValueError(
            f"{caller}: labels have shape {tuple(labels.shape)} but logits {tuple(logits.shape)}. One label per image "
            f"is needed, {each}. Check that both come from the same batch, and take off axes with labels.squeeze()."
        )
    low, high, count = labels.min().item(), labels.max().item(), logits.shape[dim]
    if low < 0 or high >= count:
        raise ValueError(
            f"{caller}: labels run from {low} to {high} but logits hold {_count(count, 'class', 'classes')}. Labels "
            f"are 0..{count - 1}. Make the last layer wider, or number the classes from 0."
        )
