"""Several processes that train one model together: each takes its rows of every batch, and the gradients are averaged.

    torchrun --standalone --nproc-per-node=2 -m cnnlab.train --recipe mnist-laptop --folder runs/two

    with train.join() as process:                                    in each of them; alone where there is no torchrun
        batches = data.Batches(..., seed=0, device=process.device)    the same whole batches in all
        train.fit(model, batches, ..., folder="runs/two", resume=process.resumes("runs/two"), process=process)

What comes out is what one process would make of the same batches, but for rounding.
"""

import os
import time
import uuid
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist

from .process import Process

TORCHRUN_SETS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@contextmanager
def join(device=None, timeout=600):
    """Join the processes that torchrun started, and leave them at the end of the `with`; alone where it started none.

    device    "cuda": one GPU for each process, which talk by NCCL; "cpu": they talk by Gloo; None: GPUs if there are
    timeout   seconds to wait for a process that has stopped to answer, before giving up
    gives     a Process, for fit and evaluate
    """
    if device not in (None, "cpu", "cuda"):
        raise ValueError(f"join: device={device!r}. None, 'cpu' or 'cuda' is needed. Pass device='cpu'.")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("join: device='cuda', but PyTorch sees no GPU here, and NCCL needs one. Pass device='cpu'.")
    if "RANK" not in os.environ and "WORLD_SIZE" not in os.environ:
        fastest = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        yield Process(device=torch.device(device or fastest))
        return
    missing = [name for name in TORCHRUN_SETS if name not in os.environ]
    if missing:
        raise ValueError(
            f"join: {', '.join(missing)} is not set, but RANK or WORLD_SIZE is. All of {', '.join(TORCHRUN_SETS)} are "
            f"needed. Start with torchrun, which sets them."
        )
    rank, world, local = (int(os.environ[name]) for name in TORCHRUN_SETS[:3])
    device = _device(device, local)
    process = Process(rank, world, device, int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)))
    if world == 1:
        yield process
        return
    _meet(process, timeout)
    try:
        restarts = torch.tensor(process.restarts, device=device)
        dist.all_reduce(restarts, dist.ReduceOp.MAX)  # each machine has counted its own
        process.restarts = int(restarts)
        yield process
        process.wait()  # who leaves early takes the line with him that the others still talk on
    except RuntimeError as error:
        if "gloo" not in str(error) and not isinstance(error, dist.DistBackendError):
            raise
        time.sleep(5)  # torchrun ends this process meanwhile, and reports the error of the one that was lost
        raise ConnectionError(
            f"join: process {rank} of {world} lost another one, which ended or did not answer for {timeout} s. All are "
            f"needed. See what that one says, then go on from the last epoch with --resume, or let torchrun do it with "
            f"--max-restarts=3."
        ) from error
    finally:
        dist.destroy_process_group()


def _device(kind, local):
    """The device of the process that is number `local` on this machine."""
    kind = kind or ("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cpu":
        return torch.device("cpu")
    if local >= torch.cuda.device_count():
        raise ValueError(
            f"join: process {local} of this machine has no GPU: there are {torch.cuda.device_count()}. One for each is "
            f"needed. Start with --nproc-per-node={torch.cuda.device_count()}, or pass device='cpu'."
        )
    torch.cuda.set_device(local)
    return torch.device("cuda", local)


def _meet(process, timeout):
    """Find the other processes and agree how to talk; say what is wrong if they do not come."""
    address = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    if not dist.is_available():
        raise ValueError("join: this PyTorch has no torch.distributed. Install one that has it, or start one process.")
    backend, wait = "nccl" if process.device.type == "cuda" else "gloo", timedelta(seconds=timeout)
    try:
        store, rank, world = next(dist.rendezvous("env://", timeout=wait))
        store.set_timeout(wait)
        store = dist.PrefixStore(_life(store, process, time.monotonic() + timeout), store)
        dist.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=wait)
    except (dist.DistNetworkError, dist.DistStoreError) as error:
        if "EADDRINUSE" in str(error):
            raise ValueError(
                f"join: port {os.environ['MASTER_PORT']} is taken, perhaps by another training. A free one is needed. "
                f"Start torchrun with --standalone, which finds one, or with another --master-port."
            ) from error
        raise TimeoutError(
            f"join: process {process.rank} of {process.world} waited {timeout} s at {address} and not all came. All "
            f"must start together. Start the same torchrun command on every machine, and see that it reaches {address}."
        ) from error


def _life(store, process, deadline):
    """A name for this life of all processes, the same in all and never used before.

    torchrun keeps one store over its restarts; in it, those who come first would read where the dead were to be found.
    Process 0 makes up the name. The others answer to it with a word of their own, until their word is called out.
    """
    word = uuid.uuid4().hex
    if process.first:
        store.set("life", word)
        words = [store.get(f"{word}/{rank}").decode() for rank in range(1, process.world)]
        store.set(f"{word}/all", " ".join(words))
        return word
    while time.monotonic() < deadline:
        life = store.get("life").decode()
        store.set(f"{life}/{process.rank}", word)
        if store.check([f"{life}/all"]) and word in store.get(f"{life}/all").decode():
            return life
        time.sleep(0.02)
    raise dist.DistStoreError("process 0 did not answer")
