"""One of several processes that train together: its rows of every batch, and what it needs of the others."""

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from .checkpoint import is_of_this_start


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

    def resumes(self, folder):
        """Whether torchrun has started all again, and the run kept in the folder is the one that they had begun."""
        return self.from_first(lambda: is_of_this_start(folder))

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
                "takes its own rows of them. Call train.seed first, and give a DataLoader a generator with a seed; "
                "augment in data.Batches, since a data set draws its own random numbers in each process."
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
    values = x.numel() // x.shape[1]  # per channel, here
    sums = _Sum.apply(torch.cat([wide.sum(others), wide.new_tensor([values])]))
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
