"""What a request shows of who sends it, and whether another site's page may have sent it. Pure."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

COOKIE = "skerry_session"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, 9.2.1)."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def bearer_of(headers: Mapping[str, str]) -> str | None:
    """Return the token of a request (RFC 6750, 2.1); None where it shows none."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    return rest.strip() or None if scheme.lower() == "bearer" else None


def cookie_of(headers: Mapping[str, str]) -> str | None:
    """Return the session's secret of a request; None where it shows none."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return None
    found = jar.get(COOKIE)
    return found.value if found is not None and found.value else None


def csrf_token(secret: str) -> str:
    """Return what a page must send with each change beside the cookie that holds ``secret``.

    Only a page of this server can read it; it is made from the secret, so that nothing more is to be kept.
    """
    return hashlib.sha256(f"csrf {secret}".encode("utf-8", "surrogatepass")).hexdigest()


def is_csrf_token(headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether the request shows the token that belongs to its cookie."""
    shown = headers.get(CSRF_HEADER, "")
    return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), csrf_token(secret).encode())


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser says that a page of another origin sent this request.

    Browsers send `Sec-Fetch-Site` (Fetch Metadata), older ones `Origin` with what changes something and with
    WebSockets; programs send neither.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def is_of_this_machine(headers: Mapping[str, str]) -> bool:
    """Tell whether a request was addressed to this machine as such, and by nobody in between.

    A page that an attacker's name server maps to 127.0.0.1 (DNS rebinding) sends its own name as the host; a proxy
    that makes this server reachable from elsewhere adds its headers.
    """
    if any(name in headers for name in _FORWARDED):
        return False
    try:
        name = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def address_of(peer: str | None, headers: Mapping[str, str], *, behind_proxy: bool) -> str:
    """Return the address that a request comes from; a proxy of ours says it last in `X-Forwarded-For`."""
    if behind_proxy:
        named = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if named:
            return named[:64]
    return peer or "unknown"


def is_https(scheme: str, headers: Mapping[str, str], *, behind_proxy: bool) -> bool:
    """Tell whether the browser speaks TLS, with us or with a proxy of ours."""
    return scheme in ("https", "wss") or (behind_proxy and headers.get("x-forwarded-proto", "").lower() == "https")
