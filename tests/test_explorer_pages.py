"""The page of every explorer: the same bytes for the same state, few of them, and nothing that it asks for."""

import html

import pytest

from cnnlab import widgets

# explorer: another state than the one that it opens with, the state of its largest page, and at most how many bytes
PAGES = {
    "activation_explorer": ({"units": 2}, {}, 60_000),
    "augmentation_explorer": ({"seed": 1}, {"mixup": 0.4, "color": 1}, 70_000),
    "channel_mixer": ({"groups": 3}, {"image": "both", "filters": 6, "kernel": "random"}, 120_000),
    "depth_explorer": ({"depth": 2}, {"batch_norm": True, "skip": True}, 60_000),
    "descent_explorer": ({"steps": 6}, {}, 60_000),
    "digit_pad": ({"drawing": "8"}, {}, 65_000),
    "kernel_explorer": ({"stride": 3}, {"image": "photo"}, 80_000),
    "pooling_explorer": ({"shift": 2}, {}, 80_000),
    "receptive_field_explorer": ({"size": 31}, {}, 60_000),
    "shape_ladder": ({"size": 32}, {}, 60_000),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_same_state_gives_the_same_bytes(name):
    explorer, (other, largest, most) = getattr(widgets, name), PAGES[name]
    assert explorer().html() == explorer().html() != explorer(**other).html()
    assert len(explorer(**largest).html()) < most


@pytest.mark.parametrize("name", PAGES)
def test_the_page_asks_for_nothing(name):
    shown = getattr(widgets, name)()
    page = shown.html()
    assert page.count("<script") == page.count("</script>") == 1 and f'<img alt="{html.escape(repr(shown))}' in page
    assert not any(word in page for word in ("http:", "https:", "<iframe", "blob:", "fetch(", "import ", "<link"))
