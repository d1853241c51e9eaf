"""The cases of each operation that someone could get wrong, one row each, against PyTorch in float64."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from twins import agree

from cnnlab import ops

INF = math.inf


def image(*shape):
    """Reproducible numbers of both signs, no two of them equal."""
    return torch.linspace(-3, 4, math.prod(shape), dtype=torch.float64).view(shape).sin().flip(-1)


X = image(2, 4, 9, 8)
TIES = torch.tensor([[[[2.0, 2, 1], [2, 0, 1], [1, 1, 1]]]], dtype=torch.float64)
EDGES = torch.tensor([-1e4, -100, -40, -1, 0, 1, 40, 100, 1e4], dtype=torch.float64)
STATISTICS = image(4), image(4) ** 2 + 0.1


def filters(o, c, *kernel):
    return image(o, c, *kernel) / 3


ROWS = [
    # windows that are not square: a swap of rows and columns shows
    ("conv2d", (X, filters(6, 4, 3, 2)), {"stride": (2, 3), "padding": (1, 0), "dilation": (1, 2)}),
    # an even filter: "same" puts the extra pixel right and below
    ("conv2d", (X, filters(6, 4, 4, 2)), {"padding": "same"}),
    # the same for a border that is not 0
    ("conv2d", (X, filters(6, 4, 4, 2)), {"padding": "same", "padding_mode": "reflect"}),
    # dilation widens what "same" must add
    ("conv2d", (X, filters(6, 4, 2, 3)), {"padding": "same", "dilation": (3, 2)}),
    # one group per channel, more filters than channels
    ("conv2d", (X, filters(8, 1, 3, 3), image(8)), {"groups": 4}),
    # two groups: the first half of the filters must read the first half of the channels
    ("conv2d", (X, filters(6, 2, 1, 1)), {"groups": 2}),
    # a filter as large as the padded image has one stop
    ("conv2d", (X, filters(1, 4, 11, 10)), {"padding": 1}),
    # a stride that leaves pixels over at the right: they are never read
    ("conv2d", (X, filters(1, 4, 3, 3)), {"stride": 4}),
    # a reflection may take all of an axis but its first pixel
    ("conv2d", (X, filters(1, 4, 3, 3)), {"padding": (8, 7), "padding_mode": "reflect"}),
    # and a circle all of it
    ("conv2d", (X, filters(1, 4, 3, 3)), {"padding": (9, 8), "padding_mode": "circular"}),
    # a list is as good as a tuple
    ("conv2d", (X, filters(1, 4, 3, 3)), {"stride": [2, 1], "padding": [1, 0]}),
    # one image without a batch
    ("conv2d", (X[0], filters(6, 4, 3, 3), image(6)), {}),
    # pixels that do not lie one after the other in memory
    ("conv2d", (X.transpose(2, 3), filters(6, 4, 3, 2)), {"stride": 2}),
    # one signal without a batch
    ("conv1d", (X[0, 0], filters(6, 9, 3)), {"padding": "same", "dilation": 2}),
    # options of nn.Conv1d are tuples of one
    ("conv1d", (X[0], filters(6, 9, 3)), {"stride": (2,), "padding": (1,), "dilation": (1,)}),
    # what is added at the bottom and at the right only
    ("conv_transpose2d", (X, filters(4, 3, 3, 2)), {"stride": 2, "padding": 1, "output_padding": 1}),
    # stamps that leave gaps: the stride is larger than the filter
    ("conv_transpose2d", (X, filters(4, 3, 1, 1)), {"stride": 3}),
    # dilated stamps, in groups
    ("conv_transpose2d", (X, filters(4, 3, 3, 2), image(6)), {"groups": 2, "dilation": (1, 2)}),
    # of equal values the first takes the gradient, also where windows overlap
    ("max_pool2d", (TIES,), {"kernel_size": 2, "stride": 1}),
    # all equal
    ("max_pool2d", (torch.zeros_like(X),), {"kernel_size": 3}),
    # only negative numbers: a border of zeros would win
    ("max_pool2d", (-X.abs(),), {"kernel_size": 3, "padding": 1}),
    # overlapping, as in AlexNet
    ("max_pool2d", (X,), {"kernel_size": 3, "stride": 2}),
    # a last window that hangs over
    ("max_pool2d", (X,), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
    # a last window that would start outside is left away
    ("max_pool2d", (image(1, 1, 4, 4),), {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
    # a window larger than the image has one stop if it may hang over
    ("max_pool2d", (image(1, 1, 2, 2),), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
    # taps with gaps
    ("max_pool2d", (X,), {"kernel_size": (2, 3), "stride": 1, "dilation": (3, 2), "padding": (1, 1)}),
    # nan is not swallowed
    ("max_pool2d", (torch.tensor([[[[1.0, math.nan], [3, 2]]]], dtype=torch.float64),), {"kernel_size": 2}),
    # the zeros of the padding count
    ("avg_pool2d", (X,), {"kernel_size": 3, "stride": 2, "padding": 1}),
    # or do not
    ("avg_pool2d", (X,), {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    # what hangs over never counts, beside padding that does
    ("avg_pool2d", (X,), {"kernel_size": (4, 3), "stride": (3, 2), "padding": (2, 1), "ceil_mode": True}),
    # patches of different sizes that overlap
    ("adaptive_avg_pool2d", (X,), {"output_size": (4, 5)}),
    # the mean of each feature map, as before a classifier
    ("adaptive_avg_pool2d", (X,), {"output_size": 1}),
    # more patches than pixels
    ("adaptive_avg_pool2d", (X,), {"output_size": (12, None)}),
    # an order of arguments that differs from conv2d's
    ("im2col", (X, (2, 3), 1, 2, 3), {}),
    # the smallest image with a neighbour to reflect
    ("blur2d", (image(1, 3, 2, 2),), {"stride": 2}),
    # another border on each side
    ("pad2d", (X,), {"padding": ((0, 3), (2, 1)), "mode": "reflect"}),
    # more than the image has
    ("pad2d", (X,), {"padding": ((20, 0), (0, 20)), "mode": "replicate"}),
    # running statistics move by the unbiased variance
    ("batch_norm", (X, *STATISTICS, image(4), image(4)), {"training": True}),
    # and are used, not moved, outside of training
    ("batch_norm", (X, *STATISTICS, image(4), image(4)), {}),
    # without running statistics the batch's own serve, as PyTorch asks for with training=True
    ("batch_norm", (X, None, None), {"training": True}),
    # after a dense layer there are no pixels
    ("batch_norm", (image(5, 4), *STATISTICS), {"training": True, "momentum": 0.5}),
    # a constant channel: eps keeps 0 / 0 away
    ("batch_norm", (torch.ones(3, 4, 2, 2, dtype=torch.float64), *STATISTICS), {"training": True}),
    # one value per row
    ("linear", (image(3, 1), image(2, 1), image(2)), {}),
    # a single row; sequences keep their axes
    ("linear", (image(5), image(3, 5)), {}),
    ("linear", (image(2, 3, 5), image(3, 5)), {}),
    # at 0 the slope is 0, for leaky_relu the smaller one
    ("relu", (EDGES,), {}),
    ("leaky_relu", (EDGES,), {"negative_slope": 0.2}),
    # far out the slope is 0, not nan, and the values do not overflow
    ("sigmoid", (EDGES,), {}),
    ("tanh", (EDGES,), {}),
    ("softmax", (EDGES,), {"dim": 0}),
    ("log_softmax", (EDGES,), {"dim": -1}),
    # a loss of 10,000 is a number, not inf
    ("cross_entropy", (EDGES[None], torch.tensor([0])), {}),
    ("cross_entropy", (EDGES[None], torch.tensor([8])), {"label_smoothing": 0.1}),
    # one class only: nothing to get wrong
    ("cross_entropy", (image(3, 1), torch.tensor([0, 0, 0])), {}),
    # a label per pixel
    ("cross_entropy", (X, torch.arange(2 * 72).view(2, 9, 8) % 4), {"reduction": "sum"}),
    # labels that are probabilities
    ("cross_entropy", (image(3, 5), image(3, 5).softmax(1)), {"label_smoothing": 0.2, "reduction": "none"}),
    # sure and wrong, sure and right
    ("binary_cross_entropy_with_logits", (EDGES, torch.ones_like(EDGES)), {}),
    ("binary_cross_entropy_with_logits", (EDGES, torch.zeros_like(EDGES)), {"reduction": "sum"}),
]


@pytest.mark.parametrize(("name", "tensors", "options"), ROWS, ids=[f"{i}-{row[0]}" for i, row in enumerate(ROWS)])
def test_same_as_pytorch(name, tensors, options):
    agree(name, *tensors, **options)


def test_nan_stays_nan():
    nan = torch.tensor([math.nan])
    for function in (ops.relu, ops.leaky_relu, ops.sigmoid, ops.tanh):
        assert function(nan).isnan().all(), function.__name__


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_type_stays(dtype):
    x, weight = X.to(dtype), filters(6, 4, 3, 3).to(dtype)
    c = torch.ones(4, dtype=dtype)
    results = [
        ops.conv2d(x, weight, weight[:, 0, 0, 0], padding=1),
        ops.conv_transpose2d(x, weight.transpose(0, 1)),
        ops.max_pool2d(x, 2, padding=1),
        ops.avg_pool2d(x, 2, padding=1),
        ops.adaptive_avg_pool2d(x, 3),
        ops.blur2d(x),
        ops.batch_norm(x, c, c, c, c),
        ops.linear(x, weight[0, 0].new_ones(5, 8)),
        *(function(x) for function in (ops.relu, ops.leaky_relu, ops.sigmoid, ops.tanh)),
        ops.softmax(x, 1),
        ops.cross_entropy(x, torch.zeros(2, 9, 8, dtype=torch.int64), label_smoothing=0.1),
        ops.binary_cross_entropy_with_logits(x, x.sigmoid()),
    ]
    assert {y.dtype for y in results} == {dtype}


@pytest.mark.parametrize("x", [X, X[0], X[0, 0]], ids=["batch", "image", "signal"])
def test_the_input_is_left_alone(x):
    before = x.clone()
    if x.ndim == 2:
        ops.conv1d(x, filters(2, 9, 3), padding=1)
        ops.corr2d(x, x[:2, :2])
        ops.pool2d(x, 2)
    else:
        ops.conv2d(x, filters(2, 4, 3, 3), padding=1)
        ops.conv_transpose2d(x, filters(4, 2, 3, 3))
        ops.max_pool2d(x, 3, padding=1)
        ops.avg_pool2d(x, 3, padding=1)
        ops.pad2d(x, 1)
    assert torch.equal(x, before)


def test_corr2d_on_the_numbers_of_the_course():
    x = torch.arange(9.0).view(3, 3)
    weight = torch.arange(4.0).view(2, 2)
    assert ops.corr2d(x, weight).tolist() == [[19, 25], [37, 43]]
    assert ops.conv2d(x[None, None], weight[None, None]).tolist() == [[[[19, 25], [37, 43]]]]


def test_a_blur_keeps_flat_areas_and_thins_a_checkerboard():
    y = torch.ones(1, 1, 6, 6)
    assert torch.equal(ops.blur2d(y, stride=2), torch.ones(1, 1, 3, 3))
    board = (torch.arange(6)[:, None] + torch.arange(6)) % 2 * 2 - 1.0
    assert torch.equal(ops.blur2d(board[None, None]), torch.zeros(1, 1, 6, 6))


def test_a_transposed_convolution_is_the_gradient_of_a_convolution():
    x, weight = image(2, 4, 7, 7).requires_grad_(), filters(6, 4, 3, 3)
    y = ops.conv2d(x, weight, stride=2)
    grad = image(*y.shape)
    (slope,) = torch.autograd.grad(y, x, grad)
    torch.testing.assert_close(ops.conv_transpose2d(grad, weight, stride=2), slope)


def test_running_statistics_move_in_place_and_leave_no_trace_in_the_gradient():
    mean, var = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    x = X.clone().requires_grad_()
    for _ in range(3):
        ops.batch_norm(x, mean, var, training=True).sum().backward()
    layer = nn.BatchNorm2d(4).double()
    for _ in range(3):
        layer(X)
    torch.testing.assert_close(mean, layer.running_mean)
    torch.testing.assert_close(var, layer.running_var)
    assert not mean.requires_grad
    assert not var.requires_grad


@pytest.mark.parametrize(
    ("layer", "norm", "x"),
    [
        (nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(6), X),
        (nn.Conv2d(4, 6, (3, 2), padding=1, groups=2), nn.BatchNorm2d(6, eps=0.1), X),  # a bias of its own
        (nn.Conv1d(9, 6, 3), nn.BatchNorm1d(6, affine=False), X[0]),
        (nn.Linear(8, 6), nn.BatchNorm1d(6), X[0, 0]),
    ],
)
def test_a_layer_with_its_batch_norm_folded_in_gives_what_both_give(layer, norm, x):
    with torch.no_grad():
        for i, tensor in enumerate([*norm.parameters(), norm.running_mean, norm.running_var]):
            tensor.copy_(image(6) ** 2 + 0.1 + i)
        expected = nn.Sequential(layer, norm).double().eval()(x)
        weight, bias = ops.fold_batch_norm(
            layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.weight, norm.bias, norm.eps
        )
        layer.weight.copy_(weight)
        layer.bias = nn.Parameter(bias)
        torch.testing.assert_close(layer(x), expected)


def test_lenet_learns_with_our_operations_as_with_pytorchs():
    """Ten steps of training end at the same weights, whoever computes."""

    def network(o, x, w):
        x = o.avg_pool2d(o.sigmoid(o.conv2d(x, w[0], w[1], padding=2)), 2)
        x = o.max_pool2d(o.relu(o.conv2d(x, w[2], w[3])), 2)
        return o.linear(o.tanh(o.linear(x.flatten(1), w[4], w[5])), w[6], w[7])

    class torchs:  # noqa: N801
        conv2d, avg_pool2d, max_pool2d, linear, relu = F.conv2d, F.avg_pool2d, F.max_pool2d, F.linear, F.relu
        sigmoid, tanh, cross_entropy = torch.sigmoid, torch.tanh, F.cross_entropy

    ends = []
    for o in (ops, torchs):
        torch.manual_seed(0)
        layers = [nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5), nn.Linear(400, 84), nn.Linear(84, 10)]
        w = [p.detach().double().requires_grad_() for layer in layers for p in (layer.weight, layer.bias)]
        x, labels = torch.rand(16, 1, 28, 28, dtype=torch.float64), torch.randint(10, (16,))
        optimizer = torch.optim.SGD(w, lr=0.1, momentum=0.9)
        for _ in range(10):
            optimizer.zero_grad()
            o.cross_entropy(network(o, x, w), labels).backward()
            optimizer.step()
        ends.append(w)
    torch.testing.assert_close(*ends)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_everything_is_computed_where_the_input_lies(mode):
    """The meta device stands in for a GPU: it refuses tensors that lie elsewhere."""
    x, weight = torch.rand(2, 4, 9, 8, device="meta"), torch.rand(4, 4, 3, 3, device="meta")
    results = [
        ops.conv2d(x, weight, padding="same", padding_mode=mode),
        ops.conv1d(x[0], weight[:, :, 0].repeat(1, 3, 1)[:, :9], padding=1, padding_mode=mode),
        ops.conv_transpose2d(x, weight),
        ops.max_pool2d(x, 3, 2, padding=1, ceil_mode=True),
        ops.avg_pool2d(x, 3, 2, padding=1, ceil_mode=True, count_include_pad=False),
        ops.adaptive_avg_pool2d(x, 3),
        ops.blur2d(x),
        ops.batch_norm(x, *(torch.ones(4, device="meta") for _ in range(4)), training=True),
        ops.softmax(ops.tanh(ops.leaky_relu(ops.relu(x))), 1),
        ops.binary_cross_entropy_with_logits(x, x),
    ]
    assert {y.device.type for y in results} == {"meta"}
