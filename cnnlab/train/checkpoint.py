"""Keeping a run on disk so that it can be cut at any moment and go on as if it had not been."""

import io
import os
import tempfile
import zipfile
from pathlib import Path

import torch

from .history import History
from .randomness import restore, snapshot
from .restarts import this_start

NEEDED = {"made_by", "model", "optimizer", "scheduler", "rows", "random"}  # of a last.pt


def prepare(folder):
    """Make the folder, and refuse one that cannot be written to before any work is done; clear what the killed left."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        for part in folder.glob("*.pt.*.part"):
            part.unlink(missing_ok=True)
    except OSError as error:
        raise type(error)(
            f"fit: folder={str(folder)!r} cannot be written to ({error.strerror}). A folder of your own is needed. "
            f"Pass another one."
        ) from error


def save_checkpoint(folder, model, optimizer, scheduler, scaler, loaders, device, history):
    """Write best.pt (the weights) if the newest epoch is the best one, then last.pt (all that the next epoch needs)."""
    if history.best is history.rows[-1]:
        write(Path(folder) / "best.pt", model.state_dict())
    state = {
        "made_by": _names(model, optimizer, scheduler),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": None if scheduler is None else scheduler.state_dict(),
        "scaler": scaler.state_dict(),  # empty but in float16
        "rows": history.rows,
        "random": snapshot(loaders, device),
        "start": this_start(),
    }
    write(Path(folder) / "last.pt", state)


def load_checkpoint(folder, model, optimizer, scheduler, scaler, loaders, device, process):
    """Put model, optimizer, scheduler, scaler, loaders and random numbers where last.pt has them; return its History.

    Without a last.pt nothing changes and the History is empty. Only the first process reads the file.
    """
    path = Path(folder) / "last.pt"
    state = process.from_first(lambda: read("fit", path) if path.exists() else None)
    if state is None:
        return History()
    if not isinstance(state, dict) or not state.keys() >= NEEDED:
        raise ValueError(f"fit: {path} is no checkpoint of fit. A last.pt that fit wrote is needed. Pass its folder.")
    here = _names(model, optimizer, scheduler)
    if state["made_by"] != here:
        raise ValueError(
            f"fit: {path} was saved with {_words(state['made_by'])} but this run has {_words(here)}. "
            f"The same three are needed. Build them as in the run that was cut, or choose another folder."
        )
    _check_same_plan(path, state, scheduler, validated=loaders[1] is not None)
    _check_weights("fit", model, state["model"], path)
    try:
        optimizer.load_state_dict(state["optimizer"])
    except ValueError as error:  # other groups of parameters
        raise ValueError(
            f"fit: {path} was saved with an optimizer of other parameters. The same groups are needed. Build the "
            f"optimizer as in the run that was cut, or choose another folder."
        ) from error
    model.load_state_dict(state["model"])
    if scheduler is not None:
        scheduler.load_state_dict(state["scheduler"])
    if state.get("scaler"):
        scaler.load_state_dict(state["scaler"])
    restore(state["random"], loaders, device)
    return History(state["rows"])


def is_of_this_start(folder):
    """Whether last.pt was written since torchrun was started here, by workers that it has started before these."""
    path = Path(folder) / "last.pt"
    start = this_start()
    if start is None or not path.exists():
        return False
    state = read("fit", path)
    return isinstance(state, dict) and state.get("start") == start


def _check_same_plan(path, state, scheduler, validated):
    """Refuse to go on with a run that was planned for another number of steps, or looked at otherwise."""
    was, now = (state["scheduler"] or {}).get("total_steps"), getattr(scheduler, "total_steps", None)
    if was != now:
        raise ValueError(
            f"fit: {path} is of a run planned for {was} steps, but this scheduler has {now}. The same are needed: the "
            f"rate follows them. Pass the epochs and batches of the run that was cut, or choose another folder."
        )
    if state["rows"] and ("val_loss" in state["rows"][0]) != validated:
        raise ValueError(
            f"fit: {path} is of a run {'without' if validated else 'with'} validation, and this one is "
            f"{'with' if validated else 'without'} it. The same is needed: the best epoch is chosen by it. Pass what "
            f"the run that was cut had, or choose another folder."
        )


def load_weights(model, path):
    """Give the model the weights in a file such as the best.pt of fit; return the model.

    path          a file with a state_dict, written by fit or by torch.save
    """
    path = Path(path)
    if path.is_dir():
        path = path / "best.pt"
    if not path.exists():
        raise ValueError(
            f"load_weights: {path} is not there. A file with weights is needed. Train with folder=... first."
        )
    weights = read("load_weights", path)
    if isinstance(weights, dict) and "made_by" in weights:  # a last.pt
        weights = weights["model"]
    _check_weights("load_weights", model, weights, path)
    model.load_state_dict(weights)
    return model


def write(path, state):
    """Write what torch.load reads."""
    content = io.BytesIO()
    torch.save(state, content)  # not into the file: what torch says of a full disk, nobody would recognise
    write_bytes(path, content.getbuffer())


def write_bytes(path, content):
    """Write the whole file or nothing: under another name first, on the disk for good, then renamed in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read(function, path):
    """What torch.save put into the file; plain data only, so that a file from a stranger runs no code."""
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            changed = archive.testzip()  # torch.load does not look at the checksums that torch.save wrote
        if changed:
            raise zipfile.BadZipFile(f"checksum of {changed}")
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load, given anything but its own file, raises nearly anything
        raise ValueError(
            f"{function}: {path} ({len(content)} bytes) is damaged or no file of weights. A whole file written by fit "
            f"is needed. Delete it and train again, or put back a copy."
        ) from error


def _check_weights(function, model, weights, path):
    if not isinstance(weights, dict):
        raise ValueError(
            f"{function}: {path} holds a {type(weights).__name__}. A dict from names to weights is needed. "
            f"Save model.state_dict()."
        )
    own = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    came = {name: tuple(getattr(tensor, "shape", ())) for name, tensor in weights.items()}
    if own != came:
        name = next(name for name in [*own, *came] if own.get(name) != came.get(name))
        raise ValueError(
            f"{function}: {path} holds the weights of another model: {name} is {came.get(name, 'missing')} there and "
            f"{own.get(name, 'missing')} in {type(model).__name__}. Build the model as it was trained."
        )


def _names(model, optimizer, scheduler):
    return [type(part).__name__ for part in (model, optimizer, scheduler)]


def _words(names):
    return "{}, {} and scheduler {}".format(*(name.replace("NoneType", "None") for name in names))
