"""From what the installer asks for to a request that can be carried out, or an error that says why not."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from skerry_boards.detection import detect
from skerry_boards.loader import all_boards, load_board
from skerry_boards.machine import read_machine
from skerry_boards.schema import Board
from skerry_edge.agent.broker import Secret
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.install.plan import CONFIG_DIR, CONFIG_FILE, PASSWORD_FILE, STATE_DIR, Request
from skerry_edge.agent.install.starter import starter_configuration
from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.secret_file import read_secret

AUTO = "auto"
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108  # places that are refused
"""What ProtectHome= and PrivateTmp= of the unit take out of the service's sight."""

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._+-]+")


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
    board = _board(wishes.board, root)
    _require_visible(wishes.program, root)
    password = Secret(read_secret(wishes.password_file)) if wishes.password_file is not None else None
    configuration = _configuration(wishes, board, has_password=password is not None)
    return Request(
        board=board,
        configuration=configuration,
        backends=_backends(parse_toml(configuration, AgentConfig, name="the configuration")),
        program=wishes.program,
        groups=groups,
        password=password,
    )


def _board(name: str, root: Path) -> Board:
    board = _detected(root) if name == AUTO else load_board(name)
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


def _require_visible(program: str, root: Path) -> None:
    """Refuse a program, or a Python behind its environment, that the unit hides from the service."""
    if not _PLAIN_PATH.fullmatch(program):
        todo = "use a path of letters, digits and / . _ + - alone: systemd reads other signs in its own way"
        raise ConfigError(
            "the program's path cannot stand in a unit", where="--program", found=repr(program), todo=todo
        )
    interpreter = (root / program.lstrip("/")).parent / "python3"
    real = [str(interpreter.resolve())] if root == Path("/") and interpreter.exists() else []
    for place in (program, *real):
        path = os.path.normpath(place)
        if _is_hidden(path):
            raise ConfigError(
                "the service could not see the program that it is to run",
                where="--program",
                found=f"'{path}'",
                todo="make an environment elsewhere (/usr/bin/python3 -m venv /opt/skerry) and install Skerry there",
            )


def _is_hidden(path: str) -> bool:
    return any(PurePosixPath(os.path.normpath(path)).is_relative_to(place) for place in _HIDDEN)


def _backends(config: AgentConfig) -> set[str]:
    return {name for one in config.pipelines if isinstance(one, DetectionPipeline) for name in one.backends}


def _configuration(wishes: Wishes, board: Board, *, has_password: bool) -> str:
    if wishes.config_file is not None:
        return _given(wishes.config_file, has_password=has_password)
    named = {"--site": wishes.site, "--device": wishes.device, "--broker": wishes.broker}
    missing = [option for option, value in named.items() if value is None]
    if missing:
        raise ConfigError(
            "not enough is known of the device", found=f"no {', '.join(missing)}", todo="or give --config"
        )
    broker = str(parse_broker_url(wishes.broker or "", where="--broker"))
    text = starter_configuration(
        board, site=wishes.site or "", device=wishes.device or "", broker=broker, has_password=has_password
    )
    parse_toml(text, AgentConfig, name="the new configuration")
    return text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for inner in value.values() for text in _strings(inner))
    elif isinstance(value, list | tuple):
        yield from (text for inner in value for text in _strings(inner))


def _given(path: Path, *, has_password: bool) -> str:
    """Return the text of a configuration that fits the unit. Raises ConfigError, ReachError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReachError("cannot read the configuration", where=str(path), found=str(error)) from error
    config = parse_toml(text, AgentConfig, name=str(path))
    hidden = next((one for one in _strings(msgspec.to_builtins(config)) if _is_hidden(one)), None)
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
