"""The shapes that one image takes on its way through a model."""

import contextlib
import copy
import math
from typing import NamedTuple

import torch
from torch import nn

from .costs import check_model, count_parameters, multiply_adds
from .faults import ShapeError, misfit, mixed_up, times
from .sizes import whole

IMAGES = 2  # sent through the model; not 1, so that a reshape which mixes up images is seen


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
        for rung in self.rungs:
            name, layer, in_shape, out_shape, *counts = rung
            rows.append((name, layer, times(in_shape), times(out_shape), *(f"{count:,}" for count in counts)))
        rows.append(("total", "", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        widths[0] = min(widths[0], max(8, 80 - sum(widths[1:]) - 2 * 5))  # the table keeps to 80 columns if it can
        lines = []
        for name, *cells in rows:
            name = name if len(name) <= widths[0] else "…" + name[1 - widths[0] :]  # the end of a path tells more
            aligned = zip((name, *cells), "<<>>>>", widths, strict=True)
            lines.append("  ".join(f"{cell:{side}{width}}" for cell, side, width in aligned))
        rule = "-" * len(lines[0])
        lines[1:-1] = [rule, *lines[1:-1], rule]
        if outside := self.parameters - sum(rung.parameters for rung in self.rungs):
            lines.append(f"{outside:,} of the parameters are in no layer that ran.")
        return "\n".join(lines)

    __repr__ = __str__


def ladder(model, input_shape, classes=None):
    """Send blank images through a model and note each layer's shapes, parameters and multiply-adds: a Ladder.

    input_shape   of one image, without the batch: (1, 28, 28)
    classes       if given, how many values must come out per image

    Layers are the modules that hold no other modules. One that runs twice has two rungs, with its parameters on the
    first. The model is left as it was: its mode, its running statistics, its gradients.
    Raises ShapeError where a layer does not fit.
    """
    check_model("ladder", "model", model)
    if not isinstance(input_shape, (tuple, list)):
        raise TypeError(
            f"ladder: input_shape is a {type(input_shape).__name__}. The shape of one image is needed, as a tuple. "
            f"Write (1, 28, 28), say."
        )
    input_shape = tuple(whole("ladder", "input_shape", size) for size in input_shape)

    walk = _walk_without_numbers(model, input_shape)
    if walk is None or walk.fault:
        walk = _walk(model, input_shape, fault=walk and walk.fault)
    out_shape = _shape(walk.y)
    if classes is not None and out_shape != (classes,):
        raise ShapeError(
            f"ladder: the model gives {out_shape} per image (classes={classes}). One value per class is needed, "
            f"({classes},). "
            + (f"End with Linear(..., {classes})." if len(out_shape) == 1 else "Flatten before the end.")
        )
    return Ladder(walk.rungs, count_parameters(model))


def _walk_without_numbers(model, input_shape):
    """The walk through a copy on the meta device, which works out shapes and computes nothing; None if that fails.

    Where a layer stops it, the walk's fault says so.
    """
    walk = None
    with contextlib.suppress(Exception):  # what is wrong will show again on the way through the model itself
        numberless = {id(p): nn.Parameter(p.to("meta"), p.requires_grad) for p in model.parameters()}
        numberless |= {id(buffer): buffer.to("meta") for buffer in model.buffers()}
        attempt = _Walk(copy.deepcopy(model, numberless))
        try:
            attempt.go(input_shape)
        except (RuntimeError, ValueError, IndexError) as error:
            attempt.fault = error if isinstance(error, ShapeError) else attempt.explain(error, input_shape)
        walk = attempt
    return walk


def _walk(model, input_shape, fault):
    """The walk through the model itself, whose modes are put back at the end.

    fault   what stopped the walk without numbers; told where the model itself refuses the picture before any layer
    """
    walk = _Walk(model)
    modes = {module: module.training for module in model.modules()}
    try:
        walk.go(input_shape)
    except (RuntimeError, ValueError, IndexError) as error:
        if isinstance(error, ShapeError):
            raise
        refused = fault and not walk.rungs and not walk.at_work
        raise (fault if refused else walk.explain(error, input_shape)) from None
    finally:
        for module, mode in modes.items():
            module.training = mode
    return walk


class _Walk:
    """What hooks see on the way of two blank images through a model: the rungs behind, and the layer at work."""

    def __init__(self, model):
        self.model = model
        self.names = {module: name or type(module).__name__ for name, module in model.named_modules()}
        self.rungs, self.counted, self.at_work, self.lost, self.fault = [], set(), None, None, None

    def go(self, input_shape):
        like = next(self.model.parameters(), torch.zeros(()))
        x = torch.zeros(IMAGES, *input_shape, dtype=like.dtype, device=like.device)
        layers = [module for module in self.model.modules() if not any(module.children())]
        hooks = [layer.register_forward_pre_hook(self.enter, with_kwargs=True) for layer in layers]
        hooks += [layer.register_forward_hook(self.leave, with_kwargs=True) for layer in layers]
        try:
            with torch.no_grad():
                self.y = self.model.eval()(x)  # eval: dropout and running statistics stand still
        finally:
            for hook in hooks:
                hook.remove()
        if self.lost and isinstance(self.y, torch.Tensor) and self.y.shape[:1] != (IMAGES,):
            raise mixed_up(*self.lost, IMAGES)

    def enter(self, module, args, kwargs):
        x = next((value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)), None)
        self.at_work = module, x
        if x is not None and x.shape[:1] != (IMAGES,) and self.lost is None:  # a fault unless images come out again
            self.lost = self.place(), tuple(x.shape)

    def leave(self, module, args, kwargs, output):
        in_shape = _shape((*args, *kwargs.values()))
        new = [p for p in module.parameters() if p not in self.counted]
        self.counted.update(new)
        parameters = sum(p.numel() for p in new)
        cost = multiply_adds(module, in_shape)
        self.rungs.append(Rung(self.names[module], _kind(module), in_shape, _shape(output), parameters, cost))
        self.at_work = None

    def place(self):
        """The layer at work as "layer 3 (fc1, Linear)", counted from 0 in the order of running."""
        module, _ = self.at_work
        return f"layer {len(self.rungs)} ({self.names[module]}, {type(module).__name__})"

    def explain(self, error, input_shape):
        """The ShapeError that says in the model's own terms what PyTorch says about a tensor."""
        words = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        if self.at_work:
            module, x = self.at_work
            if x is not None and x.shape[:1] != (IMAGES,):
                return mixed_up(self.place(), tuple(x.shape), IMAGES)
            fault = x is not None and misfit(module, tuple(x.shape[1:]), first=not self.rungs)
            return ShapeError(f"ladder: {self.place()} does not fit: {fault or words + '.'}")
        if not self.rungs:
            return ShapeError(f"ladder: the model stops before its first layer, on {input_shape}: {words}.")
        name, _, _, shape, *_ = self.rungs[-1]
        return ShapeError(
            f"ladder: the model stops after layer {len(self.rungs) - 1} ({name}), which gives {shape}: {words}. "
            f"For a Linear layer, write torch.flatten(x, 1): it gives {math.prod(shape)} values per image."
        )


def _kind(module):
    """Conv2d 5x5, MaxPool2d 2x2, ReLU."""
    window = getattr(module, "kernel_size", ())
    window = (window, window) if isinstance(window, int) else window
    return f"{type(module).__name__} {times(window)}".rstrip()


def _shape(value):
    """Shape of one image in a batch; of the first tensor where a layer takes or gives several."""
    while isinstance(value, (tuple, list, dict)) and value:
        value = next(iter(value.values() if isinstance(value, dict) else value))
    return tuple(value.shape[1:]) if isinstance(value, torch.Tensor) else ()
