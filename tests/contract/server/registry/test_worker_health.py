"""What workers tell of themselves: the newest word of each, how old it is, and no word of those that ended."""

from __future__ import annotations

from skerry_server.registry.models import WorkerHealthRow
from skerry_server.registry.worker_health import FORGET_MS, all_told, forget_worker, tell_health


def test_each_worker_s_newest_word_is_known_with_its_age(database):
    for name, word in (("w2", "first"), ("w1", "only"), ("w2", "newest")):
        with database.transaction() as session:
            tell_health(session, name, {"word": word})
    with database.transaction() as session:
        session.get(WorkerHealthRow, "w1").seen_ms -= 60_000
    with database.reading() as session:
        told = all_told(session)
    assert [(one.name, one.report) for one in told] == [("w1", {"word": "only"}), ("w2", {"word": "newest"})]
    assert told[0].age_ms >= 60_000 > told[1].age_ms >= 0


def test_who_ended_or_was_silent_for_a_day_is_forgotten(database):
    for name in ("w1", "w2", "w3"):
        with database.transaction() as session:
            tell_health(session, name, {})
    with database.transaction() as session:
        session.get(WorkerHealthRow, "w2").seen_ms -= FORGET_MS + 1
        forget_worker(session, "w1")
    with database.transaction() as session:
        tell_health(session, "w3", {})
        assert [one.name for one in all_told(session)] == ["w3"]
