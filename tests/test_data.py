"""The data room: the four places, what is bundled and drawn, batches and augmentation."""

import gzip
import struct

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchvision import datasets, transforms

from cnnlab import data
from cnnlab.data import find, outlines, places
from cnnlab.data.drawn import CLASSES


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch, tmp_path):
    """Every test starts with an empty data folder and without a network."""
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    monkeypatch.setenv("CNNLAB_OFFLINE", "1")


@pytest.fixture(scope="module")
def digits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNLAB_DATA", "/nowhere")
        return data.load("mnist", download=False, quiet=True)


def random_set(n=12, shape=(28, 28), seed=0):
    """Keras's four arrays, small and random."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for part, count in (("train", n), ("test", n // 2)):
        arrays[f"x_{part}"] = rng.integers(256, size=(count, *shape), dtype=np.uint8)
        arrays[f"y_{part}"] = rng.integers(10, size=count, dtype=np.uint8)
    return arrays


def idx(array):
    """The bytes of an idx file, the format of MNIST."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_torchvision(root, folder="MNIST", seed=1, packed=False):
    raw = root / folder / "raw"
    raw.mkdir(parents=True)
    arrays = random_set(seed=seed)
    for part, name in (("train", "train"), ("test", "t10k")):
        for kind, array in (("images-idx3", arrays[f"x_{part}"]), ("labels-idx1", arrays[f"y_{part}"])):
            path = raw / f"{name}-{kind}-ubyte"
            if packed:
                path.with_name(path.name + ".gz").write_bytes(gzip.compress(idx(array)))
            else:
                path.write_bytes(idx(array))
    return arrays


# ---- the places


def test_bundled_digits(digits, capsys):
    assert data.load("mnist").source == "bundled with the course"
    line = "mnist: 8000 training and 2000 test images (1, 28, 28), bundled with the course\n"
    assert capsys.readouterr().out == line  # notebooks store it: no path of any machine may stand in it
    assert digits.x_train.shape == (8000, 1, 28, 28) and digits.x_train.dtype == torch.uint8
    assert digits.y_train.dtype == torch.int64
    assert digits.y_test.bincount().tolist() == [200] * 10
    assert digits.y_train.bincount().min() > 600
    everything = torch.cat([digits.x_train, digits.x_test]).flatten(1)
    assert len(everything.unique(dim=0)) == 10_000  # no digit twice, so none in both parts
    assert digits.classes == tuple("0123456789")


def test_mean_and_sd_are_those_of_the_floats(digits):
    exact = digits.x_train.double() / 255
    assert digits.mean == pytest.approx((exact.mean().item(),), abs=1e-12)
    assert digits.sd == pytest.approx((exact.std(correction=0).item(),), abs=1e-9)


def test_first_place_wins(tmp_path):
    torchvision = write_torchvision(tmp_path)
    found = data.load("mnist")
    assert found.source == f"from {tmp_path}"
    assert torch.equal(found.x_test[:, 0], torch.as_tensor(torchvision["x_test"]))
    keras = random_set(seed=2)
    np.savez(tmp_path / "mnist.npz", **keras)
    found = data.load("mnist")
    assert found.source == f"from {tmp_path / 'mnist.npz'}"
    assert torch.equal(found.x_train[:, 0], torch.as_tensor(keras["x_train"]))
    assert found.y_test.tolist() == keras["y_test"].tolist()


def test_root_argument_wins_over_environment(tmp_path):
    write_torchvision(tmp_path / "elsewhere", folder="FashionMNIST")
    assert len(data.load("fashion_mnist", root=tmp_path / "elsewhere").x_train) == 12


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1)])
def test_keras_layouts_of_grey_images(tmp_path, shape):
    arrays = random_set(shape=shape)
    arrays["y_train"] = arrays["y_train"][:, None].astype(np.int32)  # as keras.datasets.cifar10 has its labels
    np.savez_compressed(tmp_path / "mnist.npz", **arrays)
    found = data.load("mnist")
    assert found.x_train.shape == (12, 1, 28, 28) and found.y_train.shape == (12,)


def test_keras_colours_become_channels(tmp_path):
    arrays = random_set(shape=(32, 32, 3))
    np.savez(tmp_path / "cifar10.npz", **arrays)
    found = data.load("cifar10")
    assert found.name == "cifar10" and found.classes[0] == "airplane"
    assert found.x_train[4, 2, 5, 6] == arrays["x_train"][4, 5, 6, 2]
    assert found.x_train.is_contiguous() and len(found.mean) == len(found.sd) == 3


WRONG_CONTENT = [  # what a teacher's own file may get wrong, and the words that answer it
    ({"x_test": None}, "has no x_test"),
    ({"x_train": np.zeros((12, 28, 28))}, "x_train in .* is float64.* uint8 .n, 28, 28, 1. is needed"),  # 0..1 floats
    ({"x_train": np.zeros((12, 3, 28, 28), np.uint8)}, "is uint8 .12, 3, 28, 28."),  # channels first
    ({"x_test": np.zeros((0, 28, 28), np.uint8)}, "x_test in .* is uint8 .0, 28, 28, 1."),
    ({"y_train": np.zeros(11, np.uint8)}, "y_train in .* is uint8 .11,. for 12 images"),  # one label short
    ({"y_train": np.full(12, 10, np.uint8)}, "from 0 to 9 are needed"),  # counted from 1
    ({"y_test": np.eye(6, 10, dtype=np.uint8)}, "y_test in .* is uint8 .6, 10."),  # one-hot
]


@pytest.mark.parametrize(("change", "words"), WRONG_CONTENT)
def test_whole_file_with_wrong_content_is_refused_and_kept(tmp_path, change, words):
    arrays = {key: value for key, value in (random_set() | change).items() if value is not None}
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(ValueError, match=words):
        data.load("mnist")
    assert (tmp_path / "mnist.npz").exists()


def npz_bytes(tmp_path):
    np.savez(tmp_path / "whole.npz", **random_set())
    return (tmp_path / "whole.npz").read_bytes()


DAMAGE = {
    "cut": lambda whole: whole[: len(whole) // 2],
    "empty": lambda whole: b"",
    "one bit turned": lambda whole: whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:],
    "a web page": lambda whole: b"<html>Sign in to the hotel's network</html>",
    "a .npy": lambda whole: (
        b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|u1', 'fortran_order': False, 'shape': (0,), }".ljust(118)
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_npz_is_set_aside(tmp_path, capsys, damage):
    path = tmp_path / "mnist.npz"
    path.write_bytes(DAMAGE[damage](npz_bytes(tmp_path)))
    assert data.load("mnist").source == "bundled with the course"
    assert (
        f"{path} is damaged: it is not a whole .npz file. It is now called mnist.npz.damaged."
        in capsys.readouterr().out
    )
    assert not path.exists() and (tmp_path / "mnist.npz.damaged").exists()


def test_damaged_file_in_a_folder_that_may_not_be_written(tmp_path, capsys, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "mnist.npz").write_bytes(b"")
    monkeypatch.setattr(places.os, "replace", refuse)
    assert data.load("mnist").source == "bundled with the course"
    assert "left alone (Permission denied) and not used" in capsys.readouterr().out


def test_file_that_may_not_be_read_is_not_called_damaged(tmp_path, capsys, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "mnist.npz").write_bytes(npz_bytes(tmp_path))
    monkeypatch.setattr(np, "load", refuse)
    with pytest.raises(PermissionError):  # the bundled file goes through the same np.load
        data.load("mnist")
    assert "mnist.npz is not used: it cannot be read (Permission denied)." in capsys.readouterr().out
    assert (tmp_path / "mnist.npz").exists()


def test_damaged_idx_is_set_aside_and_the_archive_beside_it_read(tmp_path, capsys, monkeypatch):
    from hashlib import md5

    write_torchvision(tmp_path, packed=True)
    raw = tmp_path / "MNIST" / "raw"
    names = [name for name, _ in datasets.MNIST.resources]
    sums = [(name, md5((raw / name).read_bytes()).hexdigest()) for name in names]
    monkeypatch.setattr(datasets.MNIST, "resources", sums)
    plain = raw / "train-images-idx3-ubyte"
    plain.write_bytes(gzip.decompress((raw / names[0]).read_bytes())[:-1])  # unpacking was cut
    assert len(data.load("mnist").x_train) == 12
    assert "train-images-idx3-ubyte is damaged" in capsys.readouterr().out
    assert plain.with_name("train-images-idx3-ubyte.damaged").exists()


@pytest.mark.parametrize(
    "stored", [b"", b"\0\0\x08", b"\0\0\x08\x03abcd", b"\0\0\x0d\x01\0\0\0\1a", b"\0\0\x08\x01\0\0\0\2a"]
)
def test_idx_that_is_none(tmp_path, stored):
    write_torchvision(tmp_path)
    (tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte").write_bytes(stored)
    assert data.load("mnist").source == "bundled with the course (MNIST there lacks train-labels-idx1-ubyte.gz)"


def test_idx_files_that_do_not_belong_together(tmp_path):
    write_torchvision(tmp_path)
    (tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(5, np.uint8)))
    with pytest.raises(ValueError, match=r"training images \(12, 28, 28\) with labels \(5,\).*Move the folder away"):
        data.load("mnist")


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"fashion_mnist is not in .* and not bundled\. A network or the file"):
        data.load("fashion_mnist")
    with pytest.raises(ValueError, match="name='minst' is unknown. There are mnist, fashion_mnist"):
        data.load("minst")
    with pytest.raises(ValueError, match="name=1 is unknown"):
        data.load(1)


def test_doodles_stand_in_for_cifar10_and_say_so(capsys):
    found = data.load("cifar10")
    assert capsys.readouterr().out == (
        "NOT CIFAR-10! It is not on this machine and may not be bundled, so ten classes of doodles stand in for it.\n"
        "doodles: 10000 training and 2000 test images (3, 32, 32), drawn by the course in place of cifar10\n"
    )
    assert found.name == "doodles" and found.classes == CLASSES  # nothing later can call this CIFAR-10


def test_quiet(capsys):
    data.load("mnist", quiet=True)
    assert capsys.readouterr().out == ""


def test_root_and_offline(monkeypatch, tmp_path):
    assert data.root() == tmp_path
    monkeypatch.setenv("CNNLAB_DATA", "~/pictures")
    assert data.root() == places.Path.home() / "pictures"
    monkeypatch.delenv("CNNLAB_DATA")
    assert data.root().parent.joinpath("pyproject.toml").exists()  # the repository's data/
    monkeypatch.setattr(places, "__file__", str(tmp_path / "site-packages" / "cnnlab" / "data" / "places.py"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(places.sys, "platform", "linux")
    assert data.root() == tmp_path / "cache" / "cnnlab"
    for value, expected in (("1", True), ("true", True), ("0", False), ("", False)):
        monkeypatch.setenv("CNNLAB_OFFLINE", value)
        assert data.offline() is expected


# ---- split


def test_split(digits):
    (x, y), (x_val, y_val) = digits.split(1000)
    assert x.shape == (7000, 1, 28, 28) and y_val.shape == (1000,)
    together = torch.cat([x, x_val]).flatten(1).unique(dim=0)
    assert len(together) == 8000  # each image in one part
    again, other, share = digits.split(1000), digits.split(1000, seed=1), digits.split(0.125)
    assert torch.equal(again[1][0], x_val) and torch.equal(share[1][0], x_val) and not torch.equal(other[1][0], x_val)
    first = int((digits.x_train == x_val[0]).flatten(1).all(1).nonzero())
    assert digits.y_train[first] == y_val[0]  # labels went along


@pytest.mark.parametrize("validation", [0, 8000, -1, 1.0, 0.0])
def test_split_that_leaves_a_part_empty(digits, validation):
    with pytest.raises(ValueError, match="leaves one part empty.*Pass 1000 or 0.1"):
        digits.split(validation)


@pytest.mark.parametrize("validation", ["0.1", True, None])
def test_split_of_no_number(digits, validation):
    with pytest.raises(TypeError, match="A count or a share is needed"):
        digits.split(validation)


# ---- only


def test_only_some_classes(digits):
    few = digits.only([7, 0])
    assert few.classes == ("7", "0") and few.name == digits.name
    for x, y, whole_x, whole_y in (
        (few.x_train, few.y_train, digits.x_train, digits.y_train),
        (few.x_test, few.y_test, digits.x_test, digits.y_test),
    ):
        assert torch.equal(x[y == 0], whole_x[whole_y == 7]) and torch.equal(x[y == 1], whole_x[whole_y == 0])
        assert set(y.tolist()) == {0, 1} and len(x) == len(y)
    assert few.mean == pytest.approx([few.x_train.double().mean().item() / 255])  # its own, not that of all digits
    assert few.sd == pytest.approx([few.x_train.double().std(correction=0).item() / 255])


@pytest.mark.parametrize("classes", [[], 3, [1, 1], [0, 10], [-1], ["3"], None])
def test_only_of_classes_that_are_not_there(digits, classes):
    with pytest.raises(ValueError, match="Different whole numbers from 0 to 9 are needed"):
        digits.only(classes)


# ---- batches


def numbered(n=10, channels=1):
    """Images that can be told apart: all pixels of image i are i; labels too."""
    labels = torch.arange(n)
    return labels.to(torch.uint8).view(n, 1, 1, 1).expand(n, channels, 4, 4).contiguous(), labels


def batches(n=10, batch_size=4, channels=1, **options):
    return data.Batches(*numbered(n, channels), batch_size, mean=(0.0,) * channels, sd=(1.0,) * channels, **options)


def order(of):
    return torch.cat([y for _, y in of]).tolist()


def test_batches_keep_the_smaller_last_one():
    made = batches()
    assert [len(y) for _, y in made] == [4, 4, 2] and len(made) == 3 and made.n_images == 10
    assert order(made) == list(range(10))
    dropping = batches(drop_last=True)
    assert [len(y) for _, y in dropping] == [4, 4] and len(dropping) == 2 and dropping.n_images == 8


def test_batches_shuffle_images_and_labels_alike():
    for x, y in batches(shuffle=True, seed=0):
        assert torch.equal((x[:, 0, 0, 0] * 255).round().long(), y)


def test_every_epoch_has_its_order():
    made = batches(n=100, shuffle=True, seed=3)
    first, second = order(made), order(made)
    assert sorted(first) == sorted(second) == list(range(100)) and first != second
    again = batches(n=100, shuffle=True, seed=3)
    again.epoch = 1  # as after a resume
    assert order(again) == second
    assert order(batches(n=100, shuffle=True, seed=4)) != first
    left_early = batches(n=100, shuffle=True, seed=3)
    next(iter(left_early))
    assert order(left_early) == second  # an epoch that was not finished counts


def test_seed_none_follows_pytorch():
    torch.manual_seed(5)
    first = order(batches(n=100, shuffle=True))
    torch.manual_seed(5)
    assert order(batches(n=100, shuffle=True)) == first
    before = torch.get_rng_state()
    order(batches())
    assert torch.equal(torch.get_rng_state(), before)  # nothing random, nothing drawn


def test_augmentation_of_an_epoch_repeats(digits):
    def pass_over(seed):
        made = data.Batches(
            digits.x_test, digits.y_test, 500, mean=digits.mean, sd=digits.sd, augment=data.random_crop(2), seed=seed
        )
        return torch.cat([x for x, _ in made])

    assert torch.equal(pass_over(0), pass_over(0)) and not torch.equal(pass_over(0), pass_over(1))


def leaning(n=40):
    """Images of which the left half is dark and the right half light: a mirrored one shows."""
    x = torch.zeros(n, 1, 4, 4, dtype=torch.uint8)
    x[:, :, :, 2:] = 255
    return x, torch.arange(n)


def mirrored(made):
    """Which images of a pass were mirrored, in the order of their labels."""
    seen = sorted((int(label), bool(image[0, 0, 0] > 0.5)) for x, y in made for image, label in zip(x, y, strict=True))
    return torch.tensor([flag for _, flag in seen])


def test_alternate_shows_both_sides_in_any_two_epochs():
    options = {"mean": (0.0,), "sd": (1.0,), "shuffle": True, "alternate": True}
    made = data.Batches(*leaning(), 16, seed=0, **options)
    passes = [mirrored(made) for _ in range(4)]
    assert torch.equal(passes[0], ~passes[1]) and torch.equal(passes[0], passes[2]) and 10 < passes[0].sum() < 30
    again = data.Batches(*leaning(), 16, seed=0, **options)
    again.epoch = 3  # as after a resume
    assert torch.equal(mirrored(again), passes[3])
    assert not torch.equal(mirrored(data.Batches(*leaning(), 16, seed=1, **options)), passes[0])


def test_memory_format_changes_the_place_of_the_numbers_only():
    plain, last = (list(batches(channels=3, memory_format=name)) for name in (None, "channels_last"))
    for (x, y), (x_last, y_last) in zip(plain, last, strict=True):
        assert x.is_contiguous() and x_last.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(x, x_last) and torch.equal(y, y_last)


def test_normalise_equals_torchvision():
    x = torch.randint(256, (3, 3, 8, 9), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    mean, sd = (0.49, 0.48, 0.45), (0.2, 0.3, 0.25)
    twin = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, sd)])
    expected = torch.stack([twin(image.permute(1, 2, 0).numpy()) for image in x])
    torch.testing.assert_close(data.normalise(x, mean, sd), expected)
    made = data.Batches(x, torch.zeros(3, dtype=torch.int64), 2, mean=mean, sd=sd)
    torch.testing.assert_close(torch.cat([x for x, _ in made]), expected)


def test_normalised_training_set_has_mean_0_and_sd_1(digits):
    x = data.normalise(digits.x_train, digits.mean, digits.sd)
    assert abs(x.mean()) < 1e-4 and abs(x.std() - 1) < 1e-4


X, Y = numbered()
GOOD = {"x": X, "y": Y, "batch_size": 4, "mean": (0.5,), "sd": (0.5,)}
REFUSED = [  # (change, error, words)
    ({"x": X.numpy()}, TypeError, "x is of type ndarray. A uint8 tensor"),
    ({"x": X.float()}, ValueError, r"x is float32 \(10, 1, 4, 4\). uint8 \(n, c, h, w\)"),  # normalised twice
    ({"x": X[:, 0]}, ValueError, r"x is uint8 \(10, 4, 4\)"),
    ({"x": X[:0], "y": Y[:0]}, ValueError, "at least one image"),
    ({"y": Y.tolist()}, TypeError, "y is of type list"),
    ({"y": Y[:9]}, ValueError, r"y is int64 \(9,\) for 10 images"),
    ({"y": Y.float()}, ValueError, "y is float32"),
    ({"y": F.one_hot(Y)}, ValueError, r"y is int64 \(10, 10\)"),
    ({"batch_size": 0}, ValueError, "batch_size=0. At least 1"),
    ({"batch_size": 2.5}, TypeError, "batch_size=2.5. A whole number"),
    ({"batch_size": 11, "drop_last": True}, ValueError, "leaves nothing of 10 images"),
    ({"mean": (0.5, 0.5, 0.5)}, ValueError, r"mean has shape \(3,\) and sd \(1,\), but x .* has 1 channels"),
    ({"mean": 0.5, "sd": 0.5}, ValueError, r"mean has shape \(\)"),  # torchvision takes a bare number, silently
    ({"sd": (0.0,)}, ValueError, "Numbers above 0 are needed"),
    ({"augment": 2}, TypeError, "augment=2 cannot be called"),
    ({"shuffle": True, "seed": -1}, ValueError, "seed=-1"),
    ({"shuffle": True, "seed": 0.5}, TypeError, "seed=0.5"),
    ({"memory_format": torch.channels_last}, ValueError, "memory_format=torch.channels_last. None or 'channels_last'"),
]


@pytest.mark.parametrize(("change", "error", "words"), REFUSED)
def test_batches_refuse(change, error, words):
    with pytest.raises(error, match=f"Batches: .*{words}"):
        data.Batches(**(GOOD | change))


def test_device_is_one_of_three():
    assert data.device().type in ("cuda", "mps", "cpu")


@pytest.mark.skipif(data.device().type == "cpu", reason="there is no GPU here")
def test_gpu_sees_the_same_batches():
    augment = data.compose(data.random_crop(1, "reflect"), data.random_flip())
    for (x, y), (x_gpu, y_gpu) in zip(
        batches(shuffle=True, seed=0, augment=augment),
        batches(shuffle=True, seed=0, augment=augment, device=data.device()),
        strict=True,
    ):
        assert x_gpu.device.type == data.device().type
        assert torch.equal(y, y_gpu.cpu())
        torch.testing.assert_close(x, x_gpu.cpu())


# ---- augmentation


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("padding", ["zeros", "reflect"])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_every_crop_is_a_window_of_the_padded_image(padding, dtype):
    x = torch.randint(1, 256, (200, 2, 5, 6), generator=generator()).to(dtype)
    mode = "constant" if padding == "zeros" else "reflect"
    padded = F.pad(x.float(), (2, 2, 2, 2), mode=mode).to(dtype)
    y = data.random_crop(2, padding)(x, generator())
    assert y.dtype == dtype and y.shape == x.shape
    places_seen = set()
    for image, around in zip(y, padded, strict=True):
        places_seen |= {
            (i, j) for i in range(5) for j in range(5) if torch.equal(image, around[:, i : i + 5, j : j + 6])
        }
    assert len(places_seen) == 25  # every place is drawn, and no image is anything but a window
    assert all(
        any(torch.equal(image, around[:, i : i + 5, j : j + 6]) for i in range(5) for j in range(5))
        for image, around in zip(y, padded, strict=True)
    )


def test_crop_of_0_pixels_changes_nothing():
    x, _ = numbered()
    assert torch.equal(data.random_crop(0)(x), x) and torch.equal(data.random_crop(0, "reflect")(x), x)


def test_flip_mirrors_half_of_the_images():
    x = torch.randint(256, (1000, 1, 3, 5), dtype=torch.uint8, generator=generator())
    y = data.random_flip()(x, generator())
    kept = (y == x).flatten(1).all(1)
    assert torch.equal(y[~kept], x[~kept].flip(3)) and 430 < int(kept.sum()) < 570


def test_compose_goes_left_to_right():
    def double(x, generator):
        return x * 2

    def add_one(x, generator):
        return x + 1

    assert data.compose(double, add_one)(torch.tensor(3)) == 7


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: data.random_crop(-1), ValueError, "pixels=-1. 0 or more"),
        (lambda: data.random_crop(1.5), TypeError, "pixels=1.5. A whole number"),
        (lambda: data.random_crop(2, "mirror"), ValueError, "padding='mirror'. It is 'zeros' or 'reflect'"),
        (lambda: data.random_crop(4, "reflect")(X), ValueError, "pixels=4 mirrors more than there is of 4 x 4"),
        (lambda: data.random_crop(1)(X[0]), ValueError, r"random_crop: x is \(1, 4, 4\). \(n, c, h, w\) is needed"),
        (lambda: data.random_flip()(X[0]), ValueError, r"random_flip: x is \(1, 4, 4\)"),
        (lambda: data.compose(2), TypeError, "compose: 2 cannot be called"),
    ],
)
def test_augmentations_refuse(make, error, words):
    with pytest.raises(error, match=words):
        make()


# ---- doodles and photographs


def test_doodles_are_the_same_everywhere():
    """Coarse: sine and rounding differ between machines by a grey level, a changed drawing differs by far more."""
    x, y = data.doodles(1000, seed=0)
    assert x.shape == (1000, 3, 32, 32) and x.dtype == torch.uint8 and y.dtype == torch.int64
    x = x.numpy()
    assert y.bincount().tolist() == [100] * 10
    assert y[:10].tolist() == [5, 1, 9, 1, 0, 3, 0, 6, 8, 7]
    quarters = x[:2].reshape(2, 3, 2, 16, 2, 16).mean(axis=(3, 5)).reshape(2, 12)
    pinned = [
        [194.9, 180.8, 211.2, 187.6, 34.7, 37.5, 28.4, 11.0, 148.8, 143.8, 139.9, 133.1],
        [191.7, 184.5, 143.9, 144.1, 183.0, 166.3, 131.5, 113.7, 115.4, 132.4, 132.8, 144.3],
    ]
    np.testing.assert_allclose(quarters, pinned, atol=0.5)
    assert x.mean() == pytest.approx(127.70, abs=0.05) and x.std() == pytest.approx(75.44, abs=0.05)


def test_doodles_follow_the_seed():
    (x, y), (again, _), (other, _) = data.doodles(20, 1), data.doodles(20, 1), data.doodles(20, 2)
    assert torch.equal(x, again) and not torch.equal(x, other)
    assert sorted(y.tolist()) == sorted(list(range(10)) * 2)


def test_signs_are_six_other_classes_in_the_manner_of_doodles():
    x, y = data.signs(60, seed=1)
    assert (x.shape, x.dtype) == ((60, 3, 32, 32), torch.uint8)
    assert y.bincount().tolist() == [10] * len(data.SIGN_CLASSES) and len(data.SIGN_CLASSES) == 6
    assert not set(data.SIGN_CLASSES) & set(CLASSES)
    assert abs(x.float().mean() - data.doodles(1000, seed=1)[0].float().mean()) < 15


def test_polygons_know_how_far_and_on_which_side():
    square = outlines._polygon((-1, -1), (1, -1), (1, 1), (-1, 1))
    u, v = np.array([0, 0.5, 1, 2, 2], np.float32), np.array([0, 0, 0, 0, 2], np.float32)
    np.testing.assert_allclose(square(u, v), [-1, -0.5, 0, 1, np.sqrt(2)], atol=1e-6)
    dent = outlines._polygon((0, 0), (2, 0), (2, 2), (1, 0.5), (0, 2))  # a corner that points inwards
    assert dent(np.float32([1]), np.float32([1])) > 0 > dent(np.float32([1]), np.float32([0.3]))


@pytest.mark.parametrize("name", [*outlines.DOODLES, *outlines.SIGNS])
def test_outlines_are_signed_distances(name):
    """Each has an inside and an outside, lies within its square, and near its edge changes as fast as one walks."""
    at = np.linspace(-1.5, 1.5, 121, dtype=np.float32)
    distance = (outlines.DOODLES | outlines.SIGNS)[name](*np.meshgrid(at, at))
    assert 0.05 < (distance < 0).mean() < 0.4
    assert (distance[[0, -1]] > 0).all() and (distance[:, [0, -1]] > 0).all()
    slope = np.hypot(*np.gradient(distance, at[1] - at[0]))[np.abs(distance) < 0.05]
    assert 0.8 < np.median(slope) < 1.2 and slope.max() < 1.6


def test_doodles_take_seconds_of_no_ones_time():
    import time

    start = time.process_time()
    data.doodles(1000)
    assert time.process_time() - start < 2  # 0.2 s on a quiet machine


@pytest.mark.parametrize(
    ("n", "seed", "error"), [(0, 0, ValueError), (5, -1, ValueError), (2.0, 0, TypeError), (5, None, TypeError)]
)
def test_doodles_refuse(n, seed, error):
    with pytest.raises(error, match=f"doodles: n={n}, seed={seed}"):
        data.doodles(n, seed)
    with pytest.raises(error, match=f"signs: n={n}, seed={seed}"):
        data.signs(n, seed)


def test_photos():
    assert data.photos() == ("cat", "coffee")
    for name in data.photos():
        whole = data.photo(name)
        assert whole.dtype == torch.uint8 and whole.shape[0] == 3 and max(whole.shape) == 256
        assert whole.float().std() > 40  # a picture, not a plane
    assert data.photo("cat", 64).shape == (3, 64, 64)
    assert data.photo("cat", (20, 40)).shape == (3, 20, 40)


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("dog", None, "name='dog' is not bundled. There are cat, coffee"),
        ("cat", 0, "size=0. One whole number above 0"),
        ("cat", (1, 2, 3), "size=.1, 2, 3."),
        ("cat", 2.5, "size=2.5"),
    ],
)
def test_photo_refuses(name, size, words):
    with pytest.raises(ValueError, match=f"photo: {words}"):
        data.photo(name, size)


def test_grey():
    cat = data.photo("cat", 16)
    twin = transforms.functional.rgb_to_grayscale(cat).int()  # the same weights to four digits, cut instead of rounded
    assert data.grey(cat).dtype == torch.uint8 and (data.grey(cat).int() - twin).abs().max() <= 1
    white = torch.ones(2, 3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(data.grey(white), white[:, :1])
    with pytest.raises(ValueError, match=r"grey: x is \(1, 4, 4\). \(3, h, w\)"):
        data.grey(X[0])
    with pytest.raises(TypeError, match="grey: x is of type ndarray"):
        data.grey(X.numpy())


def test_every_known_set_has_ten_classes():
    assert all(len(set(known.classes)) == 10 for known in find.KNOWN.values())
