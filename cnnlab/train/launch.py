"""torchrun from within Python, as a notebook needs it."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]  # where cnnlab lies, for those who run it without having installed it


def torchrun(*command, processes=2, restarts=0, folder=None, seconds=300, **environment):
    """Start processes on this machine, print what they print while they run, and come back when all have ended.

    command     what follows `torchrun --standalone --nproc-per-node=2`: "-m", "cnnlab.train", "--recipe", "lenet", ...
                or a script and its options
    restarts    how often all are started again after one has died, --max-restarts
    folder      where they work; None: here
    seconds     then they are ended
    environment variables beside those of this process, such as CNNLAB_DATA="."

    Raises RuntimeError with the first error of a process that did not end well, TimeoutError where they do not end.
    """
    if not command or isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise ValueError(
            f"torchrun: command={command!r}, processes={processes!r}. What to start, and in how many processes, is "
            f'needed. Pass "-m", "cnnlab.train", "--recipe", "lenet" and processes=2.'
        )
    options = [f"--nproc-per-node={processes}", f"--max-restarts={restarts}", *_meeting()]
    late = threading.Event()
    with tempfile.TemporaryFile("w+") as errors:
        started = subprocess.Popen(
            [sys.executable, "-m", "torch.distributed.run", *options, *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=_environment(processes) | {name: str(value) for name, value in environment.items()},
        )
        clock = threading.Timer(seconds, lambda: (late.set(), _end(started)))
        clock.start()
        try:
            for line in started.stdout:
                print(line, end="")
            status = started.wait()
        finally:
            clock.cancel()
            if started.poll() is None:  # the cell was interrupted
                _end(started)
                started.wait()
            started.stdout.close()
        errors.seek(0)
        said = errors.read()
    if late.is_set():
        raise TimeoutError(
            f"torchrun: not at an end after {seconds} s. More time, or less to do, is needed. Raise seconds=."
        )
    if status:
        found = re.findall(r"^(?:\[rank\d+\]: )?(\w+(?:Error|Exception): .+|cnnlab\.train: .+)$", said, re.MULTILINE)
        raise RuntimeError(f"torchrun: a process has ended with {found[0] if found else said.strip()[:600]}")


def _meeting():
    """How the processes find each other; a PyTorch for Windows lacks what --standalone needs."""
    if sys.platform != "win32":
        return ["--standalone"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        return ["--master-addr=127.0.0.1", f"--master-port={free.getsockname()[1]}"]


def _environment(processes):
    threads = max(1, (os.cpu_count() or 1) // processes)
    path = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH")]))
    return {"OMP_NUM_THREADS": str(threads), "USE_LIBUV": "0"} | os.environ | {"PYTHONPATH": path}


def _end(started):
    """End torchrun, which then ends its workers; on Windows it cannot."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/t", "/f", "/pid", str(started.pid)], capture_output=True)
    else:
        started.terminate()
