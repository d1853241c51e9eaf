"""The operations of a CNN in plain tensor arithmetic: same values and gradients as torch.nn.functional."""

from .convolution import conv1d, conv2d, conv_transpose2d, corr1d, corr2d, im2col
from .gradients import input_gradient, weight_gradient
from .losses import binary_cross_entropy_with_logits, cross_entropy, log_softmax, softmax
from .normalisation import batch_norm, fold_batch_norm
from .pointwise import leaky_relu, linear, relu, sigmoid, tanh
from .pooling import adaptive_avg_pool2d, avg_pool2d, blur2d, max_pool2d, pool2d
from .sliding import pad2d, windows2d

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "blur2d",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "corr1d",
    "corr2d",
    "cross_entropy",
    "fold_batch_norm",
    "im2col",
    "input_gradient",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "pad2d",
    "pool2d",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
    "weight_gradient",
    "windows2d",
]
