"""What a recipe is: numbers, and no more. running.py turns them into training."""

from dataclasses import dataclass, field, fields, replace

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


def _words(measured):
    if measured is None:
        return "not yet"
    seconds = "seconds not yet" if measured.seconds is None else f"{measured.seconds:.0f} s"
    return (
        f"{100 * measured.accuracy:.2f} ± {100 * measured.sd:.2f} % over {measured.seeds} seeds on {measured.data}, "
        f"{seconds}; {measured.machine}"
    )
