"""Explorers in a real JupyterLab in Chromium: every control to its ends, and what is shown is what Python says."""

import ast
import json

import gallery
import pytest
from gallery import MOVE, READ
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
from cnnlab.widgets.values import chance, number, text


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
    parts, total = [p[at] for p in mixer.products(s)], mixer.result(s)[s["output"]][at]
    terms = " + ".join(map(mixer.fine, parts)).replace("+ -", "- ")
    yield f"{terms} {mixer.equals(parts, total)} {mixer.fine(total)} = output[{s['output']}, {at[0]}, {at[1]}]"


def _answered(s):
    """The ten numbers of the digit pad; nothing as long as nothing is drawn."""
    p = pad.probabilities(pad.complete(**s))
    return [""] * 10 if p is None else map(chance, p)


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


# explorer: its describe, (CSS of what is shown, its texts from a state), and its controls
EXPLORERS = {
    "pooling_explorer": (
        pooling.describe,
        ("tbody td", _pooled),
        {"image", "mode", "ceil_mode", "kernel_size", "stride", "padding", "shift", "row", "column"},
    ),
    "activation_explorer": (
        activation.describe,
        ("tbody td", _bent),
        {"function", "x", "weight", "bias", "units", "negative_slope"},
    ),
    "channel_mixer": (
        mixer.describe,
        (".cost, .total", _mixed),
        {"image", "mix", "kernel", "filters", "groups", "output", "row", "column"},
    ),
    "digit_pad": (
        pad.describe,
        (".bars > :nth-child(3n)", _answered),
        {"drawing", "pen", "part", "centered"},
    ),
    "descent_explorer": (
        lambda s: descent.describe(_start(s)),
        (".said, .slope, .grad", _stepped),
        {"landscape", "learning_rate", "momentum", "steps", "zero_grad", "start-0", "start-1"},
    ),
    "depth_explorer": (
        depth.describe,
        ("tbody td", _passed),
        {"depth", "init", "gain", "activation", "batch_norm", "skip"},
    ),
    "shape_ladder": (
        lambda s: rungs.describe(_chain(s)),
        (".ladder td", _climbed),
        {"size", "channels", "layer", "kernel_size", "stride", "padding"},
    ),
    "augmentation_explorer": (
        augmentation.describe,
        (".said, .tiles figcaption, .did, code", _drawn),
        {"image", "other", "crop", "padding", "flip", "color", "erase", "mixup", "seed", "epoch"},
    ),
}
NAMES = tuple(EXPLORERS)


class Explorer(gallery.Explorer):
    """One of EXPLORERS: what it shows is what Python says of what its controls say."""

    def __init__(self, page, name, where="page"):
        super().__init__(page, name, where)
        self.describe, (self.cells, self.expected), self.names = EXPLORERS[name]
        self.start = gallery.OPENED[name][where]

    @property
    def state(self):
        return self.start | super().state

    def agrees(self):
        """Returns what the controls say."""
        return self.right(self.look(self.cells))

    def right(self, seen):
        state = self.start | seen["state"]
        assert seen["sentence"] == self.describe(state)
        assert seen["texts"] == list(self.expected(state)), state
        return state

    def tour(self, which, values):
        """The states on the way, each of them right."""
        return [self.right(seen) for seen in super().tour(which, values, self.cells)]


@pytest.mark.parametrize("name", NAMES)
def test_every_control_goes_to_its_ends(notebook, name):
    explorer = Explorer(notebook, name)
    explorer.agrees()
    kinds = explorer.root.evaluate(
        """(root) => [...root.querySelectorAll("[data-name]")].map((c) => [c.dataset.name, c.type])"""
    )
    assert {which for which, _ in kinds} == explorer.names
    for which, kind in kinds:
        before, reached = explorer.state[which], []
        if kind == "select-one":
            options = explorer.control(which).evaluate("(c) => [...c.options].map((o) => !o.disabled && o.value)")
            reached += explorer.tour(which, [*filter(None, options), before])
        else:
            explorer.focus(which)
            for key in ("Home", "End", "ArrowLeft") if kind == "range" else ("Space", "Space"):
                notebook.keyboard.press(key)
                reached.append(explorer.agrees())
            if kind == "range":
                ends = explorer.control(which).evaluate("(c) => [c.min, c.max].map(Number)")
                at_ends = [state[which] for state in reached[:2]] == ends
                assert at_ends or "Not possible" in explorer.root.text_content(), (which, reached, ends)
                reached += explorer.tour(which, [before])  # back: the next one finds room
        assert len({state[which] for state in reached}) > 1, (which, reached)


@pytest.mark.parametrize("name", NAMES)
def test_controls_have_names_and_keep_their_keys(notebook, name):
    explorer = Explorer(notebook, name)
    controls = explorer.root.locator("input, select, button, [tabindex]").evaluate_all(
        "(all) => all.map((c) => [c.dataset.lmSuppressShortcuts, c.labels?.[0]?.textContent || c.ariaLabel || "
        "c.textContent])"
    )
    assert len(controls) > 2 and all(keeps == "true" and name.strip() for keeps, name in controls), controls
    pictures = explorer.root.locator("canvas").evaluate_all(
        "(all) => all.map((c) => [c.role, c.ariaLabel, c.tabIndex])"
    )
    assert pictures and all(name and role == ("img" if tab < 0 else "application") for role, name, tab in pictures)


@pytest.mark.parametrize("name", NAMES)
def test_python_hears_the_controls_and_sets_them(notebook, name):
    explorer = Explorer(notebook, name, "widget")
    explorer.agrees()
    explorer.root.locator("input[type=range]:enabled").first.press("End")
    explorer.agrees()
    explorer.until("(repr(it), it.error)", (explorer.sentence, ""))
    back = f"[it.set_trait(*which) for which in {explorer.start}.items() if it.has_trait(which[0])]"
    _, sentence = ast.literal_eval(explorer.python(f"({back}, repr(it))"))
    explorer.waits(f"e.dataset.sentence === {json.dumps(sentence)}")
    explorer.agrees()


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
        output.get_attribute("aria-description")
        == explorer.sentence
        == repr(widgets.pooling_explorer(**explorer.state))
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
    explorer = Explorer(notebook, "channel_mixer", "widget")
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
    explorer.until("(it.mix, repr(it))", (mix, explorer.sentence))
    cell.fill("much")
    cell.press("Enter")
    assert explorer.said == "Not possible: much is not a number."
    assert cell.input_value() == "-0.5"
    explorer.control("filters").press("ArrowRight")  # a fourth filter begins with zeros
    explorer.until("it.mix", [*mix, [0, 0, 0]])
    explorer.control("image").select_option("both")
    explorer.until("it.mix", [[*row, 0, 0, 0] for row in [*mix, [0, 0, 0]]])
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
    assert explorer.said == "Not possible: 3 groups cannot share 4 filters evenly."
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
    explorer = Explorer(notebook, "digit_pad", "widget")
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
    explorer.until("(len(it.drawing), repr(it))", (2, explorer.sentence))
    first = ast.literal_eval(explorer.python("it.drawing"))[0]
    assert first[0] == [16, 12] and first[-1] == [26, 46]  # 5 pixels of the page are one of the paper
    ink = "int(it.picture.int().sum())"
    with_bar = int(explorer.python(ink))
    explorer.root.get_by_role("button", name="Take a stroke back").click()
    explorer.until("len(it.drawing)", 1)
    assert with_bar != int(explorer.python(ink))

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
    explorer.until("(it.drawing, it.part)", (drawn, 100))
    assert explorer.sentence == pad.describe({"drawing": drawn})
    explorer.control("drawing").select_option("8")
    explorer.agrees()
    assert paper.evaluate("(e) => getComputedStyle(e).touchAction") == "none"  # a finger draws and does not scroll


def test_the_start_of_the_descent_explorer_is_set_by_keys_and_mouse(notebook):
    explorer = Explorer(notebook, "descent_explorer", "widget")
    picture = explorer.root.locator("canvas[tabindex]")
    for key in ("ArrowLeft", "ArrowUp", "ArrowUp", "ArrowRight", "ArrowRight"):
        picture.press(key)
    assert (explorer.state["start-0"], explorer.state["start-1"]) == (-2.45, 1.6)
    explorer.until("it.start", [-2.45, 1.6])
    width, height = picture.evaluate("(canvas) => [canvas.clientWidth, canvas.clientHeight]")
    assert height == 280  # drawn as wide as there is room: its words keep their size
    picture.click(position={"x": 46 + (width - 54) / 2, "y": 22 + 224 / 4})  # in the middle, a quarter down
    assert (explorer.state["start-0"], explorer.state["start-1"]) == (0, 1)
    explorer.agrees()
    explorer.control("landscape").select_option("neuron")
    assert "from w = 1.5, loss 6.25, " in explorer.sentence  # the start of the new landscape
    explorer.agrees()
    explorer.control("steps").press("Home")
    explorer.agrees()
    explorer.until("(it.start, repr(it))", ([1.5], explorer.sentence))


def test_the_depth_explorer_writes_each_size_once(notebook):
    """Beside the axis; a number that is written twice at one place looks bold."""
    explorer = Explorer(notebook, "depth_explorer")
    sizes = explorer.root.evaluate(
        f"""(root) => {{
            const kind = CanvasRenderingContext2D.prototype, {{ fillText }} = kind, written = [];
            kind.fillText = function (...words) {{
                if (root.contains(this.canvas) && this.textAlign === "right") written.push(words[0]);
                fillText.apply(this, words);
            }};
            ({MOVE})(root.querySelector("[data-name=depth]"), 10);
            kind.fillText = fillText;
            return written;
        }}"""
    )
    assert "1" in sizes and len(sizes) == len(set(sizes)), sizes


def test_the_shape_ladder_is_mended_and_put_back(notebook):
    explorer = Explorer(notebook, "shape_ladder", "widget")
    said = explorer.root.locator(".said")
    again, cure = explorer.root.get_by_role("button", name="As it was built"), explorer.root.locator("button.cure")
    again.click()
    assert explorer.state["size"] == 32 and cure.is_hidden()
    assert said.inner_text() == "It fits: 145,578 parameters, 12,354,176 multiply-adds for one picture."
    for _ in range(8):
        explorer.control("size").press("ArrowRight")
    assert explorer.root.locator("tr.broken th").inner_text() == "fc1 Linear"
    assert explorer.text("tfoot th") == "up to there"
    assert "Layer 10 (fc1, Linear) does not fit: Linear(1024, 64) gets 1600 values" in said.inner_text()
    explorer.agrees()
    cure.press("Enter")
    assert said.inner_text().startswith("It fits: ") and explorer.root.evaluate(
        "(e) => e.contains(document.activeElement)"
    )
    explorer.agrees()
    explorer.until("(it.layers[10]['in_features'], repr(it))", (1600, explorer.sentence))
    explorer.root.locator("tbody tr").nth(3).click()  # the first pooling
    explorer.control("padding").press("End")
    assert said.inner_text() == "Not possible: pool1 pads at most half of its window of 2."
    explorer.agrees()
    again.click()
    assert explorer.text("tfoot th") == "in all"
    explorer.until("repr(it)", explorer.sentence)


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
    tiles.nth(2).dispatch_event("pointerdown")  # as a finger that scrolls does
    assert explorer.state["epoch"] == 6
    explorer.root.locator(".tiles figcaption").nth(4).click()
    assert explorer.state["epoch"] == 5
    explorer.agrees()
    for name in ("crop", "mixup"):
        explorer.slide(name, 0)
    for name, label in {"padding": "Border (crop 0)", "other": "Mixed with (off)"}.items():
        control = explorer.control(name)
        assert control.is_disabled() and control.evaluate("(c) => c.labels[0].firstChild.textContent") == label
    explorer.slide("crop", 2)
    explorer.control("mixup").press("End")
    assert explorer.control("padding").is_enabled() and explorer.control("other").is_enabled()
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

# Once Python has answered: controls, sentence, the three likeliest classes, what the colors mean.
ANSWERED = f"""(root) => new Promise((done) => {{
    const look = () => root.hasAttribute("data-waits") ? requestAnimationFrame(look) : done({{
        state: ({READ})(root), sentence: root.dataset.sentence,
        bars: [...root.querySelectorAll(".bars > :nth-child(3n)")].map((e) => e.textContent),
        legends: [...root.querySelectorAll(".legend:not([hidden])")].map((e) => e.textContent),
    }});
    look();
}})"""


@pytest.fixture
def browsed(notebook):
    """The feature-map browser, and what it shows once Python has answered: the same as this process says."""
    explorer = gallery.Explorer(notebook, "feature_browser", "widget")
    known = widgets.feature_browser(live=False).state

    def agrees():
        seen = explorer.root.evaluate(ANSWERED)
        state = features.complete(known["subject"], **seen["state"])
        answer = features.ask(state)
        assert seen["sentence"] == features.said(state, answer)
        best = answer.probabilities.sort(descending=True, stable=True).values[:3]
        assert seen["bars"] == [number(p) for p in best]
        low, high = answer.maps.min(), answer.maps.max()
        reach = max(-low, high)
        expected = [f"{text(-reach)}{text(reach)}" if low < 0 else f"0{text(high)}"]
        assert seen["legends"] == [f"0{text(answer.cam.max())}"] * state["cam"] + expected
        return seen["state"]

    return explorer, agrees


def test_the_feature_browser_goes_to_its_ends(notebook, browsed):
    explorer, agrees = browsed
    assert agrees()["image"] == 3
    controls = explorer.root.locator("[data-name]").all()
    assert {c.get_attribute("data-name") for c in controls} == set(features.DEFAULTS)
    for control in controls:
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
        assert control.evaluate("(c) => c.labels[0].textContent")
        if control.get_attribute("type") == "range":
            for key in ("Home", "End", "ArrowLeft"):
                control.press(key)
                agrees()
        elif control.get_attribute("type") == "checkbox":
            for laid_over in (False, True):  # what Grad-CAM is asked for, and the picture below it, count with it only
                control.press("Space")
                agrees()
                assert explorer.control("label").is_enabled() == laid_over
                assert explorer.root.locator(".answer canvas").is_visible() == laid_over
        else:
            for option in [o.get_attribute("value") for o in control.locator("option").all()]:
                control.select_option(option)
                assert agrees()[control.get_attribute("data-name")] == option
    assert explorer.sentence == ast.literal_eval(explorer.python("repr(it)"))


def test_a_map_is_chosen_by_keys_and_mouse_and_python_is_heard(notebook, browsed):
    explorer, agrees = browsed
    explorer.python("(it.set_trait('layer', 'layer2'), it.set_trait('channel', 20))")
    explorer.waits("e.dataset.sentence.includes('channel 20 of 32')")
    maps = explorer.root.locator("canvas[tabindex]")
    for key, channel in (("ArrowRight", 21), ("ArrowDown", 29), ("ArrowDown", 29), ("ArrowUp", 21), ("ArrowLeft", 20)):
        maps.press(key)
        assert agrees()["channel"] == channel
    box = maps.bounding_box()
    maps.click(position={"x": box["width"] - 3, "y": 3})
    assert agrees()["channel"] == 7
    for picture in explorer.root.locator("canvas").all():
        role = "application" if picture.get_attribute("tabindex") else "img"
        assert picture.get_attribute("role") == role and picture.get_attribute("aria-label")


def test_python_is_asked_one_thing_at_a_time_and_last_about_the_latest(notebook, browsed):
    explorer, agrees = browsed
    slow = "it.subject.model.conv1.register_forward_hook(lambda *_: __import__('time').sleep(0.05))"
    explorer.python(f"globals().update(slow={slow})")
    before = int(explorer.python("it.asked"))
    drag = f"""async (control) => {{
        for (let value = 0; value < 24; value++) {{
            ({MOVE})(control, value);
            await new Promise(requestAnimationFrame);
        }}
    }}"""
    explorer.control("image").evaluate(drag)
    assert agrees()["image"] == 23
    assert int(explorer.python("it.asked")) - before < 12
    explorer.python("slow.remove()")


def test_an_error_in_python_is_shown_in_the_feature_browser(notebook, browsed):
    explorer, agrees = browsed
    fails = "it.subject.model.conv1.register_forward_hook(lambda *_: 1 / 0)"
    explorer.python(f"globals().update(fails={fails})")
    explorer.control("image").press("Home")
    explorer.root.get_by_text("ZeroDivisionError: division by zero").wait_for()
    explorer.python("fails.remove()")
    explorer.control("image").press("ArrowRight")
    assert agrees()["image"] == 1 and explorer.text("[role=alert]") == ""
