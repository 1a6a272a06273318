"""What installing the agent on a board means, as a list of steps; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from skerry_boards.schema import Board
from skerry_edge.agent.install.places import (
    CA_FILE,
    CACHE_DIR,
    CONFIG_DIR,
    CONFIG_FILE,
    LAUNCHER_DIR,
    LAUNCHER_FILE,
    PASSWORD_FILE,
    PROGRAM_LINK,
    ROOT_FILE,
    RULES_FILE,
    STATE_DIR,
    SYSTEM_PYTHON,
    UNIT,
    UNIT_FILE,
    UNIT_LINK,
    USER,
)
from skerry_edge.agent.install.steps import Command, Folder, Link, ServiceUser, Step, TextFile
from skerry_edge.agent.install.systemd_versions import fitted, system_call_filter
from skerry_edge.agent.install.templates import marked, render
from skerry_edge.agent.mqtt.login import Secret
from skerry_edge.ota import launcher

DEVICE_GROUPS = ("video", "audio", "render", "plugdev", "gpio")
"""Whose members Debian, Raspberry Pi OS and Ubuntu let use cameras, sound, graphics and NPUs, USB devices and pins."""
_SUBSYSTEMS = ("usb", "apex", "accel")
"""Where the rules' devices are: triggering all others would set networks and disks up anew."""
_SAFE_RUNTIMES = {"litert", "onnx", "edgetpu"}
"""Runtimes that never write the code that they run (found by running each under prctl(PR_SET_MDWE))."""
_OUTLASTING = (PASSWORD_FILE, CA_FILE, ROOT_FILE)
_PROGRAM = re.compile(r"^ExecStart=(?:\S+ -I -S \S+ \S+ )?(?P<program>/\S+) agent run ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is to be installed: the configuration's text, the program in the target, and the target's groups.

    ``is_given`` says that somebody brought the configuration along. ``backends`` are those that it names, ``systemd``
    is the version of the target's, ``version`` Skerry's own, ``authority`` the text of a certificate that the broker
    is to be known by, ``trust`` that of the root of trust of updates over the air.
    """

    board: Board
    configuration: str
    is_given: bool = False
    program: str
    groups: Collection[str]
    systemd: int
    version: str
    backends: Collection[str] = ()
    password: Secret | None = None
    authority: str | None = None
    trust: str | None = None


def install_plan(request: Request) -> tuple[Step, ...]:
    """Return the steps in the order in which they are carried out: first what is made, then the commands."""
    secrets = [_password(request.password)] if request.password is not None else []
    for path, text in ((CA_FILE, request.authority), (ROOT_FILE, request.trust)):
        if text is not None:
            secrets.append(TextFile(path=path, content=text, mode=0o640, group=USER, outlasts=True))
    link = [_program_link(request.program)] if request.program != PROGRAM_LINK else []
    lines = request.board.system.udev_rules if request.board.system else ()
    rules = [_rules(request.board.name, lines)] if lines else []
    return (
        *_frame(),
        TextFile(
            path=CONFIG_FILE,
            content=marked(request.configuration, is_given=request.is_given),
            mode=0o640,
            group=USER,
            is_kept=True,
        ),
        *secrets,
        *rules,
        Folder(path=LAUNCHER_DIR, mode=0o755, owner="root", group="root"),
        TextFile(path=LAUNCHER_FILE, content=Path(launcher.__file__).read_text("utf-8"), mode=0o644),
        TextFile(path=UNIT_FILE, content=_unit(request), mode=0o644),
        Link(path=UNIT_LINK, target=UNIT_FILE),
        *link,
        Command(program=("udevadm", "control", "--reload"), after=(RULES_FILE,)),
        Command(
            program=("udevadm", "trigger", *(f"--subsystem-match={one}" for one in _SUBSYSTEMS)), after=(RULES_FILE,)
        ),
        Command(program=("systemctl", "daemon-reload"), after=(UNIT_FILE, UNIT_LINK)),
        Command(
            program=("systemctl", "restart", UNIT),
            after=(UNIT_FILE, UNIT_LINK, LAUNCHER_FILE, CONFIG_FILE, PASSWORD_FILE, CA_FILE, ROOT_FILE),
        ),
    )


def removal_plan(program: str | None) -> tuple[Step, ...]:
    """Return what an installation may have left, whatever it was asked for, in the order of undoing.

    ``program`` is what the unit runs, None where there is no unit.
    """
    return (
        Command(program=("systemctl", "stop", UNIT), after=(UNIT_FILE,), while_there=True),
        Link(path=UNIT_LINK, target=UNIT_FILE),
        *((_program_link(program),) if program is not None else ()),
        TextFile(path=UNIT_FILE, content="", mode=0),
        TextFile(path=LAUNCHER_FILE, content="", mode=0),
        Folder(path=LAUNCHER_DIR, mode=0, owner="root", group="root"),
        TextFile(path=RULES_FILE, content="", mode=0),
        TextFile(path=CONFIG_FILE, content="", mode=0, is_kept=True),
        *(TextFile(path=one, content="", mode=0, outlasts=True, secret=True) for one in _OUTLASTING),
        *reversed(_frame()),
        Command(program=("systemctl", "daemon-reload"), after=(UNIT_FILE, UNIT_LINK)),
        Command(program=("udevadm", "control", "--reload"), after=(RULES_FILE,)),
    )


def _frame() -> tuple[Step, ...]:
    return (
        ServiceUser(name=USER, home=STATE_DIR, comment="Skerry agent", owns=(CONFIG_DIR, STATE_DIR, CACHE_DIR)),
        Folder(path=CONFIG_DIR, mode=0o750, owner="root", group=USER),
        Folder(path=STATE_DIR, mode=0o750, owner=USER, group=USER, holds_state=True),
        Folder(path=CACHE_DIR, mode=0o750, owner=USER, group=USER, holds_state=True),
    )


def _program_link(program: str) -> Link:
    return Link(path=PROGRAM_LINK, target=program, is_shy=True)


def program_of(unit: str) -> str | None:
    """Return what a unit of ours runs, None where the text is of another kind."""
    match = _PROGRAM.search(unit)
    return match["program"] if match else None


def _password(password: Secret) -> TextFile:
    content = f"{password.reveal()}\n"
    return TextFile(path=PASSWORD_FILE, content=content, mode=0o640, group=USER, secret=True, outlasts=True)


def _rules(board: str, lines: Sequence[str]) -> TextFile:
    content = render("skerry.rules", {"BOARD": board, "RULES": "\n".join(lines)})
    return TextFile(path=RULES_FILE, content=content, mode=0o644, needs="/etc/udev")


def _unit(request: Request) -> str:
    system = request.board.system
    groups = [name for name in DEVICE_GROUPS if name in request.groups]
    runs_on = {one.choice for one in request.board.runtimes} | set(request.backends)
    text = render(
        UNIT,
        {
            # Another version is another unit: what runs is then started anew.
            "VERSION": request.version,
            "SYSTEM_CALLS": system_call_filter(request.systemd),
            "PYTHON": SYSTEM_PYTHON,
            "LAUNCHER": LAUNCHER_FILE,
            "STATE": STATE_DIR,
            "PROGRAM": request.program,
            "CONFIG": CONFIG_FILE,
            "USER": USER,
            "GROUPS": f"SupplementaryGroups={' '.join(groups)}" if groups else "",
            "SOCKETS": "\n".join(f"BindPaths=-{path}" for path in (system.sockets if system else ())),
            "DEVICES": "\n".join(f"DeviceAllow={one} rw" for one in (system.devices if system else ())),
            "WRITE_XOR_EXECUTE": "yes" if runs_on <= _SAFE_RUNTIMES else "no",
        },
    )
    return fitted(text, request.systemd)
