"""Sick trainings, each with one defect, to be named from what can be seen: notebook 15's exercise.

Whoever reads on knows the answers.
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn

RATE = 0.02  # of a healthy training
WOULD_SHOW = {  # defect -> what would be seen if it were that
    "rate too high": "the loss would have risen far above its first value",
    "rate too low": "the weights would have moved by less than a thousandth of their length",
    "frozen layers": "some layers would not have moved at all, and yet answers would differ from picture to picture",
    "dead ReLUs": "all pictures would get the very same logits",
    "softmax before the loss": "the model's answers would lie between 0 and 1, and sum to 1 for each picture",
    "shuffled labels": "weights would move and answers differ, and yet training would be no better than a guess",
    "zero_grad forgotten": "the weights' .grad would hold the sum over all steps, far longer than one batch's own",
    "two normalizations": "validation pictures would have another mean or spread than training pictures",
}
DEFECTS = tuple(WOULD_SHOW)
CASES = (  # patient 1, 2, ...
    "softmax before the loss",
    "two normalizations",
    "dead ReLUs",
    "shuffled labels",
    "frozen layers",
    "zero_grad forgotten",
    "rate too low",
    "rate too high",
)


@dataclass
class Patient:
    """A training to be examined: its model, optimizer, batches and validation lie open, and train() makes one pass."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    batches: object
    validation: object
    losses: list = field(default_factory=list)  # of every batch so far, nats per image
    _defect: str = field(default="", repr=False)

    def train(self):
        """Go over the batches once and return the losses so far."""
        self.model.train()
        for x, labels in self.batches:
            loss = F.cross_entropy(self.model(x), labels)
            if self._defect != "zero_grad forgotten":
                self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.losses.append(loss.item())
        self.model.eval()
        return self.losses

    def __repr__(self):
        return "Patient()"


def patient(number):
    """A training of 1,500 digits that has one defect, the same for the same number.

    number    1 to 8
    returns   an object with model, optimizer, batches, validation, losses and train()
    """
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(CASES):
        raise ValueError(f"patient: number={number!r}. A whole number from 1 to {len(CASES)} is needed. Pass 1.")
    from cnnlab import data

    defect = CASES[number - 1]
    digits = data.load("mnist", quiet=True)
    (x, y), (x_val, y_val) = digits.split(500)
    x, y = x[:1500], y[:1500]
    if defect == "shuffled labels":
        y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(number))]
    scale = {"mean": digits.mean, "sd": digits.sd}
    other = {"mean": (0,), "sd": (255,)} if defect == "two normalizations" else scale  # divided by 255, twice
    device = data.device()
    batches = data.Batches(x, y, 50, shuffle=True, seed=number, device=device, **scale)
    validation = data.Batches(x_val, y_val, 250, device=device, **other)

    model = _net(number).to(device)
    if defect == "softmax before the loss":
        model.append(nn.Softmax(dim=1))
    if defect == "dead ReLUs":
        nn.init.constant_(model[4].bias, -1000.0)
    if defect == "frozen layers":
        model[:4].requires_grad_(False)
    rate = RATE * {"rate too high": 10, "rate too low": 1e-4}.get(defect, 1)
    weights = [p for p in model.parameters() if p.requires_grad]
    return Patient(model, torch.optim.SGD(weights, lr=rate, momentum=0.9), batches, validation, _defect=defect)


def _net(seed):
    """Three convolutions; the middle one's ReLU is where nothing may get through."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.Identity(),
            nn.Conv2d(8, 16, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
            nn.Flatten(), nn.Linear(16 * 7 * 7, 10),
        )  # fmt: skip
