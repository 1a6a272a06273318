"""The update machine of the fault matrix: killed, cut off from power or refused the disk at every write of an update.

In each cell the device ends on the old or the new version, whole, what it says is what it runs, and it ends as it does
when nothing goes wrong: none of these faults is a reason to give an update up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from chaos.ota_agent import Life, live_on
from chaos.ota_cells import Cell, LostError, working_folder
from chaos.ota_deaths import Die, was_killed
from chaos.ota_power import Image, Recorder
from chaos.ota_scenarios import PLAIN, SERVED, SETTLED, Scenario, expect, expect_tidy
from chaos.ota_strikes import FOR_GOOD, NO_SPACE, READ_ONLY, refuse, striker
from chaos.ota_world import World
from skerry_edge.contracts.messages import Desired
from skerry_edge.contracts.updates import UpdateReport

TABLE = "machine"
SCENARIOS = (*PLAIN, SERVED, *SETTLED)
OUTAGE_WRITES = 12
"""So many writes are refused in a row where a disk is away for a while."""
OUTAGE_S = 300.0
"""So long an agent runs on a disk that takes nothing: longer than a probation, and twice that ends no order."""


def cells() -> Iterator[Cell]:
    """Yield every cell of the machine's table."""
    for scenario in SCENARIOS:
        writes = _writes(scenario)
        for row, run in AT_WRITES.items():
            for number in range(1, writes + 1):
                column = f"{scenario.name}, write {number} of {writes}"
                yield Cell(table=TABLE, row=row, column=column, run=partial(run, scenario, number))
        yield from power_cuts(scenario)


def power_cuts(scenario: Scenario) -> Iterator[Cell]:
    """Yield a cell for each image of the disk that a power cut may leave."""
    for image in _recording(scenario).images:
        column = f"{scenario.name}, {image.name}"
        yield Cell(table=TABLE, row="power cut", column=column, run=partial(_cut_off, scenario, image))


def _killed(scenario: Scenario, number: int, folder: Path) -> str:
    """Kill the process before a write, and let the next one go on."""
    world, wanted = scenario.begin(folder)

    def until_killed(die: Die) -> None:
        with striker().over(world.state, at=number, strike=die):
            live_on(world, wanted)

    if not was_killed(world, until_killed):
        raise LostError("nobody was killed")
    live_on(world, wanted)
    return expect_tidy(world, scenario.ending)


def _refused(error_number: int, times: int, scenario: Scenario, number: int, folder: Path) -> str:
    """Have the disk refuse some writes, while the agent goes on."""
    world, wanted = scenario.begin(folder)
    with striker().over(world.state, at=number, strike=refuse(error_number, times)) as struck:
        live_on(world, wanted)
        if struck.writes < number:
            raise LostError("no write was refused")
    return expect_tidy(world, scenario.ending)


def _stuck(error_number: int, scenario: Scenario, number: int, folder: Path) -> str:
    """Have the disk take nothing from a write on, also for an agent that is started anew, until somebody mends it."""
    world, wanted = scenario.begin(folder)
    with striker().over(world.state, at=number, strike=refuse(error_number, FOR_GOOD)) as struck:
        for which in ("the agent", "an agent that was started anew"):
            ran = _endured(Life(world, wanted))
            if ran == world.bad:
                raise LostError(f"{which} runs the bad {ran} on a disk that takes nothing")
        if struck.writes < number:
            raise LostError("no write was refused")
    live_on(world, wanted)
    return expect_tidy(world, scenario.ending)


def _endured(life: Life) -> str:
    """Return what is in force after a long time; it may have done and said all that it was to."""
    until_s = life.world.clock_s + OUTAGE_S
    while life.world.clock_s < until_s:
        life.turn()
    return life.ran


AT_WRITES: dict[str, Callable[[Scenario, int, Path], str]] = {
    "kill -9": _killed,
    "no space for one write": partial(_refused, NO_SPACE, 1),
    "no space for a while": partial(_refused, NO_SPACE, OUTAGE_WRITES),
    "no space from here on": partial(_stuck, NO_SPACE),
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
    live_on(world, recording.wanted)
    return expect(world, scenario.ending)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Recording:
    """An update in which nothing goes wrong: what power cuts leave of it, and with which ends it was reported."""

    images: tuple[Image, ...]
    world: World
    wanted: Desired
    finals: tuple[UpdateReport, ...]


@cache
def _recording(scenario: Scenario) -> _Recording:
    with working_folder() as folder:
        world, wanted = scenario.begin(folder)
        recorder = Recorder(world.state, said=lambda: len(world.finals))
        with recorder.watching():
            live_on(world, wanted)
    return _Recording(images=recorder.images, world=world, wanted=wanted, finals=tuple(world.finals))


@cache
def _writes(scenario: Scenario) -> int:
    """Return how many writes an update takes when nothing goes wrong."""
    with working_folder() as folder:
        world, wanted = scenario.begin(folder)
        with striker().over(world.state) as struck:
            live_on(world, wanted)
        return struck.writes
