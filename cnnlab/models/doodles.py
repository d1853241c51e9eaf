"""The network that has learned the course's doodles: one to look into, and to build on."""

from importlib.resources import files

from .resnet import SmallResNet

MEAN, SD = (0.5, 0.5, 0.5), (0.29, 0.29, 0.29)  # of the doodles' three channels, in 0..1


def doodle_net():
    """A SmallResNet of depth 8 with the weights that come with the course, in evaluation mode.

    Its .mean and .sd are how pictures were normalised: `net(data.normalise(pictures, net.mean, net.sd))` gives logits
    (n, 10), in the order of the doodles' classes. 75,290 parameters; the last maps are 64 of 8x8.
    tools/train_doodle_net.py is how it learned.
    """
    from safetensors.torch import load

    net = SmallResNet(8)
    weights = load((files("cnnlab") / "bundled" / "doodle_net.safetensors").read_bytes())
    net.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
    )
    net.mean, net.sd = MEAN, SD
    return net.eval()
