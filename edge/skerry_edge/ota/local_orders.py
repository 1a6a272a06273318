"""Orders that somebody gives at the device itself, from a folder such as a USB stick's.

An order from here counts in the place of the fleet's until the fleet orders something else of the same subject: what
the fleet had asked for before somebody came with a stick must not undo the stick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from skerry_edge.contracts.messages import Id, UpdateOrder
from skerry_edge.contracts.release import Subject
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.small_file import DAMAGED, read_small

FILE = "local-orders.json"
_MAX_BYTES = 1 << 18


class LocalOrder(Struct, frozen=True, kw_only=True):
    """An ``order`` whose release comes from the folder ``mirror``, in the place of the fleet's order ``instead_of``."""

    order: UpdateOrder
    mirror: Annotated[str, Meta(min_length=1, max_length=4096)]
    instead_of: Id | None = None


LocalOrders = dict[Subject, LocalOrder]
"""By subject."""


def counting(fleet: Mapping[str, UpdateOrder], local: Mapping[str, LocalOrder]) -> dict[str, LocalOrder]:
    """Return the local orders that still count beside what the fleet orders now."""
    return {
        subject: one for subject, one in local.items() if subject not in fleet or fleet[subject].id == one.instead_of
    }


@dataclass(slots=True)
class LocalOrderFile:
    """The file in ``folder``, the agent's state directory, which is there while it runs: who gives orders may be root.

    What cannot be read counts as no orders, since whoever gave them can do so again.
    """

    folder: Path
    _known: tuple[tuple[int, int, int], LocalOrders] | None = None

    def read(self) -> LocalOrders:
        """Return the orders; the file is read anew only where it has changed."""
        path = self.folder / FILE
        try:
            found = path.stat()
            mark = (found.st_ino, found.st_size, found.st_mtime_ns)
            if self._known is None or self._known[0] != mark:
                self._known = mark, msgspec.json.decode(read_small(path, _MAX_BYTES), type=LocalOrders)
        except (OSError, *DAMAGED):
            return {}
        return self._known[1]

    def add(self, orders: LocalOrders) -> None:
        """Put orders into the place of earlier ones of the same subjects. Raises ReachError."""
        self._known = None
        write_atomic(self.folder / FILE, msgspec.json.encode({**self.read(), **orders}))

    def drop(self, orders: LocalOrders) -> None:
        """Forget orders, unless others have come into their place meanwhile. Raises ReachError."""
        self._known = None
        left = {subject: one for subject, one in self.read().items() if orders.get(subject) != one}
        write_atomic(self.folder / FILE, msgspec.json.encode(left))
