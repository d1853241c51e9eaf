"""What one needs to build on a trained network: a new head, and a body that stays as it is."""

import copy

import torch
from torch import nn


def new_head(net, classes):
    """A copy of a network whose last layer, `fc`, is new and gives `classes` logits. The others keep their weights.

    Raises TypeError for a network without a Linear layer named fc.
    """
    if not isinstance(getattr(net, "fc", None), nn.Linear):
        raise TypeError(
            f"new_head: {type(net).__name__} has no Linear layer named fc. A ResNet ends in one. "
            "For another network, replace its last layer yourself."
        )
    net = copy.deepcopy(net)
    net.fc = nn.Linear(net.fc.in_features, classes, device=net.fc.weight.device)
    return net


class Frozen(nn.Module):
    """A network that does not learn, whatever is trained around it; reads and gives what the network does.

    Its parameters take no gradient, and batch norm stays in evaluation mode: in training mode it would go on
    measuring means and variances, which are no parameters and which no optimizer knows of.
    """

    def __init__(self, net):
        super().__init__()
        self.net = net.requires_grad_(False)
        self.eval()

    def train(self, mode=True):
        """Evaluation mode, whatever is asked for."""
        return super().train(False)

    def forward(self, x):
        with torch.no_grad():  # nothing below needs a gradient, so nothing need be kept for one
            return self.net(x)
