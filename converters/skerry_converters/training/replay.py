"""Which pictures are in memory at which point of a run: fixed by counting alone, so that a resumed run has the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayPlan:
    """Numbered pictures come one by one and leave in the same order; each is used ``reuse`` times on average.

    ``first`` are there before training begins. At most ``capacity`` stay; ``length`` is how many there are at all, None
    where there is no end of them.
    """

    capacity: int
    first: int
    reuse: int
    length: int | None

    @property
    def places(self) -> int:
        """How many pictures are ever held at once."""
        return self.capacity if self.length is None else min(self.capacity, self.length)

    def window(self, images: int) -> range:
        """Return the numbers of the pictures that are there once ``images`` were trained on."""
        arrived = max(1, min(self.first, self.places)) + images // self.reuse
        if self.length is not None and self.length <= self.capacity:
            arrived = min(arrived, self.length)
        return range(max(0, arrived - self.places), arrived)
