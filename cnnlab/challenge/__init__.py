"""A challenge: the same few seconds of training for everybody, and a board that says who made the most of them.

    from cnnlab import challenge, recipes

    recipe = recipes.RECIPES["cifar10-laptop"].but(epochs=2)
    entry = challenge.enter("Ada", recipe=recipe)                    20 seconds of training
    entry = challenge.enter("Ada, narrow", models.QuickCifar(widths=(8, 16, 32)), recipe)
    challenge.leaderboard()                                          who stands where
    challenge.final("Ada", entry.model)                              on the test pictures, once

The rules: training ends by the clock. A tenth of the training pictures, the same for everybody, is set aside to judge;
the test pictures judge an entry once, when all is settled. A network that was trained before brings what it has seen:
give such networks a board of their own. Seconds of two machines do not compare: the board names machine and threads.

entering.py   enter, Entry
clock.py      the monitor that ends training when its seconds are over
judging.py    what is set aside; final
file.py       the board's file: appending rows that survive other writers, a kill, a full disk; reading them
rows.py       what a row says, and what is wrong with one
table.py      Leaderboard: ranks, as text and HTML
"""

from .entering import Entry, enter
from .judging import final
from .table import Leaderboard, leaderboard

__all__ = ["Entry", "Leaderboard", "enter", "final", "leaderboard"]
