"""Work of one kind goes on while that of another hangs."""

from __future__ import annotations

import asyncio
import threading

from skerry_server.health import Health
from skerry_server.ingest.watch import Watch
from skerry_server.leased_job import LeasedJob
from skerry_server.stores.base import StoreInfo
from skerry_server.threads import Threads


class Answering:
    """A store that answers its probes."""

    def probe(self):
        return StoreInfo(product="a test", version="1", where="here")


def test_a_lease_is_taken_and_the_parts_are_probed_while_everything_else_hangs(database):
    go_on, working, health = threading.Event(), threading.Event(), Health()

    async def work():
        working.set()
        await asyncio.Event().wait()

    async def scenario():
        hanging = [asyncio.create_task(asyncio.to_thread(go_on.wait, 60)) for _ in range(64)]
        job = LeasedJob(database=database, name="sweep", holder="a", work=work)
        watch = Watch(store=Answering(), database=database, health=health)
        tasks = [asyncio.create_task(job.run()), asyncio.create_task(watch.run())]
        try:
            for _ in range(4000):
                if working.is_set() and health.parts()["registry"].is_ok and health.parts()["store"].is_ok:
                    return True
                await asyncio.sleep(0.005)
            return False
        finally:
            go_on.set()
            for task in (*tasks, *hanging):
                task.cancel()
            await asyncio.gather(*tasks, *hanging, return_exceptions=True)

    assert asyncio.run(scenario())


def test_what_is_beyond_the_threads_of_a_kind_waits_and_is_counted():
    async def scenario():
        go_on, threads = threading.Event(), Threads("test", most=1)
        tries = [asyncio.create_task(threads.run(go_on.wait, 30)) for _ in range(3)]
        await asyncio.sleep(0)
        before = threads.under_way
        go_on.set()
        return before, await asyncio.gather(*tries), threads.under_way

    assert asyncio.run(scenario()) == (3, [True, True, True], 0)
