"""Which part of a long range is answered from roll-ups, and which from points as they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from skerry_server.stores.archive import ROLLUP_STEP_NS, WindowQuery


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A stretch of a query that is answered from one source, in windows of ``step_ns``."""

    source: Literal["rollups", "points"]
    start_ns: int
    stop_ns: int
    step_ns: int


def plan(query: WindowQuery, *, rolled_until_ns: int, kept_since_ns: int) -> Sequence[Part]:
    """Return the parts of ``query``, oldest first; no window lies in two of them.

    Before ``rolled_until_ns`` roll-ups hold every window, and from ``kept_since_ns`` on points are kept as they came.
    A step below that of roll-ups takes points where there are any. A longer one takes roll-ups where there are any,
    its step made a multiple of theirs; and where a window began before points are kept, nothing but roll-ups.
    """
    if query.step_ns < ROLLUP_STEP_NS:
        old_step_ns, new_step_ns = ROLLUP_STEP_NS, query.step_ns
        border_ns = min(kept_since_ns, rolled_until_ns)
    else:
        old_step_ns = new_step_ns = -(-query.step_ns // ROLLUP_STEP_NS) * ROLLUP_STEP_NS
        border_ns = rolled_until_ns // new_step_ns * new_step_ns
        if border_ns < kept_since_ns:
            border_ns = query.stop_ns
    border_ns = min(max(border_ns, query.start_ns), query.stop_ns)
    # The roll-up that the start lies in counts as a whole, where there is one: it has no smaller parts.
    start_ns = query.start_ns
    if border_ns > start_ns:
        start_ns -= start_ns % ROLLUP_STEP_NS
    parts = (
        Part(source="rollups", start_ns=start_ns, stop_ns=border_ns, step_ns=old_step_ns),
        Part(source="points", start_ns=border_ns, stop_ns=query.stop_ns, step_ns=new_step_ns),
    )
    return [one for one in parts if one.start_ns < one.stop_ns]
