"""Commits attempted: whatever fails of one is noted, left alone for a while, and returned as owed."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from skerry_edge.foundation.errors import SkerryError
from skerry_server.errors import RegistryError
from skerry_server.health import Health, PartName
from skerry_server.ingest.commit import Committed, Committer, Prepared
from skerry_server.ingest.pauses import Pause
from skerry_server.ingest.validate import Delivery
from skerry_server.registry.dead_letters import STORE

LOG = logging.getLogger(__name__)


class Attempted(NamedTuple):
    """What came of an attempt: what is owed to store or registry, and what the store took and may still lose."""

    owed: Sequence[Delivery] = ()
    stored: Sequence[Delivery] = ()


class Attempts:
    """A committer that nothing escapes from but what is owed; to be used from one thread, but for `write`.

    ``lost`` is called when a write failed so that the store may have lost what it took before.
    """

    def __init__(self, committer: Committer, health: Health, *, lost: Callable[[], None]) -> None:
        self._committer = committer
        self._health = health
        self._lost = lost
        self._store = committer.store_pause
        self._registry = Pause()

    @property
    def hold(self) -> bool:
        """Whether it is too early to try store or registry again."""
        return self._registry.holds or self._store.holds

    def unwritable(self) -> frozenset[PartName]:
        """Return the parts that the last write failed at; a probe that succeeds does not speak for them."""
        pauses: tuple[tuple[PartName, Pause], ...] = (("store", self._store), ("registry", self._registry))
        return frozenset(name for name, pause in pauses if pause.error is not None)

    def cut_short(self) -> None:
        """Try both again at once: nothing else can take what there is."""
        self._registry.cut_short()
        self._store.cut_short()

    def prepare(self, batch: Sequence[Delivery]) -> Prepared | None:
        """Return ``batch`` prepared, None where that cannot be done now."""
        if self._registry.holds:
            return None
        try:
            return self._committer.prepare(batch)
        except RegistryError as error:
            self._fail(error)
        except Exception:
            LOG.exception("a batch of %d cannot be prepared", len(batch))
        return None

    def write(self, prepared: Prepared) -> Prepared | None:
        """Return ``prepared`` with what became of its points, None where that is not known."""
        try:
            return self._committer.write(prepared)
        except Exception:
            LOG.exception("%d points cannot be written", len(prepared.points))
        return None

    def record(self, batch: Sequence[Delivery], prepared: Prepared) -> Attempted:
        """Record ``batch`` as it was prepared and written."""
        try:
            committed = self._committer.record(prepared)
        except RegistryError as error:
            self._fail(error)
        except Exception:
            LOG.exception("a batch of %d cannot be recorded", len(batch))
        else:
            return self._noted(committed)
        return Attempted(owed=batch)

    def commit(self, batch: Sequence[Delivery]) -> Attempted:
        """Commit ``batch`` in one go."""
        if self._registry.holds:
            return Attempted(owed=batch)
        try:
            committed = self._committer.commit(batch)
        except RegistryError as error:
            self._fail(error)
            return Attempted(owed=batch)
        except Exception:
            LOG.exception("a batch of %d failed unforeseen; taking its messages one by one", len(batch))
            each = [self._commit_alone(one) for one in batch]
            return Attempted(
                owed=[one for attempted in each for one in attempted.owed],
                stored=[one for attempted in each for one in attempted.stored],
            )
        return self._noted(committed)

    def flush_if_due(self) -> None:
        """Write what is soft, and learn what people changed, where the time for it has come."""
        if self._committer.flush_is_due() and not self._registry.holds:
            self.flush()

    def flush(self) -> None:
        """Write what is soft, if that can be done."""
        is_any = len(self._committer) > 0
        began_s = time.monotonic()
        try:
            self._committer.flush()
        except RegistryError as error:
            self._fail(error)
        else:
            if is_any:
                self._health.metrics.flush_seconds.observe(time.monotonic() - began_s)

    def _commit_alone(self, delivery: Delivery) -> Attempted:
        """Commit or bury one message, which must not stop all that come after it."""
        try:
            try:
                committed = self._committer.commit([delivery])
            except SkerryError:
                raise
            except Exception as error:  # whatever it is, the next message may be well
                LOG.exception("a message on %r cannot be handled and becomes a dead letter", delivery.topic)
                committed = self._committer.bury(delivery, error)
        except RegistryError as error:
            self._fail(error)
            return Attempted(owed=[delivery])
        return self._noted(committed)

    def _noted(self, committed: Committed) -> Attempted:
        """Note what a commit did, and return what came of it."""
        self._registry.end()
        for reason, count in Counter(letter.reason for letter in committed.letters).items():
            # One line for each reason in a batch: a device that babbles must not fill the disk through the log.
            first = next(letter for letter in committed.letters if letter.reason == reason)
            self._health.metrics.dead.add(reason, count)
            LOG.warning("%d dead letters (%s), the first on %r: %s", count, reason, first.topic, first.detail)
        for reason, count in committed.trimmed_letters.items():
            self._health.metrics.trimmed.add(reason, count)
            level = logging.ERROR if reason == STORE else logging.WARNING
            LOG.log(level, "%d dead letters (%s) that nobody replayed made room for new ones", count, reason)
        self._health.metrics.stored.add(committed.points)
        if committed.store_error is None:
            return Attempted(stored=committed.stored)
        if committed.store_error.may_have_lost:
            self._lost()
        self._health.fails("store", str(committed.store_error))
        return Attempted(owed=committed.unstored)

    def _fail(self, error: RegistryError) -> None:
        # It may not be as it was when it comes back.
        self._committer.forget()
        self._registry.begin(error)
        self._health.fails("registry", str(error))
