"""From what the installer asks for to a request that can be carried out, or an error that says why not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from skerry_boards.detection import detect
from skerry_boards.loader import all_boards, load_board
from skerry_boards.machine import read_machine
from skerry_boards.schema import Board
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.install.given import read_configuration
from skerry_edge.agent.install.plan import Request
from skerry_edge.agent.install.sight import require_visible
from skerry_edge.agent.install.starter import starter_configuration
from skerry_edge.agent.mqtt.login import Secret
from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.secret_file import read_secret

AUTO = "auto"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """The command's options as they were given."""

    board: str
    site: str | None
    device: str | None
    broker: str | None
    password_file: Path | None
    config_file: Path | None
    program: str


def request_from(wishes: Wishes, *, root: Path, groups: Collection[str]) -> Request:
    """Check the wishes. Raises ConfigError and ReachError, before anything has been changed."""
    require_visible(wishes.program, root)
    password = Secret(read_secret(wishes.password_file)) if wishes.password_file is not None else None
    if wishes.config_file is not None:
        configuration = read_configuration(wishes.config_file, has_password=password is not None)
        config = parse_toml(configuration, AgentConfig, name=str(wishes.config_file))
        board = _configured(wishes.board, config.board)
    else:
        board = _require_computer(_detected(root) if wishes.board == AUTO else load_board(wishes.board))
        configuration = _first(wishes, board, has_password=password is not None)
        config = parse_toml(configuration, AgentConfig, name="the new configuration")
    return Request(
        board=board,
        configuration=configuration,
        backends=_backends(config),
        program=wishes.program,
        groups=groups,
        password=password,
    )


def _configured(wanted: str, configured: str) -> Board:
    """Return the board that a given configuration names, which nobody may contradict."""
    board = load_board(configured)
    if wanted not in (AUTO, configured, board.name):
        found = f"--board {wanted}, and '{configured}' in the configuration"
        raise ConfigError("two boards are named", where="--board", found=found, todo="leave out --board")
    return _require_computer(board)


def _require_computer(board: Board) -> Board:
    if board.kind != "computer":
        raise ConfigError(
            "no agent runs on a microcontroller",
            where="--board",
            found=f"'{board.name}'",
            todo=f"'skerry convert … --to mcu-int8 --board {board.name}' makes what runs there",
        )
    return board


def _detected(root: Path) -> Board:
    found = detect(read_machine(root), all_boards())
    if found.match is not None:
        return found.match.board
    candidates = ", ".join(one.board.name for one in found.candidates)
    todo = f"name one with --board: {candidates}" if candidates else "name one of `skerry boards list` with --board"
    raise ConfigError(
        "the board cannot be told for certain", where="--board auto", found=found.machine.model or "no name", todo=todo
    )


def _backends(config: AgentConfig) -> set[str]:
    return {name for one in config.pipelines if isinstance(one, DetectionPipeline) for name in one.backends}


def _first(wishes: Wishes, board: Board, *, has_password: bool) -> str:
    """Return a first configuration for the board. Raises ConfigError where too little is known of the device."""
    named = {"--site": wishes.site, "--device": wishes.device, "--broker": wishes.broker}
    missing = [option for option, value in named.items() if value is None]
    if missing:
        raise ConfigError(
            "not enough is known of the device", found=f"no {', '.join(missing)}", todo="or give --config"
        )
    broker = str(parse_broker_url(wishes.broker or "", where="--broker"))
    return starter_configuration(
        board, site=wishes.site or "", device=wishes.device or "", broker=broker, has_password=has_password
    )
