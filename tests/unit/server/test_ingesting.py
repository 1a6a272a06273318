"""Ingest put together: what it holds is let go of at its end, whatever fails there."""

from __future__ import annotations

import asyncio
import threading

import pytest

from skerry_server.access import worker_access
from skerry_server.config.broker import Broker
from skerry_server.config.server import ServerConfig, Settings
from skerry_server.health import Health
from skerry_server.ingest.attempts import Attempts
from skerry_server.ingest.sweep import Sweep
from skerry_server.ingesting import Ingesting
from skerry_server.registry.leases import acquire
from skerry_server.spool.spool import Spool


def test_a_fault_in_the_last_flush_keeps_neither_leases_nor_spool_from_the_next(tmp_path, store, database, monkeypatch):
    # Nobody listens there.
    config = ServerConfig(broker=Broker(url="mqtt://127.0.0.1:1"))
    settings = Settings(config=config, base=tmp_path, state=tmp_path)
    ingesting = Ingesting(settings, worker_access(settings), store=store, database=database, health=Health())
    is_sweeping = threading.Event()
    monkeypatch.setattr(Sweep, "turn", lambda _: is_sweeping.set())

    def broken(_attempts):
        raise ZeroDivisionError("a bug")

    async def scenario():
        stop = asyncio.Event()
        running = asyncio.create_task(ingesting.run(stop))
        assert await asyncio.to_thread(is_sweeping.wait, 30)
        assert lease_is_held(database)
        monkeypatch.setattr(Attempts, "flush", broken)
        stop.set()
        await asyncio.wait_for(running, 60)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scenario())
    assert not lease_is_held(database)
    spool = Spool(settings.spool_folder, budget_bytes=1)
    spool.open()
    spool.close()


def lease_is_held(database):
    with database.transaction() as session:
        free = acquire(session, "sweep", "somebody else", term_ms=1)
        session.rollback()
    return not free
