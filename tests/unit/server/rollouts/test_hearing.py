"""Whether the server hears what devices answer, by what its ingest workers tell of themselves."""

from __future__ import annotations

from msgspec.structs import replace

from skerry_server.health import Health
from skerry_server.rollouts.hearing import hears
from skerry_server.workers import SILENT_MS, Worker, report_of


def make_report(**changes):
    health = Health()
    for part in health.parts():
        health.works(part, "")
    return replace(report_of(health), **changes)


def make_worker(report, *, name="ingest-1", age_ms=0):
    return Worker(name=name, age_ms=age_ms, report=report)


def test_a_worker_that_takes_everything_in_is_what_is_needed():
    assert hears([make_worker(make_report())])
    assert not hears([])


def test_one_that_has_ended_neither_hears_nor_hinders():
    gone = make_worker(make_report(spool_owed_bytes=9), name="ingest-2", age_ms=SILENT_MS + 1)
    assert not hears([gone])
    assert hears([gone, make_worker(make_report())])


def test_one_without_a_broker_or_with_a_backlog_is_enough_to_wait():
    away = Health()
    away.works("registry", "")
    cut_off = report_of(away)
    for report in (cut_off, make_report(spool_owed_bytes=1), make_report(waits_s=120.0)):
        assert not hears([make_worker(make_report()), make_worker(report, name="ingest-2")])


def test_one_of_another_version_is_believed_to_hear():
    assert hears([make_worker(None)])
