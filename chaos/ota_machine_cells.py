"""The update machine of the fault matrix: struck at every write, in every state, by clock, orders, journal and outage.

In each cell the device ends on the old or the new version, whole, and what it says is what it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from chaos.ota_agent import Life, live_on
from chaos.ota_cells import Cell, LostError
from chaos.ota_repositories import Rig, make_rig, model_bytes, model_release
from chaos.ota_strikes import NO_SPACE, READ_ONLY, Killed, Striker, Unsynced, kill, refuse
from chaos.ota_world import NAME, World, desired, order_of
from skerry_edge.contracts.messages import Desired
from skerry_edge.contracts.updates import UPDATE_STATES, UpdateReport
from skerry_edge.ota.journal import FILE
from skerry_edge.ota.places import Places

OLD, NEW, NEWER = "1.0.0", "2.0.0", "3.0.0"
SCENARIOS = ("a good release", "a bad release", "a way back")
STATES = UPDATE_STATES
OUTAGE_WRITES = 12
"""So many writes are refused in a row where a disk is away for a while."""


def cells() -> Iterator[Cell]:
    """Yield every cell of the machine's table."""
    for scenario in SCENARIOS:
        writes = _writes(scenario)
        for row, run in AT_WRITES.items():
            for number in range(1, writes + 1):
                column = f"{scenario}, write {number} of {writes}"
                yield Cell(table="machine", row=row, column=column, run=partial(run, scenario, number))
        for row, strike in IN_STATES.items():
            for state in STATES:
                column = f"{scenario}, in {state}"
                yield Cell(table="machine", row=row, column=column, run=partial(_struck_in, scenario, state, strike))


def _killed(scenario: str, number: int, folder: Path) -> str:
    """Kill the process before a write, and let the next one go on."""
    world, wanted = _begin(scenario, folder)
    with suppress(Killed), _striker().over(world.state, at=number, strike=kill):
        live_on(world, wanted)
    return _judged(world, live_on(world, wanted))


def _cut_off(scenario: str, number: int, folder: Path) -> str:
    """Cut the power before a write: what was never made durable is empty afterwards."""
    world, wanted = _begin(scenario, folder)
    unsynced = Unsynced(world.state)
    with suppress(Killed), unsynced.watched(), _striker().over(world.state, at=number, strike=kill):
        live_on(world, wanted)
    unsynced.lose()
    return _judged(world, live_on(world, wanted))


def _refused(error_number: int, times: int, scenario: str, number: int, folder: Path) -> str:
    """Have the disk refuse some writes, while the agent goes on."""
    world, wanted = _begin(scenario, folder)
    with _striker().over(world.state, at=number, strike=refuse(error_number, times)):
        final = live_on(world, wanted)
    return _judged(world, final)


AT_WRITES: dict[str, Callable[[str, int, Path], str]] = {
    "kill -9": _killed,
    "power cut": _cut_off,
    "no space for one write": partial(_refused, NO_SPACE, 1),
    "no space for a while": partial(_refused, NO_SPACE, OUTAGE_WRITES),
    "read-only for a while": partial(_refused, READ_ONLY, OUTAGE_WRITES),
}


def _struck_in(scenario: str, state: str, strike: Callable[[World, Desired], None], folder: Path) -> str:
    """Let something happen once the update is in a state, and see it through."""
    world, wanted = _begin(scenario, folder)
    real = time.time
    world.at = {state: partial(strike, world, wanted)}  # type: ignore[dict-item]
    try:
        with suppress(Killed):
            return _judged(world, live_on(world, wanted))
        return _judged(world, live_on(world, wanted))
    finally:
        time.time = real


def _set_clock(year: int, world: World, wanted: Desired) -> None:  # noqa: ARG001
    """Have the wall clock say another year, and whoever set it be sure of it."""
    wrong_s = time.mktime((year, 1, 2, 0, 0, 0, 0, 0, 0))
    time.time = lambda: wrong_s


def _die(world: World, wanted: Desired) -> None:  # noqa: ARG001
    raise Killed


def _damage(change: Callable[[Path], object], world: World, wanted: Desired) -> None:  # noqa: ARG001
    """Damage the journal, and have the agent begin anew: while it runs, it does not read it."""
    path = Places(world.state).ota / FILE
    if path.exists():
        change(path)
    raise Killed


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _go_away(world: World, wanted: Desired) -> None:  # noqa: ARG001
    """Have the repository away until the machine has waited for it once."""
    if not world.mirror.is_symlink():
        return
    world.disconnect()
    world.at |= {state: world.connect for state in STATES if state not in world.at}


def _lose_broker(world: World, wanted: Desired) -> None:  # noqa: ARG001
    world.connected = False


def _order_newer(world: World, wanted: Desired) -> None:
    """Order something newer while the update is under way, and then the same again, late."""
    world.next_desired = [desired(9, order_of(NEWER, 3, order="r2")), wanted]


def _order_again(world: World, wanted: Desired) -> None:
    """Have the same order come again, and after it one that is older."""
    world.next_desired = [wanted, desired(1, order_of(NEWER, 3, order="r0"))]


IN_STATES: dict[str, Callable[[World, Desired], None]] = {
    "kill -9 in a state": _die,
    "clock 1971": partial(_set_clock, 1971),
    "clock 2100": partial(_set_clock, 2100),
    "journal emptied": partial(_damage, lambda path: path.write_bytes(b"")),
    "journal cut": partial(_damage, lambda path: path.write_bytes(path.read_bytes()[:-7])),
    "a bit of the journal fell": partial(
        _damage, lambda path: path.write_bytes(bytes([*path.read_bytes()[:-9], 0x21, *path.read_bytes()[-8:]]))
    ),
    "a folder for a journal": partial(_damage, _replace_by_folder),
    "server away": _go_away,
    "broker away": _lose_broker,
    "ordered again": _order_again,
    "ordered something newer": _order_newer,
}


def _begin(scenario: str, folder: Path) -> tuple[World, Desired]:
    """Return a device that has the old version, and what it is ordered."""
    world = World(folder=folder, rig=_rig(), bad=NEW if scenario == "a bad release" else "")
    world.install(OLD, 1)
    if scenario == "a way back":
        world.keep(NEW, 2)
        return world, desired(5, order_of(OLD, 1))
    return world, desired(5, order_of(NEW, 2))


def _judged(world: World, last: UpdateReport) -> str:
    """Return how the device ended. Raises LostError where what it says is not what it runs."""
    runs = world.version
    said = last.to_version if last.outcome == "committed" else last.from_version
    if runs == world.bad:
        raise LostError(f"it runs the bad {runs} and said {last.outcome}")
    if said is not None and runs != said:
        raise LostError(f"it runs {runs} and said {last.outcome} from {last.from_version} to {last.to_version}")
    life = Life(world, None)
    if life.state != "idle":
        raise LostError(f"it ended in {life.state}")
    return last.outcome


@cache
def _writes(scenario: str) -> int:
    """Return how many writes an update takes when nothing goes wrong."""
    with TemporaryDirectory(prefix="skerry-chaos-") as folder:
        world, wanted = _begin(scenario, Path(folder))
        with _striker().over(world.state) as striker:
            live_on(world, wanted)
        return striker.writes


@cache
def _striker() -> Striker:
    return Striker()


@cache
def _rig() -> Rig:
    rig = make_rig(Path(_RIGS.name))
    for number, version in enumerate((OLD, NEW, NEWER), start=1):
        rig.publish(model_release(version, number, name=NAME), model_bytes(version, name=NAME))
    return rig


_RIGS = TemporaryDirectory(prefix="skerry-chaos-rig-")
