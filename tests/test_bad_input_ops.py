"""What each operation says to bad input: what came, what is needed, what to do."""

import inspect

import numpy as np
import pytest
import torch

from cnnlab import ops

X = torch.rand(2, 3, 8, 8)
W = torch.rand(6, 3, 3, 3)
LINE = torch.rand(2, 3, 8)
C = torch.ones(3)
LABELS = torch.tensor([0, 2])

# (call, error, words); the call is evaluated, so that a row reads as it would be typed
ROWS = [
    # not a tensor
    ("conv2d([[1.0]], W)", TypeError, r"x is a list\. A tensor is needed\. Write torch\.as_tensor\(x, dtype"),
    ("conv2d(np.ones((1, 3, 8, 8)), W)", TypeError, r"x is a ndarray"),
    ("conv2d(X, W.numpy())", TypeError, r"weight is a ndarray"),
    ("conv1d([1.0], W)", TypeError, r"x is a list"),
    ("conv2d(X, None)", TypeError, r"weight is a NoneType"),
    ("linear(X, None)", TypeError, r"weight is a NoneType"),
    ("relu(None)", TypeError, r"x is a NoneType"),
    ("cross_entropy(X[:, :, 0, 0], [0, 2])", TypeError, r"labels is a list\. A tensor.*torch\.as_tensor\(labels\)"),
    # ints where floats are needed, and two kinds of floats
    ("conv2d(X.int(), W)", TypeError, r"x holds int32\. Floating-point numbers are needed\. Write x\.float\(\)\."),
    ("conv2d((X * 255).byte(), W)", TypeError, r"x holds uint8"),
    ("max_pool2d(X.long(), 2)", TypeError, r"max_pool2d: x holds int64"),
    ("relu(X > 0)", TypeError, r"x holds bool"),
    ("softmax(X.to(torch.complex64), 1)", TypeError, r"x holds complex64"),
    ("conv2d(X.double(), W)", TypeError, r"weight holds float32 but x holds float64.*Write weight\.to\(x\.dtype\)"),
    ("linear(X, X[0, 0], C.double())", TypeError, r"bias holds float64 but x holds float32"),
    ("batch_norm(X, C, C.half())", TypeError, r"running_var holds float16 but x holds float32"),
    ("cross_entropy(X[:, :, 0, 0], LABELS.int())", TypeError, r"labels hold int32 \(2,\).*int64.*labels\.long\(\)"),
    ("cross_entropy(X[:, :, 0, 0], LABELS.float())", TypeError, r"labels hold float32 \(2,\)"),
    ("binary_cross_entropy_with_logits(C, C.long())", TypeError, r"targets holds int64"),
    # two devices
    ("conv2d(X, W.to('meta'))", ValueError, r"weight is on meta but x is on cpu\. Both.*Write weight\.to\(x\.device\)"),
    # nothing there
    (
        "conv2d(X[:0], W)",
        ValueError,
        r"x is empty \(shape \(0, 3, 8, 8\)\)\. At least one image.*selection that made it",
    ),
    ("conv1d(LINE[:0], W[:, :, 0])", ValueError, r"x is empty"),
    ("conv_transpose2d(X[:0], W)", ValueError, r"conv_transpose2d: x is empty"),
    ("conv2d(X[..., :0], W)", ValueError, r"x is empty"),
    ("conv2d(X, W[:0])", ValueError, r"weight is empty"),
    ("max_pool2d(X[:0], 2)", ValueError, r"max_pool2d: x is empty"),
    ("avg_pool2d(X[:0], 2)", ValueError, r"avg_pool2d: x is empty"),
    ("adaptive_avg_pool2d(X[:0], 2)", ValueError, r"x is empty"),
    ("blur2d(X[:0])", ValueError, r"blur2d: x is empty"),
    ("batch_norm(X[:0], C, C)", ValueError, r"x is empty"),
    ("linear(X[:0], W[0, 0])", ValueError, r"x is empty"),
    ("relu(X[:0])", ValueError, r"x is empty"),
    ("cross_entropy(X[:0, :, 0, 0], LABELS[:0])", ValueError, r"logits is empty"),
    # number of axes
    ("conv2d(X[0, 0], W)", ValueError, r"x has 2 axes \(8, 8\)\. It needs 4, \(n, c, h, w\)\. Add .*x\[None\]"),
    ("conv2d(X[None], W)", ValueError, r"x has 5 axes"),
    ("conv2d(X, W[0])", ValueError, r"weight has 3 axes \(3, 3, 3\)\. It needs 4, \(o, c, kh, kw\)"),
    ("conv1d(X, W)", ValueError, r"x has 4 axes \(2, 3, 8, 8\)\. It needs 3, \(n, c, w\)"),
    ("conv_transpose2d(X, W[0])", ValueError, r"weight has 3 axes"),
    ("corr1d(X, C)", ValueError, r"x has 4 axes .*needs 1, \(w\)"),
    ("corr2d(X, W)", ValueError, r"corr2d: x has 4 axes .*needs 2, \(h, w\)"),
    ("corr2d(X[0, 0], W)", ValueError, r"weight has 4 axes"),
    ("pool2d(X, 2)", ValueError, r"x has 4 axes"),
    ("max_pool2d(X[0, 0], 2)", ValueError, r"max_pool2d: x has 2 axes"),
    ("avg_pool2d(X[0, 0], 2)", ValueError, r"avg_pool2d: x has 2 axes"),
    ("adaptive_avg_pool2d(X[0, 0], 2)", ValueError, r"x has 2 axes"),
    ("blur2d(X[0, 0])", ValueError, r"blur2d: x has 2 axes"),
    ("pad2d(X[0, 0], 1)", ValueError, r"x has 2 axes"),
    ("windows2d(X[0, 0], 2)", ValueError, r"x has 2 axes"),
    ("im2col(X[0, 0], 2)", ValueError, r"im2col: x has 2 axes"),
    ("input_gradient(X, W)", ValueError, r"grad has 4 axes"),
    ("weight_gradient(X, W)", ValueError, r"x has 4 axes"),
    ("batch_norm(C, C, C)", ValueError, r"x has 1 axis \(3,\)\. It needs 2 or more"),
    ("linear(X, C)", ValueError, r"weight has 1 axis \(3,\)\. It needs 2, \(o, k\)"),
    ("cross_entropy(C[0], LABELS[0])", ValueError, r"logits has 0 axes"),
    # channels, biases and features that do not match
    (
        "conv2d(torch.rand(8, 1, 28, 28), torch.rand(16, 3, 5, 5))",
        ValueError,
        r"conv2d: x has 1 channel \(8, 1, 28, 28\) but the filters read 3 \(16, 3, 5, 5\)\. "
        r"Build the filters with 1 input channel\.",
    ),
    ("conv1d(LINE, torch.rand(4, 2, 3))", ValueError, r"x has 3 channels .* but the filters read 2"),
    ("conv2d(X, W, groups=3)", ValueError, r"read 9 .* with groups=3\. Build the filters with 1 input channel"),
    ("conv2d(X, W, groups=2)", ValueError, r"3 channels and 6 filters cannot be dealt out evenly \(groups=2\)"),
    ("conv2d(X, W, groups=0)", ValueError, r"groups is too small \(groups=0\)"),
    ("conv2d(X, W, C)", ValueError, r"bias has shape \(3,\)\. One value per filter is needed, \(6,\)"),
    ("conv2d(X, W, torch.rand(1, 6))", ValueError, r"bias has shape \(1, 6\)"),
    ("conv_transpose2d(X, W)", ValueError, r"x has 3 channels .*filters read 6 .*channels out, kh, kw\) with 3 first"),
    ("conv_transpose2d(X, W[:3], C[:2])", ValueError, r"bias has shape \(2,\)\. One value per output channel"),
    ("conv_transpose2d(X, W[:3], groups=2)", ValueError, r"3 channels cannot be dealt out evenly \(groups=2\)"),
    ("batch_norm(X, C[:2], C)", ValueError, r"running_mean has shape \(2,\)\. One value per channel is needed, \(3,\)"),
    ("batch_norm(X, C, C, C[:1])", ValueError, r"weight has shape \(1,\)"),
    ("linear(X, W[0, 0])", ValueError, r"x has 8 values per row \(2, 3, 8, 8\) but weight reads 3 \(3, 3\)"),
    ("linear(X.flatten(1), torch.rand(5, 192), C)", ValueError, r"bias has shape \(3,\)\. One value per output"),
    ("binary_cross_entropy_with_logits(C, C[:2])", ValueError, r"logits are \(3,\) but targets are \(2,\)"),
    ("cross_entropy(X[:, :, 0, 0], LABELS[:1])", ValueError, r"labels have shape \(1,\) but logits \(2, 3\).*, \(2,\)"),
    ("cross_entropy(X[:, :, 0, 0], LABELS[:, None])", ValueError, r"labels have shape \(2, 1\).*labels\.squeeze\(\)"),
    ("fold_batch_norm(W, None, C, C)", ValueError, r"running_mean has shape \(3,\)\. One value per filter .*, \(6,\)"),
    ("fold_batch_norm(W[:3], None, C, C, beta=C[:2])", ValueError, r"beta has shape \(2,\)"),
    ("fold_batch_norm(C, None, C, C)", ValueError, r"weight has 1 axis \(3,\)\. It needs 2 or more, \(o, c, \.\.\.\)"),
    ("fold_batch_norm(W[:3], None, C, None)", TypeError, r"running_var is a NoneType\. A tensor is needed"),
    # labels that are no class
    ("cross_entropy(X[:, :, 0, 0], LABELS + 1)", ValueError, r"run from 1 to 3 but logits hold 3 .*0\.\.2.*from 0"),
    ("cross_entropy(X[:, :, 0, 0], LABELS - 1)", ValueError, r"run from -1 to 1"),
    # a window that does not fit
    ("conv2d(X, torch.rand(6, 3, 9, 9))", ValueError, r"conv2d: a window of 9 pixels .*no place in 8 .*pad by 1"),
    ("conv2d(X, W, dilation=4)", ValueError, r"window of 9 pixels \(kernel_size=3, dilation=4\)"),
    ("conv2d(X, torch.rand(6, 3, 12, 1), padding=1)", ValueError, r"window of 12 pixels .*no place in 10 .*pad by 2"),
    ("conv1d(LINE, torch.rand(4, 3, 9))", ValueError, r"conv1d: a window of 9 pixels"),
    ("corr1d(C, torch.ones(4))", ValueError, r"corr1d: a window of 4 pixels"),
    ("corr2d(W[0, 0], X[0, 0])", ValueError, r"corr2d: a window of 8 pixels .*no place in 3"),
    ("weight_gradient(W[0, 0], X[0, 0])", ValueError, r"weight_gradient: a window of 8 pixels"),
    ("pool2d(X[0, 0], 9)", ValueError, r"pool2d: a window of 9 pixels"),
    ("max_pool2d(X, 9)", ValueError, r"max_pool2d: a window of 9 pixels"),
    ("avg_pool2d(X, (2, 9))", ValueError, r"avg_pool2d: a window of 9 pixels"),
    ("windows2d(X, 9)", ValueError, r"windows2d: a window of 9 pixels"),
    ("im2col(X, 11, padding=1)", ValueError, r"im2col: a window of 11 pixels"),
    ("blur2d(X[..., :1])", ValueError, r"blur2d: a window of 2 pixels"),
    # steps of 0, backwards, by halves
    ("conv2d(X, W, stride=0)", ValueError, r"conv2d: stride is too small \(stride=0\)\. It counts from 1 up"),
    ("conv2d(X, W, stride=(1, 0))", ValueError, r"stride is too small \(stride=0\)"),
    ("conv2d(X, W, stride=-1)", ValueError, r"stride is too small \(stride=-1\)"),
    ("conv2d(X, W, stride=1.5)", TypeError, r"stride is no whole number \(stride=1\.5\)\. An int is needed"),
    ("conv2d(X, W, stride=True)", TypeError, r"stride is no whole number \(stride=True\)"),
    ("conv2d(X, W, stride='2')", TypeError, r"stride is no whole number \(stride='2'\)"),
    ("conv2d(X, W, stride=None)", TypeError, r"stride is no whole number"),
    ("conv2d(X, W, stride=(1, 1, 1))", ValueError, r"stride has 3 numbers .*One is needed, or \(rows, columns\)"),
    ("conv2d(X, W, stride=())", ValueError, r"stride has 0 numbers .*Write stride=1"),
    ("conv1d(LINE, W[:, :, 0], stride=(1, 1))", ValueError, r"conv1d: stride has 2 numbers .*One is needed\."),
    ("conv1d(LINE, W[:, :, 0], stride=0)", ValueError, r"stride=0"),
    ("conv_transpose2d(X, W[:3], stride=0)", ValueError, r"stride=0"),
    ("max_pool2d(X, 2, 0)", ValueError, r"max_pool2d: stride is too small \(stride=0\)"),
    ("avg_pool2d(X, 2, stride=0)", ValueError, r"stride=0"),
    ("windows2d(X, 2, stride=0)", ValueError, r"stride=0"),
    ("im2col(X, 2, stride=0)", ValueError, r"stride=0"),
    ("blur2d(X, 0)", ValueError, r"blur2d: stride is too small \(stride=0\)"),
    ("conv2d(X, W, dilation=0)", ValueError, r"dilation is too small \(dilation=0\)"),
    ("max_pool2d(X, 2, dilation=0)", ValueError, r"dilation=0"),
    ("max_pool2d(X, 0)", ValueError, r"kernel_size is too small \(kernel_size=0\)"),
    ("pool2d(X[0, 0], 2.0)", TypeError, r"kernel_size is no whole number \(kernel_size=2\.0\)"),
    ("adaptive_avg_pool2d(X, 0)", ValueError, r"output_size is too small \(output_size=0\)"),
    ("adaptive_avg_pool2d(X, (1, 2, 3))", ValueError, r"output_size has 3 numbers"),
    # padding
    ("conv2d(X, W, padding=-1)", ValueError, r"padding is too small \(padding=-1\)\. It counts from 0 up"),
    ("conv2d(X, W, padding=0.5)", TypeError, r"padding is no whole number \(padding=0\.5\)"),
    ("conv2d(X, W, padding='same', stride=2)", ValueError, r"padding='same' came with stride=2.*padding=1"),
    ("conv1d(LINE, W[:, :, 0], padding='same', stride=2)", ValueError, r"conv1d: padding='same' came with stride=2"),
    ("conv2d(X, W, padding='full')", ValueError, r"unknown padding \(padding='full'\).*'same' or 'valid'"),
    ("conv2d(X, W, padding=(1, 1, 1, 1))", ValueError, r"padding has 4 numbers"),
    ("conv2d(X, W, padding_mode='mirror')", ValueError, r"unknown padding_mode \(padding_mode='mirror'\).*'reflect'"),
    ("conv1d(LINE, W[:, :, 0], padding_mode='same')", ValueError, r"unknown padding_mode"),
    (
        "conv2d(X, W, padding=8, padding_mode='reflect')",
        ValueError,
        r"conv2d: the border wants 8 pixels .*has 8.*most 7",
    ),
    ("conv1d(LINE, W[:, :, 0], padding=9, padding_mode='circular')", ValueError, r"conv1d: the border .*at most 8"),
    ("pad2d(X, -1)", ValueError, r"pad2d: padding is too small"),
    ("pad2d(X, 'same')", TypeError, r"pad2d: padding is no whole number \(padding='same'\)"),
    ("pad2d(X, (1, 2, 3))", ValueError, r"pad2d: padding has 3 numbers"),
    ("pad2d(X, 1, 'constant')", ValueError, r"unknown mode \(mode='constant'\)"),
    ("pad2d(X, 8, 'reflect')", ValueError, r"pad2d: the border wants 8 pixels"),
    (
        "max_pool2d(X, 2, padding=2)",
        ValueError,
        r"padding is more than half of the window \(padding=2, kernel_size=2\)",
    ),
    ("max_pool2d(X, 2, padding='same')", TypeError, r"padding is no whole number \(padding='same'\)"),
    ("avg_pool2d(X, 3, padding=2)", ValueError, r"avg_pool2d: padding is more than half.*Use padding=1 or less"),
    ("avg_pool2d(X, 3, padding=-1)", ValueError, r"padding is too small"),
    ("im2col(X, 2, padding=-1)", ValueError, r"padding is too small"),
    ("conv_transpose2d(X, W[:3], padding=-1)", ValueError, r"padding is too small"),
    ("conv_transpose2d(X, W[:3], padding=5)", ValueError, r"padding cuts off all 10 pixels.*Use padding=4 or less"),
    (
        "conv_transpose2d(X, W[:3], output_padding=1)",
        ValueError,
        r"output_padding is too large \(output_padding=1, stri",
    ),
    # names and numbers out of range
    ("pool2d(X[0, 0], 2, mode='mean')", ValueError, r"unknown mode \(mode='mean'\)\. It is one of 'max', 'avg'"),
    ("cross_entropy(X[:, :, 0, 0], LABELS, reduction='avg')", ValueError, r"unknown reduction \(reduction='avg'\)"),
    ("binary_cross_entropy_with_logits(C, C, reduction='avg')", ValueError, r"unknown reduction"),
    ("cross_entropy(X[:, :, 0, 0], LABELS, label_smoothing=2)", ValueError, r"label_smoothing=2\)\. It lies in 0\.\.1"),
    ("cross_entropy(X[:, :, 0, 0], LABELS, 'mean')", TypeError, r"label_smoothing is a str"),
    ("softmax(X, 4)", ValueError, r"x has 4 axes \(2, 3, 8, 8\) \(dim=4\)"),
    ("softmax(X, None)", TypeError, r"softmax: dim is no whole number \(dim=None\)"),
    ("log_softmax(X, -5)", ValueError, r"log_softmax: x has 4 axes .*dim=-5"),
    # statistics that cannot be had
    (
        "batch_norm(X[:1, :, :1, :1], C, C, training=True)",
        ValueError,
        r"holds one value \(1, 3, 1, 1\).*training=False",
    ),
    ("batch_norm(X, C, None)", ValueError, r"running_mean came without running_var"),
    ("batch_norm(X, None, C, training=True)", ValueError, r"running_var came without running_mean"),
]


@pytest.mark.parametrize(("call", "error", "words"), ROWS, ids=[row[0] for row in ROWS])
def test_says_what_came_what_is_needed_and_what_to_do(call, error, words):
    with pytest.raises(error, match=words) as caught:
        eval(f"ops.{call}")
    message = str(caught.value)
    assert message.startswith(call.partition("(")[0] + ": ")
    assert message.endswith(".")
    assert ". " in message, f"what to do? {message}"
    assert "\n" not in message


def test_every_operation_is_here():
    called = {call.partition("(")[0] for call, _, _ in ROWS}
    pointwise = {"leaky_relu", "sigmoid", "tanh"}  # one check, that relu's rows show
    assert called | pointwise == set(ops.__all__)
    for name in pointwise:
        assert f'_checks.floats("{name}", x=x)' in inspect.getsource(getattr(ops, name))


def test_numbers_of_numpy_are_welcome():
    assert ops.max_pool2d(X, np.int64(2), stride=torch.tensor(2)).shape == (2, 3, 4, 4)
