"""One file from a web server into a part file: gone on with where it stopped, with every wait and length bounded."""

from __future__ import annotations

import itertools
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError

from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.models.entries import Download
from skerry_edge.models.part_file import PartFile
from skerry_edge.models.resumption import Body, TransientError, read_answer, redirected, request_headers, wrong_size

BLOCK_BYTES = 1 << 16
KEEP_EVERY_BYTES = 4 << 20
"""How much a power cut may cost at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long and how often a server is tried.

    ``stall_s`` is the longest silence in an answer, ``least_rate`` the bytes a second below which one is given up.
    Waits between attempts double from ``first_wait_s`` on; a server may ask for more, up to ``longest_wait_s``.
    """

    connect_s: float = 10.0
    stall_s: float = 30.0
    least_rate: float = 1000.0
    attempts: int = 5
    redirects: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def wait_s(self, failures: int, asked_s: float | None) -> float:
        """Return how long to wait after so many failures; ``asked_s`` is what the server asks for."""
        return min(max(self.first_wait_s * 2.0 ** (failures - 1), asked_s or 0.0), self.longest_wait_s)


class Progress(Protocol):
    """What is told how far a download is."""

    def begin(self, name: str) -> None:
        """Tell which file comes now."""
        ...

    def at(self, done_bytes: int, total_bytes: int) -> None:
        """Tell how much of a file is there."""
        ...

    def note(self, text: str) -> None:
        """Tell what a person should know: a wait, another process."""
        ...


def download(wanted: Download, part: PartFile, patience: Patience, progress: Progress) -> None:
    """Make ``part`` whole from the address of ``wanted``: of one of its sizes, its content not judged.

    What is there of it is kept when this fails, for the next time. Raises ReachError where the server or the disk
    fails, DataError where the server has another file.
    """
    for failures in itertools.count(1):
        failure = _tried(wanted, part, patience, progress)
        if failure is None:
            return
        if failures == patience.attempts:
            raise failure
        wait_s = patience.wait_s(failures, failure.retry_after_s)
        progress.note(f"{failure.what} ({failure.found or 'no reason given'}); trying again in {wait_s:.0f} s")
        patience.sleep(wait_s)


def _tried(wanted: Download, part: PartFile, patience: Patience, progress: Progress) -> TransientError | None:
    """Make one attempt, and return why it failed where another one may help. What is useless of the part is gone."""
    try:
        _attempt(wanted, part, patience, progress)
    except TransientError as error:
        if error.part_is_useless:
            part.discard()
        return error
    except DataError:
        part.discard()
        raise
    return None


def _attempt(wanted: Download, part: PartFile, patience: Patience, progress: Progress) -> None:
    origin = part.origin()
    if origin is None or origin.url != wanted.url or origin.kept > max(wanted.sizes):
        offset, validator = 0, None
    elif origin.kept == origin.total:
        return
    else:
        offset, validator = origin.kept, origin.validator
    headers = request_headers(offset, validator)
    with _failures_told(wanted.url), closing(_answer(wanted.url, headers, patience)) as response:
        body = read_answer(response.status, response.headers, url=wanted.url, offset=offset, sizes=wanted.sizes)
        _receive(response, body, wanted, part, patience, progress)
    if part.size() not in wanted.sizes or body.total not in (None, part.size()):
        raise TransientError("the server ended early", where=wanted.url, found=f"{part.size()} bytes")


@contextmanager
def _failures_told(url: str) -> Iterator[None]:
    """Turn urllib3's errors into ours: transient ones but for a certificate or an address that is wrong."""
    try:
        yield
    except LocationValueError as error:
        raise ReachError("this is no address", where=url, found=_reason(error)) from error
    except HTTPError as error:
        if any(isinstance(one, ssl.SSLCertVerificationError) for one in error.args):
            raise ReachError("the server cannot be trusted", where=url, found=_reason(error)) from error
        raise TransientError("the connection failed", where=url, found=_reason(error)) from error


def _answer(url: str, headers: dict[str, str], patience: Patience) -> urllib3.BaseHTTPResponse:
    """Return the answer that is no redirection. Raises ReachError for too many of them, urllib3's HTTPError."""
    timeout = urllib3.Timeout(connect=patience.connect_s, read=patience.stall_s)
    at = url
    for _ in range(patience.redirects + 1):
        response = _pool(at).request(
            "GET", at, headers=headers, timeout=timeout, redirect=False, retries=False, preload_content=False
        )
        location = response.get_redirect_location()
        if not location:
            return response
        response.close()
        at = redirected(at, location)
    raise ReachError("the server redirects without end", where=url, found=f"{patience.redirects} redirections")


def _pool(url: str) -> urllib3.PoolManager:
    """Return connections that go by the proxy that the environment names (`https_proxy`, `no_proxy`)."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()


def _receive(
    response: urllib3.BaseHTTPResponse,
    body: Body,
    wanted: Download,
    part: PartFile,
    patience: Patience,
    progress: Progress,
) -> None:
    total = body.total or max(wanted.sizes)
    deadline = time.monotonic() + patience.stall_s + (total - body.offset) / patience.least_rate
    done = kept = body.offset
    try:
        with part.writing(wanted.url, body) as file:
            while block := response.read1(BLOCK_BYTES, decode_content=False):
                done += len(block)
                if done > total:
                    raise wrong_size(wanted.url, f"more than {total}", wanted.sizes)
                file.write(block)
                progress.at(done, total)
                if done - kept >= KEEP_EVERY_BYTES:
                    part.keep(file)
                    kept = done
                if time.monotonic() > deadline:
                    raise TransientError("the server is too slow", where=wanted.url, found=f"{done} of {total} bytes")
    except OSError as error:
        # Timeouts and broken connections are urllib3's own errors, none of them an OSError.
        raise cannot_keep(part, error) from error


def cannot_keep(part: PartFile, error: OSError) -> ReachError:
    """Return the error for a disk that does not take the bytes."""
    return ReachError(
        "cannot write what is downloaded",
        where=str(part.path),
        found=error.strerror,
        todo="make room there or set XDG_CACHE_HOME, and pull again: it goes on where it stopped",
    )


def _reason(error: Exception) -> str:
    """Return the innermost words of urllib3's error."""
    inner = error.__cause__ or error
    return f"{inner}"[:200] or type(inner).__name__
