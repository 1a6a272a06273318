"""Questions to a web server, with every wait bounded and redirections followed only to where it is as safe."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError

from skerry_edge.foundation.errors import ReachError
from skerry_edge.transfer.patience import Patience
from skerry_edge.transfer.resumption import TransientError, redirected


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
        response.close()
        at = redirected(at, location)
    raise ReachError("the server redirects without end", where=url, found=f"{patience.redirects} redirections")


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
    if proxy and not proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()


def _reason(error: Exception) -> str:
    """Return the innermost words of urllib3's error."""
    inner = error.__cause__ or error
    return f"{inner}"[:200] or type(inner).__name__
