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
from chaos.ota_device import WrongClock
from chaos.ota_forgeries import (
    NEW,
    NEW_BYTES,
    OLD,
    fast_forward,
    honest,
    lying_patch,
    recover,
    rotate_three_times,
)
from chaos.ota_repositories import Rig, make_rig
from chaos.ota_victim import Victim
from skerry_server.releases.repository import Repository

TABLE = "attack"

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
                yield Cell(table=TABLE, row=attack.name, column=column, run=struck)
    for row, goes_on in GOING_ON.items():
        for clock in CLOCKS:
            yield Cell(table=TABLE, row=row, column=f"{clock}, goes on", run=partial(goes_on, clock=clock))


def attacked(folder: Path, *, attack: Attack, clock: str, emptied: bool) -> str:
    """Return the reason that the device reports, with nothing of it touched. Raises LostError."""
    rig, device = begin(folder, clock)
    before = device.owned()
    attack.forge(rig)
    if emptied:
        shutil.rmtree(device.places.ota / "metadata")
    last = device.obey(attack.release)
    if last.outcome not in ("refused", "failed") or last.reason not in attack.reasons:
        raise LostError(f"{last.outcome} with '{last.reason}' instead of {attack.reasons}: {last.detail}")
    if attack.says not in (last.detail or ""):
        raise LostError(f"it says '{last.detail}' and not '{attack.says}'")
    if device.owned() != before:
        raise LostError(f"it was touched: {device.owned().keys() ^ before.keys()}")
    return last.reason or last.outcome


def unharmed(folder: Path, *, clock: str) -> str:
    """Return that an honest release is taken. Raises LostError."""
    rig, device = begin(folder, clock)
    rig.publish(NEW, NEW_BYTES)
    return _taken(device)


def spared(folder: Path, *, clock: str) -> str:
    """Return that a patch that lies costs nothing where the full file is there. Raises LostError."""
    rig, device = begin(folder, clock)
    file = rig.list_release(NEW, NEW_BYTES)
    lying_patch(rig)
    file.write_bytes(NEW_BYTES)
    return _taken(device)


def recovered(folder: Path, *, clock: str) -> str:
    """Return that a device follows after a fast-forward attack and a new online key. Raises LostError."""
    rig, device = begin(folder, clock)
    fast_forward(rig)
    device.supply.refresh()
    recover(rig)
    rig.publish(NEW, NEW_BYTES)
    return _taken(device)


def followed(folder: Path, *, clock: str) -> str:
    """Return that a device follows three rotations of which it saw none. Raises LostError."""
    rig, device = begin(folder, clock)
    rotate_three_times(rig)
    return _taken(device)


GOING_ON: dict[str, Callable[..., str]] = {
    "nobody": unharmed,
    "fast-forward": recovered,
    "three rotations": followed,
    "patch that lies beside the full file": spared,
}
"""What must not keep an honest release away."""


def _taken(device: Victim) -> str:
    last = device.obey(NEW)
    if (last.outcome, device.version) != ("committed", NEW.version):
        raise LostError(f"an honest release was not taken: {last.outcome}, {last.reason}: {last.detail}")
    return "committed"


def begin(folder: Path, clock: str) -> tuple[Rig, Victim]:
    """Return a repository with OLD published, and a device that has committed it."""
    pattern, place = _pattern()
    for part in ("repository", "keys"):
        shutil.copytree(place / part, folder / part)
    rig = replace(pattern, repository=Repository(folder / "repository"))
    device = Victim(folder=folder, rig=rig, clock=WrongClock(CLOCKS[clock](rig.now.timestamp())))
    device.settle_in(OLD)
    return rig, device


@cache
def _pattern() -> tuple[Rig, Path]:
    """Return a rig as each attack finds it; keys are made once, since that takes longest."""
    place = Path(_PATTERNS.name)
    rig = make_rig(place)
    honest(rig)
    return rig, place


_PATTERNS = TemporaryDirectory(prefix="skerry-chaos-pattern-")
