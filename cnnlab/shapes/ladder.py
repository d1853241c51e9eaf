"""The shapes that one image takes on its way through a model."""

import math
from typing import NamedTuple

import torch
from torch import nn

from .costs import count_parameters, multiply_adds
from .sizes import whole

IMAGES = 2  # sent through the model; not 1, so that a layer that loses the batch is noticed


class ShapeError(ValueError):
    """A layer does not fit what arrives at it; the message names the layer, both shapes and the cure."""


class Rung(NamedTuple):
    """One layer at work. Shapes are of one image, without the batch."""

    name: str
    layer: str
    in_shape: tuple
    out_shape: tuple
    parameters: int
    multiply_adds: int


class Ladder:
    """The rungs of a model in the order they ran; print it for a table, loop over it for the numbers."""

    def __init__(self, rungs, parameters):
        self.rungs = tuple(rungs)
        self.parameters = parameters
        self.multiply_adds = sum(rung.multiply_adds for rung in self.rungs)

    def __iter__(self):
        return iter(self.rungs)

    def __len__(self):
        return len(self.rungs)

    def __getitem__(self, index):
        return self.rungs[index]

    def __str__(self):
        rows = [("name", "layer", "in", "out", "parameters", "multiply-adds")]
        rows += [
            (r.name, r.layer, _times(r.in_shape), _times(r.out_shape), f"{r.parameters:,}", f"{r.multiply_adds:,}")
            for r in self.rungs
        ]
        rows.append(("total", "", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"))
        widths = [max(len(row[column]) for row in rows) for column in range(6)]
        room = max(8, 80 - sum(widths[1:]) - 2 * 5)  # a long path keeps its end, so that the table keeps to 80 columns
        if widths[0] > room:
            rows = [(row[0] if len(row[0]) <= room else "…" + row[0][1 - room :], *row[1:]) for row in rows]
            widths[0] = room
        lines = [
            "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, "<<>>>>", widths, strict=True)).rstrip()
            for row in rows
        ]
        rule = "-" * max(len(line) for line in lines)
        lines[1:-1] = [rule, *lines[1:-1], rule]
        outside = self.parameters - sum(rung.parameters for rung in self.rungs)
        if outside:
            lines.append(f"{outside:,} of the parameters are in no layer that ran.")
        return "\n".join(lines)

    __repr__ = __str__


def ladder(model, input_shape, classes=None):
    """Send two blank images through a model and note each layer's shapes, parameters and cost: a Ladder.

    input_shape   of one image, without the batch: (1, 28, 28)
    classes       if given, the number of values that must come out per image

    The model is left as it was: its mode, its running statistics, its gradients. A layer that is used twice has two
    rungs and its parameters on the first. For multiply-adds see multiply_adds. Raises ShapeError where a layer does
    not fit.
    """
    input_shape = tuple(whole("ladder", "input_shape", size, 1) for size in input_shape)
    if any(isinstance(p, nn.parameter.UninitializedParameter) for p in model.parameters()):
        raise ValueError(
            "ladder: the model has lazy layers without a size yet. Send a first batch through it: model(x)."
        )
    like = next(model.parameters(), torch.zeros(()))
    x = torch.zeros(IMAGES, *input_shape, dtype=like.dtype, device=like.device)
    walk = _Walk(model)
    modes = [(module, module.training) for module in model.modules()]
    hooks = [hook for module in model.modules() if not any(module.children()) for hook in walk.listen(module)]
    try:
        model.eval()
        with torch.no_grad():
            y = model(x)
    except (RuntimeError, ValueError, IndexError) as error:
        raise walk.explain(error, input_shape) from error
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes:
            module.training = mode
    out_shape = _shape(y)
    if classes is not None and out_shape != (classes,):
        raise ShapeError(
            f"ladder: the model gives {out_shape} per image (classes={classes}). One value per class is needed, "
            f"({classes},). End it with Linear({out_shape[-1]}, {classes})."
        )
    return Ladder(walk.rungs, count_parameters(model))


class _Walk:
    """What the hooks have seen so far: the finished rungs, and the layer that is running."""

    def __init__(self, model):
        self.names = {module: name or type(module).__name__ for name, module in model.named_modules()}
        self.rungs, self.seen, self.running = [], set(), None

    def listen(self, module):
        yield module.register_forward_pre_hook(self.enter)
        yield module.register_forward_hook(self.leave)

    def enter(self, module, inputs):
        self.running = (module, inputs[0] if inputs else None)
        x = self.running[1]
        if isinstance(x, torch.Tensor) and (x.ndim == 0 or x.shape[0] != IMAGES):
            rows = x.shape[0] if x.ndim else 1
            raise ShapeError(
                f"{self.place()} gets {rows} rows of shape {tuple(x.shape[1:])} for {IMAGES} images: the reshape "
                f"before it mixed pixels into the batch. Write torch.flatten(x, 1), which keeps axis 0, and read "
                f"{x.numel() // IMAGES} values per image."
            )

    def leave(self, module, inputs, output):
        in_shape = _shape(inputs)
        learned = [p for p in module.parameters() if p not in self.seen]
        self.seen.update(learned)
        parameters = sum(p.numel() for p in learned)
        cost = multiply_adds(module, in_shape)
        self.rungs.append(Rung(self.names[module], _kind(module), in_shape, _shape(output), parameters, cost))
        self.running = None

    def place(self):
        """The layer at work as 'layer 3 (fc1, Linear)', counted from 1 in the order of running."""
        module = self.running[0]
        return f"ladder: layer {len(self.rungs) + 1} ({self.names[module]}, {type(module).__name__})"

    def explain(self, error, input_shape):
        """The ShapeError for an error that came out of the model."""
        if isinstance(error, ShapeError):
            return error
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        if self.running is None:
            last = self.rungs[-1] if self.rungs else None
            came = (
                f"after layer {len(self.rungs)} ({last.name}, {last.layer}), which gave {last.out_shape}"
                if last
                else (f"before the first layer, on {input_shape}")
            )
            return ShapeError(
                f"ladder: the model's forward fails {came}: {first_line}. "
                f"If it reshapes there, write torch.flatten(x, 1), which fits any size."
            )
        module, x = self.running
        cure = _cure(module, tuple(x.shape[1:])) if isinstance(x, torch.Tensor) else None
        return ShapeError(f"{self.place()} does not fit: {cure or first_line}")


def _cure(module, shape):
    """Both shapes and what to do, for the layers that a learner meets; None for others."""
    kind = type(module).__name__
    if isinstance(module, nn.Linear):
        call = f"Linear({module.in_features}, {module.out_features})"
        values = math.prod(shape)
        cures = ["put nn.Flatten() before it"] if len(shape) > 1 else []
        cures += [f"build it with in_features={values}"] if values != module.in_features else []
        return f"{call} gets {values} values per image, {shape}; {' and '.join(cures)}."
    if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)):
        call = f"{kind}({module.in_channels}, {module.out_channels}, {_times(module.kernel_size)})"
        axes = len(module.kernel_size) + 1
        if len(shape) != axes:
            advice = "Give input_shape without the batch" if len(shape) > axes else "Keep the image's axes until here"
            return f"{call} gets {shape} per image but reads {axes} axes, channels first. {advice}."
        if shape[0] != module.in_channels:
            return (
                f"{call} gets {shape[0]} channels {shape} but reads {module.in_channels}; "
                f"build it with in_channels={shape[0]}."
            )
    if hasattr(module, "kernel_size"):
        return (
            f"the window {_times(_pair(module.kernel_size))} is larger than the image {shape} with its padding; "
            f"use a smaller kernel_size, more padding, or fewer strides before it."
        )
    if hasattr(module, "num_features") and shape[0] != module.num_features:
        return f"{kind}({module.num_features}) gets {shape[0]} channels {shape}; build it as {kind}({shape[0]})."
    return None


def _kind(module):
    """Conv2d 5x5, MaxPool2d 2x2, ReLU."""
    size = f" {_times(_pair(module.kernel_size))}" if hasattr(module, "kernel_size") else ""
    return type(module).__name__ + size


def _shape(value):
    """Shape of one image in a batch; of the first tensor where a layer takes or gives several."""
    while isinstance(value, (tuple, list, dict)) and value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return tuple(value.shape[1:]) if isinstance(value, torch.Tensor) else ()


def _times(sizes):
    return "x".join(str(size) for size in sizes)


def _pair(size):
    return size if isinstance(size, tuple) else (size, size)
