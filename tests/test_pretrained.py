"""torchvision's weights, from a server on this machine that fails in every way a network can."""

import hashlib
import io
import pickle

import pytest
import torch
import torchvision
from test_download import FAULTS, left, mirror  # noqa: F401, the fixture

from cnnlab import models
from cnnlab.data import download
from cnnlab.models import pretrained


@pytest.fixture
def server(mirror, monkeypatch, tmp_path):  # noqa: F811
    """The server, which has a few numbers in place of resnet18's; .name and .path are those of the file."""
    packed = io.BytesIO()
    torch.save({"fc.bias": torch.arange(3.0)}, packed)
    mirror.name = f"resnet18-{hashlib.sha256(packed.getvalue()).hexdigest()[:8]}.pth"
    mirror.path = tmp_path / "data" / mirror.name
    mirror.files[f"/{mirror.name}"] = packed.getvalue()
    monkeypatch.setattr(pretrained, "FILES", pretrained.FILES | {"resnet18": mirror.name})
    monkeypatch.setattr(pretrained, "URL", mirror.url)
    monkeypatch.setattr(download, "TIMEOUT", 0.5)
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("CNNLAB_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return mirror


def whole(weights):
    return {name: tensor.tolist() for name, tensor in weights.items()} == {"fc.bias": [0, 1, 2]}


def test_fetched_once(server, capsys):
    assert whole(models.pretrained_weights("resnet18"))
    assert capsys.readouterr().out == f"fetching {server.name} (0.0 MB) from 127.0.0.1:{server.server_port}\n"
    assert whole(models.pretrained_weights("resnet18"))
    assert capsys.readouterr().out == ""
    assert server.asked == [f"/{server.name}"]
    assert left(server.path.parent) == [server.name]


def test_another_folder_and_no_words(server, tmp_path, capsys):
    assert whole(models.pretrained_weights("resnet18", root=tmp_path / "elsewhere", quiet=True))
    assert left(tmp_path) == [server.name] and (tmp_path / "elsewhere" / server.name).exists()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", pretrained.FILES)
def test_files_are_torchvisions(name):
    kind = getattr(torchvision.models, f"ResNet{name[6:]}_Weights").IMAGENET1K_V1
    assert kind.url == pretrained.URL + pretrained.FILES[name]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_download_that_fails_leaves_nothing(server, fault, words):
    server.fault[f"/{server.name}"] = fault
    words = words.replace("MD5", "SHA-256")
    with pytest.raises(
        FileNotFoundError, match=rf"^pretrained_weights: {server.name} is not here \(.*{words}.* needed"
    ):
        models.pretrained_weights("resnet18")
    assert left(server.path.parent) == []
    server.fault.clear()
    assert whole(models.pretrained_weights("resnet18"))


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_asks_nobody(server, monkeypatch, how):
    if how == "environment":
        monkeypatch.setenv("CNNLAB_OFFLINE", "1")
    words = {"argument": "download=False", "environment": "the network is switched off"}[how]
    with pytest.raises(FileNotFoundError, match=rf"not here \({words}\)\. A network or that file is needed\. Run this"):
        models.pretrained_weights("resnet18", download=how == "environment")
    assert server.asked == []
    server.path.parent.mkdir()
    server.path.write_bytes(server.files[f"/{server.name}"])  # as somebody puts it there by hand
    assert whole(models.pretrained_weights("resnet18", download=how == "environment"))
    assert server.asked == []


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("a file was unpickled",)


@pytest.mark.parametrize("damaged", [b"", b"<html>", pickle.dumps(Bomb()), None])
def test_a_damaged_file_is_set_aside_and_fetched_again(server, damaged, capsys):
    server.path.parent.mkdir()
    server.path.write_bytes(server.files[f"/{server.name}"][:-1] if damaged is None else damaged)
    assert whole(models.pretrained_weights("resnet18"))
    said = capsys.readouterr().out
    assert said.startswith(f"{server.path} is damaged: its ") and "SHA-256" in said and ".damaged.\n" in said
    assert left(server.path.parent) == [server.name, f"{server.name}.damaged"]


def test_a_file_that_cannot_be_read_is_left_alone(server, capsys):
    server.path.mkdir(parents=True)  # a folder of that name
    with pytest.raises(FileNotFoundError, match="could not be written"):
        models.pretrained_weights("resnet18")
    assert f"{server.path} is not used: it cannot be read" in capsys.readouterr().out


def test_weights_that_run_code_are_not_loaded(server):
    packed = io.BytesIO()
    torch.save(Bomb(), packed)  # with the right sum: whoever made the file made its name, too
    name = f"resnet18-{hashlib.sha256(packed.getvalue()).hexdigest()[:8]}.pth"
    server.path.parent.mkdir()
    server.path.with_name(name).write_bytes(packed.getvalue())
    pretrained.FILES["resnet18"] = name
    with pytest.raises(pickle.UnpicklingError):
        models.pretrained_weights("resnet18")


@pytest.mark.parametrize("name", ["resnet101", "ResNet18", None, 18])
def test_unknown_name(name):
    with pytest.raises(ValueError, match="unknown. There are resnet18, resnet34, resnet50. Pass one of them."):
        models.pretrained_weights(name)
