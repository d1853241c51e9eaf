"""Hear the browser while a cell runs.

A kernel handles one message at a time, so that what a control says waits until the cell is done. (JupyterLab 4.4 and
later sends it to a subshell, a thread beside the cell, but ipykernel 7.4 brings it back to the thread that made the
widget.) `Ear` looks at what has come in for that thread and passes it on as it is: it is still handled in its turn,
after the cell, as are the cells that the learner has started meanwhile. Works with ipykernel 6 and 7, each tried in
JupyterLab 4.6; in a kernel of another make it hears nothing, and the kernel's own interrupt is left.
"""

import json
import sys


class Ear:
    """Looks for messages of one widget; `heard` is called with the traits that they set."""

    def __init__(self, comm_id, heard):
        self._comm_id, self._heard = comm_id, heard
        self._stream = _shell_stream()
        self._handle = getattr(self._stream, "_recv_callback", None)
        if self._handle is not None:
            self._stream.on_recv(self._pass_on, copy=False)

    def listen(self):
        """Look at what has come in since the last time."""
        if self._handle is not None:
            self._stream.flush(1)  # zmq.POLLIN

    def close(self):
        if self._handle is not None:
            self._stream.on_recv(self._handle, copy=False)
            self._handle = None

    def _pass_on(self, frames):
        state = _state_set(frames, self._comm_id)
        if state:
            self._heard(state)
        return self._handle(frames)


def _shell_stream():
    """Where messages for the running cell's thread arrive; None where there is no kernel, or one of another make."""
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython and ipython.get_ipython(), "kernel", None)
    thread = getattr(kernel, "shell_channel_thread", None)
    try:
        if thread is None:
            return kernel.shell_stream  # ipykernel 6
        return thread.manager.get_shell_channel_to_subshell_pair(None).to_stream  # ipykernel 7
    except AttributeError:
        return None


def _state_set(frames, comm_id):
    """The traits that a message sets on this widget, {} for any other message."""
    parts = [bytes(getattr(frame, "bytes", frame)) for frame in frames]
    try:
        signed = parts.index(b"<IDS|MSG>")
        header, content = json.loads(parts[signed + 2]), json.loads(parts[signed + 5])
        if header["msg_type"] != "comm_msg" or content["comm_id"] != comm_id:
            return {}
        return content["data"].get("state", {})
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}
