"""What opens a private key: the passphrase of a file, or the PIN of a security module; and who is asked for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class SecretName:
    """Which secret is asked for: its kind, and the key that it opens."""

    kind: Literal["passphrase", "PIN"]
    key: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.key}"

    @property
    def variable(self) -> str:
        """Return the name of the environment's variable for all secrets of this kind."""
        return "SKERRY_OTA_PIN" if self.kind == "PIN" else "SKERRY_OTA_PASSPHRASE"

    def from_environment(self) -> str | None:
        """Return the secret that the environment holds, None where there is none."""
        return os.environ.get(self.variable) or None


AskSecret = Callable[[SecretName], str]
"""Gives the secret that it is asked for. Raises ConfigError where there is none."""
