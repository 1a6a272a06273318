"""Clocks that are off, corrected: by how much a session's times are moved, decided by its first live message. Pure.

A board without a battery starts in 1970, and a clock can simply be wrong. A message that is live was made just before
it was received, so the difference is the clock's fault. Times of a session move together, so what waited in an outbox,
or comes again, lands on its place.

What waited at the broker while the server was away looks like a clock that is late. A synchronised clock is therefore
believed unless it is ahead, or further behind than a broker keeps anything; and nobody's clock is judged by a batch in
which even synchronised ones seem late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skerry_edge.contracts.messages import Message, Status
from skerry_server.ingest.validate import Accepted
from skerry_server.registry.database import Database
from skerry_server.registry.session_clocks import ClockKey, SessionClock, decide_offsets, offsets_of

TOLERANCE_MS = 5 * 60 * 1000
"""What a synchronised clock, the network and a queue at the broker may make together."""
UNSYNCED_TOLERANCE_MS = 2_000
"""A clock that says it is not set may be right by chance: one that was set, and has only lost its source."""


LONGEST_QUEUED_MS = 8 * 86_400_000
"""Above the session expiry that brokers are asked for by default, seven days."""


def is_off(message: Message, received_ms: int) -> bool:
    """Tell whether the clock behind a message is off, if the message is live."""
    late_ms = received_ms - message.ts
    if message.clock == "unsynced":
        return abs(late_ms) > UNSYNCED_TOLERANCE_MS
    return late_ms < -TOLERANCE_MS or late_ms > LONGEST_QUEUED_MS


def is_late(batch: Iterable[Accepted]) -> bool:
    """Tell whether a batch waited at the broker, by what its synchronised clocks say; without any, it did not."""
    lags_ms = [
        one.delivery.received_ms - one.message.ts
        for one in batch
        if one.message is not None and one.message.clock == "synced" and may_decide(one)
    ]
    plausible_ms = [lag for lag in lags_ms if -TOLERANCE_MS <= lag <= LONGEST_QUEUED_MS]
    return bool(plausible_ms) and min(plausible_ms) > TOLERANCE_MS


def may_decide(one: Accepted) -> bool:
    """Tell whether a message was made just before it was received: no replay, nothing retained, no will."""
    message = one.message
    if message is None or message.replayed or one.delivery.is_retained:
        return False
    return not (isinstance(message, Status) and message.seq == 0)


def key_of(one: Accepted) -> ClockKey:
    """Return the session and kind of clock of a message."""
    assert one.message is not None  # noqa: S101  # a snapshot has no time
    return one.topic.device, one.message.session, one.message.clock


def proposals(suspects: Iterable[Accepted]) -> list[SessionClock]:
    """Return the offset that each message proposes which may decide."""
    return [
        SessionClock(
            device=one.topic.device,
            session=one.message.session,
            clock=one.message.clock,
            offset_ms=one.delivery.received_ms - one.message.ts,
            decided_ms=one.delivery.received_ms,
        )
        for one in suspects
        if one.message is not None and may_decide(one)
    ]


class ClockBook:
    """The offsets that were decided, read from the registry when they are needed and remembered."""

    def __init__(self, database: Database, *, max_remembered: int = 50_000) -> None:
        self._database = database
        self._max_remembered = max_remembered
        self._offsets: dict[ClockKey, int] = {}

    def correct(self, accepted: Sequence[Accepted]) -> None:
        """Set the offset of every message whose clock is off. Raises RegistryError."""
        suspects = [one for one in accepted if one.message is not None and self._is_suspect(one)]
        unknown = [one for one in suspects if key_of(one) not in self._offsets]
        if unknown:
            self._learn(unknown, is_late=is_late(accepted))
        for one in suspects:
            one.offset_ms = self._offsets.get(key_of(one), 0)

    def _is_suspect(self, one: Accepted) -> bool:
        message = one.message
        assert message is not None  # noqa: S101  # the caller asked
        return message.clock == "unsynced" or is_off(message, one.delivery.received_ms)

    def _learn(self, unknown: Sequence[Accepted], *, is_late: bool) -> None:
        wrong = [one for one in unknown if one.message is not None and is_off(one.message, one.delivery.received_ms)]
        proposed = [] if is_late else proposals(wrong)
        if len(self._offsets) > self._max_remembered:
            self._offsets.clear()
        if proposed:
            with self._database.transaction() as session:
                self._offsets |= decide_offsets(session, proposed)
        rest = sorted({key_of(one) for one in unknown} - set(self._offsets))
        if rest:
            with self._database.reading() as session:
                self._offsets |= offsets_of(session, rest)
