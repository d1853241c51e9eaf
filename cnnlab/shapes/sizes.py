"""How many places a window can stop at, along one axis."""

import operator


def whole(caller, name, value, least=1):
    """value as an int of at least `least`, or an error that says what came: sizes are never floats or bools."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(
            f"{caller}: {name} is no whole number ({name}={value!r}). An int is needed. "
            f"Write {name}={max(least, 1)}, say."
        )
    if number < least:
        raise ValueError(
            f"{caller}: {name} is too small ({name}={number}). It counts from {least} up. Use {name}={least} or more."
        )
    return number


def counts(caller, **values):
    """Several whole numbers of at least 1."""
    return [whole(caller, name, value) for name, value in values.items()]


def same_padding(kernel_size, dilation=1):
    """Pixels to add (left, right) so that a window moving by 1 leaves the size as it was.

    An even kernel_size needs an odd number of pixels; as in PyTorch, the extra one goes right.
    """
    kernel_size, dilation = counts("same_padding", kernel_size=kernel_size, dilation=dilation)
    total = dilation * (kernel_size - 1)
    return total // 2, total - total // 2


def out_size(size, kernel_size, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Number of places where a window can stop along an axis of `size` pixels.

    padding     pixels added on each side, a pair (left, right), "valid" (none) or "same" (as many as keep the size)
    dilation    pixels from one tap of the window to the next
    ceil_mode   let a last window hang over the right edge, if it starts inside the image or its left padding

    Raises ValueError if the window does not fit even once. The formula is torch.nn.Conv2d's and MaxPool2d's.
    """
    size, kernel_size, stride, dilation = counts(
        "out_size", size=size, kernel_size=kernel_size, stride=stride, dilation=dilation
    )
    left, right = sides("out_size", padding, kernel_size, stride, dilation)

    reach = dilation * (kernel_size - 1) + 1  # pixels from the first tap to the last
    room = left + size + right - reach  # pixels that the window can move by
    places = room // stride + 1
    if ceil_mode and room % stride and places * stride < left + size:
        places += 1
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
