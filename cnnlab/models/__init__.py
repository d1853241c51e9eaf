"""Networks: plain nn.Modules whose forward reads like the diagram.

Every layer is a module of its own, so that a hook or the shape ladder sees it. Images are floats, normalised to about
mean 0 and spread 1. The result is logits: raw scores, which the loss turns into probabilities.
"""

from .digits import DigitNet
from .first import MLP, AllEqual, CifarNet, LeNet, MnistCNN
from .lenet1998 import LeNet1998

__all__ = ["MLP", "AllEqual", "CifarNet", "DigitNet", "LeNet", "LeNet1998", "MnistCNN"]
