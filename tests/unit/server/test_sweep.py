"""The sweep: silent devices are marked a few at a time, so that nobody waits for a whole fleet."""

from __future__ import annotations

import logging

import msgspec
import pytest

from skerry_server.errors import RegistryError
from skerry_server.health import Health, now_ms
from skerry_server.ingest import sweep as module
from skerry_server.ingest.sweep import Sweep
from skerry_server.presence import SilenceRules
from skerry_server.registry.devices import count_devices
from skerry_server.registry.worker_health import tell_health
from skerry_server.workers import report_of

RULES = SilenceRules(heartbeat_s=30, missed=3)


class Times:
    """The server's clock: one time, then another when all are overdue."""

    def __init__(self):
        self.value = now_ms()

    def __call__(self):
        return self.value


@pytest.fixture
def fleet(store, database, delivery, commit, monkeypatch):
    """A fleet of 45 devices that were just heard, swept 20 at once; gives what sweeps it."""
    clock, health = Times(), Health()
    commit(
        [delivery("heartbeat", device=f"cam-{number:02}", received_ms=clock.value) for number in range(45)],
        store,
        database,
    )
    monkeypatch.setattr(module, "AT_ONCE", 20)
    # The clock is moved by hand here, which is no step of it.
    monkeypatch.setattr(module, "STEP_MS", 10**9)
    health.works("broker", "-")
    health.works("registry", "-")
    sweep = Sweep(database=database, health=health, rules=RULES, now_ms=clock)
    sweep.turn()
    clock.value += 91_000
    return sweep, database, health, clock


def test_many_are_marked_in_several_transactions_and_told_in_one_short_line(fleet, caplog):
    sweep, database, *_ = fleet
    with caplog.at_level(logging.WARNING):
        sweep.turn()
    with database.reading() as session:
        assert count_devices(session) == {"offline": 45}
    (said,) = [one.getMessage() for one in caplog.records if "nothing heard" in one.getMessage()]
    assert said.endswith("cam-19 and 25 more")


def test_what_was_marked_before_the_registry_failed_is_told_and_the_rest_has_its_full_time_again(
    fleet, caplog, monkeypatch
):
    sweep, database, health, clock = fleet
    mark, calls = module.mark_silent, []

    def failing(*arguments, **times):
        calls.append(arguments)
        if len(calls) == 2:
            raise RegistryError("locked")
        return mark(*arguments, **times)

    monkeypatch.setattr(module, "mark_silent", failing)
    with caplog.at_level(logging.WARNING):
        sweep.turn()
    assert not health.parts()["registry"].is_ok
    assert "cam-19" in caplog.text
    with database.reading() as session:
        assert count_devices(session) == {"offline": 20, "online": 25}
    health.works("registry", "-")
    sweep.turn()
    clock.value += 91_000
    sweep.turn()
    with database.reading() as session:
        assert count_devices(session) == {"offline": 45}


def test_a_device_that_came_just_now_is_not_silent_though_its_soft_state_is_not_written_yet(
    store, database, delivery, committer, monkeypatch
):
    clock, health = Times(), Health()
    health.works("broker", "-")
    health.works("registry", "-")
    monkeypatch.setattr(module, "STEP_MS", 10**9)
    sweep = Sweep(database=database, health=health, rules=RULES, now_ms=clock)
    sweep.turn()
    clock.value += 200_000
    one = committer(store, database)
    one.commit([delivery("status", received_ms=clock.value), delivery("heartbeat", seq=2, received_ms=clock.value)])
    sweep.turn()
    with database.reading() as session:
        assert count_devices(session) == {"online": 1}
    clock.value += 91_000
    sweep.turn()
    with database.reading() as session:
        assert count_devices(session) == {"offline": 1}


@pytest.mark.parametrize("whose", ["its own", "another worker's"])
def test_nobody_is_silent_while_what_was_sent_cannot_be_recorded_and_all_have_their_full_time_after_it(fleet, whose):
    sweep, database, health, clock = fleet
    other = Health(worker="other")
    blocked = health if whose == "its own" else other

    def tell():
        with database.transaction() as session:
            tell_health(session, "other", msgspec.to_builtins(report_of(other)))

    blocked.follow(lambda: now_ms() - 31_000)
    tell()
    sweep.turn()
    with database.reading() as session:
        assert count_devices(session) == {"online": 45}
    blocked.follow(lambda: now_ms() - 1_000)
    tell()
    sweep.turn()
    with database.reading() as session:
        assert count_devices(session) == {"online": 45}
    clock.value += 91_000
    sweep.turn()
    with database.reading() as session:
        assert count_devices(session) == {"offline": 45}
