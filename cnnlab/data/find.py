"""`load`: one name in, one Dataset out, from the first of four places that has it."""

import zipfile
import zlib
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from . import places, torchvision_files
from .dataset import Dataset, mean_and_sd
from .drawn import CLASSES as DOODLES
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
    "doodles": Known(DOODLES, (3, 32, 32)),
}
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
UNREADABLE = (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error)
UNREADABLE += (TypeError,)  # a .npy under the name of an .npz: NumPy returns an array, which no `with` can open


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
    if name not in KNOWN:
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
            return _dataset(name, _read_npz(path, KNOWN[name]), f"from {path}")
        except DamagedError as damaged:
            places.set_aside(damaged, say)
    if name == "doodles":
        return _drawn("drawn by the course")
    try:
        arrays, source = torchvision_files.read(name, folder, download, say)
        return _dataset(name, arrays, source)
    except NotHereError as error:
        reason = str(error)
    if name == "mnist":
        with (files("cnnlab") / "bundled" / "mnist.npz").open("rb") as file:
            arrays = _read_npz(file, KNOWN[name])
        return _dataset(name, arrays, "bundled with the course" + (f" ({reason})" if reason else ""))
    if name == "cifar10":
        say(
            "NOT CIFAR-10! It is not on this machine and may not be bundled, so ten classes of doodles stand in"
            + (f" ({reason})." if reason else ".")
        )
        return _drawn("drawn by the course in place of cifar10")
    raise FileNotFoundError(
        f"load: {name} is not in {folder} and not bundled"
        + (f" ({reason}). " if reason else ". ")
        + f"A network or the file {name}.npz is needed. Run this once with a network and without CNNLAB_OFFLINE, "
        f"or put {name}.npz into that folder, as data/README.md says."
    )


def _drawn(source):
    arrays = [array for part_seed, n in ((0, 10_000), (1, 2_000)) for array in doodles(n, part_seed)]
    return _dataset("doodles", arrays, source)


def _dataset(name, arrays, source):
    x_train, y_train, x_test, y_test = (torch.as_tensor(array) for array in arrays)
    mean, sd = mean_and_sd(x_train)
    return Dataset(x_train, y_train, x_test, y_test, KNOWN[name].classes, mean, sd, name, source)


def _read_npz(path, known):
    """Arrays x_train, y_train, x_test, y_test of a file in Keras's layout, as (n, c, h, w) uint8 and (n,) int64.

    Raises DamagedError if the file cannot be read whole, ValueError if it can but holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files if key in ARRAYS}
    except UNREADABLE as error:
        raise DamagedError(path, f"it is not a whole .npz file ({error})") from error
    if missing := [key for key in ARRAYS if key not in arrays]:
        raise ValueError(
            f"load: {path} has no {', '.join(missing)}. {', '.join(ARRAYS)} are needed, as in Keras's files. "
            "Write them with numpy.savez."
        )
    ready = []
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        ready += [_images(x, part, path, known), _labels(y, len(x), part, path, known)]
    return ready


def _images(x, part, path, known):
    c, h, w = known.shape
    if x.ndim == 3:
        x = x[..., None]
    if x.dtype != np.uint8 or x.shape[1:] != (h, w, c) or len(x) == 0:
        raise ValueError(
            f"load: x_{part} in {path} is {x.dtype} {x.shape}. uint8 (n, {h}, {w}, {c}) is needed"
            + (f" or (n, {h}, {w}). " if c == 1 else ". ")
            + "Store the images as bytes 0..255 in that order."
        )
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def _labels(y, images, part, path, known):
    classes = len(known.classes)
    whole = np.issubdtype(y.dtype, np.integer) and y.size == images == len(y)
    if not whole or y.min() < 0 or y.max() >= classes:
        raise ValueError(
            f"load: y_{part} in {path} is {y.dtype} {y.shape} for {images} images. Whole numbers ({images},) from 0 to "
            f"{classes - 1} are needed. Store one label per image."
        )
    return y.reshape(-1).astype(np.int64)


def _silent(*_):
    pass
