"""What the store cannot lose any more, from what its probes say: only that may be forgotten here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from skerry_server.errors import SpoolError, StoreError
from skerry_server.ingest.spool_report import SpoolReport
from skerry_server.spool.spool import Spool
from skerry_server.stores.base import Store, StoreInfo

LOG = logging.getLogger(__name__)


class Durability:
    """Lets go of what the spool keeps, or owes it again where the store's process is another than before.

    What a store took is safe when the same process still answers ``durable_after_s`` later; that it is away, or that
    nothing is known of it, makes nothing safe.
    """

    def __init__(self, spool: Spool, report: SpoolReport) -> None:
        self._spool = spool
        self._report = report
        self._before: StoreInfo | None = None

    def learn(self, info: StoreInfo, asked_s: float) -> None:
        """Look at what a probe found that was asked at ``asked_s`` (monotonic)."""
        before, self._before = self._before, info
        is_another = before is None or before.started_ms != info.started_ms
        if before is not None and is_another:
            LOG.warning("the store was started again: what it may have lost is brought in from the spool")
        self._spool.durable_after_s = info.durable_after_s
        if is_another:
            self._spool.owe_all()
        try:
            self._spool.let_go(taken_before_s=asked_s - info.durable_after_s)
        except SpoolError as error:
            self._report.fails("deleting", error)
        else:
            self._report.over("deleting")
            self._report.tell()


def wait_until_durable(store: Store, before: StoreInfo, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return when ``store`` cannot lose any more what it has taken since the probe ``before``.

    Raises StoreError where it was started again meanwhile, or does not answer.
    """
    if before.durable_after_s == 0:
        return
    sleep(before.durable_after_s)
    if store.probe().started_ms != before.started_ms:
        raise StoreError(
            "the time-series store was started again before what it took was on disk",
            where=before.where,
            todo="do it once more: what is there already is not stored twice",
        )
