"""What may wait and what makes room for it: the outbox's rule, the same on disk and in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal, Protocol

Rank = Literal["snapshot", "record"]
"""A snapshot counts least; events, results and all else are records."""
Sized = tuple[int, int]
"""A key and its payload's bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A letter as it is kept: ``payload`` as the broker gets it, ``ts_ms`` when it happened."""

    key: int
    topic: str
    ts_ms: int
    rank: Rank
    payload: bytes


class Shelf(Protocol):
    """What holds letters."""

    @property
    def held_bytes(self) -> int:
        """The payload of all that is held."""
        ...

    def sizes(self, rank: Rank | None) -> Iterator[Sized]:
        """Yield what is held of a rank (None: of all), oldest first."""
        ...

    def add(self, stored: Stored) -> None:
        """Hold one more; its key is the highest."""
        ...

    def remove(self, key: int) -> None:
        """Hold this one no longer; a key that is not held is no error."""
        ...


def admit(shelf: Shelf, stored: Stored, budget_bytes: int) -> int:
    """Put a letter on the shelf within the budget, and return how many were dropped for it, itself included."""
    excess_bytes = shelf.held_bytes + len(stored.payload) - budget_bytes
    displaceable = shelf.sizes("snapshot")
    if stored.rank != "snapshot":
        displaceable = chain(displaceable, shelf.sizes(None))
    displaced = _enough(displaceable, excess_bytes)
    if displaced is None:
        return 1
    for key in displaced:
        shelf.remove(key)
    shelf.add(stored)
    return len(displaced)


def _enough(candidates: Iterable[Sized], excess_bytes: int) -> list[int] | None:
    """Return the first candidates' keys that together free ``excess_bytes``, or None where all would be too few."""
    chosen: dict[int, None] = {}
    for key, size in candidates if excess_bytes > 0 else ():
        if key not in chosen:
            chosen[key] = None
            excess_bytes -= size
            if excess_bytes <= 0:
                break
    return list(chosen) if excess_bytes <= 0 else None
