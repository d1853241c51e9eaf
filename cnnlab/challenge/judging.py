"""Which pictures judge, and how: those set aside every time, the test pictures once."""

import copy
import hashlib
import zlib
from datetime import UTC, datetime

from .. import data, recipes, train
from ..recipes.asked import check_dataset
from ..train import guards
from . import file, rows
from .table import plain

SHARE = 0.1  # of the training pictures: set aside, the same ones for everybody


def pictures(function, dataset, quiet):
    """The Dataset; cifar10, or what stands in for it, if None."""
    if dataset is None:
        return data.load("cifar10", quiet=quiet)
    check_dataset(function, dataset)
    return dataset


def set_aside(dataset):
    """(x, y) to train on, (x, y) to judge on: those that Dataset.split sets aside by itself."""
    return dataset.split(SHARE)


def fingerprint(y):
    """A word for these pictures: their number, and their labels. Their pixels may differ by a grey level elsewhere."""
    return f"{len(y)}-{zlib.crc32(y.to('cpu').numpy().astype('<i8').tobytes()):08x}"


def manner(recipe):
    """How a recipe wants to be judged on this device."""
    recipe = recipes.suited(recipe, data.device())
    return {
        "precision": recipe.precision,
        "flips": recipe.test_flips,
        "memory_format": "channels_last" if recipe.channels_last else None,
    }


def judge(model, dataset, x, y, how):
    """train.Result of the model on images x and labels y."""
    batches = data.Batches(
        x, y, 1000, mean=dataset.mean, sd=dataset.sd, device=data.device(), memory_format=how["memory_format"]
    )
    return train.evaluate(model, batches, precision=how["precision"], flips=how["flips"])


def now():
    """The time, as a row says it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def final(name, model, *, dataset=None, board=None):
    """Judge the best entry of that name on the test pictures, once, and return the accuracy, 0..1.

    name      as it was entered
    model     built as it was when it was entered, such as entry.model; the kept weights are read into a copy
    dataset   as in enter
    board     as in enter

    A second call judges nothing and says what it was: whoever looks twice begins to choose by the test pictures.
    """
    path = file.place("final", board)
    dataset = pictures("final", dataset, quiet=True)
    guards.check_model("final", model)
    found, _ = file.read(path)
    entry = _best(path, found, name, fingerprint(set_aside(dataset)[1][1]))
    row = _final_of(found, entry)
    again = row is not None
    if not again:
        model = _with_weights(model, file.weights_of(path, entry["id"]), entry)
        result = judge(model, dataset, dataset.x_test, dataset.y_test, entry["judged"])
        new = {"format": rows.FORMAT, "kind": "final", "entry": entry["id"], "accuracy": result.accuracy}
        new |= {"images": result.images, "when": now()}
        row = file.append("final", path, new, unless=lambda newest: _final_of(newest, entry))
    was = f"was judged on the test pictures before, on {row['when'][:10]}: they judge once. It had" if again else "has"
    print(
        f"{plain(name)}: the entry with {100 * entry['accuracy']:.2f} % of the pictures set aside {was} "
        f"{100 * row['accuracy']:.2f} % of {row['images']:,} test pictures right."
    )
    return row["accuracy"]


def _best(path, found, name, pictures):
    entries = [row for row in found if row["kind"] == "entry" and row["pictures"] == pictures]
    own = [row for row in entries if row["name"] == name]
    if not own:
        names = ", ".join(sorted({repr(row["name"]) for row in entries})) or "none yet"
        raise ValueError(
            f"final: name={name!r} is not on {path} with these pictures. There are: {names}. "
            f"Pass one of them, or enter first."
        )
    return min(own, key=rows.score)


def _final_of(found, entry):
    return next((row for row in found if row["kind"] == "final" and row["entry"] == entry["id"]), None)


def _with_weights(model, path, entry):
    """A copy of the model with the weights that were entered, and no others."""
    from safetensors.torch import load

    if not path.exists():
        raise ValueError(
            f"final: {path} is not there. The weights of the entry are needed. Put them back or enter again."
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry["weights"]:
        raise ValueError(
            f"final: {path} does not hold the weights that were entered. Exactly those are judged. "
            f"Put them back or enter again."
        )
    model = copy.deepcopy(model)
    try:
        model.load_state_dict(load(content))
    except RuntimeError as error:
        raise ValueError(
            f"final: model is a {type(model).__name__} that the kept weights do not fit; they are of a "
            f"{entry['model']} with {entry['parameters']:,} parameters, the best entry of {entry['name']!r}. "
            f"Pass a model built as that one was, or enter this one under a name of its own."
        ) from error
    return model
