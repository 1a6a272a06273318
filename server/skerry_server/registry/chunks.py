"""Long lists in pieces: a statement takes 32,766 values in SQLite, 65,535 in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
CHUNK = 1000


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield ``items`` in their order, ``size`` at a time."""
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
