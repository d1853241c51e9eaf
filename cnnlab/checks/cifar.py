"""Notebook 11: where mean and spread come from, mirrored pictures, a step of SGD, and milestones counted in steps."""

import torch

from cnnlab.checks.engine import Case, FunctionExercise, Prediction, ValueExercise, Wrong
from cnnlab.train import sgd_step


def channel_stats(x):
    """Mean and standard deviation of each channel: uint8 pictures (n, c, h, w) -> (c) and (c), in 0..1."""
    x = x.float() / 255
    return x.mean((0, 2, 3)), x.std((0, 2, 3), correction=0)


def _flip_where():
    from cnnlab.data.changes import flip_where

    return flip_where


def _bytes(*values):
    return torch.tensor(values, dtype=torch.uint8)


TWO_COLORS = _bytes([[[0, 255], [0, 255]], [[51, 51], [51, 51]]])  # one picture, two channels
TWO_PICTURES = _bytes([[[0, 0], [0, 0]]], [[[255, 255], [255, 255]]])  # a black and a white one
UNEVEN = _bytes([[[0, 51, 102]], [[204, 0, 0]], [[0, 0, 51]]], [[[51, 51, 204]], [[204, 204, 0]], [[0, 102, 102]]])


def _stats(x, dims=(0, 2, 3), correction=0, scale=255):
    x = x.float() / scale
    return x.mean(dims), x.std(dims, correction=correction)


def _stats_of_each_picture(x):
    x = x.float() / 255
    return x.mean((2, 3)).mean(0), x.std((2, 3), correction=0).mean(0)


def _row(*values):
    return torch.tensor(values)


# ---- steps: one thing wrong at a time


def _decay_only_in_step(weight, slope, velocity, lr, momentum=0.0, weight_decay=0.0):
    velocity = momentum * velocity + slope
    return weight - lr * (velocity + weight_decay * weight), velocity


def _rate_in_velocity(weight, slope, velocity, lr, momentum=0.0, weight_decay=0.0):
    velocity = momentum * velocity - lr * (slope + weight_decay * weight)
    return weight + velocity, velocity


def _averaged(weight, slope, velocity, lr, momentum=0.0, weight_decay=0.0):
    velocity = momentum * velocity + (1 - momentum) * (slope + weight_decay * weight)
    return weight - lr * velocity, velocity


def _late(weight, slope, velocity, lr, momentum=0.0, weight_decay=0.0):
    return weight - lr * velocity, momentum * velocity + slope + weight_decay * weight


def _nesterov(weight, slope, velocity, lr, momentum=0.0, weight_decay=0.0):
    slope = slope + weight_decay * weight
    velocity = momentum * velocity + slope
    return weight - lr * (slope + momentum * velocity), velocity


BATCHES = -(-45_000 // 128)  # in an epoch; the last one is smaller

EXERCISES = [
    FunctionExercise(
        "channel_stats",
        8,
        "easy",
        hints=(
            "First the range: x is bytes, 0 to 255. x.float() / 255 brings it to 0..1.",
            "Everything but the channels is averaged: the dims 0, 2 and 3.",
            "x.mean((0, 2, 3)) is the first half. std takes the same dims, and correction=0 divides by their number.",
        ),
        answer=channel_stats,
        cases=(
            Case("two channels", (TWO_COLORS,)),
            Case("a black and a white picture", (TWO_PICTURES,)),
            Case("two pictures, three channels", (UNEVEN,)),
        ),
        wrong=(
            Wrong(lambda x: _stats(x, scale=1), "0..255 is not brought to 0..1 first"),
            Wrong(lambda x: _stats(x, scale=x.max()), "divided by the brightest pixel; bytes go to 255, always"),
            Wrong(lambda x: _stats(x, correction=1), "std divides by one less than there are; pass correction=0"),
            Wrong(_stats_of_each_picture, "each picture's own spread is averaged; take all pictures together"),
            Wrong(lambda x: _stats(x, dims=(1, 2, 3)), "there is a number per picture; one per channel is needed"),
            Wrong(
                lambda x: _stats(x, dims=(2, 3)), "there is a number per picture and channel; the pictures stay apart"
            ),
            Wrong(lambda x: _stats(x, dims=(0, 1, 2, 3)), "all channels are thrown together"),
            Wrong(lambda x: (_stats(x)[0], _stats(x)[1] ** 2), "this is the variance; the spread is its square root"),
            Wrong(lambda x: _stats(x)[::-1], "the two are swapped: the mean comes first"),
        ),
    ),
    FunctionExercise(
        "flip_where",
        6,
        "medium",
        hints=(
            "x.flip(3) mirrors all pictures left to right. torch.where(condition, a, b) picks from one or the other.",
            "chosen has shape (n), the pictures (n, c, h, w). chosen[:, None, None, None] has four axes, too.",
        ),
        answer=_flip_where(),
        cases=(
            Case(
                "the second of two",
                (
                    _bytes([[[1, 2], [5, 6]], [[9, 10], [13, 14]]], [[[3, 4], [7, 8]], [[11, 12], [15, 16]]]),
                    torch.tensor([False, True]),
                ),
            ),
            Case("one picture, chosen", (_bytes([[[1, 2, 3], [4, 5, 6]]]), torch.tensor([True]))),
            Case("one picture, not chosen", (_bytes([[[1, 2, 3], [4, 5, 6]]]), torch.tensor([False]))),
            Case(
                "several channels",
                (torch.arange(24, dtype=torch.uint8).view(2, 3, 2, 2), torch.tensor([True, False])),
            ),
        ),
        wrong=(
            Wrong(lambda x, chosen: x.flip(3), "all are mirrored, chosen or not"),
            Wrong(lambda x, chosen: _flip_where()(x, ~chosen), "those that are not chosen are mirrored"),
            Wrong(
                lambda x, chosen: torch.where(chosen[:, None, None, None], x.flip(2), x),
                "the wrong axis is mirrored: top and bottom change places",
            ),
            Wrong(
                lambda x, chosen: torch.where(chosen[:, None, None, None], x.transpose(2, 3).reshape(x.shape), x),
                "rows and columns are swapped",
            ),
            Wrong(
                lambda x, chosen: torch.where(chosen[:, None, None, None], x.flip(1), x),
                "the channels change places; torch.fliplr flips axis 1, columns are axis 3",
            ),
            Wrong(lambda x, chosen: x.flip(3)[chosen], "the others are lost; they stay as they are"),
            Wrong(lambda x, chosen: x, "no picture is mirrored"),
        ),
    ),
    FunctionExercise(
        "sgd_step",
        10,
        "medium",
        hints=(
            "In order: the slope gets its share of the weight, the velocity moves on, the weight steps.",
            "velocity = momentum * velocity + slope + weight_decay * weight. What is left to do?",
            "The weight moves against the new velocity, by lr times it. Return both, the weight first.",
        ),
        answer=sgd_step,
        cases=(
            Case("a plain step", (_row(3.0, 4.0), _row(1.0, -2.0), _row(0.0, 0.0), 0.5)),
            Case("momentum", (_row(3.0, 4.0), _row(1.0, -2.0), _row(2.0, 6.0), 0.5, 0.5)),
            Case("weight decay", (_row(3.0, 4.0), _row(1.0, -2.0), _row(0.0, 0.0), 0.5, 0.0, 1.0)),
            Case("both", (_row(3.0, 4.0), _row(1.0, -2.0), _row(2.0, 6.0), 0.5, 0.5, 1.0)),
        ),
        wrong=(
            Wrong(lambda w, s, v, lr, m=0.0, d=0.0: sgd_step(w, s, v, lr, 0.0, d), "momentum is ignored"),
            Wrong(lambda w, s, v, lr, m=0.0, d=0.0: sgd_step(w, s, v, lr, m, 0.0), "weight decay is ignored"),
            Wrong(
                lambda w, s, v, lr, m=0.0, d=0.0: sgd_step(w, s, v, lr, m, -d),
                "weight decay pushes away from 0",
            ),
            Wrong(lambda w, s, v, lr, m=0.0, d=0.0: sgd_step(w, s, v, -lr, m, d), "the step goes uphill"),
            Wrong(
                lambda w, s, v, lr, m=0.0, d=0.0: sgd_step(w, s, v, lr, m, d)[::-1],
                "the weight comes first, then the velocity",
            ),
            Wrong(_rate_in_velocity, "the learning rate and a minus are in the velocity; PyTorch multiplies last"),
            Wrong(_averaged, "the velocity averages; PyTorch adds the whole slope"),
            Wrong(_late, "the weight steps with the old velocity"),
            Wrong(_nesterov, "the step looks ahead, as Nesterov's momentum does; the plain one is asked for"),
            Wrong(_decay_only_in_step, "the decay does not go through the velocity"),
            Wrong(lambda w, s, v, lr, m=0.0, d=0.0: (sgd_step(w, s, v, lr, m, d)[0], v), "it returns the old velocity"),
        ),
    ),
    ValueExercise(
        "milestones",
        5,
        "medium",
        hints=(
            "How many batches of 128 do 45,000 pictures make? The last one is smaller, and counts.",
            "math.ceil(45_000 / 128) steps an epoch, times 30 epochs. Then a half and three quarters of that.",
        ),
        answer=lambda: (BATCHES * 15, BATCHES * 45 // 2),
        solution="milestones = (30 * 352 // 2, 30 * 352 * 3 // 4)",
        because="352 batches an epoch (the last has 72 pictures), 10,560 steps in all.",
        wrong=(
            Wrong((15, 22.5), "epochs are counted; the scheduler steps once per batch"),
            Wrong((15, 22), "epochs are counted; the scheduler steps once per batch"),
            Wrong((15, 23), "epochs are counted; the scheduler steps once per batch"),
            Wrong((351 * 15, 351 * 45 // 2), "the last batch of each epoch, which is smaller, is left out"),
            Wrong((351 * 15, 351 * 22.5), "the last batch of each epoch, which is smaller, is left out"),
            Wrong(
                (45_000 / 128 * 15, 45_000 / 128 * 22.5),
                "the last batch of each epoch counts in part; it is a step like the others",
            ),
            Wrong((5273, 7910), "the last batch of each epoch counts in part; it is a step like the others"),
            Wrong((5274, 7911), "the last batch of each epoch counts in part; it is a step like the others"),
            Wrong((352 * 30 // 2, 352 * 30), "the second drop comes at the end; three quarters are asked for"),
            Wrong((45_000 * 15, 45_000 * 45 // 2), "pictures are counted; a step takes 128 of them"),
        ),
    ),
]


def _stride(momentum, slope=1.0, lr=1.0):
    """How far a weight moves in a step, in the end, when its slope never changes."""
    weight = velocity = torch.zeros(())
    for _ in range(500):
        before, (weight, velocity) = weight, sgd_step(weight, slope, velocity, lr, momentum)
    return round(float(before - weight), 2)


PREDICTIONS = {
    "a pixel of 255 after normalizing": Prediction(
        lambda: (255 / 255 - 0.5) / 0.25,
        "255 is 1.0, which lies 0.5 above the mean, and that is two spreads of 0.25.",
    ),
    "versions of one picture with crop 4 and flip": Prediction(
        lambda: 9 * 9 * 2,
        "It moves by -4 to 4 pixels each way, nine places across and nine down, each as it is and mirrored.",
    ),
    "length of a step with momentum 0.9, where the slope stays 1": Prediction(
        lambda: _stride(0.9),
        "The velocity v grows until 0.9 * v + 1 is v again, and that is at 10.",
        tolerance=0.05,
    ),
    "validation accuracy of the best of 20 equally good networks": Prediction(
        lambda: "too high",
        "Each is a little lucky or unlucky with these pictures, and choosing the best chooses the luckiest.",
        choices=("too high", "too low", "just right"),
    ),
    "the better schedule for a short run": Prediction(
        lambda: "one-cycle",
        "It begins gently, is fast in the middle and comes to rest at the end, all within the steps that there are.",
        choices=("steps", "one-cycle", "no difference"),
    ),
}
