"""Questions to a web server, with every wait bounded and redirections followed only to where it is as safe."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError

from skerry_edge.foundation.errors import ReachError
from skerry_edge.transfer.patience import Patience
from skerry_edge.transfer.resumption import TransientError, redirected

_SHORT_BYTES = 1 << 14


def answer(url: str, headers: dict[str, str], patience: Patience) -> urllib3.BaseHTTPResponse:
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
        let_go(response)
        at = redirected(at, location)
    raise ReachError("the server redirects without end", where=url, found=f"{patience.redirects} redirections")


def let_go(response: urllib3.BaseHTTPResponse) -> None:
    """Close an answer whose body nobody wants; a short one is read first, so that its connection is of use again."""
    length = response.headers.get("Content-Length", "")
    if length.isascii() and length.isdecimal() and int(length[:9]) <= _SHORT_BYTES:
        with suppress(HTTPError):
            # Its bytes, and then its end; one that drips is not waited for.
            response.read1(_SHORT_BYTES)
            response.read1(_SHORT_BYTES)
    response.close()


@contextmanager
def failures_told(url: str) -> Iterator[None]:
    """Turn urllib3's errors into ours: transient ones but for a certificate or an address that is wrong."""
    try:
        yield
    except LocationValueError as error:
        raise ReachError("this is no address", where=url, found=_reason(error)) from error
    except HTTPError as error:
        if any(isinstance(one, ssl.SSLCertVerificationError) for one in error.args):
            raise ReachError("the server cannot be trusted", where=url, found=_reason(error)) from error
        stalled = isinstance(error, urllib3.exceptions.ReadTimeoutError)
        raise TransientError("the connection failed", where=url, found=_reason(error), stalled=stalled) from error


def _pool(url: str) -> urllib3.PoolManager:
    """Return connections that go by the proxy that the environment names (`https_proxy`, `no_proxy`)."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    return _pool_by(proxy if proxy and not proxy_bypass(parts.netloc) else None)


@cache
def _pool_by(proxy: str | None) -> urllib3.PoolManager:
    """Return the connections of this process; an update asks one host for some six files in a row."""
    return urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()


def _reason(error: Exception) -> str:
    """Return the innermost words of urllib3's error."""
    inner = error.__cause__ or error
    return f"{inner}"[:200] or type(inner).__name__
