"""One file from the first mirror that gives it whole. It gets its name only after its checksum agreed."""

import hashlib
import os
import tempfile
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

from .places import NotHereError

TIMEOUT = 10  # seconds without a byte
CHUNK = 1 << 16  # bytes
SUMS = {"md5": "MD5", "sha256": "SHA-256"}
LARGE = 20e6  # bytes; from here on a progress bar is worth its place


class _FaultError(Exception):
    """What is wrong with a mirror, to follow its name."""


def fetch(urls, path, checksum, say, algorithm="md5"):
    """Write path from the first of urls whose bytes have that checksum, or one that begins so; else NotHereError."""
    faults = []
    for url in urls:
        try:
            return _fetch(url, path, checksum, say, algorithm)
        except _FaultError as fault:
            faults.append(f"{urlsplit(url).netloc} {fault}")
        except OSError as error:  # ours: every fault of the network is a _FaultError
            raise NotHereError(f"{path.name} could not be written: {error.strerror}") from error
    raise NotHereError(f"download of {path.name} failed: {', '.join(faults)}")


def _fetch(url, path, checksum, say, algorithm):
    """The bytes go to a file of this process alone: two that fetch at once do not mix, the later one replaces."""
    from tqdm.auto import tqdm

    with _open(url) as response:
        announced = int(response.headers.get("Content-Length") or 0)
        say(f"fetching {path.name} ({announced / 1e6:.1f} MB) from {urlsplit(url).netloc}")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".part")
        try:
            digest, came = hashlib.new(algorithm, usedforsecurity=False), 0
            show = say is print and announced > LARGE
            with (
                os.fdopen(handle, "wb") as file,
                tqdm(total=announced, unit="B", unit_scale=True, disable=not show) as bar,
            ):
                for chunk in _chunks(response):
                    file.write(chunk)
                    digest.update(chunk)
                    bar.update(len(chunk))
                    came += len(chunk)
            if came < announced:
                raise _FaultError(f"broke off after {came} of {announced} bytes")
            if not digest.hexdigest().startswith(checksum):
                raise _FaultError(f"sent {came} bytes with the wrong {SUMS[algorithm]} sum")
            os.chmod(part, 0o644)  # mkstemp's files are private, but a classroom shares this folder
            os.replace(part, path)
        finally:
            Path(part).unlink(missing_ok=True)


def _open(url):
    request = urllib.request.Request(url, headers={"User-Agent": "cnnlab"})
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        raise _FaultError(f"answered {error.code}") from error
    except TimeoutError as error:
        raise _FaultError(f"was silent for {TIMEOUT} s") from error
    except (OSError, HTTPException) as error:  # URLError is an OSError that holds the real one
        reason = getattr(error, "reason", error)
        raise _FaultError(f"cannot be reached ({getattr(reason, 'strerror', None) or reason})") from error


def _chunks(response):
    try:
        while chunk := response.read(CHUNK):
            yield chunk
    except TimeoutError as error:
        raise _FaultError(f"fell silent for {TIMEOUT} s") from error
    except (OSError, HTTPException) as error:
        raise _FaultError(f"broke off ({error})") from error
