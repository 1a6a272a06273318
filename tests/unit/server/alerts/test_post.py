"""A worker tells when nobody looks at the fleet for alerts, and a look never takes more than its share of the time."""

from __future__ import annotations

import asyncio
import time

import pytest

from skerry_server.alerts.history import History
from skerry_server.alerts.lookout import LARGEST_SHARE, Lookout, pause_s
from skerry_server.alerts.post import LEASE, LOOKOUT
from skerry_server.config.alerts import Alerts
from skerry_server.errors import RegistryError
from skerry_server.health import Health
from skerry_server.post_watch import VACANT_AFTER_S, PostWatch
from skerry_server.registry.leases import acquire, release
from skerry_server.registry.models import RolloutRow
from skerry_server.rollouts.post import BRINGER


class EnoughError(Exception):
    """Ends a lookout, which has no end of its own."""


class Watching:
    """A post watch whose clock the test turns."""

    def __init__(self, database):
        self.now_s = 1_000.0
        self.health = Health()
        self.watch = PostWatch((LOOKOUT, BRINGER), database=database, health=self.health, now_s=lambda: self.now_s)

    def remark(self, after_s, post=LOOKOUT):
        self.now_s += after_s
        self.watch.turn()
        return self.health.remarks().get(post.lease)


def test_a_post_that_is_vacant_for_a_while_is_told_until_somebody_takes_it(database):
    watching = Watching(database)
    assert watching.remark(VACANT_AFTER_S - 1) is None
    assert watching.remark(1) == LOOKOUT.vacancy
    with database.transaction() as session:
        acquire(session, LEASE, "api", term_ms=60_000)
    assert watching.remark(5) is None
    with database.transaction() as session:
        release(session, LEASE, "api")
    assert watching.remark(VACANT_AFTER_S - 1) is None
    assert watching.remark(5) == LOOKOUT.vacancy


def test_nobody_is_missed_for_rollouts_while_none_is_open(database):
    watching = Watching(database)
    assert watching.remark(2 * VACANT_AFTER_S, BRINGER) is None
    values = {"kind": "model", "name": "signs", "version": "2.0.0", "counter": 2, "spec": {}, "stage": 0, "stages": 1}
    with database.transaction() as session:
        session.add(RolloutRow(**values, state="paused", author="ann", created_ms=1))
    assert watching.remark(VACANT_AFTER_S, BRINGER) == BRINGER.vacancy
    with database.transaction() as session:
        acquire(session, BRINGER.lease, "api", term_ms=60_000)
    assert watching.remark(5, BRINGER) is None


def test_a_lease_that_ran_out_leaves_the_post_vacant(database):
    with database.transaction() as session:
        acquire(session, LEASE, "api that was killed", term_ms=-1)
    assert Watching(database).remark(VACANT_AFTER_S) == LOOKOUT.vacancy


def test_a_registry_that_is_away_says_nothing_of_the_post(database, monkeypatch):
    def away():
        raise RegistryError("the registry's database cannot be used")

    watching = Watching(database)
    monkeypatch.setattr(database, "reading", away)
    assert watching.remark(10 * VACANT_AFTER_S) is None


@pytest.mark.parametrize(("took_s", "expected_s"), [(0.0, 15.0), (1.0, 14.0), (1.5, 13.5), (3.0, 27.0), (60.0, 540.0)])
def test_looks_come_at_their_interval_or_have_a_tenth_of_the_time(took_s, expected_s):
    paused_s = pause_s(took_s, interval_s=15.0)
    assert paused_s == pytest.approx(expected_s)
    assert took_s / (took_s + paused_s) <= LARGEST_SHARE + 1e-9


def test_a_lookout_whose_looks_take_long_looks_less_often_than_it_was_told_to(database, store):
    looks = []

    def slow_clock():
        looks.append(time.monotonic())
        time.sleep(0.03)
        if len(looks) == 3:
            raise EnoughError
        return 1_700_000_000_000

    lookout = Lookout(
        alerts=Alerts(interval_s=0.1),
        channels=[],
        database=database,
        history=History(store, database),
        health=Health(),
        holder="one",
        now_ms=slow_clock,
    )
    with pytest.raises(EnoughError):
        asyncio.run(lookout.run())
    assert looks[2] - looks[0] >= 2 * 0.03 / LARGEST_SHARE
