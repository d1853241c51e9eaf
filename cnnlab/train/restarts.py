"""Which start of torchrun a run belongs to: workers that it starts once more go on with their own run, and no other."""

import os
import socket
from pathlib import Path


def this_start():
    """A name for this start of torchrun, the same in all its restarts; None where torchrun started nothing."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return None
    agent = os.getppid()  # torchrun itself, which lives while its workers come and go
    try:
        began = (
            Path(f"/proc/{agent}/stat").read_text().rpartition(")")[2].split()[19]
        )  # numbers of processes come again
    except OSError:  # no Linux
        began = ""
    return " ".join([os.environ["TORCHELASTIC_RUN_ID"], socket.gethostname(), str(agent), began]).strip()
