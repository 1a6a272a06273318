"""A clean system to install into: this one's files below an empty layer, in a mount namespace of its own."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SETUP = """\
set -e
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for each in proc sys dev; do mount --rbind "/$each" "$1/root/$each"; done
mount -t tmpfs -o mode=1777 tmpfs "$1/root/mnt"
echo ready
exec sleep 600
"""
_BACKUPS = {f"etc/{name}-" for name in ("passwd", "group", "shadow", "gshadow")} | {"etc/.pwd.lock"}
"""What the shadow programs keep of the last state, and their lock."""


@dataclass
class CleanSystem:
    """The system's root as a process sees it that has entered its namespace, and what was written there."""

    pid: int
    folder: Path

    @property
    def root(self) -> Path:
        return Path(f"/proc/{self.pid}/root{self.folder}/root")

    def command(self, *arguments: object) -> list[str]:
        """Return the command line that runs a program in there."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "chroot", f"{self.folder}/root"]
        return [*enter, *map(str, arguments)]

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=120, check=False, env=environment
        )

    def changes(self) -> set[str]:
        """Return the paths that are not as they are on the machine itself: other content, owner or mode, or gone.

        What this Python's environment does to itself is not counted.
        """
        upper = self.root.parent / "upper"
        own = tuple(one.lstrip("/") for one in sys.path if "site-packages" in one)
        found = set()
        for folder, folders, names in os.walk(upper):
            for name in (*folders, *names):
                path = Path(folder, name)
                relative = str(path.relative_to(upper))
                if (
                    relative not in _BACKUPS
                    and not relative.startswith(own)
                    and _look(path) != _look(Path("/", relative))
                ):
                    found.add(relative)
        return found


def _look(path: Path) -> tuple[object, ...] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
        return None  # overlayfs's mark for a file that was removed
    content: object = None
    if stat.S_ISREG(found.st_mode):
        content = hashlib.sha256(path.read_bytes()).digest()
    elif stat.S_ISLNK(found.st_mode):
        content = os.readlink(path)  # noqa: PTH115  # the link's own text
    return (stat.S_IFMT(found.st_mode), stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, content)


CONFINE = """\
import ctypes, os, sys
from ctypes.util import find_library
names, command = sys.argv[1].split(","), sys.argv[2:]
seccomp = ctypes.CDLL(find_library("seccomp"))
seccomp.seccomp_init.restype = ctypes.c_void_p
ALLOW, ERRNO_EPERM = 0x7FFF0000, 0x00050001
default, action = (ALLOW, ERRNO_EPERM) if names[0] == "~" else (ERRNO_EPERM, ALLOW)
filter = ctypes.c_void_p(seccomp.seccomp_init(default))
for name in names:
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:
        assert seccomp.seccomp_rule_add(filter, action, number, 0) == 0, name
assert seccomp.seccomp_load(filter) == 0
os.execvp(command[0], command)
"""


@pytest.fixture
def confined(need_program: Callable[[str], str]) -> Callable[[str], list[str]]:
    """Return a function that gives what stands before a command to run it under a unit's filter of system calls.

    The groups are systemd's own; of the settings those are understood that the unit has.
    """
    import ctypes.util

    if ctypes.util.find_library("seccomp") is None:
        pytest.skip("libseccomp is not installed: apt install libseccomp2")
    listing = [need_program("systemd-analyze"), "syscall-filter", "--no-pager"]
    groups: dict[str, list[str]] = {}
    for line in subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines():
        if line.startswith("@"):
            groups[line.strip()] = []
        elif line.startswith("    ") and groups and not line.strip().startswith("#"):
            list(groups.values())[-1].append(line.strip())

    def calls(name: str) -> set[str]:
        return {one for inner in groups[name] for one in calls(inner)} if name.startswith("@") else {name}

    def prefix(unit: str) -> list[str]:
        values = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("SystemCallFilter=")]
        denies = values[0].startswith("~")  # the first decides what the list is of
        listed: set[str] = set()
        for value in values:
            named = {one for name in value.removeprefix("~").split() for one in calls(name)}
            listed = listed | named if value.startswith("~") == denies else listed - named
        names = [*(["~"] if denies else []), *sorted(listed)]
        return [os.path.realpath(sys.executable), "-c", CONFINE, ",".join(names)]

    return prefix


@pytest.fixture
def clean_system(tmp_path: Path, need_program: Callable[[str], str], project_root: Path) -> Iterator[CleanSystem]:
    """A clean system with Skerry in /opt/skerry; the test is skipped where namespaces or overlays are not allowed."""
    if os.geteuid() != 0:
        pytest.skip("a clean system takes root: namespaces, overlays and users are made")
    for program in ("unshare", "nsenter", "setpriv", "useradd", "systemd-analyze"):
        need_program(program)
    folder = tmp_path / "system"
    folder.mkdir()
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", SETUP, "sh", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stderr is not None
    try:
        if holder.stdout.readline() != "ready\n":
            pytest.skip(f"no overlay can be mounted here: {holder.stderr.read().strip()}")
        system = CleanSystem(pid=holder.pid, folder=folder)
        _put_skerry(system, project_root)
        yield system
    finally:
        holder.kill()
        holder.communicate(timeout=30)


def _put_skerry(system: CleanSystem, project_root: Path) -> None:
    """Copy the packages to where anybody can read them, open the way to this Python, and make udev's directory."""
    (system.root / "etc/udev/rules.d").mkdir(parents=True, exist_ok=True)
    program = system.root / "opt/skerry/bin/skerry"
    program.parent.mkdir(parents=True)
    for package in ("edge/skerry_edge", "firmware_configs/skerry_boards"):
        subprocess.run(["cp", "-r", "--parents", package, str(program.parents[1])], cwd=project_root, check=True)
    paths = ["/opt/skerry/edge", "/opt/skerry/firmware_configs", *(one for one in sys.path if "site-packages" in one)]
    program.write_text(
        "#!/bin/sh\n"
        f"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={os.pathsep.join(paths)} exec {os.path.realpath(sys.executable)} -c "
        "'from skerry_edge.cli import main; main()' \"$@\"\n"
    )
    program.chmod(0o755)
    needed = [Path(os.path.realpath(sys.executable)), *map(Path, paths[2:])]
    for folder in {parent for one in needed for parent in one.parents} - {Path("/")}:
        inside = system.root / str(folder).lstrip("/")
        inside.chmod(inside.stat().st_mode | 0o011)
