"""Images for the course: finding and loading them, splitting, batching and augmenting in bulk.

find.py           load: the four places, in order (keras_files, torchvision_files, download, places serve it)
dataset.py        Dataset, which load returns
batches.py        Batches, normalise, device
augment.py        random_crop, random_flip, color_jitter, random_erase, compose (changes.py serves it)
mixing.py         mixup, cutmix
drawn.py          doodles and signs, the drawn sets (outlines.py has their shapes)
photographs.py    photo, photos, grey
handdrawn.py      as_digit
"""

from .augment import color_jitter, compose, random_crop, random_erase, random_flip
from .batches import Batches, device, normalise
from .dataset import Dataset
from .drawn import CLASSES as DOODLE_CLASSES
from .drawn import SIGN_CLASSES, doodles, signs
from .find import load
from .handdrawn import as_digit
from .mixing import cutmix, mixup
from .photographs import grey, photo, photos
from .places import offline, root

__all__ = [
    "DOODLE_CLASSES",
    "SIGN_CLASSES",
    "Batches",
    "Dataset",
    "as_digit",
    "color_jitter",
    "compose",
    "cutmix",
    "device",
    "doodles",
    "grey",
    "load",
    "mixup",
    "normalise",
    "offline",
    "photo",
    "photos",
    "random_crop",
    "random_erase",
    "random_flip",
    "root",
    "signs",
]
