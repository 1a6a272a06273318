"""The configuration that an earlier installation left: what it says, and whether it may be written anew."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.install.places import CONFIG_FILE
from skerry_edge.agent.install.templates import Written, read_marked
from skerry_edge.foundation.config import parse_toml, read_toml
from skerry_edge.foundation.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Existing:
    """A configuration that is there, and what it says."""

    written: Written
    config: AgentConfig

    @property
    def is_ours(self) -> bool:
        """Whether the installer made it up and nobody has touched it since."""
        return not (self.written.is_edited or self.written.is_given)


def read_existing(root: Path) -> Existing | None:
    """Return the configuration of the tree, None where there is none. Raises ReachError, ConfigError."""
    path = root / CONFIG_FILE.lstrip("/")
    if not os.path.lexists(path):
        return None
    text = read_toml(path)
    return Existing(written=read_marked(text), config=parse_toml(text, AgentConfig, name=str(path)))


def refuse_override(where: str, differing: dict[str, tuple[str, str]]) -> ConfigError:
    """Return the error for options that a configuration contradicts: by option, what it says and what was asked."""
    told = "; ".join(
        f"{option} {asked}, and {said} in the configuration" for option, (said, asked) in differing.items()
    )
    options = ", ".join(differing)
    return ConfigError(
        "a configuration is there that says something else, and is not the installer's own to change",
        where=where,
        found=told,
        todo=f"change it there and run `systemctl reload-or-restart skerry-agent`, or leave out {options}",
    )
