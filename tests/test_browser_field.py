"""The receptive-field explorer in a real JupyterLab in Chromium: its controls moved, and what it shows."""

import gallery
import pytest
from gallery import Field

from cnnlab import widgets
from cnnlab.widgets import receptive_field_state as field

OPTIONS = tuple(field.LIMITS)


def test_they_are_drawn(notebook):
    for where in gallery.OPENED["receptive_field_explorer"]:
        Field(notebook, where).agrees()
    first = Field(notebook)
    assert first.sentence == repr(widgets.receptive_field_explorer()) and first.root.locator("img").count() == 0
    line = first.text("code")
    assert line.startswith("nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d")


@pytest.mark.parametrize("name", ["size", "layer", "position"])
def test_sliders_go_to_their_ends_by_keyboard(notebook, name):
    explorer = Field(notebook)
    for other, value in (("size", 32), ("layer", 3), ("position", 4)):
        explorer.slide(other, value)
    start, reached = explorer.state, []
    for key in ("Home", "End"):
        explorer.control(name).press(key)
        explorer.agrees()
        reached.append(explorer.state[name])
    assert reached == {"size": [5, 64], "layer": [0, 3], "position": [0, 7]}[name]
    for other in ("size", "layer", "position"):
        explorer.slide(other, start[other])
    assert explorer.state == start


def test_every_setting_of_every_layer_goes_to_its_ends(notebook):
    explorer = Field(notebook)
    explorer.slide("size", 64)
    start = explorer.state
    for i, layer in enumerate(start["layers"]):
        for name, ends in field.LIMITS.items():
            for value in ends:
                wanted = [other | {name: value} if i == j else other for j, other in enumerate(start["layers"])]
                seen, back = explorer.tour(f"{name}-{i}", [value, layer[name]], Field.cells)
                shown = int(seen["state"][f"{name}-{i}"])
                try:
                    field.complete(layers=wanted, size=64)
                    assert shown == value and seen["said"] == ""
                except ValueError:
                    assert shown == layer[name] and seen["said"].startswith("Not possible: ")
                explorer.right(seen)
                explorer.right(back)
        for kind, seen in zip(field.KINDS, explorer.tour(f"kind-{i}", list(field.KINDS), Field.cells), strict=True):
            assert seen["state"][f"kind-{i}"] == kind
            explorer.right(seen)
        explorer.slide(f"kind-{i}", layer["kind"])
    assert explorer.state["layers"] == start["layers"]
    explorer.slide("size", 32)


def test_layers_come_and_go(notebook):
    explorer = Field(notebook)
    conv, pool = (explorer.root.get_by_role("button", name=f"Add a {kind} layer") for kind in ("conv", "max pool"))
    conv.press("Enter")
    explorer.agrees()
    assert explorer.state["layer"] == 4 and explorer.state["position"] == 4  # points at what is new
    pool.press(" ")
    explorer.agrees()
    assert len(explorer.state["layers"]) == field.MOST and conv.is_disabled() and pool.is_disabled()
    for left in range(field.MOST - 1, 0, -1):
        explorer.root.get_by_role("button", name="remove layer 0").click()
        assert len(explorer.state["layers"]) == left
        explorer.agrees()
    assert explorer.root.get_by_role("button", name="remove layer 0").is_disabled()
    assert explorer.root.evaluate("(root) => root.contains(document.activeElement)")  # the keyboard is not lost
    for adder in (conv, pool, conv, pool, conv):
        adder.click()
    explorer.slide("size", 5)
    explorer.agrees()


def test_what_is_not_possible_says_why(notebook):
    explorer = Field(notebook, "stack")
    assert explorer.slide("size", 13) == "31"
    assert explorer.said == "Not possible: a window of 3 for layer 2 does not fit in 2 + 2·0 = 2."
    assert explorer.slide("stride-1", "2.5") == explorer.slide("stride-1", "") == "2"
    explorer.slide("stride-1", 9)
    assert explorer.said == "Not possible: stride is a whole number from 1 to 4."
    explorer.slide("padding-2", 2)
    pool = explorer.control("kind-2").locator("option[value=max_pool]")
    assert pool.is_disabled() and "layer 2 pads at most half of its window of 3" in pool.inner_text()
    explorer.slide("padding-2", 0)
    assert explorer.said == ""
    explorer.agrees()


def test_keys_and_mouse_point_at_an_output(notebook):
    explorer = Field(notebook, "stack")
    picture = explorer.picture
    pointed = lambda: (explorer.state["layer"], explorer.state["position"])  # noqa: E731
    assert pointed() == (2, 1)
    for key, expected in [
        ("ArrowRight", (2, 2)), ("ArrowRight", (2, 2)), ("ArrowDown", (1, 5)), ("ArrowLeft", (1, 4)),
        ("ArrowDown", (0, 9)), ("ArrowDown", (0, 9)), ("ArrowUp", (1, 4)), ("ArrowUp", (2, 2)),
    ]:  # fmt: skip
        picture.press(key)
        assert pointed() == expected, key
        explorer.agrees()
        assert picture.get_attribute("aria-description") == explorer.sentence
    width = picture.bounding_box()["width"]
    for x, y, expected in [(0, 80, (1, 0)), (width - 1, 80, (1, 6)), (width / 2, 10, (2, 1)), (width / 2, 310, (0, 7))]:
        picture.click(position={"x": x, "y": y + 20 if y < 300 else y})
        assert pointed() == expected
        explorer.agrees()
    explorer.slide("layer", 2)
    explorer.slide("position", 1)


def test_the_cells_that_are_drawn_are_those_that_are_seen(notebook):
    """The bottom row's colors in the middle of each pixel's upper edge, beside the number."""
    explorer = Field(notebook, "stack")
    for dilation in (1, 2):
        for name in ("stride", "dilation"):
            for i in range(3):
                explorer.slide(f"{name}-{i}", dilation if name == "dilation" else 3 - dilation)
        s = field.complete(**explorer.state)
        pixels = explorer.picture.evaluate(
            """(canvas, n) => {
                const pen = canvas.getContext("2d"), ratio = canvas.width / canvas.clientWidth;
                const w = (canvas.clientWidth - 4) / n, y = canvas.clientHeight - 80 + 18 + 3;
                const color = (i) => pen.getImageData((2 + (i + 0.2) * w) * ratio, y * ratio, 1, 1).data;
                return Array.from({ length: n }, (_, i) => [...color(i)]);
            }""",
            s["size"],
        )
        seen = (field.paths(s)[0] > 0).tolist()
        assert [alpha == 255 for *_, alpha in pixels] == seen
        assert all(red > blue + 20 for (red, _, blue, _), is_seen in zip(pixels, seen, strict=True) if is_seen)
        assert sum(seen) == (15 if dilation == 1 else 7)
        explorer.agrees()


def test_every_control_has_a_name_and_keeps_its_keys(notebook):
    explorer = Field(notebook, "stack")
    for name in ("Pixels", "Point at layer", "Output"):
        assert explorer.root.get_by_role("slider", name=name, exact=True).count() == 1
    for i in range(3):
        assert explorer.root.get_by_role("group", name=f"layer {i}", exact=True).count() == 1
        assert explorer.root.get_by_role("combobox", name=f"Layer {i}", exact=True).count() == 1
        for name in OPTIONS:
            words = f"{name.replace('_', ' ')} of layer {i}"
            assert explorer.root.get_by_role("spinbutton", name=words, exact=True).count() == 1
        assert explorer.root.get_by_role("button", name=f"remove layer {i}", exact=True).count() == 1
    assert explorer.root.get_by_role("img").count() == explorer.root.get_by_role("application").count() == 1
    for control in explorer.root.locator("input, select, button, [tabindex]").all():
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
    cells = "window.jupyterapp.shell.currentWidget.content"
    before = notebook.evaluate(f"[{cells}.activeCellIndex, {cells}.widgets.length]")
    size = explorer.control("kernel_size-0")
    was = int(size.input_value())
    for key in ("x", "ArrowUp"):
        size.press(key)
    assert int(size.input_value()) == was + 1
    size.press("ArrowDown")
    assert notebook.evaluate(f"[{cells}.activeCellIndex, {cells}.widgets.length]") == before


def test_python_hears_the_controls_and_sets_them(notebook):
    explorer = Field(notebook, "widget")
    explorer.slide("stride-0", 1)
    explorer.until("(it.layers[0]['stride'], it.fields[-1].size, repr(it))", (1, 9, explorer.sentence))
    explorer.python("it.set_trait('layers', [{'kernel_size': 5, 'padding': 2}])")
    explorer.waits("e.dataset.sentence.includes(', conv 5 ')")
    explorer.agrees()
    assert explorer.python("it.set_trait('size', 99)").startswith("StateError: ")
    explorer.root.get_by_role("button", name="Add a max pool layer").click()
    explorer.until("(len(it.layers), it.layer, repr(it))", (2, 1, explorer.sentence))
    explorer.picture.press("ArrowRight")
    explorer.until("repr(it)", explorer.sentence)
