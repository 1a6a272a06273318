"""The update machine struck in each of its states: killed, told another time or order, its journal damaged, left alone.

In each cell the device ends as the row says for that state, on the version that it says, whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.ota_agent import live_on
from chaos.ota_cells import Cell, LostError
from chaos.ota_deaths import Die, was_killed
from chaos.ota_scenarios import COMMITTED, GIVEN_UP, NEWER, PLAIN, WAYS_BACK, Scenario, expect_tidy, states_of
from chaos.ota_world import DEADLINE_S, World, desired, order_of
from skerry_edge.contracts.messages import Desired
from skerry_edge.contracts.updates import UPDATE_STATES, UpdateState
from skerry_edge.ota.journal import FILE
from skerry_edge.ota.machine.transitions import PREPARING

TABLE = "state"
YEAR_S = 365.25 * 86400
BEFORE_TRIAL: tuple[UpdateState, ...] = ("idle", *PREPARING, "intent")
Blow = Callable[[World, Desired, Die], object]
Endings = Callable[[Scenario, UpdateState], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What happens once in a state, and how the order may end then; ``states`` are those in which it can happen."""

    blow: Blow
    endings: Endings
    states: tuple[UpdateState, ...] = UPDATE_STATES


def cells() -> Iterator[Cell]:
    """Yield every cell of the states' table: only states that the scenario goes through."""
    for scenario in PLAIN:
        for name, row in ROWS.items():
            for state in states_of(scenario):
                if state in row.states:
                    column = f"{scenario.name}, in {state}"
                    yield Cell(table=TABLE, row=name, column=column, run=partial(_struck, scenario, state, row))


def _struck(scenario: Scenario, state: UpdateState, row: Row, folder: Path) -> str:
    """Let something happen once the update is in a state, and see it through."""
    world, wanted = scenario.begin(folder)
    marks = folder / "struck"

    def until_struck(die: Die) -> None:
        def strike() -> None:
            marks.touch()
            row.blow(world, wanted, die)

        world.at = {state: strike}
        live_on(world, wanted)

    if was_killed(world, until_struck):
        live_on(world, wanted)
    if not marks.exists():
        raise LostError("nothing ever happened")
    return expect_tidy(world, *row.endings(scenario, state))


def _die(world: World, wanted: Desired, die: Die) -> None:  # noqa: ARG001  # one signature for all blows
    die()


def _set_clock(wall_s: Callable[[], float], world: World, wanted: Desired, die: Die) -> None:  # noqa: ARG001
    """Have the wall clock be wrong; the process that it is set in ends with the cell."""
    wrong_s = wall_s()
    time.time = lambda: wrong_s


def _set_synchronised(wall_s: Callable[[], float], world: World, wanted: Desired, die: Die) -> None:
    """Have it be wrong, and the kernel call it synchronised."""
    _set_clock(wall_s, world, wanted, die)
    world.synchronised = True


def _damage(change: Callable[[Path], object], world: World, wanted: Desired, die: Die) -> None:  # noqa: ARG001
    """Damage the journal, and have the agent begin anew: while it runs, it does not read it."""
    change(world.places.ota / FILE)
    die()


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pass_deadline(world: World, wanted: Desired, die: Die) -> None:  # noqa: ARG001
    world.clock_s += DEADLINE_S


def _go_away(world: World, wanted: Desired, die: Die) -> None:  # noqa: ARG001
    """Have the repository away until the machine has waited for it once."""
    world.disconnect()
    world.at |= {state: world.connect for state in UPDATE_STATES if state not in world.at}


def _lose_broker(world: World, wanted: Desired, die: Die) -> None:  # noqa: ARG001
    world.connected = False


def _order_newer(world: World, wanted: Desired, die: Die) -> None:  # noqa: ARG001
    """Order something newer while the update is under way, and then the same again, late."""
    world.next_desired = [desired(9, order_of(NEWER, 3, order="r2")), wanted]


def _order_again(world: World, wanted: Desired, die: Die) -> None:  # noqa: ARG001
    """Have the same order come again, and after it one that is older."""
    world.next_desired = [wanted, desired(1, order_of(NEWER, 3, order="r0"))]


def _as_ever(scenario: Scenario, state: UpdateState) -> tuple[str, ...]:  # noqa: ARG001  # one signature for all
    return (scenario.ending,)


def _newer(scenario: Scenario, state: UpdateState) -> tuple[str, ...]:  # noqa: ARG001
    return (COMMITTED,)


def _expired(scenario: Scenario, state: UpdateState) -> tuple[str, ...]:
    """Return that what is looked for then is expired, as far as anybody can tell; what is known already is not."""
    is_looked_for = state in ("idle", "check") and scenario not in WAYS_BACK
    return ("refused: expired",) if is_looked_for else (scenario.ending,)


def _offline(scenario: Scenario, state: UpdateState) -> tuple[str, ...]:
    """Return that a broker which was there before the trial must be there in it."""
    if state in ("switch", "probation") and scenario.ending == COMMITTED:
        return ("rolled-back: offline",)
    return (scenario.ending,)


def _given_up(scenario: Scenario, state: UpdateState) -> tuple[str, ...]:
    """Return that an order whose journal was lost is given up, unless it has proved itself or touched nothing yet."""
    if state == "report":
        return (COMMITTED,)
    return (GIVEN_UP, scenario.ending) if state in BEFORE_TRIAL else (GIVEN_UP,)


def _overdue(scenario: Scenario, state: UpdateState) -> tuple[str, ...]:
    if state == "idle" or state not in (*BEFORE_TRIAL, "switch", "probation"):
        return (scenario.ending,)
    return ("failed: deadline" if state in BEFORE_TRIAL else "rolled-back: deadline",)


_WITH_JOURNAL = tuple(state for state in UPDATE_STATES if state != "idle")
CLOCKS: dict[str, Callable[[], float]] = {
    "clock 1971": lambda: YEAR_S,
    "clock 2100": lambda: 130 * YEAR_S,
    "clock two years ahead": lambda: time.time() + 2 * YEAR_S,
}
DAMAGES: dict[str, Callable[[Path], object]] = {
    "journal gone": Path.unlink,
    "journal emptied": lambda path: path.write_bytes(b""),
    "journal cut": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "a bit of the journal fell": lambda path: path.write_bytes(
        bytes([*path.read_bytes()[:-9], path.read_bytes()[-9] ^ 4, *path.read_bytes()[-8:]])
    ),
    "a folder for a journal": _replace_by_folder,
}
ROWS: dict[str, Row] = {
    "kill -9": Row(blow=_die, endings=_as_ever),
    **{name: Row(blow=partial(_set_clock, wall_s), endings=_as_ever) for name, wall_s in CLOCKS.items()},
    **{
        f"{name}, synchronised": Row(
            blow=partial(_set_synchronised, wall_s), endings=_expired if "ahead" in name else _as_ever
        )
        for name, wall_s in CLOCKS.items()
    },
    **{
        name: Row(blow=partial(_damage, change), endings=_given_up, states=_WITH_JOURNAL)
        for name, change in DAMAGES.items()
    },
    "deadline passes": Row(blow=_pass_deadline, endings=_overdue),
    "server away": Row(blow=_go_away, endings=_as_ever),
    "broker away": Row(blow=_lose_broker, endings=_offline),
    "ordered again": Row(blow=_order_again, endings=_as_ever),
    "ordered something newer": Row(blow=_order_newer, endings=_newer),
}
