"""The journal as the agent keeps it: read once, written before anything acts, and what follows where it was lost."""

from __future__ import annotations

import logging
from collections.abc import Callable

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota import instants
from skerry_edge.ota.journal import DamagedJournalError, Journal, JournalFile, with_record
from skerry_edge.ota.machine.happenings import Happening
from skerry_edge.ota.machine.record import Instant, Record, begun, is_overdue, timed
from skerry_edge.ota.model_store import ModelStore, updated_names
from skerry_edge.ota.places import Places
from skerry_edge.ota.preparing import noted

_log = logging.getLogger(__name__)
DAMAGED = "update-journal-damaged"
"""The label of the system event that says that the record of an update was lost, and what runs now."""


class Keeping:
    """Holds the journal while the agent runs. Every method may raise ReachError where the disk refuses."""

    def __init__(
        self,
        places: Places,
        *,
        tell: Callable[[str, str], None],
        apply: Callable[[], None],
        now: Callable[[], Instant] = instants.now,
    ) -> None:
        """Prepare; ``tell`` reports a system event, ``apply`` puts into force what the links say."""
        self._places = places
        self._file = JournalFile(places.ota)
        self._tell = tell
        self._apply = apply
        self._now = now
        self._journal: Journal | None = None

    @property
    def journal(self) -> Journal:
        """The journal, read where it is not known."""
        return self._journal if self._journal is not None else self.read()

    @property
    def record(self) -> Record | None:
        """The update under way."""
        return self.journal.record

    @property
    def is_overdue(self) -> bool:
        """Whether the update under way has taken all the time that it was given."""
        record = self.record
        return record is not None and is_overdue(timed(record, self._now()))

    def forget(self) -> None:
        """Read it again before the next use: another has written it, or it is not known what is on the disk."""
        self._journal = None

    def read(self) -> Journal:
        """Read the journal; where it was damaged, go back to what is known to be good."""
        self._journal = None
        try:
            self._journal = self._file.read()
        except DamagedJournalError as error:
            self._journal = self._settle(error)
        return self._journal

    def note(self, happening: Happening) -> None:
        """Write down what happened to the update under way, and what follows."""
        before, journal = self.record, self.journal
        # Whether it is on the disk is not known until the writing has returned.
        self._journal = None
        self._journal = noted(self._file, journal, happening, self._now())
        after = self._journal.record
        if before is not None and (after is None or after.state != before.state):
            state = "done" if after is None else after.state
            _log.info("update %s of %s: %s after %s", before.order.id, before.subject, state, before.state)

    def take_on(self, subject: str, order: UpdateOrder) -> None:
        """Begin with an order."""
        journal = with_record(self.journal, begun(subject, order, self._now()))
        self._journal = None
        self._file.write(journal)
        self._journal = journal
        _log.info("update %s: %s is to become %s", order.id, subject, order.version)

    def _settle(self, error: DamagedJournalError) -> Journal:
        """Go back from what has not proved itself, by the links alone, and begin a new journal."""
        names = updated_names(self._places.state_dir)
        undone = [name for name in names if ModelStore(self._places.state_dir, name).settle() is not None]
        journal = self._file.read()
        self._file.write(journal)
        self._apply()
        fate = f"back on the version before: {', '.join(undone)}" if undone else "nothing was on trial"
        self._tell(DAMAGED, f"{error}; {fate}")
        return journal
