"""A configuration that somebody brings along: whether the service could use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from skerry_boards.loader import load_board
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.install.places import CONFIG_DIR, CONFIG_FILE, PASSWORD_FILE, STATE_DIR
from skerry_edge.agent.install.sight import is_hidden
from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.config import parse_toml, read_toml
from skerry_edge.foundation.errors import ConfigError


def read_configuration(path: Path, *, has_password: bool) -> str:
    """Return the text of a configuration that fits the unit. Raises ConfigError, ReachError."""
    text = read_toml(path)
    config = parse_toml(text, AgentConfig, name=str(path))
    hidden = next((one for one in _strings(msgspec.to_builtins(config)) if is_hidden(one)), None)
    if hidden is not None:
        raise ConfigError(
            "the service could not see a file that the configuration names",
            where=str(path),
            found=f"'{hidden}'",
            todo=f"put it below {CONFIG_DIR} or {STATE_DIR}: homes and /tmp are not in the service's sight",
        )
    load_board(config.board)
    parse_broker_url(config.mqtt.url, where=f"{path}, key 'mqtt.url'")
    password_file = str(PurePosixPath(CONFIG_DIR) / (config.mqtt.password_file or ""))
    if has_password and password_file != PASSWORD_FILE:
        raise ConfigError(
            "the configuration does not read the password where it will be",
            where=f"{path}, key 'mqtt.password_file'",
            found=f"'{config.mqtt.password_file}'",
            todo=f"set it to {PASSWORD_FILE}",
        )
    if config.state_dir != STATE_DIR:
        raise ConfigError(
            "the service may write nowhere else than in its own state directory",
            where=f"{path}, key 'state_dir'",
            found=f"'{config.state_dir}'",
            todo=f"leave it out, or set it to {STATE_DIR} (the file goes to {CONFIG_FILE})",
        )
    return text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for inner in value.values() for text in _strings(inner))
    elif isinstance(value, list | tuple):
        yield from (text for inner in value for text in _strings(inner))
