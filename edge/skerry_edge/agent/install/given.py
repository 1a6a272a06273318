"""A configuration that somebody brings along: whether the service could use it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from skerry_boards.loader import load_board
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.delivery import TlsConfig
from skerry_edge.agent.install.places import CA_FILE, CONFIG_DIR, CONFIG_FILE, PASSWORD_FILE, STATE_DIR
from skerry_edge.agent.install.sight import is_hidden
from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.config import parse_toml, read_toml
from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.redaction import redact
from skerry_edge.foundation.small_file import read_small

_MAX_AUTHORITY_BYTES = 1 << 20


def read_configuration(path: Path, *, has_password: bool, has_authority: bool) -> str:
    """Return the text of a configuration that fits the unit. Raises ConfigError, ReachError."""
    text = read_toml(path)
    config = parse_toml(text, AgentConfig, name=str(path))
    hidden = next((one for one in _strings(msgspec.toml.decode(text)) if is_hidden(one)), None)
    if hidden is not None:
        raise ConfigError(
            "the service could not see a file that the configuration names",
            where=str(path),
            found=f"'{redact(hidden)}'",
            todo=f"put it below {CONFIG_DIR} or {STATE_DIR}: homes and /tmp are not in the service's sight",
        )
    load_board(config.board)
    parse_broker_url(config.mqtt.url, where=f"{path}, key 'mqtt.url'")
    tls = config.mqtt.tls or TlsConfig()
    for is_copied, key, said, place in (
        (has_password, "mqtt.password_file", config.mqtt.password_file, PASSWORD_FILE),
        (has_authority, "mqtt.tls.ca_file", tls.ca_file, CA_FILE),
    ):
        if is_copied and str(PurePosixPath(CONFIG_DIR) / (said or "")) != place:
            raise ConfigError(
                "the configuration does not read a file where it will be",
                where=f"{path}, key '{key}'",
                found=f"'{said}'" if said else "nothing",
                todo=f"set it to {place}",
            )
    if config.state_dir != STATE_DIR:
        raise ConfigError(
            "the service may write nowhere else than in its own state directory",
            where=f"{path}, key 'state_dir'",
            found=f"'{config.state_dir}'",
            todo=f"leave it out, or set it to {STATE_DIR} (the file goes to {CONFIG_FILE})",
        )
    return text


def read_authority(path: Path) -> str:
    """Return the text of a file of certificates (PEM). Raises ReachError, and ConfigError where it holds none."""
    try:
        text = read_small(path, _MAX_AUTHORITY_BYTES).decode("ascii", errors="replace")
    except OSError as error:
        todo = "check the path after --ca-file"
        raise ReachError("cannot read the certificate", where=str(path), found=error.strerror, todo=todo) from error
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(
            "this is no certificate of an authority",
            where=str(path),
            found=error.reason if isinstance(error, ssl.SSLError) else str(error),
            todo="give the PEM file of the authority that signed the broker's certificate",
        ) from error
    if "PRIVATE KEY" in text:
        raise ConfigError(
            "the authority's private key is in the file", where=str(path), todo="give its certificate alone"
        )
    return text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for inner in value.values() for text in _strings(inner))
    elif isinstance(value, list | tuple):
        yield from (text for inner in value for text in _strings(inner))
