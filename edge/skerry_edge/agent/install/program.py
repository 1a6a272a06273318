"""The program that the service is to run: whether it is there and is Skerry, and which runtimes lie beside it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from skerry_edge.agent.install.system_program import run_program
from skerry_edge.backends.registry import BACKENDS, entry_of, missing_reason
from skerry_edge.foundation.errors import MissingError, ReachError

_MOST_LINKS = 20
_FIRST_BYTES = 512
_TODO = "make its environment first (/usr/bin/python3 -m venv --clear /opt/skerry), and install Skerry's wheel there"


def own_program() -> str:
    """Return the `skerry` beside the Python that runs this, whose environment the service is to run in."""
    return str(Path(sys.executable).parent / "skerry")


def require_program(program: str, root: Path) -> None:
    """Refuse a program that is not there, cannot be run or, where it can be asked, is not Skerry.

    Raises MissingError and ReachError.
    """
    place = _within(root, program)
    if not place.is_file():
        raise MissingError("the program that the service is to run is not there", found=str(place), todo=_in(root))
    if not place.stat().st_mode & stat.S_IXUSR:
        raise MissingError("the program for the service cannot be executed", found=str(place), todo=_in(root))
    if root != Path("/"):
        _require_interpreter(place, root)
    elif not run_program((program, "--version")).startswith("skerry"):
        raise ReachError("the program that the service is to run is not Skerry", found=program, todo=_in(root))


def runtime_seeker(program: str, root: Path) -> Callable[[str], bool]:
    """Return a function that tells whether a backend's runtime lies in the program's environment.

    Where that environment cannot be looked into, all of them count as being there.
    """
    if root == Path("/") and program == own_program():
        return lambda choice: missing_reason(choice) is None
    folders = list(_within(root, program).parent.parent.glob("lib*/python3*/site-packages"))
    if not folders:
        return lambda choice: choice.partition(":")[0] in BACKENDS
    return lambda choice: any((folder / one).is_dir() for one in entry_of(choice).runtimes for folder in folders)


def _require_interpreter(place: Path, root: Path) -> None:
    """Refuse a script whose interpreter the image does not have, as that of an environment made elsewhere."""
    with place.open("rb") as file:
        first = file.read(_FIRST_BYTES).split(b"\n")[0]
    if not first.startswith(b"#!"):
        return
    interpreter = os.fsdecode(first[2:].strip().split(b" ")[0])
    if not _within(root, interpreter).is_file():
        raise MissingError(
            "the program's interpreter is not there", where=str(place), found=interpreter, todo=_in(root)
        )


def _within(root: Path, path: str) -> Path:
    """Return where a path of the tree is, its links followed as a process sees them whose root that is."""
    place = root / path.lstrip("/")
    for _ in range(_MOST_LINKS):
        if not place.is_symlink():
            return place
        target = str(place.readlink())
        place = root / target.lstrip("/") if target.startswith("/") else place.parent / target
    return place


def _in(root: Path) -> str:
    return _TODO if root == Path("/") else f"in the image (chroot {root}), {_TODO}"
