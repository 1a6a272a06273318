"""The security headers of every answer."""

from __future__ import annotations

from collections.abc import Mapping

_EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# Vue makes functions of its templates and NiceGUI writes its page's elements inline, so both need 'unsafe-…'; what
# devices say is escaped before it gets there. Nothing is loaded from another machine.
_PAGES = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
}
_API = {"content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox", "cache-control": "no-store"}
_HTTPS = {"strict-transport-security": "max-age=31536000"}


def headers_for(path: str, *, is_https: bool) -> Mapping[str, str]:
    """Return what an answer to a request for ``path`` carries, where it does not say otherwise itself."""
    return _EVERYWHERE | (_API if path.startswith("/api/") else _PAGES) | (_HTTPS if is_https else {})
