"""The kernel explorer in a real JupyterLab in Chromium: drawn, moved by its controls, and showing what ops says."""

import base64
import io
import random

import browser
import gallery
import numpy as np
import pytest
from gallery import MOVE, READ, Kernel, kernel_state
from PIL import Image

from cnnlab import widgets
from cnnlab.widgets import kernel_state as kernel
from cnnlab.widgets.values import number

SIDE = 300  # CSS pixels of a picture, in kernel_explorer.js


def test_they_are_drawn(notebook):
    for where in gallery.OPENED["kernel_explorer"]:
        Kernel(notebook, where).agrees()
    first = Kernel(notebook)
    assert first.sentence == repr(widgets.kernel_explorer(stride=2, padding=1))
    assert first.text("code[role=status]") == "floor((28 + 2·1 − 1·(3−1) − 1) / 2) + 1 = 14"
    assert first.root.locator("img").count() == 0  # the stand-in is gone
    background = first.root.locator("code").last.evaluate("(e) => getComputedStyle(e).backgroundColor")
    assert background == "rgba(0, 0, 0, 0)"  # JupyterLab's is for code in prose


def test_two_copies_do_not_disturb_each_other(notebook):
    first, copy = Kernel(notebook), Kernel(notebook, "copy")
    before = copy.sentence
    first.slide("stride", 3)
    assert first.state["stride"] == 3 and copy.sentence == before
    first.slide("stride", 2)
    assert first.sentence == before


@pytest.mark.parametrize("name", ["kernel_size", "stride", "padding", "dilation", "row", "column"])
def test_every_slider_goes_to_its_ends_by_keyboard(notebook, name):
    explorer = Kernel(notebook, "grid")
    slider = explorer.control(name)
    start = explorer.state
    reached = []
    for key in ("Home", "End"):
        slider.press(key)
        explorer.agrees()
        reached.append(explorer.state[name])
        assert explorer.state == start | {name: reached[-1]} | {n: explorer.state[n] for n in ("row", "column")}
    low, high = reached
    assert low == {"kernel_size": 3, "stride": 1, "dilation": 1}.get(name, 0)  # a cross has arms: 3 or more
    assert high == {"kernel_size": 5, "stride": 6, "padding": 6, "dilation": 2}.get(name, 2)  # 5x5 holds no more
    explorer.slide(name, start[name])
    for n in ("row", "column"):
        explorer.slide(n, start[n])
    assert explorer.state == start


def test_what_is_not_possible_says_why(notebook):
    explorer = Kernel(notebook, "grid")
    assert explorer.slide("kernel_size", 4) == 5  # on to the next that exists
    assert explorer.text(".said") == "Not possible: cross of ones needs a middle pixel and arms: 3, 5 or 7."
    assert explorer.slide("kernel_size", 7) == 5
    assert explorer.text(".said") == "Not possible: a window of 7 pixels does not fit in 5 + 2·0 = 5."
    explorer.slide("kernel_size", 3)
    assert explorer.text(".said") == ""
    explorer.slide("padding", 6)
    reflect = explorer.control("padding_mode").locator("option[value=reflect]")
    assert reflect.is_disabled() and "can reflect at most 4 pixels" in reflect.inner_text()
    explorer.slide("padding", 0)
    explorer.agrees()


SETTINGS = random.Random(0)
STATES = [
    {
        "image": SETTINGS.choice(["digit", "grid", "photo"]),
        "kernel": name,
        "padding_mode": SETTINGS.choice(kernel.MODES),
        "convolution": SETTINGS.choice(["correlation", "convolution"]),
        **{n: SETTINGS.randint(low, high) for n, (low, high) in kernel.LIMITS.items()},
        "row": SETTINGS.randint(0, 9),
        "column": SETTINGS.randint(0, 9),
    }
    for name in 4 * tuple(widgets.PRESETS)
]


def test_what_is_shown_is_what_ops_computes(notebook):
    """Sentence, sum, products and the colors of the output's pixels, over a spread of settings and every preset."""
    explorer = Kernel(notebook, "copy")
    shown = explorer.root.evaluate(
        f"""(root, states) => states.map((state) => {{
            const move = {MOVE}, read = {READ};
            const base = {{ image: "photo", padding_mode: "zeros", padding: 0, dilation: 1, kernel_size: 3 }};
            for (const [name, value] of [...Object.entries(base), ...Object.entries(state)]) {{
                const control = root.querySelector(`[data-name=${{name}}]`);
                if (control.tagName === "SELECT" && control.querySelector(`[value=${{value}}]`).disabled) continue;
                move(control, value);
            }}
            const product = (cell) => (cell.querySelector("b") ?? cell).textContent;
            return {{
                state: read(root), sentence: root.dataset.sentence, total: root.querySelector(".total").textContent,
                products: [...root.querySelectorAll(".products div")].map(product),
                picture: root.querySelector("canvas[tabindex]").toDataURL(),
            }};
        }})""",
        STATES,
    )
    tested = set()
    for seen in shown:
        s = kernel.complete(**kernel_state(seen["state"]))
        assert seen["sentence"] == widgets.describe(s)
        y = kernel.result(s)
        assert seen["total"] == f"Sum = {number(y[s['row'], s['column']])} = output[{s['row']}, {s['column']}]"
        assert sum(map(float, seen["products"])) == pytest.approx(y[s["row"], s["column"]].item(), abs=0.005 * 49)
        png = base64.b64decode(seen["picture"].partition(",")[2])
        picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).astype(float)
        assert _colors_differ(picture, s, y) <= 4, s
        tested.add((s["kernel"], s["image"]))
    assert len(tested) > 20


def _colors_differ(picture, s, y):
    """The largest difference between the drawn cells and matplotlib's map of what ops computes."""
    from matplotlib import colormaps

    x, weight = kernel.picture(s), kernel.weights(s)
    total, (oh, ow) = weight.sum().item(), y.shape
    if (weight >= 0).all() or abs(total - 1) < 1e-6:
        high = x.max().item() * total
        expected = 255 * (y / high).clamp(0, 1)[..., None].expand(oh, ow, 3).numpy()
    else:
        reach = y.abs().max().item() or 1
        expected = 255 * colormaps["RdBu_r"]((y.numpy() / reach + 1) / 2)[..., :3]
    cell = _cell(max(x.shape) + 2 * s["padding"], max(oh, ow))
    inside = 0.12 if cell >= 26 else 0.5  # beside the numbers, where there are some
    worst = 0
    for i, j in np.ndindex(oh, ow):
        from_pick = max(abs(i - s["row"]), abs(j - s["column"]))
        if from_pick * cell < 12 + cell:
            continue  # the frame
        color = picture[int((i + inside) * cell), int((j + inside) * cell)]
        assert color[3] == 255
        worst = max(worst, np.abs(color[:3] - expected[i, j]).max())
    return worst


def _cell(longest_in, longest_out):
    """CSS pixels of an output's pixel: the input's scale, unless that is too small to hit."""
    return min(max(SIDE / longest_in, 160 / longest_out), SIDE / longest_out)


def test_keys_and_mouse_pick_a_pixel(notebook):
    explorer = Kernel(notebook)
    output = explorer.root.locator("canvas[tabindex]")
    assert (explorer.state["row"], explorer.state["column"]) == (7, 7)
    for key in ("ArrowUp", "ArrowUp", "ArrowRight"):
        output.press(key)
    assert (explorer.state["row"], explorer.state["column"]) == (5, 8)
    explorer.agrees()
    cell = _cell(28 + 2 * 1, 14)
    output.click(position={"x": 2.5 * cell, "y": 13.5 * cell})
    assert (explorer.state["row"], explorer.state["column"]) == (13, 2)
    explorer.agrees()
    assert output.get_attribute("aria-description") == explorer.sentence


def test_the_notebook_does_not_take_the_keys(notebook):
    """JupyterLab moves between cells on arrows and cuts the cell on x, unless each control keeps its keys."""
    explorer = Kernel(notebook)
    cells = "window.jupyterapp.shell.currentWidget.content"
    before = notebook.evaluate(f"[{cells}.activeCellIndex, {cells}.widgets.length]")
    focusable = explorer.root.locator("input, select, textarea, [tabindex]")
    assert focusable.count() > 15
    for control in focusable.all():
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
    row = explorer.state["row"]
    explorer.control("row").press("ArrowLeft")
    explorer.control("row").press("x")
    assert explorer.state["row"] == row - 1
    assert notebook.evaluate(f"[{cells}.activeCellIndex, {cells}.widgets.length]") == before


def test_every_control_has_a_name(notebook):
    explorer = Kernel(notebook, "grid")
    explorer.slide("row", 1), explorer.slide("column", 1)
    for name in ("Image", "Kernel", "Padding mode", "Operation"):
        assert explorer.root.get_by_role("combobox", name=name, exact=True).count() == 1
    for name in ("Kernel size", "Stride", "Padding", "Dilation", "Output row", "Output column"):
        assert explorer.root.get_by_role("slider", name=name, exact=True).count() == 1
    assert explorer.root.get_by_role("textbox", name="weight row 1, column 2").count() == 1
    assert explorer.root.get_by_role("textbox", name="Numbers of the image").count() == 1
    assert (
        explorer.root.get_by_role("img").count() == explorer.root.get_by_role("application", name="output").count() == 1
    )
    assert explorer.control("row").get_attribute("aria-valuetext") == "row 1, column 1, value 41"


def test_weights_and_numbers_can_be_typed(notebook):
    explorer = Kernel(notebook, "grid")
    explorer.slide("row", 1), explorer.slide("column", 1)
    weight = explorer.root.get_by_role("textbox", name="weight row 0, column 0")
    weight.fill("-0.5")
    weight.press("Enter")
    assert "3x3 kernel of your own" in explorer.sentence and explorer.sentence.endswith("= 39.5")  # 41 - 3 / 2
    weight.fill("much")
    weight.press("Enter")
    assert explorer.text(".said") == "Not possible: much is not a number." and weight.input_value() == "-0.5"
    numbers = explorer.root.get_by_role("textbox", name="Numbers of the image")
    numbers.fill("1 2 3\n4 5 6\n7 8 10")
    numbers.blur()
    expected = {"image": [[1, 2, 3], [4, 5, 6], [7, 8, 10]], "kernel": [[-0.5, 1, 0], [1, 1, 1], [0, 1, 0]]}
    assert explorer.sentence == widgets.describe(expected)
    numbers.fill("1 2\n3")
    numbers.blur()
    assert "rows of equally many numbers" in explorer.text(".said")
    explorer.control("kernel").select_option("cross")
    explorer.control("image").select_option("grid")
    explorer.agrees()


def test_python_hears_the_controls_and_sets_them(notebook):
    explorer = Kernel(notebook, "widget")
    explorer.control("stride").press("ArrowRight")
    explorer.agrees()
    explorer.until("(it.stride, it.out_shape, repr(it))", (2, (13, 13), explorer.sentence))
    explorer.python("it.set_trait('padding', 3)")
    explorer.waits("e.dataset.sentence.includes('padding 3')")
    explorer.agrees()
    assert explorer.python("it.set_trait('padding', 9)").startswith("StateError: ")
    weight = explorer.root.get_by_role("textbox", name="weight row 0, column 0")
    weight.fill("7")
    weight.press("Enter")
    explorer.until("(it.kernel, it.kernel_size)", ([[7, 0, 1], [-2, 0, 2], [-1, 0, 1]], 3))
    explorer.until("repr(it)", explorer.sentence)
    explorer.control("kernel").select_option("box")
    explorer.slide("kernel_size", 7)
    explorer.until("(it.kernel, it.kernel_size)", ("box", 7))
    explorer.agrees()


def test_a_widget_that_has_lost_its_kernel_is_a_picture_and_a_sentence(chrome, lab):
    """As long as it lives the picture is hidden; then JupyterLab's "model not found" is."""
    cell = "from cnnlab import widgets\nwidgets.kernel_explorer(live=True)"
    browser.write_notebook(lab.folder / "widget.ipynb", [cell])
    page = browser.new_page(chrome)
    browser.run_all(page, lab.address, "widget.ipynb")
    page.locator(".cnnlab").wait_for()
    stands_in = page.locator("[data-stands-in]")
    assert not stands_in.is_visible() and stands_in.evaluate("(e) => e.hidden")  # by script, too: for other hosts
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); }")
    assert not page.errors
    page.close()
    page = browser.new_page(chrome)
    browser.open_notebook(page, lab.address, "widget.ipynb")  # stored, trusted, not run
    picture, widget = page.locator("[data-stands-in] img"), page.locator(".cnnlab")
    lost = page.get_by_text("model not found")
    lost.wait_for(state="attached")
    assert picture.is_visible() and not lost.is_visible() and widget.count() == 0
    assert picture.get_attribute("alt") == repr(widgets.kernel_explorer())
    assert page.errors and all("widget model not found" in error for error in page.errors)  # JupyterLab's own
    browser.run_cells(page)
    widget.wait_for()
    assert not picture.is_visible()
    page.close()
