"""Clocks that are off: decided once for a session by its first live message, the same for all workers, and marked."""

from __future__ import annotations

import pytest

from skerry_server.ingest.clocks import MAX_STEPS
from skerry_server.registry.dead_letters import list_dead_letters
from skerry_server.registry.events import EventSearch, search
from skerry_server.registry.session_clocks import offsets_of
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


def test_what_waited_beside_others_is_not_put_down_to_the_clock_and_lands_on_itself(store, database, commit, beat):
    first = beat(1, 50_000, clock="unsynced", device="cam-2")
    commit([beat(1, NOW_MS - DAY_MS), first], store, database)
    live = beat(2, 50_000 + DAY_MS, clock="unsynced", device="cam-2")
    commit([live], store, database)
    commit([first], store, database)
    offset_s = (NOW_MS - DAY_MS - 50_000) / 1e3
    kept = [
        (point.fields["seq"], point.time_ns // 1_000_000 - NOW_MS, point.fields.get("clock_offset_s"))
        for point in store.query(Query(measurement="heartbeat"))
        if point.tags["device"] == "cam-2"
    ]
    assert sorted(kept) == [(1.0, -DAY_MS, offset_s), (2.0, 0, offset_s)]


def test_an_offset_that_a_late_first_message_made_too_large_is_corrected_from_the_proof_on(
    store, database, committer, beat
):
    first, second = committer(store, database), committer(store, database)
    late = beat(1, 50_000, after_ms=19_000, clock="unsynced")
    prompt = beat(2, 80_000, after_ms=30_000, clock="unsynced")
    # A worker that decided the one, and one that has yet to hear of it.
    for worker, message in (
        (first, late),
        (second, prompt),
        (first, beat(3, 110_000, after_ms=60_500, clock="unsynced")),
    ):
        worker.commit([message])
    too_large, right = NOW_MS + 19_000 - 50_000, NOW_MS - 50_000
    expected = {1: (19_000, too_large / 1e3), 2: (30_000, right / 1e3), 3: (60_000, right / 1e3)}
    assert points(store) == expected
    for message in (late, prompt, beat(1, 50_000, after_ms=99_000, clock="unsynced", replayed=True)):
        for worker in (first, committer(store, database)):
            worker.commit([message])
    assert points(store) == expected


def test_of_one_batch_the_message_that_was_the_least_late_decides(store, database, commit, beat):
    late, prompt = (
        beat(1, 50_000, after_ms=19_000, clock="unsynced"),
        beat(2, 69_000, after_ms=19_000, clock="unsynced"),
    )
    commit([late, prompt], store, database)
    assert {seq: time_ms for seq, (time_ms, _) in points(store).items()} == {1: 0, 2: 19_000}


def test_a_clock_that_runs_away_is_followed_only_so_far(store, database, committer, beat):
    worker = committer(store, database)
    for seq in range(1, 3 * MAX_STEPS):
        worker.commit([beat(seq, 50_000 + seq * 60_000, after_ms=seq * 1_000, clock="unsynced")])
    with database.reading() as session:
        ((_, steps),) = offsets_of(session, [("cam-1", "00000001-abcdef01", "unsynced")]).items()
    assert len(steps) == MAX_STEPS


def test_a_message_a_little_ahead_proves_nothing(store, database, commit, beat):
    commit([beat(1, 50_000, clock="unsynced")], store, database)
    commit([beat(2, 80_200, after_ms=30_000, clock="unsynced")], store, database)
    assert {offset for _, offset in points(store).values()} == {(NOW_MS - 50_000) / 1e3}


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
