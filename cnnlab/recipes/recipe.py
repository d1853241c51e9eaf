"""What a recipe is: numbers, and no more. running.py turns them into training."""

import math
from dataclasses import dataclass, field, fields, replace

NUMBER = (int, float)
TEXT = (str, lambda value: True, "A string", "'lenet'")
SWITCH = (bool, lambda value: True, "True or False", "True")
COUNT = (int, lambda value: value >= 1, "A whole number from 1", "10")
SHARE = (NUMBER, lambda value: 0 <= value <= 1, "A number from 0 to 1", "0.1")
SETTINGS = {  # its kind, which ones of that kind, both in words, one to pass
    "name": TEXT,
    "about": TEXT,
    "data": TEXT,
    "model": TEXT,
    "epochs": COUNT,
    "batch_size": COUNT,
    "rate": (NUMBER, lambda value: 0 < value < math.inf, "A number above 0", "0.1"),
    "model_options": (dict, lambda value: all(isinstance(name, str) for name in value), "A dict by name", "{}"),
    "momentum": (NUMBER, lambda value: 0 <= value < 1, "A number from 0 to below 1", "0.9"),
    "weight_decay": (NUMBER, lambda value: 0 <= value < math.inf, "A number from 0", "5e-4"),
    "warm_up": SHARE,
    "milestones": (
        (tuple, list),
        lambda value: all(_is(share, NUMBER) and 0 <= share <= 1 for share in value),
        "A tuple of numbers from 0 to 1",
        "(0.5, 0.75)",
    ),
    "smoothing": SHARE,
    "crop": (int, lambda value: value >= 0, "A whole number from 0", "2"),
    "channels_last": SWITCH,
    "compile": SWITCH,
    "test_flips": SWITCH,
}

CHOICES = {
    "optimizer": ("SGD", "Nesterov SGD", "Adam"),
    "schedule": ("constant", "one-cycle", "triangular", "steps"),
    "flip": (None, "random", "alternating"),
    "precision": (None, "bfloat16", "float16"),
}


@dataclass(frozen=True)
class Measured:
    """What runs of a recipe reached: on test images, once per seed, after all settings had been chosen."""

    accuracy: float  # mean over the seeds, 0..1
    sd: float  # standard deviation over the seeds, 0..1
    seeds: int  # 0, 1, 2, ...
    seconds: float | None  # of training, mean, on a quiet machine; None: not measured yet
    machine: str
    data: str  # what it was trained and judged on


@dataclass(frozen=True)
class Recipe:
    """A whole way to train, as data. `but` changes some of it; print shows what is set."""

    name: str
    about: str  # one line: for which machine, and why so
    data: str  # a name for data.load
    model: str  # a name in models
    epochs: int
    batch_size: int  # images
    optimizer: str  # "SGD", "Nesterov SGD" or "Adam"
    rate: float  # learning rate, at its highest
    schedule: str  # "constant"; "one-cycle": up and down as cosines; "triangular": both straight; "steps": down by 10
    model_options: dict = field(default_factory=dict)  # of the model, beside classes
    momentum: float = 0.0  # of both kinds of SGD
    weight_decay: float = 0.0
    warm_up: float = 0.0  # share of the training until the rate is highest, where it goes up
    milestones: tuple = ()  # shares of the training after which "steps" divides the rate by 10
    smoothing: float = 0.0  # of labels: this share is spread evenly over all classes
    crop: int = 0  # pixels: each image moves by up to so many
    flip: str | None = None  # "random": a coin per image and epoch; "alternating": every second epoch
    precision: str | None = None  # as in train.fit
    channels_last: bool = False
    compile: bool = False  # with torch.compile; its seconds are kept apart, in history.startup
    test_flips: bool = False  # judge by each image and its mirror image
    measured: Measured | None = None  # None: not measured yet

    def __post_init__(self):
        for name, (kind, fits, words, one) in SETTINGS.items():
            value = getattr(self, name)
            if not (_is(value, kind) and fits(value)):
                raise ValueError(
                    f"Recipe: {name}={value!r:.80} is a {type(value).__name__}. {words} is needed. Pass {name}={one}."
                )
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"Recipe: {name}={getattr(self, name)!r}. One of {', '.join(map(repr, choices))} is needed. "
                    f"Choose one of them."
                )

        if self.schedule in ("one-cycle", "triangular") and not 0 < self.warm_up < 1:
            raise ValueError(
                f"Recipe: warm_up={self.warm_up!r}, a share of the training, with schedule={self.schedule!r}. "
                f"A number between 0 and 1 is needed. Pass 0.3."
            )
        if self.optimizer == "Nesterov SGD" and self.momentum == 0:
            raise ValueError(
                f"Recipe: momentum={self.momentum!r} with optimizer='Nesterov SGD'. A number above 0 is needed. "
                f"Pass momentum=0.9, or optimizer='SGD'."
            )

    def but(self, **changes):
        """The same recipe with some of its numbers changed; what was measured no longer holds and is left out."""
        known = [f.name for f in fields(self)]
        for name in changes:
            if name not in known:
                raise ValueError(f"Recipe.but: {name} is no setting. There are {', '.join(known)}. Use one of them.")
        return replace(self, **{"measured": None} | changes)

    def __str__(self):
        apart = {"name", "about", "measured"}
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in apart}
        width = max(map(len, settings))
        lines = [f"  {name:{width}}  {value}" for name, value in settings.items() if value]
        return "\n".join([f"{self.name}: {self.about}", *lines, f"  {'measured':{width}}  {_words(self.measured)}"])


def _is(value, kind):
    """Whether the value is of that kind, where True is no number."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _words(measured):
    if measured is None:
        return "not yet"
    seconds = "seconds not yet" if measured.seconds is None else f"{measured.seconds:.0f} s"
    return (
        f"{100 * measured.accuracy:.2f} ± {100 * measured.sd:.2f} % over {measured.seeds} seeds on {measured.data}, "
        f"{seconds}; {measured.machine}"
    )
