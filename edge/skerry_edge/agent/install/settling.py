"""Which configuration an installation goes by: one that is brought along, the one that is there, or a first one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from skerry_boards.loader import load_board
from skerry_boards.schema import Board
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.delivery import TlsConfig
from skerry_edge.agent.install.board_choice import AUTO, chosen_board, configured_board, require_computer
from skerry_edge.agent.install.existing import Existing, read_existing, refuse_override
from skerry_edge.agent.install.given import read_configuration
from skerry_edge.agent.install.places import CA_FILE, CONFIG_DIR, CONFIG_FILE, PASSWORD_FILE, ROOT_FILE
from skerry_edge.agent.install.program import runtime_seeker
from skerry_edge.agent.install.release_source import require_both
from skerry_edge.agent.install.starter import Naming, starter_configuration
from skerry_edge.agent.install.templates import is_edited
from skerry_edge.contracts.topics import NAME_IN_WORDS, is_name
from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import ConfigError

_FILES = ("--password-file", "--ca-file", "--ota-root")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """The command's options as they were given."""

    board: str
    site: str | None
    device: str | None
    broker: str | None
    password_file: Path | None
    ca_file: Path | None
    config_file: Path | None
    program: str
    ota_root: Path | None = None
    ota_mirrors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A configuration that has been decided on."""

    board: Board
    text: str
    name: str
    is_given: bool = False


def settled(wishes: Wishes, root: Path) -> Settled:
    """Decide on the configuration: the one brought along, the one that is there, or a first one."""
    existing = read_existing(root) if wishes.config_file is None or _is_edited(root) else None
    if wishes.config_file is not None:
        text = read_configuration(
            wishes.config_file, has_password=wishes.password_file is not None, has_authority=wishes.ca_file is not None
        )
        if existing is not None and existing.written.body != text:
            raise _refuse_replacement(wishes.config_file)
        config = parse_toml(text, AgentConfig, name=str(wishes.config_file))
        _refuse_contradiction(wishes, config, str(wishes.config_file))
        return Settled(
            board=configured_board(wishes.board, config.board), text=text, name=str(wishes.config_file), is_given=True
        )
    if existing is not None:
        return _continued(wishes, existing, root)
    board = chosen_board(wishes.board, root)
    return Settled(board=board, text=_first(wishes, board, root), name="the new configuration")


def _continued(wishes: Wishes, existing: Existing, root: Path) -> Settled:
    """Go on with the configuration that is there, written anew where it is the installer's own and options differ."""
    config = existing.config
    differing = _differing(wishes, config)
    if not differing:
        board = require_computer(load_board(config.board))
        return Settled(board=board, text=existing.written.body, name=CONFIG_FILE, is_given=existing.written.is_given)
    if not existing.is_ours:
        raise refuse_override(CONFIG_FILE, differing)
    merged = replace(
        wishes,
        site=wishes.site or config.site,
        device=wishes.device or config.device,
        broker=wishes.broker or config.mqtt.url,
        ota_mirrors=wishes.ota_mirrors or (config.ota.mirrors if config.ota is not None else ()),
    )
    board = require_computer(load_board(config.board if wishes.board == AUTO else wishes.board))
    has_password = config.mqtt.password_file is not None
    has_authority = config.mqtt.tls is not None and config.mqtt.tls.ca_file is not None
    text = _first(
        merged, board, root, has_password=has_password, has_authority=has_authority, has_trust=config.ota is not None
    )
    return Settled(board=board, text=text, name="the new configuration")


def _differing(wishes: Wishes, config: AgentConfig) -> dict[str, tuple[str, str]]:
    """Return by option what a configuration says and what was asked, where that differs."""
    tls = config.mqtt.tls or TlsConfig()
    broker = None if wishes.broker is None else str(parse_broker_url(wishes.broker, where="--broker"))
    mirrors = () if config.ota is None else config.ota.mirrors
    asked: dict[str, tuple[str | None, str | None]] = {
        "--board": (load_board(config.board).name, None if wishes.board == AUTO else load_board(wishes.board).name),
        "--site": (config.site, wishes.site),
        "--device": (config.device, wishes.device),
        "--broker": (str(parse_broker_url(config.mqtt.url)), broker),
        "--password-file": (config.mqtt.password_file, PASSWORD_FILE if wishes.password_file else None),
        "--ca-file": (tls.ca_file, CA_FILE if wishes.ca_file else None),
        "--ota-root": (None if config.ota is None else config.ota.root, ROOT_FILE if wishes.ota_root else None),
        "--ota-mirror": (", ".join(mirrors) or None, ", ".join(wishes.ota_mirrors) or None),
    }
    return {
        option: (f"'{said}'" if said else "nothing", f"'{wish}'")
        for option, (said, wish) in asked.items()
        if wish is not None and wish != _absolute(option, said)
    }


def _absolute(option: str, said: str | None) -> str | None:
    """Return a value of the configuration; a file's relative path is from the configuration's own folder."""
    return str(PurePosixPath(CONFIG_DIR) / said) if said is not None and option in _FILES else said


def _refuse_contradiction(wishes: Wishes, config: AgentConfig, where: str) -> None:
    """Refuse options that a given configuration says otherwise: nobody could tell which was meant."""
    differing = {option: both for option, both in _differing(wishes, config).items() if option != "--board"}
    if differing:
        raise refuse_override(where, differing)


def _is_edited(root: Path) -> bool:
    path = root / CONFIG_FILE.lstrip("/")
    try:
        return is_edited(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return False  # nothing there, or nothing that can be read: then writing says so


def _refuse_replacement(given: Path) -> ConfigError:
    return ConfigError(
        "the configuration that is there has been edited, and another one is given",
        where=CONFIG_FILE,
        found=f"--config {given}",
        todo=f"leave out --config to keep it, or move it away first: sudo mv {CONFIG_FILE} {CONFIG_FILE}.old",
    )


def _first(
    wishes: Wishes,
    board: Board,
    root: Path,
    *,
    has_password: bool = False,
    has_authority: bool = False,
    has_trust: bool = False,
) -> str:
    """Return a first configuration for the board. Raises ConfigError where too little is known of the device."""
    named = {"--site": wishes.site, "--device": wishes.device, "--broker": wishes.broker}
    missing = [option for option, value in named.items() if value is None]
    if missing:
        raise ConfigError(
            "not enough is known of the device",
            found=f"no {', '.join(missing)}",
            todo="give them, or a whole configuration with --config",
        )
    for option, value in (("--site", wishes.site), ("--device", wishes.device)):
        if not is_name(value or ""):
            raise ConfigError("a name cannot be used", where=option, found=f"'{value}'", todo=f"use {NAME_IN_WORDS}")
    broker = parse_broker_url(wishes.broker or "", where="--broker")
    if wishes.ca_file is not None and not broker.encrypted:
        raise ConfigError(
            "a certificate is given, and the connection is not encrypted",
            where="--broker",
            found=str(broker),
            todo="write mqtts://, or leave out --ca-file",
        )
    require_both(wishes.ota_root, wishes.ota_mirrors, has_trust=has_trust)
    naming = Naming(
        site=wishes.site or "",
        device=wishes.device or "",
        broker=str(broker),
        has_password=has_password or wishes.password_file is not None,
        has_authority=has_authority or wishes.ca_file is not None,
        mirrors=wishes.ota_mirrors,
    )
    return starter_configuration(board, naming, is_here=runtime_seeker(wishes.program, root))
