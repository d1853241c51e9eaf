"""Notebook 07: the parameters of LeNet, one epoch of training, and the confusion matrix."""

import torch
from torch import nn

from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, ValueExercise, Wrong
from cnnlab.train import confusion_matrix, fit


def _small_task():
    """A tiny net, 22 images in batches of 4 (the last has 2), and plain SGD."""
    generator = torch.Generator().manual_seed(0)
    x, labels = torch.randn(22, 6, generator=generator), torch.arange(22) % 3
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    batches = [(x[i : i + 4], labels[i : i + 4]) for i in range(0, 22, 4)]
    return model, batches, torch.optim.SGD(model.parameters(), lr=0.1)


def _weights_after(train_epoch):
    model, batches, optimizer = _small_task()
    model.eval()  # a loop that never says train() is found by this
    modes = []
    model.register_forward_pre_hook(lambda model, _: modes.append(model.training))
    before = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
    loss = train_epoch(model, batches, optimizer)
    after = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    return before, after, loss, all(modes)


def _right_weights():
    model, batches, optimizer = _small_task()
    before = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
    history = fit(model, batches, epochs=1, optimizer=optimizer, progress=False)
    return before, torch.nn.utils.parameters_to_vector(model.parameters()).detach(), history["loss"][0]


def _is_written(train_epoch):
    if not callable(train_epoch):
        return f"a {type(train_epoch).__name__}"
    return "nothing yet; end it with a line `return ...`" if _weights_after(train_epoch)[2] in (None, ...) else True


def _moves(train_epoch):
    before, after, _, _ = _weights_after(train_epoch)
    return "no weight moved; what does optimizer.step() do?" if torch.equal(before, after) else True


def _moves_down(train_epoch):
    before, after, _, _ = _weights_after(train_epoch)
    start, right, _ = _right_weights()
    along = torch.dot(after - before, right - start)
    return True if along > 0 else "the weights moved away from the minimum; is the sign of the loss right?"


def _moves_right(train_epoch):
    _, after, _, _ = _weights_after(train_epoch)
    start, right, _ = _right_weights()
    if torch.allclose(after, right, atol=1e-5):
        return True
    model, batches, optimizer = _small_task()
    known = {
        "softmax comes before cross_entropy, which has one inside; give it the logits": lambda: _loop(
            model, batches, optimizer, softmax=True
        ),
        "only the first batch was used": lambda: _loop(model, batches[:1], optimizer),
        "gradients pile up from batch to batch; zero_grad is missing": lambda: _loop(
            model, batches, optimizer, zero=False
        ),
        "the last batch was left out": lambda: _loop(model, batches[:-1], optimizer),
    }
    for says, run in known.items():
        model, batches, optimizer = _small_task()
        run()
        if torch.allclose(after, torch.nn.utils.parameters_to_vector(model.parameters()), atol=1e-5):
            return says
    return f"the weights end {(after - right).norm().item():.2g} away from there"


def _averages(train_epoch):
    loss = _weights_after(train_epoch)[2]
    right = _right_weights()[2]
    if not isinstance(loss, (int, float, torch.Tensor)) or isinstance(loss, bool):
        return f"it returns {type(loss).__name__}, not a number"
    loss = float(loss)
    if abs(loss - right) < 1e-5:
        return True
    per_batch = _loop(*_small_task(), by_batch=True)
    if abs(loss - per_batch) < 1e-5:
        return f"{loss:.4f}, the mean over batches; the last batch has 2 pictures, the others 4"
    if abs(loss - per_batch * len(_small_task()[1])) < 1e-5:
        return f"{loss:.4f}, the sum over batches; the mean per picture is needed"
    return f"{loss:.4f} where {right:.4f} is right"


def _switches_mode(train_epoch):
    return True if _weights_after(train_epoch)[3] else "the model is still in evaluation mode"


def _loop(model, batches, optimizer, zero=True, step=True, sign=1, by_batch=False, mode=True, softmax=False):
    """The loop with one thing wrong at a time."""
    if mode:
        model.train()
    losses, sizes = [], []
    for x, labels in batches:
        scores = model(x).softmax(1) if softmax else model(x)
        loss = sign * nn.functional.cross_entropy(scores, labels)
        if zero:
            optimizer.zero_grad()
        loss.backward()
        if step:
            optimizer.step()
        losses.append(loss.item())
        sizes.append(1 if by_batch else len(labels))
    return sum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes)


def _wrong_loop(says, **options):
    return Wrong(lambda: lambda model, batches, optimizer: _loop(model, batches, optimizer, **options), says)


EXERCISES = [
    ValueExercise(
        "c3_weights",
        minutes=5,
        level="medium",
        answer=lambda: 60 * 25 + 16,
        solution="c3_weights = 60 * 5 * 5 + 16",
        because="60 kernels of 25 weights, and one bias for each of the 16 maps.",
        hints=(
            "Each 1 in the table is one kernel of 5x5 weights. How many are there?",
            "reads.sum() counts them. Do the 16 maps have anything besides kernels?",
        ),
        wrong=(
            Wrong(60 * 25, "the biases are left out"),
            Wrong(6 * 16 * 25 + 16, "every map reads every map, as in today's LeNet"),
            Wrong(60 * 25 + 60, "each kernel has a bias; there is one per map"),
            Wrong(60, "only the kernels are counted, not their weights"),
        ),
    ),
    JudgedExercise(
        "train_epoch",
        minutes=10,
        level="medium",
        rules=(
            ("a function of model, batches, optimizer that returns something", _is_written),
            ("weights that move", _moves),
            ("steps that go downhill", _moves_down),
            ("the weights that fit reaches after the same batches", _moves_right),
            ("model.train() at the beginning", _switches_mode),
            ("the loss returned as an average over pictures", _averages),
        ),
        solution=(
            "def train_epoch(model, batches, optimizer):\n"
            '    return train.fit(model, batches, epochs=1, optimizer=optimizer, progress=False)["loss"][0]'
        ),
        hints=(
            "Five lines per batch: logits, loss, zero_grad, backward, step. They stand in the loop above.",
            "For the average over pictures, add up loss.item() * len(labels) and divide by the number of pictures.",
            "Layers such as dropout behave differently in training: model.train() comes before the loop.",
        ),
        wrong=(
            _wrong_loop("zero_grad is missing", zero=False),
            _wrong_loop("no weight moved", step=False),
            _wrong_loop("steps that go downhill", sign=-1),
            _wrong_loop("the mean over batches", by_batch=True),
            _wrong_loop("softmax comes before cross_entropy", softmax=True),
            Wrong(lambda: lambda m, b, o: len(b) * _loop(m, b, o, by_batch=True), "the sum over batches"),
            _wrong_loop("still in evaluation mode", mode=False),
            Wrong(lambda: lambda m, b, o: _loop(m, b[:1], o), "only the first batch was used"),
            Wrong(lambda: lambda m, b, o: _loop(m, b[:-1], o), "the last batch was left out"),
            Wrong(lambda: lambda m, b, o: (_loop(m, b, o), None)[1], "nothing yet; end it"),
        ),
    ),
    FunctionExercise(
        "confusion_matrix",
        minutes=6,
        level="medium",
        answer=confusion_matrix,
        cases=(
            Case("each class once, all right", (torch.tensor([0, 1, 2]), torch.tensor([0, 1, 2]), 3)),
            Case("one mistake", (torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 1]), 2)),
            Case("the same mistake twice", (torch.tensor([2, 2, 2, 0]), torch.tensor([1, 1, 2, 0]), 3)),
            Case("a class that never comes", (torch.tensor([0, 3]), torch.tensor([3, 0]), 4)),
        ),
        hints=(
            "Begin with torch.zeros(classes, classes, dtype=torch.int64) and add 1 per picture.",
            "The row is the true class, the column the predicted one: matrix[label, guess] += 1.",
        ),
        wrong=(
            Wrong(lambda y, p, c: confusion_matrix(p, y, c), "rows and columns are swapped: rows are the truth"),
            Wrong(
                lambda y, p, c: confusion_matrix(y, p, c) / len(y), "counts were divided; whole numbers are asked for"
            ),
            Wrong(lambda y, p, c: (confusion_matrix(y, p, c) > 0).long(), "a mistake made twice counts once"),
            Wrong(lambda y, p, c: confusion_matrix(y, p, int(y.max())), "the last class has no row"),
        ),
    ),
]


PREDICTIONS = {
    "parameters of LeNet's first layer": Prediction(
        lambda: 6 * 25 + 6, "Six filters of 5x5 over one channel, and a bias for each: 6 x 25 + 6."
    ),
    "first loss of an untrained net with ten classes": Prediction(
        lambda: 2.303,
        "It spreads its belief over ten classes, and -ln(1/10) = ln 10 = 2.303 nats.",
        tolerance=0.05,
    ),
    "which costs more multiply-adds": Prediction(
        lambda: "32-64 net",
        "Its second layer alone has 64 x 32 x 9 weights at 24x24 places.",
        choices=("LeNet", "32-64 net", "about the same"),
    ),
    "numbers off the diagonal for 98% of 2,000 digits": Prediction(
        lambda: 2000 * 2 // 100,
        "Right answers lie on the diagonal; the other 2 in 100 lie beside it.",
    ),
    "is a resumed training the same as an uncut one": Prediction(
        lambda: True,
        "The checkpoint holds weights, optimizer, schedule, order and random numbers: all that a step depends on.",
    ),
}
