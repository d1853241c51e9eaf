"""The network that comes with the course, trained: small enough to travel inside a page."""

from importlib.resources import files

from torch import nn

from .refusals import check_images


class DigitNet(nn.Module):
    """Three small convolutions that read digits: 8, 16 and 16 filters, each followed by pooling.

    x             (n, 1, 28, 28)   ink from 0 (paper) to 1, not normalised
    returns       (n, 10)          logits

    5,146 parameters. DigitNet.trained() has learned from the bundled digits; tools/train_digit_net.py is how.
    """

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.conv1 = nn.Conv2d(1, 8, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=3, padding=1)
        self.conv3 = nn.Conv2d(16, 16, kernel_size=3, padding=1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(16 * 3 * 3, 10)

    def forward(self, x):
        check_images(self, "conv1", x, 1, 28)
        x = self.pool(self.relu(self.conv1(x)))  # (n, 8, 14, 14)
        x = self.pool(self.relu(self.conv2(x)))  # (n, 16, 7, 7)
        x = self.pool(self.relu(self.conv3(x)))  # (n, 16, 3, 3)
        x = self.flatten(x)  # (n, 144)
        return self.fc(x)

    @classmethod
    def trained(cls):
        """The network with the weights that come with the course, in evaluation mode."""
        from safetensors.torch import load

        net = cls()
        weights = load((files("cnnlab") / "bundled" / "digit_net.safetensors").read_bytes())
        net.load_state_dict({name: value.float() for name, value in weights.items()})
        return net.eval()
