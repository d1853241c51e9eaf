"""MNIST, Fashion-MNIST and CIFAR-10 as torchvision stores them, read without unpacking anything to disk.

Names, mirrors and MD5 sums are torchvision's own, so that torchvision.datasets finds these files too, and we its.
"""

import gzip
import hashlib
import pickle
import tarfile
import zlib

import numpy as np

from .download import fetch
from .places import DamagedError, NotHereError, set_aside

FOLDERS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "cifar-10-"}


def read(name, root, download, say):
    """Arrays x_train, y_train, x_test, y_test and one line on where they came from.

    Raises NotHereError if a file is neither in root nor to be had from a mirror.
    """
    if not download and not any(root.glob(FOLDERS[name] + "*")):
        raise NotHereError("")  # and torchvision, which takes a second to import, stays out of it
    reader = _read_cifar10 if name == "cifar10" else _read_mnist
    arrays, fetched = reader(name, root, download, say)
    return arrays, f"{'downloaded to' if fetched else 'from'} {root}"


def _read_mnist(name, root, download, say):
    from torchvision import datasets

    source = {"mnist": datasets.MNIST, "fashion_mnist": datasets.FashionMNIST}[name]
    folder = root / FOLDERS[name] / "raw"
    arrays, fetched = [], False
    for archive, md5 in source.resources:  # training images and labels, test images and labels
        array = _first_whole(_read_idx, (folder / archive.removesuffix(".gz"), folder / archive), md5, say)
        if array is None:
            if not download:
                raise NotHereError(f"{FOLDERS[name]} there lacks {archive}")
            fetch([mirror + archive for mirror in source.mirrors], folder / archive, md5, say)
            array, fetched = _read_idx(folder / archive, md5), True
        arrays.append(array)
    x_train, y_train, x_test, y_test = arrays
    for part, x, y in (("training", x_train, y_train), ("test", x_test, y_test)):
        if x.shape[1:] != (28, 28) or y.shape != x.shape[:1] or y.max() > 9:
            raise ValueError(
                f"load: {folder} holds {part} images {x.shape} with labels {y.shape}. (n, 28, 28) and (n,) from 0 to 9 "
                "are needed. Move the folder away, so that it is fetched again."
            )
    return (x_train[:, None], y_train.astype(np.int64), x_test[:, None], y_test.astype(np.int64)), fetched


def _read_cifar10(name, root, download, say):
    from torchvision.datasets import CIFAR10

    archive, fetched = root / CIFAR10.filename, False
    batches = _first_whole(_read_batches, (root / CIFAR10.base_folder, archive), CIFAR10, say)
    if batches is None:
        if not download:
            raise NotHereError(f"{CIFAR10.base_folder} there is not whole")
        fetch([CIFAR10.url], archive, CIFAR10.tgz_md5, say)
        batches, fetched = _read_batches(archive, CIFAR10), True
    arrays = []
    for part in (CIFAR10.train_list, CIFAR10.test_list):
        chosen = [batches[file] for file, _ in part]
        arrays.append(np.concatenate([batch[b"data"] for batch in chosen]).reshape(-1, 3, 32, 32))
        arrays.append(np.concatenate([np.array(batch[b"labels"], np.int64) for batch in chosen]))
    return arrays, fetched


def _first_whole(reader, paths, expected, say):
    """What reader makes of the first path that is there and whole, None if none is. Damaged files are set aside."""
    for path in paths:
        try:
            return reader(path, expected)
        except FileNotFoundError:
            continue
        except OSError as error:
            say(f"{path} is not used: it cannot be read ({error.strerror}).")
        except DamagedError as damaged:
            set_aside(damaged, say)
    return None


def _read_idx(path, md5):
    """The array of an idx file (the format of MNIST: magic number, sizes, bytes), packed by gzip or not."""
    stored = path.read_bytes()
    if path.suffix == ".gz":
        _check_md5(stored, md5, path)
        stored = gzip.decompress(stored)
    dims = stored[3] if len(stored) > 3 else 0
    shape = tuple(np.frombuffer(stored, ">u4", count=dims, offset=4)) if len(stored) >= 4 + 4 * dims else ()
    if stored[:3] != b"\0\0\x08" or len(stored) != 4 + 4 * dims + np.prod(shape, dtype=np.int64):
        raise DamagedError(path, f"its {len(stored)} bytes are not a whole idx file")
    return np.frombuffer(stored, np.uint8, offset=4 + 4 * dims).reshape(shape).copy()


def _read_batches(path, source):
    """CIFAR-10's six batches by name, from their folder or from the .tar.gz. Unpickled only once the MD5 agrees."""
    batches = {}
    for file, md5, stored in _members(path, source):
        _check_md5(stored, md5, path if path.is_file() else path / file)
        batches[file] = pickle.loads(stored, encoding="bytes")
    return batches


def _members(path, source):
    wanted = dict(source.train_list + source.test_list)
    if not path.is_file():
        for file, md5 in wanted.items():
            yield file, md5, (path / file).read_bytes()
        return
    try:
        with tarfile.open(path) as archive:  # in the order of the archive: a .gz only reads forwards
            for member in archive:
                file = member.name.rpartition("/")[2]
                if member.isfile() and file in wanted:
                    yield file, wanted.pop(file), archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedError(path, f"it is not a whole .tar.gz file ({error})") from error
    if wanted:
        raise DamagedError(path, f"it lacks {', '.join(wanted)}")


def _check_md5(stored, md5, path):
    if hashlib.md5(stored, usedforsecurity=False).hexdigest() != md5:
        raise DamagedError(path, f"its {len(stored)} bytes do not have the MD5 sum that torchvision gives for it")
