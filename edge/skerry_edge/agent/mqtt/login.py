"""How to log in to the broker, without ever showing a secret."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.agent.config.delivery import MqttConfig
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.redaction import MASK
from skerry_edge.foundation.secret_file import read_secret


class Secret:
    """A password that shows itself only when asked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def reveal(self) -> str:
        """Return the password itself."""
        return self._value


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """The name and password that a device presents; the name is its own id unless the configuration says otherwise."""

    username: str
    password: Secret


def read_login(config: MqttConfig, device: str) -> Login | None:
    """Return the login from the password file or the environment, or None where neither is set.

    Raises what reading the file raises, and ConfigError where a username has no password.
    """
    if config.password_file is not None:
        password = read_secret(Path(config.password_file))
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
