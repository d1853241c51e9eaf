"""Explorers as Python sees them: states, sentences, stand-ins, traits, and what they refuse."""

import base64
import hashlib
import io
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnlab import ops, widgets
from cnnlab.widgets import hosts, values
from cnnlab.widgets import kernel_state as kernel

CROSS = [[0, 1, 0], [1, 1, 1], [0, 1, 0]]


# ---- kernels

KNOWN = [
    ("identity", 1, [[1]]),
    ("identity", 3, [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    ("box", 2, [[0.25, 0.25], [0.25, 0.25]]),
    ("gaussian", 3, [[1 / 16, 2 / 16, 1 / 16], [2 / 16, 4 / 16, 2 / 16], [1 / 16, 2 / 16, 1 / 16]]),
    ("sharpen", 3, [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    ("sobel_x", 3, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    ("sobel_y", 3, [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
    ("prewitt_x", 3, [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
    ("prewitt_y", 2, [[-0.5, -0.5], [0.5, 0.5]]),
    ("laplacian", 3, [[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    ("cross", 3, CROSS),
]


@pytest.mark.parametrize("name, size, expected", KNOWN)
def test_known_kernels(name, size, expected):
    assert torch.allclose(widgets.preset(name, size), torch.tensor(expected, dtype=torch.float32))


# What a kernel's weights add up to, at every size: 1 keeps the brightness, 0 forgets it.
@pytest.mark.parametrize(
    "name, total",
    [("identity", 1), ("box", 1), ("gaussian", 1), ("sharpen", 1), ("sobel_x", 0), ("prewitt_y", 0), ("laplacian", 0)],
)
def test_what_weights_add_up_to(name, total):
    sizes = [k for k in range(1, 8) if widgets.PRESETS[name][2](k)]
    assert 3 in sizes
    for k in sizes:
        assert widgets.preset(name, k).shape == (k, k)
        assert widgets.preset(name, k).sum() == pytest.approx(total, abs=1e-6)


def test_larger_kernels_follow_from_the_smaller_ones():
    """Sobel and the Laplacian of 5 are those of 3 blurred by the Gaussian of 3."""
    blur = widgets.preset("gaussian", 3)
    for name in ("sobel_x", "sobel_y", "laplacian"):
        blurred = F.conv_transpose2d(widgets.preset(name, 3)[None, None], blur[None, None])[0, 0]
        assert torch.allclose(widgets.preset(name, 5), blurred)


# ---- sentences

SENTENCES = [
    (
        {"stride": 2, "padding": 1, "row": 5, "column": 7},
        "Kernel explorer: 28x28 digit, 3x3 Sobel x kernel, stride 2, padding 1 (zeros), dilation 1: "
        "output 14x14, from -3.96 to 3.96; output pixel (row 5, column 7) = -0.6",
    ),
    (
        {"image": "grid", "kernel": "cross"},
        "Kernel explorer: 5x5 grid of numbers, 3x3 cross of ones kernel, stride 1, padding 0 (zeros), dilation 1: "
        "output 3x3, from 16 to 41; output pixel (row 1, column 1) = 41",
    ),
    (
        {"image": [[1, 2], [3, 4]], "kernel": [[1, 0], [0, -1]], "convolution": True},
        "Kernel explorer: 2x2 image of your own, 2x2 kernel of your own, flipped, stride 1, padding 0 (zeros), "
        "dilation 1: output 1x1, from 3 to 3; output pixel (row 0, column 0) = 3",
    ),
]


@pytest.mark.parametrize("state, sentence", SENTENCES)
def test_sentences(state, sentence):
    assert widgets.describe(state) == sentence
    for live in (False, True):
        explorer = widgets.kernel_explorer(live=live, **state)
        assert repr(explorer) == widgets.describe(explorer) == sentence
        assert explorer._repr_mimebundle_()[0]["text/plain"] if live else explorer._repr_mimebundle_()["text/plain"]


def test_the_sentence_follows_ops(monkeypatch):
    """A fault in the convolution must show in what nbval compares."""
    true = ops.conv2d
    before = widgets.describe({"stride": 2})
    monkeypatch.setattr(ops, "conv2d", lambda x, weight, **options: true(x, weight, **options | {"stride": 1}))
    assert widgets.describe({"stride": 2, "row": 0, "column": 0}) != before


@pytest.mark.parametrize(
    "x, text",
    [
        (0, "0"),
        (-0.001, "0"),
        (2, "2"),
        (1.5, "1.5"),
        (-3.456, "-3.46"),
        (0.125, "0.13"),
        (-0.125, "-0.12"),
        (100, "100"),
    ],
)
def test_numbers(x, text):
    assert values.number(x) == text


# ---- pictures given by the caller

IMAGES = [
    (torch.arange(6.0).view(2, 3), [[0, 1, 2], [3, 4, 5]]),
    (np.array([[0.25, 1 / 3]]), [[0.25, 0.3333]]),  # four decimals
    (torch.tensor([[0, 255]], dtype=torch.uint8), [[0, 1]]),  # bytes are brightness
    (np.array([[51]], dtype=np.uint8), [[0.2]]),
    (torch.ones(1, 1, requires_grad=True), [[1]]),
    ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
]


@pytest.mark.parametrize("image, expected", IMAGES)
def test_images_of_ones_own(image, expected):
    assert widgets.kernel_explorer(image=image, kernel="box", kernel_size=1).state["image"] == expected


# ---- what is refused: settings, words

REFUSED = [
    ({"image": "cat"}, "image='cat' is unknown. There are grid, digit, photo. Pass one of them."),
    ({"image": torch.zeros(1, 28, 28)}, r"image has shape \(1, 28, 28\).*like x\[0, 0\]"),
    ({"image": [[1, 2], [3]]}, "image is not a table of numbers"),
    ({"image": []}, r"image has shape \(0,\)"),
    ({"image": [[float("nan")]]}, "image holds nan or inf"),
    ({"image": torch.zeros(101, 20)}, "image is 101x20. At most 100 pixels a side fit in a page. Cut it or shrink it."),
    ({"image": None}, "image is not a table of numbers"),
    ({"kernel": "sobel"}, "kernel='sobel' is unknown. There are identity, box"),
    ({"kernel": [[1, 2]]}, "kernel is 1x2. A square of 1 to 7 pixels is needed"),
    ({"kernel": torch.zeros(8, 8)}, "kernel is 8x8. A square of 1 to 7"),
    ({"kernel": CROSS, "kernel_size": 5}, "kernel_size=5 for your 3x3 kernel. They must agree. Pass 3."),
    ({"kernel": "identity", "kernel_size": 4}, "identity with kernel_size=4. It needs a middle pixel: odd sizes."),
    ({"kernel_size": 0}, "kernel_size=0. 1 to 7 is possible here. Pass kernel_size=1."),
    ({"stride": 0}, "stride=0. 1 to 6 is possible here. Pass stride=1."),
    ({"padding": -1}, "padding=-1. 0 to 6 is possible here. Pass padding=0."),
    ({"dilation": 9}, "dilation=9. 1 to 4"),
    ({"padding_mode": "same"}, "padding_mode='same' is unknown. There are zeros, reflect, circular."),
    ({"row": 26}, "row=26. 0 to 25 is possible here. Pass row=25."),
    ({"column": -1}, "column=-1. 0 to 25"),
    (
        {"image": "grid", "kernel_size": 3, "dilation": 3},
        "a window of 7 pixels .kernel_size=3, dilation=3. on 5x5 with padding=0. At most 5 fit. Raise the padding",
    ),
    (
        {"image": "grid", "padding": 5, "padding_mode": "reflect"},
        "padding=5 with padding_mode='reflect' around 5x5. There are pixels for 4 at most. Pass padding=4 or less.",
    ),
    ({"image": "grid", "padding": 6, "padding_mode": "circular"}, "pixels for 5 at most"),
]


@pytest.mark.parametrize("state, words", REFUSED)
def test_what_is_refused(state, words):
    for make in (widgets.kernel_explorer, lambda **s: widgets.kernel_explorer(live=True, **s)):
        with pytest.raises(ValueError, match=f"^kernel_explorer: .*{words}"):
            make(**state)


@pytest.mark.parametrize("state", [{"stride": 1.5}, {"padding": "1"}, {"row": True}, {"convolution": 1}])
def test_wrong_types(state):
    with pytest.raises(TypeError, match=f"^kernel_explorer: {list(state)[0]}="):
        widgets.kernel_explorer(**state)


def test_describe_knows_its_settings():
    with pytest.raises(ValueError, match="^kernel_explorer: size is no setting. There are image, kernel"):
        widgets.describe({"size": 3})


@pytest.mark.parametrize(
    "name, size, words",
    [
        ("blur", 3, "name='blur' is not a kernel. There are identity, box"),
        ("cross", 4, r"cross of ones has no 4x4 kernel \(size=4\). It needs a middle pixel and arms"),
        ("box", 8, "size=8. Whole numbers from 1 to 7 exist. Pass size=3."),
        ("box", 2.0, "size=2.0. Whole numbers"),
    ],
)
def test_presets_refuse(name, size, words):
    with pytest.raises(ValueError, match=f"^preset: {words}"):
        widgets.preset(name, size)


# ---- the page host


def test_the_page_is_a_picture_and_a_sentence_without_scripts():
    from PIL import Image

    html = widgets.kernel_explorer(image=[[1, 2], [3, 4]], kernel="box", kernel_size=1).html()
    still = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    sentence = "Kernel explorer: 2x2 image of your own, 1x1 box blur kernel"
    assert f'<img alt="{sentence}' in still and f"<p>{sentence}" in still
    png = base64.b64decode(re.search(r"base64,([^\"]+)", still)[1])
    assert Image.open(io.BytesIO(png)).size == (576, 216)


def test_markup_in_the_values_stays_inside_the_script():
    page = hosts.Page({"text": "</script><b>&"}, {}, lambda s: 'a "<b>" & more', lambda s: _figure())
    page.module = "kernel_explorer"
    assert page.html().count("</script>") == 1 and "\\u003c/script>" in page.html()
    assert 'alt="a &quot;&lt;b&gt;&quot; &amp; more"' in page.html()


def test_what_asks_python_stays_a_picture_and_says_so():
    page = hosts.Page({"layer": 1}, {}, lambda s: "Layer 1 of a net.", lambda s: _figure())
    page.asks_python = True
    assert "<script" not in page.html() and page.html().startswith('<div data-cnnlab="">\n<img alt="Layer 1 of a net."')
    assert page.html().endswith(f"<p>Layer 1 of a net.</p>\n<p><em>{hosts.ASLEEP}</em></p>\n</div>")


def _figure():
    from matplotlib.figure import Figure

    return Figure(figsize=(1, 1))


def test_the_same_state_gives_the_same_bytes():
    pages = [widgets.kernel_explorer(stride=2) for _ in range(2)]
    assert pages[0].html() == pages[1].html() != widgets.kernel_explorer(stride=3).html()
    code = "import hashlib; from cnnlab import widgets; page = widgets.kernel_explorer(stride=2).html().encode(); "
    code += "print(hashlib.sha256(page).hexdigest())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == hashlib.sha256(pages[0].html().encode()).hexdigest()


@pytest.mark.parametrize("image, kilobytes", [("grid", 60), ("digit", 60), ("photo", 80)])
def test_a_page_stays_small(image, kilobytes):
    assert len(widgets.kernel_explorer(image=image).html()) < kilobytes * 1000


def test_the_picture_shows_what_ops_computes():
    """The drawn values, not the pixels: three panels, the window and the pixel that belongs to it."""
    from cnnlab.widgets.kernel import draw

    state = kernel.complete(
        image="grid", kernel="sobel_x", stride=2, padding=1, padding_mode="reflect", row=1, column=2
    )
    left, middle, right = draw(state).axes
    padded = F.pad(kernel.picture(state)[None], (1, 1, 1, 1), mode="reflect")[0]
    for axes, expected in ((left, padded), (middle, kernel.weights(state)), (right, kernel.result(state))):
        assert np.allclose(axes.images[0].get_array(), expected)
    low, high = right.images[0].get_clim()
    assert low == -high == -kernel.result(state).abs().max()
    assert [p.get_xy() for p in (*left.patches, *right.patches)] == [(3.5, 1.5), (1.5, 0.5)]
    assert left.get_title() == "input 5x5, padded to 7x7"


# ---- the widget host


def test_traits_are_the_state():
    explorer = widgets.kernel_explorer(live=True, image="digit", stride=2)
    assert explorer.out_shape == widgets.kernel_explorer(stride=2).out_shape == (13, 13)
    assert explorer.state == widgets.kernel_explorer(stride=2).state
    explorer.stride = 1
    explorer.kernel_size = 5
    assert (explorer.kernel_size, explorer.out_shape) == (5, (24, 24))
    explorer.image = torch.ones(9, 9)
    assert explorer.out_shape == (5, 5) and explorer.image == [[1] * 9] * 9


def test_the_rest_follows_a_new_value():
    explorer = widgets.kernel_explorer(live=True, row=25, column=3)
    explorer.stride = 5
    assert (explorer.row, explorer.column) == (5, 3)
    explorer.kernel = [[1, 0], [0, 1]]  # brings its size along
    assert (explorer.kernel_size, explorer.kernel) == (2, [[1, 0], [0, 1]])


# What Python may not set, and the words; nothing moves.
@pytest.mark.parametrize(
    "name, value, words",
    [
        ("stride", 0, "stride=0"),
        ("row", 99, "row=99. 0 to 25"),
        ("kernel", "Sobel", "kernel='Sobel' is unknown"),
        ("kernel_size", 1, "Sobel x with kernel_size=1. It compares two sides: 2 or more"),
        ("padding_mode", "constant", "padding_mode='constant' is unknown"),
        ("image", torch.zeros(2, 2), "a window of 3 pixels"),
    ],
)
def test_traits_refuse(name, value, words):
    explorer = widgets.kernel_explorer(live=True)
    before = explorer.state
    with pytest.raises(ValueError, match=words):
        setattr(explorer, name, value)
    assert explorer.state == before


def test_the_browser_may_send_several_values_at_once():
    explorer = widgets.kernel_explorer(live=True, image="grid")
    explorer.set_state({"dilation": 4, "padding": 6})  # the dilation alone would not fit
    assert explorer.out_shape == (9, 9)
    with pytest.raises(ValueError, match="a window of 9 pixels"):
        explorer.set_state({"padding": 0})
    assert explorer.padding == 6 and "a window of 9 pixels" in explorer.error


def test_an_error_in_an_observer_is_seen():
    explorer = widgets.kernel_explorer(live=True)
    explorer.observe(lambda change: 1 / 0, "stride")
    with pytest.raises(ZeroDivisionError):
        explorer.set_state({"stride": 2})
    assert explorer.error == "ZeroDivisionError: division by zero"  # the explorer shows it
    explorer.set_state({"padding": 1})
    assert explorer.error == ""
    with pytest.raises(ZeroDivisionError):
        explorer.stride = 3


def test_a_widget_that_was_stored_and_not_run_shows_its_page():
    explorer = widgets.kernel_explorer(live=True, stride=2)
    data, _ = explorer._repr_mimebundle_()
    assert data["text/html"] == widgets.kernel_explorer(stride=2).html()
    assert "application/vnd.jupyter.widget-view+json" in data


def test_rooms_import_no_widget_library_on_their_own():
    code = "import sys; from cnnlab import widgets; widgets.kernel_explorer(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"anywidget", "ipywidgets", "IPython", "matplotlib", "PIL"} & set(loaded)
