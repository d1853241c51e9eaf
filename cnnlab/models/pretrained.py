"""Weights that torchvision's authors trained on ImageNet: found on this machine, or fetched once."""

import hashlib
from pathlib import Path

import torch

URL = "https://download.pytorch.org/models/"
FILES = {  # torchvision's IMAGENET1K_V1; what follows the dash begins the file's SHA-256 sum
    "resnet18": "resnet18-f37072fd.pth",  # 45 MB
    "resnet34": "resnet34-b627a593.pth",  # 83 MB
    "resnet50": "resnet50-0676ba61.pth",  # 98 MB
}


def pretrained_weights(name, root=None, download=True, quiet=False):
    """The state dict of a ResNet trained on ImageNet's 1.3 million pictures of 1,000 classes.

    name       "resnet18", "resnet34" or "resnet50"
    root       folder to look in and to fetch to; None: where data.load looks, data.root()
    download   False, or CNNLAB_OFFLINE=1: do not touch the network
    quiet      print nothing
    returns    {name: tensor}, on the CPU, for load_state_dict of models.resnet18() and so on

    The file has torchvision's name and is the one that its weights="IMAGENET1K_V1" fetches. A damaged file is renamed
    *.damaged and fetched again; a download that breaks off leaves nothing. Raises FileNotFoundError where the file is
    neither here nor to be had.
    """
    from cnnlab.data import download as mirror  # here, not above: models work without data
    from cnnlab.data import places

    if not isinstance(name, str) or name not in FILES:
        raise ValueError(
            f"pretrained_weights: name={name!r} is unknown. There are {', '.join(FILES)}. Pass one of them."
        )
    say = _silent if quiet else print
    path = (places.root() if root is None else Path(root)) / FILES[name]
    checksum = path.stem.rpartition("-")[2]
    if not _is_whole(path, checksum, say):
        try:
            if places.offline() or not download:
                raise places.NotHereError("the network is switched off" if places.offline() else "download=False")
            mirror.fetch([URL + path.name], path, checksum, say, "sha256")
        except places.NotHereError as error:
            raise FileNotFoundError(
                f"pretrained_weights: {path.name} is not here ({error}). A network or that file is needed. "
                "Run this once with a network and without CNNLAB_OFFLINE, or put the file into data.root()."
            ) from error
    return torch.load(path, map_location="cpu", weights_only=True)


def _is_whole(path, checksum, say):
    """Whether the file is there with its checksum. A damaged one is set aside, an unreadable one is left alone."""
    from cnnlab.data import places

    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest().startswith(checksum):
                return True
            fault = f"its {file.tell()} bytes do not have the SHA-256 sum that its name gives"
    except FileNotFoundError:
        return False
    except OSError as error:
        say(f"{path} is not used: it cannot be read ({error.strerror}).")
        return False
    places.set_aside(places.DamagedError(path, fault), say)
    return False


def _silent(*_):
    pass
