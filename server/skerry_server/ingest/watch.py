"""The watch over store and registry: asked again and again, so that health tells the truth when nothing arrives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from skerry_edge.foundation.errors import SkerryError
from skerry_server.health import Health, PartName
from skerry_server.registry.database import Database
from skerry_server.stores.base import Store, StoreInfo
from skerry_server.threads import Threads

PROBE_S = 5.0


class Watch:
    """Probes in threads of their own: behind whatever hangs, the question would wait as well.

    ``unwritable`` tells which parts a write has failed at: a full disk can still be read, so a probe that succeeds does
    not speak for them. ``learned`` gets what each probe of the store found, and when it was asked (monotonic, seconds).
    """

    def __init__(
        self,
        *,
        store: Store,
        database: Database,
        health: Health,
        unwritable: Callable[[], frozenset[PartName]] = frozenset,
        learned: Callable[[StoreInfo, float], None] = lambda _info, _asked_s: None,
    ) -> None:
        self._store = store
        self._database = database
        self._health = health
        self._unwritable = unwritable
        self._learned = learned
        self._threads = Threads("probe", most=2)

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            await asyncio.gather(self._threads.run(self._probe_store), self._threads.run(self._probe_registry))
            await asyncio.sleep(PROBE_S)

    def _probe_store(self) -> None:
        asked_s = time.monotonic()
        try:
            info = self._store.probe()
        except SkerryError as error:
            self._health.fails("store", str(error))
            return
        self._learned(info, asked_s)
        self._health.remark("store", " ".join(info.remarks) or None)
        if "store" not in self._unwritable():
            self._health.works("store", f"{info.product} {info.version} at {info.where}")

    def _probe_registry(self) -> None:
        try:
            self._database.probe()
        except SkerryError as error:
            self._health.fails("registry", str(error))
        else:
            if "registry" not in self._unwritable():
                self._health.works("registry", self._database.where)
