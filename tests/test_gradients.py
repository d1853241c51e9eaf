"""The slopes of corr2d by hand against autograd."""

import pytest
import torch

from cnnlab import ops


@pytest.mark.parametrize(
    ("size", "kernel_size"),
    [
        ((4, 4), (3, 3)),  # four outputs
        ((5, 7), (3, 2)),  # rows and columns differ
        ((3, 4), (3, 4)),  # one output: the filter is as large as the picture
        ((3, 4), (1, 1)),  # one weight: every pixel counts once
    ],
)
def test_by_hand_as_autograd(size, kernel_size):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(size, dtype=torch.float64, generator=generator, requires_grad=True)
    weight = torch.randn(kernel_size, dtype=torch.float64, generator=generator, requires_grad=True)
    y = ops.corr2d(x, weight)
    grad = torch.randn(y.shape, dtype=torch.float64, generator=generator)
    y.backward(grad)
    torch.testing.assert_close(ops.weight_gradient(x.detach(), grad), weight.grad)
    torch.testing.assert_close(ops.input_gradient(grad, weight.detach()), x.grad)
