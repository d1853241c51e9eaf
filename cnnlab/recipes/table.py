"""The recipes, and what each was measured to reach. Settings were chosen on training images set aside.

Four are written out. The others say in what they differ from one of these, and from nothing else.
"""

from .recipe import Measured, Recipe

_CORE = "one core of an Intel Xeon, PyTorch 2.15"

mnist_laptop = Recipe(
    name="mnist-laptop",
    about="99 % in seconds on one CPU core: one epoch of a small net with batch norm.",
    data="mnist",
    model="QuickMnist",
    epochs=1,
    batch_size=128,
    optimizer="Adam",
    rate=0.01,
    schedule="one-cycle",
    warm_up=0.3,
    smoothing=0.1,
    precision="bfloat16",
    channels_last=True,
    measured=Measured(0.9912, 0.0008, seeds=5, seconds=6, machine=_CORE, data="mnist"),
)
mnist_longer = mnist_laptop.but(
    name="mnist-99.4",
    about="the same net for longer, with digits that move.",
    epochs=8,
    crop=2,
    measured=Measured(0.9948, 0.0004, seeds=5, seconds=58, machine=_CORE, data="mnist"),
)
lenet = mnist_laptop.but(
    name="lenet",
    about="LeNet on all 60,000 training digits.",
    model="LeNet",
    epochs=5,
    batch_size=256,
    crop=1,
    precision=None,
    channels_last=False,
    measured=Measured(0.9933, 0.0006, seeds=5, seconds=32, machine=_CORE, data="mnist"),
)
lenet_bundled = lenet.but(
    name="lenet-8000",
    about="LeNet on the 8,000 training digits that are bundled.",
    epochs=10,
    batch_size=128,
    measured=Measured(0.9874, 0.0026, seeds=5, seconds=8, machine=_CORE, data="the bundled digits"),
)
mnist_usual = Recipe(
    name="mnist-usual",
    about="what many first tutorials do with digits; the benchmark races against it, with a DataLoader.",
    data="mnist",
    model="MnistCNN",
    epochs=3,
    batch_size=64,
    optimizer="Adam",
    rate=1e-3,
    schedule="constant",
)

cifar10_laptop = Recipe(
    name="cifar10-laptop",
    about="minutes on one CPU core: few epochs of a narrow net, every cheap trick.",
    data="cifar10",
    model="QuickCifar",
    model_options={"widths": (32, 64, 128)},
    epochs=6,
    batch_size=256,
    optimizer="Nesterov SGD",
    rate=0.5,
    schedule="triangular",
    warm_up=0.25,
    momentum=0.9,
    weight_decay=5e-4,
    smoothing=0.1,
    crop=2,
    flip="alternating",
    precision="bfloat16",
    channels_last=True,
    test_flips=True,
    measured=Measured(0.8425, 0.0047, seeds=3, seconds=126, machine=_CORE, data="cifar10"),
)
cifar10_colab = cifar10_laptop.but(
    name="cifar10-colab",
    about="for the GPU that Colab lends, a Tesla T4, which is fast with float16 only: a wider net for longer.",
    model_options={"widths": (64, 256, 256)},
    epochs=20,
    batch_size=512,
    rate=0.75,
    weight_decay=1e-3,
    precision="float16",
)
cifar10_big = cifar10_laptop.but(
    name="cifar10-big",
    about="for a big GPU such as an H200: a wide net, large batches, bfloat16.",
    model_options={"widths": (128, 384, 512)},
    epochs=16,
    batch_size=1024,
    rate=1.5,
    momentum=0.85,
    weight_decay=1e-3,
    smoothing=0.2,
)

classic = Recipe(
    name="classic",
    about="ResNet-18 as it is usually trained: many epochs, a rate that falls in two steps.",
    data="cifar10",
    model="resnet18",
    model_options={"widths": (64, 128, 192, 256), "small": True},
    epochs=180,
    batch_size=128,
    optimizer="SGD",
    rate=0.1,
    schedule="steps",
    milestones=(0.5, 0.75),
    momentum=0.9,
    weight_decay=5e-4,
    crop=4,
    flip="random",
)
one_cycle = classic.but(
    name="one-cycle",
    about="the classic's network in a sixth of its epochs: the rate goes up and down once.",
    epochs=30,
    optimizer="Nesterov SGD",
    schedule="one-cycle",
    warm_up=0.3,
    milestones=(),
)

_ALL = [
    mnist_laptop,
    mnist_longer,
    lenet,
    lenet_bundled,
    mnist_usual,
    cifar10_laptop,
    cifar10_colab,
    cifar10_big,
    classic,
    one_cycle,
]
RECIPES = {recipe.name: recipe for recipe in _ALL}
