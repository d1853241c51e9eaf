"""The challenge: the clock ends training, what judges is not trained on, test pictures judge once, ranks are fair."""

import copy
import dataclasses
import html.parser
import json
import math
import re

import pytest
import torch
from equal import same
from safetensors.torch import load_file
from test_challenge_board import row
from torch import nn

from cnnlab import challenge, data, models, recipes, train
from cnnlab.challenge import clock, entering, file, judging, rows, table
from cnnlab.recipes import RECIPES, Recipe

RECIPE = RECIPES["cifar10-laptop"].but(epochs=4, batch_size=16, model_options={"widths": (4, 6, 8)}, precision=None)


def pictures(n=200):
    """Pictures of noise, no two alike, in which the label's channel is brighter."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(120, (2 * n, 3, 9, 9), generator=generator, dtype=torch.uint8)
    y = torch.randint(3, (2 * n,), generator=generator)
    for label in range(3):
        x[y == label, label] += 100
    return data.Dataset(x[:n], y[:n], x[n:], y[n:], ("red", "green", "blue"), (0.3,) * 3, (0.2,) * 3, "colors", "made")


DATASET = pictures()


@pytest.fixture
def board(tmp_path):
    return tmp_path / "runs" / "board.jsonl"


def enter(board, name="Ada", model=None, recipe=RECIPE, **options):
    return challenge.enter(
        name, model, recipe, **{"seconds": 60, "dataset": DATASET, "board": board, "progress": False} | options
    )


# Entering


def test_with_time_enough_it_is_the_recipe_judged_on_pictures_set_aside(board):
    (x, y), (x_aside, y_aside) = DATASET.split(20)
    part = dataclasses.replace(DATASET, x_train=x, y_train=y)
    model, history = recipes.run(RECIPE, part, seed=3, progress=False)
    entry = enter(board, seed=3)
    assert same(entry.model.state_dict(), model.state_dict()) and entry.history["loss"] == history["loss"]
    assert entry.accuracy == recipes.test(RECIPE, model, part, x_aside, y_aside).accuracy > 0.5
    assert (entry.images, entry.epochs, entry.cut, entry.rank, entry.rivals) == (20, 4, False, 1, 1)
    assert entry.parameters == sum(p.numel() for p in model.parameters()) and 0 < entry.seconds < 60
    assert re.fullmatch(
        r"Ada: \d+\.\d\d % of 20 pictures set aside, \d+\.\d s of training, 2,940 parameters: place 1 of 1.",
        str(entry),
    )
    (kept,), notes = file.read(board)
    assert notes == [] and kept["accuracy"] == entry.accuracy and kept["seed"] == 3
    assert same(load_file(file.weights_of(board, kept["id"])), model.state_dict())
    assert kept["recipe"] == "cifar10-laptop" and kept["changes"] == {"batch_size": 16, "epochs": 4, "precision": None}


def test_nothing_that_judges_is_trained_on(board, monkeypatch):
    seen = []
    run = recipes.run

    def spy(recipe, dataset, *arguments, **options):
        seen.append(dataset.x_train)
        return run(recipe, dataset, *arguments, **options)

    monkeypatch.setattr(recipes, "run", spy)
    enter(board, recipe=RECIPE.but(epochs=1))
    trained = {picture.numpy().tobytes() for picture in seen[0]}
    aside = {picture.numpy().tobytes() for picture in DATASET.split(0.1)[1][0]}
    test = {picture.numpy().tobytes() for picture in DATASET.x_test}
    assert len(trained) == 180 and len(aside) == 20 and not trained & aside and not trained & test
    assert aside <= {picture.numpy().tobytes() for picture in DATASET.split(50)[1][0]}  # also of whoever splits more


def test_the_model_stays_as_it_is_so_that_a_second_call_begins_anew(board):
    model = models.QuickCifar(3, widths=(4, 6, 8))
    before = copy.deepcopy(model.state_dict())
    first, second = (enter(board, model=model, recipe=RECIPE.but(epochs=1)) for _ in range(2))
    assert same(model.state_dict(), before) and same(first.model.state_dict(), second.model.state_dict())
    assert not same(first.model.state_dict(), before)
    assert len({kept["id"] for kept in file.read(board)[0]}) == 2  # two entries all the same


def test_weights_that_are_shared_or_lie_otherwise_in_memory_are_kept(board):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 3, 1)
            self.second = self.first
            self.fc = nn.Linear(243, 3)

        def forward(self, x):
            return self.fc(self.second(self.first(x)).flatten(1))

    entry = enter(board, model=Tied(), recipe=RECIPE.but(rate=1e-3, epochs=1))
    assert challenge.final("Ada", Tied(), dataset=DATASET, board=board) == pytest.approx(
        recipes.test(RECIPE, entry.model, DATASET).accuracy
    )


class Ticks:
    """A time.perf_counter that goes on by so many seconds at each look."""

    def __init__(self, monkeypatch, tick):
        self.now, self.tick = 100.0, tick
        monkeypatch.setattr(clock, "perf_counter", self)

    def __call__(self):
        self.now += self.tick
        return self.now


def train_by(watch, epochs=2, batches=4):
    """How many batches are trained on until the clock ends it."""
    watch.begin(epochs, batches, 0)
    for epoch in range(1, epochs + 1):
        for _ in range(batches):
            if watch.batch(epoch, None):
                watch.end()
                return watch.steps
        watch.epoch({"epoch": epoch, "loss": 0.0, "accuracy": 0.0})
    watch.end()
    return watch.steps


# seconds, batches until it ends, cut: a batch takes a second
CLOCKS = [
    (3.5, 3, True),  # the fourth would end at 4
    (5, 5, True),
    (7.9, 7, True),
    (8, 8, False),  # as many as were planned
    (100, 8, False),
    (0.5, 1, True),  # one is always done
]


@pytest.mark.parametrize(("seconds", "steps", "cut"), CLOCKS)
def test_the_clock_ends_training_before_the_batch_that_would_be_too_late(seconds, steps, cut, monkeypatch):
    Ticks(monkeypatch, 1.0)
    watch = clock.Clock(seconds, False, torch.device("cpu"))
    assert (train_by(watch), watch.cut) == (steps, cut) and watch.spent == steps


def test_the_clock_waits_for_what_a_gpu_still_has_to_do(monkeypatch):
    ticks, asked = Ticks(monkeypatch, 1.0), []

    def wait(device):
        asked.append(device)
        ticks.now += 4

    monkeypatch.setattr(clock, "synchronise", wait)
    watch = clock.Clock(100, False, torch.device("cuda"))
    assert train_by(watch) == 8 and watch.spent == 8 * 5 and asked == [torch.device("cuda")] * 8


def test_seconds_of_compiling_count(monkeypatch):
    Ticks(monkeypatch, 1.0)
    watch = clock.Clock(10, False, torch.device("cpu"), since=96.0)  # it is 101 when training begins
    assert train_by(watch) == 5 and watch.spent == 10


class Look:
    """A monitor of the learner's, who stops at the third batch."""

    def __init__(self):
        self.seen = []

    def begin(self, epochs, batches, done):
        self.seen.append((epochs, batches, done))

    def batch(self, epoch, meter):
        self.seen.append(len(meter.images))
        return len(self.seen) > 3

    def epoch(self, row):
        self.seen.append(row["epoch"])

    def end(self):
        self.seen.append("end")


def test_who_looks_on_sees_what_fit_shows_and_may_stop(board, capsys):
    look = Look()
    entry = enter(board, progress=look)
    assert look.seen == [(4, 12, 0), 1, 2, 3, 1, "end"]
    assert entry.epochs == 0.25 and not entry.cut and capsys.readouterr().out == f"{entry}\n"


def test_a_training_that_the_clock_cut_is_judged_and_says_what_to_try(board, monkeypatch):
    """A second for each look at the time: 12 batches an epoch, of 48."""
    Ticks(monkeypatch, 1.0)
    for seconds, epochs, said in (
        (18, 1.5, "in epoch 2 of 4, before its learning rate had come down; 1.5 epochs fit. Try recipe.but(epochs=1)."),
        (6, 0.5, "in epoch 1 of 4, before its learning rate had come down; 0.5 epochs fit. Try a smaller network."),
    ):
        entry = enter(board, seconds=seconds)
        assert entry.cut and entry.epochs == epochs and entry.seconds == seconds
        assert str(entry).endswith(f" The clock ended it {said}")
    entry = enter(board, seconds=18, recipe=RECIPE.but(schedule="constant", rate=0.01))
    assert str(entry).endswith(" The clock ended it in epoch 2 of 4.")
    assert len(challenge.leaderboard(board)) == 3


# what is refused after training: recipe or clock, error, words
SPOILED = [
    (
        RECIPE.but(rate=1e30),
        60,
        FloatingPointError,
        r"enter: 'Ada' is not entered and nothing is kept. fit: the loss is (nan|inf)",
    ),
    (  # by its last step, after which no loss is looked at
        RECIPE.but(rate=1e38, weight_decay=1e6, schedule="constant", epochs=1, batch_size=180),
        60,
        FloatingPointError,
        r"enter: 'Ada' is not entered and nothing is kept. .* of the model is not finite after training. Lower the",
    ),
    (RECIPE, 0.5, ValueError, r"enter: the first batch alone took 1.0 s, and there are 0.5. Many batches are needed"),
]


@pytest.mark.parametrize(("recipe", "seconds", "error", "words"), SPOILED)
def test_what_cannot_be_judged_leaves_nothing(recipe, seconds, error, words, board, monkeypatch):
    Ticks(monkeypatch, 1.0)
    with pytest.raises(error, match=words):
        enter(board, recipe=recipe, seconds=seconds)
    assert not board.parent.exists()


@pytest.mark.parametrize("cut", [KeyboardInterrupt, MemoryError])
def test_a_cut_leaves_nothing(cut, board):
    class Cut(Look):
        def batch(self, epoch, meter):
            raise cut

    with pytest.raises(cut):
        enter(board, progress=Cut())
    assert not board.parent.exists()


@pytest.mark.parametrize("what", ["write_bytes", "append"])
def test_a_disk_that_is_full_at_the_end_keeps_neither_weights_nor_row(what, board, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    enter(board, name="before", recipe=RECIPE.but(epochs=1))
    before = sorted(path for path in board.parent.rglob("*"))
    monkeypatch.setattr(entering if what == "write_bytes" else file, what, full)
    words = (
        r"enter: 'Ada' had .* % right, but could not be kept beside .*board.jsonl \(No space left on device\), which"
    )
    with pytest.raises(OSError, match=words):
        enter(board, recipe=RECIPE.but(epochs=1))
    assert sorted(path for path in board.parent.rglob("*")) == before and len(challenge.leaderboard(board)) == 1


LENET = models.LeNet()


class Raises(nn.Sequential):
    """A forward with a slip of the pen."""

    def forward(self, x):
        return self.fc(x)


HEADLESS = nn.Linear(3, 3).requires_grad_(False)

# what is done, error, words
BAD = [
    ({"name": ""}, ValueError, r"enter: name=''. A string of 1 to 60 characters"),
    ({"name": " \n"}, ValueError, r"enter: name=' \\n'. A string"),
    ({"name": "x" * 61}, ValueError, r"enter: name='x{61}'. A string of 1 to 60"),
    ({"name": None}, ValueError, r"enter: name=None"),
    ({"model": models.LeNet}, TypeError, r"enter: model is the class LeNet. An nn.Module is needed"),
    ({"model": HEADLESS}, ValueError, r"enter: model has no parameter to train"),
    ({"model": nn.Flatten()}, ValueError, r"enter: model has no parameter to train"),
    ({"model": nn.Sequential(nn.Flatten(), nn.Linear(243, 2))}, ValueError, r"fit: .*Labels from 0 to 1 are needed"),
    (
        {"model": nn.Sequential(nn.Conv2d(1, 3, 9), nn.Flatten())},
        ValueError,
        r"enter: model does not take pictures \(3, 9, 9\): Given groups=1, .*Print shapes.ladder\(model, \(3, 9, 9\)\)",
    ),
    (
        {"model": nn.Sequential(nn.Flatten(), nn.Linear(27, 3))},
        ValueError,
        r"enter: model does not take pictures \(3, 9, 9\): .*mat1 and mat2 .*A network for such pictures is needed",
    ),
    (
        {"model": nn.Sequential(nn.Linear(9, 9), nn.Unflatten(9, (3, 3)))},
        ValueError,
        r"enter: model does not take pictures \(3, 9, 9\): ",
    ),
    ({"model": Raises(nn.Linear(1, 1))}, ValueError, r"pictures \(3, 9, 9\): 'Raises' object has no .*'fc'"),
    ({"recipe": "best"}, ValueError, r"enter: recipe='best' is unknown. A Recipe or one of mnist-laptop, "),
    ({"recipe": 7}, ValueError, r"enter: recipe=7 is unknown"),
    ({"seconds": 0}, ValueError, r"enter: seconds=0. A number above 0"),
    ({"seconds": "20"}, ValueError, r"enter: seconds='20'. A number above 0"),
    ({"seconds": math.nan}, ValueError, r"enter: seconds=nan. A number above 0"),
    ({"board": 3}, TypeError, r"enter: board=3. The path of a file"),
    ({"board": "."}, ValueError, r"enter: board='.' is a folder. A file is needed. Add 'leaderboard.jsonl'"),
    ({"board": f"{__file__}/board.jsonl"}, OSError, r"enter: the board .* cannot be written to \("),
    ({"dataset": "cifar10"}, TypeError, r"enter: dataset='cifar10'. What data.load returns is needed"),
]


@pytest.mark.parametrize(("changes", "error", "words"), BAD)
def test_bad_arguments(changes, error, words, board):
    with pytest.raises(error, match=words):
        enter(**{"board": board} | changes)
    assert not board.parent.exists()


def test_by_default_it_is_doodles_where_cifar10_is_not(board, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    loaded = []
    monkeypatch.setattr(data, "load", lambda name, quiet: loaded.append((name, quiet)) or DATASET)
    entry = challenge.enter("Ada", recipe=RECIPE.but(epochs=1), progress="text")
    assert loaded == [("cifar10", False)]
    assert re.fullmatch(r"epoch 1 of 1: .*\nAda: .*place 1 of 1\.\n", capsys.readouterr().out)
    assert len(challenge.leaderboard()) == 1 and (tmp_path / "runs" / "leaderboard.jsonl").exists()
    assert challenge.final("Ada", entry.model) == recipes.test(RECIPE, entry.model, DATASET).accuracy


# Final


def test_the_test_pictures_judge_once(board, monkeypatch, capsys):
    entry = enter(board)
    other = models.QuickCifar(3, widths=(4, 6, 8))  # built alike, with weights of its own
    before = copy.deepcopy(other.state_dict())
    accuracy = challenge.final("Ada", other, dataset=DATASET, board=board)
    assert accuracy == recipes.test(RECIPE, entry.model, DATASET).accuracy
    assert same(other.state_dict(), before)
    said = capsys.readouterr().out
    assert re.fullmatch(
        r"Ada: the entry with .* % of the pictures set aside has .* % of 200 test pictures right.\n", said
    )
    monkeypatch.setattr(judging, "judge", None)  # whoever judged again would fail
    assert challenge.final("Ada", other, dataset=DATASET, board=board) == accuracy
    assert "was judged on the test pictures before, on 2" in capsys.readouterr().out
    assert (
        f"{100 * accuracy:.2f} %" in str(challenge.leaderboard(board))
        and challenge.leaderboard(board).rows[0]["test"] == accuracy
    )


def test_of_two_that_judge_at_once_the_first_counts(board, monkeypatch):
    entry = enter(board)
    judge = judging.judge

    def overtaken(*arguments):
        monkeypatch.setattr(judging, "judge", judge)
        first = {"format": 1, "kind": "final", "entry": file.read(board)[0][0]["id"], "accuracy": 0.125}
        file.append("test", board, first | {"images": 8, "when": judging.now()})
        return judge(*arguments)

    monkeypatch.setattr(judging, "judge", overtaken)
    assert challenge.final("Ada", entry.model, dataset=DATASET, board=board) == 0.125
    assert len([kept for kept in file.read(board)[0] if kept["kind"] == "final"]) == 1


def test_the_best_entry_of_a_name_is_judged(board):
    entries = [
        enter(board, recipe=RECIPE.but(epochs=epochs, rate=rate)) for epochs, rate in ((1, 1e-6), (6, 0.5), (1, 1e-5))
    ]
    best = max(entries, key=lambda entry: entry.accuracy)
    assert best is entries[1]
    challenge.final("Ada", best.model, dataset=DATASET, board=board)
    first, *others = challenge.leaderboard(board).rows
    assert first["test"] is not None and first["accuracy"] == best.accuracy
    assert [kept["test"] for kept in others] == [None, None]


def test_final_refuses_what_was_not_entered(board):
    entry = enter(board)
    (kept,), _ = file.read(board)
    weights = file.weights_of(board, kept["id"])

    def final(name="Ada", model=entry.model, dataset=DATASET):
        return challenge.final(name, model, dataset=dataset, board=board)

    with pytest.raises(
        ValueError, match=r"final: name='Bob' is not on .*board.jsonl with these pictures. There are: 'Ada'"
    ):
        final("Bob")
    with pytest.raises(ValueError, match=r"final: name='Ada' is not on .* with these pictures. There are: none yet"):
        final(dataset=pictures(300))
    with pytest.raises(TypeError, match=r"final: model is the class LeNet"):
        final(model=models.LeNet)
    with pytest.raises(
        ValueError,
        match=r"final: model is a QuickCifar .* do not fit; they are of a QuickCifar with 2,940 p.*, the best "
        r"entry of 'Ada'. .*under a name of its own",
    ):
        final(model=models.QuickCifar(3, widths=(4, 6, 9)))
    content = weights.read_bytes()
    for spoiled in (content[:-4], content[:-1] + bytes([content[-1] ^ 1])):
        weights.write_bytes(spoiled)
        with pytest.raises(ValueError, match=r"final: .*safetensors does not hold the weights that were entered"):
            final()
    weights.unlink()
    with pytest.raises(ValueError, match=r"final: .*safetensors is not there. .*Put them back or enter again"):
        final()
    weights.write_bytes(content)
    assert final() >= 0  # none of this was a judgment


# The board


def shown(path, *entries):
    for i, entry in enumerate(entries):
        file.append("test", path, row(**{"id": str(i)} | entry))
    return challenge.leaderboard(path)


def test_ranks_and_ties(board):
    found = shown(
        board,
        {"name": "slow", "accuracy": 0.8, "seconds": 20},
        {"name": "best", "accuracy": 0.9, "seconds": 20},
        {"name": "fast", "accuracy": 0.8, "seconds": 10},
        {"name": "small", "accuracy": 0.8, "seconds": 10, "parameters": 10},
        {"name": "twin", "accuracy": 0.8, "seconds": 10, "parameters": 10, "when": "2026-11-23"},
        {"name": "other seconds", "accuracy": 0.85, "budget": 60},
        {"name": "other pictures", "accuracy": 0.99, "data": "cifar10", "images": 5000, "pictures": "5000-1"},
    )
    assert [(entry["rank"], entry["name"]) for entry in found.rows] == [
        (1, "other pictures"),
        (1, "best"),
        (2, "small"),
        (2, "twin"),
        (4, "fast"),
        (5, "slow"),
        (1, "other seconds"),
    ]
    titles = [line for line in str(found).splitlines() if "set aside" in line]
    assert titles == [
        "cifar10: 5,000 pictures set aside, 20 s of training; 2 threads, a chip",
        "doodles: 1,000 pictures set aside, 20 s of training; 2 threads, a chip",
        "doodles: 1,000 pictures set aside, 60 s of training; 2 threads, a chip",
    ]


def test_of_two_judgments_on_one_board_the_first_counts(board):
    """As where two boards were joined by hand; a judgment of an entry that is not there judges nobody."""
    shown(board, {"name": "Ada"})
    for entry, accuracy in (("0", 0.25), ("0", 0.75), ("lost", 0.5)):
        judged = {"format": 1, "kind": "final", "entry": entry, "accuracy": accuracy, "images": 4, "when": ""}
        file.append("test", board, judged)
    assert [kept["test"] for kept in challenge.leaderboard(board).rows] == [0.25]


def test_the_table_of_text(board):
    changed = {"recipe": "lenet", "changes": {"epochs": 2, "crop": 0}}
    found = shown(board, {"name": "Ada", "accuracy": 0.6123}, {"name": "Bob 😀 李", "accuracy": 0.5, **changed})
    assert repr(found) == f"Leaderboard({str(board)!r})"
    assert str(found).splitlines() == [
        "doodles: 1,000 pictures set aside, 20 s of training; 2 threads, a chip",
        "rank  name       accuracy  seconds  epochs  parameters  model  recipe                   when (UTC)",
        "   1  Ada         61.23 %     19.5     1.5       1,000  LeNet  lenet                    2026-11-22 12:00",
        "   2  Bob 😀 李   50.00 %     19.5     1.5       1,000  LeNet  lenet: epochs=2, crop=0  2026-11-22 12:00",
    ]


def test_where_machines_differ_each_row_names_its_own(board):
    machines = [{"device": "cpu", "cpu": "a chip", "threads": 1}, {"device": "a GPU", "cpu": "a chip", "threads": 8}]
    found = shown(board, *({"machine": machine} for machine in machines), {})
    lines = str(found).splitlines()
    assert lines[0].endswith("20 s of training") and "machine" in lines[1]
    assert [re.search(r"\d threads?, a \w+", line)[0] for line in lines[2:]] == [
        "1 thread, a chip",
        "8 threads, a GPU",
        "2 threads, a chip",
    ]


def test_a_board_without_entries_says_how_to_make_one(board):
    words = f"No entry yet on {board}. Make one with challenge.enter('your name')."
    assert str(challenge.leaderboard(board)) == words and len(challenge.leaderboard(board)) == 0
    assert challenge.leaderboard(board)._repr_html_().startswith("<p>No entry yet")


class Cells(html.parser.HTMLParser):
    """The tags, and the text of each cell, as a browser reads them."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.cells = set(), []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert all(name in ("style", "scope") for name, _ in attrs)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, text):
        if self.cells:
            self.cells[-1] += text


# name, as it is shown
NAMES = [
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("\"'&<b>", "\"'&<b>"),
    ("a\nb\tc\r\nd", "a b c d"),
    ("\x1b[31mred\x00", "[31mred"),
    ("abc\u202edcb", "abc dcb"),  # turns what follows it right to left
    ("👩\u200d🔬 Ada 李", "👩\u200d🔬 Ada 李"),
    ("\ud800", "?"),  # half a character, which no file and no page can hold
    ("\u200b\u2028", "?"),
    ("{name}%s\\n", "{name}%s\\n"),
]


@pytest.mark.parametrize(("name", "as_shown"), NAMES)
def test_any_name_is_kept_whole_and_shown_harmlessly(name, as_shown, board, capsys):
    hostile = {"model": name, "recipe": name, "data": name, "when": name, "machine": {"device": name, "threads": name}}
    found = shown(board, {"name": name, "changes": {name: name}, **hostile})
    assert found.rows[0]["name"] == name and len(board.read_bytes().splitlines()) == 1
    page = Cells(found._repr_html_())
    assert page.tags == {"table", "caption", "thead", "tbody", "tr", "th", "td"} and as_shown in page.cells
    found._repr_html_().encode()
    lines = str(found).splitlines()
    assert len(lines) == 3 and as_shown in lines[2]
    print(found)
    capsys.readouterr()


def test_a_name_is_said_harmlessly_by_enter_and_final(board, capsys):
    entry = enter(board, name="a\n\x1b[31m<b>", recipe=RECIPE.but(epochs=1))
    assert str(entry).startswith("a [31m<b>: ")
    challenge.final(entry.name, entry.model, dataset=DATASET, board=board)
    assert capsys.readouterr().out.startswith("a [31m<b>: ")


def test_long_cells_are_clipped_in_text_only(board):
    found = shown(board, {"name": "é" * 40, "recipe": "e\u0301" * 60})
    assert "é" * 23 + "… " in str(found) and "é" * 24 not in str(found)
    assert "é" * 40 in found._repr_html_()
    assert len(str(found).splitlines()[2]) < 250


def test_changes_are_told_from_the_table_or_from_nothing():
    assert rows.changes(RECIPES["lenet"]) == {}
    assert rows.changes(RECIPES["lenet"].but(epochs=9, model="SmallVGG")) == {"epochs": 9}
    own = Recipe("mine", "", "mnist", "LeNet", 3, 64, "Adam", 0.01, "constant")
    assert rows.changes(own) == {
        "epochs": 3,
        "batch_size": 64,
        "optimizer": "Adam",
        "rate": 0.01,
        "schedule": "constant",
    }
    json.dumps(rows.changes(own.but(milestones=(0.5,))), allow_nan=False)


def test_fingerprints_tell_pictures_apart():
    first, second = (judging.fingerprint(judging.set_aside(pictures(n))[1][1]) for n in (200, 300))
    assert first != second and first == judging.fingerprint(judging.set_aside(DATASET)[1][1])
    assert first.startswith("20-") and train.Result(0.0, 0.0, 20).images == len(judging.set_aside(DATASET)[1][1])


def test_every_column_has_its_head():
    assert list(table._cells(row(rank=1, test=None))) == list(table.HEADS)
