"""All that draws at random in a training: kept, it goes on later as if nothing had happened."""

import random

import numpy as np
import torch


def snapshot(loaders, device):
    """Where all random numbers stand, as plain data that torch.save keeps and torch.load reads with weights_only.

    loaders   Batches, DataLoaders, lists or None, of whose generators, seed and epoch are kept
    device    where the model works; a GPU draws numbers of its own
    """
    name, keys, *rest = np.random.get_state()
    return {
        "torch": torch.get_rng_state(),
        "device": (device.type, _device_state(device)),
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), *rest),
        "loaders": [
            {
                "seed": getattr(loader, "seed", None),
                "epoch": getattr(loader, "epoch", None),
                "generators": [generator.get_state() for generator in _generators(loader)],
            }
            for loader in loaders
        ],
    }


def restore(kept, loaders, device):
    """Put all random numbers where the snapshot has them."""
    torch.set_rng_state(kept["torch"])
    kind, state = kept["device"]
    if kind == device.type:  # else the run goes on elsewhere
        _set_device_state(device, state)
    random.setstate(kept["python"])
    name, keys, *rest = kept["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    for loader, order in zip(loaders, kept["loaders"], strict=False):
        for what in ("seed", "epoch"):
            if order[what] is not None and hasattr(loader, what):
                setattr(loader, what, order[what])
        for generator, state in zip(_generators(loader), order["generators"], strict=False):
            generator.set_state(state)


def _generators(loader):
    """The generators of a DataLoader, of its samplers and of its data set; or of what else has one."""
    holders = [loader, *(getattr(loader, name, None) for name in ("sampler", "batch_sampler", "dataset"))]
    holders.append(getattr(getattr(loader, "batch_sampler", None), "sampler", None))
    found = [getattr(holder, "generator", None) for holder in holders]
    return [generator for generator in found if isinstance(generator, torch.Generator)]


def _device_state(device):
    if device.type == "cuda":
        return torch.cuda.get_rng_state(device)
    return torch.mps.get_rng_state() if device.type == "mps" else None


def _set_device_state(device, state):
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    if device.type == "mps":
        torch.mps.set_rng_state(state)
