"""Where the broker is and how to log in, without ever showing a secret."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from skerry_edge.agent.config import MqttConfig, TlsConfig
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.redaction import MASK, redact

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_MAX_PASSWORD_BYTES = 65535
"""MQTT 5.0, section 3.1.3.6: the password is binary data with a two-byte length."""


class Secret:
    """A password that shows itself only when asked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def reveal(self) -> str:
        """Return the password itself."""
        return self._value


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerAddress:
    """A broker's host and port, and whether the connection is encrypted."""

    host: str
    port: int
    encrypted: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.encrypted else 'mqtt'}://{host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """The name and password that a device presents; the name is its own id unless the configuration says otherwise."""

    username: str
    password: Secret


def parse_broker_url(url: str) -> BrokerAddress:
    """Return the address in `mqtt://HOST[:PORT]` or `mqtts://…`. Raises ConfigError for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad_url(url, "give it as mqtt://HOST:PORT or mqtts://HOST:PORT") from error
    if parts.username is not None or parts.password is not None:
        raise _bad_url(url, "take the login out of it: use 'username' and 'password_file'")
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise _bad_url(url, "give it as mqtt://HOST:PORT or mqtts://HOST:PORT")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise _bad_url(url, "leave out what follows the port")
    return BrokerAddress(host=parts.hostname, port=port or _PORTS[parts.scheme], encrypted=parts.scheme == "mqtts")


def _bad_url(url: str, todo: str) -> ConfigError:
    return ConfigError("the broker's URL cannot be used", found=f"'{redact(url)}'", todo=todo)


def read_login(config: MqttConfig, device: str) -> Login | None:
    """Return the login from the password file or the environment, or None where neither is set.

    Raises ConfigError where the file cannot be read or is empty, and where a username has no password.
    """
    if config.password_file is not None:
        password = _password_from(Path(config.password_file))
    else:
        password = os.environ.get(config.password_env, "")
    if password:
        return Login(username=config.username or device, password=Secret(password))
    if config.username is not None:
        raise ConfigError(
            "the broker's username has no password",
            found=f"'{config.username}', and ${config.password_env} is not set",
            todo="set 'password_file'",
        )
    return None


def _password_from(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_PASSWORD_BYTES + 1)
        text = raw.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigError("cannot read the password file", where=str(path), found=error.strerror) from error
    except UnicodeDecodeError as error:
        raise ConfigError("the password file is not UTF-8", where=str(path)) from error
    if not text or len(raw) > _MAX_PASSWORD_BYTES:
        size = "nothing" if not text else f"more than {_MAX_PASSWORD_BYTES} bytes"
        raise ConfigError("the password file must hold one password", where=str(path), found=size)
    return text


def tls_context(config: TlsConfig) -> ssl.SSLContext:
    """Return a context that checks the broker's certificate and name. Raises ConfigError for unusable files."""
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
        if config.certificate_file is not None:
            context.load_cert_chain(config.certificate_file, config.key_file)
    except (OSError, ValueError) as error:
        files = [config.ca_file, config.certificate_file, config.key_file]
        raise ConfigError(
            "the TLS files cannot be used",
            where=", ".join(one for one in files if one is not None),
            found=str(error),
            todo="give PEM files that this user may read",
        ) from error
    return context
