"""Color, erasing and mixing: what must hold of every batch, whatever is drawn."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.transforms import functional as twin

from cnnlab import data, train
from cnnlab.data import changes

CHANGES = {
    "crop": data.random_crop(2),
    "flip": data.random_flip(),
    "color": data.color_jitter(0.5),
    "erase": data.random_erase(3),
    "all": data.compose(data.random_crop(1), data.random_flip(), data.color_jitter(0.2), data.random_erase(2)),
}
MIXES = {"mixup": data.mixup, "cutmix": data.cutmix}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=20, c=3, h=6, w=7, seed=0, dtype=torch.uint8):
    x = torch.randint(256, (n, c, h, w), generator=generator(seed)).to(torch.uint8)
    return x if dtype == torch.uint8 else x.to(dtype) / 255


# ---- each change of one image


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(CHANGES)), st.integers(1, 9), st.sampled_from([1, 3]), st.integers(4, 9), st.integers(0, 999)
)
def test_what_holds_of_every_change(name, n, c, h, seed):
    for dtype in (torch.uint8, torch.float32):
        x = pictures(n, c, h, 5, seed, dtype)
        before = x.clone()
        y = CHANGES[name](x, generator(seed))
        assert y.shape == x.shape and y.dtype == dtype
        assert y.min() >= 0 and y.max() <= (255 if dtype == torch.uint8 else 1)
        assert torch.equal(x, before)  # what came stays as it was
        assert torch.equal(CHANGES[name](x, generator(seed)), y)


@pytest.mark.parametrize("name", CHANGES)
def test_another_seed_makes_other_images(name):
    x = pictures(40)
    assert not torch.equal(CHANGES[name](x, generator(0)), CHANGES[name](x, generator(1)))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_factors_of_1_change_nothing(dtype):
    x = pictures(dtype=dtype)
    one = torch.ones(len(x))
    torch.testing.assert_close(changes.recolor(x, one, one, one), x, atol=1e-6, rtol=0)
    assert torch.equal(data.color_jitter(0)(pictures(), generator()), pictures())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("which", ["brightness", "contrast", "saturation"])
def test_recolor_has_the_numbers_of_torchvision(which, channels):
    x = pictures(c=channels, dtype=torch.float64)
    for factor in (0.0, 0.5, 1.3, 2.0):
        factors = {name: torch.ones(len(x)) for name in ("brightness", "contrast", "saturation")}
        y = changes.recolor(x, **factors | {which: torch.full((len(x),), factor)})
        expected = torch.stack([getattr(twin, f"adjust_{which}")(image, factor) for image in x])
        # torchvision's grey has its weights to four digits, which add up to 0.9999
        torch.testing.assert_close(y, expected, atol=2e-4, rtol=0)


def test_recolor_takes_the_three_one_after_the_other():
    x = 0.3 + 0.4 * pictures(dtype=torch.float64)  # nothing is cut off on the way
    b, c, s = 0.9 + 0.2 * torch.rand(3, len(x), dtype=torch.float64, generator=generator())
    one = torch.ones_like(b)
    steps = changes.recolor(changes.recolor(changes.recolor(x, one, one, s), one, c, one), b, one, one)
    torch.testing.assert_close(changes.recolor(x, b, c, s), steps)


def test_bytes_are_the_rounded_floats():
    x = pictures(200)
    factors = 0.5 + torch.rand(3, len(x), generator=generator())
    exact = 255 * changes.recolor(x.double() / 255, *factors)
    assert (changes.recolor(x, *factors) - exact).abs().max() < 0.5 + 1e-4


def test_color_of_each_image_is_its_own():
    x = pictures(1).expand(50, -1, -1, -1)
    y = data.color_jitter(0.5)(x, generator())
    assert len(y.flatten(1).unique(dim=0)) == 50


def test_erase_fills_a_square_with_the_mean():
    x = pictures(500, h=9, w=8)
    y = data.random_erase(4)(x, generator())
    mean = x.float().mean((2, 3), keepdim=True).round().to(torch.uint8)
    changed = (y != x).any(1)
    assert torch.equal(y, torch.where(changed[:, None], mean, x))
    seen = changed.sum((1, 2))
    assert seen.max() == 16 and seen.min() >= 3  # a quarter of the square is inside at least; a pixel may be the mean
    assert changed.any(0).all()  # no corner is safe
    assert torch.equal(data.random_erase(0)(x, generator()), x)


# ---- mixing


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(MIXES)),
    st.floats(0.05, 5),
    st.integers(1, 12),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 999),
)
def test_what_holds_of_every_mixture(name, alpha, n, h, w, seed):
    x, labels = torch.rand(n, 2, h, w, generator=generator(seed)), torch.arange(n) % 4
    before = x.clone()
    y, soft = MIXES[name](alpha)(x, labels, 4, generator(seed))
    assert y.shape == x.shape and y.dtype == x.dtype and torch.equal(x, before)
    assert soft.shape == (n, 4) and (soft >= 0).all()
    torch.testing.assert_close(soft.sum(1), torch.ones(n))
    assert y.min() >= x.min() - 1e-6 and y.max() <= x.max() + 1e-6
    again = MIXES[name](alpha)(x, labels, 4, generator(seed))
    assert torch.equal(again[0], y) and torch.equal(again[1], soft)


@pytest.mark.parametrize("name", MIXES)
@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_labels_have_the_shares_of_the_pixels(name, alpha):
    """Image i is all i, one class each: so the mean pixel of a mixture is the mean of its labels."""
    n, h, w = 64, 9, 7
    labels = torch.arange(n)
    x = labels.float().view(n, 1, 1, 1).expand(n, 1, h, w)
    y, soft = MIXES[name](alpha)(x, labels, n, generator())
    torch.testing.assert_close(y.mean((1, 2, 3)), soft @ labels.float(), atol=1e-4, rtol=0)
    shares = soft[labels, labels]
    assert ((soft > 0).sum(1) <= 2).all() and 0 <= shares.min() < 0.4 < 0.7 < shares.max() <= 1


def test_a_rectangle_is_one_and_all_else_stays():
    n, h, w = 200, 11, 8
    labels = torch.arange(n)
    x = labels.float().view(n, 1, 1, 1).expand(n, 1, h, w)
    y, _ = data.cutmix(1.0)(x, labels, n, generator())
    pasted = (y != x)[:, 0]
    full = pasted.any(2)[:, :, None] & pasted.any(1)[:, None]
    assert torch.equal(full, pasted)  # rows times columns: a rectangle
    for line in (pasted.any(1), pasted.any(2)):  # ... in one piece
        assert (line.int().diff(dim=1) == 1).sum(1).max() <= 1
    assert pasted.any(0).all()


def test_a_small_alpha_mixes_little():
    labels = torch.arange(1000)
    x = torch.zeros(1000, 1, 2, 2)
    share = {alpha: data.mixup(alpha)(x, labels, 1000, generator())[1].amax(1).mean() for alpha in (0.1, 1.0, 10.0)}
    assert share[0.1] > 0.9 and 0.72 < share[1.0] < 0.78 and share[10.0] < 0.65  # of the larger part; 0.75 for alpha=1


def test_mixing_normalised_images_is_normalising_mixed_ones():
    x, labels, mean, sd = pictures(dtype=torch.float64), torch.arange(20), (0.4, 0.5, 0.6), (0.2, 0.3, 0.25)
    shift, scale = (torch.tensor(t, dtype=torch.float64).view(3, 1, 1) for t in (mean, sd))
    for make in MIXES.values():
        first = make(0.5)((x - shift) / scale, labels, 20, generator())[0]
        torch.testing.assert_close((make(0.5)(x, labels, 20, generator())[0] - shift) / scale, first)


@pytest.mark.parametrize("name", MIXES)
def test_bytes_are_mixed_too(name):
    y, _ = MIXES[name](1.0)(pictures(), torch.zeros(20, dtype=torch.int64), 1, generator())
    exact, _ = MIXES[name](1.0)(pictures(dtype=torch.float32), torch.zeros(20, dtype=torch.int64), 1, generator())
    assert y.dtype == torch.uint8 and (y - 255 * exact).abs().max() < 0.51


# ---- in Batches


def batches(mix=None, seed=0, n=50, classes=None, **options):
    x, y = pictures(n), torch.arange(n) % 5
    scale = {"mean": (0.5,) * 3, "sd": (0.2,) * 3}
    return data.Batches(x, y, 16, **scale, shuffle=True, seed=seed, mix=mix, classes=classes, **options)


@pytest.mark.parametrize("name", MIXES)
def test_batches_give_soft_labels(name):
    made = list(batches(MIXES[name](1.0)))
    assert [tuple(y.shape) for _, y in made] == [(16, 5), (16, 5), (16, 5), (2, 5)]
    assert all(x.dtype == torch.float32 for x, _ in made)
    assert tuple(next(iter(batches(MIXES[name](1.0), classes=7)))[1].shape) == (16, 7)


@pytest.mark.parametrize("name", MIXES)
def test_an_epoch_of_mixtures_repeats_as_after_a_resume(name):
    whole, resumed = (
        batches(MIXES[name](0.4), augment=CHANGES["all"]),
        batches(MIXES[name](0.4), augment=CHANGES["all"]),
    )
    first, second = list(whole), list(whole)
    resumed.epoch = 1
    for (x, y), (x_again, y_again) in zip(second, resumed, strict=True):
        assert torch.equal(x, x_again) and torch.equal(y, y_again)
    assert not torch.equal(first[0][1], second[0][1])


@pytest.mark.parametrize("name", MIXES)
def test_mixing_leaves_order_and_memory_format_alone(name):
    made = batches(MIXES[name](1.0), memory_format="channels_last")
    assert all(x.is_contiguous(memory_format=torch.channels_last) for x, _ in made)


def test_seed_none_draws_one_for_mixing():
    torch.manual_seed(3)
    assert batches(data.mixup(1.0), seed=None).seed is not None


def test_fit_trains_on_mixtures():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 6 * 7, 5))
    rows = train.fit(
        net,
        batches(data.mixup(0.3)),
        batches(),
        epochs=2,
        optimizer=torch.optim.Adam(net.parameters()),
        progress=False,
    ).rows
    assert rows[1]["loss"] < rows[0]["loss"] and 0 <= rows[1]["accuracy"] <= 1


def test_what_comes_out_lies_where_the_images_are():
    """On the device that has shapes and no numbers, and that refuses most meetings of two devices."""
    x, labels = pictures().to("meta"), torch.zeros(20, dtype=torch.int64, device="meta")
    for change in CHANGES.values():
        assert (change(x).device.type, change(x).shape, change(x).dtype) == ("meta", x.shape, x.dtype)
    for make in MIXES.values():
        y, soft = make(0.5)(x, labels, 4)
        assert y.device.type == soft.device.type == "meta" and (y.shape, soft.shape) == (x.shape, (20, 4))


@pytest.mark.skipif(data.device().type == "cpu", reason="there is no GPU here")
@pytest.mark.parametrize("name", MIXES)
def test_a_gpu_makes_the_same_choices(name):
    mix, augment = MIXES[name](0.5), CHANGES["all"]
    here, there = batches(mix, augment=augment), batches(mix, augment=augment, device=data.device())
    for (x, y), (x_gpu, y_gpu) in zip(here, there, strict=True):
        assert x_gpu.device.type == y_gpu.device.type == data.device().type
        torch.testing.assert_close(y, y_gpu.cpu())
        assert ((x - x_gpu.cpu()).abs() > 0.03).float().mean() < 0.001  # a tie may round the other way


X, Y = pictures(), torch.arange(20)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: data.color_jitter("a"), TypeError, "strength='a'. A number from 0 to 1"),
        (lambda: data.color_jitter(1.5), ValueError, "color_jitter: strength=1.5. 0 to 1 is needed"),
        (lambda: data.color_jitter(0.1)(X[0]), ValueError, r"color_jitter: x is \(3, 6, 7\). \(n, c, h, w\)"),
        (lambda: data.color_jitter(0.1)(X[:, :2]), ValueError, r"with 2 channels. 1 \(grey\) or 3"),
        (lambda: data.random_erase(0.1), TypeError, "size=0.1. A whole number of pixels"),
        (lambda: data.random_erase(-1), ValueError, "random_erase: size=-1. 0 or more"),
        (lambda: data.random_erase(6)(X), ValueError, "size=6 may erase all of 6 x 7 images. At most 5"),
        (lambda: data.random_erase(2)(X[0]), ValueError, "random_erase: x is"),
        (lambda: data.mixup("0.2"), TypeError, "mixup: alpha='0.2'. A number above 0"),
        (lambda: data.mixup(0), ValueError, "mixup: alpha=0. A number above 0"),
        (lambda: data.cutmix(-1.0), ValueError, "cutmix: alpha=-1.0. A number above 0"),
        (lambda: data.mixup(float("nan")), ValueError, "alpha=nan"),
        (lambda: data.mixup(0.2)(X[0], Y, 20), ValueError, r"mixup: x is \(3, 6, 7\)"),
        (lambda: data.cutmix(0.2)(X, F.one_hot(Y), 20), ValueError, r"labels int64 \(20, 20\).*Mix once, and last"),
        (lambda: data.mixup(0.2)(X, Y.float(), 20), ValueError, r"labels float32 \(20,\)"),
        (lambda: data.mixup(0.2)(X, Y, 10), ValueError, r"labels run from 0 to 19 \(classes=10\). 0 to 9"),
        (lambda: batches(mix=0.2), TypeError, "Batches: mix=0.2 cannot be called.*Pass data.mixup"),
        (lambda: batches(mix=data.mixup(1), classes=4), ValueError, "classes=4, but labels run to 4"),
        (lambda: batches(mix=data.mixup(1), classes="ten"), TypeError, "classes='ten'. A whole number"),
    ],
)  # fmt: skip
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
