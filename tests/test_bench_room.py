"""The benchmark: its arithmetic on numbers made up for it, its turns, and one small run of everything."""

import json
import math
import types

import pytest
import torch

from cnnlab import __main__ as commands
from cnnlab import bench, data, recipes
from cnnlab.bench import batching, budgets, contestants, digits, machine, pictures, race, report, turns, usual, worker
from cnnlab.bench.contestants import USUAL, Contestant

CPU = torch.device("cpu")
INF = math.inf


# Turns and summaries


def test_contestants_take_turns_and_another_one_begins_each_round():
    calls = []
    three = {name: lambda name=name: calls.append(name) or len(calls) for name in "abc"}
    found = turns.interleave(three, rounds=3)
    assert "".join(calls) == "cababcbcacab"  # the first three warm up
    assert found == {"a": [4, 9, 11], "b": [5, 7, 12], "c": [6, 8, 10]}


@pytest.mark.parametrize(
    ("values", "median", "low", "high"),
    [
        ([3.0, 1.0, 2.0], 2, 1, 3),
        ([5.0], 5, 5, 5),
        ([1.0, 2.0, INF], 2, 1, None),  # never reached by one
        ([1.0, INF, INF], None, 1, None),  # by most: there is no median
    ],
)
def test_a_summary(values, median, low, high):
    found = turns.summary(values)
    assert (found["median"], found["low"], found["high"]) == (median, low, high)
    json.dumps(found, allow_nan=False)


def test_seconds_per_call_counts_the_calls(monkeypatch):
    monkeypatch.setattr(turns.time, "perf_counter", iter([0.0, 0.5, 1.0, 1.5]).__next__)
    assert turns.seconds_per_call(lambda: None, CPU, seconds=1.2)() == 0.5


# Arithmetic of the tables


def a_run(*accuracies, seconds=10.0):
    """A report whose checkpoints are evenly spaced."""
    checkpoints = [
        {"images": 6000 * i, "seconds": seconds * i / len(accuracies), "accuracy": accuracy}
        for i, accuracy in enumerate(accuracies, 1)
    ]
    return {"seconds": seconds, "checkpoints": checkpoints, "memory": 300.0, "gpu_memory": None, "finished": True}


def test_a_level_is_reached_at_the_first_checkpoint_that_has_it():
    run = a_run(0.95, 0.97, 0.969, 0.985)
    assert [digits.seconds_until(level, run["checkpoints"]) for level in digits.LEVELS] == [5.0, 10.0, INF]


def test_levels_over_several_runs():
    found = digits.reached([a_run(0.98, 0.99), a_run(0.90, 0.98), a_run(0.90, 0.96)])
    assert (found["98"]["median"], found["98"]["reached"], found["98"]["high"]) == (10.0, 2, None)
    assert (found["99"]["median"], found["99"]["reached"]) == (None, 1)


@pytest.mark.parametrize(
    ("ours", "usual", "expected"),
    [
        ([a_run(0.99, 0.99)], [a_run(0.9, 0.99, seconds=100.0)], {"times": 20, "at_least": False}),
        ([a_run(0.99, 0.99)], [a_run(0.9, 0.95, seconds=100.0)], {"times": 20, "at_least": True}),  # it was ended
        ([a_run(0.9, 0.98)], [a_run(0.9, 0.99, seconds=100.0)], None),  # ours did not get there
    ],
)
def test_times_faster(ours, usual, expected):
    assert digits.times_faster(digits.reached(ours)["99"], digits.reached(usual)["99"], usual) == expected


@pytest.mark.parametrize(
    ("step", "seconds", "epochs", "images"),
    [
        (0.1, 1000, 6, None),  # all of them fit: no more than the recipe has
        (0.1, 45, 4, None),  # 10 s an epoch
        (0.1, 10, 1, None),  # just one
        (0.1, 5, 1, 50 * 256),  # half of one
        (30.0, 5, 1, 256),  # not even a step: one it is
    ],
)
def test_our_epochs_fit_into_the_seconds(step, seconds, epochs, images):
    contestant = Contestant("cifar10", "ours", recipes.RECIPES["cifar10-laptop"])
    fitting = pictures.fit(contestant, step, seconds, images=100 * 256)
    assert (fitting.recipe.epochs, fitting.images) == (epochs, images)


def test_a_table_is_aligned():
    assert report.table([("a", "bb"), ("ccc", "d"), ("e", "")]) == ["a    bb", "-------", "ccc   d", "e"]


@pytest.mark.parametrize(
    ("values", "words"),
    [([2.0], "2.0 s"), ([1.0, 2.0, INF], "2.0 s (1.0 s to never) in 2 of 3"), ([INF], "not reached")],
)
def test_when_a_level_was_reached_in_words(values, words):
    reached = sum(map(math.isfinite, values))
    assert report.arrival(turns.summary(values) | {"reached": reached}) == words


def test_a_budget_of_ones_own():
    quick = budgets.budget(full=False, device=CPU)
    changed = quick.but(rounds=2, seconds=0.1, seeds=4)
    assert (changed.rounds, changed.turn) == (2, 0.1)
    assert changed.seconds == {"mnist": 0.1, "cifar10": 0.1} and changed.seeds == {"mnist": 4, "cifar10": 4}
    assert quick.but() == quick
    assert budgets.budget(full=True, device=CPU).judged == {"mnist": None, "cifar10": None}


# A training that goes on when told to


class Pipe:
    """Gives what is prepared and keeps what is sent."""

    def __init__(self, *prepared):
        self.prepared, self.sent = list(prepared), []

    def recv(self):
        return self.prepared.pop(0)

    def send(self, message):
        self.sent.append(message)


def test_the_watch_counts_training_and_nothing_else(monkeypatch):
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr(worker.time, "perf_counter", lambda: clock.now)

    def judge(model):
        clock.now += 1000  # judging takes its time
        return 0.5

    class Slow(Pipe):
        def recv(self):
            clock.now += 100  # so do the others
            return super().recv()

    pipe = Slow(2.5, 4.5, None)
    watch = worker.Watch(pipe, judge, every=20, goal=None, device=CPU)
    ended = []
    while not any(ended) and len(ended) < 9:
        clock.now += 1  # a step
        ended.append(watch.step(10))
    assert len(ended) == 5  # 2.5 s are over after 3 steps, 4.5 s after 5
    assert [sent["seconds"] for sent in pipe.sent] == [3, 5]
    last = watch.last_report()
    assert last["finished"] and last["seconds"] == 5 and last["images"] == 50
    assert [(c["images"], c["seconds"]) for c in last["checkpoints"]] == [(20, 2), (40, 4), (50, 5)]


def test_the_watch_ends_at_its_goal_and_judges_once():
    judged = []
    watch = worker.Watch(Pipe(INF), lambda model: judged.append(model) or 0.995, 20, goal=0.99, device=CPU)
    assert [watch.step(10), watch.step(10)] == [False, True]
    assert len(watch.last_report()["checkpoints"]) == len(judged) == 1


class FakeRunner:
    """Trains for a step of so many seconds at least; after `needs` seconds it is done."""

    def __init__(self, side, calls, needs=INF, step=0.1):
        self.side, self.calls, self.needs, self.step = side, calls, needs, step

    def begin(self, seed):
        self.report = {"finished": False, "seconds": 0.0}

    def go_on(self, until):
        self.calls.append(self.side[0])
        if until is None:
            self.report["finished"] = True
        else:
            self.report["seconds"] = min(max(until, self.report["seconds"] + self.step), self.needs)
            self.report["finished"] = self.report["seconds"] >= self.needs


@pytest.mark.parametrize(
    ("needs", "seconds", "spent"),
    [
        (4, 10, 10),  # ours is done early: the usual has its seconds
        (12, 8, 12),  # ours takes longer than foreseen: so may the usual
        (12.5, 8, 12.5),
        (2, 2, 2),  # a step of the usual takes longer than a turn: it waits until ours has caught up
    ],
)
def test_a_race_is_by_turns_and_over_equal_seconds(needs, seconds, spent):
    calls = []
    runners = {"ours": FakeRunner("ours", calls, needs), "usual": FakeRunner("usual", calls, step=0.9)}
    reports = race.race(runners, seed=0, seconds=seconds)
    assert reports["ours"]["seconds"] == needs
    assert reports["usual"]["seconds"] == pytest.approx(spent, abs=1.01)
    assert reports["usual"]["seconds"] >= spent
    assert "".join(calls).startswith("ou" if needs == 2 else "ouuo")


def test_an_error_in_the_process_is_told():
    pipe = Pipe()
    worker.serve(pipe, Contestant("no_such_set", "ours", None), None, None, None, CPU, torch.get_num_threads())
    runner = types.SimpleNamespace(pipe=Pipe(*pipe.sent), contestant=Contestant("no_such_set", "ours", None))
    with pytest.raises(RuntimeError, match=r"(?s)training of ours failed.*name='no_such_set' is unknown"):
        race.Runner._answer(runner)


def test_two_trainings_in_processes_of_their_own():
    recipe = recipes.RECIPES["mnist-laptop"].but(precision=None)
    sides = [Contestant("mnist", "ours", recipe, images=512), Contestant("mnist", "usual", USUAL["mnist"])]
    with race.runners(sides, judged=50, every=256, device=CPU) as running:
        reports = race.race(running, seed=0, seconds=0.1)
        processes = [runner.process for runner in running.values()]
        assert all(runner.step > 0 for runner in running.values())
    assert not any(process.is_alive() for process in processes)
    ours, usual = reports["ours"], reports["usual"]
    assert [c["images"] for c in ours["checkpoints"]] == [256, 512]  # to its end
    assert usual["seconds"] >= max(0.1, ours["seconds"])
    if machine.peak_memory() is not None:
        assert ours["memory"] > running["ours"].before > 50  # MiB: PyTorch alone has more


# The usual way


@pytest.mark.parametrize("recipe", USUAL.values(), ids=USUAL)
def test_the_usual_recipes_say_all_that_the_plain_loop_does(recipe):
    """It knows one rate, the loss without smoothing, and 32 bits; classic's rate falls after more than it may have."""
    assert (recipe.smoothing, recipe.precision, recipe.channels_last, recipe.compile) == (0, None, False, False)
    assert recipe.schedule == "constant" or recipe.milestones[0] * recipe.epochs > 10
    seen = []
    watch = types.SimpleNamespace(step=lambda images: seen.append(images) or len(seen) == 2)
    dataset = data.load(recipe.data, download=False, quiet=True)
    contestants.run(Contestant(recipe.data, "usual", recipe), dataset, 0, watch, CPU)
    assert seen == [recipe.batch_size] * 2
    assert type(watch.model) is type(recipes.build(recipe, dataset))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_usual_batches_hold_the_same_numbers(channels):
    x = torch.randint(256, (6, channels, 8, 8), dtype=torch.uint8)
    dataset = types.SimpleNamespace(x_train=x, y_train=torch.arange(6), mean=(0.4,) * channels, sd=(0.3,) * channels)
    ((images, labels),) = usual.loader(dataset, 6)
    assert sorted(labels.tolist()) == list(range(6))
    right = data.normalise(x, dataset.mean, dataset.sd)[labels]
    torch.testing.assert_close(images, right)


# The command


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--only batches naps", "argument --only: invalid choice: 'naps'"),
        ("--rounds 0", "argument --rounds: 0 is not above 0"),
        ("--rounds 1.5", "invalid whole number value: '1.5'"),
        ("--seconds -1", "argument --seconds: -1 is not above 0"),
        ("--seconds nan", "argument --seconds: nan is not above 0"),
        ("--workers -1", "argument --workers: -1 is below 0"),
        ("--device abacus", "abacus is not on this machine, which has cpu"),
        ("fast", "unrecognized arguments: fast"),
    ],
)
def test_bad_words_are_answered_in_one_sentence(words, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        commands.main(["bench", *words.split()])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("cnnlab bench: ")
    assert sentence in said


def test_another_command_is_refused():
    assert commands.main(["naps"]) == (
        "cnnlab: naps is no command. Run python -m cnnlab bench, or python -m cnnlab for the doctor."
    )


@pytest.fixture
def fake_processes(monkeypatch):
    """Trainings of no time, with results made up."""

    class Running(FakeRunner):
        before = 250.0

        def __init__(self, contestant):
            super().__init__(contestant.side, [])
            self.contestant = contestant

        def go_on(self, until):
            self.report = a_run(*((0.97, 0.991) if self.side == "ours" else (0.9, 0.975)), seconds=4.0)

    class Runners(dict):
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    monkeypatch.setattr(race, "runners", lambda sides, **options: Runners({s.side: Running(s) for s in sides}))


DATA_LOADER = pytest.mark.filterwarnings(
    "ignore:This DataLoader will create",  # on a single core
    "ignore:This process .* is multi-threaded:DeprecationWarning",  # Python 3.12 and later, of every fork
)


@DATA_LOADER
def test_json_has_every_part_and_the_tables_are_made_of_it(fake_processes, capsys):
    result = bench.main(["--rounds", "2", "--seconds", "0.02", "--json"])
    printed = capsys.readouterr()
    assert json.loads(printed.out) == result  # nothing but JSON there
    assert "... mnist: seed 0" in printed.err
    assert set(result) == {"format", "cnnlab", "budget", "machine", "data", "parts", "cut_short", "seconds"}
    assert list(result["parts"]) == ["batches", "mnist", "cifar10", "conv"]
    assert "bundled with the course" in result["data"]["mnist"] and "in place of cifar10" in result["data"]["cifar10"]
    assert result["budget"]["name"] == "quick" and result["budget"]["workers"] == 0
    assert result["machine"]["torch"] == torch.__version__

    (job,) = result["parts"]["batches"]["jobs"]
    sources = ["our batches", "DataLoader, 0 workers", "DataLoader, 2 workers"]
    assert list(job["training"]) == ["model alone", *sources] and list(job["alone"]) == list(job["waiting"]) == sources
    for part in (*job["training"].values(), *job["alone"].values()):
        assert len(part["values"]) == 2 and 0 < part["low"] <= part["median"] <= part["high"]
    assert all(0 < part["median"] < 1 for part in job["waiting"].values())
    assert all(part["high"] < 1 for part in job["cost"].values())

    assert result["parts"]["mnist"]["times_faster"] == {
        "97": {"times": 2.0, "at_least": False},
        "98": {"times": 1.0, "at_least": True},
        "99": {"times": 1.0, "at_least": True},
    }
    assert result["parts"]["cifar10"]["points_more"] == pytest.approx(1.6)
    cases = result["parts"]["conv"]["cases"]
    assert list(cases[0]["seconds"]) == ["F.conv2d", "ops.conv2d", "ops.corr2d (loops)"]
    assert all(case["difference"] < 1e-5 for case in cases)
    assert any("before 99 %" in sentence for sentence in result["cut_short"])

    text = "\n".join(line for part, table in report.TABLES.items() for line in table(result["parts"][part]))
    assert "over 1.0" in text and "ours minus usual: +1.6 points" in text and "300 MiB (250 before training)" in text
    assert "LeNet on mnist, batch 128" in text and "times F.conv2d" in text


def test_some_parts_alone_are_printed(capsys):
    bench.main(["--only", "conv", "--rounds", "1", "--seconds", "0.01"])
    printed = capsys.readouterr().out
    assert printed.startswith("cnnlab ") and "PyTorch" in printed and "threads: " in printed
    assert "ops.corr2d (loops)" in printed and "LeNet on" not in printed
    assert printed.splitlines()[-1].split(" s in all")[0].isdigit()


def test_cost_is_against_the_model_alone_in_the_same_round():
    turn = batching.Turn
    measured = {
        ("model alone", "training"): [turn(100, 0), turn(50, 0)],  # the second round is on a slower machine
        ("ours", "alone"): [turn(1000, 1), turn(500, 1)],
        ("ours", "training"): [turn(90, 0.08), turn(45, 0.12)],
    }
    found = batching.tables(measured)
    assert found["cost"]["ours"]["values"] == pytest.approx([0.1, 0.1])
    assert found["waiting"]["ours"]["median"] == pytest.approx(0.1)
    assert found["training"]["model alone"]["median"] == 75 and found["alone"]["ours"]["median"] == 750


def test_a_busy_machine_is_said_to_be():
    assert report.busy({"load": 1.5, "cores": 2}) and not report.busy({"load": 0.2, "cores": 2})
    assert not report.busy({"load": None, "cores": 2})


def test_waiting_is_the_share_of_a_turn_spent_on_batches(monkeypatch):
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr(batching.time, "perf_counter", lambda: clock.now)

    def stream():
        while True:
            clock.now += 1
            yield torch.zeros(10), torch.zeros(10)

    def step(x, labels):
        clock.now += 3

    turn = batching.turn_of(stream(), step, CPU, seconds=8)()
    assert turn == (20 / 8, 2 / 8)
