"""Training: the same numbers as the loop written out, averages over images, and runs that survive a cut."""

import copy
import math
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from equal import same
from small import as_list, images, small_net
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from cnnlab import data, models, train
from cnnlab.train import checkpoint


def test_fit_is_the_loop_written_out():
    train.seed(0)
    net = small_net()
    twin = copy.deepcopy(net)

    train.seed(1)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=8)
    history = train.fit(net, as_list(), epochs=2, optimizer=optimizer, scheduler=scheduler, progress=False)

    train.seed(1)
    optimizer = torch.optim.SGD(twin.parameters(), 0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=8)  # 2 epochs of 4 batches
    losses = []
    for _ in range(2):
        for x, labels in as_list():
            loss = F.cross_entropy(twin(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item() * len(labels))
    assert same(net.state_dict(), twin.state_dict())
    assert history["loss"] == pytest.approx([sum(losses[:4]) / 50, sum(losses[4:]) / 50])
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


def test_clip_shortens_long_gradients_only():
    """One step of SGD with learning rate 1 moves the weights by the gradient."""
    moved = {}
    for clip in (None, 0.1, 1e9):
        train.seed(0)
        net = nn.Linear(4, 3)
        before = torch.cat([p.detach().flatten().clone() for p in net.parameters()])
        batches = [(torch.ones(5, 4), torch.zeros(5, dtype=torch.int64))]
        sgd = torch.optim.SGD(net.parameters(), 1.0)
        train.fit(net, batches, epochs=1, optimizer=sgd, clip=clip, progress=False)
        moved[clip] = torch.cat([p.detach().flatten() for p in net.parameters()]) - before
    assert moved[None].norm() > 0.5 and torch.equal(moved[None], moved[1e9])
    torch.testing.assert_close(moved[0.1], moved[None] * (0.1 / moved[None].norm()), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_precision_is_the_loop_with_autocast(precision, clip):
    """In float16 the loss is scaled up before, and the gradients down after, backward: small ones survive."""
    train.seed(0)
    net = small_net()
    twin = copy.deepcopy(net)

    train.seed(1)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    train.fit(net, as_list(), epochs=2, optimizer=optimizer, precision=precision, clip=clip, progress=False)

    train.seed(1)
    optimizer = torch.optim.SGD(twin.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024, enabled=precision == "float16")
    for _ in range(2):
        for x, labels in as_list():
            with torch.autocast("cpu", getattr(torch, precision)):
                logits = twin(x)
            assert logits.dtype == getattr(torch, precision)
            optimizer.zero_grad()
            scaler.scale(F.cross_entropy(logits.float(), labels)).backward()
            scaler.unscale_(optimizer)
            if clip is not None:
                nn.utils.clip_grad_norm_(twin.parameters(), clip)
            scaler.step(optimizer)
            scaler.update()
    assert same(net.state_dict(), twin.state_dict())
    assert all(p.dtype == torch.float32 for p in net.parameters())


def test_float16_keeps_gradients_that_are_small():
    """Without the scaler they would be 0: float16 ends at 6e-8."""
    moved = {}
    for precision in (None, "float16"):
        net = nn.Linear(4, 3, bias=False)
        nn.init.zeros_(net.weight)
        batches = [(torch.ones(8, 4), torch.tensor([0, 1] * 4))]
        tiny = torch.optim.SGD(net.parameters(), 1e7)

        def loss(logits, labels):
            return F.cross_entropy(logits, labels) * 1e-7

        train.fit(net, batches, epochs=1, optimizer=tiny, loss=loss, precision=precision, progress=False)
        moved[precision] = net.weight.detach()
    assert moved[None].abs().max() > 0.1
    torch.testing.assert_close(moved["float16"], moved[None], rtol=2e-2, atol=2e-3)


def test_a_resumed_run_in_float16_goes_on_with_the_scale_that_it_had(tmp_path):
    """The loss is so large that steps are left out until the scale has come down; begun anew, it would skip more."""

    def large(logits, labels):
        return F.cross_entropy(logits, labels) * 1e4

    def go(**options):
        train.seed(0)
        net = small_net()
        sgd = torch.optim.SGD(net.parameters(), 1e-5)
        train.fit(net, as_list(), optimizer=sgd, loss=large, precision="float16", progress=False, **options)
        return net.state_dict()

    whole = go(epochs=3)
    go(epochs=2, folder=tmp_path)
    scale = checkpoint.read("test", tmp_path / "last.pt")["scaler"]["scale"]
    assert scale < 1024 / 4  # half as much after each step that was left out
    assert same(go(epochs=3, folder=tmp_path, resume=True), whole)


def test_looking_with_16_bits_and_with_the_mirror_image():
    train.seed(0)
    net, (x, labels) = small_net().eval(), images()
    with torch.autocast("cpu", torch.bfloat16):
        rounded = net(x).float().detach()
    logits, _ = train.predict_logits(net, as_list(), precision="bfloat16")
    assert logits.dtype == torch.float32 and torch.equal(logits, rounded) and not torch.equal(logits, net(x))
    assert train.evaluate(net, as_list(), precision="bfloat16").loss == pytest.approx(
        F.cross_entropy(rounded, labels).item(), rel=1e-5
    )
    both = ((net(x) + net(x.flip(3))) / 2).detach()
    torch.testing.assert_close(train.predict_logits(net, as_list(), flips=True)[0], both)
    assert train.evaluate(net, as_list(), flips=True).loss == pytest.approx(F.cross_entropy(both, labels).item())


@pytest.mark.parametrize("options", [{"loss": lambda z, y: 3 * F.cross_entropy(z, y)}, {"precision": "bfloat16"}])
def test_validation_looks_as_training_does(options):
    """With the loss and the precision that were asked for."""
    train.seed(0)
    net = small_net()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    row = train.fit(net, as_list(), as_list(), epochs=1, optimizer=optimizer, progress=False, **options).rows[-1]
    seen = train.evaluate(net, as_list(), options.get("loss"), precision=options.get("precision"))
    assert (row["val_loss"], row["val_accuracy"]) == (seen.loss, seen.accuracy)
    assert row["val_loss"] != train.evaluate(net, as_list()).loss


def test_averages_are_over_images():
    """The last batch has 2 images of 50; as a mean over 4 batches they would count six times too much."""
    train.seed(0)
    net, (x, labels) = small_net().eval(), images()
    logits = net(x)
    loss, accuracy = F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).float().mean().item()
    result = train.evaluate(net, as_list())
    assert result == (pytest.approx(loss), pytest.approx(accuracy), 50)
    by_batch = sum(F.cross_entropy(net(x), y).item() for x, y in as_list()) / 4
    assert abs(by_batch - result.loss) > 0.01  # the wrong average is another number here

    still = torch.optim.SGD(net.parameters(), 0.0)  # learning rate 0: fit must report the same loss
    net[1].momentum, net[4].p = 0.0, 0.0
    batch_mode = [net.train()(x) for x, _ in as_list()]
    expected = sum(F.cross_entropy(z, y).item() * len(y) for z, (_, y) in zip(batch_mode, as_list(), strict=True))
    history = train.fit(net, as_list(), epochs=1, optimizer=still, progress=False)
    assert history["loss"] == [pytest.approx(expected / 50)]


def test_it_learns_from_every_kind_of_batches():
    x, labels = images(300)
    pixels = ((x + 4) / 8 * 255).clamp(0, 255).to(torch.uint8)
    kinds = {
        "list": list(zip(x.split(32), labels.split(32), strict=True)),
        "DataLoader": DataLoader(TensorDataset(x, labels), batch_size=32, shuffle=True),
        "Batches": data.Batches(pixels, labels, 32, mean=(0.5,), sd=(0.125,), shuffle=True, seed=0),
    }
    for name, batches in kinds.items():
        train.seed(0)
        net = small_net()
        history = train.fit(
            net, batches, batches, epochs=5, optimizer=torch.optim.Adam(net.parameters(), 0.01), progress=False
        )
        assert history["val_accuracy"][-1] > 0.9, name
        assert history["val_loss"][-1] < history["loss"][0], name


# loss, targets, model's output, share that is right
KINDS = [
    (None, torch.tensor([0, 1, 2]), [[2.0, 0, 0], [0, 2, 0], [2, 0, 0]], 2 / 3),  # classes
    (nn.BCEWithLogitsLoss(), torch.tensor([1.0, 0, 1]), [0.2, 0.2, 2], 2 / 3),  # one logit, as AllEqual
    (nn.BCEWithLogitsLoss(), torch.tensor([[1.0], [0], [1]]), [[1.0], [-1], [-2]], 2 / 3),
    (None, torch.tensor([[0.9, 0.1], [0.4, 0.6], [0, 1]]), [[3.0, 0], [0, 3], [3, 0]], 2 / 3),  # soft labels
    (nn.MSELoss(), torch.ones(3, 1, 2, 2), torch.ones(3, 1, 2, 2).tolist(), math.nan),  # pictures: no accuracy
]


@pytest.mark.parametrize(("loss", "labels", "logits", "accuracy"), KINDS)
def test_accuracy_follows_the_kind_of_labels(loss, labels, logits, accuracy):
    result = train.evaluate(nn.Identity(), [(torch.tensor(logits), labels)], loss)
    assert result.accuracy == pytest.approx(accuracy, nan_ok=True)
    assert result.images == 3


def test_all_equal_learns_with_one_logit():
    bits = (torch.arange(512)[:, None] >> torch.arange(9) & 1).float().view(512, 1, 3, 3)
    equal = (bits.flatten(1).mean(1) % 1 == 0).float()
    train.seed(0)
    net = models.AllEqual(filters=8)
    history = train.fit(
        net,
        [(bits, equal)],
        epochs=100,
        optimizer=torch.optim.Adadelta(net.parameters(), lr=1.0),
        loss=nn.BCEWithLogitsLoss(),
        progress=False,
    )
    assert history["loss"][-1] < history["loss"][0] / 5
    assert history["accuracy"][-1] >= 510 / 512


class Spy(nn.Module):
    """Notes in which mode and with which kind of gradient bookkeeping it was asked."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, torch.is_grad_enabled(), torch.is_inference_mode_enabled()))
        return self.linear(x)


def test_modes_are_set_and_put_back():
    net, batches = Spy(), [(torch.randn(3, 4), torch.tensor([0, 1, 0]))]
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    net.eval()
    net.linear.train()  # a layer in another mode than the model stays so
    train.fit(net, batches, batches, epochs=2, optimizer=optimizer, progress=False)
    learning, looking = (True, True, False), (False, False, True)
    assert net.seen == [learning, looking] * 2  # also after the first evaluation
    assert not net.training and net.linear.training

    train.predict_logits(net, batches)
    assert net.seen[-1] == (False, False, False)  # logits that autograd may use later
    assert not net.training and net.linear.training

    with pytest.raises(ValueError, match="batch 2"):
        train.fit(net, [*batches, ()], epochs=1, optimizer=optimizer, progress=False)
    assert not net.training and net.linear.training


def test_model_goes_where_the_batches_are():
    class Elsewhere(list):
        device = torch.device("meta")  # stands for a GPU: it has shapes and no numbers

    net, x = nn.Linear(4, 2), torch.zeros(3, 4)
    with pytest.raises(NotImplementedError, match="meta"):  # no numbers can be read from there
        train.evaluate(net, Elsewhere([(x.to("meta"), torch.tensor([0, 1, 0]))]))
    assert net.weight.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_batches_go_where_the_model_is():
    net = models.LeNet().cuda()
    batches = [(torch.randn(8, 1, 28, 28), torch.arange(8))]
    history = train.fit(net, batches, epochs=2, optimizer=torch.optim.Adam(net.parameters()), progress=False)
    assert next(net.parameters()).is_cuda and history["loss"][1] < history["loss"][0]
    logits, labels = train.predict_logits(net, batches)
    assert not logits.is_cuda and not labels.is_cuda


def test_predict_logits_keeps_the_order():
    net, (x, labels) = small_net().eval(), images()
    logits, truth = train.predict_logits(net, as_list())
    assert torch.equal(truth, labels)
    torch.testing.assert_close(logits, net(x).detach())


# What is seen


def fit_small(epochs=2, **options):
    train.seed(0)
    net = small_net()
    return train.fit(net, as_list(), epochs=epochs, optimizer=torch.optim.SGD(net.parameters(), 0.1), **options)


def test_history_is_rows_columns_and_a_table():
    history = fit_small(epochs=3, validation=as_list(), progress=False)
    assert len(history) == 3 and [row["epoch"] for row in history] == [1, 2, 3]
    assert list(history.rows[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"]
    assert history["loss"] == [row["loss"] for row in history.rows]
    assert repr(history) == "History(epochs=3)"  # no number that differs between machines
    head, *lines = str(history).splitlines()
    assert head.split() == list(history.rows[0]) and len(lines) == 3
    assert {len(line) for line in lines} == {len(head)}
    assert lines[0].split()[1] == f"{history['loss'][0]:.4f}"


def test_history_without_validation():
    history = fit_small(progress=False)
    assert list(history.rows[0]) == ["epoch", "loss", "accuracy", "seconds"]
    assert "val_loss" not in str(history) and str(train.History()) == "History(epochs=0)"


# rows of (accuracy, loss), the epoch that is best
BEST = [
    ([(0.5, 1.0), (0.7, 2.0), (0.6, 0.5)], 2),  # accuracy comes first
    ([(0.7, 1.0), (0.7, 0.8), (0.7, 0.9)], 2),  # then loss
    ([(0.7, 1.0), (0.7, 1.0)], 1),  # then the earlier one
    ([(math.nan, 3.0), (math.nan, 2.0)], 2),  # pictures have no accuracy
]


@pytest.mark.parametrize(("rows", "epoch"), BEST)
@pytest.mark.parametrize("side", ["", "val_"])
def test_best_epoch(rows, epoch, side):
    opposite = {"accuracy": 0.1, "loss": 0.1} if side else {}
    rows = [
        {"epoch": i, **opposite, side + "accuracy": accuracy, side + "loss": loss}
        for i, (accuracy, loss) in enumerate(rows, 1)
    ]
    assert train.History(rows).best["epoch"] == epoch


def test_text_has_one_line_per_epoch(capsys):
    fit_small(validation=as_list())  # under pytest nothing is a terminal, so the default is text
    out, err = capsys.readouterr()
    first, second = out.splitlines()
    assert first.startswith("epoch 1 of 2: loss ") and second.startswith("epoch 2 of 2: loss ")
    assert ", validation loss " in first and first.endswith(" s") and err == ""


def test_silence(capsys):
    fit_small(progress=False)
    assert capsys.readouterr() == ("", "")


def test_bar_counts_batches_and_shows_the_last_epoch(capsys):
    history = fit_small(progress="bar")
    out, err = capsys.readouterr()
    last = err.split("\r")[-1]
    assert out == "" and "8/8" in last and "epoch 2 of 2" in last
    assert f"loss {history['loss'][-1]:.4f}, accuracy {history['accuracy'][-1]:.2%}" in last


def test_bar_of_batches_without_length(capsys):
    class Endless:
        def __iter__(self):
            return iter(as_list())

    train.seed(0)
    net = small_net()
    train.fit(net, Endless(), epochs=2, optimizer=torch.optim.SGD(net.parameters(), 0.1), progress="bar")
    assert "8batch" in capsys.readouterr().err


NOTEBOOK = """
import torch
from cnnlab import train
net = torch.nn.Linear(4, 3)
batches = [(torch.zeros(2, 4), torch.tensor([0, 1]))] * 5
train.fit(net, batches, epochs=2, optimizer=torch.optim.SGD(net.parameters(), 0.1))
"""


def test_bar_in_a_notebook_is_a_widget_with_a_text_that_never_changes():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    bar, result = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in bar.data
    assert bar.data["text/plain"] == "training: 10 batches"
    assert result.data["text/plain"] == "History(epochs=2)"
    widgets = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"].values()
    states = [widget["state"] for widget in widgets]
    bars = [state for state in states if state["_model_name"] == "FloatProgressModel"]
    assert [(state["value"], state["max"], state["bar_style"]) for state in bars] == [(10, 10, "success")]
    html = " ".join(state["value"] for state in states if state["_model_name"] == "HTMLModel")
    words = html.replace("\u2007", " ")  # tqdm writes spaces that are as wide as digits
    assert "epoch 2 of 2" in words and "loss " in words and ", accuracy " in words


class FakeIPython:
    """As IPython in a Jupyter kernel."""

    class Shell:
        kernel = True

    @staticmethod
    def get_ipython():
        return FakeIPython.Shell()


def test_a_notebook_without_widgets_gets_text(monkeypatch, capsys):
    from cnnlab.train import progress

    monkeypatch.setitem(sys.modules, "IPython", FakeIPython)
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    fit_small()
    assert capsys.readouterr().out.startswith("epoch 1 of 2: loss ")


def test_on_epoch_sees_the_history_and_may_end_training():
    lengths = []
    history = fit_small(epochs=9, progress=False, on_epoch=lambda h: lengths.append(len(h)) or len(h) == 3)
    assert lengths == [1, 2, 3] and len(history) == 3


class Monitor:
    """Looks on, and ends training after the given batch (counted over epochs) or epoch."""

    def __init__(self, seen=True, after_batch=None, after_epoch=None):
        self.seen, self.after_batch, self.after_epoch = seen, after_batch, after_epoch
        self.told, self.batches = [], 0

    def begin(self, epochs, batches, done):
        self.told.append(("begin", epochs, batches, done))
        return self.seen

    def batch(self, epoch, meter):
        self.batches += 1
        self.told.append(("batch", epoch, len(meter.losses), sum(meter.images)))
        assert len(meter.losses) == len(meter.correct) == len(meter.images)
        return self.batches == self.after_batch

    def epoch(self, row):
        self.told.append(("epoch", row["epoch"]))
        return row["epoch"] == self.after_epoch

    def end(self):
        self.told.append("end")


def test_a_monitor_is_told_of_every_batch_and_epoch(capsys):
    monitor = Monitor()
    history = fit_small(epochs=2, progress=monitor)
    batches = [(1, 16), (2, 32), (3, 48), (4, 50)]
    first, second = ([("batch", epoch, n, images) for n, images in batches] for epoch in (1, 2))
    assert monitor.told == [("begin", 2, 4, 0), *first, ("epoch", 1), *second, ("epoch", 2), "end"]
    assert capsys.readouterr().out == ""
    assert same(history["loss"], fit_small(epochs=2, progress=False)["loss"])  # looking on changes nothing


def test_where_nobody_sees_the_monitor_there_is_a_line_per_epoch(capsys):
    fit_small(epochs=2, progress=Monitor(seen=False))
    lines = capsys.readouterr().out.splitlines()
    assert [line[:13] for line in lines] == ["epoch 1 of 2:", "epoch 2 of 2:"]


def test_a_monitor_ends_training_after_a_batch_and_all_is_kept(tmp_path):
    monitor = Monitor(after_batch=6)
    history = fit_small(epochs=5, validation=as_list(), folder=tmp_path, progress=monitor)
    assert monitor.told[-3:] == [("batch", 2, 2, 32), ("epoch", 2), "end"]
    assert history["epoch"] == [1, 2] and all(0 < loss < 10 for loss in history["val_loss"])
    assert torch.load(tmp_path / "last.pt", weights_only=True)["rows"] == history.rows
    assert (tmp_path / "best.pt").exists()
    resumed = fit_small(epochs=3, validation=as_list(), folder=tmp_path, resume=True, progress=False)
    assert resumed["epoch"] == [1, 2, 3] and resumed.rows[:2] == history.rows


def test_a_monitor_ends_training_after_an_epoch():
    assert fit_small(epochs=5, progress=Monitor(after_epoch=3))["epoch"] == [1, 2, 3]


def test_a_monitor_hears_of_the_end_after_an_error():
    monitor, net = Monitor(), small_net()
    batches = [*as_list(), (torch.full((2, 1, 6, 6), math.nan), torch.zeros(2, dtype=torch.int64))]
    with pytest.raises(FloatingPointError):
        train.fit(net, batches, epochs=1, optimizer=torch.optim.SGD(net.parameters(), 0.1), progress=monitor)
    assert monitor.told[-1] == "end"


def test_seed_starts_every_generator():

    drawn = []
    for _ in range(2):
        train.seed(7)
        drawn.append((torch.rand(2).tolist(), random.random(), np.random.rand()))
    assert drawn[0] == drawn[1]


def test_the_command_that_measures_runs():
    tool = Path(__file__).resolve().parent.parent / "tools" / "measure.py"
    options = ["--seeds", "1", "--epochs", "1", "--batch-size", "256"]
    run = subprocess.run([sys.executable, tool, *options], capture_output=True, text=True, check=True, timeout=300)
    accuracy = re.search(r"^test: (\d+\.\d\d) % over 1 seeds, training \d+\.\d s", run.stdout, re.MULTILINE)
    assert float(accuracy[1]) > 80 and "8000 training and 2000 test images" in run.stdout


# ---- one step, written out


@pytest.mark.parametrize(("momentum", "weight_decay"), [(0.0, 0.0), (0.9, 0.0), (0.0, 0.1), (0.9, 0.1)])
def test_sgd_step_is_the_step_of_torch(momentum, weight_decay):
    weight = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.3, momentum=momentum, weight_decay=weight_decay)
    ours, velocity = weight.detach().clone(), torch.zeros(3, 4, dtype=torch.float64)
    for _ in range(5):
        weight.grad = torch.randn_like(weight)
        optimizer.step()
        ours, velocity = train.sgd_step(ours, weight.grad, velocity, 0.3, momentum, weight_decay)
        torch.testing.assert_close(ours, weight.detach())
