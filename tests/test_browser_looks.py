"""Explorers on a page of their own in Chromium, without JupyterLab: looks, fingers, zoom."""

import browser
import pytest

from cnnlab import widgets

# explorer: what it opens with
OPENED = {name: {} for name in (
    "kernel_explorer", "receptive_field_explorer", "pooling_explorer", "activation_explorer", "channel_mixer",
    "digit_pad", "descent_explorer", "depth_explorer", "augmentation_explorer",
)} | {"shape_ladder": {"model": "CifarNet"}}  # fmt: skip
PAGE = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><body>'


@pytest.fixture
def show(chrome, tmp_path):
    """Puts explorers on a page, in their order, and returns it; nothing may go wrong on its console."""
    pages = []

    def show(*explorers, **options):
        (tmp_path / "page.html").write_text(PAGE + "".join(e.html() for e in explorers), encoding="utf-8")
        page = browser.new_page(chrome, **options)
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_function(f"document.querySelectorAll('[data-sentence]').length === {len(explorers)}")
        page.wait_for_timeout(100)  # those that ask how wide they are have drawn again
        pages.append(page)
        return page

    yield show
    errors = [error for page in pages for error in page.errors]
    for page in pages:
        page.close()
    assert not errors


# Where the parts of an explorer stand in it, how large they are, and how large their letters.
PLACED = """(root) => [...root.querySelectorAll("*:not(style)")].filter((e) => e.getClientRects().length).map((e) => {
    const box = e.getBoundingClientRect(), from = root.getBoundingClientRect(), style = getComputedStyle(e);
    const numbers = [box.left - from.left, box.top - from.top, box.width, box.height].map(Math.round);
    return [e.tagName, e.className, ...numbers, style.fontSize, style.color].join(" ");
})"""


def test_explorers_on_one_page_do_not_restyle_each_other(show):
    explorers = [getattr(widgets, name)(**settings) for name, settings in OPENED.items()]
    together = show(*explorers)
    for i, explorer in enumerate(explorers):
        alone = show(explorer).locator(".cnnlab").evaluate(PLACED)
        assert together.locator(".cnnlab").nth(i).evaluate(PLACED) == alone, explorer.module


def test_a_zoomed_page_is_drawn_as_sharply_as_its_screen(show):
    page = show(widgets.kernel_explorer(), widgets.depth_explorer())
    sharp = """(ratio) => [...document.querySelectorAll("canvas")].every(
        (c) => Math.abs(c.width - ratio * parseFloat(c.style.width)) <= 1)"""
    assert page.evaluate(sharp, 1)
    zoom = {
        "width": 1120,
        "height": 720,
        "deviceScaleFactor": 1.25,
        "mobile": False,
    }  # explorers stay as wide as they are
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", zoom)
    page.wait_for_function(sharp, arg=1.25, timeout=5000)


SLIDE = """(root, [name, value]) => {
    const control = root.querySelector(`[data-name=${name}]`);
    control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
}"""


def opened(show, explorer, **options):
    """One explorer on a page: (page, its root, a function that moves a control by script)."""
    page = show(explorer, **options)
    root = page.locator(".cnnlab")
    return page, root, lambda name, value: root.evaluate(SLIDE, [name, value])


def picked(root):
    """The output pixel that the sliders say."""
    return root.evaluate("(e) => ['row', 'column'].map((name) => Number(e.querySelector(`[data-name=${name}]`).value))")


# ---- what is typed, and what is one's own

FRACTIONS = [[0.25, 0.25, 0.5], [0.6, 0.125, 0.2], [1.5, 1, 2]]


def test_numbers_of_an_image_stand_there_as_they_are(show):
    _, root, _ = opened(show, widgets.kernel_explorer(image=FRACTIONS, kernel="box"))
    assert root.locator("textarea").input_value() == "0.25 0.25 0.5\n0.6 0.125 0.2\n1.5 1 2"


@pytest.mark.parametrize(
    "explorer, name, preset, state",
    [
        ("kernel_explorer", "kernel", "gaussian", {"kernel": [[1, 2], [3, 4]]}),
        ("kernel_explorer", "image", "digit", {"image": FRACTIONS}),
        ("pooling_explorer", "image", "digit", {"image": [[0, 1, 2, 3] * 3] * 12}),
        ("channel_mixer", "mix", "gray", {"mix": [[1, 0, 0.5]]}),
        ("digit_pad", "drawing", "8", {"drawing": [[[10, 10], [40, 40]]]}),
    ],
)
def test_ones_own_can_be_chosen_again_after_a_preset(show, explorer, name, preset, state):
    made = getattr(widgets, explorer)(**state)
    _, root, _ = opened(show, made)
    choice = root.locator(f"[data-name={name}]")
    choice.select_option(preset)
    assert "of your own" not in root.get_attribute("data-sentence")
    root.evaluate(SLIDE, ["kernel_size", 5]) if explorer == "kernel_explorer" and name == "kernel" else None
    choice.select_option("own")
    assert "of your own" in root.get_attribute("data-sentence")
    assert name == "image" or root.get_attribute("data-sentence") == repr(made)


def test_a_mix_of_ones_own_that_groups_forbid_says_so(show):
    _, root, slide = opened(show, widgets.channel_mixer(mix=[[1, 0, 0.5], [0, 1, 0]]))
    mix = root.locator("[data-name=mix]")
    mix.select_option("gray")
    slide("filters", 3), slide("groups", 3)
    mix.select_option("own")
    assert root.locator(".said").text_content() == "Not possible: 3 groups cannot share 2 filters evenly."
    assert mix.input_value() == "gray"


def test_an_empty_cell_is_a_number_that_is_missing(show):
    for explorer in (widgets.kernel_explorer(), widgets.channel_mixer()):
        _, root, _ = opened(show, explorer)
        cell = root.locator("input[inputmode=decimal]").first
        cell.fill("")
        cell.blur()
        assert root.locator(".said").text_content() == "Not possible: a number is missing."


@pytest.mark.parametrize("explorer", [widgets.kernel_explorer, widgets.pooling_explorer])
def test_the_pixel_stays_where_it_is_when_the_picture_changes(show, explorer):
    _, root, _ = opened(show, explorer(image="photo"))
    before = picked(root)
    for image in ("grid", "digit", "photo"):
        root.locator("[data-name=image]").select_option(image)
        rows = int(root.locator("[data-name=row]").get_attribute("max")) + 1
        assert all(abs((at + 0.5) / rows - 0.5) < 0.2 for at in picked(root)), (image, picked(root), rows)
    assert all(abs(now - then) < 24 for now, then in zip(picked(root), before, strict=True))


# ---- what is said


def test_a_choice_without_effect_says_why(show):
    _, root, slide = opened(show, widgets.kernel_explorer())
    mode = root.locator("[data-name=padding_mode]")
    assert mode.is_disabled() and mode.evaluate("(e) => e.selectedOptions[0].text") == "padding is 0"
    slide("padding", 1)
    assert mode.is_enabled() and mode.evaluate("(e) => e.selectedOptions[0].text") == "zeros"


def test_legends_say_what_lies_beyond_their_colors(show):
    legends = "(all) => all.map((e) => [e.firstChild.textContent, e.lastChild.textContent])"
    for explorer, last in (
        (widgets.kernel_explorer(kernel="sharpen"), ["≤ 0", "≥ 1"]),
        (widgets.kernel_explorer(kernel="box"), ["0", "1"]),
        (widgets.channel_mixer(), ["0", "≥ 1"]),
        (widgets.channel_mixer(mix="gray"), ["0", "1"]),
    ):
        _, root, _ = opened(show, explorer)
        assert root.locator(".legend").evaluate_all(legends)[-1] == last, explorer.state


@pytest.mark.parametrize(
    "state, bar, rest",
    [
        ({}, "Gray bar: what the output beside it sees, 4 pixels on.", "In two"),
        ({"position": 7}, "Gray bar: what the output beside it sees, 4 pixels back.", "3 lie outside the picture. In"),
        ({"size": 5}, None, "5 lie outside the picture. In"),
        ({"layers": [{"kernel_size": 3, "padding": 2, "dilation": 2}], "position": 0},
         "Gray bar: what the output beside it sees, 1 pixel on.", "1 in the picture are not seen, 2 lie outside it."),
    ],
)  # fmt: skip
def test_the_words_below_the_receptive_field_are_those_of_the_picture(show, state, bar, rest):
    _, root, _ = opened(show, widgets.receptive_field_explorer(**state))
    words = root.locator(".words p").all()
    assert words[0].text_content().startswith(rest)
    assert (words[1].text_content() if words[1].is_visible() else None) == bar


@pytest.mark.parametrize("kernel", ["gaussian", "box", "random"])
@pytest.mark.parametrize("width", [400, 1280])
def test_products_are_not_cut(show, kernel, width):
    page = show(
        *(widgets.kernel_explorer(kernel=kernel, kernel_size=k) for k in (3, 4)),
        viewport={"width": width, "height": 900},
    )
    cut = "(all) => all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)"
    assert page.locator(".products > div").count() == 25 and page.locator(".products > div").evaluate_all(cut) == []


# ---- fingers, mice and keys


def _finger(page, x, y, to, steps=8):
    """One finger that goes from (x, y) by `to` and is lifted, as the browser has it from a screen."""
    send, point = (
        page.context.new_cdp_session(page).send,
        lambda i: [{"x": x + to[0] * i / steps, "y": y + to[1] * i / steps}],
    )
    send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point(0)})
    for i in range(1, steps + 1):
        send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": point(i)})
        page.wait_for_timeout(16)
    send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)


PHONE = {"viewport": {"width": 400, "height": 500}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("name, canvas", [
    ("kernel_explorer", "[tabindex]"), ("pooling_explorer", "[tabindex]"), ("channel_mixer", "[tabindex]"),
    ("channel_mixer", ":not([tabindex])"), ("activation_explorer", "[tabindex]"),
])  # fmt: skip
def test_a_finger_that_scrolls_changes_nothing(show, name, canvas):
    page, root, _ = opened(show, getattr(widgets, name)(), **PHONE)
    picture = root.locator(f"canvas{canvas}").last
    picture.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    page.wait_for_timeout(100)
    before, top, box = root.get_attribute("data-sentence"), page.evaluate("scrollY"), picture.bounding_box()
    _finger(page, box["x"] + 0.8 * box["width"], box["y"] + 0.6 * box["height"], (3, 150))
    assert page.evaluate("scrollY") < top - 50 and root.get_attribute("data-sentence") == before


def test_a_finger_points_where_it_is_lifted_or_goes_sideways(show):
    page, root, _ = opened(show, widgets.kernel_explorer(), **PHONE)
    output = root.locator("canvas[tabindex]")
    output.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    page.wait_for_timeout(100)
    box = output.bounding_box()
    cell = box["width"] / 28
    page.touchscreen.tap(box["x"] + 2.5 * cell, box["y"] + 3.5 * cell)
    assert picked(root) == [3, 2]
    _finger(page, box["x"] + 2.5 * cell, box["y"] + 5.5 * cell, (10 * cell, 0))
    assert picked(root) == [5, 12]


def test_a_right_click_picks_nothing(show):
    page, root, _ = opened(show, widgets.kernel_explorer())
    before = root.get_attribute("data-sentence")
    root.locator("canvas[tabindex]").click(position={"x": 20, "y": 20}, button="right")
    page.mouse.move(400, 300)
    assert root.get_attribute("data-sentence") == before


def test_a_second_finger_draws_nothing(show):
    page, root, _ = opened(show, widgets.digit_pad(drawing=[]), **PHONE)
    paper = root.locator("canvas.paper")
    paper.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    page.wait_for_timeout(100)
    box = paper.bounding_box()
    send = page.context.new_cdp_session(page).send
    palm = {"x": box["x"] + 200, "y": box["y"] + 200, "id": 1}
    for kind, fingers in [("touchStart", 1), ("touchMove", 1), ("touchStart", 2), ("touchMove", 2), ("touchMove", 2)]:
        page.finger = getattr(page, "finger", 40) + 10
        first = {"x": box["x"] + page.finger, "y": box["y"] + page.finger, "id": 0}
        send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [first, palm][:fingers]})
    send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    ink = """(canvas) => { const scale = canvas.width / 280, pen = canvas.getContext("2d");
        return [[70, 70], [200, 200]].map(([x, y]) => pen.getImageData(x * scale, y * scale, 1, 1).data[0]); }"""
    drawn, palmed = paper.evaluate(ink)
    assert drawn > 200 and palmed == 0


def test_the_pen_is_up_once_tab_has_left_the_paper(show):
    page, root, _ = opened(show, widgets.digit_pad())
    root.locator("canvas.paper").press("Space")
    assert "The pen is down" in root.locator(".said").text_content()
    page.keyboard.press("Tab")
    assert "The pen is down" not in root.locator(".said").text_content()


def test_a_button_that_can_do_no_more_hands_the_keyboard_on(show):
    focus = "() => document.activeElement.dataset.name ?? document.activeElement.ariaLabel"
    page, root, _ = opened(show, widgets.digit_pad(drawing=[[[9, 9]]]))
    root.get_by_role("button", name="Take a stroke back").press("Enter")
    assert page.evaluate(focus) == "paper"
    page, root, _ = opened(show, widgets.receptive_field_explorer(layers=[{"kernel_size": 3}] * 5))
    root.get_by_role("button", name="Add a conv layer").press("Enter")
    assert page.evaluate(focus) == "kind-5"


def test_a_cleared_paper_is_dark_to_the_first_filters(show):
    brightest = """(all) => Math.max(...all.map((c) => c.getContext("2d").getImageData(
        0, c.height / 2, c.width, c.height / 2).data.reduce((a, v, i) => (i % 4 < 3 ? Math.max(a, v) : a), 0)))"""
    for drawing in ("3", []):
        _, root, _ = opened(show, widgets.digit_pad(drawing=drawing))
        root.get_by_role("button", name="Clear the paper").click() if drawing else None
        assert root.locator(".maps canvas").evaluate_all(brightest) < 128
