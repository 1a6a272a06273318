"""Snapshots in the registry: kept beside their event, bounded in number and bytes for each device."""

from __future__ import annotations

import pytest

from skerry_edge.contracts.snapshots import JPEG_START
from skerry_server.api.read import read_events
from skerry_server.ingest.validate import Delivery
from skerry_server.registry import snapshots
from skerry_server.registry.events import EventSearch
from skerry_server.registry.snapshots import read_snapshot


@pytest.fixture
def keep(store, database, commit):
    """Return a function that commits snapshots of a device; the server got each a millisecond after the one before."""

    def commit_all(*events, device="cam-1", size=10, since_ms=1):
        batch = [
            Delivery(
                topic=f"skerry/v1/home/{device}/snapshot/{event}",
                payload=JPEG_START + event.encode() + bytes(size),
                is_retained=False,
                received_ms=received_ms,
            )
            for received_ms, event in enumerate(events, start=since_ms)
        ]
        return commit(batch, store, database)

    return commit_all


def kept(database, *events, device="cam-1"):
    with database.transaction() as session:
        return [event for event in events if read_snapshot(session, device, event) is not None]


def test_a_snapshot_is_read_back_as_it_came_and_only_for_its_own_device_and_event(database, keep):
    assert keep("e1").letters == []
    with database.transaction() as session:
        assert read_snapshot(session, "cam-1", "e1") == JPEG_START + b"e1" + bytes(10)
        assert read_snapshot(session, "cam-1", "e2") is None
        assert read_snapshot(session, "cam-2", "e1") is None


def test_an_event_names_its_snapshot_and_no_other_event_does(database, store, delivery, keep, commit):
    devices = ("cam-1", "cam-2")
    commit([delivery("event", seq=seq, device=device) for device in devices for seq in (1, 2)], store, database)
    keep("m2", device="cam-2")
    with database.transaction() as session:
        found = {(one.device, one.id): one.snapshot for one in read_events(session, EventSearch())}
    assert [one for one in found.values() if one] == ["/api/v1/devices/cam-2/snapshots/m2"]


def test_an_event_of_an_object_shows_its_newest_picture_up_to_then(database, store, delivery, keep, commit):
    phases = ("begin", "update", "update", "end")
    tracks = [{"phase": phase, "track": "a-1", "began": 1} for phase in phases]
    commit([delivery("event", seq=seq, **one) for seq, one in enumerate(tracks, start=1)], store, database)
    keep("m1", "m3")
    with database.transaction() as session:
        pictures = [one.snapshot for one in read_events(session, EventSearch())]
        taken = [one.snapshot_of for one in read_events(session, EventSearch())]
    assert [one.rpartition("/")[2] for one in pictures] == ["m3", "m3", "m1", "m1"]
    assert taken == [3, 3, 1, 1]


def test_a_picture_brings_the_box_of_the_event_it_came_with(database, store, delivery, keep, commit):
    seen, gone = [0.1, 0.1, 0.2, 0.2], [0.8, 0.1, 0.9, 0.2]
    track = {"track": "a-1", "began": 1}
    deliveries = [
        delivery("event", seq=1, phase="begin", box=seen, **track),
        delivery("event", seq=2, phase="end", box=gone, **track),
    ]
    commit(deliveries, store, database)
    keep("m1")
    with database.transaction() as session:
        newest = read_events(session, EventSearch())[0]
    assert (newest.box, newest.snapshot_box) == (gone, seen)


def test_the_newest_of_a_device_are_kept_whatever_other_devices_send(database, keep, monkeypatch):
    monkeypatch.setattr(snapshots, "MAX_SNAPSHOTS", 2)
    keep("e1", "e2", "e3")
    keep("e4", since_ms=10)
    keep("x", "y", "z", device="cam-2", since_ms=20)
    assert kept(database, "e1", "e2", "e3", "e4") == ["e3", "e4"]
    assert kept(database, "x", "y", "z", device="cam-2") == ["y", "z"]


def test_the_bytes_of_a_device_are_bounded_as_well(database, keep, monkeypatch):
    monkeypatch.setattr(snapshots, "MAX_BYTES", 2_500)
    keep("e1", "e2", "e3", "e4", size=1_000)
    assert kept(database, "e1", "e2", "e3", "e4") == ["e3", "e4"]


def test_a_snapshot_that_comes_again_is_kept_once(database, keep):
    keep("e1")
    keep("e1")
    assert kept(database, "e1") == ["e1"]
