"""Notebook 14: what pays, what waits for memory, and what each of many processes has to do."""

import math

import torch

from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, Wrong
from cnnlab.shapes import bytes_moved
from cnnlab.train import break_even, exchange_seconds

RESNET_STEP = 3 * 32 * 1.814e9 / 20e12  # seconds: ResNet-18, 32 pictures, 20 trillion multiply-adds per second
SHARES = [(15, 2), (16, 4), (10, 4), (3, 4), (9, 1)]  # (rows, processes)


def _batch(rows):
    """Two columns, and no number in them that could be taken for the number of a row."""
    return 100 + torch.arange(2 * rows).view(rows, 2)


def _shares(my_rows, rows, world):
    return [my_rows(_batch(rows), rank, world) for rank in range(world)]


def _parts(my_rows, rows, world):
    """Which rows of the batch each process takes."""
    return [(part[:, 0] - 100) // 2 for part in _shares(my_rows, rows, world)]


def _gives_rows(my_rows):
    if not callable(my_rows):
        return f"a {type(my_rows).__name__}; the function itself, without brackets"
    for rows, world in SHARES:
        try:
            shares = _shares(my_rows, rows, world)
        except IndexError:
            return f"there are not {world} shares of {rows} rows{_why_not(my_rows, rows, world)}"
        except (RuntimeError, ValueError, ZeroDivisionError) as error:
            said = str(error).splitlines()[0]
            return f"an error for {rows} rows in {world} processes, {said!r}{_why_not(my_rows, rows, world)}"
        for rank, share in enumerate(shares):
            wrong = _no_rows(share, _batch(rows))
            if wrong:
                return wrong.format(process=f"process {rank} of {world}")
    return True


def _why_not(my_rows, rows, world):
    if rows < world:
        return "; where rows are few, a share may be empty"
    if len(_shares(my_rows, 15, 2)[0]) == 2:
        return "; split(world) cuts shares of `world` rows, tensor_split(world) cuts `world` shares"
    return ""


def _no_rows(share, x):
    """What is wrong with the share of a {process}, or nothing if it is rows of x."""
    if share is None or share is ...:
        return "nothing yet; end it with `return x[...]`"
    if not isinstance(share, torch.Tensor):
        return f"{type(share).__name__} for {{process}}; rows of x, as x[first:last] gives them"
    if share.dim() == 1 and set(share.tolist()) <= set(range(len(x))):
        return "numbers of rows for {process}; return the rows themselves, x[...]"
    if share.shape[1:] != x.shape[1:]:
        what = f"shape {tuple(share.shape)} for {{process}}"
        return f"{what}; whole rows of x, which has shape {tuple(x.shape)}, as x[first:last] gives them"
    if not {tuple(row) for row in share.tolist()} <= {tuple(row) for row in x.tolist()}:
        return "other numbers than in the rows of x for {process}; return rows as they are"
    return ""


def _loses_none(my_rows):
    for rows, world in SHARES:
        missing = sorted(set(range(rows)) - set(torch.cat(_parts(my_rows, rows, world)).tolist()))
        if missing:
            rest = len(missing) < world and missing[0] == rows - len(missing)
            why = ": whole shares leave a rest, which somebody has to take" if rest else ""
            return f"of {rows} rows in {world} processes nobody has {missing[:3]}{why}"
    return True


def _takes_none_twice(my_rows):
    for rows, world in SHARES:
        parts = _parts(my_rows, rows, world)
        twice = [row for row, times in enumerate(torch.cat(parts).bincount().tolist()) if times > 1]
        if twice:
            everything = world > 1 and all(len(part) == rows for part in parts)
            why = "; every process takes the whole batch" if everything else ""
            return f"of {rows} rows in {world} processes {twice[:3]} are taken twice{why}"
    return True


def _shares_alike(my_rows):
    for rows, world in SHARES:
        sizes = [len(part) for part in _parts(my_rows, rows, world)]
        if max(sizes) - min(sizes) > 1:
            return f"{rows} rows in {world} processes are shared as {sizes}; the others would wait for the largest"
    return True


def _by_size(size):
    """Shares of one size for all, which the last one may miss."""
    return lambda x, rank, world: x[rank * size(len(x) / world) : (rank + 1) * size(len(x) / world)]


def _rest_to_the_last(x, rank, world):
    size = len(x) // world
    return x[rank * size :] if rank == world - 1 else x[rank * size : (rank + 1) * size]


EXERCISES = [
    FunctionExercise(
        "break_even",
        minutes=5,
        level="easy",
        answer=break_even,
        cases=(
            Case("it pays after a while", (120, 0.5, 0.125)),
            Case("the last step is begun", (10, 3, 0)),
            Case("it pays at once", (0, 2, 1)),
            Case("a step becomes slower", (10, 2, 5)),
            Case("a step stays as it was", (10, 1, 1)),
        ),
        hints=(
            "Each step earns before - after seconds. How many such earnings make the start-up?",
            "Round up with math.ceil. Where a step earns nothing, or costs more, no number is enough: math.inf.",
        ),
        wrong=(
            Wrong(
                lambda s, b, a: math.ceil(s / b), "the start-up is divided by a whole step, not by what a step earns"
            ),
            Wrong(lambda s, b, a: math.ceil(s / a), "the start-up is divided by a new step, not by what a step earns"),
            Wrong(
                lambda s, b, a: s / (b - a) if a < b else math.inf,
                "a part of a step were possible; whole steps are asked for, so round up with math.ceil",
            ),
            Wrong(
                lambda s, b, a: s // (b - a) if a < b else math.inf,
                "it were rounded down, or to the nearest; math.ceil rounds up",
            ),
            Wrong(
                lambda s, b, a: math.ceil(s / (b - a)),
                "a loss could be earned back; where after is not below before, return math.inf",
            ),
            Wrong(
                lambda s, b, a: math.ceil(s / abs(b - a)) if a != b else math.inf,
                "slower steps earned something, too; where after is not below before, return math.inf",
            ),
            Wrong(
                lambda s, b, a: s // (b - a) + 1 if a < b else math.inf,
                "one more step were needed where it comes out even; math.ceil(320.0) is 320",
            ),
            Wrong(
                lambda s, b, a: math.ceil(s / (b - a)) if a < b else 0,
                "nothing had to be earned back; for what never pays, return math.inf",
            ),
            Wrong(lambda s, b, a: s / (b - a) * b if a < b else math.inf, "seconds were asked for; count steps"),
            Wrong(
                lambda s, b, a: math.ceil(s / (a - b)) if a > b else math.inf,
                "before and after had changed places; a step earns before - after",
            ),
            Wrong(
                lambda s, b, a: math.ceil(s / (a - b)),
                "before and after had changed places; a step earns before - after",
            ),
            Wrong(
                lambda s, b, a: math.ceil(s / (b / a)),
                "the start-up is divided by how many times as fast a step is; divide by the seconds that it earns",
            ),
        ),
    ),
    FunctionExercise(
        "bytes_moved",
        minutes=8,
        level="medium",
        answer=bytes_moved,
        cases=(
            Case("max pooling: less goes out than comes in", ((2, 4, 4), (2, 2, 2))),
            Case("a layer with weights", ((4,), (3,), 15)),
            Case("10 images share the weights", ((4,), (3,), 15, 10)),
            Case("2 bytes each", ((4,), (3,), 15, 10, 2)),
            Case("a convolution that halves the picture", ((3, 8, 8), (6, 4, 4), 168, 2)),
        ),
        hints=(
            "math.prod(in_shape) is how many numbers one image brings. The layer reads these and writes others.",
            "Each image comes in and goes out; the parameters are read once for all images. Then bytes_each.",
        ),
        wrong=(
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * images * (math.prod(i) + math.prod(o) + p),
                "the weights were read again for every image",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: images * (math.prod(i) + math.prod(o)) + p,
                "numbers are counted, not bytes",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * images * (math.prod(i) + math.prod(o)) + p,
                "a parameter had one byte; it has bytes_each like all numbers",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: 8 * bytes_moved(i, o, p, images, each),
                "bits are counted",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * (images * math.prod(i) + p),
                "only what comes in were counted, or the larger side; what goes out moves, too",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * (images * math.prod(o) + p),
                "nothing is read but weights; what comes in moves, too",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * images * (math.prod(i) + math.prod(o)),
                "there were no weights",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * (math.prod(i) + math.prod(o) + p),
                "there were always one image",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * (images * math.prod(i) + math.prod(o) + p),
                "the images came in, but only one went out; a bracket is missing",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * (math.prod(i) + images * math.prod(o) + p),
                "one image came in, and all went out; a bracket is missing",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * (2 * images * math.prod(i) + p),
                "as much goes out as comes in; out_shape says how much",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: 4 * (images * (math.prod(i) + math.prod(o)) + p),
                "every number had 4 bytes; bytes_each says how many",
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: each * (images * (sum(i) + sum(o)) + p),
                "the sizes are added; (2, 4, 4) holds 2 x 4 x 4 numbers",
            ),
            *(
                Wrong(product, "in and out are multiplied; what comes in and what goes out add up")
                for product in (
                    lambda i, o, p=0, images=1, each=4: each * (images * math.prod(i) * math.prod(o) + p),
                    lambda i, o, p=0, images=1, each=4: each * images * math.prod(i) * math.prod(o) + p,
                )
            ),
            Wrong(
                lambda i, o, p=0, images=1, each=4: (images * (math.prod(i) + math.prod(o)) + p) / each,
                "divided by bytes_each; each number has that many",
            ),
        ),
    ),
    JudgedExercise(
        "my_rows",
        minutes=6,
        level="medium",
        rules=(
            ("a function of x, rank, world that returns rows of x", _gives_rows),
            ("no row of the batch is lost", _loses_none),
            ("no row is taken twice", _takes_none_twice),
            ("shares that differ by one row at most", _shares_alike),
        ),
        solution="def my_rows(x, rank, world):\n    return x.tensor_split(world)[rank]",
        hints=(
            "The sum of all shares is len(x). Process 0 begins at row 0, the last one ends at len(x).",
            "The first row of process r: r * len(x) // world. It ends where process r + 1 begins.",
            "Or let PyTorch do it: x.tensor_split(world) gives a list of shares.",
        ),
        wrong=(
            Wrong(lambda: lambda x, rank, world: None, "nothing yet"),
            Wrong(lambda: lambda x, rank, world: len(x) // world, "int for process 0 of 2; rows of x"),
            Wrong(lambda: lambda x, rank, world: x, "every process takes the whole batch"),
            Wrong(lambda: _by_size(math.floor), "whole shares leave a rest"),
            Wrong(lambda: _by_size(math.ceil), "are shared as [3, 3, 3, 1]"),
            Wrong(lambda: _rest_to_the_last, "are shared as [2, 2, 2, 4]"),
            Wrong(lambda: lambda x, rank, world: x[rank : rank + 1], "nobody has [2, 3, 4]"),
            Wrong(lambda: lambda x, rank, world: x.chunk(world)[rank], "where rows are few, a share may be empty"),
            Wrong(lambda: lambda x, rank, world: x.split(len(x) // world)[rank], "an error for 3 rows in 4 processes"),
            Wrong(lambda: lambda x, rank, world: x.split(world)[rank], "split(world) cuts shares of `world` rows"),
            Wrong(lambda: lambda x, rank, world: torch.arange(len(x)).tensor_split(world)[rank], "numbers of rows for"),
            Wrong(
                lambda: lambda x, rank, world: x[:, rank::world], "shape (15, 1) for process 0 of 2; whole rows of x"
            ),
            Wrong(lambda: lambda x, rank, world: 2 * x.tensor_split(world)[rank], "other numbers than in the rows"),
            Wrong(lambda: lambda x, rank, world: x.tensor_split(world)[rank][1:], "nobody has [0, 8]"),
            Wrong(
                lambda: lambda x, rank, world: x[rank * len(x) // world : (rank + 1) * len(x) // world + 1],
                "are taken twice",
            ),
        ),
    ),
]

PREDICTIONS = {
    "median of 10, 11, 95, 10 and 11 ms": Prediction(
        lambda: 11, "In order: 10, 10, 11, 11, 95. The mean, 27.4, is a time that none of the five took."
    ),
    "256 + 1 in bfloat16": Prediction(
        lambda: float(torch.tensor(256, dtype=torch.bfloat16) + 1),
        "8 bits hold its digits, so after 256 comes 258; 257 lies halfway and is rounded to 256.",
    ),
    "steps until a compilation of 120 s has paid": Prediction(
        lambda: break_even(120, 0.010, 0.008), "Each step earns 2 ms, and 120 s are 60,000 times that."
    ),
    "operations per byte of ReLU": Prediction(
        lambda: 1 / bytes_moved((1,), (1,)), "4 bytes come in, 4 go out, and one comparison is made: 1/8."
    ),
    "rows of process 1 where two share 15": Prediction(
        lambda: len(torch.arange(15).tensor_split(2)[1]), "The first takes the row that is left over: 8 and 7."
    ),
    "mean loss of 8 rows with mean 1 and 7 rows with mean 2": Prediction(
        lambda: (8 * 1 + 7 * 2) / 15, "8 rows weigh more than 7: (8 x 1 + 7 x 2) / 15.", tolerance=0.01
    ),
    "images per second of 8 GPUs linked by 1 Gbit/s, beside one GPU": Prediction(
        lambda: "fewer" if RESNET_STEP + exchange_seconds(11_689_512, 8, gigabits=1) > 8 * RESNET_STEP else "more",
        "Each step waits much longer for 47 MB of gradients than it takes to find them.",
        choices=("8 times as many", "more", "fewer"),
    ),
}
