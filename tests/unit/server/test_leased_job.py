"""A job under a lease: done by one process at a time, and left in time by one that has lost it."""

from __future__ import annotations

import asyncio

import pytest

from skerry_server import leased_job as module
from skerry_server.errors import RegistryError
from skerry_server.leased_job import LeasedJob


@pytest.fixture
def quick(monkeypatch):
    """Make terms short."""
    monkeypatch.setattr(module, "TERM_S", 0.2)
    monkeypatch.setattr(module, "RENEW_S", 0.02)


class Work:
    """Work that notes while it is done."""

    def __init__(self):
        self.is_done = False

    async def run(self):
        self.is_done = True
        try:
            await asyncio.Event().wait()
        finally:
            self.is_done = False


async def until(condition):
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("never came true")


def test_one_of_two_does_the_job_and_the_other_when_that_ends(quick, database):
    async def scenario():
        works = [Work(), Work()]
        jobs = [
            LeasedJob(database=database, name="sweep", holder=name, work=work.run)
            for name, work in zip("ab", works, strict=True)
        ]
        first = asyncio.create_task(jobs[0].run())
        await until(lambda: works[0].is_done)
        second = asyncio.create_task(jobs[1].run())
        await asyncio.sleep(0.5)
        assert (works[0].is_done, works[1].is_done) == (True, False)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert not works[0].is_done
        jobs[0].give_up()
        await until(lambda: works[1].is_done)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)

    asyncio.run(scenario())


def test_who_cannot_renew_stops_before_another_may_begin(quick, database, monkeypatch):
    async def scenario():
        work = Work()
        job = asyncio.create_task(LeasedJob(database=database, name="sweep", holder="a", work=work.run).run())
        await until(lambda: work.is_done)

        def away():
            raise RegistryError("away")

        with monkeypatch.context() as patch:
            patch.setattr(database, "transaction", away)
            await until(lambda: not work.is_done)
        await until(lambda: work.is_done)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)

    asyncio.run(scenario())
