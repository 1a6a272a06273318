"""What another configuration asks of the running agent: which pipelines go on, begin, begin anew or end; pure."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.foundation.errors import ConfigError

FIXED = ("site", "device", "state_dir")
"""Keys that cannot change while the agent runs: who it is, and where all that it keeps is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """The names of the pipelines by what becomes of them, and the other keys that change."""

    kept: tuple[str, ...]
    restarted: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    keys: tuple[str, ...]

    def __str__(self) -> str:
        """Return what changes, in a line."""
        parts = {
            "started": self.added,
            "started anew": self.restarted,
            "ended": self.removed,
            "changed": self.keys,
        }
        told = [f"{what}: {', '.join(names)}" for what, names in parts.items() if names]
        return "; ".join(told) or "nothing changes"


def changes_between(old: AgentConfig, new: AgentConfig) -> Changes:
    """Compare what runs with what is to run. Raises ConfigError where that takes a new start of the agent."""
    changed = [name for name in AgentConfig.__struct_fields__ if getattr(old, name) != getattr(new, name)]
    fixed = [name for name in changed if name in FIXED]
    if old.mqtt.password_env != new.mqtt.password_env:
        # The environment is that of the start, and the children were given all of it but this one.
        fixed.append("mqtt.password_env")
    if fixed:
        raise ConfigError(
            "this cannot change while the agent runs",
            found=", ".join(f"'{name}'" for name in fixed),
            todo="restart the agent, or take the change back",
        )
    before = {one.name: one for one in old.pipelines}
    after = {one.name: one for one in new.pipelines}
    return Changes(
        kept=tuple(name for name, one in after.items() if before.get(name) == one),
        restarted=tuple(name for name, one in after.items() if name in before and before[name] != one),
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        keys=tuple(name for name in changed if name != "pipelines"),
    )
