"""The training loop, and the two passes that only look: evaluate and predict_logits."""

import time
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn

from . import guards
from .checkpoint import load_checkpoint, prepare, save_checkpoint
from .history import History
from .meter import Meter
from .process import ALONE
from .progress import Progress


def fit(
    model,
    batches,
    validation=None,
    *,
    epochs,
    optimizer,
    loss=None,
    scheduler=None,
    clip=None,
    precision=None,
    folder=None,
    resume=False,
    progress=True,
    on_epoch=None,
    process=ALONE,
):
    """Train the model on the batches, again and again, and return the History of it.

    batches       gives (x, labels); x float images, labels int64 classes (or float targets for other losses)
    validation    the same, of images that are not trained on
    epochs        times to go over the batches, counted from the beginning also when resuming
    optimizer     a torch.optim optimizer of the model's parameters
    loss          function of (logits, labels) that returns the batch mean; cross-entropy if None. One that weighs
                  classes has a mean of another kind: it is averaged over batches by their images, and refused in
                  several processes
    scheduler     a torch.optim.lr_scheduler; it steps once per batch, so count its steps in batches
    clip          longest gradient, all parameters together; longer ones are scaled down to it
    precision     None: as the weights are; "bfloat16" or "float16": convolutions and dense layers multiply 16-bit
                  numbers and add them up in 32 (autocast); the weights, the loss and the optimizer keep their 32
    folder        where to keep last.pt (everything, to resume) and best.pt (the weights of the best epoch)
    resume        go on after the last epoch kept in folder, as if never cut; start anew if there is none
    progress      True: a bar where one can live, else a line per epoch; "bar", "text" or False; or a monitor, which may
                  end training, such as widgets.training_monitor()
    on_epoch      function of the history, called after every epoch, once that is kept; training ends when it returns
                  True
    process       one of several that train together, from join(); all are given the same batches and take their rows of
                  them. Only the first shows progress and writes; a monitor may end training after an epoch. A data
                  set that draws at random itself would do so differently in each: augment in Batches

    The model goes to batches.device where there is one; otherwise the batches go to the model's device. The best epoch
    has the highest accuracy, then the lowest loss, in validation if there is one. `seconds` counts training only.
    An epoch that a monitor ended is validated and kept like a whole one; its loss and accuracy are those so far.
    Raises FloatingPointError when the loss stops being finite.
    """
    guards.check_fit(model, batches, epochs, optimizer, loss, scheduler, clip, precision, folder, resume)
    guards.check_process("fit", process)
    guards.check_looks(validation, on_epoch)
    guards.check_shared_loss(loss, process)
    if folder is not None and process.first:
        prepare(folder)
    device = place(model, batches)
    scaler = torch.amp.GradScaler(device.type, init_scale=1024, enabled=precision == "float16")  # else it does nothing
    kept = (folder, model, optimizer, scheduler, scaler, (batches, validation), device)
    history = load_checkpoint(*kept, process) if resume else History()

    with (
        _mode(model, training=True),
        process.together(model) as net,
        Progress(process.first and progress, batches, epochs, done=len(history)) as bar,
    ):
        for epoch in range(len(history) + 1, epochs + 1):
            start = time.perf_counter()
            meter = Meter()
            process.part_random()
            for x, labels in process.rows(guards.pairs("fit", batches, device)):
                logits = _logits(net, x, precision)
                cost = cost_of("fit", loss, logits, labels)
                meter.add(cost, logits, labels)
                guards.check_finite(meter.losses, epoch, x, optimizer)
                optimizer.zero_grad()
                scaler.scale(process.weigh(cost, len(x))).backward()
                if clip is not None:
                    scaler.unscale_(optimizer)
                    nn.utils.clip_grad_norm_(model.parameters(), clip)
                scaler.step(optimizer)
                scaler.update()
                if scheduler is not None:
                    scheduler.step()
                if bar.batch(epoch, meter) and process.world == 1:
                    break
            guards.check_finite(meter.losses, epoch, x, optimizer, now=True)
            trained = meter.result(process)
            row = {"epoch": epoch, "loss": trained.loss, "accuracy": trained.accuracy}
            seconds = time.perf_counter() - start
            if validation is not None:
                seen = evaluate(model, validation, loss, precision=precision, process=process)
                row |= {"val_loss": seen.loss, "val_accuracy": seen.accuracy}
            history.rows.append(row | {"seconds": seconds})
            bar.epoch(history.rows[-1])
            if folder is not None:
                if process.first:
                    save_checkpoint(*kept, history)
                process.wait()  # whoever dies in on_epoch finds this epoch kept
            if process.any((on_epoch is not None and on_epoch(history) is True) or bar.ended):
                break
    return history


def evaluate(model, batches, loss=None, *, precision=None, flips=False, process=ALONE):
    """Loss and accuracy of the model on the batches, averaged over images, with dropout and the like switched off.

    batches       as in fit
    loss          as in fit
    precision     as in fit
    flips         ask about each image and its mirror image, and take the mean of both logits
    process       as in fit
    returns       Result(loss, accuracy, images)
    """
    guards.check_model("evaluate", model, loss)
    guards.check_precision("evaluate", precision)
    guards.check_process("evaluate", process)
    device = place(model, batches)
    meter = Meter()
    with _mode(model, training=False), torch.inference_mode():
        for x, labels in process.rows(guards.pairs("evaluate", batches, device)):
            logits = _logits(model, x, precision, flips)
            meter.add(cost_of("evaluate", loss, logits, labels), logits, labels)
    return meter.result(process)


def predict_logits(model, batches, *, precision=None, flips=False):
    """What the model says about every image, in the order of the batches, and the true labels beside it.

    batches       as in fit
    precision     as in fit
    flips         as in evaluate
    returns       logits (n, classes) and labels (n,), on the CPU
    """
    guards.check_model("predict_logits", model)
    guards.check_precision("predict_logits", precision)
    device = place(model, batches)
    logits, truth = [], []
    with _mode(model, training=False), torch.no_grad():
        for x, labels in guards.pairs("predict_logits", batches, device):
            logits.append(_logits(model, x, precision, flips).cpu())
            truth.append(labels.cpu())
    return torch.cat(logits), torch.cat(truth)


def _logits(model, x, precision, flips=False):
    """What the model says of x, with 16 bits on the way if wished; what comes out has 32 again."""
    if flips:
        return (_logits(model, x, precision) + _logits(model, x.flip(-1), precision)) / 2
    if not len(x):  # fewer rows than processes, and none for this one
        return _of_no_rows(model, x)
    if precision is None:
        return model(x)
    with torch.autocast(x.device.type, getattr(torch, precision)):
        logits = model(x)
    return logits.float() if isinstance(logits, torch.Tensor) else logits


def _of_no_rows(model, x):
    try:
        return model(x)
    except RuntimeError as error:
        raise ValueError(
            "fit: a process has no row of the last batch, and the model cannot take a batch of none. A row for each "
            "is needed. Pass drop_last=True, or build the model with nn.Flatten in place of view."
        ) from error


def cost_of(function, loss, logits, labels):
    """The mean loss of one batch, after a look at whether logits and labels fit together."""
    if not len(labels):
        return logits.sum()  # 0, and so are all its slopes
    guards.check_logits(function, logits, labels, default=loss is None)
    cost = F.cross_entropy(logits, labels) if loss is None else loss(logits, labels)
    guards.check_cost(function, cost)
    return cost


def place(model, batches):
    """The device to work on: the batches' own, where the model is then moved, else the one where the model is."""
    device = getattr(batches, "device", None)
    if device is None:
        device = next((p.device for p in model.parameters()), torch.device("cpu"))
    model.to(device)
    return device


@contextmanager
def _mode(model, training):
    """Training or evaluation mode for a while; then every layer is again in the mode in which it was."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode
