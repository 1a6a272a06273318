"""Soft state written: what hardly ever changes is kept when it does, and of what cannot be written only that waits."""

from __future__ import annotations

import time

import pytest

from skerry_server.errors import RegistryError
from skerry_server.ingest import commit as committing
from skerry_server.registry.devices import list_devices


def makes(database):
    with database.reading() as session:
        return {row.id: (row.board, row.agent_version, row.uptime_s) for row, _ in list_devices(session)}


def test_a_device_with_another_board_or_agent_is_shown_with_it_and_its_neighbours_with_theirs(
    store, database, delivery, committer
):
    one = committer(store, database)
    names = ("cam-1", "cam-2", "cam-3")
    one.commit([delivery("heartbeat", device=name) for name in names])
    one.flush()
    assert makes(database) == dict.fromkeys(names, ("raspberry-pi-5", "1.0.0", 1.0))
    changes = ({"agent_version": "1.1.0"}, {}, {"board": "jetson"})
    one.commit(
        [
            delivery("heartbeat", seq=2, device=name, uptime_s=2.0, **change)
            for name, change in zip(names, changes, strict=True)
        ]
    )
    one.flush()
    assert makes(database) == {
        "cam-1": ("raspberry-pi-5", "1.1.0", 2.0),
        "cam-2": ("raspberry-pi-5", "1.0.0", 2.0),
        "cam-3": ("jetson", "1.0.0", 2.0),
    }


def test_of_a_flush_that_fails_on_its_way_only_what_is_not_written_waits(
    store, database, delivery, committer, monkeypatch
):
    monkeypatch.setattr(committing, "MAX_ROWS", 2)
    one = committer(store, database)
    names = [f"cam-{number}" for number in range(5)]
    one.commit([delivery("heartbeat", device=name) for name in names])
    transaction, begun = database.transaction, []

    def failing():
        begun.append(len(one))
        if len(begun) == 2:
            raise RegistryError("the registry's database cannot be used")
        return transaction()

    monkeypatch.setattr(database, "transaction", failing)
    with pytest.raises(RegistryError):
        one.flush()
    assert len(one) == 3
    assert [uptime_s for _, _, uptime_s in makes(database).values()] == [1.0, 1.0, None, None, None]
    one.flush()
    assert len(one) == 0
    assert [uptime_s for _, _, uptime_s in makes(database).values()] == [1.0] * 5


def test_when_a_device_was_last_heard_never_goes_back_but_from_before_the_clock_was_set_back(
    store, database, delivery, committer
):
    def heard(seq, received_ms):
        one = committer(store, database)
        one.commit([delivery("heartbeat", seq=seq, received_ms=received_ms)])
        one.flush()
        with database.reading() as session:
            return [row.last_received_ms for row, _ in list_devices(session)]

    now_ms = time.time_ns() // 1_000_000
    assert heard(1, now_ms - 1_000) == [now_ms - 1_000]
    assert heard(2, now_ms - 5_000) == [now_ms - 1_000]
    assert heard(3, now_ms + 400 * 86_400_000) == [now_ms + 400 * 86_400_000]
    assert heard(4, now_ms) == [now_ms]


def test_a_batch_that_was_prepared_before_all_was_forgotten_is_decided_on_the_registry(
    store, database, delivery, committer
):
    one = committer(store, database)
    one.commit([delivery("status")])
    prepared = one.write(one.prepare([delivery("heartbeat", seq=5)]))
    committer(store, database).commit([delivery("status", seq=2, state="offline", reason="switched off")])
    one.forget()
    one.record(prepared)
    with database.reading() as session:
        assert [presence.state for _, presence in list_devices(session)] == ["online"]


def test_a_bug_in_writing_soft_state_loses_none_of_it(store, database, delivery, committer, monkeypatch):
    one = committer(store, database)
    one.commit([delivery("status")])
    one.commit([delivery("heartbeat", seq=2)])

    def broken(*_):
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(committing, "save_soft_rows", broken)
        for failing in (one.flush, lambda: one.commit([delivery("status", seq=3)])):
            with pytest.raises(ZeroDivisionError):
                failing()
            assert len(one) == 1
    one.flush()
    assert makes(database) == {"cam-1": ("raspberry-pi-5", "1.0.0", 1.0)}
