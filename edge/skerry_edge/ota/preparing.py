"""An update from CHECK to SELF-TEST: each state written down before it acts, and what came of it after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from skerry_edge.ota.journal import Journal, JournalFile, with_record
from skerry_edge.ota.machine.happenings import Begun, Happening, Postponed
from skerry_edge.ota.machine.record import Instant, Record, timed
from skerry_edge.ota.machine.transitions import actor_of, advance


class Steps(Protocol):
    """Does what the states ask for."""

    def take(self, record: Record) -> Happening:
        """Do what the record's state asks for, and return what came of it."""
        ...


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
        happening = steps.take(record)
        journal = noted(journal_file, journal, happening, now())
        if isinstance(happening, Postponed):
            break
    return journal


def noted(journal_file: JournalFile, journal: Journal, happening: Happening, now: Instant) -> Journal:
    """Return the journal after something happened to the update in it, and have it on the disk. Raises ReachError."""
    if journal.record is None:
        return journal
    after = with_record(journal, advance(timed(journal.record, now), happening))
    journal_file.write(after)
    return after
