"""Networks: plain nn.Modules whose forward reads like the diagram.

Every layer is a module of its own, so that a hook or the shape ladder sees it. Images are floats, normalised to about
mean 0 and spread 1. The result is logits: raw scores, which the loss turns into probabilities.

first.py, lenet1998.py, digits.py           the networks of notebooks 00 to 07
alexnet.py, vgg.py, nin.py, googlenet.py    2012 to 2014, each as published and for small pictures
resnet.py                                   2015, with torchvision's parameter names
quick.py                                    made for short training; recipes uses them
pretrained.py                               torchvision's weights for the ResNets
doodles.py                                  the small ResNet with the course's own weights
transfer.py                                 a new head, a frozen body
"""

from .alexnet import AlexNet, AlexNet2014, SmallAlexNet
from .digits import DigitNet
from .doodles import doodle_net
from .first import MLP, AllEqual, CifarNet, LeNet, MnistCNN
from .googlenet import GoogLeNet, Inception, SmallGoogLeNet
from .lenet1998 import LeNet1998
from .nin import NiN, NiNBlock, SmallNiN
from .pretrained import pretrained_weights
from .quick import QuickCifar, QuickMnist, Whitening
from .resnet import BasicBlock, Bottleneck, ResNet, SmallResNet, resnet18, resnet34, resnet50
from .transfer import Frozen, new_head
from .vgg import VGG, VGG_STACKS, SmallVGG

__all__ = [
    "MLP",
    "VGG",
    "VGG_STACKS",
    "AlexNet",
    "AlexNet2014",
    "AllEqual",
    "BasicBlock",
    "Bottleneck",
    "CifarNet",
    "DigitNet",
    "Frozen",
    "GoogLeNet",
    "Inception",
    "LeNet",
    "LeNet1998",
    "MnistCNN",
    "NiN",
    "NiNBlock",
    "QuickCifar",
    "QuickMnist",
    "ResNet",
    "SmallAlexNet",
    "SmallGoogLeNet",
    "SmallNiN",
    "SmallResNet",
    "SmallVGG",
    "Whitening",
    "doodle_net",
    "new_head",
    "pretrained_weights",
    "resnet18",
    "resnet34",
    "resnet50",
]
