"""The watch over store and registry: what a probe finds is told."""

from __future__ import annotations

import asyncio

import pytest

from skerry_server.health import Health
from skerry_server.ingest.watch import Watch
from skerry_server.stores.base import StoreInfo


class Remarkable:
    """A store with something that its operator should know."""

    def probe(self):
        return StoreInfo(product="p", version="1", where="here", remarks=("It rounds.", "It forgets."))


@pytest.mark.parametrize(("with_remarks", "told"), [(True, {"store": "It rounds. It forgets."}), (False, {})])
def test_what_an_operator_should_know_of_the_store_is_among_the_remarks(store, database, with_remarks, told):
    health = Health()
    watch = Watch(store=Remarkable() if with_remarks else store, database=database, health=health)

    async def look():
        watching = asyncio.create_task(watch.run())
        for _ in range(6000):
            if health.parts()["store"].is_ok and health.parts()["registry"].is_ok:
                break
            await asyncio.sleep(0.005)
        watching.cancel()

    asyncio.run(look())
    assert health.remarks() == told
