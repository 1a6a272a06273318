"""The publisher struck: every command of the repository cut off at every file that it writes, and given again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from chaos.ota_attack_cells import begin
from chaos.ota_cells import Cell, LostError
from chaos.ota_device import UnderTest, WrongClock, in_folder
from chaos.ota_forgeries import NEW, NEW_BYTES, OLD
from chaos.ota_repositories import BOARD, Rig
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.atomic import publish as give_name
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.ota.errors import TransferError
from skerry_server.releases.amending import Amendment, amend
from skerry_server.releases.offers import Offer
from skerry_server.releases.publishing import publish
from skerry_server.releases.refreshing import refresh
from skerry_server.releases.repository import Disk, Repository
from skerry_server.releases.rotation import Change, rotate_root
from skerry_server.releases.verification import Examination, verify_repository

TABLE = "publisher"

RIGHT = "clock right"
Act = Callable[[Rig, Repository], object]


class _CutError(Exception):
    """The machine lost its power."""


def _publish(rig: Rig, repository: Repository) -> object:
    return publish(repository, [Offer.of_bytes(NEW, NEW_BYTES)], rig.signatory, rig.now)


def _renew(rig: Rig, repository: Repository) -> object:
    return amend(repository, Amendment(floors={OLD.subject: OLD.counter}), rig.signatory, rig.now)


def _refresh(rig: Rig, repository: Repository) -> object:
    with repository.locked():
        return refresh(repository, rig.signatory, rig.now, leaving=1)


def _rotate(group: str) -> Act:
    """Replace the newest key of a group, whichever that is after a rotation that was cut off."""

    def act(rig: Rig, repository: Repository) -> object:
        ring = rig.custody.online if group == "online" else rig.custody.offline
        present = repository.root().signed.keys
        name = next(key.name for key in ring.keys.values() if key.name.startswith(group) and key.keyid in present)
        return rotate_root(repository, rig.custody, Change(replace=(name,)), rig.signatory, rig.now)

    return act


COMMANDS: dict[str, tuple[int, Act]] = {
    "publish": (5, _publish),
    "raise a floor": (3, _renew),
    "refresh": (2, _refresh),
    "replace an online key": (3, _rotate("online")),
    "replace a targets key": (4, _rotate("targets")),
    "replace a root key": (2, _rotate("root")),
}
"""What is done, and how many files of the repository it writes."""


def cells() -> Iterator[Cell]:
    """Yield every command, cut off before and within each of the files that it writes."""
    for row, (writes, act) in COMMANDS.items():
        yield Cell(table=TABLE, row=row, column="not cut", run=partial(uncut, act=act, writes=writes))
        for number in range(writes):
            for is_torn in (False, True):
                column = f"cut {'within' if is_torn else 'before'} file {number + 1} of {writes}"
                struck = partial(cut, act=act, at=number, is_torn=is_torn)
                yield Cell(table=TABLE, row=row, column=column, run=struck)


def uncut(folder: Path, *, act: Act, writes: int) -> str:
    """Return what the device ran after a command that writes as many files as the table says. Raises LostError."""
    rig, device = _begin(folder)
    try:
        act(rig, Repository(rig.repository.path, disk=_struck(writes, is_torn=False)))
    except _CutError as error:
        raise LostError("the command writes more files than the table says") from error
    return _state(device)


def cut(folder: Path, *, act: Act, at: int, is_torn: bool) -> str:
    """Return what the device ran after the cut, once all is well after the same command again. Raises LostError."""
    rig, device = _begin(folder)
    struck = Repository(rig.repository.path, disk=_struck(at, is_torn=is_torn))
    try:
        act(rig, struck)
    except _CutError:
        between = _state(device)
    else:
        raise LostError("the command writes fewer files than the table says")
    act(rig, rig.repository)
    report = verify_repository(rig.repository.path, Examination(now=rig.now))
    if not report.is_sound:
        raise LostError(f"not sound: {report.findings}")
    if act is _publish and _state(device) != "new":
        raise LostError("the release was not published by the second try")
    _state(device)
    return between


def _begin(folder: Path) -> tuple[Rig, UnderTest]:
    """Return a repository with OLD published, and a device that has committed it and only looks."""
    rig, _ = begin(folder, RIGHT)
    device = UnderTest(
        folder=folder / "looking",
        root=rig.root,
        mirrors=in_folder(rig.repository.path),
        clock=WrongClock(rig.now.timestamp()),
        board=BOARD,
    )
    device.commit(OLD, device.bring(OLD))
    return rig, device


def _state(device: UnderTest) -> str:
    """Return whether the device finds the new release or the old state whole. Raises LostError."""
    try:
        device.check()
    except SkerryError as error:
        raise LostError(f"the device cannot use the repository: {error}") from error
    try:
        return "new" if device.bring(NEW).read_bytes() == NEW_BYTES else "LOST"
    except ReleaseError as error:
        if error.reason != "not-found":
            raise LostError(f"refused with '{error.reason}'") from error
        return "old"
    except TransferError as error:
        raise LostError(f"a file that is listed is not there: {error}") from error


def _struck(at: int, *, is_torn: bool) -> Disk:
    """Return a disk that loses its power before or within the change number ``at``."""
    left = [at]

    def write(path: Path, data: bytes) -> None:
        if left[0] == 0:
            if is_torn:
                path.with_name(f".{path.name}.tmp").write_bytes(data[: len(data) // 2])
            raise _CutError
        left[0] -= 1
        write_atomic(path, data)

    def give(aside: Path, path: Path) -> None:
        if left[0] == 0:
            if is_torn:
                aside.write_bytes(aside.read_bytes()[: aside.stat().st_size // 2])
            raise _CutError
        left[0] -= 1
        give_name(aside, path)

    return Disk(write=write, give=give)
