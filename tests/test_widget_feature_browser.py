"""The feature-map browser: what it says, refuses and sends to the page, and its JavaScript's reading of that."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from torch import nn

from cnnlab import data, inside, models, shapes, widgets
from cnnlab.plots import overlays
from cnnlab.widgets import feature_browser_state as browser
from cnnlab.widgets import hosts
from cnnlab.widgets.feature_browser import draw, packed


def tiny(classes=3, **last):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 70, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(70 * 9, classes)
    ).eval()


GREY = torch.arange(2 * 36).view(2, 1, 6, 6).byte() * 3
OWN = {"model": tiny(), "pictures": GREY, "mean": [0.5], "sd": [0.25]}


@pytest.fixture(scope="module")
def shown():
    return widgets.feature_browser(image=3, layer="layer2", channel=5)


# ---- sentences


def test_the_sentence_holds_what_hooks_find(shown):
    net = models.doodle_net()
    x = data.normalise(data.doodles(24, seed=1)[0], net.mean, net.sd)[3:4]
    kept = []
    net.layer2.register_forward_hook(lambda module, inputs, output: kept.append(output))
    with torch.no_grad():
        p = net(x).softmax(1)[0]
    answer = shown.answer()
    assert torch.equal(answer.maps, kept[0][0]) and torch.allclose(answer.probabilities, p)
    assert torch.equal(answer.cam, inside.grad_cam(net, x, "layer2", p.argmax()[None])[0])
    low, high, mean = (browser.text(f(kept[0][0, 5])) for f in (torch.min, torch.max, torch.mean))
    row, column = divmod(int(answer.cam.argmax()), 16)
    name = data.DOODLE_CLASSES[p.argmax()]
    assert repr(shown) == (
        f"Feature browser: picture 3, layer2, channel 5 of 32, 16x16: {low} to {high}, mean {mean}; the network "
        f"says {name} (probability {p.max():.2f}); Grad-CAM for {name} is largest in row {row}, column {column}"
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "Feature browser: picture 0, layer3, channel 0 of 64, 8x8: "),
        ({"label": "star"}, "; Grad-CAM for star is largest in row "),
        ({"layer": "conv1", "channel": 15}, "picture 0, layer conv1, channel 15 of 16, 32x32: "),
    ],
)
def test_sentences(state, words):
    live, page = (widgets.feature_browser(live=live, **state) for live in (True, False))
    assert words in repr(live) == repr(page)
    assert live._repr_mimebundle_()[0]["text/plain"] == page._repr_mimebundle_()["text/plain"] == repr(page)
    assert "Grad-CAM" not in repr(widgets.feature_browser(live=False, cam=False, **state))


def test_where_nothing_speaks_for_a_class_it_says_so():
    net = tiny()
    nn.init.constant_(net[4].weight, -1.0)
    found = repr(widgets.feature_browser(**OWN | {"model": net}, live=False, layer="1", label="2"))
    assert found.endswith("; Grad-CAM for 2 is 0 everywhere")


# ---- any network


def test_it_takes_any_network_and_leaves_it_alone():
    net = tiny().requires_grad_(False)
    shown = widgets.feature_browser(**OWN | {"model": net}, classes=("a", "b", "c"))
    assert shown.subject.channels == {"0": 70, "1": 70, "2": 70} and shown.layer == "2"
    assert shown.label == "its answer" and shown.fixed["classes"] == ["its answer", "a", "b", "c"]
    assert shown.answer().maps.shape == (70, 3, 3)
    assert not any(module._forward_hooks for module in net.modules())


def test_parts_of_parts_where_a_model_has_few():
    """VGG's own parts are three, of which one gives maps: then every layer can be seen."""
    net = models.SmallVGG().eval()
    scale = {"mean": (0.5,) * 3, "sd": (0.29,) * 3}
    channels = widgets.feature_browser(net, data.doodles(2)[0], live=False, **scale).state["subject"].channels
    assert len(channels) > 5
    chosen = widgets.feature_browser(net, data.doodles(2)[0], layers=list(channels)[:2], live=False, **scale)
    assert chosen.state["layer"] == list(channels)[1]


# ---- what is refused: settings, words

REFUSED = [
    ({"image": 24}, "image=24. 0 to 23 is possible here. Pass image=23."),
    ({"layer": "fc"}, "layer='fc' is unknown. There are conv1, bn1, relu, layer1, layer2, layer3. Pass one of them."),
    ({"layer": "layer2", "channel": 32}, "channel=32. 0 to 31 is possible here"),
    ({"label": "cat"}, "label='cat' is unknown. There are its answer, disc, .*, wave"),
    ({"layers": ["layer2", "fc"]}, "layers has 'fc', which gives no maps or runs more than once. There are conv1, bn1"),
    ({"layers": []}, "layers is empty. One or more are needed. Leave layers out"),
    ({"classes": ["a"]}, "1 class names for 10 logits. 10 are needed. Pass one for each"),
    ({"pictures": torch.zeros(2, 4, 8, 8).byte()}, r"pictures has 4 channels \(2, 4, 8, 8\). 1 or 3 can be shown"),
    (OWN | {"mean": None}, "there is no mean or no sd. Those with which the pictures were normalised in training are"),
    (
        OWN | {"model": nn.Sequential(nn.Flatten()).eval()},
        "model has no layer that gives maps. A convolution is needed",
    ),
    (
        OWN | {"model": nn.Sequential(nn.Conv2d(1, 1, 1)).eval()},
        r"model gives no logits \(n, classes\). One number per",
    ),
]


@pytest.mark.parametrize(("given", "words"), REFUSED)
def test_what_is_refused(given, words):
    for live in (False, True):
        with pytest.raises(ValueError, match=f"^feature_browser: {words}"):
            widgets.feature_browser(live=live, **given)


def test_wrong_types():
    with pytest.raises(TypeError, match="model is a str. An nn.Module is needed. Pass the network itself"):
        widgets.feature_browser("net")
    with pytest.raises(TypeError, match="cam=1. True or False is needed"):
        widgets.feature_browser(cam=1)
    with pytest.raises(ValueError, match="model is in training mode.* Call model.eval()"):
        widgets.feature_browser(**OWN | {"model": tiny().train()})
    with pytest.raises(ValueError, match=r"uint8 \(n, c, h, w\) with at least one image is needed"):
        widgets.feature_browser(**OWN | {"pictures": GREY.float()})


# ---- hosts


def test_the_page_is_a_picture_that_says_what_is_missing():
    pages = [widgets.feature_browser(live=False, image=i).html() for i in (0, 0, 1)]
    assert pages[0] == pages[1] != pages[2]
    assert hosts.ASLEEP in pages[0] and '<img alt="Feature browser: picture 0' in pages[0] and "<script" not in pages[0]


# layer: where its first value looks, and how many pixels on the next one does, both by hand
LOOKS = {
    "conv1": (0, 1),
    "layer1": (0, 1),
    "layer2": (0, 2),  # a window of 3 with padding 1 looks at its middle: 0, 2, 4, ...
    "layer3": (0, 4),
}


@pytest.mark.parametrize("layer", LOOKS)
def test_grad_cam_lies_over_the_pixels_that_it_looks_at(layer):
    """In the page and in the stand-in as in plots.overlays, which is given the field of the layers in a row."""
    shown = widgets.feature_browser(image=3, layer=layer, live=False)
    centre, jump = LOOKS[layer]
    answer, subject = shown.answer(), shown.state["subject"]
    net, n = subject.model, {"conv1": 1, "layer1": 3, "layer2": 5, "layer3": 7}[layer]
    blocks = [net.layer1[0], net.layer2[0], net.layer3[0]]
    field = shapes.receptive_field([net.conv1, *(c for b in blocks for c in (b.conv1, b.conv2))][:n])[-1]
    assert (field.centre, field.jump) == (centre, jump)
    plain = overlays(subject.pictures[3:4], answer.cam[None], field=field).axes[0].images[1].get_extent()
    side = answer.cam.shape[0]
    first, last = centre - jump / 2, centre + jump * (side - 0.5)
    assert plain == [first, last, last, first]
    assert list(packed(shown.state, answer)["over"]) == plain
    assert draw(shown.state).axes[0].images[1].get_extent() == plain


def test_the_field_is_known_where_windows_lead():
    """Of any network: poolings, branches and maps of one size; else the map is spread over the picture."""
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Conv2d(2, 2, (1, 3), stride=(1, 2)), nn.ReLU())
    head = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    model = nn.Sequential(net, head)
    model(torch.zeros(1, 1, 20, 20))
    given = OWN | {"model": model.eval(), "pictures": torch.zeros(1, 1, 20, 20).byte(), "layers": ["0.1", "0.3"]}
    shown = widgets.feature_browser(**given, live=False)
    fields = shown.state["subject"].fields
    assert (fields["0.1"].centre, fields["0.1"].jump) == (1.5, 2)
    assert (fields["0.3"].centre, fields["0.3"].jump) == ((1.5, 3.5), (2, 4))
    assert packed(shown.state, shown.answer())["over"] == (1.5, 17.5, 18.5, 0.5)  # 4 columns of 4 pixels, 9 rows of 2
    up = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ConvTranspose2d(2, 2, 2), nn.Flatten(), nn.LazyLinear(3))
    up(torch.zeros(1, 1, 20, 20))
    shown = widgets.feature_browser(**given | {"model": up.eval(), "layers": ["1"]}, live=False)
    assert shown.state["subject"].fields["1"] is None
    assert packed(shown.state, shown.answer())["over"] == (-0.5, 19.5, 19.5, -0.5)


def test_the_stand_in_shows_picture_map_and_all_maps(shown):
    seen, chosen, every = draw(shown.state).axes
    answer = shown.answer()
    assert (seen.images[1].get_array() == answer.cam.numpy()).all()
    assert (chosen.images[0].get_array() == answer.maps[5].numpy()).all()
    sheet, frame = every.images[0].get_array(), every.patches[0]
    assert sheet.shape == (4 * 18 - 2, 8 * 18 - 2)  # 4 rows of 8 maps of 16x16, with two empty lines between them
    assert (sheet[-16:, -16:] == answer.maps[31].numpy()).all() and sheet[:, 16:18].mask.all()
    assert frame.get_xy() == (5 * 18 - 0.5, -0.5) and frame.get_width() == frame.get_height() == 16
    plain = draw(shown.state | {"cam": False}).axes[0].images
    assert len(plain) == 1 and (plain[0].get_array() == shown.subject.pictures[3].permute(1, 2, 0).numpy()).all()


def test_python_sets_the_controls_and_hears_them():
    live = widgets.feature_browser(layer="layer3", channel=60)
    live.layer = "conv1"
    assert live.channel == 15 and live.shown["state"]["channel"] == 15 and live.shown["sentence"] == repr(live)
    before = live.state
    with pytest.raises(ValueError, match="image=24. 0 to 23"):
        live.image = 24
    assert live.state == before
    live.set_state({"image": 2, "label": "moon", "asked": 1})
    assert (live.image, live.answered) == (2, 1) and live.shown["sentence"] == repr(live) and "moon" in repr(live)


def test_an_error_is_shown_and_the_page_may_ask_again():
    live = widgets.feature_browser(**OWN | {"model": tiny()})
    handle = live.subject.model[0].register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        live.set_state({"channel": 3, "asked": 1})
    assert live.error == "ZeroDivisionError: division by zero" and live.answered == 1
    handle.remove()
    live.set_state({"channel": 4, "asked": 2})
    assert live.error == "" and live.answered == 2 and live.shown["state"]["channel"] == 4
    with pytest.raises(ValueError, match="channel=99"):  # then nothing of that question is taken
        live.set_state({"channel": 99, "asked": 3})
    assert live.channel == 4 and live.answered == 3 and "channel=99" in live.error


def test_values_that_come_together_are_answered_once(monkeypatch):
    live, asked = widgets.feature_browser(**OWN), []
    monkeypatch.setattr(sys.modules[packed.__module__], "ask", lambda state: asked.append(state) or browser.ask(state))
    live.set_state({"image": 1, "channel": 3, "layer": "1", "label": "2", "asked": 1})
    assert len(asked) == 1


# ---- what is sent, read by the JavaScript

NODE = shutil.which("node")
RUN = """
import { readFileSync } from "node:fs";
import { floats, grid, heatScale, rectangle } from "./explorer.mjs";
const { bytes, counts, high, over } = JSON.parse(readFileSync("ask.json"));
const buffer = Uint8Array.from([9, ...bytes]);
const view = new DataView(buffer.buffer, 1);
const heat = [0, high / 2, high].map(heatScale(high));
console.log(JSON.stringify({ values: [...floats(view)], grids: counts.map(grid), heat, place: rectangle(over, 10) }));
"""


def test_the_page_reads_what_python_sends(tmp_path):
    if NODE is None:
        pytest.skip("no node on this machine; the browser test covers less")
    shown = widgets.feature_browser(**OWN, layer="1", channel=66)
    sent = packed(shown.state, shown.answer())
    assert sent["first"] == 64 and sent["shape"] == [70, 6, 6] and len(sent["maps"]) == 6 * 36 * 4
    (tmp_path / "explorer.mjs").write_text(hosts.source("feature_browser"), encoding="utf-8")
    (tmp_path / "run.mjs").write_text(RUN, encoding="utf-8")
    asked = {"bytes": list(sent["maps"]), "counts": [1, 4, 16, 64], "high": 3.0, "over": sent["over"]}
    (tmp_path / "ask.json").write_text(json.dumps(asked), encoding="utf-8")
    done = subprocess.run([NODE, "run.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert torch.equal(torch.tensor(answer["values"]).view(6, 6, 6), shown.answer().maps[64:])
    assert [(g["columns"], g["rows"]) for g in answer["grids"]] == [(1, 1), (4, 1), (4, 4), (8, 8)]
    assert answer["place"] == [0, 0, 60, 60]  # a ReLU after 3x3 with padding: its squares are the pixels
    from matplotlib import colormaps

    for rgb, where in zip(answer["heat"], (0, 0.5, 1.0), strict=True):
        assert rgb == pytest.approx([255 * v for v in colormaps["inferno"](where)[:3]], abs=6)
