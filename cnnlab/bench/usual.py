"""The usual way: PIL and torchvision's transforms for each picture, a DataLoader that stacks them, a plain loop.

This is what torchvision's own MNIST and CIFAR10 classes do with each picture; here the pictures come from data.load.
"""

import torch
import torch.nn.functional as F


class Pictures(torch.utils.data.Dataset):
    """Picture i as torchvision.datasets gives it: a PIL image that went through the transform, and its label."""

    def __init__(self, x, y, transform):
        self.x = x.permute(0, 2, 3, 1).squeeze(-1).contiguous().numpy()  # (n, h, w) grey or (n, h, w, c), as in PIL
        self.y, self.transform = y.tolist(), transform

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        from PIL import Image

        return self.transform(Image.fromarray(self.x[i])), self.y[i]


def loader(dataset, batch_size, *, crop=0, flip=False, workers=0, drop_last=False, device=None):
    """A shuffling DataLoader of the training images, with the transforms of countless tutorials."""
    from torchvision import transforms

    size = dataset.x_train.shape[-1]
    steps = [transforms.RandomCrop(size, padding=crop)] * (crop > 0) + [transforms.RandomHorizontalFlip()] * flip
    steps += [transforms.ToTensor(), transforms.Normalize(dataset.mean, dataset.sd)]
    return torch.utils.data.DataLoader(
        Pictures(dataset.x_train, dataset.y_train, transforms.Compose(steps)),
        batch_size=batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        drop_last=drop_last,
        pin_memory=device is not None and device.type == "cuda",
    )


def plain_loop(model, batches, optimizer, device, ended):
    """Train until `ended(images)`, asked after each batch, says True. Nothing here that a tutorial would not have."""
    model.train()
    while True:
        for x, labels in batches:
            x, labels = x.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), labels)
            loss.backward()
            optimizer.step()
            if ended(len(x)):
                return
