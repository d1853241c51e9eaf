"""Several processes that train one model together: each takes its rows of every batch, and the gradients are averaged.

    torchrun --standalone --nproc-per-node=2 -m cnnlab.train --recipe mnist-laptop --folder runs/two

    with train.join() as process:                                    in each of them; alone where there is no torchrun
        batches = data.Batches(..., seed=0, device=process.device)    the same whole batches in all
        train.fit(model, batches, ..., folder="runs/two", resume=process.restarts > 0, process=process)

What comes out is what one process would make of the same batches, but for rounding.
"""

import os
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

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


@dataclass
class Process:
    """One of `world` processes that train together. Where it is the only one, all of this does nothing."""

    rank: int = 0  # which one; 0 alone writes and prints
    world: int = 1
    device: torch.device | None = None  # where it works
    restarts: int = 0  # how often torchrun has started all of them again
    images: int = 0  # in the whole batch of which `rows` gave the last part

    @property
    def first(self):
        """Whether this is the process that writes and prints."""
        return self.rank == 0

    @contextmanager
    def together(self, model):
        """The model as it is trained: with gradients averaged over all processes, and batch norms that see all rows."""
        if self.world == 1:
            yield model
            return
        where = next(model.parameters()).device
        if where.type != self.device.type:
            raise ValueError(
                f"fit: the batches are on {where}, but process {self.rank} of {self.world} works on {self.device}. "
                f"They must be there. Build Batches with device=process.device."
            )
        norms = [layer for layer in model.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
        for layer in norms:
            layer.forward = partial(shared_batch_norm, layer)
        try:
            yield DistributedDataParallel(model)  # begins with the weights of process 0
        finally:
            for layer in norms:
                del layer.forward

    def rows(self, pairs):
        """This process's rows of each (x, labels); of a last batch that is smaller than the world, perhaps none."""
        for number, (x, labels) in enumerate(pairs, 1):
            if self.world > 1 and number == 1:
                self._check_first_batch(x)
            self.images = len(x)
            yield tuple(part.tensor_split(self.world)[self.rank] for part in (x, labels))

    def weigh(self, cost, images):
        """The mean loss of so many rows, scaled: its average over processes is the mean over the whole batch."""
        return cost if self.world == 1 else cost * (images * self.world / self.images)

    def total(self, *numbers):
        """Each number, summed over all processes."""
        if self.world == 1:
            return numbers
        sums = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(sums)
        return sums.tolist()

    def any(self, flag):
        """Whether it is true in any process."""
        return bool(self.total(flag)[0])

    def wait(self):
        """Until all processes are here."""
        self.total(0)

    def from_first(self, make):
        """What make() returns in process 0, which alone calls it."""
        if self.world == 1:
            return make()
        made = [make() if self.first else None]
        dist.broadcast_object_list(made, device=self.device)
        return made[0]

    def part_random(self):
        """Let dropout and the like differ between processes. Process 0 stays on its own numbers, which are kept."""
        if self.world > 1:
            seed = self.from_first(lambda: int(torch.randint(2**31, ())))
            if not self.first:
                torch.manual_seed(seed + self.rank)

    def _check_first_batch(self, x):
        if len(x) < self.world:
            raise ValueError(
                f"train: a first batch of {len(x)} is too small for {self.world} processes. At least one image for "
                f"each is needed. Raise batch_size or start fewer processes."
            )
        pixels = x.flatten(1).double().mean(1) @ torch.arange(1.0, len(x) + 1, dtype=torch.float64, device=x.device)
        mean = self.total(pixels)[0] / self.world
        if self.any(abs(pixels - mean) > 1e-6 * max(1, abs(mean))):
            raise ValueError(
                "train: the processes were given different batches. The same ones, in the same order, are needed: each "
                "takes its own rows of them. Call train.seed first, and give a DataLoader a generator with a seed."
            )


ALONE = Process()


def shared_batch_norm(layer, x):
    """What the batch norm `layer` makes of x, with the mean and variance of the rows of all processes.

    Same numbers as nn.SyncBatchNorm, which works on GPUs only.
    """
    if not layer.training:
        return type(layer).forward(layer, x)
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    others, shape = [0, *range(2, x.dim())], (-1, *[1] * (x.dim() - 2))
    values = wide.new_tensor([x.numel() // x.shape[1]])  # per channel, here
    sums = _Sum.apply(torch.cat([wide.sum(others), values]))
    count = sums[-1]
    if values <= 1 and count <= 1:  # as torch does; where there are more values here nobody waits for the count
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {x.shape}")
    mean = sums[:-1] / count
    centered = wide - mean.view(shape)
    variance = _Sum.apply(centered.square().sum(others)) / count
    if layer.track_running_stats:
        layer.num_batches_tracked += 1
        share = 1 / int(layer.num_batches_tracked) if layer.momentum is None else layer.momentum
        with torch.no_grad():
            layer.running_mean.lerp_(mean, share)
            layer.running_var.lerp_(variance * count / (count - 1), share)
    y = centered * (variance + layer.eps).rsqrt().view(shape)
    if layer.affine:
        y = y * layer.weight.view(shape) + layer.bias.view(shape)
    return y.to(x.dtype)


class _Sum(torch.autograd.Function):
    """The sum over all processes. All of them use it, so the slope of each part is the sum of all their slopes."""

    @staticmethod
    def forward(ctx, x):
        return _summed(x)

    @staticmethod
    def backward(ctx, slope):
        return _summed(slope)


def _summed(x):
    x = x.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(x)
    return x


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
