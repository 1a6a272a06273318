"""The agent's slots of the fault matrix: struck at every write, and the agent's own updates killed in every state.

In each cell the device ends on the old or the new version, whole, runs what its link says, and says what it runs.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from chaos.ota_cells import Cell, LostError, working_folder
from chaos.ota_deaths import Die, was_killed
from chaos.ota_power import Image, Recorder
from chaos.ota_repositories import Rig, agent_release, make_rig, tar_of
from chaos.ota_scenarios import ending_of
from chaos.ota_slot_world import OLD, SlotLife, SlotWorld, agent_desired, endured, lives_of, slot_order
from chaos.ota_strikes import FOR_GOOD, NO_SPACE, READ_ONLY, refuse, striker
from skerry_edge.contracts.messages import Desired
from skerry_edge.contracts.updates import UPDATE_STATES, UpdateReport, UpdateState
from skerry_edge.ota import launcher
from skerry_edge.ota.journal import FILE

TABLE = "slots"
NEW, NEXT = "2.0.0", "3.0.0"
COMMITTED, UNDONE, GIVEN_UP = "committed", "rolled-back: crashed", "failed: journal"
OVERDUE = "rolled-back: deadline"
LATE = (UNDONE, OVERDUE, "failed: deadline", "failed: read-only")
"""How an update may end where the disk was away for longer than the order allowed."""
OUTAGE_WRITES = 12
STATES: tuple[UpdateState, ...] = tuple(one for one in UPDATE_STATES if one != "idle")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """``begin`` makes a device in an empty folder, and returns it with its order; ``ending`` is how that may end."""

    name: str
    begin: Callable[[Path], tuple[SlotWorld, Desired]]
    endings: tuple[str, ...]


def cells() -> Iterator[Cell]:
    """Yield every cell of the slots' table."""
    for scenario in SCENARIOS:
        writes = _writes(scenario)
        for row, run in AT_WRITES.items():
            for number in range(1, writes + 1):
                column = f"{scenario.name}, write {number} of {writes}"
                yield Cell(table=TABLE, row=row, column=column, run=partial(run, scenario, number))
        for image in _recording(scenario).images:
            column = f"{scenario.name}, {image.name}"
            yield Cell(table=TABLE, row="power cut", column=column, run=partial(_cut_off, scenario, image))
        for row, fault in IN_STATES.items():
            for state in _states(scenario):
                column = f"{scenario.name}, in {state}"
                yield Cell(table=TABLE, row=row, column=column, run=partial(_struck_in, scenario, state, fault))


def _killed(scenario: Scenario, number: int, folder: Path) -> str:
    """Kill the process, agent or launcher, before a write, and let the next one go on."""
    world, wanted = scenario.begin(folder)

    def until_killed(die: Die) -> None:
        with striker().over(world.state, at=number, strike=die):
            lives_of(world, wanted)

    if not was_killed(world, until_killed):
        raise LostError("nobody was killed")
    lives_of(world, wanted)
    return _expect(world, *scenario.endings)


def _refused(error_number: int, times: int, scenario: Scenario, number: int, folder: Path) -> str:
    """Have the disk refuse some writes; a start that cannot be counted is not made, so this may undo an update."""
    world, wanted = scenario.begin(folder)
    with striker().over(world.state, at=number, strike=refuse(error_number, times)) as struck:
        lives_of(world, wanted)
        if struck.writes < number:
            raise LostError("no write was refused")
    return _expect(world, *scenario.endings, UNDONE)


def _stuck(error_number: int, scenario: Scenario, number: int, folder: Path) -> str:
    """Have the disk take nothing from a write on, until somebody mends it: what is bad must not run on meanwhile."""
    world, wanted = scenario.begin(folder)
    with striker().over(world.state, at=number, strike=refuse(error_number, FOR_GOOD)) as struck:
        runs = endured(world, wanted)
        if struck.writes < number:
            raise LostError("no write was refused")
    if runs in (world.bad, world.stillborn, world.idle):
        raise LostError(f"the bad {runs} runs on a disk that takes nothing")
    lives_of(world, wanted)
    return _expect(world, *scenario.endings, *LATE)


AT_WRITES: dict[str, Callable[[Scenario, int, Path], str]] = {
    "kill -9": _killed,
    "no space for one write": partial(_refused, NO_SPACE, 1),
    "read-only for a while": partial(_refused, READ_ONLY, OUTAGE_WRITES),
    "read-only from here on": partial(_stuck, READ_ONLY),
}


def _cut_off(scenario: Scenario, image: Image, folder: Path) -> str:
    """Start the machine with what a power cut has left."""
    recording = _recording(scenario)
    world = replace(recording.world, folder=folder, reports=list(recording.finals[: image.said]))
    image.write(world.state)
    world.connect()
    world.start_machine()
    lives_of(world, recording.wanted)
    return _expect(world, *scenario.endings)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What happens to a device, and how an update may end for it, beside as it ends without."""

    strike: Callable[[SlotWorld], object]
    endings: tuple[str, ...] = ()


def _struck_in(scenario: Scenario, state: UpdateState, fault: Fault, folder: Path) -> str:
    """Let something happen once the update is in a state, kill the agent there, and see it through."""
    world, wanted = scenario.begin(folder)

    def until_killed(die: Die) -> None:
        def kill(life: SlotLife) -> None:
            if life.state == state:
                fault.strike(world)
                die()

        lives_of(world, wanted, kill)

    if not was_killed(world, until_killed):
        raise LostError("nobody was killed")
    lives_of(world, wanted)
    return _expect(world, *scenario.endings, *fault.endings)


def _damage(world: SlotWorld) -> None:
    (world.places.ota / FILE).write_bytes(b"")


def _lose(world: SlotWorld) -> None:
    (world.places.ota / FILE).unlink()


def _damage_trial(world: SlotWorld) -> None:
    trial = world.slots().folder / launcher.TRIAL
    if trial.exists():
        trial.write_bytes(b"{")


IN_STATES = {
    "kill -9 in a state": Fault(strike=lambda _world: None),
    "journal emptied": Fault(strike=_damage, endings=(GIVEN_UP,)),
    "journal gone": Fault(strike=_lose, endings=(GIVEN_UP,)),
    "launcher's record damaged": Fault(strike=_damage_trial, endings=(UNDONE,)),
}


def _expect(world: SlotWorld, *endings: str) -> str:
    """Return how the order ended. Raises LostError where what it said is not what runs, or something is left."""
    ended, last = ending_of(world.finals[-1]), world.finals[-1]
    program, passed, trial_s = world.launch()
    runs = world.version_of(program)
    said = last.to_version if last.outcome == "committed" else last.from_version
    if runs in (world.bad, world.stillborn, world.idle):
        raise LostError(f"it runs the bad {runs} and said {ended}")
    if said is not None and runs != said:
        raise LostError(f"it runs {runs} and said {ended} from {last.from_version} to {last.to_version}")
    if passed or trial_s is not None or program != world.slots().good:
        raise LostError(f"{program} runs and {world.slots().good} was good last")
    if ended not in endings:
        raise LostError(f"it ended with '{ended}', not with '{' or '.join(endings)}'")
    return ended


def _first(folder: Path) -> tuple[SlotWorld, Desired]:
    """Order the first update of a device that runs what was installed."""
    world = SlotWorld(folder=folder, rig=_rig())
    world.state.mkdir(parents=True)
    world.connect()
    return world, agent_desired(5, slot_order(NEW, 2))


def _second(folder: Path) -> tuple[SlotWorld, Desired]:
    """Order the next update of a device that runs from a slot; its other slot holds what was installed before."""
    world, _ = _first(folder)
    world.settle_in("a", NEW, "a" * 64, 2)
    return world, agent_desired(5, slot_order(NEXT, 3))


def _with(begin: Callable[[Path], tuple[SlotWorld, Desired]], fault: str, folder: Path) -> tuple[SlotWorld, Desired]:
    world, wanted = begin(folder)
    (order,) = wanted.updates.values()
    setattr(world, fault, order.version)
    return world, wanted


def _third(folder: Path) -> tuple[SlotWorld, Desired]:
    """Order an update, and have the new version killed in its first two lives: the launcher allows it one more."""
    world, wanted = _second(folder)

    def until_killed(die: Die) -> None:
        lives_of(world, wanted, lambda life: die() if life.state == "probation" else None)

    if not (was_killed(world, until_killed) and was_killed(world, until_killed)):
        raise LostError("it came to no probation")
    return world, wanted


def _back(folder: Path) -> tuple[SlotWorld, Desired]:
    """Order a device back to the version of its other slot."""
    world, _ = _first(folder)
    world.settle_in("a", NEW, "a" * 64, 2)
    world.settle_in("b", NEXT, "b" * 64, 3)
    return world, agent_desired(5, slot_order(NEW, 2))


def _back_to_installed(folder: Path) -> tuple[SlotWorld, Desired]:
    """Order a device back from its first update to what was installed."""
    world, _ = _first(folder)
    world.slots().folder.mkdir()
    world.slots().note_installed(OLD)
    world.settle_in("a", NEW, "a" * 64, 2)
    return world, agent_desired(5, slot_order(OLD, 1))


SCENARIOS = (
    Scenario(name="a first update", begin=_first, endings=(COMMITTED,)),
    Scenario(name="a second update", begin=_second, endings=(COMMITTED,)),
    Scenario(name="a last start", begin=_third, endings=(COMMITTED, UNDONE)),
    Scenario(name="one that works badly", begin=partial(_with, _second, "bad"), endings=(UNDONE,)),
    Scenario(name="one that does not start", begin=partial(_with, _first, "stillborn"), endings=(UNDONE,)),
    Scenario(name="one that never confirms", begin=partial(_with, _second, "idle"), endings=(OVERDUE, UNDONE)),
    Scenario(name="a way back", begin=_back, endings=(COMMITTED,)),
    Scenario(name="a way back to what was installed", begin=_back_to_installed, endings=(COMMITTED,)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Recording:
    """An update in which nothing goes wrong: what power cuts leave of it, and with which ends it was reported."""

    images: tuple[Image, ...]
    world: SlotWorld
    wanted: Desired
    finals: tuple[UpdateReport, ...]


@cache
def _recording(scenario: Scenario) -> _Recording:
    with working_folder() as folder:
        world, wanted = scenario.begin(folder)
        recorder = Recorder(world.state, said=lambda: len(world.finals))
        with recorder.watching():
            lives_of(world, wanted)
    return _Recording(images=recorder.images, world=world, wanted=wanted, finals=tuple(world.finals))


@cache
def _writes(scenario: Scenario) -> int:
    with working_folder() as folder:
        world, wanted = scenario.begin(folder)
        with striker().over(world.state) as struck:
            lives_of(world, wanted)
        return struck.writes


@cache
def _states(scenario: Scenario) -> tuple[UpdateState, ...]:
    """Return the states in which an agent is seen when nothing goes wrong."""
    seen: list[UpdateState] = []
    with working_folder() as folder:
        world, wanted = scenario.begin(folder)
        lives_of(world, wanted, lambda life: seen.append(life.state))
    return tuple(one for one in STATES if one in seen)


@cache
def _rig() -> Rig:
    rig = make_rig(Path(_RIGS.name))
    for counter, version in ((2, NEW), (3, NEXT)):
        member = (tarfile.TarInfo("requirements.txt"), f"{version}\n".encode())
        rig.publish(agent_release(version, counter), tar_of([member]))
    return rig


_RIGS = TemporaryDirectory(prefix="skerry-chaos-slots-")
