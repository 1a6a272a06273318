"""The address of an MQTT broker, as agent and server write it: `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.redaction import redact

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_FORM = "give it as mqtt://HOST:PORT or mqtts://HOST:PORT"


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerAddress:
    """A broker's host and port, and whether the connection is encrypted."""

    host: str
    port: int
    encrypted: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.encrypted else 'mqtt'}://{host}:{self.port}"


def parse_broker_url(url: str, *, where: str | None = None) -> BrokerAddress:
    """Return the address in ``url``, which ``where`` says the place of. Raises ConfigError for anything else."""
    # urlsplit would leave line ends and tabs out, and take blanks for a part of the name.
    if not url.isprintable() or " " in url:
        raise _bad_url(url, where, _FORM)
    try:
        parts = urlsplit(url)
        port = parts.port
        # What resolving the name does first; it refuses what no name can be.
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise _bad_url(url, where, _FORM) from error
    if parts.username is not None or parts.password is not None:
        raise _bad_url(url, where, "take the login out of it: use 'username' and 'password_file'")
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise _bad_url(url, where, _FORM)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise _bad_url(url, where, "leave out what follows the port")
    return BrokerAddress(host=parts.hostname, port=port or _PORTS[parts.scheme], encrypted=parts.scheme == "mqtts")


def _bad_url(url: str, where: str | None, todo: str) -> ConfigError:
    return ConfigError("the broker's URL cannot be used", where=where, found=f"'{redact(url)}'", todo=todo)
