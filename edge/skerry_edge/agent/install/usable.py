"""Whether the service could run with the configuration that an installation leaves: read as its user would."""

from __future__ import annotations

from pathlib import Path

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.checks import anchored, load_config
from skerry_edge.agent.install.accounts import gid_of, uid_of
from skerry_edge.agent.install.places import CONFIG_DIR, CONFIG_FILE, STATE_DIR, USER
from skerry_edge.agent.install.reading import Reader, named_files, why_unreadable
from skerry_edge.agent.install.sight import HIDDEN
from skerry_edge.foundation.config import load_toml
from skerry_edge.foundation.errors import ConfigError


def require_usable(root: Path) -> tuple[AgentConfig, list[str]]:
    """Return the installed configuration, and what keeps single pipelines from running with it.

    Raises ConfigError and ReachError where the agent would end with it at once. In an image the files that it names are
    looked for, and not into.
    """
    place = root / CONFIG_FILE.lstrip("/")
    config = (
        load_config(place) if root == Path("/") else anchored(load_toml(place, AgentConfig), Path(CONFIG_FILE).parent)
    )
    if config.state_dir != STATE_DIR:
        raise ConfigError(
            "the service may write nowhere else than in its own state directory",
            where=f"{place}, key 'state_dir'",
            found=f"'{config.state_dir}'",
            todo=f"leave it out, or set it to {STATE_DIR}",
        )
    gid = gid_of(root, USER)
    reader = Reader(name=USER, uid=uid_of(root, USER), gids=frozenset({gid}), hidden=HIDDEN)
    troubles = []
    for key, path in named_files(config):
        reason = why_unreadable(path, reader, root)
        if reason is None:
            continue
        if key.startswith("mqtt.") or key.endswith("password_file"):
            raise ConfigError(
                "the service's user could not read a file that the configuration names",
                where=f"{place}, key '{key}'",
                found=reason,
                todo=f"put it below {CONFIG_DIR}: sudo chown root:{USER} FILE, sudo chmod 640 FILE; then install again",
            )
        # A pipeline that finds its source later goes on by itself: it does not end the agent.
        troubles.append(f"{key}: {reason}")
    return config, troubles
