"""One .npz file in Keras's layout: x_train, y_train, x_test, y_test, the channel last."""

import zipfile
import zlib

import numpy as np

from .places import DamagedError

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
UNREADABLE = (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error)
UNREADABLE += (TypeError,)  # a .npy under the name of an .npz: NumPy returns an array, which no `with` can open


def read(path, shape, classes):
    """The four arrays in order, images as (n, c, h, w) uint8 and labels as (n,) int64.

    shape     (c, h, w) that the images must have
    classes   how many; labels are below

    Raises DamagedError if the file cannot be read whole, ValueError if it can but holds something else.
    """
    try:
        # opened here, because np.load leaves a cut file open, and Windows renames no open file
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files if key in ARRAYS}
    except PermissionError:
        raise  # nothing is wrong with the file
    except UNREADABLE as error:
        raise DamagedError(path, "it is not a whole .npz file") from error
    if missing := [key for key in ARRAYS if key not in arrays]:
        raise ValueError(
            f"load: {path} has no {', '.join(missing)}. {', '.join(ARRAYS)} are needed, as in Keras's files. "
            "Write them with numpy.savez."
        )
    ready = []
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        ready += [_images(x, part, path, shape), _labels(y, len(x), part, path, classes)]
    return ready


def _images(x, part, path, shape):
    c, h, w = shape
    if x.ndim == 3:
        x = x[..., None]
    if x.dtype != np.uint8 or x.shape[1:] != (h, w, c) or len(x) == 0:
        raise ValueError(
            f"load: x_{part} in {path} is {x.dtype} {x.shape}. uint8 (n, {h}, {w}, {c}) is needed"
            + (f" or (n, {h}, {w}). " if c == 1 else ". ")
            + "Store the images as bytes 0..255 in that order."
        )
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def _labels(y, images, part, path, classes):
    whole = np.issubdtype(y.dtype, np.integer) and y.size == images == len(y)
    if not whole or y.min() < 0 or y.max() >= classes:
        raise ValueError(
            f"load: y_{part} in {path} is {y.dtype} {y.shape} for {images} images. Whole numbers ({images},) from 0 to "
            f"{classes - 1} are needed. Store one label per image."
        )
    return y.reshape(-1).astype(np.int64)
