"""The journal and the orders as the agent keeps them: written before anything acts, settled where they were lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota import instants
from skerry_edge.ota.incoming import clear_whole
from skerry_edge.ota.journal import DamagedJournalError, Journal, JournalFile, NoJournalError, journal_of
from skerry_edge.ota.machine.happenings import Happening
from skerry_edge.ota.machine.record import Instant, Record, begun, is_overdue, timed
from skerry_edge.ota.machine.transitions import advance
from skerry_edge.ota.model_store import ModelStore, updated_names
from skerry_edge.ota.order_book import Known, OrderBook, with_order
from skerry_edge.ota.places import Places

_log = logging.getLogger(__name__)
DAMAGED = "update-journal-damaged"
"""The label of the system event that says that the record of an update was lost, and what runs now."""
LEFT_OVER = "update-left-over"
"""The label of the system event that says that the disk does not let go of what an update needs no more."""
MAX_REMOVALS = 20
"""How often in a row that is tried."""


class Keeping:
    """Holds journal and orders while the agent runs. Every method may raise ReachError where the disk refuses."""

    def __init__(
        self,
        places: Places,
        *,
        tell: Callable[[str, str], None],
        apply: Callable[[], None],
        settle_agent: Callable[[], str | None],
        now: Callable[[], Instant] = instants.now,
    ) -> None:
        """Prepare; ``tell`` reports a system event, ``apply`` puts into force what the links say.

        ``settle_agent`` ends a trial of the agent that no journal knows of, and returns what it has given up.
        """
        self._places = places
        self._file = JournalFile(places.ota)
        self._book = OrderBook(places.ota)
        self._tell = tell
        self._apply = apply
        self._settle_agent = settle_agent
        self._now = now
        self._journal: Journal | None = None
        self._known: dict[str, Known] | None = None
        self._removals = 0

    @property
    def record(self) -> Record | None:
        """The update under way, read where it is not known."""
        return self.read().record if self._journal is None else self._journal.record

    @property
    def known(self) -> Mapping[str, Known]:
        """What became of the orders, by subject."""
        if self._known is None:
            self._known = self._book.read()
        return self._known

    @property
    def is_overdue(self) -> bool:
        """Whether the update under way has taken all the time that it was given."""
        record = self.record
        return record is not None and is_overdue(timed(record, self._now()))

    def forget(self) -> None:
        """Read it again before the next use: another has written it, or it is not known what is on the disk."""
        self._journal = self._known = None

    def read(self) -> Journal:
        """Read the journal; where there is none to be read, go back to what is known to be good, and begin one."""
        self._journal = None
        try:
            self._journal = self._file.read()
        except NoJournalError as error:
            self._journal = self._settle(error)
        return self._journal

    def note(self, happening: Happening) -> None:
        """Write down what happened to the update under way, and what follows."""
        before = self.record
        if before is None:
            return
        known = self.known.get(before.subject)
        if known is None or known.order != before.order.id:
            self._enter(before)
        after = advance(timed(before, self._now()), happening)
        if after.state == "idle":
            self._clean_up(after)
            # First, since without the journal nothing else would say how it ended.
            self._enter(after)
        self._write(journal_of(after))
        if after.state != before.state:
            _log.info("update %s of %s: %s after %s", before.order.id, before.subject, after.state, before.state)

    def take_on(self, subject: str, order: UpdateOrder) -> None:
        """Begin with an order; with one that was begun before, only to find out what became of it."""
        known = self.known.get(subject)
        fresh = begun(subject, order, self._now())
        record = replace(fresh, was_lost=known is not None and known.order == order.id)
        # The journal first, and the order as known with its first note: what is known as begun and not there was lost.
        self._write(journal_of(record))
        _log.info("update %s: %s is to become %s", order.id, subject, order.version)

    def _write(self, journal: Journal) -> None:
        # Whether it is on the disk is not known until the writing has returned.
        self._journal = None
        self._file.write(journal)
        self._journal = journal

    def _clean_up(self, record: Record) -> None:
        """Remove what is of no use any more; what could not be had whole in time spares the next try the way.

        What the disk does not let go of is tried again for a while, and then left to the end of the next update: no
        order waits for ever for what it needs no more.
        """
        try:
            clear_whole(self._places.incoming, record.choice if record.outcome == "failed" else None)
            if not record.subject.startswith("agent/"):
                # What was staged and then failed its self-test, too.
                ModelStore(self._places.state_dir, record.name).tidy()
        except ReachError as error:
            self._removals += 1
            if self._removals < MAX_REMOVALS:
                raise
            self._tell(LEFT_OVER, str(error))
        self._removals = 0

    def _enter(self, record: Record) -> None:
        """Keep what is known of an order, also for versions of the agent that cannot read the journal."""
        order = Known(
            order=record.order.id,
            version=record.order.version,
            from_version=record.from_version,
            outcome=record.outcome,
            reason=record.reason,
            detail=record.detail,
        )
        known = with_order(self.known, record.subject, order)
        self._known = None
        self._book.write(known)
        self._known = known

    def _settle(self, error: NoJournalError) -> Journal:
        """Go back from what has not proved itself, by the links alone, and only then begin a new journal.

        Each step can be done again, and until that journal is written, nothing says that they were.
        """
        state_dir = self._places.state_dir
        undone = [name for name in updated_names(state_dir) if ModelStore(state_dir, name).settle()]
        agent = self._settle_agent()
        is_damaged = isinstance(error, DamagedJournalError)
        if is_damaged:
            self._file.set_aside()
        given_up = [*undone, *([f"the agent in slot {agent}"] if agent is not None else [])]
        journal = Journal()
        if given_up or is_damaged:
            self._file.write(journal)
            self._apply()
            fate = f"back on the version before: {', '.join(given_up)}" if given_up else "nothing was on trial"
            self._tell(DAMAGED, f"{error}; {fate}")
        return journal
