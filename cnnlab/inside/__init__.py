"""What a trained network has learned, and what it looks at: the questions that can be put to any convolutional network.

maps.py         activations, top_patches: what a layer answers, and which patches it answers most
fields.py       effective_receptive_field, pixels_holding: which pixels an answer hangs on, and how many those are
where.py        grad_cam, occlusion: which part of a picture speaks for a class
refusals.py     what they refuse

Models are asked in evaluation mode and left as they were: no weight and no .grad is touched.
"""

from .fields import effective_receptive_field, pixels_holding
from .maps import Patches, activations, top_patches
from .where import cover, grad_cam, occlusion

__all__ = [
    "Patches",
    "activations",
    "cover",
    "effective_receptive_field",
    "grad_cam",
    "occlusion",
    "pixels_holding",
    "top_patches",
]
