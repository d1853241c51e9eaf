"""Every shape that a docstring promises is true: its block is read, filled with numbers, and run."""

import inspect
import re

import pytest
import torch

from cnnlab import data, models, ops, shapes, train

LETTERS = {"n": 2, "c": 4, "h": 9, "w": 11, "o": 6, "k": 5, "kh": 3, "kw": 2, "oh": 4, "ow": 5, "classes": 3}
SAMPLES = {  # parameters without a shape that have no default, or one that says little
    "bool": [False, True],
    "axis": [0, 1],
    "kernel_size": [(3, 2)],  # kh and kw
    "output_size": [(4, 5)],  # oh and ow
    "stride": [1, 2],
    "padding": [0, 1],
    "dilation": [1, 2],
    "output_padding": [0],
    "groups": [1, 2],
    "value": [0.0],
}
LINE = re.compile(r"^    (\w+) +(.*)$")
SHAPE = re.compile(r"^(ints )?\(([^)]*)\)(?: (?:(?!\bwith\b).)*)?(?: with (.*))?$")


def block(function):
    """The lines between the first sentence and the next empty line, as {name: what follows}."""
    paragraphs = inspect.cleandoc(function.__doc__).split("\n\n")
    lines = [LINE.match("    " + line) for line in (paragraphs[1] if len(paragraphs) > 1 else "").splitlines()]
    return {match[1]: match[2].strip() for match in lines if match}


def evaluate(text, letters):
    """A size such as "c // groups", with the functions of shapes at hand."""
    return eval(text, {"out_size": shapes.out_size}, letters)


def size(dims, letters):
    return tuple(evaluate(dim, letters) for dim in dims.split(",") if dim.strip())


def equations(clauses):
    """(left, right) of "oh = out_size(h, kh), ow likewise"; the second is the first with w for h."""
    first, *more = re.split(r", \w+ likewise$", clauses)
    for text in [first, *[re.sub(r"\b([okp]?)h\b", r"\1w", first)] * len(more)]:
        left, right = text.split(" = ")
        yield left, right


def calls(function):
    """Arguments, and the sizes in them: with all defaults, then with each sample in turn."""
    described = block(function)
    parameters = inspect.signature(function).parameters
    plain = {}
    for name, parameter in parameters.items():
        kind = described[name].split()[0] if not described[name].startswith("(") else ""
        if name in SAMPLES:
            plain[name] = SAMPLES[name][0]
        elif kind in SAMPLES:
            plain[name] = SAMPLES[kind][0] if parameter.default is inspect.Parameter.empty else parameter.default
        elif not SHAPE.match(described[name]):
            plain[name] = parameter.default
    choices = [plain]
    for name in plain:
        kind = described[name].split()[0]
        choices += [plain | {name: sample} for sample in SAMPLES.get(name, SAMPLES.get(kind, []))[1:]]
    for options in choices:
        letters = LETTERS | options
        arguments = dict(options)
        for name in parameters:
            shape = SHAPE.match(described[name])
            if shape and name not in options:
                dims = size(shape[2], letters)
                arguments[name] = torch.randint(3, dims) if shape[1] else torch.rand(dims) + 0.1
        yield arguments, letters


def promise(function, letters, shape):
    """The shape that the docstring promises. A size from out_size(oh, ...) = h is read off the result and checked."""
    _, _, dims, clauses = SHAPE.match(block(function)["returns"]).group(0, 1, 2, 3)
    claims = list(equations(clauses)) if clauses else []
    for left, right in claims:
        if left.isidentifier():
            letters[left] = evaluate(right, letters)
        else:
            unknown = re.search(r"\w+", left.partition("(")[2])[0]
            letters[unknown] = shape[[dim.strip() for dim in dims.split(",")].index(unknown)]
            assert evaluate(left, letters) == evaluate(right, letters), (left, right)
    return size(dims, letters)


@pytest.mark.parametrize("name", ops.__all__)
def test_every_argument_is_described(name):
    function = getattr(ops, name)
    described = block(function)
    assert list(described) == [*inspect.signature(function).parameters, "returns"]
    assert SHAPE.match(described["returns"]), described["returns"]


@pytest.mark.parametrize("name", ops.__all__)
def test_the_shapes_are_true(name):
    function = getattr(ops, name)
    for arguments, letters in calls(function):
        result = function(**arguments)
        if isinstance(result, tuple):  # "(o, c) weight and (o) bias"
            promised = [size(dims, letters) for dims in re.findall(r"\(([^)]*)\)", block(function)["returns"])]
            assert [tuple(part.shape) for part in result] == promised
            continue
        shape = tuple(result.shape)
        assert shape == promise(function, letters, shape), {k: getattr(v, "shape", v) for k, v in arguments.items()}


# what blocks and general networks are built with
BUILT_WITH = {
    "NiNBlock": {"in_channels": 4, "widths": (5, 6, 7), "kernel_size": 3, "stride": 2},
    "Inception": {"in_channels": 4, "one": 1, "three": (5, 2), "five": (5, 3), "pool": 6},
    "BasicBlock": {"in_channels": 4, "width": 6, "stride": 2},
    "Bottleneck": {"in_channels": 4, "width": 6, "stride": 2},
    "ResNet": {"block": models.BasicBlock, "counts": (1, 1, 1, 1), "in_channels": 2},
}
MODELS = [
    name
    for name, model in vars(models).items()
    if isinstance(model, type) and issubclass(model, torch.nn.Module) and name != "Frozen"  # has the shapes of another
]


@pytest.mark.parametrize("name", MODELS)
def test_the_shapes_of_models_are_true(name):
    model = getattr(models, name)
    defaults = {key: p.default for key, p in inspect.signature(model).parameters.items()}
    room = getattr(model, "smallest", 0)  # pixels that a picture must have
    letters = LETTERS | {"h": room + 9, "w": room + 11} | defaults | BUILT_WITH.get(name, {})
    x = size(SHAPE.match(block(model)["x"])[2], letters)
    with torch.device("cpu" if name == "LeNet1998" else "meta"):  # that one counts its connections
        shape = tuple(model(**BUILT_WITH.get(name, {})).eval()(torch.zeros(x)).shape)
    assert shape == promise(model, letters, shape)


SCALE = {"mean": (0.5,) * 4, "sd": (0.2,) * 4}


@pytest.mark.parametrize(
    ("function", "dtype", "others"),
    [
        (data.normalise, torch.uint8, SCALE),
        (data.grey, torch.uint8, {}),
        (data.as_digit, torch.float32, {}),
        (train.confusion_matrix, torch.int64, {"classes": 3}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_shapes_of_other_rooms_are_true(function, dtype, others):
    promised = {name: SHAPE.match(text) for name, text in block(function).items()}
    tensors = {
        name: torch.ones(size(shape[2], LETTERS), dtype=dtype)
        for name, shape in promised.items()
        if shape and name not in (*others, "returns")
    }
    assert tensors
    assert tuple(function(**tensors, **others).shape) == size(promised["returns"][2], LETTERS)
