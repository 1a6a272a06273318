"""Carries out and undoes the steps of an installation in a file tree: the running system's, or an image's."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatchmethod
from pathlib import Path
from typing import Literal

from skerry_edge.agent.install.accounts import find_user, groups_of, members_of
from skerry_edge.agent.install.pending import Pending
from skerry_edge.agent.install.places import PENDING_FILE
from skerry_edge.agent.install.steps import Command, Folder, Link, ServiceUser, Step, TextFile
from skerry_edge.agent.install.system_program import run_program
from skerry_edge.agent.install.templates import is_edited
from skerry_edge.agent.install.tree import Tree, empty, leads_to
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError

Result = Literal["created", "changed", "unchanged", "kept", "removed", "absent", "ran", "not needed", "not here"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a step, or in a rehearsal what would."""

    step: Step
    result: Result
    note: str | None = None


class Executor:
    """Works below ``root``. ``is_live`` says that systemd runs there; a rehearsal changes nothing."""

    def __init__(self, root: Path, *, is_live: bool, is_rehearsal: bool = False) -> None:
        """Take up what an earlier run left undone. Raises ReachError."""
        self._tree = Tree(root)
        self._is_live = is_live
        self._is_rehearsal = is_rehearsal
        self._changed = Pending(self._tree.at(PENDING_FILE) if is_live and not is_rehearsal else None)
        self._gone: set[str] = set()

    def install(self, steps: Iterable[Step]) -> list[Outcome]:
        """Carry out the steps; what is there already stays. Raises ReachError, MissingError.

        A command runs where a file that it is for has changed, in this run or in one that did not get so far.
        """
        steps = tuple(steps)
        self._refuse_misplaced(steps)
        outcomes = [self._install(step) for step in steps]
        if any(isinstance(step, Command) for step in steps):
            self._changed.clear()
        return outcomes

    def remove(self, steps: Iterable[Step], *, purge: bool) -> list[Outcome]:
        """Undo the steps; ``purge`` takes state, secrets and edited files as well. Raises ReachError, MissingError."""
        steps = tuple(steps)
        self._refuse_misplaced(steps)
        # What stops the service runs before its files go, and is decided by their being there.
        for step in steps:
            if isinstance(step, TextFile | Link) and self._tree.exists(step.path):
                self._changed.note(step.path)
        self._gone = set()
        outcomes = []
        for step in steps:
            outcomes.append(self._remove(step, purge=purge))
            if outcomes[-1].result == "removed" and not isinstance(step, Command | ServiceUser):
                self._gone.add(step.path)
        self._changed.clear()
        return outcomes

    def _refuse_misplaced(self, steps: Iterable[Step]) -> None:
        """Raise ReachError, before anything is touched, for a link out of an image, and for what is of another kind."""
        for step in steps:
            if isinstance(step, Command | ServiceUser):
                continue
            place = self._tree.at(step.path)
            if isinstance(step, Link):  # what a link says is for the system that will run
                is_other = place.is_dir() and not place.is_symlink() and not step.is_shy
            else:
                found = self._tree.resolved(place)
                is_other = found.exists() and not (found.is_dir() if isinstance(step, Folder) else found.is_file())
            if is_other:
                wanted = "directory" if isinstance(step, Folder) else "file"
                raise ReachError(f"something else has the place of a {wanted}", where=str(place), todo="move it away")

    @singledispatchmethod
    def _install(self, step: Step) -> Outcome:
        raise TypeError(type(step).__name__)

    @_install.register
    def _(self, step: ServiceUser) -> Outcome:
        if find_user(self._tree.root, step.name) is not None:
            return Outcome(step=step, result="unchanged")
        group = ("--gid", step.name) if step.name in groups_of(self._tree.root) else ("--user-group",)
        options = ("--system", *group, "--no-create-home", "--home-dir", step.home, "--shell", "/usr/sbin/nologin")
        self._run(("useradd", *self._tree.prefix(), *options, "--comment", step.comment, step.name))
        return Outcome(step=step, result="created")

    @_install.register
    def _(self, step: Folder) -> Outcome:
        # A link to a directory is as good: the state of a device may lie on a disk of its own.
        path = self._tree.resolved(self._tree.at(step.path))
        there = path.exists()
        if there and self._tree.has(path, step.mode, step.owner, step.group):
            return Outcome(step=step, result="unchanged")
        if not self._is_rehearsal:
            path.mkdir(parents=True, exist_ok=True)
            self._tree.own(path, step.mode, step.owner, step.group)
        return Outcome(step=step, result="changed" if there else "created")

    @_install.register
    def _(self, step: TextFile) -> Outcome:
        if step.needs is not None and not self._tree.exists(step.needs):
            return Outcome(step=step, result="not here", note=f"there is no {step.needs}")
        path, there = self._tree.at(step.path), self._tree.exists(step.path)
        text = self._tree.read(step.path) if there else None
        if text == step.content and self._tree.has(path, step.mode, step.owner, step.group):
            return Outcome(step=step, result="unchanged")
        if text is not None and step.is_kept and text != step.content and is_edited(text):
            return Outcome(step=step, result="kept", note="it has been edited since it was written")
        self._changed.note(step.path)
        if not self._is_rehearsal:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, step.content.encode(), mode=0o600)
            self._tree.own(path, step.mode, step.owner, step.group)
        return Outcome(step=step, result="changed" if there else "created")

    @_install.register
    def _(self, step: Link) -> Outcome:
        path, there = self._tree.at(step.path), self._tree.exists(step.path)
        if there and leads_to(path, step.target):
            return Outcome(step=step, result="unchanged")
        if step.is_shy and there:
            return Outcome(step=step, result="kept", note="something else lies there")
        if step.is_shy and not path.parent.is_dir():
            return Outcome(step=step, result="not here", note=f"there is no {Path(step.path).parent}")
        self._changed.note(step.path)
        if not self._is_rehearsal:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.symlink_to(step.target)
        return Outcome(step=step, result="changed" if there else "created")

    @_install.register
    def _(self, step: Command) -> Outcome:
        return self._command(step)

    @singledispatchmethod
    def _remove(self, step: Step, *, purge: bool) -> Outcome:  # noqa: ARG002  # the signature of all that follow
        raise TypeError(type(step).__name__)

    @_remove.register
    def _(self, step: ServiceUser, *, purge: bool) -> Outcome:  # noqa: ARG002  # the others' signature
        user = find_user(self._tree.root, step.name)
        if user is None:
            return Outcome(step=step, result="absent")
        if user.comment != step.comment:
            return Outcome(step=step, result="kept", note="it was there before")
        left = [path for path in step.owns if path not in self._gone and self._tree.exists(path)]
        if left:
            return Outcome(step=step, result="kept", note=f"what stays belongs to it: {', '.join(left)}")
        self._run(("userdel", *self._tree.prefix(), step.name))
        if not self._is_rehearsal and members_of(self._tree.root, step.name) == []:
            # `userdel` leaves the group where USERGROUPS_ENAB is not set in login.defs.
            self._run(("groupdel", *self._tree.prefix(), step.name))
        return Outcome(step=step, result="removed")

    @_remove.register
    def _(self, step: Folder, *, purge: bool) -> Outcome:
        place = self._tree.at(step.path)
        if not self._tree.exists(step.path):
            return Outcome(step=step, result="absent")
        path = self._tree.resolved(place)
        names = [one.name for one in path.iterdir()] if path.exists() else []
        held = sorted(name for name in names if not self._was_removed(step.path, name))
        if held and not (purge and step.holds_state):
            return Outcome(step=step, result="kept", note=f"it holds {', '.join(held[:3])}{' …' if held[3:] else ''}")
        if path.is_mount():
            if not self._is_rehearsal:
                empty(path)
            return Outcome(step=step, result="kept", note="a file system is mounted there; it is empty now")
        if not self._is_rehearsal:
            if path.exists():
                shutil.rmtree(path)
            if place.is_symlink():
                place.unlink()
        return Outcome(step=step, result="removed")

    @_remove.register
    def _(self, step: TextFile, *, purge: bool) -> Outcome:
        path = self._tree.at(step.path)
        if not self._tree.exists(step.path):
            return Outcome(step=step, result="absent")
        if step.outlasts and not purge:
            return Outcome(step=step, result="kept", note="a configuration may name it; --purge takes it")
        if step.is_kept and not purge and is_edited(self._tree.read(step.path)):
            return Outcome(step=step, result="kept", note="it has been edited; --purge takes it")
        return self._unlink(step, path)

    @_remove.register
    def _(self, step: Link, *, purge: bool) -> Outcome:  # noqa: ARG002  # the others' signature
        path = self._tree.at(step.path)
        if not self._tree.exists(step.path):
            return Outcome(step=step, result="absent")
        if step.is_shy and not leads_to(path, step.target):
            return Outcome(step=step, result="kept", note="something else lies there")
        return self._unlink(step, path)

    @_remove.register
    def _(self, step: Command, *, purge: bool) -> Outcome:  # noqa: ARG002  # the others' signature
        return self._command(step)

    def _unlink(self, step: TextFile | Link, path: Path) -> Outcome:
        if not self._is_rehearsal:
            path.unlink()
        return Outcome(step=step, result="removed")

    def _was_removed(self, folder: str, name: str) -> bool:
        """Tell whether what still lies in a folder would be gone by now, were this no rehearsal."""
        return f"{folder}/{name}" in self._gone

    def _command(self, step: Command) -> Outcome:
        is_late = step.while_there and not any(map(self._tree.exists, step.after))
        if is_late or not any(path in self._changed for path in step.after):
            return Outcome(step=step, result="not needed")
        if not self._is_live or shutil.which(step.program[0]) is None:
            return Outcome(step=step, result="not here", note="systemd does not run here")
        self._run(step.program)
        return Outcome(step=step, result="ran")

    def _run(self, program: tuple[str, ...]) -> None:
        if not self._is_rehearsal:
            run_program(program)
