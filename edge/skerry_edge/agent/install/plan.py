"""What installing the agent on a board means, as a list of steps; pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from skerry_boards.schema import Board
from skerry_edge.agent.install.steps import Command, Folder, Link, ServiceUser, Step, TextFile
from skerry_edge.agent.install.templates import marked, render
from skerry_edge.agent.mqtt.login import Secret

UNIT = "skerry-agent.service"
USER = "skerry"
CONFIG_DIR = "/etc/skerry"
CONFIG_FILE = f"{CONFIG_DIR}/agent.toml"
PASSWORD_FILE = f"{CONFIG_DIR}/mqtt-password"
STATE_DIR = "/var/lib/skerry"
CACHE_DIR = "/var/cache/skerry"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
UNIT_LINK = f"/etc/systemd/system/multi-user.target.wants/{UNIT}"
RULES_FILE = "/etc/udev/rules.d/60-skerry.rules"
DEVICE_GROUPS = ("video", "audio", "render", "plugdev", "gpio")
"""Whose members Debian, Raspberry Pi OS and Ubuntu let use cameras, sound, graphics and NPUs, USB devices and pins."""
_SUBSYSTEMS = ("usb", "apex", "accel")
"""Where the rules' devices are: triggering all others would set networks and disks up anew."""
_SAFE_RUNTIMES = {"litert", "onnx", "edgetpu"}
"""Runtimes that never write the code that they run (found by running each under prctl(PR_SET_MDWE))."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is to be installed: the configuration's text, the program in the target, and the target's groups.

    ``backends`` are those that the configuration names.
    """

    board: Board
    configuration: str
    program: str
    groups: Collection[str]
    backends: Collection[str] = ()
    password: Secret | None = None


def install_plan(request: Request) -> tuple[Step, ...]:
    """Return the steps in the order in which they are carried out."""
    password = [_password(request.password)] if request.password is not None else []
    lines = request.board.system.udev_rules if request.board.system else ()
    rules = [_rules(request.board.name, lines)] if lines else []
    return (
        *_frame(),
        TextFile(path=CONFIG_FILE, content=marked(request.configuration), mode=0o640, group=USER, is_kept=True),
        *password,
        *rules,
        TextFile(path=UNIT_FILE, content=_unit(request), mode=0o644),
        Link(path=UNIT_LINK, target=UNIT_FILE),
        Command(program=("udevadm", "control", "--reload"), after=(RULES_FILE,)),
        Command(
            program=("udevadm", "trigger", *(f"--subsystem-match={one}" for one in _SUBSYSTEMS)), after=(RULES_FILE,)
        ),
        Command(program=("systemctl", "daemon-reload"), after=(UNIT_FILE, UNIT_LINK)),
        Command(program=("systemctl", "restart", UNIT), after=(UNIT_FILE, UNIT_LINK, CONFIG_FILE, PASSWORD_FILE)),
    )


def removal_plan() -> tuple[Step, ...]:
    """Return what an installation may have left, whatever it was asked for, in the order of undoing."""
    return (
        Command(program=("systemctl", "stop", UNIT), after=(UNIT_FILE,)),
        Link(path=UNIT_LINK, target=UNIT_FILE),
        TextFile(path=UNIT_FILE, content="", mode=0),
        TextFile(path=RULES_FILE, content="", mode=0),
        TextFile(path=PASSWORD_FILE, content="", mode=0, secret=True),
        TextFile(path=CONFIG_FILE, content="", mode=0, is_kept=True),
        *reversed(_frame()),
        Command(program=("systemctl", "daemon-reload"), after=(UNIT_FILE, UNIT_LINK)),
        Command(program=("udevadm", "control", "--reload"), after=(RULES_FILE,)),
    )


def _frame() -> tuple[Step, ...]:
    return (
        ServiceUser(name=USER, home=STATE_DIR, comment="Skerry agent"),
        Folder(path=CONFIG_DIR, mode=0o750, owner="root", group=USER),
        Folder(path=STATE_DIR, mode=0o750, owner=USER, group=USER, holds_state=True),
        Folder(path=CACHE_DIR, mode=0o750, owner=USER, group=USER, holds_state=True),
    )


def _password(password: Secret) -> TextFile:
    return TextFile(path=PASSWORD_FILE, content=f"{password.reveal()}\n", mode=0o640, group=USER, secret=True)


def _rules(board: str, lines: Sequence[str]) -> TextFile:
    content = render("skerry.rules", {"BOARD": board, "RULES": "\n".join(lines)})
    return TextFile(path=RULES_FILE, content=content, mode=0o644, needs="/etc/udev")


def _unit(request: Request) -> str:
    system = request.board.system
    groups = [name for name in DEVICE_GROUPS if name in request.groups]
    runs_on = {one.choice for one in request.board.runtimes} | set(request.backends)
    return render(
        UNIT,
        {
            "PROGRAM": request.program,
            "CONFIG": CONFIG_FILE,
            "USER": USER,
            "GROUPS": f"SupplementaryGroups={' '.join(groups)}" if groups else "",
            "SOCKETS": "\n".join(f"BindPaths=-{path}" for path in (system.sockets if system else ())),
            "DEVICES": "\n".join(f"DeviceAllow={one} rw" for one in (system.devices if system else ())),
            "WRITE_XOR_EXECUTE": "yes" if runs_on <= _SAFE_RUNTIMES else "no",
        },
    )
