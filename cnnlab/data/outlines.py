"""Outlines of the drawn classes, as signed distances: how far a point lies outside, below 0 inside.

u and v (n, h, w) count to the right and down from the middle, in units of the shape's size; so does the result. The
method is Inigo Quilez's, "2D distance functions".
"""

import numpy as np


def _disc(u, v):
    return np.hypot(u, v) - 0.9


def _ring(u, v):
    return np.abs(np.hypot(u, v) - 0.75) - 0.25


def _square(u, v):
    return np.maximum(np.abs(u), np.abs(v)) - 0.8


def _triangle(u, v):
    return np.maximum(-v, np.sqrt(3) / 2 * np.abs(u) + v / 2) - 0.55


def _star(u, v):
    """Fold the plane into one tenth of the star, where a single straight edge is left."""
    fifth = 2 * np.pi / 5
    angle = np.abs((np.arctan2(v, u) + fifth / 2) % fifth - fifth / 2)
    radius = np.hypot(u, v)
    tip, dent = np.array((1.1, 0)), 0.45 * np.array((np.cos(fifth / 2), np.sin(fifth / 2)))
    edge = (dent - tip) / np.hypot(*(dent - tip))
    return (radius * np.cos(angle) - tip[0]) * edge[1] - radius * np.sin(angle) * edge[0]


def _cross(u, v):
    u, v = np.abs(u), np.abs(v)
    return np.minimum(np.maximum(u - 1, v - 0.3), np.maximum(u - 0.3, v - 1))


def _moon(u, v):
    return np.maximum(np.hypot(u, v) - 1, 0.8 - np.hypot(u - 0.5, v))


def _heart(u, v):
    """A square on its tip and a disc on each of its upper sides."""
    u = np.abs(u)
    tip = (u + np.abs(v)) / np.sqrt(2) - 0.6
    return np.minimum(tip, np.hypot(u - 0.42, v + 0.42) - 0.6)


def _arrow(u, v):
    shaft = np.maximum(np.abs(u + 0.4) - 0.6, np.abs(v) - 0.22)
    head = np.maximum(0.05 - u, (0.75 * (u - 1) + 0.95 * np.abs(v)) / np.hypot(0.75, 0.95))
    return np.minimum(shaft, head)


def _wave(u, v):
    """Height over the curve, divided by its slope's length: close to the true distance where the stroke is thin."""
    steepness = 0.45 * 4 * np.cos(4 * u)
    return np.maximum(np.abs(v - 0.45 * np.sin(4 * u)) / np.hypot(1, steepness) - 0.18, np.abs(u) - 1.15)


def _polygon(*corners):
    """A polygon, corner after corner: the nearest edge is how far, crossings of a line to the right say inside."""
    corners = np.array(corners, np.float32)

    def outline(u, v):
        squared, inside = np.full(u.shape, np.inf, np.float32), np.zeros(u.shape, bool)
        for (au, av), (bu, bv) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            along = ((u - au) * (bu - au) + (v - av) * (bv - av)) / ((bu - au) ** 2 + (bv - av) ** 2)
            along = along.clip(0, 1)  # the nearest point of this edge
            squared = np.minimum(squared, (u - au - along * (bu - au)) ** 2 + (v - av - along * (bv - av)) ** 2)
            if av != bv:
                crossed = (v < av) != (v < bv)
                inside ^= crossed & (u < au + (v - av) / (bv - av) * (bu - au))
        return np.where(inside, -1, 1) * np.sqrt(squared)

    return outline


def _drop(u, v):
    """A disc, and a triangle whose sides touch it."""
    tip = _polygon((0, -1.1), (0.52, 0.05), (-0.52, 0.05))
    return np.minimum(np.hypot(u, v - 0.35) - 0.6, tip(u, v))


def _key(u, v):
    ring = np.abs(np.hypot(u + 0.6, v) - 0.35) - 0.15
    shaft = np.maximum(np.abs(u - 0.45) - 0.65, np.abs(v) - 0.14)
    teeth = np.maximum(np.minimum(np.abs(u - 0.95), np.abs(u - 0.55)) - 0.13, np.abs(v - 0.25) - 0.28)
    return np.minimum(ring, np.minimum(shaft, teeth))


_house = _polygon((0, -1), (0.95, -0.15), (0.65, -0.15), (0.65, 0.85), (-0.65, 0.85), (-0.65, -0.15), (-0.95, -0.15))
_bolt = _polygon((0.3, -1.1), (-0.65, 0.2), (-0.1, 0.2), (-0.3, 1.1), (0.65, -0.25), (0.1, -0.25))
_hourglass = _polygon((-0.75, -0.95), (0.75, -0.95), (0.12, 0), (0.75, 0.95), (-0.75, 0.95), (-0.12, 0))
_fish = _polygon(
    (-1.1, 0), (-0.55, -0.5), (0, -0.55), (0.45, -0.15), (1, -0.55), (1, 0.55), (0.45, 0.15), (0, 0.55), (-0.55, 0.5)
)

DOODLES = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "moon": _moon,
    "heart": _heart,
    "arrow": _arrow,
    "wave": _wave,
}
SIGNS = {"house": _house, "bolt": _bolt, "hourglass": _hourglass, "fish": _fish, "drop": _drop, "key": _key}
