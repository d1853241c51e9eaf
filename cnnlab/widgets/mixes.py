"""What the channel mixer offers: tables of how much a filter takes of each channel, and the kernels to go with them."""

import functools
import random

from cnnlab.widgets.presets import fraction

MOST = 6  # filters

_GRAY = [0.299, 0.587, 0.114]  # how bright the eye finds red, green and blue (ITU-R BT.601)
MIXES = {
    "identity": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "gray": [_GRAY] * 3,
    "vivid": [[1.701, -0.587, -0.114], [-0.299, 1.413, -0.114], [-0.299, -0.587, 1.886]],  # 2 identity - gray
    "rotate": [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
    "differences": [[1, -1, 0], [0, 1, -1], [-1, 0, 1]],
}
MIX_LABELS = {
    "identity": "each its own",
    "gray": "gray",
    "vivid": "more color",
    "rotate": "colors in turn",
    "differences": "differences",
    "random": "random",
}
KERNELS = {
    "1x1": "1x1",
    "box": "3x3 box blur",
    "sobel_x": "3x3 Sobel x",
    "sobel_y": "3x3 Sobel y",
    "laplacian": "3x3 Laplacian",
    "sharpen": "3x3 sharpen",
    "random": "3x3 random",
}


@functools.cache
def mixes():
    """Every mix as MOST rows, for 3 and for 6 channels: two photographs are laid over each other, half of each."""
    draw = random.Random(3)
    whole = {name: [row * 2 for row in rows * 2] for name, rows in MIXES.items()}
    found = {
        name: {"3": [row[:3] for row in rows], "6": [[round(v / 2, 4) for v in row] for row in rows]}
        for name, rows in whole.items()
    }
    rows = [[draw.randint(-10, 10) / 10 for _ in range(6)] for _ in range(MOST)]
    return found | {"random": {"3": [row[:3] for row in rows], "6": rows}}


@functools.cache
def kernels():
    """Weights by whole numbers and a divisor, one kernel for all pairs of filter and channel, or one for each."""
    draw = random.Random(4)
    shared = {name: [[[weights]], divisor] for name in KERNELS if name not in ("1x1", "random")
              for weights, divisor in [fraction(name, 3)]}  # fmt: skip
    apart = [[[[draw.randint(-50, 50) for _ in range(3)] for _ in range(3)] for _ in range(6)] for _ in range(MOST)]
    return {"1x1": [[[[[1]]]], 1], **shared, "random": [apart, 100]}
