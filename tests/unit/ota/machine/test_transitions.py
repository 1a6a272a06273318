"""The update machine: every state with everything that may happen, and a walk through all that it can come to."""

from __future__ import annotations

from itertools import pairwise, product
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.updates import FINAL_OUTCOMES, UPDATE_STATES
from skerry_edge.ota.machine.happenings import Begun, Done, Failed, Happening, Overdue, Postponed, Refused, Superseded
from skerry_edge.ota.machine.record import Instant, Record, begun, timed
from skerry_edge.ota.machine.transitions import MAX_ENTRIES, ON_TRIAL, PREPARING, actor_of, advance

OLD, NEW = "0" * 64, "1" * 64
ORDER = UpdateOrder(id="r1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)
FOUND = Done(from_sha256=OLD, from_version="1.0.0", to_sha256=NEW)
HAPPENINGS = {
    "begun": Begun(),
    "done": FOUND,
    "runs already": Done(from_sha256=NEW, from_version="2.0.0", is_running=True),
    "is here": Done(from_sha256=OLD, from_version="1.0.0", to_sha256=NEW, is_here=True),
    "refused": Refused(reason="counter"),
    "failed": Failed(reason="crashed"),
    "postponed": Postponed(reason="network"),
    "overdue": Overdue(),
    "superseded": Superseded(),
}
FINISHING = ("commit", "rollback", "report", "report-fail")


def record(state: str = "check", **changes: object) -> Record:
    fresh = begun("model/signs", ORDER, Instant(boot="b", since_boot_s=10.0))
    ending = {"outcome": "committed"} if state in ("commit", "report", "idle") else {}
    ending = {"outcome": "rolled-back"} if state in ("rollback", "report-fail") else ending
    return replace(fresh, state=state, **(ending | changes))


def test_an_update_that_goes_well_takes_every_state_once() -> None:
    one, passed = record(), []
    while one.state != "idle":
        passed.append(one.state)
        one = advance(advance(one, Begun()), FOUND)
    assert passed == [
        *("check", "precheck", "download", "verify", "stage", "self-test"),
        *("intent", "switch", "probation", "commit", "report"),
    ]
    assert one.outcome == "committed"


EXPECTED = {
    **{(state, "begun"): state for state in UPDATE_STATES},
    **{(state, what): "report-fail" for state in PREPARING for what in ("refused", "failed", "overdue", "superseded")},
    **{(state, what): "rollback" for state in ON_TRIAL for what in ("refused", "failed", "overdue", "postponed")},
    **{(state, "superseded"): state for state in ON_TRIAL},
    **{(state, "postponed"): state for state in PREPARING},
    **{
        (state, what): state
        for state in (*FINISHING, "idle")
        for what in ("refused", "failed", "overdue", "postponed", "superseded")
    },
    **dict.fromkeys([("commit", "failed")], "rollback"),
    **dict.fromkeys([("check", "done")], "precheck"),
    **dict.fromkeys([("check", "runs already")], "report"),
    **dict.fromkeys([("check", "is here")], "self-test"),
}
ON = [*PREPARING, "intent", "switch", "probation", "commit", "report", "idle"]
for what in ("done", "runs already", "is here"):
    for state, following in pairwise(ON):
        EXPECTED.setdefault((state, what), following)
    EXPECTED |= {("rollback", what): "report-fail", ("report-fail", what): "idle", ("idle", what): "idle"}


@pytest.mark.parametrize(("state", "what"), list(product(UPDATE_STATES, HAPPENINGS)))
def test_each_state_goes_where_it_must_whatever_happens(state: str, what: str) -> None:
    after = advance(record(state), HAPPENINGS[what])
    assert after.state == EXPECTED[state, what]
    assert (after.outcome in FINAL_OUTCOMES) == (after.state in (*FINISHING, "idle"))
    if after.state != state:
        assert after.entries == 0


@pytest.mark.parametrize("state", [*PREPARING, *ON_TRIAL])
def test_work_that_never_ends_is_given_up(state: str) -> None:
    one, tries = record(state), 0
    while one.state == state:
        one, tries = advance(one, Begun()), tries + 1
    assert tries == MAX_ENTRIES.get(state, 5) + 1
    assert (one.state, one.reason) == ("report-fail" if state in PREPARING else "rollback", "interrupted")


@pytest.mark.parametrize("state", FINISHING)
def test_what_must_be_finished_is_begun_as_often_as_it_takes(state: str) -> None:
    one = record(state)
    for _ in range(1000):
        one = advance(one, Begun())
    assert one.state == state


def test_waiting_for_the_network_is_no_crash() -> None:
    one = record("download")
    for _ in range(1000):
        one = advance(advance(one, Begun()), Postponed(reason="network"))
    assert (one.state, one.reason, one.outcome) == ("download", "network", None)
    assert advance(one, Done()).reason is None


def test_nothing_is_begun_past_the_deadline() -> None:
    late = timed(record("download"), Instant(boot="b", since_boot_s=10.0 + 3600))
    assert (advance(late, Begun()).state, advance(late, Begun()).reason) == ("report-fail", "deadline")
    assert advance(replace(late, state="probation"), Begun()).state == "rollback"


@pytest.mark.parametrize(
    ("waits_for", "outcome", "reason"),
    [
        ("malformed", "refused", "malformed"),
        ("not-found", "refused", "not-found"),
        ("network", "failed", "network"),
        ("no-space", "failed", "no-space"),
        (None, "failed", "deadline"),
    ],
)
@pytest.mark.parametrize("late", [Overdue(), Begun()])
def test_what_waits_until_the_deadline_ends_for_what_it_waited_for(
    waits_for: str | None, outcome: str, reason: str, late: Happening
) -> None:
    one = advance(record("download"), Begun())
    if waits_for is not None:
        one = advance(one, Postponed(reason=waits_for, detail="as it was found"))
    ended = advance(replace(one, spent_s=3600.0), late)
    assert (ended.state, ended.outcome, ended.reason) == ("report-fail", outcome, reason)
    assert waits_for is None or ended.detail == "as it was found"


def test_what_others_have_undone_before_it_was_confirmed_is_no_success() -> None:
    one = advance(record("commit"), Failed(reason="crashed", detail="not confirmed after 3 starts"))
    assert (one.state, one.outcome, one.reason) == ("rollback", "rolled-back", "crashed")


def test_no_trial_begins_that_could_not_end_in_time() -> None:
    late = timed(record("self-test"), Instant(boot="b", since_boot_s=10.0 + 3600 - 59))
    assert (advance(late, Done()).state, advance(late, Done()).reason) == ("report-fail", "deadline")


@pytest.mark.parametrize(
    ("boot", "since_boot_s", "spent_s"), [("b", 25.0, 15.0), ("b", 5.0, 0.0), ("other", 7.0, 7.0), ("other", 0.0, 0.0)]
)
def test_time_is_what_the_machine_ran_whatever_the_wall_clock_says(
    boot: str, since_boot_s: float, spent_s: float
) -> None:
    assert timed(record(), Instant(boot=boot, since_boot_s=since_boot_s)).spent_s == spent_s


class World(NamedTuple):
    """What lies on the device: which release runs, how much of the new one is there, and whether that is proved."""

    current: str = OLD
    new: str = "nothing"
    is_proved: bool = False


def test_no_way_through_the_machine_ends_anywhere_but_with_one_whole_version() -> None:
    """Walk all states of machine and device together: each step may be cut, and the journal lost, at any time."""
    seen, todo, ends = set(), [(record(), World())], set()
    while todo:
        one, world = place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        assert world.current == OLD or world.new == "whole", "what runs is not whole"
        if one.was_lost and world.is_proved and one.outcome in ("failed", "refused"):
            assert one.from_version is None
            continue  # given up before it was seen what runs, as by a newer order: the report names no version then
        assert one.state != "report-fail" or world.current == OLD
        if one.state == "idle":
            assert (world.current == NEW) == (one.outcome == "committed")
            assert world.current == OLD or world.is_proved
            ends.add((world.current, one.outcome, one.reason == "journal"))
        else:
            todo += _following(one, world)
            todo.append((record(was_lost=True), _settled(world)))
    assert len(seen) > 300
    assert ends == {
        (NEW, "committed", False),
        *((OLD, outcome, False) for outcome in ("failed", "refused", "rolled-back")),
        (OLD, "failed", True),
    }


def _settled(world: World) -> World:
    """Return what the links alone lead back to."""
    return world if world.is_proved else world._replace(current=OLD)


def _following(one: Record, world: World) -> list[tuple[Record, World]]:
    """Return where the machine may be next: after a crash anywhere in the state's work, or after what came of it."""
    entered = advance(one, Begun())
    if entered.state != one.state:
        return [(entered, world)]
    if one.state in FINISHING:
        entered = one  # however often: the count bounds nothing there
    worlds = _effects(one.state, world)
    places = [(entered, cut) for cut in worlds]
    for what, happening in HAPPENINGS.items():
        is_done = isinstance(happening, Done)
        # What has proved itself runs by CHECK's own look, and nothing else does.
        if what == "begun" or (is_done and (what == "runs already") != (one.state == "check" and world.is_proved)):
            continue
        if what == "is here" and world.new != "whole":
            continue
        if one.state == "commit" and isinstance(happening, Failed):
            continue  # of a model none fails; of the agent, only before it is confirmed (chaos/ota_slot_cells.py)
        places += [(advance(entered, happening), cut) for cut in (worlds[-1:] if is_done else worlds)]
    return places


def _effects(state: str, world: World) -> list[World]:
    """Return what a state's work may have done when it is cut short, all of it last."""
    if state == "stage":
        parts = world if world.new == "whole" else world._replace(new="parts")
        return [world, parts, world._replace(new="whole")]
    if state == "switch":
        return [world, world._replace(current=NEW)]
    if state == "commit":
        return [world, world._replace(is_proved=True)]
    if state == "rollback":
        return [world, world._replace(current=OLD)]
    return [world]


def test_the_worker_does_what_touches_nothing_that_runs() -> None:
    assert [state for state in UPDATE_STATES if actor_of(state) == "worker"] == list(PREPARING)


def test_an_order_that_was_lost_is_answered_by_what_runs() -> None:
    lost = record(was_lost=True)
    assert advance(lost, HAPPENINGS["runs already"]).outcome == "committed"
    for found in (FOUND, HAPPENINGS["is here"]):
        ended = advance(lost, found)
        assert (ended.state, ended.outcome, ended.reason) == ("report-fail", "failed", "journal")
        assert ended.from_version == "1.0.0"


def test_the_version_that_runs_after_a_way_back_may_be_known_only_then() -> None:
    assert advance(record("rollback"), Done(from_version="0.9.0")).from_version == "0.9.0"
