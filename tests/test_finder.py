"""The learning-rate finder: what it sees is right, what it suggests trains, and it leaves nothing changed."""

import contextlib
import copy
import math
import random

import numpy
import pytest
import torch
import torch.nn.functional as F
from equal import same
from torch import nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from cnnlab import data, plots, train


def small_net():
    """Dropout and batch norm, which have random numbers and averages of their own."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Dropout(0.1), nn.Linear(128, 3)
    )


def pixels(n=96):
    """Noise in which a third of the columns, that of the label, is brighter."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(120, (n, 1, 6, 6), generator=generator, dtype=torch.uint8)
    y = torch.randint(3, (n,), generator=generator)
    x[torch.arange(n), 0, :, 2 * y] += 100
    return x, y


def normalised():
    x, y = pixels()
    return data.normalise(x, (0.25,), (0.2,)), y


def as_list(size=16):
    x, y = normalised()
    return list(zip(x.split(size), y.split(size), strict=True))


def as_batches():
    x, y = pixels()
    return data.Batches(x, y, 16, mean=(0.25,), sd=(0.2,), shuffle=True, augment=data.random_crop(1), seed=3)


class Noisy(TensorDataset):
    """What augmentation in a data set does: it draws from three kinds of generators."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return x + 0.01 * (torch.rand(()) + random.random() + numpy.random.rand()), y


def as_loader():
    return DataLoader(Noisy(*normalised()), 16, shuffle=True, generator=torch.Generator().manual_seed(5))


def as_sampled():
    dataset = Noisy(*normalised())
    return DataLoader(dataset, 16, sampler=RandomSampler(dataset, generator=torch.Generator().manual_seed(5)))


def everything(model, batches, optimizer, scheduler):
    """All that a training that goes on depends on, copied."""
    order = (getattr(batches, "epoch", None), getattr(batches, "seed", None))
    generators = (getattr(batches, "generator", None), getattr(getattr(batches, "sampler", None), "generator", None))
    return copy.deepcopy(
        (
            model.state_dict(),
            [p.grad for p in model.parameters()],
            [module.training for module in model.modules()],
            optimizer.state_dict(),
            scheduler.state_dict(),
            order,
            [g.get_state() for g in generators if g is not None],
            torch.get_rng_state(),
            random.getstate(),
            numpy.random.get_state()[1].tolist(),
        )
    )


@pytest.mark.parametrize("cut", [None, ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("make", [as_list, as_batches, as_loader, as_sampled])
def test_nothing_is_changed_afterwards(make, cut):
    """In the midst of a training, also where the search is cut in its ninth batch."""
    train.seed(0)
    model, batches = small_net(), make()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=100)
    train.fit(model, batches, epochs=1, optimizer=optimizer, scheduler=scheduler, progress=False)
    model[1].eval()  # a learner who has frozen the averages
    calls = []

    def loss(logits, labels):
        calls.append(1)
        if cut is not None and len(calls) == 9:
            raise cut
        return F.cross_entropy(logits, labels)

    before = everything(model, batches, optimizer, scheduler)
    if cut is None:
        train.rate_finder(model, batches, optimizer, steps=40, loss=loss)
    else:
        with pytest.raises(cut):
            train.rate_finder(model, batches, optimizer, steps=40, loss=loss)
    assert len(calls) >= 9
    after = everything(model, batches, optimizer, scheduler)
    assert [same(a, b) for a, b in zip(before, after, strict=True)] == [True] * len(before)


def test_it_is_the_loop_written_out():
    train.seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    twin = copy.deepcopy(model)
    sweep = train.rate_finder(
        model, as_list(), torch.optim.SGD(model.parameters(), 1.0, momentum=0.9), 1e-3, 0.1, steps=20
    )
    optimizer = torch.optim.SGD(twin.parameters(), 1.0, momentum=0.9)
    losses, rates = [], [1e-3 * 100 ** (step / 19) for step in range(20)]
    for (x, labels), optimizer.param_groups[0]["lr"] in zip(as_list() * 4, rates, strict=False):
        loss = F.cross_entropy(twin(x), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert sweep.losses.tolist() == losses  # 20 batches of 6 that there are: round and round
    assert sweep.rates.tolist() == pytest.approx(rates) and sweep.rates[-1] == pytest.approx(0.1)


def test_groups_keep_their_shares():
    """A pretrained body at a hundredth of the head's rate is swept so, too; 0 stays 0."""
    train.seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 8, bias=False), nn.Linear(8, 3, bias=False))
    seen = []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            seen.append([group["lr"] for group in self.param_groups])
            return super().step(closure)

    body, head = model[1].weight, model[2].weight
    train.rate_finder(
        model, as_list(), Spy([{"params": [body], "lr": 1e-4}, {"params": [head], "lr": 1e-2}]), high=0.1, steps=20
    )
    assert all(low == pytest.approx(high / 100) for low, high in seen) and len(seen) == 20


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("seed", range(5))
def test_the_suggestion_trains_and_ten_times_the_end_does_not(kind, seed):
    train.seed(seed)
    make = {"SGD": lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9), "Adam": torch.optim.Adam}[kind]
    model = small_net()
    sweep = train.rate_finder(model, as_list(), make(model.parameters(), 0.1))

    def trained(rate):
        twin = copy.deepcopy(model)
        return train.fit(twin, as_list(), epochs=8, optimizer=make(twin.parameters(), rate), progress=False)

    assert 1e-6 < sweep.suggestion < sweep.least <= float(sweep.rates[-1])
    assert trained(sweep.suggestion)["loss"][-1] < 0.35  # from log(3) = 1.1
    with contextlib.suppress(FloatingPointError):  # it is no number at all, or else
        assert max(trained(10 * float(sweep.rates[-1]))["loss"]) > 10 * math.log(3)  # far worse than not to know


def test_it_looks_in_training_mode_as_fit_trains():
    model, modes = small_net().eval(), set()
    model.register_forward_hook(lambda module, *_: modes.update(part.training for part in module.modules()))
    train.rate_finder(model, as_list(), torch.optim.SGD(model.parameters(), 0.1), high=0.1)
    assert modes == {True} and not any(part.training for part in model.modules())


def a_sweep(*losses):
    rates = torch.logspace(-6, 1, len(losses), dtype=torch.float64)
    return train.RateSweep(rates, torch.tensor(losses, dtype=torch.float64), "the range ended at 10")


def test_what_is_read_off_a_curve_made_up_for_it():
    """Flat, a fall in 20 batches whose middle is batch 50, flat, up."""
    sweep = a_sweep(*[2.0] * 40, *[2 - 0.1 * i for i in range(20)], *[0.1] * 20, *[0.1 + i for i in range(20)])
    assert sweep.halfway == sweep.rates[50] and sweep.suggestion == sweep.halfway / 2
    assert sweep.least == pytest.approx(float(sweep.rates[64]))  # the first with five low neighbors on both sides
    assert sweep.smooth[:30].tolist() == pytest.approx([2.0] * 30) and sweep.smooth[50] == pytest.approx(1.0)
    assert len(sweep.smooth) == len(sweep.losses) == 100


def test_a_single_easy_batch_is_not_taken_for_a_fall():
    losses = [2.0] * 100
    losses[30] = 1.5
    with pytest.raises(ValueError, match=r"the loss fell nowhere between the rates 1e-06 and 10 \(from 2 to 1.95\)"):
        _ = a_sweep(*losses).suggestion
    assert "the loss fell nowhere; the range ended at 10. Try another range." in str(a_sweep(*losses))


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1.0, "it was 4 times its least at "),
        (1e30, "it was no number any more at "),
    ],
)
def test_it_stops_when_the_loss_blows_up(factor, words):
    train.seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 64), nn.ReLU(), nn.Linear(64, 3))

    def loss(logits, labels):
        return F.mse_loss(logits * (factor if len(seen) > 30 else 1), F.one_hot(labels, 3).float())

    seen = []
    model.register_forward_hook(lambda *_: seen.append(1))
    sweep = train.rate_finder(model, as_list(), torch.optim.SGD(model.parameters(), 0.1), high=1e4, loss=loss)
    assert words in str(sweep) and len(sweep.losses) < 100 and sweep.losses.isfinite().all()


# losses that are made up, how many are looked at: four times the least mean of five ends it
ENDS = [
    ([1.0] * 10 + [0.1] * 10 + [0.5] * 20, 24),  # after four, the mean of the last five is 0.42
    ([1.0] * 10 + [0.1] * 10 + [0.9] + [0.1] * 19, 40),  # a single hard batch ends nothing
    ([0.1] * 10 + [0.3] * 10 + [0.39] * 20, 40),
]


@pytest.mark.parametrize(("losses", "looked"), ENDS)
def test_where_it_stops(losses, looked):
    model, left = nn.Linear(4, 3), iter(losses)
    sweep = train.rate_finder(
        model,
        [(torch.zeros(8, 4), torch.arange(8) % 3)],
        torch.optim.SGD(model.parameters(), 0.1),
        steps=len(losses),
        loss=lambda logits, labels: 0 * logits.sum() + next(left),
    )
    assert sweep.losses.tolist() == pytest.approx(losses[:looked])


def test_it_prints_one_line_and_draws():
    train.seed(0)
    model = small_net()
    sweep = train.rate_finder(model, as_list(), torch.optim.Adam(model.parameters()))
    line = str(sweep)
    assert "\n" not in line and "the loss had done half its fall at " in line and "A start: " in line
    assert repr(sweep) == "RateSweep(low=1e-06)"
    lines = {"each batch": sweep.losses, "smooth": sweep.smooth}
    fig = plots.curves(lines, "learning rate", "loss (nats per image)", x=sweep.rates, log_x=True)
    assert fig.axes[0].get_xscale() == "log"


LINEAR = nn.Linear(4, 3)
SGD = torch.optim.SGD(LINEAR.parameters(), 0.1)
PAIR = [(torch.zeros(8, 4), torch.arange(8) % 3)]

# arguments, error, words
BAD = [
    ({"model": nn.Linear}, TypeError, r"rate_finder: model is the class Linear"),
    ({"optimizer": torch.optim.Adam}, TypeError, r"rate_finder: optimizer is the class Adam. A built optimizer"),
    (
        {"optimizer": torch.optim.SGD(nn.Linear(1, 1).parameters(), 0.1)},
        ValueError,
        r"rate_finder: optimizer holds none of this model's parameters",
    ),
    ({"batches": iter(PAIR)}, TypeError, r"batches is a list_iterator, which one look uses up.*Pass Batches"),
    ({"batches": []}, ValueError, r"rate_finder: batches gave no batch"),
    ({"batches": 3}, TypeError, r"rate_finder: batches is a int"),
    ({"low": 0}, ValueError, r"rate_finder: low=0. A learning rate above 0"),
    ({"high": math.inf}, ValueError, r"rate_finder: high=inf. A learning rate above 0"),
    ({"low": 1, "high": 0.1}, ValueError, r"rate_finder: low=1 and high=0.1. low must be below high"),
    ({"steps": 3}, ValueError, r"rate_finder: steps=3. A whole number from 20"),
    ({"steps": 30.0}, ValueError, r"rate_finder: steps=30.0. A whole number from 20"),
    ({"loss": nn.CrossEntropyLoss}, TypeError, r"rate_finder: loss=.* cannot be called"),
    (
        {"batches": [(PAIR[0][0] * math.nan, PAIR[0][1])]},
        ValueError,
        r"it was no number any more at 1e-06, after 0 batches, which is too early.*Pass a lower low, and images norm",
    ),
]


@pytest.mark.parametrize(("changes", "error", "words"), BAD)
def test_bad_arguments(changes, error, words):
    with pytest.raises(error, match=words):
        train.rate_finder(**{"model": LINEAR, "batches": PAIR, "optimizer": SGD} | changes)
