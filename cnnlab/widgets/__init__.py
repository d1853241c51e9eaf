"""Explorers: pictures of an idea that answer at once to a slider, a key or the mouse."""

from cnnlab.widgets.activation import activation_explorer
from cnnlab.widgets.augmentation import augmentation_explorer
from cnnlab.widgets.channel_mixer import channel_mixer
from cnnlab.widgets.depth import depth_explorer
from cnnlab.widgets.descent import descent_explorer
from cnnlab.widgets.digit_pad import digit_pad
from cnnlab.widgets.feature_browser import feature_browser
from cnnlab.widgets.kernel import kernel_explorer
from cnnlab.widgets.kernel_state import describe
from cnnlab.widgets.pooling import pooling_explorer
from cnnlab.widgets.presets import PRESETS, preset
from cnnlab.widgets.receptive_field import receptive_field_explorer
from cnnlab.widgets.shape_ladder import shape_ladder
from cnnlab.widgets.training_monitor import training_monitor

__all__ = [
    "PRESETS",
    "activation_explorer",
    "augmentation_explorer",
    "channel_mixer",
    "depth_explorer",
    "descent_explorer",
    "describe",
    "digit_pad",
    "feature_browser",
    "kernel_explorer",
    "pooling_explorer",
    "preset",
    "receptive_field_explorer",
    "shape_ladder",
    "training_monitor",
]
