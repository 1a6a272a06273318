"""The duties of updates in a process with an API: done while it runs, and left to the next at its end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from skerry_server.config.ota import Ota
from skerry_server.config.server import ServerConfig, Settings
from skerry_server.health import Health
from skerry_server.registry.leases import acquire
from skerry_server.rollouts.duties import UpdateDuties
from skerry_server.rollouts.job import RolloutJob
from skerry_server.rollouts.refreshing import Refreshing

JOBS = ("rollouts", "ota-refresh")


@pytest.fixture
def done(monkeypatch):
    """Events by job, set when the job is done for the first time; neither does anything else."""
    events = {name: threading.Event() for name in JOBS}

    def sign(_job):
        events["ota-refresh"].set()
        return True

    monkeypatch.setattr(RolloutJob, "look", lambda _job: events["rollouts"].set())
    monkeypatch.setattr(Refreshing, "turn", sign)
    return events


def held(database):
    """Return which of the jobs somebody does."""
    with database.transaction() as session:
        free = {name for name in JOBS if acquire(session, name, "somebody else", term_ms=1)}
        session.rollback()
    return set(JOBS) - free


@pytest.mark.parametrize(
    ("ota", "jobs"), [(Ota(repository="ota", online_keys="online"), set(JOBS)), (Ota(repository="ota"), {"rollouts"})]
)
def test_what_is_to_be_done_here_is_done_and_let_go_of_at_the_end(tmp_path, store, database, done, ota, jobs):
    settings = Settings(config=ServerConfig(ota=ota), base=tmp_path, state=tmp_path)
    duties = UpdateDuties(settings, store=store, database=database, health=Health([]))

    async def scenario():
        stop = asyncio.Event()
        running = asyncio.create_task(duties.run(stop))
        for name in jobs:
            assert await asyncio.to_thread(done[name].wait, 30)
        assert held(database) == jobs
        stop.set()
        await asyncio.wait_for(running, 30)

    asyncio.run(scenario())
    assert held(database) == set()
