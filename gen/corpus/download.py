"""One file from the network: encrypted, capped in size, checked against its SHA-256, whole or not at all."""

import hashlib
import http.client
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from tqdm import tqdm

from gen.errors import CorpusError
from gen.files import replacing

_CHUNK_BYTES = 1 << 16
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def download(
    url: str, path: Path, *, sha256: str, max_bytes: int, instead: str, timeout_s: float = 30.0
) -> None:
    """Fetch `url` into `path`, with a progress bar on stderr. Proxies come from the environment.

    Args:
        url: An https address; http only on this machine itself.
        path: Where to put it. It appears only once its content is known to be right.
        sha256: What its content must have, in hexadecimal.
        max_bytes: The most to accept.
        instead: What the user can do when it fails; the fix of every error.
        timeout_s: Seconds without a single byte after which to give up.

    Raises:
        CorpusError: No network, another status than 200, too big, ended early, or the wrong content.
        OSError: The folder cannot be written, or the disk is full.
    """
    _refuse_unencrypted(url, instead)
    opener = urllib.request.build_opener(_RefuseUnencryptedRedirects(instead))
    try:
        response = opener.open(url, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        error.close()
        answer = f"the server says {error.code} {error.reason}"
        raise CorpusError(f"{url} cannot be downloaded: {answer}", instead) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, error, instead) from error
    with response, replacing(path) as temporary:
        if response.status != http.HTTPStatus.OK:
            raise CorpusError(f"{url} cannot be downloaded: the server says {response.status}", instead)
        with temporary.open("wb") as file:
            digest = _copy(url, response, file, max_bytes, instead)
        if digest != sha256:
            raise CorpusError(f"{url} is not the file expected: its SHA-256 is {digest}", instead)


def _copy(url: str, response: http.client.HTTPResponse, file: BinaryIO, max_bytes: int, instead: str) -> str:
    """Copy the body of a response into a file; its SHA-256."""
    digest = hashlib.sha256()
    received = 0
    announced = response.headers.get("Content-Length", "")
    expected = int(announced) if announced.isascii() and announced.isdigit() else None
    name = urlsplit(url).path.rpartition("/")[2]
    with tqdm(total=expected, desc=name, unit="B", unit_scale=True, file=sys.stderr) as bar:
        for chunk in _chunks(url, response, instead):
            received += len(chunk)
            if received > max_bytes:
                raise CorpusError(f"{url} is larger than the {max_bytes} bytes expected", instead)
            digest.update(chunk)
            file.write(chunk)
            bar.update(len(chunk))
    if expected is not None and received < expected:
        raise CorpusError(f"{url} ended early, after {received} of {expected} bytes", instead)
    return digest.hexdigest()


def _chunks(url: str, response: http.client.HTTPResponse, instead: str) -> Iterator[bytes]:
    """The body in pieces. Only reading is watched here, so a full disk is not taken for a network fault."""
    while True:
        try:
            chunk = response.read(_CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(url, error, instead) from error
        if not chunk:
            return
        yield chunk


class _RefuseUnencryptedRedirects(urllib.request.BaseHandler):
    """Looks at each request before it is sent: one without encryption is never the answer of a server."""

    def __init__(self, instead: str) -> None:
        self.instead = instead

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """The request as it is.

        Raises:
            CorpusError: A redirection led to it, not the user.
        """
        if request.unverifiable:
            raise CorpusError(
                f"The server redirects to {request.full_url}, not an https address", self.instead
            )
        return request

    ftp_request = http_request


def _refuse_unencrypted(url: str, instead: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _THIS_MACHINE):
        raise CorpusError(f"{url} is not an https address", instead)


def _unreachable(url: str, error: Exception, instead: str) -> CorpusError:
    reason = getattr(error, "reason", error)
    told = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return CorpusError(f"{url} cannot be downloaded: {told}", instead)
