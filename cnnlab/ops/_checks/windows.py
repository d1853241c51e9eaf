"""Windows: where they find a place, and which channels they read."""

from cnnlab.shapes import out_size
from cnnlab.shapes.sizes import sides, whole

from .tensors import count, floats, given, mode, rank, vector

MODES = ("zeros", "reflect", "replicate", "circular")


def per_axis(caller, name, value, least, axes=2):
    """An int for all directions, or one per axis, as a tuple of ints."""
    if not isinstance(value, (tuple, list)):
        value = (value,) * axes
    if len(value) != axes:
        needed = "One is needed, or (rows, columns)" if axes == 2 else "One is needed"
        raise ValueError(
            f"{caller}: {name} has {count(len(value), 'number')} ({name}={value!r}). {needed}. "
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
                f"{caller}: the border wants {count(max(both), 'pixel')} of an axis that has {pixels} "
                f"(padding={max(both)}, mode {mode!r}). It can have at most {most}. Use less padding, or zeros."
            )


def channels(caller, x, weight, bias, groups):
    """Filters that read the channels of x, and one bias per filter."""
    groups = whole(caller, "groups", groups, 1)
    c, o, read = x.shape[1], weight.shape[0], weight.shape[1] * groups
    if c % groups or o % groups:
        raise ValueError(
            f"{caller}: {count(c, 'channel')} and {count(o, 'filter')} cannot be dealt out evenly (groups={groups}). "
            f"groups must divide both. Use groups=1."
        )
    if c != read:
        grouped = f" with groups={groups}" if groups > 1 else ""
        raise ValueError(
            f"{caller}: x has {count(c, 'channel')} {tuple(x.shape)} but the filters read {read} "
            f"{tuple(weight.shape)}{grouped}. Build the filters with {count(c // groups, 'input channel')}."
        )
    vector(caller, "bias", bias, o, "filter")


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
            f"{caller}: {count(c, 'channel')} cannot be dealt out evenly (groups={groups}). groups must divide them. "
            f"Use groups=1."
        )
    if weight.shape[0] != c:
        raise ValueError(
            f"{caller}: x has {count(c, 'channel')} {tuple(x.shape)} but the filters read {weight.shape[0]} "
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
