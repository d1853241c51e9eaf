"""The arithmetic of the explorers' JavaScript, run by Node, against the rooms that are the truth."""

import itertools

import explorers
import numpy as np
import pytest
import torch

from cnnlab import widgets
from cnnlab.widgets import kernel_state as kernel
from cnnlab.widgets import values

RUN = """
import { readFileSync, writeFileSync } from "node:fs";
import * as explorer from "./explorer.mjs";
const { chance, compute, formula, greyScale, ink, number, problem, pytorch, sentence, signedScale } = explorer;
const { states, fixed, numbers } = JSON.parse(readFileSync("ask.json"));
const outputs = [];
const results = states.map((state) => {
  const why = problem(state, fixed);
  if (why) return { why };
  const r = compute(state, fixed);
  outputs.push(Buffer.from(r.output.buffer));
  return { oh: r.oh, ow: r.ow, sum: r.sum, products: r.products, row: r.row, column: r.column,
    formula: formula(state, r), line: pytorch(state), sentence: sentence(state, fixed, r) };
});
writeFileSync("outputs.bin", Buffer.concat(outputs));
const inked = [greyScale(-1, 1), signedScale(1)].flatMap((color) => numbers.map((v) => [color(v), ink(color(v))]));
console.log(JSON.stringify({ results, numbers: numbers.map(number), chances: numbers.map(chance), inked }));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Ask the module that ships about many states at once: (results, outputs in order, numbers as text)."""
    ask = explorers.asker(tmp_path_factory, "kernel_explorer", RUN)

    def answers(states, numbers=()):
        answer = answers.last = ask(states=states, numbers=list(numbers), fixed=kernel.fixed())
        flat = torch.from_numpy(np.fromfile(ask.folder / "outputs.bin"))
        sizes = [r["oh"] * r["ow"] for r in answer["results"] if "oh" in r]
        return answer["results"], list(flat.split(sizes)) if sizes else [], answer["numbers"]

    return answers


def settings():
    """All sizes, strides, paddings, dilations, modes and operations on 5x5; a spread of them on the larger pictures."""
    spans = [range(low, high + 1) for low, high in kernel.LIMITS.values()]
    presets = itertools.cycle(widgets.PRESETS)
    for i, (k, s, p, d, mode, flip) in enumerate(itertools.product(*spans, kernel.MODES, (False, True))):
        image = "photo" if i % 97 == 0 else "digit" if i % 13 == 0 else "grid"
        yield {"image": image, "kernel": next(presets), "kernel_size": k, "stride": s, "padding": p, "dilation": d,
               "padding_mode": mode, "convolution": flip, "row": 0, "column": 0}  # fmt: skip


def test_what_the_browser_computes_is_what_ops_computes(node):
    states = list(settings())
    results, outputs, _ = node(states)
    outputs = iter(outputs)
    legal = 0
    for state, result in zip(states, results, strict=True):
        try:
            s = kernel.complete(**state)
        except ValueError as error:
            assert "why" in result, f"JavaScript allows what Python refuses: {error}"
            continue
        assert "why" not in result, f"JavaScript refuses {state}: {result.get('why')}"
        y = kernel.result(s)
        assert (result["oh"], result["ow"]) == tuple(y.shape), state
        assert torch.allclose(next(outputs).view(y.shape), y, rtol=0, atol=1e-12), state
        assert abs(sum(result["products"]) - y[0, 0]) < 1e-12, state
        legal += 1
    assert legal > 1000


EVERY_PRESET = [
    {
        "kernel": name,
        "kernel_size": k,
        "image": image,
        "padding": p,
        "convolution": image == "grid",
        "row": 2,
        "column": 1,
    }
    for name, (_, _, rule) in widgets.PRESETS.items()
    for k in range(1, 8)
    if rule(k)
    for image, p in (("grid", 4), ("digit", 1))
]
OWN = [
    {"image": [[1, 2.5, -3], [0, 0.125, 9]], "kernel": [[1, -0.5], [0.25, 0]]},  # not square; values that end in a tie
    {"image": [[5]], "kernel": [[2]], "padding": 6, "stride": 6},  # the smallest picture
    {"image": [[0.005, 0.015], [0.025, -0.005]], "kernel": [[1]]},  # ties that binary cannot hold
]


def test_the_browser_says_the_sentence_of_python(node):
    states = [kernel.complete(**s) for s in EVERY_PRESET + OWN]
    results, _, _ = node(states)
    for state, result in zip(states, results, strict=True):
        assert result["sentence"] == widgets.describe(state)


def test_numbers_are_written_alike(node):
    numbers = [i / 16 for i in range(-40, 40)] + [0.005, -0.005, 1.005, 0.1 + 0.2, -1e-9, 1e6, 123456.789, -0.125]
    _, _, written = node([], numbers)
    assert written == [values.number(x) for x in numbers]


def test_no_probability_is_0_or_1(node):
    numbers = [0, 1e-9, 0.004, 0.0049, 0.005, 0.3, 0.99, 0.994, 0.9949, 0.995, 1 - 1e-9, 1]
    node([], numbers)
    assert node.last["chances"] == [values.chance(p) for p in numbers]
    assert [values.chance(p) for p in numbers[3:5] + numbers[8:10]] == ["<0.01", "0.01", "0.99", ">0.99"]


def test_numbers_stand_out_from_their_colors(node):
    """By the 4.5 to 1 of WCAG, on every grey and every signed color."""
    linear = lambda v: ((v / 255 + 0.055) / 1.055) ** 2.4 if v > 10 else v / 255 / 12.92  # noqa: E731
    node([], [i / 300 for i in range(-300, 301)])
    for rgb, ink in node.last["inked"]:
        light = sum(part * linear(v) for part, v in zip((0.2126, 0.7152, 0.0722), rgb, strict=True))
        assert ((light + 0.05) / 0.05 if ink == "#000" else 1.05 / (light + 0.05)) > 4.5, rgb


def test_the_line_of_pytorch_does_the_same(node):
    states = [kernel.complete(**s) for s in EVERY_PRESET[::5] + OWN]
    states += [kernel.complete(image="digit", stride=2, padding=3, dilation=2, padding_mode=m) for m in kernel.MODES]
    results, _, _ = node(states)
    for state, result in zip(states, results, strict=True):
        line, weight = result["line"].split("  # weight = ")
        layer = eval(line, {"nn": torch.nn}).double()
        layer.weight.data[0, 0] = eval(weight, {"kernel": kernel.weights(state)})
        y = layer(kernel.picture(state)[None, None])[0, 0]
        assert torch.allclose(y, kernel.result(state)), line


def test_the_formula_holds(node):
    states = [kernel.complete(image="digit", stride=2, padding=1), kernel.complete(**OWN[0])]
    (square, oblong), _, _ = node(states)
    assert square["formula"] == "floor((28 + 2·1 − 1·(3−1) − 1) / 2) + 1 = 14"
    assert oblong["formula"].startswith("height floor((2 ") and oblong["formula"].endswith("= 2")


def test_a_pixel_outside_moves_to_the_edge(node):
    state = kernel.complete(image="grid") | {"row": 40, "column": 40}
    (result,), _, _ = node([state])
    assert (result["row"], result["column"]) == (2, 2)
