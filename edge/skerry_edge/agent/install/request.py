"""From what the installer asks for to a request that can be carried out, or an error that says why not."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from skerry_boards.schema import Board
from skerry_edge import __version__
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.install.board_choice import is_here
from skerry_edge.agent.install.given import read_authority
from skerry_edge.agent.install.plan import Request
from skerry_edge.agent.install.settling import Wishes, settled
from skerry_edge.agent.install.sight import require_visible
from skerry_edge.agent.install.systemd_versions import require_known
from skerry_edge.agent.install.target import systemd_version, usual_systemd
from skerry_edge.agent.mqtt.login import Secret
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.secret_file import read_secret
from skerry_edge.ota.trust.root_file import read_root


def request_from(wishes: Wishes, *, root: Path, groups: Collection[str], is_rehearsal: bool = False) -> Request:
    """Check the wishes. Raises ConfigError and ReachError, before anything has been changed.

    A rehearsal may be for another board than the machine that it runs on.
    """
    require_visible(wishes.program, root)
    password = Secret(read_secret(wishes.password_file)) if wishes.password_file is not None else None
    authority = read_authority(wishes.ca_file) if wishes.ca_file is not None else None
    trust = read_root(wishes.ota_root).text if wishes.ota_root is not None else None
    chosen = settled(wishes, root)
    config = parse_toml(chosen.text, AgentConfig, name=chosen.name)
    systemd = _systemd(chosen.board, root, is_rehearsal=is_rehearsal)
    require_known(systemd)
    return Request(
        board=chosen.board,
        configuration=chosen.text,
        is_given=chosen.is_given,
        backends=_backends(config),
        program=wishes.program,
        groups=groups,
        systemd=systemd,
        version=__version__,
        password=password,
        authority=authority,
        trust=trust,
    )


def _systemd(board: Board, root: Path, *, is_rehearsal: bool) -> int:
    if is_rehearsal and not is_here(board, root):
        return usual_systemd(board)
    return systemd_version(root, board)


def _backends(config: AgentConfig) -> set[str]:
    return {name for one in config.pipelines if isinstance(one, DetectionPipeline) for name in one.backends}
