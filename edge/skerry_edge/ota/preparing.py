"""An update from CHECK to SELF-TEST: each state written down before it acts, and what came of it after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.choice import Choice
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.journal import Journal, JournalFile, journal_of
from skerry_edge.ota.machine.happenings import Begun, Happening, Postponed, Refused
from skerry_edge.ota.machine.record import Instant, Record, timed
from skerry_edge.ota.machine.transitions import actor_of, advance


class Steps(Protocol):
    """Does what the states ask for."""

    def take(self, record: Record) -> Happening:
        """Do what the record's state asks for, and return what came of it; doing it again does no harm.

        Raises ReleaseError for what is not trusted, and ReachError for what the network or the disk does not give.
        """
        ...


def chosen(record: Record) -> Choice:
    """Return what CHECK has chosen. Raises ReleaseError where the journal does not say."""
    if record.choice is None:
        raise ReleaseError("journal", "the journal does not say what was chosen", where=record.subject)
    return record.choice


class AtHand:
    """The steps of an order for what lies at hand, as on a stick: nothing there gets better while one waits."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def take(self, record: Record) -> Happening:
        """Do what the record's state asks for; whatever is refused, is refused for good (see Steps)."""
        try:
            return self._steps.take(record)
        except ReleaseError as error:
            return Refused(reason=error.reason, detail=str(error))


def prepare(journal_file: JournalFile, steps: Steps, now: Callable[[], Instant]) -> Journal:
    """Take the update in the journal as far as it comes without touching what runs; return the journal as it is then.

    Raises ReachError where the journal cannot be read or written: nothing was begun that it does not say.
    """
    journal = journal_file.read()
    while journal.record is not None and actor_of(journal.record.state) == "worker":
        before = journal.record
        journal = noted(journal_file, journal, Begun(), now())
        record = journal.record
        if record is None or record.state != before.state:
            continue
        happening = _taken(steps, record)
        journal = noted(journal_file, journal, happening, now())
        if isinstance(happening, Postponed):
            break
    return journal


def _taken(steps: Steps, record: Record) -> Happening:
    """Return what came of a step; what may be otherwise later is waited for, until the order's deadline."""
    try:
        return steps.take(record)
    except ReleaseError as error:
        kind = Refused if error.is_final else Postponed
        return kind(reason=error.reason, detail=str(error))
    except TransferError as error:
        return Postponed(reason=error.reason, detail=str(error))
    except ReachError as error:
        return Postponed(reason="read-only", detail=str(error))


def noted(journal_file: JournalFile, journal: Journal, happening: Happening, now: Instant) -> Journal:
    """Return the journal after something happened to the update in it, and have it on the disk. Raises ReachError."""
    if journal.record is None:
        return journal
    after = journal_of(advance(timed(journal.record, now), happening))
    journal_file.write(after)
    return after
