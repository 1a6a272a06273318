"""What an installation consists of: typed steps, each of which can be looked at, carried out and undone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceUser:
    """A system user without a login, and the group of the same name; ``comment`` marks it as ours.

    It stays for as long as one of the folders that it ``owns``: no file is to be left to a number.
    """

    name: str
    home: str
    comment: str
    owns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """A directory. ``holds_state`` says that it outlives an uninstallation that does not purge."""

    path: str
    mode: int
    owner: str
    group: str
    holds_state: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TextFile:
    """A file. With ``is_kept`` one that somebody has edited stays as it is; a ``secret`` is never shown.

    What ``outlasts`` an uninstallation is taken only by one that purges: a configuration that stays may name it.
    It is written only where the directory ``needs`` is there, by which a program shows that it is installed.
    """

    path: str
    content: str
    mode: int
    owner: str = "root"
    group: str = "root"
    is_kept: bool = False
    secret: bool = False
    outlasts: bool = False
    needs: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A symbolic link, such as the one by which systemd starts a unit at boot.

    One that ``is_shy`` is made only where its folder is there and nothing else lies at its place, and only itself is
    undone.
    """

    path: str
    target: str
    is_shy: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A program to run where the system is up and one of the files ``after`` has changed.

    With ``while_there`` one of them must still be there as well.
    """

    program: tuple[str, ...]
    after: tuple[str, ...]
    while_there: bool = False


Step = ServiceUser | Folder | TextFile | Link | Command
