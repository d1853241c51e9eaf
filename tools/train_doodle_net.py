"""Train the small ResNet that knows the doodles, and store its weights in cnnlab/bundled.

    python tools/train_doodle_net.py                 about four minutes on one core
    python tools/train_doodle_net.py --out FILE      somewhere else

It learns from 30,000 doodles of a seed of their own, which are neither the training nor the test pictures of
`data.load("doodles")`. Half precision is enough to answer with, and half the bytes.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from cnnlab import data, models, train
from cnnlab.models.doodles import MEAN, SD

WEIGHTS = Path(__file__).resolve().parent.parent / "cnnlab" / "bundled" / "doodle_net.safetensors"
SCALE = {"mean": MEAN, "sd": SD}
LEARNED, ASKED = 100, 101  # seeds of the pictures that it learns from, and of those that it is tried on


def main(out, epochs=3, images=30_000):
    """Train, store and say how well the stored weights know 2,000 doodles that they have not seen."""
    train.seed(0)
    net = models.SmallResNet(8).to(memory_format=torch.channels_last)
    x, labels = data.doodles(images, seed=LEARNED)
    augment = data.compose(data.random_crop(2), data.random_flip())
    options = {"augment": augment, "memory_format": "channels_last", **SCALE}
    batches = data.Batches(x, labels, 128, shuffle=True, seed=0, **options)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = epochs * len(batches)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.2, total_steps=steps)
    options = {"optimizer": optimizer, "scheduler": scheduler, "precision": "bfloat16", "progress": "text"}
    train.fit(net, batches, epochs=epochs, **options)

    half = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in net.state_dict().items()
    }
    save_file(half, out)
    net.load_state_dict(half)
    result = train.evaluate(net, data.Batches(*data.doodles(2000, seed=ASKED), 500, **SCALE))
    print(f"{out}: {Path(out).stat().st_size:,} bytes, {result.accuracy:.2%} of {result.images} new doodles")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=WEIGHTS)
    main(**vars(parser.parse_args()))
