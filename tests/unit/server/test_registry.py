"""The registry: searching, paging and bounds."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace

import pytest

from skerry_edge.foundation.errors import ConfigError, MissingError
from skerry_server.api.read import read_events
from skerry_server.errors import RegistryError
from skerry_server.ingest.validate import DeadLetter
from skerry_server.presence import SilenceRules
from skerry_server.registry import dead_letters
from skerry_server.registry.database import Database
from skerry_server.registry.devices import count_devices, list_devices
from skerry_server.registry.events import EventSearch, count_events, count_events_since, search
from skerry_server.registry.presence_history import intervals_of
from skerry_server.registry.presence_rows import find_silent, mark_silent

RULES = SilenceRules(heartbeat_s=30.0, missed=3)


def letter(number, payload=b"?"):
    return DeadLetter(
        topic=f"skerry/{number}", reason="topic", detail="d", payload=payload, payload_bytes=1, received_ms=number
    )


@pytest.fixture
def filled(store, database, delivery, commit):
    """A registry with events of two devices and labels."""
    batch = [
        delivery("event", seq=seq, device=device, label=label, ts=seq * 1000)
        for device in ("cam-1", "cam-2")
        for seq, label in enumerate(["car", "dog", "car"], start=1)
    ]
    commit(batch, store, database)
    return database


def found(database, **wanted):
    with database.transaction() as session:
        return [(row.device, row.seq) for row in search(session, EventSearch(**wanted))]


def test_events_are_found_by_device_label_kind_and_time(filled):
    assert found(filled, device="cam-2", label="car") == [("cam-2", 3), ("cam-2", 1)]
    assert found(filled, kind="wakeword") == []
    assert found(filled, since_ms=2000, until_ms=3000) == [("cam-2", 2), ("cam-1", 2)]


def test_pages_follow_each_other_without_gap_or_overlap(filled):
    pages, before = [], None
    while True:
        with filled.transaction() as session:
            rows = [(row.id, row.device, row.seq) for row in search(session, EventSearch(limit=4, before_id=before))]
        if not rows:
            break
        pages += rows
        before = rows[-1][0]
    assert [(device, seq) for _, device, seq in pages] == found(filled)
    assert len(pages) == 6


def test_events_are_counted_by_kind_and_label(filled):
    with filled.transaction() as session:
        assert count_events(session) == [("detection", "car", 4), ("detection", "dog", 2)]


def test_a_process_that_begins_to_read_waits_for_no_writer(filled, tmp_path):
    reader = Database(f"sqlite:///{tmp_path / 'registry.sqlite'}", patience_s=0.1)
    with filled.transaction(), reader.reading() as session:
        assert count_devices(session) == {"online": 2}
    reader.close()


def fall_silent(session, *, floor_ms, now_ms):
    suspects = find_silent(session, RULES, floor_ms=floor_ms, now_ms=now_ms)
    return mark_silent(session, suspects, RULES, floor_ms=floor_ms, now_ms=now_ms)


def test_a_silent_device_goes_offline_with_the_reason_and_its_history_says_so(filled):
    with filled.transaction() as session:
        assert fall_silent(session, floor_ms=0, now_ms=99_000) == ["cam-1", "cam-2"]
    with filled.transaction() as session:
        assert count_devices(session) == {"offline": 2}
        ((_, presence),) = list_devices(session, device="cam-1")
        assert (presence.reason, presence.since_ms) == ("no heartbeat for 90 s", 99_000)
        history = intervals_of(session, "cam-1", since_ms=0, until_ms=10**9, limit=9)
        assert [(one.state, one.began_ms, one.ended_ms) for one in history] == [
            ("offline", 99_000, None),
            ("online", 5_000, 99_000),
        ]


def test_a_device_that_tells_its_own_interval_is_silent_by_that(store, database, delivery, commit):
    often, seldom = delivery("heartbeat", interval_s=1.0), delivery("heartbeat", device="cam-2", interval_s=600.0)
    commit([often, seldom], store, database)
    with database.transaction() as session:
        assert fall_silent(session, floor_ms=0, now_ms=5_000 + 3_001) == ["cam-1"]
        assert fall_silent(session, floor_ms=0, now_ms=5_000 + 1_800_000) == []
        assert fall_silent(session, floor_ms=0, now_ms=5_000 + 1_800_001) == ["cam-2"]


def test_a_device_that_is_heard_while_it_is_about_to_be_marked_stays_online(filled, store, delivery, commit):
    with filled.reading() as session:
        suspects = find_silent(session, RULES, floor_ms=0, now_ms=99_000)
    commit([delivery("heartbeat", seq=50, received_ms=98_000)], store, filled)
    with filled.transaction() as session:
        assert mark_silent(session, suspects, RULES, floor_ms=0, now_ms=99_000) == ["cam-2"]


def test_the_silence_of_a_device_that_is_offline_already_is_no_news(filled):
    with filled.transaction() as session:
        fall_silent(session, floor_ms=0, now_ms=99_000)
        assert fall_silent(session, floor_ms=0, now_ms=999_000) == []
    with filled.transaction() as session:
        ((_, presence),) = list_devices(session, device="cam-1")
        assert presence.since_ms == 99_000


@pytest.mark.parametrize(
    ("floor_ms", "now_ms", "is_heard"),
    [(0, 5_000, True), (0, 95_000, True), (0, 95_001, False), (50_000, 140_000, True), (0, 4_999, True)],
    ids=["just now", "within the limit", "past the limit", "the server was deaf", "in a time still to come"],
)
def test_a_device_heard_within_the_limit_is_not_silent(filled, floor_ms, now_ms, is_heard):
    with filled.transaction() as session:
        fallen = fall_silent(session, floor_ms=floor_ms, now_ms=now_ms)
    assert fallen == ([] if is_heard else ["cam-1", "cam-2"])


def test_dead_letters_beyond_a_number_make_room_and_those_of_the_store_have_their_own(database, monkeypatch):
    monkeypatch.setattr(dead_letters, "MAX_DEAD_LETTERS", 10)
    with database.transaction() as session:
        for number in range(11):
            dead_letters.add_dead_letters(session, [letter(number), replace(letter(number, b"s"), reason="store")])
        oldest = dead_letters.list_dead_letters(session, limit=99, reason="topic")[-1]
        dead_letters.note_replayed(session, [oldest.id], now_ms=7)
        assert dead_letters.trim_dead_letters(session) == {"store": 2, "topic": 1}
        assert dead_letters.trim_dead_letters(session) == {}
        left = dead_letters.list_dead_letters(session, limit=99)
    assert Counter(row.reason for row in left) == {"store": 9, "topic": 9}
    assert max(row.topic for row in left) == "skerry/9"


def test_few_large_letters_make_room_as_many_small_ones_do(database, monkeypatch):
    monkeypatch.setattr(dead_letters, "MAX_KEPT_BYTES", 1_000)
    monkeypatch.setattr(dead_letters, "MAX_PAYLOAD_BYTES", 300)
    large = [("liar", b"%d" % number * 250) for number in range(6)]
    letters = [
        replace(letter(1, payload), topic=f"skerry/v1/home/{device}/event", reason="schema")
        for device, payload in [*large, ("cam-1", b"small")]
    ]
    with database.transaction() as session:
        dead_letters.add_dead_letters(session, letters)
        assert dead_letters.trim_dead_letters(session) == {"schema": 3}
        kept = [(row.topic, len(row.payload)) for row in dead_letters.list_dead_letters(session, limit=9)]
    assert sorted(kept) == [("skerry/v1/home/cam-1/event", 5)] + [("skerry/v1/home/liar/event", 250)] * 3


def test_a_transaction_that_fails_leaves_nothing(database):
    def interrupted():
        with database.transaction() as session:
            dead_letters.add_dead_letters(session, [letter(1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    with database.transaction() as session:
        assert dead_letters.count_dead_letters(session) == 0


def test_a_file_that_is_no_database_is_a_typed_error(tmp_path):
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(RegistryError, match="registry"):
        Database(f"sqlite:///{path}").probe()


@pytest.mark.parametrize(
    "url", ["nonsense", "oracle://db/x", "mysql://u:hunter2@db/x", "postgresql+asyncpg://u:hunter2@db/x", "sqlite://"]
)
def test_an_address_that_cannot_be_a_registry_s_is_refused(url):
    with pytest.raises(ConfigError) as caught:
        Database(url)
    assert "hunter2" not in str(caught.value)


def test_a_driver_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingError, match="psycopg"):
        Database("postgresql://db/skerry")


@pytest.fixture
def lives(store, database, delivery, commit):
    """Two objects and an event that does not last: one object has come and gone, one has come, on two devices."""
    gone = {"track": "a-1", "began": 1000}
    sight = {"score": 0.5, "box": [0.1, 0.1, 0.2, 0.2], "zones": ["drive"]}
    batch = [
        delivery("event", seq=1, phase="begin", ts=1000, zones=["drive"], **gone),
        delivery("event", seq=2, ts=1500),
        delivery("event", seq=3, phase="update", ts=2000, before=sight, **gone),
        delivery("event", seq=4, phase="end", ts=3000, before=sight, **gone),
        delivery("event", seq=1, device="cam-2", phase="begin", ts=1000, **gone),
    ]
    assert commit(batch, store, database).letters == []
    return database


def test_of_each_object_the_newest_event_can_be_had_alone(lives):
    assert found(lives, newest_of_track=True) == [("cam-2", 1), ("cam-1", 4), ("cam-1", 2)]
    assert found(lives, newest_of_track=True, device="cam-1") == [("cam-1", 4), ("cam-1", 2)]
    assert found(lives, track="a-1", device="cam-1") == [("cam-1", 4), ("cam-1", 3), ("cam-1", 1)]


def test_an_object_counts_once_however_many_events_tell_of_it(lives):
    with lives.transaction() as session:
        assert [number for _, _, number in count_events(session)] == [3]
        assert count_events_since(session, 0) == 3


def test_an_event_is_read_back_with_the_zones_and_what_was_told_before(lives):
    with lives.transaction() as session:
        end, update, begin = read_events(session, EventSearch(track="a-1", device="cam-1"))
    assert (begin.phase, begin.zones, begin.before, begin.began_ms) == ("begin", ["drive"], None, 1000)
    assert (update.phase, update.before.zones) == ("update", ["drive"])
    assert (end.phase, end.zones, end.track) == ("end", [], "a-1")
