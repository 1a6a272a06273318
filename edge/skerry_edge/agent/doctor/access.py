"""Whether the service's user may use the devices that are there: owner, group and mode against its groups."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.agent.doctor.findings import Finding
from skerry_edge.agent.install.places import UNIT_FILE, USER

_DEVICES = ("video*", "media*", "snd/pcmC*c", "dri/renderD*", "accel/accel*", "apex_*", "dma_heap/*")
_GROUPS = re.compile(r"^SupplementaryGroups=(?P<names>.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A device file: who owns it and who may do what."""

    path: str
    uid: int
    group: str
    mode: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """Somebody who wants to use devices: a user with its groups' names."""

    name: str
    uid: int
    groups: frozenset[str]


def look_at_access(devices: Path = Path("/dev")) -> tuple[Finding, ...]:
    """Judge the devices that are there for the service's user, or where it is not installed for this one."""
    return (judge_access(find_devices(devices), _service_user() or _this_user()),)


def judge_access(devices: Iterable[Device], who: Who) -> Finding:
    """Judge whether ``who`` may read and write each device."""
    devices = list(devices)
    if not devices:
        return Finding(
            name="permissions", status="not applicable", found="no camera, sound or accelerator device is there"
        )
    barred = [one for one in devices if not _may_use(one, who)]
    if not barred:
        return Finding(name="permissions", status="ok", found=f"{who.name} may use all {len(devices)} devices")
    groups = ",".join(sorted({one.group for one in barred}))
    names = ", ".join(one.path for one in barred[:4]) + (" …" if barred[4:] else "")
    todo = f"run `sudo skerry agent install` again, or let it join the groups: sudo usermod -aG {groups} {who.name}"
    return Finding(name="permissions", status="failed", found=f"{who.name} may not use {names}", todo=todo)


def _may_use(device: Device, who: Who) -> bool:
    if who.uid == 0:
        return True
    owner, group, others = (device.mode >> shift & 0o6 for shift in (6, 3, 0))
    granted = owner if device.uid == who.uid else group if device.group in who.groups else others
    return granted == 0o6


def find_devices(folder: Path) -> list[Device]:
    """Return the devices below ``folder`` that pictures, sound and inference come from."""
    found = []
    for pattern in _DEVICES:
        for path in sorted(folder.glob(pattern)):
            try:
                about = path.stat()
            except OSError:
                continue  # unplugged this moment
            if stat.S_ISCHR(about.st_mode):
                found.append(
                    Device(path=str(path), uid=about.st_uid, group=_group_name(about.st_gid), mode=about.st_mode)
                )
    return found


def _service_user() -> Who | None:
    try:
        user, unit = pwd.getpwnam(USER), Path(UNIT_FILE).read_text(encoding="utf-8")
    except (KeyError, OSError):
        return None
    match = _GROUPS.search(unit)
    named = {_group_name(gid) for gid in os.getgrouplist(user.pw_name, user.pw_gid)}
    return Who(name=USER, uid=user.pw_uid, groups=frozenset(named | set(match["names"].split() if match else ())))


def _this_user() -> Who:
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Who(name=name, uid=uid, groups=frozenset(map(_group_name, (os.getegid(), *os.getgroups()))))


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
