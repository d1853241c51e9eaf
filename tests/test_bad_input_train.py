"""What training refuses: each row is a mistake, and the words that name it and its cure."""

import math
import re
import zipfile

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from cnnlab import train
from cnnlab.train import guards, loop

X, LABELS = torch.randn(8, 4), torch.arange(8) % 3
BATCHES = [(X, LABELS)]


def fit(batches=BATCHES, model=None, **options):
    """fit with everything in order but for what the row names."""
    model = nn.Linear(4, 3) if model is None else model
    options = {"epochs": 1, "optimizer": torch.optim.SGD(model.parameters(), 0.1), "progress": False} | options
    return train.fit(model, batches, **options)


def built(scheduler, **options):
    """fit with a scheduler, made from the run's own optimizer."""
    model = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    return fit(model=model, optimizer=optimizer, scheduler=scheduler(optimizer), **options)


LINEAR = nn.Linear(4, 3)
ADAM = torch.optim.Adam(LINEAR.parameters())

# what is done, error, words of the message
ARGUMENTS = [
    (lambda: fit(epochs=0), ValueError, r"fit: epochs=0. At least 1 is needed"),
    (lambda: fit(epochs=2.0), TypeError, r"fit: epochs=2.0 is a float. A whole number"),
    (
        lambda: train.fit(nn.Linear, BATCHES, epochs=1, optimizer=ADAM),
        TypeError,
        r"model is the class Linear.*built one",
    ),
    (lambda: train.evaluate(None, BATCHES), TypeError, r"evaluate: model is a NoneType. An nn.Module"),
    (lambda: train.predict_logits("net", BATCHES), TypeError, r"predict_logits: model is a str"),
    (
        lambda: fit(optimizer=torch.optim.Adam),
        TypeError,
        r"optimizer is the class Adam. A built optimizer.*parameters\(\)",
    ),
    (lambda: fit(optimizer=0.1), TypeError, r"optimizer is a float. A built optimizer"),
    (lambda: fit(optimizer=ADAM), ValueError, r"optimizer holds none of this model's parameters.*model.parameters\(\)"),
    (lambda: fit(loss=nn.CrossEntropyLoss), TypeError, r"fit: loss=<class.*Pass a built one, such as nn.Cross"),
    (lambda: train.evaluate(LINEAR, BATCHES, "mse"), TypeError, r"evaluate: loss='mse' cannot be called"),
    (lambda: fit(loss=nn.CrossEntropyLoss(reduction="none")), ValueError, r"loss returned \(8,\).*reduction='mean'"),
    (lambda: fit(loss=lambda z, y: 1.0), ValueError, r"loss returned a float. One number"),
    (lambda: fit(progress=object), ValueError, r"progress=<class 'object'>. True, False, 'bar', 'text' or a monitor"),
    (lambda: fit(progress="loud"), ValueError, r"progress='loud'. True, False, 'bar', 'text' or a monitor is needed"),
    (lambda: fit(clip=0), ValueError, r"fit: clip=0. A length above 0 is needed. Pass clip=1.0"),
    (lambda: fit(clip=True), ValueError, r"fit: clip=True. A length above 0"),
    (lambda: fit(precision="fp16"), ValueError, r"fit: precision='fp16'. None, 'bfloat16' or 'float16' is needed"),
    (lambda: fit(precision=torch.bfloat16), ValueError, r"precision=torch.bfloat16. None, 'bfloat16'"),
    (lambda: train.evaluate(LINEAR, BATCHES, precision=16), ValueError, r"evaluate: precision=16. None,"),
    (lambda: train.predict_logits(LINEAR, BATCHES, precision=16), ValueError, r"predict_logits: precision=16. None,"),
    (lambda: fit(resume=True), ValueError, r"resume=True but folder=None.*Pass folder="),
    (lambda: fit(folder=__file__), ValueError, r"folder='.*test_bad_input_train.py' is a file. A folder is needed"),
    (lambda: fit(folder=f"{__file__}/runs"), NotADirectoryError, r"folder='.*runs' cannot be written to \(Not a direc"),
    (lambda: fit(on_epoch=5), TypeError, r"fit: on_epoch=5 cannot be called. A function of the history"),
    (lambda: fit(epochs=10**9, validation=X), TypeError, r"evaluate: batches is a Tensor"),  # before the first epoch
    (
        lambda: fit(loss=nn.CrossEntropyLoss(weight=torch.ones(3)), process=train.Process(0, 2)),
        ValueError,
        r"CrossEntropyLoss weighs classes or leaves one out. In several processes a plain mean",
    ),
    (lambda: fit(loss=nn.CrossEntropyLoss(ignore_index=0), process=train.Process(0, 2)), ValueError, r"leaves one out"),
    (lambda: fit(scheduler="cosine"), TypeError, r"scheduler is a str. A scheduler of torch.optim.lr_scheduler"),
    (lambda: fit(scheduler=lr_scheduler.LinearLR(ADAM)), ValueError, r"scheduler drives another optimizer"),
    (lambda: built(lr_scheduler.ReduceLROnPlateau), ValueError, r"ReduceLROnPlateau.*once per batch. Call .*on_epoch"),
    (  # steps counted in epochs, the classic slip with one-cycle
        lambda: built(lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=2), epochs=3, batches=BATCHES * 5),
        ValueError,
        r"ends after 2 steps but 3 epochs of 5 batches are 15.*total_steps=15",
    ),
    (lambda: train.seed("0"), TypeError, r"seed: number='0' is a str"),
    (lambda: train.seed(-1), ValueError, r"seed: number=-1. A number from 0"),
]


@pytest.mark.parametrize(("do", "error", "words"), ARGUMENTS)
def test_arguments(do, error, words):
    with pytest.raises(error, match=words):
        do()


def test_a_model_that_cannot_take_the_share_of_nobody():
    """Of a batch of one, the second of two processes has no row."""

    class View(nn.Linear):
        def forward(self, x):
            return super().forward(x.view(len(x), -1))

    with pytest.raises(ValueError, match=r"no row of the last batch.*Pass drop_last=True, or build .* nn.Flatten"):
        loop._logits(View(4, 3), X[:0], None)
    assert loop._logits(LINEAR, X[:0], None).shape == (0, 3)


# batches, error, words of the message
BAD_BATCHES = [
    ([], ValueError, r"batches gave no batch. At least one"),
    (iter([]), ValueError, r"batches gave no batch.*a generator is empty after its first use"),
    (X, TypeError, r"batches is a Tensor. Something that gives \(x, labels\)"),  # the images without their labels
    (12, TypeError, r"batches is a int. Something"),
    ([X], ValueError, r"batch 1 is a Tensor. A pair \(x, labels\)"),
    ([(X, LABELS, LABELS)], ValueError, r"batch 1 is a tuple of 3. A pair"),
    ([(X, [0, 1, 2])], TypeError, r"batch 1 holds a Tensor and a list. Two tensors"),
    ([(X, LABELS), (X[:5], LABELS)], ValueError, r"batch 2 has x \(5, 4\) and labels \(8,\).*one label for each"),
    ([(X[:0], LABELS[:0])], ValueError, r"batch 1 has x \(0, 4\).*At least one image"),
    ([(X[0, 0], LABELS[0])], ValueError, r"batch 1 has x \(\) and labels \(\)"),
    ([((X * 50).byte(), LABELS)], ValueError, r"batch 1 has x of uint8. Floats.*x.float\(\) / 255"),
]


@pytest.mark.parametrize(("batches", "error", "words"), BAD_BATCHES)
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("fit", fit),
        ("evaluate", lambda batches: train.evaluate(LINEAR, batches)),
        ("predict_logits", lambda batches: train.predict_logits(LINEAR, batches)),
        ("evaluate", lambda batches: fit(validation=batches)),
    ],
)
def test_batches(name, function, batches, error, words):
    with pytest.raises(error, match=f"{name}: {words}"):
        function(batches)


class Returns(nn.Module):
    """A model that returns what it is told to."""

    def __init__(self, output):
        super().__init__()
        self.weight, self.output = nn.Parameter(torch.zeros(())), output

    def forward(self, x):
        return self.output


FLAT = torch.zeros(8)
BCE = nn.BCEWithLogitsLoss()

# what the model returns, labels, loss, words of the message
BAD_LABELS = [
    (
        LINEAR(X),
        LABELS.int(),
        None,
        r"logits (8, 3) for labels (8,) int32. Cross-entropy needs int64 classes. Use labels.long()",
    ),
    (LINEAR(X), LABELS.float(), None, r"labels (8,) float32. Cross-entropy needs int64 classes. Use labels.long()"),
    (LINEAR(X), LABELS[:, None], None, r"labels (8, 1) int64. Logits (n, classes) and labels (n,) are needed"),
    (LINEAR(X), LABELS + 1, None, r"from 1 to 3. Labels from 0 to 2 are needed. Build the model with classes=4"),
    (LINEAR(X), LABELS - 1, None, r"from -1 to 1. Labels from 0 to 2 are needed. Count the labels from 0."),
    (LINEAR(X)[:5], LABELS, None, r"logits (5, 3) for labels (8,)"),  # a reshape mixed the batch
    (torch.zeros(8, 3, 2, 2), LABELS, None, r"logits (8, 3, 2, 2) for labels (8,) int64. Logits (n, classes)"),
    ((LINEAR(X), None), LABELS, None, r"the model returned a tuple. One tensor of logits"),
    (FLAT, LABELS, None, r"A single yes-or-no logit needs float labels"),
    (
        FLAT,
        LABELS.float(),
        None,
        r"Cross-entropy needs one logit per class. For a single yes-or-no logit pass loss=nn.BCE",
    ),
    (
        FLAT[:, None],
        LABELS.float(),
        BCE,
        r"logits (8, 1) for labels (8,) float32. Float targets need the shape of the logits",
    ),
    (
        FLAT,
        LABELS > 0,
        BCE,
        r"labels (8,) bool. A single yes-or-no logit needs float labels of its own shape. Use labels.float()",
    ),
]


@pytest.mark.parametrize(("output", "labels", "loss", "words"), BAD_LABELS)
def test_labels_that_do_not_fit_the_logits(output, labels, loss, words):
    error = TypeError if isinstance(output, tuple) else ValueError
    with pytest.raises(error, match="fit: .*" + re.escape(words)):
        fit([(X, labels)], Returns(output), loss=loss)
    with pytest.raises(error, match="evaluate: .*" + re.escape(words)):
        train.evaluate(Returns(output), [(X, labels)], loss)


def test_one_pass_iterators_are_named_in_the_second_epoch():
    with pytest.raises(ValueError, match="gave no batch.*a generator is empty after its first use"):
        fit((pair for pair in BATCHES), epochs=2)


# A loss that is no number


def test_loss_that_explodes_stops_before_it_spoils_the_weights():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), 1e20)
    words = (
        r"fit: the loss is (nan|inf) in epoch 1, batch \d, at learning rate 1e\+20 with x from -\d.* to \d.*"
        r"Lower the learning rate, normalise x .*clip the gradients with clip=1.0"
    )
    with pytest.raises(FloatingPointError, match=words):
        fit(BATCHES * 9, model, optimizer=optimizer)


def test_nan_names_epoch_and_batch_and_leaves_weights_finite():
    model, poison = nn.Linear(4, 3), X.clone()

    def spoil(history):
        if len(history) == 2:
            poison[0, 0] = math.nan

    with pytest.raises(
        FloatingPointError, match="loss is nan in epoch 3, batch 2, at learning rate 0.1 with x from nan"
    ):
        fit([*BATCHES, (poison, LABELS), *BATCHES], model, epochs=5, on_epoch=spoil)
    assert all(p.isfinite().all() for p in model.parameters())


def test_the_cure_in_the_message_works():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    wild = [(X * 1e8, LABELS)] * 20
    with pytest.raises(FloatingPointError):
        fit(wild, model, optimizer=optimizer)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    assert len(fit(wild, model, optimizer=optimizer, clip=1e-9)) == 1


@pytest.mark.parametrize("batches_after", [1, 3, 9])  # fewer, as many, and more than up to the next look
def test_where_looks_are_rare_the_first_bad_batch_is_named_all_the_same(monkeypatch, batches_after):
    """On a GPU the loss is looked at every few batches, and at the end of the epoch."""
    monkeypatch.setitem(guards.LOOK_EVERY, "cpu", 8)
    poison = (X * math.nan, LABELS)
    batches = [*BATCHES * 12, poison, *BATCHES * batches_after]
    with pytest.raises(FloatingPointError, match="epoch 1, batch 13,"):
        fit(batches)


# History


def test_columns_that_are_not_there():
    history = fit()
    with pytest.raises(
        KeyError, match="column 'val_loss' is not there. There are: epoch, loss.*Pass validation to fit"
    ):
        history["val_loss"]
    with pytest.raises(KeyError, match="column 'acc' is not there.*accuracy"):
        history["acc"]
    with pytest.raises(ValueError, match="History: there is no epoch yet"):
        _ = train.History().best


# Files


@pytest.fixture
def kept(tmp_path):
    fit(epochs=2, folder=tmp_path)
    return tmp_path


def resume(folder, model=None, **options):
    return fit(model=model, epochs=3, folder=folder, resume=True, **options)


def test_half_a_checkpoint_is_never_read_as_a_whole_one(kept):
    last = kept / "last.pt"
    whole = last.read_bytes()
    assert len(resume(kept)) == 3
    for size in [0, 1, 4, 100, *range(500, len(whole), 499), len(whole) - 1]:
        last.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=rf"fit: .*last.pt \({size} bytes\) is damaged.*Delete it and train again"):
            resume(kept)


def test_changed_bytes_of_weights_are_noticed(kept):
    last = kept / "last.pt"
    with zipfile.ZipFile(last) as archive:
        weights = [i for i in archive.infolist() if "/data/" in i.filename]
    whole = bytearray(last.read_bytes())
    for info in weights:
        damaged = bytearray(whole)
        start = info.header_offset + 30 + int.from_bytes(damaged[info.header_offset + 26 :][:2], "little")
        start += int.from_bytes(damaged[info.header_offset + 28 :][:2], "little")
        damaged[start] ^= 255
        last.write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged"):
            resume(kept)


class Stranger:
    """What a hostile file would hold: code that runs when it is read."""

    def __reduce__(self):
        return (open, ("pwned.txt", "w"))


@pytest.mark.parametrize("name", ["last.pt", "best.pt"])
def test_files_that_would_run_code_are_refused(kept, name, monkeypatch):
    monkeypatch.chdir(kept)
    torch.save({"weight": Stranger()}, kept / name)
    with pytest.raises(ValueError, match=f"{name} .*is damaged or no file of weights"):
        resume(kept) if name == "last.pt" else train.load_weights(LINEAR, kept / name)
    assert not (kept / "pwned.txt").exists()


def planned(folder, epochs, resume):
    """One-cycle in a folder beside, whose rate follows the number of steps."""
    return built(
        lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=epochs),
        epochs=epochs,
        folder=folder / "planned",
        resume=resume,
    )


# what is done with a folder in which Linear(4, 3) was trained with SGD, words of the message
OTHER_RUNS = [
    (lambda f: resume(f, nn.Linear(4, 5)), r"another model: weight is \(3, 4\) there and \(5, 4\) in Linear"),
    (lambda f: resume(f, nn.Linear(4, 3, bias=False)), r"another model: bias is \(3,\) there and missing in Linear"),
    (
        lambda f: resume(f, nn.Sequential(nn.Linear(4, 3))),
        r"with Linear, SGD and scheduler None but this run has Sequential",
    ),
    (
        lambda f: resume(f, LINEAR, optimizer=torch.optim.AdamW(LINEAR.parameters())),
        r"with Linear, SGD and scheduler None but this run has Linear, AdamW and scheduler None. The same three",
    ),
    (
        lambda f: train.load_weights(nn.Linear(2, 3), f / "best.pt"),
        r"load_weights: .*best.pt holds the weights of another",
    ),
    (lambda f: train.load_weights(LINEAR, f / "first.pt"), r"load_weights: .*first.pt is not there.*folder="),
    (lambda f: (torch.save([1], f / "list.pt"), train.load_weights(LINEAR, f / "list.pt")), r"list.pt holds a list"),
    (lambda f: (torch.save({}, f / "last.pt"), resume(f)), r"last.pt is no checkpoint of fit"),
    (lambda f: (torch.save({"made_by": []}, f / "last.pt"), resume(f)), r"last.pt is no checkpoint of fit"),
    (lambda f: resume(f, validation=BATCHES), r"of a run without validation, and this one is with it. The same is"),
    (
        lambda f: resume(f, LINEAR, optimizer=torch.optim.SGD([{"params": [p]} for p in LINEAR.parameters()], 0.1)),
        r"was saved with an optimizer of other parameters. The same groups are needed",
    ),
    (
        lambda f: [planned(f, epochs, resume=True) for epochs in (3, 4)],
        r"last.pt is of a run planned for 3 steps, but this scheduler has 4. The same are needed",
    ),
    (
        lambda f: ((f / "x.pt").write_text("hello"), train.load_weights(LINEAR, f / "x.pt")),
        r"x.pt \(5 bytes\) is damaged",
    ),
]


@pytest.mark.parametrize(("do", "words"), OTHER_RUNS)
def test_files_of_another_run(kept, do, words):
    before = LINEAR.weight.clone()
    with pytest.raises(ValueError, match=words):
        do(kept)
    assert torch.equal(LINEAR.weight, before)  # nothing half loaded
