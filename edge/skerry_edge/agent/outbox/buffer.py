"""A shelf in memory, for as long as the disk takes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from skerry_edge.agent.outbox.policy import Rank, Sized, Stored


class Buffer:
    """Letters in the order in which they came; gone when the process is."""

    def __init__(self) -> None:
        self._letters: dict[int, Stored] = {}
        self._held_bytes = 0

    def __len__(self) -> int:
        return len(self._letters)

    def __contains__(self, key: int) -> bool:
        return key in self._letters

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._letters.values())

    @property
    def held_bytes(self) -> int:
        """The payload of all that is held (see Shelf)."""
        return self._held_bytes

    def sizes(self, rank: Rank | None) -> Iterator[Sized]:
        """Yield what is held (see Shelf)."""
        return ((one.key, len(one.payload)) for one in self if rank in (None, one.rank))

    def add(self, stored: Stored) -> None:
        """Hold one more (see Shelf)."""
        self._letters[stored.key] = stored
        self._held_bytes += len(stored.payload)

    def remove(self, key: int) -> None:
        """Hold this one no longer (see Shelf)."""
        stored = self._letters.pop(key, None)
        if stored is not None:
            self._held_bytes -= len(stored.payload)

    def clear(self) -> None:
        """Hold nothing."""
        self._letters.clear()
        self._held_bytes = 0
