"""Which numbers of a model training has moved."""

import torch


def moved(before, after):
    """The names of the entries that differ between two state dicts, in their order.

    before, after   model.state_dict(), each with copies of the values: {name: value.clone() ...}

    Raises ValueError if the names or shapes are not the same.
    """
    if [(name, value.shape) for name, value in before.items()] != [
        (name, value.shape) for name, value in after.items()
    ]:
        raise ValueError(
            f"moved: {len(before)} entries before and {len(after)} after do not have the same names and shapes. "
            "Two states of one model are needed. Take both with model.state_dict()."
        )
    return [name for name, value in before.items() if not torch.equal(value, after[name].to(value.device))]
