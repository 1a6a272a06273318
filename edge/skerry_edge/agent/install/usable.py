"""Whether the service could run with the configuration that an installation leaves: read as its user would."""

from __future__ import annotations

from pathlib import Path

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.checks import anchored, load_config
from skerry_edge.agent.install.accounts import find_user, gid_of
from skerry_edge.agent.install.places import CONFIG_FILE, USER
from skerry_edge.agent.install.reading import Reader, named_files, why_unreadable
from skerry_edge.agent.install.sight import HIDDEN
from skerry_edge.foundation.config import load_toml
from skerry_edge.foundation.errors import ConfigError


def require_usable(root: Path) -> AgentConfig:
    """Return the installed configuration. Raises ConfigError and ReachError where the agent would end with it at once.

    In an image the files that it names are looked for, and not into.
    """
    place = root / CONFIG_FILE.lstrip("/")
    config = (
        load_config(place) if root == Path("/") else anchored(load_toml(place, AgentConfig), Path(CONFIG_FILE).parent)
    )
    user = find_user(root, USER)
    if user is None:
        return config  # a rehearsal, in which nobody is made
    reader = Reader(name=USER, uid=user.uid, gids=frozenset({gid_of(root, USER)}), hidden=HIDDEN)
    for key, path in named_files(config):
        reason = why_unreadable(path, reader, root)
        # What a pipeline has not found is told when it starts, and tried again: it does not end the agent.
        if reason is not None and (key.startswith("mqtt.") or "password" in key):
            raise ConfigError(
                "the service's user could not read a file that the configuration names",
                where=f"{place}, key '{key}'",
                found=reason,
                todo=f"put it below /etc/skerry: sudo chown root:{USER} FILE, sudo chmod 640 FILE; then install again",
            )
    return config
