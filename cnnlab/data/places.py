"""Where data sets lie on this machine, and what to do with a file there that is not what its name says."""

import os
import sys
from pathlib import Path

BUNDLED = Path(__file__).resolve().parents[1] / "bundled"  # what the package itself brings


class NotHereError(Exception):
    """A place does not have the data set; the message says why, to follow 'because'."""


class DamagedError(Exception):
    """A file is there but cannot be what its name says."""

    def __init__(self, path, fault):
        super().__init__(fault)
        self.path = Path(path)


def root():
    """The folder of the data sets: CNNLAB_DATA, else the repository's data/, else a cache folder of this user."""
    if chosen := os.environ.get("CNNLAB_DATA"):
        return Path(chosen).expanduser()
    repository = Path(__file__).resolve().parents[2]
    if (repository / "pyproject.toml").exists() and (repository / "data").is_dir():
        return repository / "data"
    return _cache() / "cnnlab"


def offline():
    """Whether CNNLAB_OFFLINE forbids the network: set, and neither empty nor 0."""
    return os.environ.get("CNNLAB_OFFLINE", "0") not in ("", "0")


def set_aside(damaged, say):
    """Rename a damaged file to *.damaged, so that nobody reads it again, and say so."""
    path = damaged.path
    aside = path.with_name(path.name + ".damaged")
    try:
        os.replace(path, aside)
        say(f"{path} is damaged: {damaged}. It is now called {aside.name}.")
    except FileNotFoundError:
        pass  # another process set it aside first
    except OSError as error:
        say(f"{path} is damaged: {damaged}. It is left alone ({error.strerror}) and not used.")


def _cache():
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
