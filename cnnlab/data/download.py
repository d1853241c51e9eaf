"""One file from the first mirror that gives it whole. It gets its name only after its MD5 sum agreed."""

import hashlib
import os
import tempfile
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from .places import NotHereError

TIMEOUT = 10  # seconds without a byte
CHUNK = 1 << 16  # bytes


def fetch(urls, path, md5, say):
    """Write path from the first of urls whose bytes have that MD5 sum; NotHereError if none does."""
    faults = []
    for url in urls:
        host = urlsplit(url).netloc
        try:
            return _fetch(url, path, md5, say)
        except HTTPError as error:
            error.close()
            faults.append(f"{host} answered {error.code}")
        except URLError as error:
            faults.append(f"{host}: {getattr(error.reason, 'strerror', None) or error.reason}")
        except TimeoutError:
            faults.append(f"{host} was silent for {TIMEOUT} s")
        except (HTTPException, ConnectionError) as error:
            faults.append(f"{host} broke off ({type(error).__name__})")
        except _NotWholeError as error:
            faults.append(f"{host} {error}")
        except OSError as error:
            raise NotHereError(f"{path} could not be written: {error.strerror}") from error
    raise NotHereError(f"download of {path.name} failed: {', '.join(faults)}")


class _NotWholeError(Exception):
    pass


def _fetch(url, path, md5, say):
    """The bytes go to a file of this process alone: two that fetch at once do not mix, the later one replaces."""
    from tqdm.auto import tqdm

    request = urllib.request.Request(url, headers={"User-Agent": "cnnlab"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        announced = int(response.headers.get("Content-Length") or 0)
        say(f"fetching {path.name} from {urlsplit(url).netloc} ({announced / 1e6:.1f} MB)")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".part")
        try:
            with (
                os.fdopen(handle, "wb") as file,
                tqdm(total=announced or None, unit="B", unit_scale=True, leave=False, disable=None) as bar,
            ):
                digest = hashlib.md5(usedforsecurity=False)
                while chunk := response.read(CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
                    bar.update(len(chunk))
                came = file.tell()
            if came < announced:
                raise _NotWholeError(f"broke off after {came} of {announced} bytes")
            if digest.hexdigest() != md5:
                raise _NotWholeError(f"sent {came} bytes with the wrong MD5 sum")
            os.replace(part, path)
        finally:
            Path(part).unlink(missing_ok=True)
