"""Train the small network that answers in the digit pad, and store its weights in cnnlab/bundled.

    python tools/train_digit_net.py                 a few minutes on one core
    python tools/train_digit_net.py --out FILE      somewhere else

It learns from the 8,000 bundled training digits, each moved by up to 2 pixels. Half precision is enough to answer with
and half the bytes of a page.
"""

import argparse
import os
from pathlib import Path

import torch
from safetensors.torch import save_file

from cnnlab import data, models, train

WEIGHTS = Path(__file__).resolve().parent.parent / "cnnlab" / "bundled" / "digit_net.safetensors"
INK = {"mean": [0.0], "sd": [1.0]}  # bytes to 0..1 and no further: a page needs no constants then


def main(out, epochs=20, images=8000):
    """Train, store and say how well the stored weights read the 2,000 bundled test digits."""
    digits = data.load("mnist", quiet=True)
    if len(digits.x_train) != 8000:
        raise SystemExit(f"{digits.source}: the bundled digits are needed. Set CNNLAB_DATA to a folder without MNIST.")
    train.seed(0)
    net = models.DigitNet()
    shift = data.random_crop(2)
    x, labels = digits.x_train[:images], digits.y_train[:images]
    batches = data.Batches(x, labels, 64, shuffle=True, seed=0, augment=shift, **INK)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    steps = epochs * len(batches)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
    train.fit(net, batches, epochs=epochs, optimizer=optimizer, scheduler=scheduler, progress="text")

    half = {name: value.half() for name, value in net.state_dict().items()}
    save_file(half, out)
    net.load_state_dict(half)
    result = train.evaluate(net, data.Batches(digits.x_test, digits.y_test, 500, **INK))
    print(f"{out}: {Path(out).stat().st_size:,} bytes, {result.accuracy:.2%} of {result.images} test digits")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=WEIGHTS)
    os.environ.setdefault("CNNLAB_DATA", "bundled_data_only")
    main(**vars(parser.parse_args()))
