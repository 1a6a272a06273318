"""Notifications as rows: taken by one process at a time, put off, forgotten; and a lease that is still held."""

from __future__ import annotations

import threading

from skerry_server.registry.leases import acquire, is_held, release
from skerry_server.registry.notifications import (
    Notification,
    add_notifications,
    claim_due,
    give_up_older,
    has_due,
    put_off,
    remove_notification,
    waiting_by_channel,
)


def add(database, *titles, now_ms=1_000):
    with database.transaction() as session:
        some = [Notification(channel="mail", severity="info", title=title, body="b\x00") for title in titles]
        add_notifications(session, some, now_ms=now_ms)


def test_what_is_taken_is_nobody_elses_until_it_is_put_off(database):
    add(database, "one", "two", "three")
    with database.transaction() as session:
        first = claim_due(session, "mail", now_ms=1_000, hold_ms=500, limit=2)
        assert [(row.title, row.body) for row in first] == [("one", "b\ufffd"), ("two", "b\ufffd")]
    with database.transaction() as session:
        assert [row.title for row in claim_due(session, "mail", now_ms=1_499, hold_ms=500, limit=9)] == ["three"]
        assert not has_due(session, "mail", now_ms=1_499)
        assert has_due(session, "mail", now_ms=1_500)
        remove_notification(session, first[0].id)
        put_off(session, first[1].id, due_ms=9_000, attempts=1, error="no")
        assert not has_due(session, "mail", now_ms=1_500)
        waiting = waiting_by_channel(session)["mail"]
        assert (waiting.count, waiting.since_ms, waiting.error) == (2, 1_000, "no")


def test_what_is_old_is_given_up(database):
    add(database, "old")
    add(database, "young", now_ms=1_200)
    with database.transaction() as session:
        assert not has_due(session, "chat", now_ms=1_300)
        assert [row.title for row in give_up_older(session, than_ms=1_100)] == ["old"]
    with database.reading() as session:
        assert waiting_by_channel(session)["mail"].count == 1


def test_of_processes_that_come_at_once_each_notification_goes_to_one(database):
    add(database, *(f"n{number}" for number in range(20)))
    begin, taken = threading.Barrier(4), []

    def take():
        begin.wait()
        with database.transaction() as session:
            taken.extend(row.title for row in claim_due(session, "mail", now_ms=1_000, hold_ms=500, limit=20))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"n{number}" for number in range(20))


def test_a_lease_is_held_by_its_holder_until_its_end(database):
    with database.transaction() as session:
        assert not is_held(session, "alerts", "one")
        assert acquire(session, "alerts", "one", term_ms=60_000)
        assert is_held(session, "alerts", "one")
        assert not is_held(session, "alerts", "two")
        release(session, "alerts", "one")
        acquire(session, "alerts", "two", term_ms=-1)
        assert not is_held(session, "alerts", "two")
