"""A file tree that is worked on: where its paths are, whose they are, and which programs change it."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from skerry_edge.agent.install.accounts import gid_of, uid_of
from skerry_edge.foundation.errors import MissingError, ReachError


class Tree:
    """The files below ``root``, links in them followed only as far as they stay there."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def at(self, path: str) -> Path:
        """Return where a path of the tree is. Raises ReachError where a link in an image leads out of it."""
        place = self.root / path.lstrip("/")
        self.resolved(place.parent)
        return place

    def resolved(self, place: Path) -> Path:
        """Return what a place is after all links. Raises ReachError where that is outside the tree, or nowhere."""
        todo = "run this inside the image (chroot) instead"
        try:
            found = place.resolve()
        except (OSError, RuntimeError) as error:  # Python before 3.13 has a RuntimeError for links in a circle
            raise ReachError("a link leads nowhere", where=str(place), found=str(error), todo="remove it") from error
        if found.is_symlink():  # as later ones leave it
            raise ReachError("a link leads nowhere", where=str(place), todo="remove it")
        if not found.is_relative_to(self.root):
            raise ReachError("a link leads out of the file tree", where=str(place), found=str(found), todo=todo)
        return found

    def exists(self, path: str) -> bool:
        """Tell whether anything lies at a path, a link that leads nowhere as well. Raises ReachError."""
        return os.path.lexists(self.at(path))

    def read(self, path: str) -> str:
        """Return the text of a file that is there. Raises ReachError."""
        place = self.at(path)
        try:
            return place.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise ReachError("cannot read a file that is there", where=str(place), found=error.strerror) from error

    def has(self, place: Path, mode: int, owner: str, group: str) -> bool:
        """Tell whether a place has a mode and belongs to a user and a group of the tree."""
        found = place.lstat()
        try:
            ids = (uid_of(self.root, owner), gid_of(self.root, group))
        except MissingError:
            return False  # the user is still to be made
        return stat.S_IMODE(found.st_mode) == mode and (found.st_uid, found.st_gid) == ids

    def own(self, place: Path, mode: int, owner: str, group: str) -> None:
        """Give a place to a user and a group of the tree. Raises MissingError."""
        os.chown(place, uid_of(self.root, owner), gid_of(self.root, group))
        place.chmod(mode)

    def prefix(self) -> tuple[str, ...]:
        """Return what tells the shadow programs to work on the tree."""
        return () if self.root == Path("/") else ("--prefix", str(self.root))


def empty(folder: Path) -> None:
    """Remove all that a folder holds."""
    for one in list(folder.iterdir()):
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()


def leads_to(place: Path, target: str) -> bool:
    """Tell whether a place is a link with this text."""
    return place.is_symlink() and str(place.readlink()) == target
