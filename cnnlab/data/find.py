"""`load`: one name in, one Dataset out, from the first of four places that has it."""

from pathlib import Path
from typing import NamedTuple

import torch

from . import keras_files, places, torchvision_files
from .dataset import Dataset, mean_and_sd
from .drawn import CLASSES as DRAWN
from .drawn import doodles
from .places import DamagedError, NotHereError


class Known(NamedTuple):
    """What is true of a data set wherever it comes from."""

    classes: tuple
    shape: tuple  # (c, h, w)


DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
KNOWN = {
    "mnist": Known(DIGITS, (1, 28, 28)),
    "fashion_mnist": Known(CLOTHES, (1, 28, 28)),
    "cifar10": Known(THINGS, (3, 32, 32)),
    "doodles": Known(DRAWN, (3, 32, 32)),
}


def load(name, root=None, download=True, quiet=False):
    """The data set of that name, with a printed line on where it came from.

    name       "mnist", "fashion_mnist", "cifar10" or "doodles"
    root       folder to look in; None: CNNLAB_DATA, or the repository's data/, or a cache folder
    download   False, or CNNLAB_OFFLINE=1: do not touch the network
    quiet      print nothing
    returns    Dataset

    Looks, in this order, for <root>/<name>.npz in Keras's layout, for torchvision's files in root, for torchvision's
    mirrors, and at last for what is bundled: 10,000 real digits for mnist, and for cifar10, which may not be bundled,
    the course's own doodles. A damaged file is renamed *.damaged and the next place is used.

    Raises FileNotFoundError if no place has it.
    """
    if not isinstance(name, str) or name not in KNOWN:
        raise ValueError(f"load: name={name!r} is unknown. There are {', '.join(KNOWN)}. Pass one of them.")
    folder = places.root() if root is None else Path(root)
    say = _silent if quiet else print
    dataset = _find(name, folder, download and not places.offline(), say)
    say(dataset)
    return dataset


def _find(name, folder, download, say):
    path = folder / f"{name}.npz"
    if path.exists():
        try:
            return _from_npz(path, name, f"from {path}")
        except PermissionError as error:
            say(f"{path} is not used: it cannot be read ({error.strerror}).")
        except DamagedError as damaged:
            places.set_aside(damaged, say)
    if name == "doodles":
        return _drawn("drawn by the course")
    try:
        arrays, source = torchvision_files.read(name, folder, download, say)
        return _dataset(name, arrays, source)
    except NotHereError as error:
        because = f" ({error})" if str(error) else ""
    return _bundled(name, folder, because, say)


def _bundled(name, folder, because, say):
    if name == "mnist":
        try:
            return _from_npz(places.BUNDLED / "mnist.npz", name, "bundled with the course" + because)
        except DamagedError as damaged:
            raise ValueError(f"load: {damaged.path} is damaged: {damaged}. Install cnnlab again.") from damaged
    if name == "cifar10":
        say(
            "NOT CIFAR-10! It is not on this machine and may not be bundled, so ten classes of doodles stand in for it"
            f"{because}."
        )
        return _drawn("drawn by the course in place of cifar10")
    raise FileNotFoundError(
        f"load: {name} is not in {folder} and not bundled{because}. A network or the file {name}.npz is needed. "
        f"Run this once with a network and without CNNLAB_OFFLINE, or put {name}.npz there, as data/README.md says."
    )


def _drawn(source):
    return _dataset("doodles", (*doodles(10_000, seed=0), *doodles(2_000, seed=1)), source)


def _from_npz(path, name, source):
    known = KNOWN[name]
    return _dataset(name, keras_files.read(path, known.shape, len(known.classes)), source)


def _dataset(name, arrays, source):
    x_train, y_train, x_test, y_test = (torch.as_tensor(array) for array in arrays)
    mean, sd = mean_and_sd(x_train)
    return Dataset(x_train, y_train, x_test, y_test, KNOWN[name].classes, mean, sd, name, source)


def _silent(*_):
    pass
