"""The history of presence: no gap, no overlap, and one interval that lasts, whatever comes twice or late."""

from __future__ import annotations

from skerry_server.registry.models import Device
from skerry_server.registry.presence_history import Transition, intervals_of, save_transitions
from skerry_server.registry.session_clocks import SessionClock, decide_offsets, offsets_of

FIRST, SECOND = "00000001-abcdef01", "00000002-abcdef02"


def moved(state, at_ms, *, reason=None, session=FIRST, device="cam-1"):
    return Transition(device=device, state=state, reason=reason, session=session, at_ms=at_ms)


def history(database, *transitions, since_ms=0, until_ms=10_000):
    with database.transaction() as session:
        begun = save_transitions(session, transitions)
    with database.reading() as session:
        rows = intervals_of(session, "cam-1", since_ms=since_ms, until_ms=until_ms, limit=50)
        return begun, [(row.state, row.began_ms, row.ended_ms) for row in rows]


def test_each_transition_ends_one_interval_and_begins_the_next(fleet):
    transitions = [moved("online", 10), moved("degraded", 20, reason="hot\x00"), moved("offline", 30, reason="will")]
    assert history(fleet, *transitions) == (
        3,
        [("offline", 30, None), ("degraded", 20, 30), ("online", 10, 20)],
    )


def test_what_comes_again_begins_nothing(fleet):
    history(fleet, moved("online", 10), moved("offline", 20, reason="w\x00"))
    assert history(fleet, moved("offline", 25, reason="w\x00"))[0] == 0


def test_another_session_is_another_interval(fleet):
    history(fleet, moved("online", 10))
    assert history(fleet, moved("online", 20, session=SECOND))[1] == [("online", 20, None), ("online", 10, 20)]


def test_a_time_before_the_last_leaves_an_empty_interval_not_a_negative_one(fleet):
    history(fleet, moved("online", 50))
    assert history(fleet, moved("offline", 40))[1] == [("offline", 50, None), ("online", 50, 50)]


def test_the_intervals_of_a_span_are_those_that_touch_it(fleet):
    history(fleet, moved("online", 10), moved("offline", 20), moved("online", 30))
    assert history(fleet, since_ms=20, until_ms=30)[1] == [("offline", 20, 30)]


def test_devices_are_kept_apart(fleet):
    begun, rows = history(fleet, moved("online", 10), moved("online", 11, device="cam-2"), moved("offline", 12))
    assert (begun, rows) == (3, [("offline", 12, None), ("online", 10, 12)])


def test_thousands_of_devices_may_come_and_go_at_once(database):
    names = [f"cam-{number}" for number in range(2_500)]
    with database.transaction() as session:
        session.add_all(Device(id=name, site="home", first_received_ms=1, models=[]) for name in names)
    for at_ms, state in ((10, "online"), (20, "offline")):
        with database.transaction() as session:
            assert save_transitions(session, [moved(state, at_ms, device=name) for name in names]) == len(names)
    with database.reading() as session:
        rows = intervals_of(session, names[-1], since_ms=0, until_ms=99, limit=9)
    assert [(row.state, row.began_ms, row.ended_ms) for row in rows] == [("offline", 20, None), ("online", 10, 20)]


def test_the_offset_of_a_session_is_decided_once(fleet):
    def clock(offset_ms, session=FIRST):
        return SessionClock(device="cam-1", session=session, clock="unsynced", offset_ms=offset_ms, decided_ms=1)

    key, other = ("cam-1", FIRST, "unsynced"), ("cam-1", SECOND, "unsynced")
    with fleet.transaction() as session:
        assert decide_offsets(session, [clock(5), clock(6)]) == {key: [(0, 5)]}
    with fleet.transaction() as session:
        assert decide_offsets(session, [clock(7), clock(8, SECOND)]) == {key: [(0, 5)], other: [(0, 8)]}
        assert offsets_of(session, [other, ("cam-2", FIRST, "synced")]) == {other: [(0, 8)]}
