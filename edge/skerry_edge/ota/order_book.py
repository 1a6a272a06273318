"""What became of the newest order of each subject, in a small file that every version of the agent can read.

The journal is for one version of the agent: one that goes back to an older version may find a journal that it cannot
read. Here lies what must not be lost with it: that an order was begun, and how it ended. So an order is not begun for
ever, and one that has ended is known again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from skerry_edge.contracts.messages import MAX_UPDATES
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.small_file import DAMAGED, MOMENTARY, read_small

_log = logging.getLogger(__name__)
FILE = "orders.json"
MOST = 2 * MAX_UPDATES
"""So many subjects are kept: all that the fleet and somebody with a stick can order at once."""
_MAX_BYTES = 1 << 20


class Known(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order that was begun: its id, and how it ended; ``outcome`` is None where that is not known.

    The format is for good: fields may come, and none may change or go. Words are text, since later ones may come.
    """

    order: str
    version: str
    from_version: str | None = None
    outcome: str | None = None
    reason: str | None = None
    detail: str | None = None


class OrderBook:
    """The file in ``folder``, by subject, the order that was begun last at the end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def read(self) -> dict[str, Known]:
        """Return what is known; nothing where the file is damaged, which costs a second look at orders that have ended.

        Raises ReachError where it cannot be read at this moment.
        """
        try:
            return msgspec.json.decode(read_small(self._path, _MAX_BYTES), type=dict[str, Known])
        except FileNotFoundError:
            return {}
        except OSError as error:
            if error.errno in MOMENTARY:
                raise ReachError("cannot read the orders", where=str(self._path), found=error.strerror) from error
            reason: object = error.strerror
        except DAMAGED as error:
            reason = error
        _log.warning("what is known of orders is damaged: %s: %s", self._path, reason)
        return {}

    def write(self, known: Mapping[str, Known]) -> None:
        """Replace it; of too many subjects those that were begun first are forgotten. Raises ReachError."""
        write_atomic(self._path, msgspec.json.encode(dict(list(known.items())[-MOST:])), mode=0o600)


def with_order(known: Mapping[str, Known], subject: str, order: Known) -> dict[str, Known]:
    """Return what is known with another order, the newest of all; pure."""
    return {**{one: entry for one, entry in known.items() if one != subject}, subject: order}
