"""Explorers in a real JupyterLab in Chromium: every control to its ends, and what is shown is what Python says."""

import ast
import os

import browser
import pytest
from torch import nn

from cnnlab import widgets
from cnnlab.widgets import activation_state as activation
from cnnlab.widgets import augmentation_state as augmentation
from cnnlab.widgets import channel_mixer_state as mixer
from cnnlab.widgets import depth_state as depth
from cnnlab.widgets import descent_state as descent
from cnnlab.widgets import digit_pad_state as pad
from cnnlab.widgets import feature_browser_state as features
from cnnlab.widgets import pooling_state as pooling
from cnnlab.widgets import shape_ladder_state as rungs
from cnnlab.widgets.values import number

CI = os.environ.get("CNNLAB_CI") == "1"
if browser.chromium() is None and not CI:
    pytest.skip("no Chromium on this machine: install one, or name it in CNNLAB_CHROMIUM", allow_module_level=True)
pytestmark = pytest.mark.xdist_group("browser")


def _pooled(s):
    """The table of the pooling explorer: as it is and with blur, change, movement, change beyond it."""
    for blur in (False, True):
        change, error, movement = pooling.compared(s, s["shift"], blur)
        yield from (pooling.percent(change), pooling.count(movement, "column"), pooling.percent(error))


def _bent(s):
    """The table of the activation explorer: for each function an answer, a slope, and what is left of a nudge."""
    for name in activation.FUNCTIONS:
        units = activation.chain(s, name)
        yield from (activation.brief(units[0].answer), activation.text(units[0].slope), activation.text(units[-1].left))


def _mixed(s):
    """What the channel mixer writes: weights, multiply-adds, and the sum at the picked pixel."""
    s = mixer.complete(**s)
    k, each, whole = (
        (1 if s["kernel"] == "1x1" else 3),
        mixer.channels(s) // s["groups"],
        mixer.cost(s | {"groups": 1})[0],
    )
    (weights, multiply_adds), filters, at = mixer.cost(s), s["filters"], (s["row"], s["column"])
    shared = f", instead of {whole} with 1 group" if s["groups"] > 1 else ""
    yield (
        f"Weights: {filters} filter{'s' * (filters != 1)} × {each} channel{'s' * (each != 1)} each × {k}·{k} "
        f"= {weights}{shared}"
    )
    yield f"Multiply-adds: {weights} × 64·64 places = {multiply_adds:,}"
    parts = [mixer.fine(p[at]) for p in mixer.products(s)]
    total = mixer.fine(mixer.result(s)[s["output"]][at])
    yield f"{' + '.join(parts).replace('+ -', '- ')} = {total} = output[{s['output']}, {at[0]}, {at[1]}]"


def _answered(s):
    """The ten numbers of the digit pad; nothing as long as nothing is drawn."""
    p = pad.probabilities(pad.complete(**s))
    return [""] * 10 if p is None else map(number, p)


def _start(s):
    """The state of the descent explorer: one slider for each weight, and a box to tick for what is forgotten."""
    weights = len(descent.LANDSCAPES[s["landscape"]]["low"])
    start = [s[f"start-{i}"] for i in range(weights)]
    known = {name: s[name] for name in ("landscape", "learning_rate", "momentum", "steps")}
    return descent.complete(**known, zero_grad=not s["zero_grad"], start=start)


def _stepped(s):
    """What the descent explorer writes: where the walk ends, slope and w.grad of the last step."""
    s = _start(s)
    walk, last = descent.walk(s), descent.describe(s).rpartition(", after ")[2]
    yield f"After {last}."
    written = [descent.place(rows[-1], descent.digits) if rows else "" for rows in (walk.slopes, walk.grads)]
    old = descent.place(walk.grads[-2] if len(walk.grads) > 1 else [0.0] * len(s["start"]), descent.digits)
    old, slope = (f"({text})" if text.startswith("-") else text for text in (old, written[0]))
    left_over = "" if s["zero_grad"] else f"{old} left over + {slope} = "
    yield f"slope = {written[0]}" if walk.slopes else ""
    yield f".grad = {left_over}{written[1]}" if walk.slopes else ""


def _chain(s):
    """The state of the shape ladder, from its controls and from the code that it shows."""
    names = [layer["name"] for layer in widgets.shape_ladder("CifarNet").state["layers"]]
    layers = [rungs.plain(*pair) for pair in zip(names, eval(s["code"], {"nn": nn}), strict=True)]
    known = {name: s[name] for name in ("size", "channels")}
    return rungs.complete(title="CifarNet", layers=layers, layer=int(s["layer"]), **known)


def _climbed(s):
    """The table of the shape ladder: shape, parameters and multiply-adds of the picture and of each layer."""
    s = _chain(s)
    found, fault = rungs.climb(s)
    shape = (s["channels"], s["size"], s["size"])
    yield from (rungs.times(shape), "", "")
    for rung in found:
        yield rungs.times(rung.out_shape)
        yield from (f"{n:,}" if n else "" for n in (rung.parameters, rung.multiply_adds))
    left = len(s["layers"]) - len(found)
    if fault:
        yield f"gets {rungs.times(found[-1].out_shape if found else shape)}"
        yield from [""] * (3 * left - 1)
    yield from ("", f"{sum(r.parameters for r in found):,}", f"{sum(r.multiply_adds for r in found):,}")


def _drawn(s):
    """What the augmentation explorer writes: how many pictures there are, the epochs, the steps of one, the code."""
    s = augmentation.complete(**s)
    yield augmentation.outcomes(s)
    for epoch, choice in enumerate(augmentation.choices(s), 1):
        yield f"epoch {epoch}" + (f": {augmentation.mixture(s, choice)}" if s["mixup"] else "")
    yield from (*augmentation.captions(s), augmentation.code(s))


def _passed(s):
    """The table of the depth explorer: signal and gradient at the input, in the middle and at the end."""
    found = depth.sizes(depth.complete(**s))
    for layer in (0, (s["depth"] + 1) // 2, s["depth"]):
        yield from (depth.written(found.signal[layer]), depth.written(found.gradient[layer]))


# explorer: its describe, (CSS of what is shown, its texts from a state), a state to begin with, and its controls
EXPLORERS = {
    "pooling_explorer": (
        pooling.describe,
        ("tbody td", _pooled),
        {"image": "digit", "kernel_size": 3, "stride": 2, "padding": 1},
        {"image", "mode", "ceil_mode", "kernel_size", "stride", "padding", "shift", "row", "column"},
    ),
    "activation_explorer": (
        activation.describe,
        ("tbody td", _bent),
        {"function": "leaky_relu", "x": -1.0, "weight": 1.5, "bias": 0.4},
        {"function", "x", "weight", "bias", "units", "negative_slope"},
    ),
    "channel_mixer": (
        mixer.describe,
        (".cost, .total", _mixed),
        {"image": "both", "mix": "random", "kernel": "box", "filters": 6, "groups": 2, "output": 4},
        {"image", "mix", "kernel", "filters", "groups", "output", "row", "column"},
    ),
    "digit_pad": (
        pad.describe,
        (".bars > :nth-child(3n)", _answered),
        {"drawing": "tiny 2", "pen": 5, "part": 100, "centered": True},
        {"drawing", "pen", "part", "centered"},
    ),
    "descent_explorer": (
        lambda s: descent.describe(_start(s)),
        (".said, .slope, .grad", _stepped),
        {"landscape": "valley", "learning_rate": 0.1, "momentum": 0.5, "steps": 30},
        {"landscape", "learning_rate", "momentum", "steps", "zero_grad", "start-0", "start-1"},
    ),
    "depth_explorer": (
        depth.describe,
        ("tbody td", _passed),
        {"depth": 50, "init": "large", "gain": 1.5, "skip": True},
        {"depth", "init", "gain", "activation", "batch_norm", "skip"},
    ),
    "shape_ladder": (
        lambda s: rungs.describe(_chain(s)),
        (".ladder td", _climbed),
        {"model": "CifarNet", "size": 48},
        {"size", "channels", "layer", "kernel_size", "stride", "padding"},
    ),
    "augmentation_explorer": (
        augmentation.describe,
        (".said, .tiles figcaption, .did, code", _drawn),
        {"image": "arrow", "other": "cat", "crop": 2, "color": 0.4, "erase": 5, "mixup": 0.3, "seed": 7, "epoch": 4},
        {"image", "other", "crop", "padding", "flip", "color", "erase", "mixup", "seed", "epoch"},
    ),
}
NAMES = tuple(EXPLORERS)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A notebook with each explorer as a page and as a widget, run, with a list of what went wrong."""
    folder = tmp_path_factory.mktemp("lab")
    cells = ["from cnnlab import widgets"]
    for name, (*_, start, _) in EXPLORERS.items():
        cells.append(f"widgets.{name}(**{start})")
        cells.append(f"{name} = widgets.{name}(live=True, **{start})\n{name}")
    cells.append("feature_browser = widgets.feature_browser(image=3)\nfeature_browser")  # which lives with Python only
    browser.write_notebook(folder / "run.ipynb", cells)
    with browser.browser() as chrome, browser.lab(folder) as address:
        page = chrome.new_page(viewport={"width": 1400, "height": 900})
        page.errors = browser.console_errors(page)
        browser.run_all(page, address, "run.ipynb")
        page.wait_for_function(f"document.querySelectorAll('[data-sentence]').length === {2 * len(EXPLORERS) + 1}")
        yield page
        page.close()


@pytest.fixture(autouse=True)
def quiet(notebook):
    """No test leaves an error on the console, nor one of Python's in an explorer."""
    yield
    found, notebook.errors[:] = list(notebook.errors), []
    found += notebook.locator(".cnnlab [role=alert]:not(:empty)").all_inner_texts()
    assert not found


READ = """(root) => Object.fromEntries([...root.querySelectorAll("[data-name]")].map(
    (c) => [c.dataset.name, c.type === "checkbox" ? c.checked : c.type === "range" ? Number(c.value) : c.value]).concat(
    [...root.querySelectorAll("pre.code")].map((pre) => ["code", pre.textContent])))"""


MOVE = """(control, value) => {
    control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
}"""


class Explorer:
    """One explorer on the page, by what a person can see and do."""

    def __init__(self, page, name, live=False):
        self.page, self.name, self.root = page, name, page.locator(".cnnlab").nth(2 * NAMES.index(name) + live)
        self.describe, (self.cells, self.expected), self.start, self.names = EXPLORERS[name]

    def control(self, name):
        return self.root.locator(f"[data-name={name}]")

    @property
    def sentence(self):
        return self.root.get_attribute("data-sentence")

    @property
    def state(self):
        """What the controls say."""
        return self.start | self.root.evaluate(f"(root) => ({READ})(root)")

    def agrees(self):
        state = self.state
        assert self.sentence == self.describe(state)
        shown = self.root.locator(self.cells).all_text_contents()  # inner texts are empty where nobody looks
        assert shown == list(self.expected(state)), state


@pytest.mark.parametrize("name", NAMES)
def test_every_control_goes_to_its_ends(notebook, name):
    explorer = Explorer(notebook, name)
    explorer.agrees()
    controls = explorer.root.locator("[data-name]").all()
    assert {c.get_attribute("data-name") for c in controls} == explorer.names
    reached = {c.get_attribute("data-name"): set() for c in controls}
    for control in controls:
        which = control.get_attribute("data-name")
        kind = control.get_attribute("type") or "select"
        before = explorer.state[which]
        if kind == "select":
            options = [o.get_attribute("value") for o in control.locator("option").all() if o.is_enabled()]
            moves = [lambda value=value, c=control: c.select_option(value) for value in [*options, before]]
        elif kind == "checkbox":
            moves = [control.click] * 2
        else:
            moves = [lambda key=key, c=control: c.press(key) for key in ("Home", "End", "ArrowLeft")]
            moves.append(lambda value=before, c=control: c.evaluate(MOVE, value))  # back: the next one finds room
        for move in moves:
            move()
            explorer.agrees()
            reached[which].add(explorer.state[which])
    assert all(len(values) > 1 for values in reached.values()), reached


@pytest.mark.parametrize("name", NAMES)
def test_controls_have_names_and_keep_their_keys(notebook, name):
    explorer = Explorer(notebook, name)
    for control in explorer.root.locator("input, select, button, [tabindex]").all():
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
        assert control.evaluate("(c) => (c.labels?.length ? c.labels[0].textContent : c.ariaLabel ?? c.textContent)")
    for picture in explorer.root.locator("canvas").all():
        assert picture.get_attribute("role") == "img" and picture.get_attribute("aria-label")


@pytest.mark.parametrize("name", NAMES)
def test_python_hears_the_controls_and_sets_them(notebook, name):
    explorer = Explorer(notebook, name, live=True)
    explorer.agrees()
    slider = explorer.root.locator("input[type=range]:enabled").first
    slider.press("End")
    explorer.agrees()
    _until(notebook, f"(repr({name}), {name}.error)", (explorer.sentence, ""))
    for which, value in explorer.start.items():
        browser.kernel_says(notebook, f"{name}.set_trait({which!r}, {value!r})")
    sentence = ast.literal_eval(browser.kernel_says(notebook, f"repr({name})"))
    notebook.wait_for_function(
        "([e, sentence]) => e.dataset.sentence === sentence", arg=[explorer.root.element_handle(), sentence]
    )
    explorer.agrees()


def _until(page, code, expected):
    """Wait for the kernel to agree: the controls tell it when they are let go."""
    for _ in range(50):
        if (said := ast.literal_eval(browser.kernel_says(page, code))) == expected:
            return
        page.wait_for_timeout(100)
    assert said == expected


def test_an_output_of_the_pooling_explorer_is_picked_by_keys_and_mouse(notebook):
    explorer = Explorer(notebook, "pooling_explorer")
    for name, value in {"image": "digit", "mode": "avg"}.items():
        explorer.control(name).select_option(value)
    output = explorer.root.locator("canvas[tabindex]")
    output.focus()
    for _ in range(20):
        output.press("ArrowLeft")
    assert explorer.state["column"] == 0
    output.press("ArrowRight")
    assert explorer.state["column"] == 1
    explorer.agrees()
    output.click(position={"x": 3, "y": 3})
    assert (explorer.state["row"], explorer.state["column"]) == (0, 0)
    assert (
        output.get_attribute("aria-label") == explorer.sentence == widgets.pooling_explorer(**explorer.state).__repr__()
    )


def test_a_smaller_window_takes_its_padding_along(notebook):
    explorer = Explorer(notebook, "pooling_explorer")
    explorer.control("kernel_size").press("End")
    explorer.control("padding").press("End")
    assert (explorer.state["kernel_size"], explorer.state["padding"]) == (7, 3)
    explorer.control("kernel_size").press("Home")
    assert explorer.state["padding"] == 0 and explorer.control("padding").is_disabled()
    explorer.agrees()


def test_the_table_of_the_channel_mixer_can_be_typed(notebook):
    explorer = Explorer(notebook, "channel_mixer", live=True)
    for name, value in {"image": "coffee", "kernel": "1x1", "mix": "identity"}.items():
        explorer.control(name).select_option(value)
    for _ in range(3):
        explorer.control("filters").press("ArrowLeft")
    explorer.root.get_by_role("button", name="filter 1").click()
    cell = explorer.root.get_by_role("textbox", name="filter 1, blue")
    cell.fill("-0.5")
    cell.press("Enter")
    mix = [[1, 0, 0], [0, 1, -0.5], [0, 0, 1]]
    expected = {**explorer.state, "mix": mix, "filters": 3, "groups": 1, "output": 1}
    assert explorer.sentence == mixer.describe(expected)
    _until(notebook, "(channel_mixer.mix, repr(channel_mixer))", (mix, explorer.sentence))
    cell.fill("much")
    cell.press("Enter")
    assert explorer.root.locator(".said").inner_text() == "Not possible: much is not a number."
    assert cell.input_value() == "-0.5"
    explorer.control("filters").press("ArrowRight")  # a fourth filter begins with zeros
    _until(notebook, "channel_mixer.mix", [*mix, [0, 0, 0]])
    explorer.control("image").select_option("both")
    _until(notebook, "channel_mixer.mix", [[*row, 0, 0, 0] for row in [*mix, [0, 0, 0]]])
    explorer.control("mix").select_option("gray")
    explorer.agrees()


def test_groups_of_the_channel_mixer_say_why_not(notebook):
    explorer = Explorer(notebook, "channel_mixer")
    explorer.control("image").select_option("both")
    explorer.control("groups").press("Home")
    explorer.control("filters").press("End")
    for _ in range(2):
        explorer.control("filters").press("ArrowLeft")
    explorer.control("groups").press("ArrowRight")
    explorer.control("groups").press("ArrowRight")
    assert explorer.root.locator(".said").inner_text() == "Not possible: 3 groups cannot share 4 filters evenly."
    assert explorer.state["groups"] == 2  # nor can 4, 5 or 6
    assert explorer.root.get_by_role("textbox", name="filter 0, cat red").is_disabled()
    assert explorer.root.get_by_role("textbox", name="filter 2, cat red").is_enabled()
    explorer.control("filters").press("ArrowLeft")
    assert explorer.state["filters"] == 2  # 3 cannot be shared by two groups
    explorer.agrees()


def test_the_colors_of_the_channel_mixer_are_what_ops_computes(notebook):
    """Red, green and blue that come out in turn, and one signed output, read from the canvases."""
    explorer = Explorer(notebook, "channel_mixer")
    for name, value in {"image": "coffee", "kernel": "1x1", "mix": "rotate"}.items():
        explorer.control(name).select_option(value)
    explorer.control("filters").press("Home")
    for _ in range(2):
        explorer.control("filters").press("ArrowRight")
    s = mixer.complete(**explorer.state)
    assert (s["filters"], s["groups"]) == (3, 1)
    color = """(canvas, places) => places.map(([x, y]) => [...canvas.getContext("2d").getImageData(
        x * canvas.width / canvas.clientWidth, y * canvas.height / canvas.clientHeight, 1, 1).data])"""
    places = [(5, 9), (40, 60), (63, 0), (31, 32)]  # row, column
    cell = 96 / mixer.SIDE
    pictures = explorer.root.locator("canvas").nth(0)
    shown = pictures.evaluate(color, [[100 + (j + 0.5) * cell, (i + 0.5) * cell] for i, j in places])
    for (i, j), (*rgb, _) in zip(places, shown, strict=True):
        assert rgb == pytest.approx((255 * mixer.result(s)[:, i, j]).tolist(), abs=2)
    explorer.control("mix").select_option("differences")
    s = mixer.complete(**explorer.state)
    output, y = explorer.root.locator("canvas[tabindex]"), mixer.result(s)[s["output"]]
    cell = 300 / mixer.SIDE
    for (i, j), (red, _, blue, _) in zip(
        places, output.evaluate(color, [[(j + 0.5) * cell, (i + 0.5) * cell] for i, j in places]), strict=True
    ):
        if abs(y[i, j]) > 0.05:
            assert (red > blue) == (y[i, j] > 0)
    output.focus()
    output.press("ArrowDown")
    assert explorer.state["row"] == s["row"] + 1
    output.click(position={"x": 300 - 2, "y": 2})
    assert (explorer.state["row"], explorer.state["column"]) == (0, 63)
    explorer.root.locator("canvas").last.click(position={"x": 299, "y": 20})  # the last of all outputs
    assert explorer.state["output"] == 2
    explorer.agrees()


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("name", NAMES)
def test_without_kernel_or_style_it_lives_and_fits(notebook, tmp_path, name, width):
    """Two copies on a page that has nothing of JupyterLab: one moves, the other stays, and nothing sticks out."""
    html = getattr(widgets, name)(**EXPLORERS[name][2]).html()
    (tmp_path / "bare.html").write_text(f'<!doctype html><meta charset="utf-8">{html}{html}', encoding="utf-8")
    page = notebook.context.browser.new_page(viewport={"width": width, "height": 900})
    errors = browser.console_errors(page)
    page.goto((tmp_path / "bare.html").as_uri())
    first, copy = (page.locator(".cnnlab").nth(i) for i in (0, 1))
    before = copy.get_attribute("data-sentence")
    first.locator("input[type=range]:enabled").first.press("Home")
    assert copy.get_attribute("data-sentence") == before != first.get_attribute("data-sentence")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not errors
    page.close()


def test_the_input_of_the_activation_explorer_moves_by_keys_and_mouse(notebook):
    explorer = Explorer(notebook, "activation_explorer")
    explorer.control("function").select_option("relu")
    for name in ("weight", "bias"):
        explorer.control(name).press("End")
    curve = explorer.root.locator("canvas[tabindex]")
    curve.press("ArrowRight")
    before = explorer.state["x"]
    for _ in range(3):
        curve.press("ArrowLeft")
    assert explorer.state["x"] == pytest.approx(before - 0.3)
    explorer.agrees()
    box = curve.bounding_box()
    curve.click(position={"x": 34 + (box["width"] - 42) / 4, "y": 100})  # a weighted sum of -4: a quarter of the way
    assert explorer.state["x"] == -2  # 4 * -2 + 4
    explorer.agrees()
    assert explorer.root.get_by_role("status").inner_text() == "The unit is dead: its slope is 0, it cannot learn."


def test_the_leaky_slope_is_offered_where_it_counts(notebook):
    explorer = Explorer(notebook, "activation_explorer")
    for name in activation.FUNCTIONS:
        explorer.control("function").select_option(name)
        assert explorer.control("negative_slope").is_visible() == (name == "leaky_relu")


def test_a_digit_is_drawn_with_the_mouse_and_with_keys(notebook):
    """What Python hears of a drawing, and what it makes of it, is what the page shows."""
    explorer = Explorer(notebook, "digit_pad", live=True)
    paper = explorer.root.locator("canvas.paper")
    said = explorer.root.locator(".said")
    explorer.root.get_by_role("button", name="Clear the paper").click()
    assert explorer.sentence == pad.describe({"drawing": []}) and said.inner_text() == "Nothing is drawn yet."
    assert explorer.root.get_by_role("button", name="Take a stroke back").is_disabled()
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    mouse = notebook.mouse
    for line in ([(80, 60), (200, 60), (130, 230)], [(110, 150), (180, 150)]):  # a 7 with a bar
        mouse.move(box["x"] + line[0][0], box["y"] + line[0][1])
        mouse.down()
        for x, y in line[1:]:
            mouse.move(box["x"] + x, box["y"] + y, steps=15)
        mouse.up()
    assert "drawing of your own" in explorer.sentence and "the network says 7" in explorer.sentence
    _until(notebook, "(len(digit_pad.drawing), repr(digit_pad))", (2, explorer.sentence))
    first = ast.literal_eval(browser.kernel_says(notebook, "digit_pad.drawing"))[0]
    assert first[0] == [16, 12] and first[-1] == [26, 46]  # 5 pixels of the page are one of the paper
    ink = "int(digit_pad.picture.int().sum())"
    with_bar = int(browser.kernel_says(notebook, ink))
    explorer.root.get_by_role("button", name="Take a stroke back").click()
    _until(notebook, "len(digit_pad.drawing)", 1)
    assert with_bar != int(browser.kernel_says(notebook, ink))

    explorer.control("part").press("Home")
    assert explorer.sentence == pad.describe({"drawing": []})
    paper.focus()
    paper.press("Space")
    assert said.inner_text().endswith("The pen is down: steer with the arrow keys.")
    for key in 5 * ["ArrowDown"] + ["Shift+ArrowRight"]:
        paper.press(key)
    paper.press("Space")
    paper.press("ArrowUp")  # no ink: the pen is up
    drawn = [[[28, 28 + 2 * i] for i in range(6)] + [[28.5, 38]]]
    _until(notebook, "(digit_pad.drawing, digit_pad.part)", (drawn, 100))
    assert explorer.sentence == pad.describe({"drawing": drawn})
    explorer.control("drawing").select_option("8")
    explorer.agrees()
    assert paper.evaluate("(e) => getComputedStyle(e).touchAction") == "none"  # a finger draws and does not scroll


def test_the_start_of_the_descent_explorer_is_set_by_keys_and_mouse(notebook):
    explorer = Explorer(notebook, "descent_explorer", live=True)
    picture = explorer.root.locator("canvas[tabindex]")
    for key in ("ArrowLeft", "ArrowUp", "ArrowUp", "ArrowRight", "ArrowRight"):
        picture.press(key)
    assert (explorer.state["start-0"], explorer.state["start-1"]) == (-2.45, 1.6)
    _until(notebook, "descent_explorer.start", [-2.45, 1.6])
    scale = picture.evaluate("(canvas) => canvas.clientWidth") / 400
    picture.click(position={"x": (46 + 346 / 2) * scale, "y": (22 + 224 / 4) * scale})  # in the middle, a quarter down
    assert (explorer.state["start-0"], explorer.state["start-1"]) == (0, 1)
    explorer.agrees()
    explorer.control("landscape").select_option("neuron")
    assert "from w = 1.5, loss 6.25, " in explorer.sentence  # the start of the new landscape
    explorer.agrees()
    explorer.control("steps").press("Home")
    explorer.agrees()
    _until(notebook, "(descent_explorer.start, repr(descent_explorer))", ([1.5], explorer.sentence))


def test_the_shape_ladder_is_mended_and_put_back(notebook):
    explorer = Explorer(notebook, "shape_ladder", live=True)
    said = explorer.root.locator(".said")
    again, cure = explorer.root.get_by_role("button", name="As it was built"), explorer.root.locator("button.cure")
    again.click()
    assert explorer.state["size"] == 32 and cure.is_hidden()
    assert said.inner_text() == "It fits: 145,578 parameters, 12,354,176 multiply-adds for one picture."
    for _ in range(8):
        explorer.control("size").press("ArrowRight")
    assert explorer.root.locator("tr.broken th").inner_text() == "fc1 Linear"
    assert "Layer 11 (fc1, Linear) does not fit: Linear(1024, 64) gets 1600 values" in said.inner_text()
    explorer.agrees()
    cure.press("Enter")
    assert said.inner_text().startswith("It fits: ") and explorer.root.evaluate(
        "(e) => e.contains(document.activeElement)"
    )
    explorer.agrees()
    _until(notebook, "(shape_ladder.layers[10]['in_features'], repr(shape_ladder))", (1600, explorer.sentence))
    explorer.root.locator("tbody tr").nth(3).click()  # the first pooling
    explorer.control("padding").press("End")
    assert said.inner_text() == "Not possible: pool1 pads at most half of its window of 2."
    explorer.agrees()
    again.click()
    _until(notebook, "repr(shape_ladder)", explorer.sentence)


def test_the_pictures_of_the_augmentation_explorer_are_those_of_data(notebook):
    """Colors in the middle of pixels of each epoch's tile, and of the steps of one epoch, read from the canvases."""
    explorer = Explorer(notebook, "augmentation_explorer")
    again = explorer.root.get_by_role("button", name="Draw again")
    before = explorer.state["seed"]
    again.press("Enter")
    assert explorer.state["seed"] == before + 1
    tiles = explorer.root.locator(".tiles canvas")
    tiles.nth(5).click()
    assert explorer.state["epoch"] == 6
    explorer.agrees()
    explorer.control("mixup").press("End")
    s = augmentation.complete(**explorer.state)
    done = augmentation.steps(s)
    read = """(canvas, places) => places.map(([i, j]) => [...canvas.getContext("2d").getImageData(
        (j + 0.5) * canvas.width / 32, (i + 0.5) * canvas.height / 32, 1, 1).data].slice(0, 3))"""
    places = [(3, 4), (9, 20), (16, 16), (20, 27), (28, 9)]  # row, column; no tile's frame lies there
    pictures = [*done["mixed"], *(x[s["epoch"] - 1] for x in done.values())]
    canvases = [*tiles.all(), *(explorer.root.locator(".steps canvas").nth(i) for i in (1, 2, 3, 5))]
    for canvas, x in zip(canvases, pictures, strict=True):
        shown = canvas.evaluate(read, places)
        for (i, j), color in zip(places, shown, strict=True):
            assert color == pytest.approx((255 * x[:, i, j]).tolist(), abs=1), canvas


# ---- the feature-map browser, which asks Python for every picture


@pytest.fixture
def features_shown(notebook):
    """Its element, and the same state in this process."""
    root = notebook.locator(".cnnlab").last
    known = widgets.feature_browser(live=False).state

    def agrees():
        """What it shows once Python has answered: the sentence, the three likeliest classes, the maps' range."""
        notebook.wait_for_function("(e) => !e.hasAttribute('data-waits')", arg=root.element_handle())
        controls = root.evaluate(f"(root) => ({READ})(root)")
        state = features.complete(known["subject"], **controls)
        answer = features.ask(state)
        assert root.get_attribute("data-sentence") == features.said(state, answer)
        best = answer.probabilities.sort(descending=True, stable=True).values[:3]
        assert root.locator(".bars > :nth-child(3n)").all_text_contents() == [number(p) for p in best]
        legends = root.locator(".legend:not([hidden])").all_text_contents()
        low, high = answer.maps.min(), answer.maps.max()
        reach = max(-low, high)
        expected = [f"{number(-reach)}{number(reach)}" if low < 0 else f"0{number(high)}"]
        assert legends == [f"0{number(answer.cam.max())}"] * state["cam"] + expected
        return controls

    return root, agrees


def test_the_feature_browser_goes_to_its_ends(notebook, features_shown):
    root, agrees = features_shown
    assert agrees()["image"] == 3
    controls = root.locator("[data-name]").all()
    assert {c.get_attribute("data-name") for c in controls} == set(features.DEFAULTS)
    for control in controls:
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
        assert control.evaluate("(c) => c.labels[0].textContent")
        if control.get_attribute("type") == "range":
            for key in ("Home", "End", "ArrowLeft"):
                control.press(key)
                agrees()
        elif control.get_attribute("type") == "checkbox":
            for _ in range(2):
                control.click()
                agrees()
        else:
            for option in [o.get_attribute("value") for o in control.locator("option").all()]:
                control.select_option(option)
                assert agrees()[control.get_attribute("data-name")] == option
    assert root.get_attribute("data-sentence") == ast.literal_eval(
        browser.kernel_says(notebook, "repr(feature_browser)")
    )


def test_a_map_is_chosen_by_keys_and_mouse_and_python_is_heard(notebook, features_shown):
    root, agrees = features_shown
    browser.kernel_says(notebook, "feature_browser.set_trait('layer', 'layer2')")
    browser.kernel_says(notebook, "feature_browser.set_trait('channel', 20)")
    notebook.wait_for_function("(e) => e.dataset.sentence.includes('channel 20 of 32')", arg=root.element_handle())
    maps = root.locator("canvas[tabindex]")
    for key, channel in (("ArrowRight", 21), ("ArrowDown", 29), ("ArrowDown", 29), ("ArrowUp", 21), ("ArrowLeft", 20)):
        maps.press(key)
        assert agrees()["channel"] == channel
    box = maps.bounding_box()
    maps.click(position={"x": box["width"] - 3, "y": 3})
    assert agrees()["channel"] == 7
    for picture in root.locator("canvas").all():
        assert picture.get_attribute("role") == "img" and picture.get_attribute("aria-label")


def test_python_is_asked_one_thing_at_a_time_and_last_about_the_latest(notebook, features_shown):
    root, agrees = features_shown
    slow = "feature_browser.subject.model.conv1.register_forward_hook(lambda *_: __import__('time').sleep(0.05))"
    browser.kernel_says(notebook, f"globals().update(slow={slow})")
    before = int(browser.kernel_says(notebook, "feature_browser.asked"))
    drag = f"""async (control) => {{
        for (let value = 0; value < 24; value++) {{
            ({MOVE})(control, value);
            await new Promise(requestAnimationFrame);
        }}
    }}"""
    root.locator("[data-name=image]").evaluate(drag)
    assert agrees()["image"] == 23
    assert int(browser.kernel_says(notebook, "feature_browser.asked")) - before < 12
    browser.kernel_says(notebook, "slow.remove()")


def test_an_error_in_python_is_shown_in_the_feature_browser(notebook, features_shown):
    root, agrees = features_shown
    fails = "feature_browser.subject.model.conv1.register_forward_hook(lambda *_: 1 / 0)"
    browser.kernel_says(notebook, f"globals().update(broken={fails})")
    root.locator("[data-name=image]").press("Home")
    alert = root.locator("[role=alert]")
    alert.get_by_text("ZeroDivisionError: division by zero").wait_for()
    browser.kernel_says(notebook, "broken.remove()")
    root.locator("[data-name=image]").press("ArrowRight")
    assert agrees()["image"] == 1 and alert.text_content() == ""


@pytest.mark.parametrize("width", [400, 1400])
def test_what_asks_python_is_a_picture_that_fits_elsewhere(notebook, tmp_path, width):
    html = widgets.feature_browser(live=False).html()
    (tmp_path / "bare.html").write_text(f'<!doctype html><meta charset="utf-8">{html}', encoding="utf-8")
    page = notebook.context.browser.new_page(viewport={"width": width, "height": 900})
    page.goto((tmp_path / "bare.html").as_uri())
    assert page.get_by_text("This explorer asks Python").is_visible() and page.locator("img").get_attribute("alt")
    page.close()
