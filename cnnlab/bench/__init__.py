"""`python -m cnnlab bench`: how fast the course trains, measured beside the usual way, on this machine and in one run.

Everything that is compared takes turns, so that a machine that slows down slows all of it; numbers are medians with the
least and the most. What runs is what a learner runs: recipes.run on one side, a plain loop over a DataLoader on the
other.

    batches     images per second of LeNet alone, of our batches, of a DataLoader with 0 and with 2 workers
    mnist       seconds of training until 97, 98, 99 % of the test digits are right: our recipe, the usual one
    cifar10     accuracy on test pictures after equal seconds of training: our recipe, the usual one
    conv        ops.conv2d and the loops of ops.corr2d beside torch.nn.functional.conv2d

command.py      the options, and the order in which all is run
budgets.py      how long each part may take: quick, full
turns.py        taking turns; medians and spreads
batching.py     the part batches
digits.py       the part mnist
pictures.py     the part cifar10
operations.py   the part conv
usual.py        the usual way: torchvision's transforms in a DataLoader, a plain loop
contestants.py  the four trainings: ours and the usual, of digits and of pictures
worker.py       one training in a process of its own, which goes on when told to and is judged outside its seconds
race.py         several of them by turns
machine.py      what this machine is; peak memory
report.py       results as tables of text
"""

from .command import main

__all__ = ["main"]
