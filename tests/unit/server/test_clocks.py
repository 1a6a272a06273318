"""Clocks that are off: decided once for a session by its first live message, the same for all workers, and marked."""

from __future__ import annotations

import pytest

from skerry_server.registry.dead_letters import list_dead_letters
from skerry_server.registry.events import EventSearch, search
from skerry_server.stores.base import MAX_TIME_NS, Query

NOW_MS = 1_795_000_000_000
DAY_MS = 86_400_000


def points(store):
    found = store.query(Query(measurement="heartbeat"))
    return {
        int(point.fields["seq"]): (point.time_ns // 1_000_000 - NOW_MS, point.fields.get("clock_offset_s"))
        for point in found
    }


@pytest.fixture
def beat(delivery):
    """Return a function that makes a heartbeat, received ``after_ms`` after a moment of today."""

    def make(seq, ts, *, after_ms=0, **more):
        return delivery("heartbeat", seq=seq, ts=ts, received_ms=NOW_MS + after_ms, **more)

    return make


@pytest.mark.parametrize(
    ("ts", "clock"),
    [(31_536_000_000, "unsynced"), (31_536_000_000, "synced"), (4_102_444_800_000, "synced"), (2**53, "unsynced")],
    ids=["1971, not set", "1971, said to be set", "2100", "beyond what stores can keep"],
)
def test_a_time_that_is_far_off_is_moved_to_when_it_came_and_marked(store, database, commit, beat, ts, clock):
    later = min(ts + 30_000, 2**53)
    commit([beat(1, ts, clock=clock), beat(2, later, after_ms=30_500, clock=clock)], store, database)
    kept = points(store)
    assert kept[1] == (0, (NOW_MS - ts) / 1e3)
    assert kept[2] == (later - ts, (NOW_MS - ts) / 1e3)


def test_what_an_outbox_brings_later_lands_beside_what_was_live_and_twice_is_once(store, database, committer, beat):
    first, second = committer(store, database), committer(store, database)
    first.commit([beat(5, 50_000, clock="unsynced")])
    replayed = beat(4, 20_000, after_ms=900_000, clock="unsynced", replayed=True)
    for worker in (second, first, second):
        worker.commit([replayed, beat(5, 50_000, after_ms=7_000, clock="unsynced", replayed=True)])
    assert points(store) == {5: (0, (NOW_MS - 50_000) / 1e3), 4: (-30_000, (NOW_MS - 50_000) / 1e3)}


def test_a_clock_that_is_set_in_the_middle_of_a_session_is_believed_from_then_on(store, database, commit, beat):
    commit([beat(1, 50_000, clock="unsynced"), beat(2, NOW_MS + 30_000, after_ms=30_000)], store, database)
    assert points(store)[2] == (30_000, None)


def test_what_waited_at_the_broker_while_the_server_was_away_keeps_its_time(store, database, commit, beat):
    commit([beat(seq, NOW_MS - DAY_MS + seq * 1000) for seq in (1, 2)], store, database)
    assert points(store) == {seq: (seq * 1000 - DAY_MS, None) for seq in (1, 2)}


def test_no_clock_is_judged_by_a_batch_that_waited(store, database, commit, beat):
    late = beat(1, NOW_MS - DAY_MS)
    commit([late, beat(1, 50_000, clock="unsynced", device="cam-2")], store, database)
    commit([beat(2, 80_000, clock="unsynced", device="cam-2")], store, database)
    offsets = {
        (point.tags["device"], point.fields["seq"]): point.fields.get("clock_offset_s")
        for point in store.query(Query(measurement="heartbeat"))
    }
    assert offsets == {
        ("cam-1", 1.0): None,
        ("cam-2", 1.0): None,
        ("cam-2", 2.0): (NOW_MS - 80_000) / 1e3,
    }


def test_events_are_dated_by_the_same_offset(store, database, commit, delivery):
    event = delivery("event", seq=3, ts=50_000, clock="unsynced", received_ms=NOW_MS)
    commit([event], store, database)
    with database.transaction() as session:
        (row,) = search(session, EventSearch())
        assert (row.ts_ms, row.is_synced) == (NOW_MS, False)


def test_a_time_that_no_store_can_keep_and_nothing_tells_better_is_a_dead_letter(store, database, commit, beat):
    commit([beat(1, MAX_TIME_NS // 1_000_000 + 1, replayed=True)], store, database)
    with database.transaction() as session:
        assert [row.reason for row in list_dead_letters(session, limit=9)] == ["time"]
