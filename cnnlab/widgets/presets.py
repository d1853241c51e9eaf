"""The kernels that every image program has, at every size where they make sense.

Each is kept as whole numbers over one divisor, so that Python and the browser start from the same exact values.
Larger sizes follow from the rule that gives the familiar 3x3: binomials for Gaussian and Sobel (as OpenCV has them),
the least-squares slope for Prewitt, the 3x3 Laplacian blurred by a Gaussian.
"""

import random as _random

import torch

SIZES = range(1, 8)


def preset(name, size=3):
    """A kernel by its name.

    name      one of PRESETS
    size      pixels, 1 to 7
    returns   (size, size)

    Raises ValueError where the kernel does not exist in that size.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"preset: name={name!r} is not a kernel. There are {', '.join(PRESETS)}. Pass one of them.")
    if type(size) is not int or size not in SIZES:
        raise ValueError(f"preset: size={size!r}. Whole numbers from 1 to 7 exist. Pass size=3.")
    label, needs, _ = PRESETS[name]
    if (found := fraction(name, size)) is None:
        raise ValueError(f"preset: {label} has no {size}x{size} kernel (size={size}). It {needs}. Pass size=3.")
    weights, divisor = found
    return torch.tensor(weights, dtype=torch.float64).div(divisor).float()


def fraction(name, size):
    """Whole-number weights and their divisor, or None where the kernel does not exist in that size."""
    return PRESETS[name][2](size)


def _binomial(k):
    row = [1]
    for _ in range(k - 1):
        row = [a + b for a, b in zip([0, *row], [*row, 0], strict=True)]
    return row


def _outer(down, across):
    return [[a * b for b in across] for a in down]


def _transposed(found):
    return found and ([list(column) for column in zip(*found[0], strict=True)], found[1])


def _identity(k):
    return (_outer(middle, middle), 1) if (middle := _middle(k)) else None


def _middle(k):
    return [int(i == k // 2) for i in range(k)] if k % 2 else None


def _box(k):
    return _outer([1] * k, [1] * k), k * k


def _gaussian(k):
    return _outer(_binomial(k), _binomial(k)), 4 ** (k - 1)


def _sobel_x(k):
    if k < 2:
        return None
    shorter = _binomial(k - 1)
    slope = [a - b for a, b in zip([0, *shorter], [*shorter, 0], strict=True)]
    return _outer(_binomial(k), slope), 4 ** max(k - 3, 0)


def _prewitt_x(k):
    if k < 2:
        return None
    slope = [2 * i - (k - 1) for i in range(k)]
    return (_outer([1] * k, [s // 2 for s in slope]), 1) if k % 2 else (_outer([1] * k, slope), 2)


def _laplacian(k):
    if k < 3:
        return None
    blur = _outer(_binomial(k - 2), _binomial(k - 2))
    at = lambda i, j: blur[i][j] if 0 <= i < k - 2 and 0 <= j < k - 2 else 0  # noqa: E731
    weights = [
        [at(i - 2, j - 1) + at(i, j - 1) + at(i - 1, j - 2) + at(i - 1, j) - 4 * at(i - 1, j - 1) for j in range(k)]
        for i in range(k)
    ]
    return weights, 4 ** (k - 3)


def _sharpen(k):
    if k < 3 or k % 2 == 0:
        return None
    weights, divisor = _laplacian(k)
    centre = _identity(k)[0]
    return [
        [divisor * c - w for c, w in zip(*rows, strict=True)] for rows in zip(centre, weights, strict=True)
    ], divisor


def _random_weights(k):
    draw = _random.Random(k)
    return [[draw.randint(-100, 100) for _ in range(k)] for _ in range(k)], 100


def _cross(k):
    middle = _middle(k) if k > 1 else None
    return middle and ([[int(a or b) for b in middle] for a in middle], 1)


# name: (label, what a size must have, rule)
PRESETS = {
    "identity": ("identity", "needs a middle pixel: odd sizes", _identity),
    "box": ("box blur", "exists in every size", _box),
    "gaussian": ("Gaussian blur", "exists in every size", _gaussian),
    "sharpen": ("sharpen", "needs a middle pixel and neighbors: 3, 5 or 7", _sharpen),
    "sobel_x": ("Sobel x", "compares two sides: 2 or more", _sobel_x),
    "sobel_y": ("Sobel y", "compares two sides: 2 or more", lambda k: _transposed(_sobel_x(k))),
    "prewitt_x": ("Prewitt x", "compares two sides: 2 or more", _prewitt_x),
    "prewitt_y": ("Prewitt y", "compares two sides: 2 or more", lambda k: _transposed(_prewitt_x(k))),
    "laplacian": ("Laplacian", "compares a pixel with its neighbors: 3 or more", _laplacian),
    "random": ("random", "exists in every size", _random_weights),
    "cross": ("cross of ones", "needs a middle pixel and arms: 3, 5 or 7", _cross),
}
