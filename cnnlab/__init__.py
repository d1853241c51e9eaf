"""cnnlab: an interactive course on convolutional neural networks. The notebooks import its rooms one by one."""

__version__ = "0.1.0"
