"""What training refuses, each in one sentence: what came, what is needed, what to do."""

from pathlib import Path

import torch
from torch import nn

from .process import Process

LOOK_EVERY = {"cpu": 1}  # batches between two looks at the loss; on a GPU each look would make it wait
LOOK_ELSEWHERE = 50


def check_model(function, model, loss=None):
    """Refuse what is no model, and a loss that cannot be called."""
    if not isinstance(model, nn.Module):
        given = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
        raise TypeError(
            f"{function}: model is {given}. An nn.Module is needed. Pass a built one, such as models.LeNet()."
        )
    if loss is not None and (not callable(loss) or isinstance(loss, type)):
        raise TypeError(
            f"{function}: loss={loss!r} cannot be called with (logits, labels). A function is needed. "
            f"Pass a built one, such as nn.CrossEntropyLoss()."
        )


def check_fit(model, batches, epochs, optimizer, loss, scheduler, clip, precision, folder, resume):
    """Refuse arguments of fit that cannot work, before the first batch."""
    check_model("fit", model, loss)
    if isinstance(epochs, bool) or not isinstance(epochs, int):
        raise TypeError(f"fit: epochs={epochs!r} is a {type(epochs).__name__}. A whole number is needed. Pass an int.")
    if epochs < 1:
        raise ValueError(f"fit: epochs={epochs}. At least 1 is needed. Pass how often to go over the batches.")
    check_optimizer("fit", model, optimizer)
    _check_scheduler(scheduler, optimizer, batches, epochs)
    if clip is not None and (isinstance(clip, bool) or not isinstance(clip, int | float) or not clip > 0):
        raise ValueError(f"fit: clip={clip!r}. A length above 0 is needed. Pass clip=1.0, or None for no clipping.")
    check_precision("fit", precision)
    if resume and folder is None:
        raise ValueError("fit: resume=True but folder=None. A folder with last.pt is needed. Pass folder='runs/lenet'.")
    if folder is not None and Path(folder).exists() and not Path(folder).is_dir():
        raise ValueError(f"fit: folder={str(folder)!r} is a file. A folder is needed. Pass another name.")


def check_optimizer(function, model, optimizer):
    """Refuse what is no optimizer, and one of another model."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        given = f"the class {optimizer.__name__}" if isinstance(optimizer, type) else f"a {type(optimizer).__name__}"
        raise TypeError(
            f"{function}: optimizer is {given}. A built optimizer is needed. "
            f"Pass one, such as torch.optim.Adam(model.parameters())."
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in model.parameters()):
        raise ValueError(
            f"{function}: optimizer holds none of this model's parameters. It must change this model. "
            "Build it from model.parameters() after building the model."
        )


def check_precision(function, precision):
    """Refuse precisions that are not among the three."""
    if precision not in (None, "bfloat16", "float16"):
        raise ValueError(
            f"{function}: precision={precision!r}. None, 'bfloat16' or 'float16' is needed. Pass precision='bfloat16'."
        )


def check_looks(validation, on_epoch):
    """Refuse what could not be looked at, or called, after the first epoch."""
    if validation is not None:
        check_batches("evaluate", validation)
    if on_epoch is not None and not callable(on_epoch):
        raise TypeError(
            f"fit: on_epoch={on_epoch!r} cannot be called. A function of the history is needed. Pass one, or None."
        )


def check_shared_loss(loss, process):
    """Refuse a loss whose mean over rows is not the mean of its means: what each process finds would not add up."""
    weighs = getattr(loss, "weight", None) is not None and isinstance(loss, nn.CrossEntropyLoss | nn.NLLLoss)
    if process.world > 1 and (weighs or getattr(loss, "ignore_index", -100) >= 0):
        raise ValueError(
            f"fit: {type(loss).__name__} weighs classes or leaves one out. In several processes a plain mean over "
            f"images is needed. Pass a loss without weight= and ignore_index=, or train in one process."
        )


def check_process(function, process):
    """Refuse what is not one of the processes that join gives."""
    if not isinstance(process, Process):
        raise TypeError(
            f"{function}: process is a {type(process).__name__}. What join gives is needed. "
            f"Write `with train.join() as process:` and train inside."
        )


def _check_scheduler(scheduler, optimizer, batches, epochs):
    if scheduler is None:
        return
    if not isinstance(scheduler, torch.optim.lr_scheduler.LRScheduler):
        raise TypeError(
            f"fit: scheduler is a {type(scheduler).__name__}. A scheduler of torch.optim.lr_scheduler is needed. "
            f"Build it from the optimizer."
        )
    if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
        raise ValueError(
            "fit: scheduler is a ReduceLROnPlateau. A scheduler that needs no measure is needed: it steps once per "
            "batch. Call this one in on_epoch."
        )
    if scheduler.optimizer is not optimizer:
        raise ValueError(
            "fit: scheduler drives another optimizer. It must drive this one. Build it from this optimizer."
        )
    steps = epochs * len(batches) if hasattr(batches, "__len__") else 0
    if steps > getattr(scheduler, "total_steps", steps):
        raise ValueError(
            f"fit: scheduler ends after {scheduler.total_steps} steps but {epochs} epochs of {len(batches)} batches "
            f"are {steps}. It steps once per batch. Build it with total_steps={steps}."
        )


def check_batches(function, batches):
    """Refuse what gives no batches."""
    if isinstance(batches, torch.Tensor) or not hasattr(batches, "__iter__"):
        raise TypeError(
            f"{function}: batches is a {type(batches).__name__}. Something that gives (x, labels) again and again is "
            f"needed. Pass Batches, a DataLoader or a list of pairs."
        )


def pairs(function, batches, device):
    """Give every (x, labels) of the batches on the device, or say what is wrong with it."""
    check_batches(function, batches)
    number = 0
    for number, batch in enumerate(batches, 1):  # noqa: B007 - number is read after the loop
        x, labels = _check_pair(f"{function}: batch {number}", batch)
        yield x.to(device), labels.to(device)
    if number == 0:
        raise ValueError(
            f"{function}: batches gave no batch. At least one is needed. "
            f"Pass a list, Batches or a DataLoader with images in it; a generator is empty after its first use."
        )


def _check_pair(where, batch):
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        parts = f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
        raise ValueError(
            f"{where} is a {type(batch).__name__}{parts}. A pair (x, labels) is needed. Yield both together."
        )
    x, labels = batch
    if not isinstance(x, torch.Tensor) or not isinstance(labels, torch.Tensor):
        raise TypeError(
            f"{where} holds a {type(x).__name__} and a {type(labels).__name__}. Two tensors are needed. "
            f"Use torch.as_tensor, or transforms.ToTensor() in the DataLoader's data set."
        )
    if x.ndim == 0 or labels.ndim == 0 or len(x) != len(labels) or len(x) == 0:
        raise ValueError(
            f"{where} has x {tuple(x.shape)} and labels {tuple(labels.shape)}. At least one image, and one label for "
            f"each, is needed. Cut x and labels at the same places."
        )
    if not x.is_floating_point():
        raise ValueError(f"{where} has x of {_dtype(x)}. Floats are needed. Use x.float() / 255, normalised.")
    return x, labels


def check_logits(function, logits, labels, default):
    """Refuse logits and labels that the loss would misread; `default` is whether the loss is cross-entropy."""
    if not isinstance(logits, torch.Tensor):
        raise TypeError(
            f"{function}: the model returned a {type(logits).__name__}. One tensor of logits is needed. "
            f"Return only the logits from forward."
        )
    came = (
        f"{function}: the model returned logits {tuple(logits.shape)} for labels {tuple(labels.shape)} {_dtype(labels)}"
    )
    if labels.is_floating_point():
        if default and logits.ndim == 2 and labels.ndim == 1:
            raise ValueError(f"{came}. Cross-entropy needs int64 classes. Use labels.long().")
        if logits.shape != labels.shape:
            raise ValueError(f"{came}. Float targets need the shape of the logits. Reshape one of them.")
        if default and logits.ndim < 2:
            raise ValueError(
                f"{came}. Cross-entropy needs one logit per class. For a single yes-or-no logit pass "
                f"loss=nn.BCEWithLogitsLoss()."
            )
        return
    if logits.ndim == 1 or logits.shape[1:] == (1,):
        raise ValueError(
            f"{came}. A single yes-or-no logit needs float labels of its own shape. "
            f"Use labels.float() and loss=nn.BCEWithLogitsLoss()."
        )
    if logits.ndim != 2 or labels.ndim != 1 or len(logits) != len(labels):
        raise ValueError(f"{came}. Logits (n, classes) and labels (n,) are needed. End with Flatten and Linear.")
    if labels.dtype != torch.int64:
        raise ValueError(f"{came}. Cross-entropy needs int64 classes. Use labels.long().")
    if labels.device.type == "cpu" and not 0 <= labels.min() <= labels.max() < logits.shape[1]:
        low, high = int(labels.min()), int(labels.max())
        cure = f"Build the model with classes={high + 1}, if there are that many. " if low >= 0 else ""
        raise ValueError(
            f"{came} from {low} to {high}. Labels from 0 to {logits.shape[1] - 1} are needed. "
            f"{cure}Count the labels from 0."
        )


def check_cost(function, cost):
    """Refuse a loss that is not one number."""
    shape = tuple(cost.shape) if isinstance(cost, torch.Tensor) else f"a {type(cost).__name__}"
    if shape != ():
        raise ValueError(f"{function}: loss returned {shape}. One number is needed. Use reduction='mean'.")


def check_finite(losses, epoch, x, optimizer, now=False):
    """Stop training before the step that would spread a loss that is no number into the weights.

    On a GPU it looks now and then, and when asked to look now; the message still names the first bad batch.
    """
    look = LOOK_EVERY.get(losses[-1].device.type, LOOK_ELSEWHERE)
    if len(losses) % look and not now:
        return
    finite = torch.stack(losses[-look:]).isfinite()
    if finite.all():
        return
    batch = len(losses) - len(finite) + int(finite.int().argmin()) + 1
    rate = optimizer.param_groups[0]["lr"]
    low, high = float(x.min()), float(x.max())
    raise FloatingPointError(
        f"fit: the loss is {float(losses[batch - 1])} in epoch {epoch}, batch {batch}, at learning rate {rate:.3g} "
        f"with x from {low:.3g} to {high:.3g}. A finite loss is needed. Lower the learning rate, normalise x to mean 0 "
        f"and spread 1, or clip the gradients with clip=1.0."
    )


def _dtype(tensor):
    return str(tensor.dtype).removeprefix("torch.")
