"""Whether whoever runs the agent, the service's user or this one, can read the files that a configuration names."""

from __future__ import annotations

import grp
import os
import pwd
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.doctor.findings import Finding
from skerry_edge.agent.install.places import CONFIG_DIR, CONFIG_FILE, UNIT_FILE, USER
from skerry_edge.agent.install.reading import Reader, named_files, why_unreadable
from skerry_edge.agent.install.sight import hidden_by

_GROUPS = re.compile(r"^SupplementaryGroups=(?P<names>.*)$", re.MULTILINE)
NAME = "files"


def look_at_files(config: AgentConfig | None, config_file: Path | None) -> Sequence[Finding]:
    """Judge the files of a configuration as whoever runs the agent with it sees them."""
    if config is None or config_file is None:
        return (Finding(name=NAME, status="not applicable", found="no configuration"),)
    reader = reader_of(config_file)
    return (judge_files([("the configuration", str(config_file.absolute())), *named_files(config)], reader),)


def judge_files(files: Iterable[tuple[str, str]], reader: Reader, root: Path = Path("/")) -> Finding:
    """Judge whether ``reader`` may read each of (key, path)."""
    files = list(files)
    barred = [(key, reason) for key, path in files if (reason := why_unreadable(path, reader, root)) is not None]
    if not barred:
        return Finding(name=NAME, status="ok", found=f"{reader.name} may read all {len(files)}")
    found = "; ".join(f"{key}: {reason}" for key, reason in barred)
    todo = f"put them below {CONFIG_DIR} and let the group read them: sudo chown root:{USER} FILE, sudo chmod 640 FILE"
    if reader.name != USER:
        todo = "correct the paths, or let this user read the files"
    return Finding(name=NAME, status="failed", found=found, todo=todo)


def reader_of(config_file: Path) -> Reader:
    """Return who runs the agent with a configuration: the service's user with its own, else whoever asks."""
    if config_file.absolute() == Path(CONFIG_FILE):
        service = _service()
        if service is not None:
            return service
    uid = os.geteuid()
    return Reader(name=_user_name(uid), uid=uid, gids=frozenset((os.getegid(), *os.getgroups())))


def unit_text() -> str | None:
    """Return the installed unit with its drop-ins behind it, None where there is none. Raises OSError."""
    unit = Path(UNIT_FILE)
    parts = [unit, *sorted(Path(f"{unit}.d").glob("*.conf"))]
    texts = [one.read_text(encoding="utf-8", errors="replace") for one in parts if one.is_file()]
    return "\n".join(texts) if texts else None


def _service() -> Reader | None:
    unit = unit_text()
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        return None
    if unit is None:
        return None
    joined = {gid for match in _GROUPS.finditer(unit) for name in match["names"].split() for gid in _gid(name)}
    own = os.getgrouplist(user.pw_name, user.pw_gid)
    return Reader(name=USER, uid=user.pw_uid, gids=frozenset({*own, *joined}), hidden=hidden_by(unit))


def _gid(name: str) -> list[int]:
    try:
        return [grp.getgrnam(name).gr_gid]
    except KeyError:
        return []  # a group that has gone since: it grants nothing


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
