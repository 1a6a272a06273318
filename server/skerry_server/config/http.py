"""The table `http`, and who can reach an address."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from msgspec import Meta

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.section import Port, Section


class Http(Section, frozen=True, kw_only=True):
    """Where API and dashboard listen.

    Beyond this machine they do so with TLS only: their own, from ``certificate_file`` and ``key_file`` (PEM), or that
    of a reverse proxy, whose headers `X-Forwarded-For` and `X-Forwarded-Proto` are believed with ``behind_proxy``. It
    must pass on `Host` as the browser sent it (nginx: `proxy_set_header Host $http_host`), since a page's origin is
    held against it, and it must let WebSockets through. ``requests_per_s`` is how often one user or token may ask the
    API on average.
    """

    host: str = "127.0.0.1"
    port: Port = 8080
    certificate_file: str | None = None
    key_file: str | None = None
    behind_proxy: bool = False
    requests_per_s: Annotated[float, Meta(ge=1, le=100_000)] = 100.0

    @property
    def is_local_only(self) -> bool:
        """Tell whether nobody but this machine can reach the server."""
        return is_loopback(self.host) and not self.behind_proxy


def check_http(http: Http, *, where: str) -> None:
    """Refuse a listener that sends passwords in the clear, and half of a certificate. Raises ConfigError."""
    if (http.certificate_file is None) != (http.key_file is None):
        missing = "key_file" if http.key_file is None else "certificate_file"
        raise ConfigError(
            "a certificate needs its key, and a key its certificate", where=f"{where}, key 'http.{missing}'"
        )
    if not is_loopback(http.host) and http.certificate_file is None and not http.behind_proxy:
        raise ConfigError(
            "beyond this machine the server listens with TLS only: passwords and tokens would go in the clear",
            where=f"{where}, key 'http.host'",
            found=repr(http.host),
            todo="set 'http.certificate_file' and 'http.key_file', or 'http.behind_proxy' behind a proxy",
        )


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
