"""Soft state: when each device was last heard and the vitals of its newest heartbeat, written in bulk now and then.

Losing it in a crash costs nothing that the next heartbeat does not bring again, so it is not part of a batch's commit.
"""

from __future__ import annotations

from collections.abc import Iterable

from skerry_server.ingest.validate import Accepted
from skerry_server.registry.soft_rows import SoftRow

EVERY_S = 1.0
MAX_ROWS = 5_000
"""So many are written at once, or before their time: each holds a heartbeat."""


class SoftState:
    """One row for each device, of its newest message; times are monotonic (seconds)."""

    def __init__(self) -> None:
        self._rows: dict[str, SoftRow] = {}
        self._due_s = 0.0

    def __len__(self) -> int:
        return len(self._rows)

    def note(self, one: Accepted) -> None:
        """Note a live message of the session that counts."""
        message = one.message
        assert message is not None  # noqa: S101  # a snapshot is nothing that presence hears
        before = self._rows.get(one.topic.device)
        if before is not None and before.session == message.session and before.seq > message.seq:
            return
        shown, payload = one.shown, one.delivery.payload if one.shown is not None else None
        if shown is None and before is not None:
            shown, payload = before.shown, before.heartbeat
        self._rows[one.topic.device] = SoftRow(
            site=one.topic.site,
            session=message.session,
            seq=message.seq,
            ts_ms=message.ts,
            clock=message.clock,
            heard_ms=one.delivery.received_ms,
            shown=shown,
            heartbeat=payload,
        )

    def is_due(self, now_s: float) -> bool:
        """Tell whether it is time to write."""
        return now_s >= self._due_s or len(self._rows) >= MAX_ROWS

    def take(self, devices: Iterable[str] | None = None) -> dict[str, SoftRow]:
        """Return and forget the rows of ``devices``, default all."""
        if devices is None:
            taken, self._rows = self._rows, {}
            return taken
        return {device: self._rows.pop(device) for device in devices if device in self._rows}

    def give_back(self, rows: dict[str, SoftRow]) -> None:
        """Have rows written later that could not be written now; what came meanwhile is newer."""
        self._rows = rows | self._rows

    def flushed(self, now_s: float) -> None:
        """Note that a flush was tried."""
        self._due_s = now_s + EVERY_S
