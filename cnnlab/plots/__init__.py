"""Figures: functions from arrays to a matplotlib Figure, and `show(fig, caption)` to put one on the page.

Greys are images, the red-blue map is for signed values and is centred on 0. Lines differ in dash as well as in
colour and carry their label at the end. Figures are made without pyplot: nothing is left open, nothing is global.
"""

from cnnlab.plots.answers import predictions, reliability
from cnnlab.plots.charts import bars, confusion, curves, history
from cnnlab.plots.grids import images, numbers
from cnnlab.plots.maps import feature_maps, overlays
from cnnlab.plots.page import describe, show
from cnnlab.plots.roofline import roofline
from cnnlab.plots.scatter import points

__all__ = [
    "bars",
    "confusion",
    "curves",
    "describe",
    "feature_maps",
    "history",
    "images",
    "numbers",
    "overlays",
    "points",
    "predictions",
    "reliability",
    "roofline",
    "show",
]
