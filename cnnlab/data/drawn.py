"""doodles and signs: coloured 32x32 pictures of ten shapes and of six others, drawn by the course from a seed.

Each shape is a signed distance (outlines.py), from which follow fill and smooth edges of a whole class at once.
"""

import numpy as np
import torch

from .outlines import DOODLES, SIGNS

CLASSES = tuple(DOODLES)
SIGN_CLASSES = tuple(SIGNS)
SIDE = 32  # pixels
CHUNK = 500  # pictures drawn at once; part of what a seed means
PIXELS = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2  # 0 is the middle


def doodles(n, seed=0):
    """n pictures, each class as often as the others, in mixed order.

    returns   x (n, 3, 32, 32) uint8, y (n,) int64, an index into CLASSES

    Position, size, rotation and colours vary, and so do the background, the clutter before and behind, and the noise.
    The same seed draws the same pictures; across machines a pixel may differ by one grey level.
    """
    return _pictures("doodles", DOODLES, n, seed)


def signs(n, seed=0):
    """n pictures of six other shapes in the manner of doodles: a task for a network that knows doodles.

    returns   x (n, 3, 32, 32) uint8, y (n,) int64, an index into SIGN_CLASSES
    """
    return _pictures("signs", SIGNS, n, seed)


def _pictures(function, outlines, n, seed):
    if isinstance(n, bool) or not isinstance(n, int) or not isinstance(seed, int):
        raise TypeError(f"{function}: n={n!r}, seed={seed!r}. Whole numbers are needed. Pass n=1000, seed=0.")
    if n < 1 or seed < 0:
        raise ValueError(
            f"{function}: n={n}, seed={seed}. n of at least 1 and seed of at least 0 are needed. Pass n=1000."
        )
    rng = np.random.Generator(np.random.PCG64(seed))
    y = (np.arange(n) % len(outlines))[np.argsort(rng.random(n))]
    x = np.empty((n, 3, SIDE, SIDE), np.uint8)
    for start in range(0, n, CHUNK):
        x[start : start + CHUNK] = _draw(outlines, y[start : start + CHUNK], rng)
    return torch.from_numpy(x), torch.from_numpy(y)


def _draw(outlines, y, rng):
    """One chunk of pictures: background, clutter, the shape, something across it, noise."""
    n = len(y)

    def between(low, high, *shape):
        """Numbers drawn evenly: one per picture, (n, 1, 1), unless a shape is given."""
        return low + (high - low) * rng.random((n, *(shape or (1, 1))), dtype=np.float32)

    ground = between(0, 1, 3, 1, 1)
    wash = between(-0.25, 0.25, 3, 1, 1) * _ramp(between)[:, None]
    weave = between(0, 0.12, 1, 1, 1) * np.sin(between(4, 14, 1, 1, 1) * _ramp(between)[:, None])
    canvas = ground + wash + weave
    for _ in range(2):
        _paint(canvas, between(0, 1, 3, 1, 1), _stroke(between, length=5, width=1.2))

    u, v, size = _placed(between, reach=6, turn=np.pi / 5, small=6.5, large=11)
    u = np.where(between(0, 1) < 0.5, u, -u)  # mirrored as often as not, so that random_flip keeps to the same world
    distance = np.empty((n, SIDE, SIDE), np.float32)
    for label, outline in enumerate(outlines.values()):
        chosen = y == label
        distance[chosen] = outline(u[chosen], v[chosen])
    colour = between(0, 1, 3, 1, 1)
    near = np.abs(colour - ground).max(axis=1, keepdims=True) < 0.4
    colour = np.where(near, (ground + 0.5) % 1, colour)
    shade = between(-0.2, 0.2, 3, 1, 1) * _ramp(between)[:, None]
    _paint(canvas, colour + shade, distance * size)
    _paint(canvas, between(0, 1, 3, 1, 1), _stroke(between, length=9, width=1.0))

    canvas += between(0, 0.15, 1, 1, 1) * (rng.random(canvas.shape, dtype=np.float32) - 0.5)
    return (canvas.clip(0, 1) * 255).round().astype(np.uint8)


def _paint(canvas, colour, distance):
    """Cover the pixels inside; those on the outline in part, by how far it cuts into them."""
    cover = np.clip(0.5 - distance, 0, 1)[:, None]
    canvas += cover * (colour - canvas)


def _ramp(between):
    """From about -1 to 1 across the picture, in a random direction."""
    angle = between(0, 2 * np.pi)
    return (np.cos(angle) * PIXELS[None, None, :] + np.sin(angle) * PIXELS[None, :, None]) / (SIDE / 2)


def _placed(between, reach, turn, small, large):
    """Coordinates of every pixel (n, 32, 32) as a shape of random place, angle and size sees them, and that size."""
    right, down, angle = between(-reach, reach), between(-reach, reach), between(-turn, turn)
    size = between(small, large)
    dx, dy = PIXELS[None, None, :] - right, PIXELS[None, :, None] - down
    u = (np.cos(angle) * dx + np.sin(angle) * dy) / size
    v = (np.cos(angle) * dy - np.sin(angle) * dx) / size
    return u, v, size


def _stroke(between, length, width):
    """A line from end to end with round caps: distance in pixels."""
    u, v, _ = _placed(between, reach=16, turn=np.pi, small=1, large=1)
    half = between(1, length)
    return np.hypot(np.maximum(np.abs(u) - half, 0), v) - between(0.5, width)
