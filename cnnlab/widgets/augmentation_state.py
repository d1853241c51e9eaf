"""The state of the augmentation explorer: legal settings, what is drawn in eight epochs, and the sentence."""

import base64
import functools
import json
import math
from importlib.resources import files

import torch

from cnnlab.widgets import values
from cnnlab.widgets.values import number

WHO = "augmentation_explorer"
DEFAULTS = {
    "image": "cat",
    "other": "coffee",  # whom it meets in mixup
    "crop": 4,  # pixels
    "padding": "zeros",
    "flip": True,
    "color": 0.2,  # strength
    "erase": 8,  # pixels
    "mixup": 0.0,  # alpha; 0 is none
    "seed": 0,
    "epoch": 3,  # the one that is shown step by step
}
LIMITS = {"crop": (0, 8), "erase": (0, 16), "seed": (0, 99), "epoch": (1, 8)}
GRIDS = {"color": (0, 1, 0.1), "mixup": (0, 1, 0.1)}  # lowest, highest, step
PADDINGS = {"zeros": "black", "reflect": "mirrored"}
SIDE, EPOCHS = 32, 8


def complete(**given):
    """A whole legal state in plain values, defaults filled in, or an error that says why there is none."""
    for name in given:
        if name not in DEFAULTS:
            raise values.wrong(WHO, f"{name} is no setting", f"There are {', '.join(DEFAULTS)}", "Use one of them")
    s = DEFAULTS | given
    for name, names in (("image", stored()), ("other", stored()), ("padding", PADDINGS)):
        values.one_of(WHO, name, s[name], names)
    for name, (low, high) in LIMITS.items():
        s[name] = values.whole(WHO, name, s[name], low, high)
    for name, (low, high, step) in GRIDS.items():
        s[name] = values.stop(WHO, name, s[name], low, high, step)
    if not isinstance(s["flip"], bool):
        raise TypeError(f"{WHO}: flip={s['flip']!r}. True or False is needed. Pass True to flip.")
    return s


def settle(state, changed):
    """A whole state; each value is free of the others."""
    return complete(**state)


@functools.cache
def stored():
    """What cnnlab/js/small.json holds, by name: the bytes of (3, 32, 32) pictures as base64."""
    return json.loads((files("cnnlab") / "js" / "small.json").read_text(encoding="utf-8"))


@functools.cache
def picture(name):
    """(3, h, w) float64 in 0..1."""
    pixels = torch.frombuffer(bytearray(base64.b64decode(stored()[name]["bytes"])), dtype=torch.uint8)
    return pixels.view(3, SIDE, SIDE).double() / 255


@functools.cache
def fixed():
    """What the browser needs beside the state."""
    return {
        "pictures": stored(),
        "limits": LIMITS,
        "grids": GRIDS,
        "paddings": PADDINGS,
        "side": SIDE,
        "epochs": EPOCHS,
    }


# ---- what is drawn: the same numbers in Python and in cnnlab/js/augmentation.js


def uniform(seed):
    """Random numbers from 0 to below 1 without end: mulberry32 by Tommy Ettinger (2017), 32 bits of state."""
    mask, state = 0xFFFFFFFF, seed
    while True:
        state = (state + 0x6D2B79F5) & mask
        t = ((state ^ state >> 15) * (state | 1)) & mask
        t ^= (t + ((t ^ t >> 7) * (t | 61) & mask)) & mask
        yield (t ^ t >> 14) / 2**32


def choices(state, other=False):
    """What is drawn for the picture in each of the eight epochs, or for the picture that it meets there."""
    return [_choose(state, 1000 * state["seed"] + 10 * epoch + other) for epoch in range(1, EPOCHS + 1)]


def _choose(s, seed):
    draws = uniform(seed)
    u = [next(draws) for _ in range(8)]  # always the same eight, so that one control leaves the others' choices alone
    return {
        "top": int(u[0] * (2 * s["crop"] + 1)),
        "left": int(u[1] * (2 * s["crop"] + 1)),
        "flipped": s["flip"] and u[2] < 0.5,
        "brightness": hundredths(1 + s["color"] * (2 * u[3] - 1)),
        "contrast": hundredths(1 + s["color"] * (2 * u[4] - 1)),
        "saturation": hundredths(1 + s["color"] * (2 * u[5] - 1)),
        "row": int(u[6] * SIDE) - s["erase"] // 2,
        "column": int(u[7] * SIDE) - s["erase"] // 2,
        "share": hundredths(_beta(s["mixup"], draws)) if s["mixup"] else 1,
    }


def _beta(alpha, draws):
    """One number from Beta(alpha, alpha), by the rule of M. D. Jöhnk (1964)."""
    while True:
        a, b = (next(draws) ** (1 / alpha) for _ in range(2))
        if 0 < a + b <= 1:
            return a / (a + b)


def hundredths(x):
    """Two decimals, so that what is shown is what is used."""
    return math.floor(x * 100 + 0.5) / 100


def steps(state):
    """{step: (8, 3, h, w) float64}: the pictures of the eight epochs after each step, made by the data room."""
    from cnnlab.data import changes

    done = _augmented(state, state["image"], choices(state))
    meets = _augmented(state, state["other"], choices(state, other=True))["erased"]
    share = torch.tensor([c["share"] for c in choices(state)], dtype=torch.float64)
    return done | {"mixed": changes.blend(done["erased"], meets, share)}


def _augmented(s, name, chosen):
    """What random_crop, random_flip, color_jitter and random_erase make of a picture once these choices are drawn."""
    from cnnlab.data import changes

    def drawn(name, dtype=None):
        return torch.tensor([c[name] for c in chosen], dtype=dtype)

    x = picture(name).expand(EPOCHS, -1, -1, -1)
    cropped = changes.crop_at(x, drawn("top"), drawn("left"), s["crop"], s["padding"])
    flipped = changes.flip_where(cropped, drawn("flipped"))
    colored = changes.recolor(flipped, *(drawn(n, torch.float64) for n in ("brightness", "contrast", "saturation")))
    erased = changes.erase_at(colored, drawn("row"), drawn("column"), s["erase"])
    return {"flipped": flipped, "colored": colored, "erased": erased}


# ---- words


def code(state):
    """The arguments of data.Batches that do this in training."""
    reflect = ', padding="reflect"' if state["padding"] == "reflect" else ""
    parts = [
        (state["crop"], f"data.random_crop({state['crop']}{reflect})"),
        (state["flip"], "data.random_flip()"),
        (state["color"], f"data.color_jitter({number(state['color'])})"),
        (state["erase"], f"data.random_erase({state['erase']})"),
    ]
    names = [name for on, name in parts if on]
    augment = f"data.compose({', '.join(names)})" if len(names) > 1 else "".join(names) or "None"
    return f"augment={augment}" + (f", mix=data.mixup({number(state['mixup'])})" if state["mixup"] else "")


def captions(state):
    """What each of the four steps does to the picture of the epoch that is shown."""
    s, c = state, choices(state)[state["epoch"] - 1]
    padded = SIDE + 2 * s["crop"]
    cut = f"cut out of {padded}x{padded} at row {c['top']}, column {c['left']}" if s["crop"] else "not cut"
    flipped = ("flipped" if c["flipped"] else "not flipped") if s["flip"] else "never flipped"
    factors = ", ".join(f"{name} × {number(c[name])}" for name in ("brightness", "contrast", "saturation"))
    rows, columns = (f"{max(c[n], 0)} to {min(c[n] + s['erase'], SIDE) - 1}" for n in ("row", "column"))
    return [
        f"{cut}, {flipped}",
        factors if s["color"] else "colors kept",
        f"rows {rows}, columns {columns} erased" if s["erase"] else "nothing erased",
        mixture(s, c) if s["mixup"] else "not mixed",
    ]


def mixture(state, choice):
    """The soft label: how much of which picture."""
    return f"{number(choice['share'])} {state['image']} + {number(1 - choice['share'])} {state['other']}"


def outcomes(state):
    """How many pictures can be drawn from one."""
    places, squares = (2 * state["crop"] + 1) ** 2, SIDE**2 if state["erase"] else 1
    factors = [(places, f"{places} places"), (1 + state["flip"], "2 sides"), (squares, f"{squares:,} squares")]
    named = [text for count, text in factors if count > 1]
    count = places * (1 + state["flip"]) * squares
    product = f"{' × '.join(named)} = " if len(named) > 1 else ""
    more = ", in any color" * bool(state["color"]) + ", mixed in any share" * bool(state["mixup"])
    return f"{product}{count:,} picture{'s' * (count > 1)} from one{more}"


def distances(state):
    """How far the pixels of each epoch's picture lie from the original's, on average, of 0 to 1."""
    return (steps(state)["mixed"] - picture(state["image"])).abs().mean((1, 2, 3)).tolist()


def describe(state):
    """The sentence of a state: the code, how many pictures there are, and what one epoch sees."""
    s = complete(**state)
    far = distances(s)
    return (
        f"Augmentation explorer: {s['image']}, {code(s)}: {outcomes(s)}; seed {s['seed']}, epoch {s['epoch']}: "
        f"{'; '.join(captions(s))}; the pixels differ from the picture's by {number(far[s['epoch'] - 1])} on average, "
        f"over {EPOCHS} epochs by {number(sum(far) / EPOCHS)}"
    )
