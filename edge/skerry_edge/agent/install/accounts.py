"""Users and groups of a file tree that may not be the one that runs: read from its own /etc/passwd and /etc/group."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_edge.foundation.errors import MissingError, ReachError


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A user as passwd(5) has it."""

    name: str
    uid: int
    comment: str


def find_user(root: Path, name: str) -> Account | None:
    """Return a user of the tree, or None. Raises ReachError where its passwd cannot be read."""
    for fields in _rows(root / "etc/passwd", 7):
        if fields[0] == name and fields[2].isdecimal():
            return Account(name=name, uid=int(fields[2]), comment=fields[4])
    return None


def groups_of(root: Path) -> dict[str, int]:
    """Return the tree's groups and their numbers. Raises ReachError where its group file cannot be read."""
    return {fields[0]: int(fields[2]) for fields in _rows(root / "etc/group", 4) if fields[2].isdecimal()}


def members_of(root: Path, name: str) -> list[str] | None:
    """Return who is in a group of the tree by name, None where there is none. Raises ReachError as `groups_of`."""
    for fields in _rows(root / "etc/group", 4):
        if fields[0] == name:
            return [one for one in fields[3].split(",") if one]
    return None


def uid_of(root: Path, name: str) -> int:
    """Return a user's number. Raises MissingError where the tree has no such user."""
    if name == "root":
        return 0
    user = find_user(root, name)
    if user is None:
        raise MissingError("there is no such user", where=str(root / "etc/passwd"), found=f"'{name}'")
    return user.uid


def gid_of(root: Path, name: str) -> int:
    """Return a group's number. Raises MissingError where the tree has no such group."""
    if name == "root":
        return 0
    groups = groups_of(root)
    if name not in groups:
        raise MissingError("there is no such group", where=str(root / "etc/group"), found=f"'{name}'")
    return groups[name]


def _rows(path: Path, width: int) -> list[list[str]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ReachError(
            "cannot read who there is on the system",
            where=str(path),
            found=error.strerror,
            todo="give --root the top of a system's file tree",
        ) from error
    return [fields for fields in (line.split(":") for line in lines) if len(fields) >= width]
