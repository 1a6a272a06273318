"""The audit verified: the chain is followed from its first row to its head, and every break is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_server.registry.audit.trail import NO_HASH, Entry
from skerry_server.registry.models import AuditHeadRow, AuditRow

CHUNK = 1000
MAX_FAULTS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A row at which the chain is broken, and how."""

    id: int
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What was found: the rows there are, the hash of the newest, and the breaks, of which the first 1000 are told."""

    rows: int
    hash: str
    faults: list[Fault]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """A row as it was read, with the hash that it carries."""

    entry: Entry
    hash: str


def verify(session: Session, *, expected_hash: str | None = None) -> Verified:
    """Follow the chain. ``expected_hash`` is one that was noted elsewhere, and must be that of some row."""
    head = session.execute(select(AuditHeadRow.newest_id, AuditHeadRow.hash).where(AuditHeadRow.id == 1)).one_or_none()
    chain = _Chain()
    for row in _rows(session):
        chain.add(row)
        chain.is_met |= row.hash == expected_hash
    if head is None:
        chain.fault(chain.id, "the note of the newest row is gone")
    elif (head.newest_id, head.hash) != (chain.id, chain.hash):
        chain.fault(head.newest_id, f"the newest row was {head.newest_id}, and the table ends at {chain.id}")
    if expected_hash not in (None, NO_HASH) and not chain.is_met:
        chain.fault(chain.id, "no row has the hash that was expected: its row was cut off, or all was written anew")
    return Verified(rows=chain.rows, hash=chain.hash, faults=chain.faults)


def follow(rows: Iterable[Sealed]) -> list[Fault]:
    """Return the breaks of a chain that begins with its first row."""
    chain = _Chain()
    for row in rows:
        chain.add(row)
    return chain.faults


class _Chain:
    """The end of the chain as far as it was followed."""

    def __init__(self) -> None:
        self.id = 0
        self.hash = NO_HASH
        self.rows = 0
        self.is_met = False
        self.faults: list[Fault] = []

    def add(self, row: Sealed) -> None:
        """Judge the next row by the one before, and go on from it as it is, so that one break is told once."""
        entry = row.entry
        missing = entry.id - self.id - 1
        if missing > 0:
            span = f"row {self.id + 1}" if missing == 1 else f"rows {self.id + 1} to {entry.id - 1}"
            self.fault(entry.id, f"{span} before it: deleted")
        elif entry.previous_hash != self.hash:
            self.fault(entry.id, "does not follow the row before it: inserted, reordered, or that one was changed")
        if entry.seal() != row.hash:
            self.fault(entry.id, "changed: its hash is not the one of its content")
        self.id, self.hash = entry.id, row.hash
        self.rows += 1

    def fault(self, row_id: int, what: str) -> None:
        """Note a break."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(id=row_id, what=what))


def _rows(session: Session) -> Iterator[Sealed]:
    after = -(2**63)
    while True:
        query = select(AuditRow).where(AuditRow.id > after).order_by(AuditRow.id).limit(CHUNK)
        rows = list(session.scalars(query))
        for row in rows:
            yield Sealed(
                entry=Entry(
                    id=row.id,
                    ts_ms=row.ts_ms,
                    actor=row.actor,
                    action=row.action,
                    subject=row.subject,
                    detail=row.detail,
                    previous_hash=row.previous_hash,
                ),
                hash=row.hash,
            )
        if len(rows) < CHUNK:
            return
        after = rows[-1].id
        session.expunge_all()
