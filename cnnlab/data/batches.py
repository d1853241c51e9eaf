"""Batches made in bulk: the whole set lies on the device as bytes, and every batch is a few tensor operations."""

import torch
from numpy.random import SeedSequence

from .changes import flip_where


def device():
    """The fastest device here: a CUDA GPU, else Apple's (MPS), else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def normalise(x, mean, sd):
    """Bytes to floats whose channels have mean 0 and standard deviation 1 over the training set.

    x          (n, c, h, w)  uint8
    mean, sd   one number per channel, of the images in 0..1
    returns    (n, c, h, w)  float32

    Same numbers as torchvision's ToTensor followed by Normalize(mean, sd).
    """
    check_images("normalise", x)
    return _normalise(x, *_constants("normalise", x, mean, sd))


class Batches:
    """Goes over the images in batches, in a new order each time if shuffled.

    x            (n, c, h, w)  uint8, 0..255
    y            (n,)          int64
    batch_size   images; the last batch has what is left, unless drop_last
    mean, sd     one number per channel, as in Dataset
    shuffle      a new order in every epoch, drawn on the CPU so that a GPU sees the same one
    augment      function of (uint8 images, generator) that returns images, such as random_crop(2)
    mix          function of (normalised images, labels, classes, generator), such as mixup(0.2): labels come out soft
    classes      how many there are, for mix; the largest label and one more if None
    alternate    mirror each image left to right in every second epoch; which half begins is drawn from the seed
    device       where x and y are kept and the batches made; None: where x is
    seed         fixes orders and augmentation; None: drawn from PyTorch's generator
    memory_format   "channels_last": the channels of a pixel lie side by side in memory; the shape stays (b, c, h, w)

    Iterating gives (b, c, h, w) float32 images, normalised, and (b,) labels, or (b, classes) shares of them from mix.
    Epoch number e of a seed is always the same: set `epoch` to go on from there.
    """

    def __init__(
        self,
        x,
        y,
        batch_size,
        *,
        mean,
        sd,
        shuffle=False,
        augment=None,
        mix=None,
        classes=None,
        alternate=False,
        device=None,
        seed=None,
        drop_last=False,
        memory_format=None,
    ):
        check_images("Batches", x)
        _check_labels(x, y)
        _check_batch_size(batch_size, len(x), drop_last)
        if augment is not None and not callable(augment):
            raise TypeError(
                f"Batches: augment={augment!r} cannot be called. A function of (images, generator) is needed. "
                "Pass data.random_crop(2)."
            )
        if mix is not None:
            classes = _check_mix(mix, classes, y)
        _check_seed(seed)
        if memory_format not in (None, "channels_last"):
            raise ValueError(
                f"Batches: memory_format={memory_format!r}. None or 'channels_last' is needed. Pass one of them."
            )
        if seed is None and (shuffle or augment or mix or alternate):
            seed = int(torch.randint(2**31, ()))
        self.x = x.to(device)
        self.y = y.to(self.x.device)
        self.batch_size, self.shuffle, self.augment = batch_size, shuffle, augment
        self.mix, self.classes = mix, classes
        self.seed, self.drop_last, self.alternate = seed, drop_last, alternate
        self.memory_format = torch.channels_last if memory_format else torch.contiguous_format
        self.epoch = 0  # the number of the next pass
        self._shift, self._scale = _constants("Batches", self.x, mean, sd)

    @property
    def device(self):
        """Where the batches are made; train moves the model there."""
        return self.x.device

    @property
    def n_images(self):
        """How many images one pass shows."""
        images = len(self.x)
        return images - images % self.batch_size if self.drop_last else images

    def __len__(self):
        return -(-self.n_images // self.batch_size)

    def __iter__(self):
        generator = None if self.seed is None else _generator(self.seed, self.epoch)
        self.epoch += 1
        order = None
        if self.shuffle:
            order = torch.randperm(len(self.x), generator=generator).to(self.x.device)
        return self._batches(order, generator, self._mirrored(self.epoch - 1) if self.alternate else None)

    def _mirrored(self, epoch):
        """Which images (n,) are mirrored in this epoch: half of them, and the others in the next one."""
        first = torch.rand(len(self.x), generator=_generator(self.seed, 0, 1)) < 0.5
        return (first ^ bool(epoch % 2)).to(self.x.device)

    def _batches(self, order, generator, mirrored):
        for start in range(0, self.n_images, self.batch_size):
            chosen = slice(start, start + self.batch_size)
            if order is not None:
                chosen = order[chosen]
            x = self.x[chosen]
            if mirrored is not None:
                x = flip_where(x, mirrored[chosen])
            if self.augment is not None:
                x = self.augment(x, generator)
            x = x.contiguous(memory_format=self.memory_format)  # while it is bytes: a quarter of the work
            x, y = _normalise(x, self._shift, self._scale), self.y[chosen]
            yield (x, y) if self.mix is None else self.mix(x, y, self.classes, generator)


def check_images(function, x):
    """Raise unless x is a uint8 tensor (n, c, h, w) with at least one image."""
    if not isinstance(x, torch.Tensor):
        raise TypeError(
            f"{function}: x is of type {type(x).__name__}. A uint8 tensor (n, c, h, w) is needed. "
            "Take it from data.load."
        )
    if x.dtype != torch.uint8 or x.dim() != 4 or len(x) == 0:
        raise ValueError(
            f"{function}: x is {str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}. "
            "uint8 (n, c, h, w) with at least one image is needed, 0..255. Take it from data.load."
        )


def _check_labels(x, y):
    if not isinstance(y, torch.Tensor):
        raise TypeError(
            f"Batches: y is of type {type(y).__name__}. An int64 tensor (n,) is needed. Pass torch.tensor(y)."
        )
    if y.dtype != torch.int64 or y.shape != x.shape[:1]:
        raise ValueError(
            f"Batches: y is {str(y.dtype).removeprefix('torch.')} {tuple(y.shape)} for {len(x)} images. "
            f"int64 ({len(x)},) is needed, one label per image. Take x and y from the same part of the data set."
        )


def _check_batch_size(batch_size, images, drop_last):
    if isinstance(batch_size, bool) or not isinstance(batch_size, int):
        raise TypeError(f"Batches: batch_size={batch_size!r}. A whole number of images is needed. Pass 128.")
    if batch_size < 1:
        raise ValueError(f"Batches: batch_size={batch_size}. At least 1 is needed. Pass 128.")
    if drop_last and batch_size > images:
        raise ValueError(
            f"Batches: batch_size={batch_size} with drop_last leaves nothing of {images} images. "
            f"At most {images} is needed. Lower batch_size or keep the last batch."
        )


def _check_mix(mix, classes, y):
    """How many classes there are; raise unless mix can be called and they hold every label."""
    if not callable(mix):
        raise TypeError(
            f"Batches: mix={mix!r} cannot be called. A function of (images, labels, classes, generator) is needed. "
            "Pass data.mixup(0.2)."
        )
    least = int(y.max()) + 1
    if classes is None:
        return least
    if isinstance(classes, bool) or not isinstance(classes, int):
        raise TypeError(f"Batches: classes={classes!r}. A whole number is needed. Pass {least}.")
    if classes < least:
        raise ValueError(f"Batches: classes={classes}, but labels run to {least - 1}. Pass classes={least} or more.")
    return classes


def _check_seed(seed):
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise TypeError(f"Batches: seed={seed!r}. A whole number or None is needed. Pass 0.")
    if seed is not None and seed < 0:
        raise ValueError(f"Batches: seed={seed}. 0 or more is needed. Pass 0.")


def _generator(*numbers):
    """A generator of random numbers that whole numbers of any size decide."""
    return torch.Generator().manual_seed(int(SeedSequence(numbers).generate_state(1)[0]))


def _constants(function, x, mean, sd):
    """The two (c, 1, 1) tensors of `_normalise`, from mean and sd in 0..1."""
    channels = x.shape[1]
    mean = torch.as_tensor(mean, dtype=torch.float64)
    sd = torch.as_tensor(sd, dtype=torch.float64)
    if mean.shape != (channels,) or sd.shape != (channels,):
        raise ValueError(
            f"{function}: mean has shape {tuple(mean.shape)} and sd {tuple(sd.shape)}, but x {tuple(x.shape)} has "
            f"{channels} channels. One number per channel is needed. Pass the data set's own mean and sd."
        )
    if not (sd > 0).all():
        raise ValueError(
            f"{function}: sd={tuple(sd.tolist())}. Numbers above 0 are needed. Pass the data set's own sd."
        )
    shape = (channels, 1, 1)
    shift, scale = 255 * mean, 1 / (255 * sd)
    return tuple(t.float().to(x.device).view(shape) for t in (shift, scale))


def _normalise(x, shift, scale):
    return x.float().sub_(shift).mul_(scale)
