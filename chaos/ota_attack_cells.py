"""The attack table: each forgery against a device whose caches are kept or emptied, and whose clock may be anywhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from chaos.ota_attacks import ATTACKS, Attack
from chaos.ota_cells import Cell, LostError
from chaos.ota_device import UnderTest, WrongClock, in_folder
from chaos.ota_forgeries import NEW, NEW_BYTES, OLD, fast_forward, honest, recover, rotate_three_times
from chaos.ota_repositories import BOARD, Rig, make_rig
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.errors import TransferError
from skerry_server.releases.repository import Repository

IN_2100_S = 4_102_444_800.0
CLOCKS: dict[str, Callable[[float], float | None]] = {
    "clock right": lambda now_s: now_s,
    "clock not set": lambda _: None,
    "clock in 1971": lambda _: 31_536_000.0,
    "clock in 2100": lambda _: IN_2100_S,
}
"""What the wall clock says, and believes of itself, in a device that is attacked."""


def cells() -> Iterator[Cell]:
    """Yield every attack with every clock, with caches kept and emptied, and what must go on working."""
    for attack in ATTACKS:
        for clock in CLOCKS:
            for emptied in (False, True):
                column = f"{clock}, caches {'emptied' if emptied else 'kept'}"
                struck = partial(attacked, attack=attack, clock=clock, emptied=emptied)
                yield Cell(table="attack", row=attack.name, column=column, run=struck)
    for clock in CLOCKS:
        for row, goes_on in (("nobody", unharmed), ("fast-forward", recovered), ("three rotations", followed)):
            yield Cell(table="attack", row=row, column=f"{clock}, goes on", run=partial(goes_on, clock=clock))


def attacked(folder: Path, *, attack: Attack, clock: str, emptied: bool) -> str:
    """Return the reason with which the device refuses, its slot untouched. Raises LostError."""
    rig, device = begin(folder, clock)
    before = device.slot_sha256()
    attack.forge(rig)
    if emptied:
        device.empty_caches()
    try:
        device.bring(attack.release)
    except (ReleaseError, TransferError) as error:
        if error.reason not in attack.reasons:
            raise LostError(f"refused with '{error.reason}' instead of {attack.reasons}: {error}") from error
        if device.slot_sha256() != before:
            raise LostError("the slot was touched") from error
        return error.reason
    raise LostError("it was taken")


def unharmed(folder: Path, *, clock: str) -> str:
    """Return that an honest release is taken. Raises LostError."""
    rig, device = begin(folder, clock)
    rig.publish(NEW, NEW_BYTES)
    return _taken(device)


def recovered(folder: Path, *, clock: str) -> str:
    """Return that a device follows after a fast-forward attack and a new online key. Raises LostError."""
    rig, device = begin(folder, clock)
    fast_forward(rig)
    device.check()
    recover(rig)
    rig.publish(NEW, NEW_BYTES)
    return _taken(device)


def followed(folder: Path, *, clock: str) -> str:
    """Return that a device follows three rotations of which it saw none. Raises LostError."""
    rig, device = begin(folder, clock)
    rotate_three_times(rig)
    return _taken(device)


def _taken(device: UnderTest) -> str:
    try:
        path = device.bring(NEW)
    except (ReleaseError, TransferError) as error:
        raise LostError(f"an honest release was refused: {error.reason}: {error}") from error
    if path.read_bytes() != NEW_BYTES:
        raise LostError("another file was taken")
    return "taken"


def begin(folder: Path, clock: str) -> tuple[Rig, UnderTest]:
    """Return a repository with OLD published, and a device that has committed it."""
    pattern, place = _pattern()
    for part in ("repository", "keys"):
        shutil.copytree(place / part, folder / part)
    rig = replace(pattern, repository=Repository(folder / "repository"))
    device = UnderTest(
        folder=folder / "device",
        root=rig.root,
        mirrors=in_folder(rig.repository.path),
        clock=WrongClock(CLOCKS[clock](rig.now.timestamp())),
        board=BOARD,
    )
    device.commit(OLD, device.bring(OLD))
    return rig, device


@cache
def _pattern() -> tuple[Rig, Path]:
    """Return a rig as each attack finds it; keys are made once, since that takes longest."""
    place = Path(_PATTERNS.name)
    rig = make_rig(place)
    honest(rig)
    return rig, place


_PATTERNS = TemporaryDirectory(prefix="skerry-chaos-pattern-")
