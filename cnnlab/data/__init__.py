"""Images for the course: finding and loading them, splitting, batching and augmenting in bulk.

find.py           load: the four places, in order (keras_files, torchvision_files, download, places serve it)
dataset.py        Dataset, which load returns
batches.py        Batches, normalise, device
augment.py        random_crop, random_flip, compose
drawn.py          doodles, the drawn set
photographs.py    photo, photos, grey
handdrawn.py      as_digit
"""

from .augment import compose, random_crop, random_flip
from .batches import Batches, device, normalise
from .dataset import Dataset
from .drawn import doodles
from .find import load
from .handdrawn import as_digit
from .photographs import grey, photo, photos
from .places import offline, root

__all__ = [
    "Batches",
    "Dataset",
    "as_digit",
    "compose",
    "device",
    "doodles",
    "grey",
    "load",
    "normalise",
    "offline",
    "photo",
    "photos",
    "random_crop",
    "random_flip",
    "root",
]
