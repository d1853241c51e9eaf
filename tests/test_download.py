"""Downloads, from a server on this machine laid out like the real mirrors, that fails in every way a network can."""

import gzip
import io
import pickle
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from test_data import idx, random_set
from torchvision import datasets

from cnnlab import data
from cnnlab.data import download


class Mirror(ThreadingHTTPServer):
    """Serves `files`; `fault` maps a path to what goes wrong with it; `asked` lists what was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.fault, self.asked, self.over = {}, {}, [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802, the name is http.server's
        self.server.asked.append(self.path)
        fault, stored = self.server.fault.get(self.path), self.server.files.get(self.path)
        if fault == "silent":
            self.server.over.wait()
            return
        if fault == "hangs up":
            return
        if fault == "404" or stored is None:
            self.send_error(404)
            return
        self.send_response(200)
        if fault != "no length":
            self.send_header("Content-Length", str(len(stored)))
        self.end_headers()
        if fault == "wrong":
            stored = stored[:-1] + bytes([stored[-1] ^ 1])
        self.wfile.write(stored[: len(stored) // 2] if fault in ("cut", "stops half-way") else stored)
        if fault == "stops half-way":
            self.wfile.flush()
            self.server.over.wait()

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror():
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def online(monkeypatch, tmp_path, mirror):
    """MNIST and CIFAR-10 in small, under torchvision's names, at this mirror and with their own MD5 sums."""
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    monkeypatch.delenv("CNNLAB_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "TIMEOUT", 0.5)

    arrays, resources = random_set(), []
    order = ("x_train", "y_train", "x_test", "y_test")
    for (name, _), key in zip(datasets.MNIST.resources, order, strict=True):
        mirror.files[f"/mnist/{name}"] = gzip.compress(idx(arrays[key]))
        resources.append((name, md5(mirror.files[f"/mnist/{name}"]).hexdigest()))
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"{mirror.url}mnist/"])

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for part in ("train_list", "test_list"):
            sums = []
            for number, (file, _) in enumerate(getattr(datasets.CIFAR10, part)):
                stored = cifar_batch(number)
                sums.append([file, md5(stored).hexdigest()])
                member = tarfile.TarInfo(f"{datasets.CIFAR10.base_folder}/{file}")
                member.size = len(stored)
                archive.addfile(member, io.BytesIO(stored))
            monkeypatch.setattr(datasets.CIFAR10, part, sums)
    mirror.files["/cifar.tar.gz"] = packed.getvalue()
    monkeypatch.setattr(datasets.CIFAR10, "url", f"{mirror.url}cifar.tar.gz")
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5(packed.getvalue()).hexdigest())


def cifar_batch(number):
    pixels = np.random.default_rng(number).integers(256, size=(4, 3072), dtype=np.uint8)
    return pickle.dumps({b"data": pixels, b"labels": [number, 1, 2, 3]})


def left(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


IMAGES, LABELS = "/mnist/train-images-idx3-ubyte.gz", "/mnist/train-labels-idx1-ubyte.gz"


def test_mnist_is_fetched_once(mirror, tmp_path, capsys):
    first = data.load("mnist")
    assert first.source == f"downloaded to {tmp_path}"
    assert first.x_train[:, 0].numpy().tolist() == random_set()["x_train"].tolist()
    assert "fetching train-images-idx3-ubyte.gz (0.0 MB) from 127.0.0.1" in capsys.readouterr().out
    second = data.load("mnist")
    assert second.source == f"from {tmp_path}" and len(mirror.asked) == 4
    assert left(tmp_path) == sorted(name for name, _ in datasets.MNIST.resources)


def test_torchvision_reads_what_we_fetched(mirror, tmp_path):
    data.load("mnist"), data.load("cifar10")
    asked = len(mirror.asked)
    assert len(datasets.MNIST(tmp_path, train=False, download=True)) == 6
    assert len(mirror.asked) == asked
    archive = tmp_path / datasets.CIFAR10.filename
    assert datasets.utils.check_integrity(archive, datasets.CIFAR10.tgz_md5)  # what CIFAR10 asks before it downloads


def test_we_read_what_torchvision_fetched(mirror, tmp_path):
    datasets.MNIST(tmp_path, download=True)
    asked = len(mirror.asked)
    assert len(data.load("mnist").x_test) == 6 and len(mirror.asked) == asked


def test_cifar10_from_its_archive_and_from_its_folder(mirror, tmp_path):
    fetched = data.load("cifar10")
    assert fetched.x_train.shape == (20, 3, 32, 32) and fetched.x_test.shape == (4, 3, 32, 32)
    assert fetched.y_train[::4].tolist() == [0, 1, 2, 3, 4]
    with tarfile.open(tmp_path / datasets.CIFAR10.filename) as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / datasets.CIFAR10.filename).unlink()
    unpacked = data.load("cifar10")
    assert len(mirror.asked) == 1 and (unpacked.x_train == fetched.x_train).all()


FAULTS = [  # what the only mirror does, and how the line names it
    ("404", "answered 404"),
    ("cut", "broke off after"),
    ("wrong", "with the wrong MD5 sum"),
    ("hangs up", "cannot be reached"),
    ("silent", "was silent for 0.5 s"),
    ("stops half-way", "fell silent for 0.5 s"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_failed_download_falls_back_and_leaves_nothing(mirror, tmp_path, capsys, fault, words):
    mirror.fault[LABELS] = fault  # the second of four files: the first is whole by then
    found = data.load("mnist")
    assert found.source.startswith("bundled with the course (download of train-labels-idx1-ubyte.gz failed: 127.0.0.1")
    assert words in found.source
    assert str(tmp_path) not in found.source
    assert left(tmp_path) == ["train-images-idx3-ubyte.gz"]  # nothing that looks complete, nothing half done
    mirror.fault.clear()
    assert data.load("mnist").source == f"downloaded to {tmp_path}"  # and the next try goes on from there
    assert mirror.asked.count(IMAGES) == 1


@pytest.mark.parametrize("fault", [fault for fault, _ in FAULTS])
def test_second_mirror_helps(mirror, monkeypatch, tmp_path, fault):
    mirror.files["/other/" + IMAGES.rpartition("/")[2]] = mirror.files[IMAGES]
    mirror.fault[IMAGES] = fault
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"{mirror.url}mnist/", f"{mirror.url}other/"])
    assert data.load("mnist").source == f"downloaded to {tmp_path}"


def test_mirror_that_does_not_say_how_long(mirror, tmp_path):
    mirror.fault[IMAGES] = "no length"
    assert data.load("mnist").source == f"downloaded to {tmp_path}"


def test_no_network(monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://127.0.0.1:1/"])  # nobody listens on port 1
    assert "failed: 127.0.0.1:1 cannot be reached (Connection refused)" in data.load("mnist").source


def test_cifar10_falls_back_to_doodles_with_the_reason(mirror, monkeypatch, capsys):
    mirror.fault["/cifar.tar.gz"] = "404"
    monkeypatch.setattr(data.find, "doodles", lambda n, seed: data.doodles(20, seed))
    assert data.load("cifar10").name == "doodles"
    assert "NOT CIFAR-10!" in (said := capsys.readouterr().out) and "answered 404" in said


def test_fashion_mnist_says_what_failed(monkeypatch, mirror):
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [f"{mirror.url}fashion/"])
    with pytest.raises(FileNotFoundError, match="not bundled .download of train-images.* failed: .* answered 404"):
        data.load("fashion_mnist")


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_asks_nobody(mirror, monkeypatch, how):
    if how == "environment":
        monkeypatch.setenv("CNNLAB_OFFLINE", "1")
    assert data.load("mnist", download=how == "environment").source == "bundled with the course"
    assert mirror.asked == []


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: b"<html>" + whole]
)
def test_damaged_archive_is_set_aside_and_fetched_again(mirror, tmp_path, capsys, damage):
    data.load("mnist"), data.load("cifar10")
    for path, name in (
        (tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte.gz", "mnist"),
        (tmp_path / datasets.CIFAR10.filename, "cifar10"),
    ):
        path.write_bytes(damage(path.read_bytes()))
        assert data.load(name).source == f"downloaded to {tmp_path}"
        assert f"{path} is damaged" in capsys.readouterr().out
        assert path.with_name(path.name + ".damaged").exists()


def test_damaged_batch_is_never_unpickled(tmp_path, capsys, monkeypatch):
    data.load("cifar10")
    with tarfile.open(tmp_path / datasets.CIFAR10.filename) as archive:
        archive.extractall(tmp_path, filter="data")
    batch = tmp_path / datasets.CIFAR10.base_folder / "data_batch_3"
    batch.write_bytes(pickle.dumps(Bomb()))
    assert data.load("cifar10").source == f"from {tmp_path}"  # from the archive beside it
    assert f"{batch} is damaged" in capsys.readouterr().out


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("a file was unpickled before its MD5 sum was compared",)


def test_folder_that_may_not_be_written(monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(download.tempfile, "mkstemp", refuse)
    assert "(train-images-idx3-ubyte.gz could not be written: Permission denied)" in data.load("mnist").source


def test_interrupted_download_leaves_nothing(monkeypatch, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(download.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        data.load("mnist")
    assert left(tmp_path) == []


def test_many_at_once(tmp_path):
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: data.load("mnist", quiet=True), range(6)))
    assert all((each.x_train == found[0].x_train).all() for each in found)
    assert left(tmp_path) == sorted(name for name, _ in datasets.MNIST.resources)
