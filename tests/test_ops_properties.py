"""Any shape and any option: values and gradients of every operation against PyTorch, in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import TWINS, agree

from cnnlab import ops

small = st.integers(1, 4)
sizes = st.integers(1, 9)
seeds = st.integers(0, 2**16)
pairs = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))


def randn(draw, *shape, ties=True):
    """Normal numbers, now and then rounded: then many are equal, and many are exactly 0."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(draw(seeds)), dtype=torch.float64)
    return x.round() if ties and draw(st.booleans()) else x


def two(value):
    return value if isinstance(value, tuple) else (value, value)


@st.composite
def convolutions(draw, axes):
    groups = draw(st.integers(1, 3))
    c, o = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 3))
    each = st.integers(1, 3) if axes == 1 else pairs
    options = {"dilation": draw(each), "groups": groups}
    options["padding_mode"] = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    options["padding"] = draw(st.sampled_from(["same", "valid"]) | st.integers(0, 3) | each)
    if options["padding"] != "same":
        options["stride"] = draw(each)
    kernel = draw(st.tuples(*[st.integers(1, 4)] * axes))
    reach = [d * (k - 1) + 1 for d, k in zip(two(options["dilation"]), kernel, strict=False)]
    # the window fits without padding, and there are pixels enough to make a border of
    image = [draw(st.integers(max(r, 4), r + 6)) for r in reach]
    x = randn(draw, *draw(st.sampled_from([(), (1,), (3,)])), c, *image)
    bias = randn(draw, o) if draw(st.booleans()) else None
    return (x, randn(draw, o, c // groups, *kernel), bias), options


@st.composite
def transposed(draw):
    groups = draw(st.integers(1, 3))
    c, o = groups * draw(st.integers(1, 2)), draw(st.integers(1, 3))
    stride, dilation, kernel = (two(draw(pairs)) for _ in range(3))
    image = draw(st.tuples(sizes, sizes))
    most = [s * (i - 1) + d * (k - 1) for i, s, d, k in zip(image, stride, dilation, kernel, strict=True)]
    padding = tuple(draw(st.integers(0, min(3, m // 2))) for m in most)
    extra = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    x = randn(draw, *draw(st.sampled_from([(), (2,)])), c, *image)
    bias = randn(draw, o * groups) if draw(st.booleans()) else None
    options = {"stride": stride, "padding": padding, "output_padding": extra, "groups": groups, "dilation": dilation}
    return (x, randn(draw, c, o, *kernel), bias), options


@st.composite
def pools(draw, largest):
    kernel, ceil_mode = draw(pairs), draw(st.booleans())
    dilation = draw(pairs) if largest else 1
    options = {"kernel_size": kernel, "ceil_mode": ceil_mode, "stride": draw(st.none() | pairs)}
    reach = [d * (k - 1) + 1 for d, k in zip(two(dilation), two(kernel), strict=True)]
    # half of the window by PyTorch's rule; a dilated window wholly in the padding is left to the table
    options["padding"] = tuple(
        draw(st.integers(0, (k if largest else r) // 2)) for k, r in zip(two(kernel), reach, strict=True)
    )
    options |= {"dilation": dilation} if largest else {"count_include_pad": draw(st.booleans())}
    image = [draw(st.integers(r, r + 6)) for r in reach]
    return (randn(draw, *draw(st.sampled_from([(), (1,), (3,)])), draw(small), *image),), options


@st.composite
def windows(draw, padded):
    kernel, stride, dilation = (two(draw(pairs)) for _ in range(3))
    options = {"kernel_size": kernel, "stride": stride, "dilation": dilation}
    options |= {"padding": two(draw(st.integers(0, 2)))} if padded else {}
    image = [draw(st.integers(d * (k - 1) + 1, 9)) for d, k in zip(dilation, kernel, strict=True)]
    return (randn(draw, draw(small), draw(small), *image),), options


@st.composite
def adaptive(draw):
    size = st.integers(1, 7)
    wanted = draw(size | st.tuples(size | st.none(), size | st.none()))
    return (randn(draw, draw(small), draw(small), draw(sizes), draw(sizes)),), {"output_size": wanted}


@st.composite
def padded(draw):
    mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    h, w = draw(st.integers(4, 7)), draw(st.integers(4, 7))
    side = st.tuples(st.integers(0, 3), st.integers(0, 3))
    options = {"padding": (draw(side), draw(side)), "mode": mode, "value": draw(st.sampled_from([0.0, 2.5]))}
    return (randn(draw, draw(small), draw(small), h, w),), options


@st.composite
def blurs(draw):
    image = draw(st.integers(2, 8)), draw(st.integers(2, 8))
    return (randn(draw, draw(small), draw(small), *image),), {"stride": draw(pairs)}


@st.composite
def norms(draw):
    c = draw(small)
    x = randn(draw, draw(st.integers(2, 5)), c, *draw(st.sampled_from([(), (3,), (2, 3)])))
    running = (randn(draw, c), randn(draw, c) ** 2 + 0.1) if draw(st.booleans()) else (None, None)
    affine = (randn(draw, c), randn(draw, c)) if draw(st.booleans()) else (None, None)
    options = {"training": running[0] is None or draw(st.booleans())}
    options |= {"momentum": draw(st.floats(0, 1)), "eps": draw(st.sampled_from([1e-5, 0.1]))}
    return (x, *running, *affine), options


@st.composite
def folds(draw):
    o = draw(small)
    weight = randn(draw, o, *draw(st.sampled_from([(3,), (2, 3), (2, 3, 2), (1, 1, 1)])))
    bias, gamma, beta = (randn(draw, o) if draw(st.booleans()) else None for _ in range(3))
    statistics = randn(draw, o), randn(draw, o) ** 2 + 0.1
    return (weight, bias, *statistics, gamma, beta), {"eps": draw(st.sampled_from([1e-5, 0.1]))}


@st.composite
def loops(draw, axes):
    image = [draw(sizes) for _ in range(axes)]
    return (randn(draw, *image), randn(draw, *[draw(st.integers(1, size)) for size in image])), {}


@st.composite
def loop_pools(draw):
    h, w = draw(sizes), draw(sizes)
    kernel = draw(st.integers(1, min(h, w)) | st.tuples(st.integers(1, h), st.integers(1, w)))
    return (randn(draw, h, w, ties=False),), {"kernel_size": kernel, "mode": draw(st.sampled_from(["max", "avg"]))}


@st.composite
def lines(draw):
    k, o = draw(sizes), draw(sizes)
    x = randn(draw, *draw(st.lists(small, max_size=3)), k)
    return (x, randn(draw, o, k), randn(draw, o) if draw(st.booleans()) else None), {}


@st.composite
def pointwise(draw, **options):
    x = randn(draw, *draw(st.lists(sizes, max_size=4))) * draw(st.sampled_from([1, 30, 1000]))
    return (x,), {name: draw(strategy) for name, strategy in options.items()}


@st.composite
def softmaxes(draw):
    shape = draw(st.lists(sizes, min_size=1, max_size=4))
    x = randn(draw, *shape) * draw(st.sampled_from([1, 30, 1000]))
    return (x,), {"dim": draw(st.integers(-len(shape), len(shape) - 1))}


@st.composite
def losses(draw):
    classes = draw(st.integers(1, 6))
    n, image = draw(st.lists(small, min_size=1, max_size=1)), draw(st.sampled_from([(), (2, 3)]))
    if draw(st.booleans()):
        n, image = [], ()  # one row of logits without a batch
    logits = randn(draw, *n, classes, *image) * draw(st.sampled_from([1, 30]))
    options = {"label_smoothing": draw(st.sampled_from([0.0, 0.1, 1.0]))}
    options["reduction"] = draw(st.sampled_from(["mean", "sum", "none"]))
    labels = torch.randint(classes, (*n, *image), generator=torch.Generator().manual_seed(draw(seeds)))
    if draw(st.booleans()):
        labels = randn(draw, *logits.shape).softmax(1 if n else 0)
    return (logits, labels), options


@st.composite
def binary_losses(draw):
    shape = draw(st.lists(sizes, max_size=3))
    logits = randn(draw, *shape) * draw(st.sampled_from([1, 30, 1000]))
    return (logits, randn(draw, *shape).sigmoid()), {"reduction": draw(st.sampled_from(["mean", "sum", "none"]))}


INPUTS = {
    "adaptive_avg_pool2d": adaptive(),
    "avg_pool2d": pools(largest=False),
    "batch_norm": norms(),
    "binary_cross_entropy_with_logits": binary_losses(),
    "blur2d": blurs(),
    "conv1d": convolutions(axes=1),
    "conv2d": convolutions(axes=2),
    "conv_transpose2d": transposed(),
    "corr1d": loops(axes=1),
    "corr2d": loops(axes=2),
    "cross_entropy": losses(),
    "fold_batch_norm": folds(),
    "im2col": windows(padded=True),
    "input_gradient": loops(axes=2),
    "leaky_relu": pointwise(negative_slope=st.floats(-1, 1)),
    "linear": lines(),
    "log_softmax": softmaxes(),
    "max_pool2d": pools(largest=True),
    "pad2d": padded(),
    "pool2d": loop_pools(),
    "relu": pointwise(),
    "sigmoid": pointwise(),
    "softmax": softmaxes(),
    "tanh": pointwise(),
    "weight_gradient": loops(axes=2),
    "windows2d": windows(padded=False),
}


def test_every_operation_has_a_twin_and_inputs():
    assert sorted(INPUTS) == sorted(TWINS) == sorted(ops.__all__)


@pytest.mark.parametrize("name", INPUTS)
def test_same_as_pytorch(name):
    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(INPUTS[name])
    def same(inputs):
        tensors, options = inputs
        agree(name, *tensors, **options)

    same()
