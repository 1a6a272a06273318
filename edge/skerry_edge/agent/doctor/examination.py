"""Which checks a device gets, from its configuration and from what it is."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from skerry_boards.detection import detect
from skerry_boards.loader import all_boards, load_board
from skerry_boards.machine import Machine, read_machine
from skerry_boards.schema import Board
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.delivery import OutboxConfig
from skerry_edge.agent.doctor import accelerators, access, broker, files, pipelines, runtimes, system, updates
from skerry_edge.agent.doctor.findings import Check, Finding
from skerry_edge.agent.install.packages import how_to_install, installed_packages, missing_packages
from skerry_edge.agent.install.places import STATE_DIR, UNIT, UNIT_FILE
from skerry_edge.backends.registry import missing_reason

_BROKER_S = 30.0
"""Two attempts to connect, each with its own limits, and looking up the name."""

_BROKER_TODO = "see that the broker runs, that its name can be looked up, and that no firewall lies between"


def checks_for(config: AgentConfig | None, config_file: Path | None) -> Sequence[Check]:
    """Return the checks in the order in which a person would look; without a configuration, those of the machine."""
    machine = read_machine()
    match = detect(machine, all_boards()).match
    detected = match.board if match else None
    configured = load_board(config.board) if config else None
    board = configured or detected
    outbox = config.outbox if config else OutboxConfig()
    state_dir = Path(config.state_dir if config else STATE_DIR)
    reader = files.reader_of(config_file) if config_file is not None else None
    wanted = runtimes.wanted_backends(board, config)
    return [
        Check(name="python", look=system.look_at_python),
        Check(name="board", look=partial(system.look_at_board, configured, detected)),
        Check(name="system packages", look=partial(look_at_packages, board)),
        Check(name="runtimes", look=partial(runtimes.judge_runtimes, wanted, missing_reason=missing_reason)),
        Check(name="service's bounds", look=partial(_confinement, wanted)),
        Check(name="accelerator", look=partial(_accelerators, board, machine)),
        *pipelines.pipeline_checks(config.pipelines if config else ()),
        Check(name="permissions", look=access.look_at_access),
        Check(name=files.NAME, look=partial(files.look_at_files, config, config_file)),
        Check(name="shared memory", look=system.look_at_shared_memory),
        Check(name="disk", look=partial(system.look_at_disk, state_dir, outbox.max_bytes, reader)),
        Check(name="clock", look=system.look_at_clock),
        Check(name="broker", look=partial(_broker, config), limit_s=_BROKER_S, todo=_BROKER_TODO),
        Check(
            name=updates.NAME,
            look=partial(look_at_updates, config),
            limit_s=updates.PER_MIRROR_S * (len(config.ota.mirrors) if config and config.ota else 1),
        ),
        Check(name="service", look=look_at_service),
    ]


def _confinement(wanted: Sequence[str]) -> Sequence[Finding]:
    return runtimes.judge_confinement(files.unit_text(), wanted)


def _accelerators(board: Board | None, machine: Machine) -> Sequence[Finding]:
    if board is None:
        return (Finding(name="accelerator", status="not applicable", found="no profile is called for"),)
    return accelerators.judge_accelerators(board, machine, missing_reason=missing_reason)


def _broker(config: AgentConfig | None) -> Sequence[Finding]:
    if config is None:
        return (Finding(name="broker", status="not applicable", found="no configuration", todo="give --config"),)
    return broker.look_at_broker(config)


def look_at_updates(config: AgentConfig | None) -> Sequence[Finding]:
    """Judge where updates over the air come from."""
    if config is None:
        return (Finding(name=updates.NAME, status="not applicable", found="no configuration"),)
    return updates.look_at_updates(config.ota)


def look_at_packages(board: Board | None) -> Sequence[Finding]:
    """Judge whether the packages of a board's profile are installed, where Debian's dpkg can tell."""
    wanted = board.system.apt_packages if board and board.system else ()
    here = installed_packages(wanted)
    if here is None:
        found = "no package of Debian's is asked for here"
        return (Finding(name="system packages", status="not applicable", found=found),)
    return judge_packages(wanted, here)


def judge_packages(wanted: Sequence[str], here: set[str]) -> Sequence[Finding]:
    """Judge which packages are not installed."""
    missing = missing_packages(wanted, here)
    if missing:
        found = f"not installed: {', '.join(missing)}"
        return (Finding(name="system packages", status="warning", found=found, todo=how_to_install(missing)),)
    return (Finding(name="system packages", status="ok", found=", ".join(wanted)),)


def look_at_service() -> Sequence[Finding]:
    """Judge whether the service runs, where systemd does."""
    if not Path("/run/systemd/system").is_dir() or not Path(UNIT_FILE).is_file():
        return (
            Finding(name="service", status="not applicable", found="not installed as a service of a running systemd"),
        )
    done = subprocess.run(["systemctl", "is-active", UNIT], capture_output=True, text=True, timeout=10, check=False)
    state = done.stdout.strip() or "unknown"
    if state == "active":
        return (Finding(name="service", status="ok", found="active"),)
    todo = f"systemctl status {UNIT}; sudo journalctl -u {UNIT} -n 50"
    return (Finding(name="service", status="failed", found=state, todo=todo),)
