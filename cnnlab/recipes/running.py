"""From a recipe's numbers to training: each part is a few lines of PyTorch."""

import copy
import inspect
import time

import torch
from torch import nn

from .. import data, train
from .asked import check_dataset, known, maker
from .precision import gpu_has_bfloat16, suited
from .table import RECIPES


def run(
    recipe,
    dataset,
    seed=0,
    *,
    model=None,
    validation=None,
    folder=None,
    resume=False,
    progress=True,
    on_epoch=None,
    device=None,
    process=train.ALONE,
):
    """Train as the recipe says, with a precision that suits the device, and return the model and its train.History.

    recipe        a Recipe, or its name in RECIPES
    dataset       what data.load returns
    seed          decides initial weights, orders and augmentation
    model         train this one, as it is, instead of the recipe's own; build it after train.seed for a run that can be
                  repeated
    validation    how many training images to set aside and judge after every epoch (a count or a share); None: none.
                  Or a pair (x, y) to judge on
    folder, resume, progress, on_epoch, process   as in train.fit; where there are several processes nothing is compiled
    device        None: the process's own, or the fastest here

    history.startup has the seconds of compiling before the first epoch, which `seconds` does not count.
    """
    device = device or process.device or data.device()
    recipe = suited(known("run", recipe), device)
    check_dataset("run", dataset)
    train.seed(seed)
    x, y, judged = dataset.x_train, dataset.y_train, validation
    if validation is not None and not isinstance(validation, tuple):
        (x, y), judged = dataset.split(validation)
    batches = batches_of(recipe, dataset, x, y, training=True, device=device)
    if judged is not None:
        judged = batches_of(recipe, dataset, *judged, device=device)
    if model is None:
        model = build(recipe, dataset, x)
    if recipe.channels_last:
        model.to(memory_format=torch.channels_last)
    optimizer = optimizer_of(recipe, model)
    startup = _compile(recipe, model, batches) if recipe.compile and process.world == 1 else 0.0
    history = train.fit(
        model,
        batches,
        judged,
        epochs=recipe.epochs,
        optimizer=optimizer,
        loss=loss_of(recipe),
        scheduler=scheduler_of(recipe, optimizer, steps=recipe.epochs * len(batches)),
        precision=recipe.precision,
        folder=folder,
        resume=resume,
        progress=progress,
        on_epoch=on_epoch,
        process=process,
    )
    history.startup = startup
    return model, history


def test(recipe, model, dataset, x=None, y=None, device=None, process=train.ALONE):
    """Loss and accuracy on the test images, or on x and y, judged as the recipe says: its precision, its test flips.

    returns       train.Result(loss, accuracy, images); the loss is plain cross-entropy
    """
    device = device or process.device or data.device()
    recipe = suited(known("test", recipe), device)
    check_dataset("test", dataset)
    x, y = (dataset.x_test, dataset.y_test) if x is None else (x, y)
    batches = batches_of(recipe, dataset, x, y, device=device)
    return train.evaluate(model, batches, precision=recipe.precision, flips=recipe.test_flips, process=process)


def pick():
    """The CIFAR-10 recipe for this machine: the laptop's where there is no GPU of NVIDIA's."""
    if not torch.cuda.is_available():
        return RECIPES["cifar10-laptop"]
    return RECIPES["cifar10-big" if gpu_has_bfloat16() else "cifar10-colab"]


def build(recipe, dataset, x=None):
    """The recipe's model for pictures such as x, the training images if None; a fixed first layer is read off them."""
    make = maker(recipe)
    x = dataset.x_train if x is None else x
    channels, size = x.shape[1:3]
    pictures = {"in_channels": channels} | ({"size": size} if "size" in inspect.signature(make).parameters else {})
    model = make(classes=len(dataset.classes), **pictures, **recipe.model_options)
    if hasattr(model, "whiten"):
        model.whiten(data.normalise(x[:1000], dataset.mean, dataset.sd))
    return model


def batches_of(recipe, dataset, x, y, training=False, device=None):
    """Batches of the images x: shuffled and augmented for training, as they are for judging."""
    augments = [data.random_crop(recipe.crop)] * (recipe.crop > 0) + [data.random_flip()] * (recipe.flip == "random")
    return data.Batches(
        x,
        y,
        recipe.batch_size if training else 1000,
        mean=dataset.mean,
        sd=dataset.sd,
        shuffle=training,
        augment=data.compose(*augments) if training and augments else None,
        alternate=training and recipe.flip == "alternating",
        device=data.device() if device is None else device,
        drop_last=training and recipe.compile,  # every batch of one shape: another one would be compiled anew
        memory_format="channels_last" if recipe.channels_last else None,
    )


def optimizer_of(recipe, model):
    """The recipe's optimizer of all that is trained in the model."""
    weights = [p for p in model.parameters() if p.requires_grad]
    if recipe.optimizer == "Adam":
        return torch.optim.Adam(weights, recipe.rate, weight_decay=recipe.weight_decay)
    return torch.optim.SGD(
        weights,
        recipe.rate,
        momentum=recipe.momentum,
        nesterov=recipe.optimizer == "Nesterov SGD",
        weight_decay=recipe.weight_decay,
    )


def scheduler_of(recipe, optimizer, steps):
    """The learning rate over so many steps, one per batch: a torch.optim.lr_scheduler, or None for a constant rate."""
    schedules = torch.optim.lr_scheduler
    if recipe.schedule == "constant":
        return None
    if recipe.schedule == "steps":
        return schedules.MultiStepLR(optimizer, [round(share * steps) for share in recipe.milestones], gamma=0.1)
    warm_up = recipe.warm_up
    if warm_up * steps == 1:  # the first step is the highest: OneCycleLR would divide by the none before it
        warm_up += 1e-6
    return schedules.OneCycleLR(
        optimizer,
        recipe.rate,
        total_steps=steps,
        pct_start=warm_up,
        anneal_strategy="linear" if recipe.schedule == "triangular" else "cos",
        cycle_momentum=recipe.optimizer == "Adam",
    )


def loss_of(recipe):
    """Cross-entropy, with labels as smooth as the recipe says."""
    return nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)


def _compile(recipe, model, batches):
    """Compile the model for training by one step forward and back that leaves no trace; return the seconds it took."""
    start = time.perf_counter()
    model.to(batches.device).train()
    before, epoch = copy.deepcopy(model.state_dict()), batches.epoch
    x, labels = next(iter(batches))
    precision = {"dtype": getattr(torch, recipe.precision)} if recipe.precision else {"enabled": False}
    model.compile()
    with torch.random.fork_rng([x.device] if x.is_cuda else []):
        with torch.autocast(x.device.type, **precision):
            logits = model(x)
        loss_of(recipe)(logits.float(), labels).backward()
    model.zero_grad()
    model.load_state_dict(before)  # batch norm has looked at the batch
    batches.epoch = epoch
    if x.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start
