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
