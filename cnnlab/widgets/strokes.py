"""Strokes of a pen on a square of paper: presets, and the ink that they leave. cnnlab/js/drawing.js is the twin."""

import math

import torch

PAPER = 56  # pixels a side; a stroke is a list of [x, y] on it, x to the right, y downward


def _arc(x, y, rx, ry, start, end):
    """Points on an ellipse around (x, y), angles in degrees: 0 is right, 90 is below."""
    steps = max(2, round(abs(end - start) / 15))
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [[round(x + rx * math.cos(a), 1), round(y + ry * math.sin(a), 1)] for a in angles]


# name: its strokes
PRESETS = {
    "0": [_arc(28, 28, 10, 17, -90, 270)],
    "1": [[[23, 17], [29, 11], [29, 46]]],
    "2": [[*_arc(27, 20, 9, 9, -170, 40), [18, 45], [40, 45]]],
    "3": [[*_arc(26, 19, 9, 8, -150, 90), *_arc(26, 37, 10, 10, -80, 150)]],
    "4": [[[31, 10], [17, 33], [40, 33]], [[33, 20], [33, 47]]],
    "5": [[[38, 11], [22, 11], [20, 27], *_arc(27, 35, 10, 11, -120, 140)]],
    "6": [[[34, 10], [26, 17], [20, 27], *_arc(28, 36, 9, 10, 180, -180)]],
    "7": [[[17, 12], [39, 12], [25, 46]]],
    "8": [[*_arc(28, 19, 8, 8, 90, 450), *_arc(28, 37, 10, 10, -75, 270)]],
    "9": [[*_arc(28, 20, 9, 9, 0, -360), [36, 33], [32, 46]]],
    "tiny 2": [[*_arc(10, 9, 4, 4, -170, 40), [6, 20], [15, 20]]],
    "house": [[[15, 46], [15, 27], [28, 14], [41, 27], [41, 46], [15, 46]], [[25, 46], [25, 36], [31, 36], [31, 46]]],
}


def beginning(strokes, part):
    """The first `part` percent of a drawing, by the length of its strokes."""
    left = part / 100 * sum(_length(stroke) for stroke in strokes)
    if part == 100 or not strokes:
        return strokes if part else []
    drawn = []
    for stroke in strokes:
        if left <= 0:
            break
        drawn.append([stroke[0]])
        for a, b in zip(stroke, stroke[1:], strict=False):
            step = math.dist(a, b)
            if step >= left:
                drawn[-1].append([p + (q - p) * left / step for p, q in zip(a, b, strict=True)])
                left = 0
                break
            drawn[-1].append(b)
            left -= step
    return drawn


def _length(stroke):
    return sum(math.dist(a, b) for a, b in zip(stroke, stroke[1:], strict=False))


def ink(strokes, pen):
    """How much of each pixel of the paper a round pen this many pixels wide covers: (PAPER, PAPER), 0..1."""
    center = torch.arange(PAPER, dtype=torch.float64) + 0.5
    paper = torch.zeros(PAPER, PAPER, dtype=torch.float64)
    for stroke in strokes:
        for (ax, ay), (bx, by) in zip(stroke, stroke[1:] or stroke, strict=False):
            x, y, dx, dy = center[None] - ax, center[:, None] - ay, bx - ax, by - ay
            along = ((x * dx + y * dy) / (dx * dx + dy * dy or 1)).clamp(0, 1)  # where on the line it is nearest
            distance = ((x - along * dx) ** 2 + (y - along * dy) ** 2).sqrt()
            paper = paper.maximum((pen / 2 + 0.5 - distance).clamp(0, 1))
    return paper
