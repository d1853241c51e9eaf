"""Notebook 13: a new head, what moved, and two learning rates."""

import copy

import torch
from torch import nn

from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, Wrong
from cnnlab.train import moved


class _Trained(nn.Module):
    """A small stand-in for a trained network: a body with batch norm, and a head for ten classes."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 10)

    def forward(self, x):
        return self.fc(self.bn(self.conv(x)).relu().mean((2, 3)))


def _trained():
    torch.manual_seed(0)
    net = _Trained()
    net(torch.randn(8, 3, 8, 8))  # so that its running statistics are its own
    return net.eval()


def _headed(new_head):
    return new_head(_trained(), 6)


def _gives_a_network(new_head):
    if not callable(new_head):
        return f"a {type(new_head).__name__}; the function itself, without brackets"
    got = _headed(new_head)
    if got is None or got is ...:
        return "nothing yet; end it with `return net`"
    return True if isinstance(got, nn.Module) else f"a {type(got).__name__}"


def _gives_six_logits(new_head):
    for classes in (6, 3):
        shape = tuple(new_head(_trained(), classes)(torch.zeros(2, 3, 8, 8)).shape)
        if shape != (2, classes):
            return f"{shape} for classes={classes}"
    return True


def _can_learn(new_head):
    still = [name for name, p in _headed(new_head).named_parameters() if not p.requires_grad]
    return True if not still else f"{still[-1]} takes no gradient; freezing comes later"


def _keeps_the_body(new_head):
    before, after = _trained().state_dict(), _headed(new_head).state_dict()
    body = [name for name in before if not name.startswith("fc")]
    lost = [name for name in body if name not in after or not torch.equal(before[name], after[name])]
    if lost and all(name in after for name in lost):
        return f"{lost[0]} and others have changed; copy the trained network, do not build one anew"
    return True if not lost else f"{lost[0]} is missing"


def _replaces_fc(new_head):
    head = getattr(_headed(new_head), "fc", None)
    if not isinstance(head, nn.Linear):
        return f"fc is a {type(head).__name__}"
    if head.in_features != 4:
        return f"it reads {head.in_features} values, the old one 4; net.fc.in_features says how many"
    if head.bias is None:
        return "it has no bias"
    old = _trained().fc.weight[:6]
    return "its weights are those of the first six old classes" if torch.equal(head.weight, old) else True


def _leaves_the_old_one(new_head):
    net = _trained()
    new_head(net, 6)
    return True if net.fc.out_features == 10 else "the network that came in has the new head, too; copy.deepcopy(net)"


NEW_HEAD = "from cnnlab.models import new_head"


def _head(net, classes, bias=True, inputs=4):
    net.fc = nn.Linear(inputs, classes, bias=bias)
    return net


def _first_rows(net, classes):
    old, net = net.fc, _head(copy.deepcopy(net), classes)
    with torch.no_grad():
        net.fc.weight.copy_(old.weight[:classes])
    return net


def _state(**changes):
    state = {
        "conv.weight": torch.tensor([1.0, 2]),
        "bn.running_mean": torch.tensor([0.5]),
        "fc.bias": torch.tensor([3.0, 4]),
    }
    return state | {name.replace("_of_", "."): torch.tensor(value) for name, value in changes.items()}


def _groups(two_speeds):
    body, head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), nn.Linear(4, 6)
    return body, head, two_speeds(body, head)


def _is_a_list_of_groups(two_speeds):
    if not callable(two_speeds):
        return f"a {type(two_speeds).__name__}; the function itself, without brackets"
    groups = _groups(two_speeds)[2]
    if groups is None or groups is ...:
        return "nothing yet; end it with `return [...]`"
    if not isinstance(groups, (list, tuple)) or not all(isinstance(group, dict) for group in groups):
        return f"a {type(groups).__name__}" + (" of other things" if isinstance(groups, (list, tuple)) else "")
    lacking = [key for group in groups for key in ("params", "lr") if key not in group]
    return f'a group without "{lacking[0]}"' if lacking else True


def _has_each_parameter_once(two_speeds):
    body, head, groups = _groups(two_speeds)
    given = [p for group in groups for p in group["params"]]
    if any(isinstance(p, tuple) for p in given):
        return "tuples of name and parameter; body.parameters() gives the parameters alone"
    found = [id(p) for p in given]
    wanted = [id(p) for p in (*body.parameters(), *head.parameters())]
    if sorted(found) == sorted(wanted):
        return True
    return f"{len(found)} parameters where body and head have {len(wanted)}"


def _has_the_rates(two_speeds):
    body, head, groups = _groups(two_speeds)
    rate = {id(p): group["lr"] for group in groups for p in group["params"]}
    of = [{round(rate[id(p)], 9) for p in part.parameters()} for part in (body, head)]
    if of == [{0.001}, {0.01}]:
        return True
    if of == [{0.01}, {0.001}]:
        return "the body is the fast one; it is the head that knows nothing yet"
    return f"body {sorted(of[0])}, head {sorted(of[1])}"


def _optimizer_takes_them(two_speeds):
    torch.optim.Adam(_groups(two_speeds)[2])
    return True


def _speeds(body, head, slow=0.001, fast=0.01):
    return [{"params": list(body.parameters()), "lr": slow}, {"params": list(head.parameters()), "lr": fast}]


EXERCISES = [
    JudgedExercise(
        "new_head",
        minutes=8,
        level="medium",
        rules=(
            ("a function of net, classes that returns a network", _gives_a_network),
            ("a new Linear layer, with bias, in place of net.fc", _replaces_fc),
            ("one logit per new class, (2, 6) for two pictures", _gives_six_logits),
            ("the trained weights of all other layers", _keeps_the_body),
            ("a network whose every layer can learn", _can_learn),
            ("the old network left as it was", _leaves_the_old_one),
        ),
        solution=NEW_HEAD,
        hints=(
            "Copy the whole network first: net = copy.deepcopy(net).",
            "net.fc can be assigned: net.fc = nn.Linear(inputs, classes). The old head knows its own in_features.",
            "Three lines: the copy, net.fc = nn.Linear(net.fc.in_features, classes), and return net.",
        ),
        wrong=(
            Wrong(lambda: lambda net, classes: None, "nothing yet"),
            Wrong(lambda: lambda net, classes: nn.Linear(4, classes), "fc is a NoneType"),
            Wrong(lambda: lambda net, classes: copy.deepcopy(net), "(2, 10) for classes=6"),
            Wrong(lambda: lambda net, classes: _head(copy.deepcopy(net), 6), "(2, 6) for classes=3"),
            Wrong(
                lambda: lambda net, classes: _head(copy.deepcopy(net), classes, inputs=64), "net.fc.in_features says"
            ),
            Wrong(
                lambda: lambda net, classes: _head(copy.deepcopy(net), classes).requires_grad_(False),
                "takes no gradient",
            ),
            Wrong(
                lambda: lambda net, classes: nn.Sequential(copy.deepcopy(net), nn.Linear(10, classes)),
                "fc is a NoneType",
            ),
            Wrong(lambda: lambda net, classes: _head(_Trained(), classes), "do not build one anew"),
            Wrong(lambda: lambda net, classes: _head(copy.deepcopy(net), classes, bias=False), "it has no bias"),
            Wrong(lambda: _first_rows, "the first six old classes"),
            Wrong(lambda: _head, "the network that came in has the new head, too"),
        ),
    ),
    FunctionExercise(
        "moved",
        minutes=6,
        level="easy",
        answer=moved,
        cases=(
            Case("one weight of two moved", (_state(), _state(fc_of_bias=[3.0, 4.5]))),
            Case("nothing moved", (_state(), _state())),
            Case("two numbers changed places", (_state(), _state(conv_of_weight=[2.0, 1.0]))),
            Case("a statistic moved, which is no parameter", (_state(), _state(bn_of_running_mean=[0.7]))),
            Case("a very small step", (_state(), _state(conv_of_weight=[1.000001, 2.0]))),
        ),
        hints=(
            "Both are dictionaries with the same names: for name in before.",
            "torch.equal(a, b) is True when every number is the same. A list of names: start with [] and append.",
        ),
        wrong=(
            Wrong(lambda a, b: [n for n in a if torch.equal(a[n], b[n])], "these are the names that did not move"),
            Wrong(
                lambda a, b: [n for n in a if not torch.allclose(a[n], b[n])],
                "small steps are missed; allclose rounds, torch.equal does not",
            ),
            Wrong(
                lambda a, b: [n for n in a if (a[n] - b[n]).sum() != 0],
                "the changes are added up first, and can cancel",
            ),
            Wrong(lambda a, b: [n for n in a if (a[n] != b[n]).all()], "only what moved in every number counts"),
            Wrong(
                lambda a, b: [n for n in moved(a, b) if "running" not in n],
                "statistics are left out; everything in the state counts",
            ),
            Wrong(lambda a, b: len(moved(a, b)), "the names are counted; a list of them is asked for"),
            Wrong(lambda a, b: list(a), "every name is given"),
        ),
    ),
    JudgedExercise(
        "two_speeds",
        minutes=6,
        level="medium",
        rules=(
            ('a function of body, head that returns a list of groups {"params": ..., "lr": ...}', _is_a_list_of_groups),
            ("every parameter of both, once", _has_each_parameter_once),
            ("0.001 for the body, 0.01 for the head", _has_the_rates),
            ("groups that torch.optim.Adam takes", _optimizer_takes_them),
        ),
        solution=(
            "def two_speeds(body, head):\n"
            "    body, head = list(body.parameters()), list(head.parameters())\n"
            '    return [{"params": body, "lr": 0.001}, {"params": head, "lr": 0.01}]'
        ),
        hints=(
            'A group is a dictionary: {"params": list(body.parameters()), "lr": 0.001}.',
            "Two groups in a list, first the body, then the head with lr 0.01.",
        ),
        wrong=(
            Wrong(lambda: lambda body, head: None, "nothing yet"),
            Wrong(lambda: lambda body, head: [0.001, 0.01], "of other things"),
            Wrong(lambda: lambda body, head: [{"params": list(body.parameters())}], 'a group without "lr"'),
            Wrong(
                lambda: (
                    lambda body, head: [{"params": list(part.named_parameters()), "lr": 0.001} for part in (body, head)]
                ),
                "tuples of name and parameter",
            ),
            Wrong(lambda: lambda body, head: _speeds(body, head)[1:], "2 parameters where body and head have 6"),
            Wrong(lambda: lambda body, head: _speeds(body, head, 0.01, 0.001), "the body is the fast one"),
            Wrong(lambda: lambda body, head: _speeds(body, head, 0.001, 0.001), "head [0.001]"),
        ),
    ),
]


def _heads():
    return 64 * 6 + 6


PREDICTIONS = {
    "share right by guessing among six": Prediction(lambda: 1 / 6, "One in six, 17%.", tolerance=0.05),
    "numbers in a head from 64 features to 6 classes": Prediction(
        _heads, "Six rows of 64 weights, and six biases: 6 x 64 + 6. The body has 74,640."
    ),
    "does anything of a body without gradients move": Prediction(
        lambda: "yes",
        "Batch norm measures mean and variance of each batch in training mode. No gradient is needed.",
        choices=("yes", "no"),
    ),
    "lead of the head alone over training from scratch": Prediction(
        lambda: "about 60",
        "From scratch stays near guessing, one in six; the head alone names about eight in ten.",
        choices=("about 10", "about 30", "about 60"),
    ),
}
