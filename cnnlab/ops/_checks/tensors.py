"""Tensors: what they hold, how many axes they have."""

import functools

import torch


def one_image_too(op):
    """Let an operation on a batch (n, c, h, w) take a single image (c, h, w) as well."""

    @functools.wraps(op)
    def call(x, *args, **kwargs):
        if isinstance(x, torch.Tensor) and x.ndim == 3:
            return op(x[None], *args, **kwargs)[0]
        return op(x, *args, **kwargs)

    return call


def floats(caller, **tensors):
    """Tensors of one floating-point type, on one device, none of them empty."""
    first, x = next(iter(tensors.items()))
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(
                f"{caller}: {name} is a {type(tensor).__name__}. A tensor is needed. "
                f"Write torch.as_tensor({name}, dtype=torch.float32)."
            )
        if not tensor.is_floating_point():
            raise TypeError(
                f"{caller}: {name} holds {word(tensor.dtype)}. Floating-point numbers are needed. Write {name}.float()."
            )
        if tensor.dtype != x.dtype:
            raise TypeError(
                f"{caller}: {name} holds {word(tensor.dtype)} but {first} holds {word(x.dtype)}. "
                f"Both must be of one type. Write {name}.to({first}.dtype)."
            )
        if tensor.device != x.device:
            raise ValueError(
                f"{caller}: {name} is on {tensor.device} but {first} is on {x.device}. Both must be on one device. "
                f"Write {name}.to({first}.device)."
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
            f"{caller}: {name} has {count(tensor.ndim, 'axis', 'axes')} {tuple(tensor.shape)}. "
            f"It needs {len(needed)}, ({', '.join(needed)}). Add an axis with {name}[None] or take one with {name}[0]."
        )


def vector(caller, name, tensor, length, each):
    """One value per filter, channel or feature, or None."""
    if tensor is not None and tuple(tensor.shape) != (length,):
        raise ValueError(
            f"{caller}: {name} has shape {tuple(tensor.shape)}. One value per {each} is needed, ({length},). "
            f"Build it with {count(length, 'value')}."
        )


def mode(caller, name, value, allowed):
    """One of a few names."""
    if value not in allowed:
        words = ", ".join(repr(word) for word in allowed)
        raise ValueError(
            f"{caller}: unknown {name} ({name}={value!r}). It is one of {words}. Write {name}={allowed[0]!r}."
        )


def axis(caller, x, dim):
    """An axis that x has."""
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(f"{caller}: dim is no whole number (dim={dim!r}). An axis of x is needed. Write dim=1, say.")
    if not -x.ndim <= dim < x.ndim:
        raise ValueError(
            f"{caller}: x has {count(x.ndim, 'axis', 'axes')} {tuple(x.shape)} (dim={dim}). dim must be one of them. "
            f"Write dim=-1 for the last."
        )


def count(number, one, many=None):
    return f"{number} {one if number == 1 else many or one + 's'}"


def word(dtype):
    return str(dtype).removeprefix("torch.")
