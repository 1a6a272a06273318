"""Clocks that are off, corrected: by how much a session's times are moved, decided by its live messages.

A board without a battery starts in 1970, and a clock can simply be wrong. A message that is live was made just before
it was received, so the difference is the clock's fault. Times of a session move together, so what waited in an outbox,
or comes again, lands on its place.

What waited at the broker while the server was away looks like a clock that is late. A synchronised clock is therefore
believed unless it is ahead, or further behind than a broker keeps anything; and how long a batch has waited, by what
the synchronised clocks in it say, is not put down to the others.

The first live message may have been late, by a slow connection say, and the offset is then too large by that. A later
one which so comes before it was made proves it: from its seq on, a smaller offset holds. What came before it keeps its
times, so that it still lands on itself when it comes again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import itemgetter

from skerry_edge.contracts.messages import Message, Status
from skerry_server.ingest.validate import Accepted
from skerry_server.registry.database import Database
from skerry_server.registry.session_clocks import ClockKey, SessionClock, Steps, decide_offsets, offsets_of

TOLERANCE_MS = 5 * 60 * 1000
"""What a synchronised clock, the network and a queue at the broker may make together."""
UNSYNCED_TOLERANCE_MS = 2_000
"""A clock that says it is not set may be right by chance: one that was set, and has only lost its source."""
PROOF_MS = 250
"""How long before it was made a message must come to prove an offset wrong: this machine's clock is set, too."""
MAX_STEPS = 100
"""More proofs than these are not a late first message but a clock that runs away."""
LONGEST_QUEUED_MS = 8 * 86_400_000
"""Above the session expiry that brokers are asked for by default, seven days."""


def is_off(message: Message, received_ms: int) -> bool:
    """Tell whether the clock behind a message is off, if the message is live."""
    late_ms = received_ms - message.ts
    if message.clock == "unsynced":
        return abs(late_ms) > UNSYNCED_TOLERANCE_MS
    return late_ms < -TOLERANCE_MS or late_ms > LONGEST_QUEUED_MS


def lateness_ms(batch: Iterable[Accepted]) -> int:
    """Return how long a batch waited at the broker, by what its synchronised clocks say; without any, it did not."""
    lags_ms = [
        one.delivery.received_ms - one.message.ts
        for one in batch
        if one.message is not None and one.message.clock == "synced" and may_decide(one)
    ]
    shortest_ms = min((lag for lag in lags_ms if -TOLERANCE_MS <= lag <= LONGEST_QUEUED_MS), default=0)
    return shortest_ms if shortest_ms > TOLERANCE_MS else 0


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


def first_offsets(suspects: Iterable[Accepted], *, lateness_ms: int) -> list[SessionClock]:
    """Return the offset of each session, by that of its live messages which was the least late."""
    return _least([_clock_of(one, lateness_ms=lateness_ms) for one in suspects if may_decide(one)])


def corrections(ahead: Sequence[Accepted]) -> list[SessionClock]:
    """Return the offset that holds from the first message on of those that prove their session's to be too large."""
    from_seq: dict[ClockKey, int] = {}
    for one in ahead:
        from_seq[key_of(one)] = min(from_seq.get(key_of(one), _seq(one)), _seq(one))
    return _least([replace(_clock_of(one), from_seq=from_seq[key_of(one)]) for one in ahead])


def offset_at(steps: Steps, seq: int) -> int:
    """Return the offset of a session's message (ms)."""
    return steps[max(0, bisect_right(steps, seq, key=itemgetter(0)) - 1)][1]


def _clock_of(one: Accepted, *, lateness_ms: int = 0) -> SessionClock:
    assert one.message is not None  # noqa: S101  # a snapshot has no time
    return SessionClock(
        device=one.topic.device,
        session=one.message.session,
        clock=one.message.clock,
        offset_ms=one.delivery.received_ms - lateness_ms - one.message.ts,
        decided_ms=one.delivery.received_ms,
    )


def _least(clocks: Iterable[SessionClock]) -> list[SessionClock]:
    """Return the smallest offset of each session: of whom it comes was the least late."""
    least: dict[ClockKey, SessionClock] = {}
    for one in clocks:
        key = (one.device, one.session, one.clock)
        if key not in least or one.offset_ms < least[key].offset_ms:
            least[key] = one
    return list(least.values())


def _seq(one: Accepted) -> int:
    assert one.message is not None  # noqa: S101  # a snapshot has no time
    return one.message.seq


class ClockBook:
    """The offsets that were decided, read from the registry when they are needed and remembered."""

    def __init__(self, database: Database, *, max_remembered: int = 50_000) -> None:
        self._database = database
        self._max_remembered = max_remembered
        self._steps: dict[ClockKey, Steps] = {}

    def correct(self, accepted: Sequence[Accepted]) -> None:
        """Set the offset of every message whose clock is off. Raises RegistryError."""
        if len(self._steps) > self._max_remembered:
            self._steps.clear()
        suspects = [one for one in accepted if one.message is not None and self._is_suspect(one)]
        unknown = [one for one in suspects if key_of(one) not in self._steps]
        if unknown:
            self._learn(unknown, lateness_ms=lateness_ms(accepted))
        self._correct_offsets(self._ahead(suspects))
        for one in suspects:
            one.offset_ms = self._offset_ms(one)

    def _is_suspect(self, one: Accepted) -> bool:
        message = one.message
        assert message is not None  # noqa: S101  # the caller asked
        return message.clock == "unsynced" or is_off(message, one.delivery.received_ms)

    def _offset_ms(self, one: Accepted) -> int:
        steps = self._steps.get(key_of(one))
        return 0 if steps is None else offset_at(steps, _seq(one))

    def _ahead(self, suspects: Iterable[Accepted]) -> list[Accepted]:
        return [one for one in suspects if may_decide(one) and self._proves(one)]

    def _proves(self, one: Accepted) -> bool:
        """Tell whether a message, later than those that the newest offset holds from, came before it was made."""
        assert one.message is not None  # noqa: S101  # the caller asked
        steps = self._steps.get(key_of(one))
        if steps is None or len(steps) >= MAX_STEPS or one.message.seq <= steps[-1][0]:
            return False
        return one.message.ts + steps[-1][1] - one.delivery.received_ms > PROOF_MS

    def _correct_offsets(self, ahead: Sequence[Accepted]) -> None:
        if not ahead:
            return
        with self._database.transaction() as session:
            # Another worker may have had the proof before, and then that is the offset.
            self._steps |= offsets_of(session, sorted({key_of(one) for one in ahead}))
            still = self._ahead(ahead)
            if still:
                self._steps |= decide_offsets(session, corrections(still))

    def _learn(self, unknown: Sequence[Accepted], *, lateness_ms: int) -> None:
        wrong = [
            one
            for one in unknown
            if one.message is not None and is_off(one.message, one.delivery.received_ms - lateness_ms)
        ]
        proposed = first_offsets(wrong, lateness_ms=lateness_ms)
        if proposed:
            with self._database.transaction() as session:
                self._steps |= decide_offsets(session, proposed)
        rest = sorted({key_of(one) for one in unknown} - set(self._steps))
        if rest:
            with self._database.reading() as session:
                self._steps |= offsets_of(session, rest)
