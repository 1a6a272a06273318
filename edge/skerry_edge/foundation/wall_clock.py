"""The wall clock in the unit of all messages, which has no time before 1970."""

from __future__ import annotations

import time


def unix_ms(*, ago_s: float = 0.0) -> int:
    """Return the time ``ago_s`` seconds ago in Unix milliseconds, 0 for any before 1970.

    A board without a battery for its clock may wake up in any year; a negative time would fit into no message.
    """
    return max(0, time.time_ns() // 1_000_000 - round(ago_s * 1e3))
