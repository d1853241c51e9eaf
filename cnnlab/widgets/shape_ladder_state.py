"""The state of the shape ladder: layers in plain values, the rungs that shapes.ladder finds, the sentence."""

import re

import torch
from torch import nn

from cnnlab import shapes
from cnnlab.widgets import values

WHO = "shape_ladder"
KEEPS = ("ReLU", "LeakyReLU", "ReLU6", "ELU", "GELU", "SiLU", "Sigmoid", "Tanh", "Dropout", "Identity")  # any shape
OPTIONS = {  # of each layer that the browser knows, besides these
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"),
    "MaxPool2d": ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "AvgPool2d": ("kernel_size", "stride", "padding", "ceil_mode"),
    "AdaptiveAvgPool2d": ("output_size",),
    "BatchNorm2d": ("num_features",),
    "Linear": ("in_features", "out_features", "bias"),
    "Flatten": (),
}
PAIRS = ("kernel_size", "stride", "padding", "dilation", "output_size")  # rows, columns
FLAGS = ("bias", "ceil_mode")
LIMITS = {"kernel_size": (1, 99), "stride": (1, 99), "padding": (0, 99), "dilation": (1, 99), "output_size": (1, 99)}
COUNT = (1, 10**6)  # channels and features
SIZES, CHANNELS = (1, 1024), (1, 1024)
NAMES = ("title", "layers", "channels", "size", "layer")


def complete(**given):
    """A whole legal state in plain values, or an error that says why there is none."""
    s = dict.fromkeys(NAMES) | given
    s["layers"] = [_layer(i, layer) for i, layer in enumerate(s["layers"])]
    s["size"] = values.whole(WHO, "size", s["size"], *SIZES)
    s["channels"] = values.whole(WHO, "channels", s["channels"], *CHANNELS)
    shown = [i for i, layer in enumerate(s["layers"]) if layer["kind"] in OPTIONS]
    windows = [i for i in shown if "kernel_size" in s["layers"][i]]
    if s["layer"] is None:
        s["layer"] = (windows or shown or [0])[0]
    s["layer"] = values.whole(WHO, "layer", s["layer"], 0, len(s["layers"]) - 1)
    return s


def settle(state, changed):
    """A whole state; nothing follows the value that has just been changed but the layer that is looked at."""
    last = len(state["layers"]) - 1
    return complete(**state | ({"layer": min(state["layer"], last)} if changed == "layers" else {}))


def _layer(i, layer):
    """One layer with all its options in their order."""
    kind = layer.get("kind") if isinstance(layer, dict) else None
    if kind not in (*OPTIONS, *KEEPS):
        raise values.wrong(
            f"{WHO}: layer {i}", f"{layer!r}", "A layer as .state has it is needed", "Change one of those"
        )
    who, found = f"{WHO}: layer {i} ({layer['name']}, {kind})", {"name": str(layer["name"]), "kind": kind}
    for name in OPTIONS.get(kind, ()):
        value = layer[name]
        if name in PAIRS:
            pair = list(value) if isinstance(value, (tuple, list)) else [value] * 2
            found[name] = [
                v if v is None and name == "output_size" else values.whole(who, name, v, *LIMITS[name]) for v in pair
            ]
        else:
            found[name] = bool(value) if name in FLAGS else values.whole(who, name, value, *COUNT)
    if kind.endswith("Pool2d") and "padding" in found:
        for padding, kernel_size in zip(found["padding"], found["kernel_size"], strict=True):
            if 2 * padding > kernel_size:
                came = f"padding={padding} with kernel_size={kernel_size}"
                raise values.wrong(who, came, "A pool pads at most half of its window", "Make the padding smaller")
    return found


# ---- from a model to plain values


def read(model, input_shape):
    """The layers of a model in plain values, in the order in which they run.

    A Sequential is taken as it stands, whether it fits or not; another model is followed on its way through images.
    """
    parameters = shapes.count_parameters(model)
    if isinstance(model, nn.Sequential) and all(_is_line(child) for child in model):
        layers = [plain(name, module) for name, module in _line(model)]
    else:
        layers = _follow(model, input_shape)
    if not layers:
        raise values.wrong(
            WHO, "the model has no layers", "One layer at least is needed", "Put nn.Linear(4, 2) into it, say"
        )
    if sum(p.numel() for p in chain(layers).parameters()) != parameters:
        raise _no_chain("some of its weights are used twice, or not at all")
    return layers


def _is_line(module):
    return not any(module.children()) or (isinstance(module, nn.Sequential) and all(map(_is_line, module)))


def _line(model, prefix=""):
    """(name, layer) of a Sequential of layers and Sequentials."""
    for name, child in model._modules.items():  # named_children() leaves out what stands in it twice
        if isinstance(child, nn.Sequential):
            yield from _line(child, f"{prefix}{name}.")
        else:
            yield prefix + name, child


def _follow(model, input_shape):
    """What shapes.ladder sees; between two layers nothing may happen but to flatten."""
    rungs, modules, layers, shape = (
        list(shapes.ladder(model, input_shape)),
        dict(model.named_modules()),
        [],
        input_shape,
    )
    for rung in rungs:
        if rung.in_shape != shape:
            if rung.in_shape != (torch.Size(shape).numel(),):
                raise _no_chain(f"{rung.name} gets {rung.in_shape} after {shape}")
            layers.append(plain("flatten", nn.Flatten()))
        layers.append(plain(rung.name, modules.get(rung.name, model)))
        shape = rung.out_shape
    same = [r[2:] for r in shapes.ladder(chain(layers), input_shape) if r.layer != "Flatten"]
    if same != [r[2:] for r in rungs if r.layer != "Flatten"]:
        raise _no_chain("its layers in a row give other shapes")
    return layers


def _no_chain(what):
    return values.wrong(
        WHO,
        f"the model is no chain of layers: {what}",
        "One layer after the other is needed",
        "Print shapes.ladder instead",
    )


def plain(name, module):
    """A layer in plain values."""
    kind = type(module).__name__
    known = kind in (*OPTIONS, *KEEPS) and type(module) is getattr(nn, kind, None)
    if kind == "Flatten" and (module.start_dim, module.end_dim) != (1, -1):
        known = False
    if kind == "BatchNorm2d" and not module.affine:
        known = False
    if kind == "AvgPool2d" and module.divisor_override:
        known = False
    if not known:
        need = f"It knows {', '.join((*OPTIONS, *KEEPS))}"
        raise values.wrong(WHO, f"layer {name}, {module}, is unknown here", need, "Print shapes.ladder instead")
    found = {option: getattr(module, option) for option in OPTIONS.get(kind, ())}
    if found.get("padding") in ("same", "valid"):
        sides = [shapes.same_padding(k, d) for k, d in zip(module.kernel_size, module.dilation, strict=True)]
        if found["padding"] == "same" and any(left != right for left, right in sides):
            raise values.wrong(
                WHO, f"layer {name} pads its sides unequally", "Both sides must be alike", "Use an odd kernel"
            )
        found["padding"] = [left if found["padding"] == "same" else 0 for left, _ in sides]
    if "bias" in found:
        found["bias"] = found["bias"] is not None
    return _layer(0, {"name": name, "kind": kind, **found})


def chain(layers):
    """The layers as an nn.Sequential that holds no numbers."""
    built = []
    for layer in layers:
        options = {name: layer[name] for name in OPTIONS.get(layer["kind"], ())}
        options = {name: tuple(value) if name in PAIRS else value for name, value in options.items()}
        built.append(getattr(nn, layer["kind"])(**options, **({"device": "meta"} if _learns(layer) else {})))
    return nn.Sequential(*built)


def _learns(layer):
    return layer["kind"] in ("Conv2d", "Linear", "BatchNorm2d")


# ---- from a state to what it shows


def climb(state):
    """(rungs, fault): the rungs up to the first layer that does not fit, and the words of its ShapeError, or ""."""
    layers, shape = state["layers"], (state["channels"], state["size"], state["size"])
    try:
        found, fault = list(shapes.ladder(chain(layers), shape)), ""
    except shapes.ShapeError as error:
        place, index, fault = re.match(r"ladder: (layer \d+) \((\d+), (.*)", str(error), re.DOTALL).groups()
        fault = f"{place} ({layers[int(index)]['name']}, {fault}"
        found = list(shapes.ladder(chain(layers[: int(index)]), shape)) if int(index) else []
    return [rung._replace(name=layers[i]["name"]) for i, rung in enumerate(found)], fault


def describe(state):
    """The sentence of a state: the shapes, and either what they cost or what does not fit."""
    s = complete(**state)
    rungs, fault = climb(s)
    steps = [f"{called(rung)} to {times(rung.out_shape)}" for rung in rungs if rung.layer not in KEEPS]
    total = f"{sum(r.parameters for r in rungs):,} parameters, {sum(r.multiply_adds for r in rungs):,} multiply-adds."
    size = f"{s['channels']}x{s['size']}x{s['size']}"
    return f"Shape ladder: {s['title']} on {size}: {', '.join(steps) or 'no step'}; {fault or total}"


def called(rung):
    """fc1, or 10 Linear where the name is a mere number."""
    return f"{rung.name} {rung.layer.split()[0]}" if rung.name.isdigit() else rung.name


def times(shape):
    """16x5x5"""
    return "x".join(map(str, shape))


def fixed(state):
    """What the browser needs beside the state: the model as it was built."""
    return {"built": {name: state[name] for name in ("layers", "channels", "size")}, "keeps": KEEPS}
