"""The state of the receptive-field explorer: which stacks are legal, what they see, and the sentence that says it."""

import torch

from cnnlab import ops, shapes
from cnnlab.widgets import values
from cnnlab.widgets.values import number

WHO = "receptive_field_explorer"
DEFAULTS = {
    "layers": [  # the trunk of many a small network
        {"kernel_size": 3, "padding": 1},
        {"kind": "max_pool", "kernel_size": 2, "stride": 2},
        {"kernel_size": 3, "padding": 1},
        {"kind": "max_pool", "kernel_size": 2, "stride": 2},
    ],
    "size": 32,
    "layer": None,  # the last one
    "position": None,  # the middle
}
KINDS = {"conv": "conv", "max_pool": "max pool"}
LIMITS = {"kernel_size": (1, 7), "stride": (1, 4), "padding": (0, 9), "dilation": (1, 9)}
SIZES = (5, 64)  # pixels in the row
MOST = 6  # layers


def fixed():
    """What the browser needs beside the state."""
    return {"kinds": KINDS, "limits": LIMITS, "sizes": SIZES, "most": MOST}


def complete(**given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    s = values.known(WHO, DEFAULTS, given)
    if not isinstance(s["layers"], (list, tuple)) or not 1 <= len(s["layers"]) <= MOST:
        came = f"{len(s['layers'])} layers" if isinstance(s["layers"], (list, tuple)) else f"layers={s['layers']!r}"
        raise values.wrong(WHO, came, f"A list of 1 to {MOST} layers is needed", 'Pass [{"kernel_size": 3}], say')
    s["layers"] = [_layer(i, layer) for i, layer in enumerate(s["layers"])]
    s["size"] = values.whole(WHO, "size", s["size"], *SIZES)
    last = len(s["layers"]) - 1
    s["layer"] = last if s["layer"] is None else values.whole(WHO, "layer", s["layer"], 0, last)
    outputs = sizes(s)[s["layer"] + 1]
    s["position"] = (
        outputs // 2 if s["position"] is None else values.whole(WHO, "position", s["position"], 0, outputs - 1)
    )
    return s


def settle(state, changed):
    """A whole state in which the rest follows the value that has just been changed."""
    s = complete(**state | {"layer": None, "position": None})
    last = len(s["layers"]) - 1
    s["layer"] = state["layer"] if changed == "layer" else min(state["layer"], last)
    s["position"] = state["position"]
    if changed != "position" and 0 <= s["layer"] <= last:
        s["position"] = min(s["position"], sizes(s)[s["layer"] + 1] - 1)
    return complete(**s)


def _layer(i, layer):
    """One layer with all its options in their order."""
    who = f"{WHO}: layer {i}"
    if not isinstance(layer, dict) or "kernel_size" not in layer:
        raise values.wrong(who, f"{layer!r}", "A dict with a kernel_size is needed", 'Pass {"kernel_size": 3}, say')
    if unknown := sorted(layer.keys() - {"kind", *LIMITS}, key=str):
        raise values.wrong(who, f"{unknown[0]} is no option", f"There are kind, {', '.join(LIMITS)}", "Use these")
    whole = {"kind": "conv", "stride": 1, "padding": 0, "dilation": 1} | layer
    values.one_of(who, "kind", whole["kind"], KINDS)
    whole = {"kind": whole["kind"]} | {n: values.whole(who, n, whole[n], *limits) for n, limits in LIMITS.items()}
    if whole["kind"] == "max_pool" and 2 * whole["padding"] > whole["kernel_size"]:
        came = f"padding={whole['padding']} for a max pool with kernel_size={whole['kernel_size']}"
        raise values.wrong(who, came, "At most half the window can be padded", "Make the padding smaller")
    return whole


def sizes(state):
    """Values in a row: of the picture, and of each layer's output."""
    found = [state["size"]]
    for i, layer in enumerate(state["layers"]):
        reach, room = layer["dilation"] * (layer["kernel_size"] - 1) + 1, found[-1] + 2 * layer["padding"]
        if reach > room:
            came = f"a window of {reach} for layer {i}, where {room} values with padding arrive (size={state['size']})"
            raise values.wrong(WHO, came, "Each window must fit", "Make it smaller, or the picture larger")
        found.append(shapes.out_size(found[-1], **{name: layer[name] for name in LIMITS}))
    return found


def fields(state):
    """shapes.receptive_field of the layers: a list of Field."""
    return shapes.receptive_field([{name: layer[name] for name in LIMITS} for layer in state["layers"]])


def extent(state):
    """(first, last) pixel of what the picked output sees; below 0 and from `size` on lies padding."""
    field = fields(state)[state["layer"]]
    middle = field.centre + state["position"] * field.jump
    return int(middle - (field.size - 1) / 2), int(middle + (field.size - 1) / 2)


def paths(state):
    """Along how many ways each value reaches the picked output: one tensor for the picture, one for each layer to it.

    The slope of the output for each value, where all weights are 1.
    """
    with torch.enable_grad():
        rows = [torch.zeros(1, 1, 1, state["size"], dtype=torch.float64, requires_grad=True)]
        for layer in state["layers"][: state["layer"] + 1]:
            ones = torch.ones(1, 1, 1, layer["kernel_size"], dtype=torch.float64)
            along = {"stride": (1, layer["stride"]), "padding": (0, layer["padding"]), "dilation": layer["dilation"]}
            rows.append(ops.conv2d(rows[-1], ones, **along))
        return [slope.flatten() for slope in torch.autograd.grad(rows[-1][0, 0, 0, state["position"]], rows)]


def describe(state):
    """The sentence of a state: sizes, fields, and what the picked output sees."""
    s = complete(**state)
    found, (first, last), reached = fields(s), extent(s), paths(s)[0]
    columns = {name: ", ".join(number(getattr(f, name)) for f in found) for name in ("size", "jump", "centre")}
    return (
        f"Receptive-field explorer: {s['size']} pixels, {', '.join(map(label, s['layers']))}, "
        f"outputs {', '.join(map(str, sizes(s)[1:]))}; field size {columns['size']}, jump {columns['jump']}, "
        f"first center {columns['centre']}; output {s['position']} of layer {s['layer']} sees "
        f"{int((reached > 0).sum())} of the {last - first + 1} pixels from {first} to {last}, "
        f"along at most {number(reached.max())} path{'s' * (reached.max().item() != 1)} each"
    )


def label(layer):
    """conv 3 with stride 2 and padding 1."""
    usual = {"stride": 1, "padding": 0, "dilation": 1}
    options = [f"{name} {layer[name]}" for name in usual if layer[name] != usual[name]]
    return f"{KINDS[layer['kind']]} {layer['kernel_size']}" + (f" with {' and '.join(options)}" if options else "")
