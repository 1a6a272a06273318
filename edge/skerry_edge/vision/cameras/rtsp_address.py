"""Where a network camera's stream is, with its login kept apart from what may be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.redaction import redact

SCHEME: Final = "rtsp://"
TLS_SCHEME: Final = "rtsps://"
DEFAULT_PORT = 554
"""RFC 2326, section 3.2."""
PASSWORD_ENV = "SKERRY_RTSP_PASSWORD"  # noqa: S105  # a variable's name
# Without an "@" in it, which redaction would take for a login.
_TODO = "write rtsp://HOST[:PORT]/PATH, and the user apart or before HOST"


@dataclass(frozen=True, kw_only=True, slots=True)
class RtspAddress:
    """A stream's address; ``path`` begins with "/" and takes the query along. Its text holds no login."""

    host: str
    port: int
    path: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return the address without its login, for people; secrets in the query are masked."""
        return redact(self.url)

    @property
    def url(self) -> str:
        """The address without its login, for the server; a query may hold a secret all the same."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{SCHEME}{host}:{self.port}{self.path}"

    @property
    def url_with_login(self) -> str:
        """The address for whoever logs in; never to be shown."""
        if not self.username:
            return self.url
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return f"{SCHEME}{login}@{self.url.removeprefix(SCHEME)}"


def shown(url: str) -> str:
    """Return what of an address may be shown, also of one that is none: a blank in a password hides no part of it."""
    return redact("".join(url.split()))


def parse_rtsp_url(url: str, *, username: str | None = None, password: str | None = None) -> RtspAddress:
    """Return the address that ``url`` means; a login given beside it goes before the one in it.

    Raises ConfigError, which repeats no login.
    """
    try:
        if url.lower().startswith(TLS_SCHEME):
            raise _unread_tls(url)
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORT
    except ValueError as error:
        raise ConfigError("this is no address of a stream", where=shown(url), todo=_TODO) from error
    if parts.scheme != "rtsp" or not parts.hostname or any(one.isspace() or not one.isprintable() for one in url):
        raise ConfigError("this is no address of a stream", where=shown(url), todo=_TODO)
    return RtspAddress(
        host=parts.hostname,
        port=port,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        username=username if username is not None else unquote(parts.username or ""),
        password=password if password is not None else unquote(parts.password or ""),
    )


def _unread_tls(url: str) -> ConfigError:
    """Say why a stream over TLS is not read: FFmpeg, unless told otherwise, takes any certificate for the camera's."""
    return ConfigError(
        "RTSP over TLS is not read here, since OpenCV's FFmpeg would check no certificate",
        where=shown(url),
        todo="take it with the kind 'gstreamer', which checks it: rtspsrc location=rtsps://HOST/PATH ! decodebin; "
        "a camera that wants a login, with rtsp:// through a tunnel",
    )
