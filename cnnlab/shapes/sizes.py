"""How many places a window can stop at, along one axis."""

import operator


def whole(caller, name, value, least):
    """value as an int of at least `least`, or an error that says what came: sizes are never floats or bools."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(
            f"{caller}: {name} is no whole number ({name}={value!r}). An int is needed. Write {name}=3, say."
        )
    value = operator.index(value)
    if value < least:
        raise ValueError(
            f"{caller}: {name} is too small ({name}={value}). It counts from {least} up. Use {name}={least} or more."
        )
    return value


def same_padding(kernel_size, dilation=1):
    """Pixels to add (left, right) so that a window moving by 1 leaves the size as it was.

    An even kernel_size needs an odd number of pixels; as in PyTorch, the extra one goes right.
    """
    kernel_size = whole("same_padding", "kernel_size", kernel_size, 1)
    total = whole("same_padding", "dilation", dilation, 1) * (kernel_size - 1)
    return total // 2, total - total // 2


def out_size(size, kernel_size, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Number of places where a window can stop along an axis of `size` pixels.

    padding     pixels added on each side, a pair (left, right), "valid" (none) or "same" (as many as keep the size)
    dilation    pixels from one tap of the window to the next
    ceil_mode   let a last window hang over the right edge, if it starts inside the image or its left padding

    Raises ValueError if the window does not fit even once. The formula is torch.nn.Conv2d's and MaxPool2d's.
    """
    size = whole("out_size", "size", size, 1)
    kernel_size = whole("out_size", "kernel_size", kernel_size, 1)
    stride = whole("out_size", "stride", stride, 1)
    dilation = whole("out_size", "dilation", dilation, 1)
    left, right = sides("out_size", padding, kernel_size, stride, dilation)

    reach = dilation * (kernel_size - 1) + 1  # pixels from the first tap to the last
    room = left + size + right - reach  # steps of one pixel that the window can take
    if not ceil_mode:
        places = room // stride + 1
    else:
        places = -(-room // stride) + 1
        if (places - 1) * stride >= left + size:
            places -= 1
    if places < 1:
        raise ValueError(
            f"out_size: a window of {reach} pixels (kernel_size={kernel_size}, dilation={dilation}) has no place in "
            f"{left + size + right} (size={size}, padding={padding!r}). The window must fit at least once. "
            f"Use a smaller kernel_size, or pad by {-(-(reach - size) // 2)}."
        )
    return places


def sides(caller, padding, kernel_size, stride, dilation):
    """padding in any of its spellings as (left, right)."""
    if padding == "valid":
        return 0, 0
    if padding == "same":
        if stride != 1:
            raise ValueError(
                f"{caller}: padding='same' came with stride={stride}. 'same' keeps the size, so it needs stride=1. "
                f"Give the padding as a number: padding={dilation * (kernel_size - 1) // 2}."
            )
        return same_padding(kernel_size, dilation)
    if isinstance(padding, str):
        raise ValueError(
            f"{caller}: unknown padding (padding={padding!r}). It is a number of pixels, 'same' or 'valid'. "
            f"Write padding='same', say."
        )
    left, right = padding if isinstance(padding, (tuple, list)) and len(padding) == 2 else (padding, padding)
    return whole(caller, "padding", left, 0), whole(caller, "padding", right, 0)
