"""Leases: one holder at a time, whoever asks at once, and a successor when the term is over."""

from __future__ import annotations

import threading
import time

from sqlalchemy import text, update

from skerry_server.registry.leases import acquire, release
from skerry_server.registry.models import LeaseRow

TERM_MS = 60_000


def ask(database, holder, term_ms=TERM_MS):
    with database.transaction() as session:
        return acquire(session, "sweep", holder, term_ms=term_ms)


def test_a_lease_is_its_holder_s_until_it_is_given_back(database):
    assert ask(database, "a")
    assert not ask(database, "b")
    assert ask(database, "a"), "a holder may renew"
    with database.transaction() as session:
        release(session, "sweep", "b")
    assert not ask(database, "b"), "who does not hold it gives nothing back"
    with database.transaction() as session:
        release(session, "sweep", "a")
    assert ask(database, "b")


def test_a_lease_that_ran_out_is_for_the_next(database):
    assert ask(database, "a", term_ms=0)
    assert ask(database, "b")
    assert not ask(database, "a")


def test_the_term_is_counted_on_the_database_s_clock(database):
    ask(database, "a")
    now = "extract(epoch from clock_timestamp()) * 1000"
    if database.engine.dialect.name == "sqlite":
        now = "strftime('%s', 'now') * 1000"
    with database.reading() as session:
        left_ms = session.scalar(text(f"SELECT until_ms - {now} FROM leases"))
    assert TERM_MS - 10_000 < left_ms <= TERM_MS + 1_000


def test_a_lease_from_before_the_clock_was_set_back_lasts_one_term_at_most_and_its_holder_may_renew_it(database):
    ask(database, "gone")
    with database.transaction() as session:
        session.execute(update(LeaseRow).values(until_ms=LeaseRow.until_ms + 400 * 86_400_000))
    assert not ask(database, "next", term_ms=1_000), "its holder may be there"
    with database.reading() as session:
        until_ms = session.scalar(text("SELECT until_ms FROM leases"))
    assert abs(until_ms - time.time() * 1000) < TERM_MS
    assert ask(database, "gone")
    ask(database, "next", term_ms=0)
    assert ask(database, "next"), "its holder did not renew it within the term"


def test_of_many_who_ask_at_once_one_holds_it(database, url, opened):
    database.probe()
    begin, holders = threading.Barrier(6), []

    def run(name):
        own = opened(url)
        own.probe()
        begin.wait()
        if ask(own, name):
            holders.append(name)

    threads = [threading.Thread(target=run, args=(f"worker {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(holders) == 1
