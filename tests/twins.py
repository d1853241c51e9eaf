"""The operation of PyTorch that each of ours must equal, and what equal means: values and gradients."""

import warnings

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import ops


def _conv(layer):
    """A convolution with padding_mode, as the layer of torch.nn does it."""

    def conv(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
        o, c, *kernel_size = weight.shape
        twin = layer(c * groups, o, kernel_size, stride, padding, dilation, groups, bias is not None, padding_mode)
        weights = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # says that it copies x
            return torch.func.functional_call(twin.to(x.dtype), weights, (x,))

    return conv


def _pad2d(x, padding, mode="zeros", value=0.0):
    (top, bottom), (left, right) = padding
    mode = {"zeros": "constant"}.get(mode, mode)
    return F.pad(x, (left, right, top, bottom), mode, value if mode == "constant" else None)


def _pool2d(x, kernel_size, mode="max"):
    return {"max": F.max_pool2d, "avg": F.avg_pool2d}[mode](x[None], kernel_size, stride=1)[0]


def _blur2d(x, stride=1):
    row = x.new_tensor([1, 2, 1])
    weight = (row[:, None] * row / 16).repeat(x.shape[1], 1, 1, 1)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), weight, stride=stride, groups=x.shape[1])


def _windows2d(x, kernel_size, stride=1, dilation=1):
    (n, c), (kh, kw) = x.shape[:2], kernel_size
    oh = len(range(0, x.shape[2] - dilation[0] * (kh - 1), stride[0]))
    return F.unfold(x, kernel_size, dilation, 0, stride).view(n, c, kh, kw, oh, -1).permute(0, 1, 4, 5, 2, 3)


def _input_gradient(grad, weight):
    h, w = (i + k - 1 for i, k in zip(grad.shape, weight.shape, strict=True))
    return nn.grad.conv2d_input((1, 1, h, w), weight[None, None], grad[None, None])[0, 0]


def _weight_gradient(x, grad):
    kh, kw = (i - o + 1 for i, o in zip(x.shape, grad.shape, strict=True))
    return nn.grad.conv2d_weight(x[None, None], (1, 1, kh, kw), grad[None, None])[0, 0]


def _fold_batch_norm(weight, bias, running_mean, running_var, gamma=None, beta=None, eps=1e-5):
    """Batch norm keeps lines straight: where it sends the bias is the new bias, and the slope is in what is added."""
    zero = torch.zeros_like(running_mean)
    rows = F.batch_norm(weight.flatten(1).T, zero, running_var, gamma, eps=eps)
    bias = zero if bias is None else bias
    return rows.T.view_as(weight), F.batch_norm(bias[None], running_mean, running_var, gamma, beta, eps=eps)[0]


NOT_LEARNED = {"batch_norm": (1, 2), "fold_batch_norm": (2, 3)}  # running statistics: F.batch_norm refuses a gradient

TWINS = {
    "adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "avg_pool2d": F.avg_pool2d,
    "batch_norm": F.batch_norm,
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
    "blur2d": _blur2d,
    "conv1d": _conv(nn.Conv1d),
    "conv2d": _conv(nn.Conv2d),
    "conv_transpose2d": F.conv_transpose2d,
    "corr1d": lambda x, weight: F.conv1d(x[None, None], weight[None, None])[0, 0],
    "corr2d": lambda x, weight: F.conv2d(x[None, None], weight[None, None])[0, 0],
    "cross_entropy": F.cross_entropy,
    "fold_batch_norm": _fold_batch_norm,
    "im2col": F.unfold,
    "input_gradient": _input_gradient,
    "leaky_relu": F.leaky_relu,
    "linear": F.linear,
    "log_softmax": F.log_softmax,
    "max_pool2d": F.max_pool2d,
    "pad2d": _pad2d,
    "pool2d": _pool2d,
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "softmax": F.softmax,
    "tanh": torch.tanh,
    "weight_gradient": _weight_gradient,
    "windows2d": _windows2d,
}


def agree(name, *tensors, **options):
    """Fail unless ops.name and its twin give the same values, and the same gradient for every tensor of floats."""
    results = []
    for function in (getattr(ops, name), TWINS[name]):
        inputs = [t.detach().clone() if isinstance(t, torch.Tensor) else t for t in tensors]
        possible = [t for i, t in enumerate(inputs) if i not in NOT_LEARNED.get(name, ())]
        learned = [t for t in possible if isinstance(t, torch.Tensor) and t.is_floating_point()]
        for t in learned:
            t.requires_grad_()
        y = function(*inputs, **options)
        outputs = torch.cat([part.flatten() for part in y]) if isinstance(y, tuple) else y.flatten()
        pull = torch.linspace(-1, 2, outputs.numel(), dtype=outputs.dtype)  # another weight for every output
        gradients = torch.autograd.grad(outputs @ pull, learned, allow_unused=True) if outputs.requires_grad else ()
        results.append((y, gradients, inputs))
    ours, twins = results
    for part, a, b in zip(("values", "gradients", "inputs afterwards"), ours, twins, strict=True):
        torch.testing.assert_close(
            a, b, rtol=1e-9, atol=1e-11, equal_nan=True, msg=lambda text, part=part: f"{name}: {part}: {text}"
        )
