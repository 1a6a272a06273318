"""What the broker does not take, and what has to wait behind it: remembered from connection to connection."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from skerry_edge.agent.outbox.sink import Letter
from skerry_edge.contracts.messages import Event, Heartbeat
from skerry_edge.contracts.updates import UpdateReport
from skerry_edge.foundation.backoff import Backoff

STRIKES = 3
"""After so many connections in a row that ended with the same letter as the oldest unanswered, the letter is to blame:
MQTT 3.1.1 knows no other way to refuse one, and some brokers with MQTT 5 use no other."""
RETRY = Backoff(first_s=10.0, max_s=300.0)
"""How soon a lane that is held is tried again: each time may cost the connection."""
HEARTBEATS, PICTURES, ANSWERS = "heartbeats", "pictures", "answers to commands"
UPDATES = "reports of updates"
"""Kept and in order, as events are: a rollout waits for how each update ended."""
UNORDERED = (HEARTBEATS, PICTURES, ANSWERS)
"""Lanes without an order: any letter of theirs will do to see whether the broker takes them again."""
GIVEN_UP = (PICTURES, ANSWERS)
"""Of these nothing waits: while one is held, what comes is given up, but for one letter whenever that is due."""


def lane_of(letter: Letter) -> str:
    """Return the lane of a letter: what a broker takes or does not take together."""
    if isinstance(letter.message, Event):
        return f"events of {letter.message.pipeline}"
    if isinstance(letter.message, bytes):
        return PICTURES
    if isinstance(letter.message, UpdateReport):
        return UPDATES
    return HEARTBEATS if isinstance(letter.message, Heartbeat) else ANSWERS


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A lane is held for the letter ``key``, and tried again at ``due_s`` (monotonic seconds)."""

    key: int
    reason: str
    failures: int
    due_s: float


class Holds:
    """The lanes that are held, by name; used by one thread but for ``trouble``."""

    def __init__(self) -> None:
        self.trouble: str | None = None
        """What waits and why, None where nothing does."""
        self._held: dict[str, Hold] = {}
        self._suspect: str | int | None = None
        self._strikes = 0

    def __contains__(self, lane: str) -> bool:
        return lane in self._held

    def __len__(self) -> int:
        return len(self._held)

    def due_s(self, under_way: Collection[str]) -> float:
        """Return when the next lane is to be tried again (``inf``: none); those ``under_way`` are tried already."""
        # The next try of an unordered lane comes with its next letter.
        waiting = (one for lane, one in self._held.items() if lane not in under_way and lane not in UNORDERED)
        return min((one.due_s for one in waiting), default=float("inf"))

    def due(self, now_s: float) -> dict[str, Hold]:
        """Return the lanes that are to be tried now."""
        return {lane: one for lane, one in self._held.items() if now_s >= one.due_s}

    def bars(self, lane: str, now_s: float) -> bool:
        """Tell whether a letter of this lane may not go as it comes; of those that are given up, one may when due."""
        hold = self._held.get(lane)
        return hold is not None and (lane not in GIVEN_UP or now_s < hold.due_s)

    def holds_lane(self, letter: Letter) -> bool:
        """Tell whether its lane is held for this letter; of an unordered lane, any will do."""
        lane = lane_of(letter)
        hold = self._held.get(lane)
        return hold is not None and (lane in UNORDERED or hold.key == letter.key)

    def hold(self, lane: str, key: int, reason: str, *, now_s: float, chance: float) -> bool:
        """Hold a lane, or hold it longer; tell whether that is new. ``chance`` is uniform in [0, 1).

        What was under way already when the lane was held changes nothing.
        """
        before = self._held.get(lane)
        if before is not None and (now_s < before.due_s if lane in UNORDERED else key > before.key):
            return False
        failures = 1 if before is None else before.failures + 1
        due_s = now_s + RETRY.delay_s(failures, chance)
        self._held[lane] = Hold(key=key, reason=reason, failures=failures, due_s=due_s)
        self._reword()
        return before is None

    def postpone(self, lane: str, now_s: float) -> None:
        """Try a lane again later, as its letter cannot be read just now."""
        self._held[lane] = replace(self._held[lane], due_s=now_s + RETRY.first_s)

    def release(self, lane: str) -> None:
        """Hold a lane no longer."""
        del self._held[lane]
        self._reword()

    def strike(self, letter: Letter) -> bool:
        """Note that a connection ended with this letter as the oldest unanswered; tell whether it is to blame."""
        suspect = _suspect(letter)
        self._strikes = self._strikes + 1 if suspect == self._suspect else 1
        self._suspect = suspect
        if not self.holds_lane(letter) and self._strikes < STRIKES:
            return False
        self._suspect = None
        return True

    def acquit(self, letter: Letter) -> None:
        """Note that the broker took this letter: what ended connections with it before was something else."""
        if _suspect(letter) == self._suspect:
            self._suspect, self._strikes = None, 0

    def _reword(self) -> None:
        told = "; ".join(f"{lane} ({one.reason})" for lane, one in self._held.items() if lane not in GIVEN_UP)
        self.trouble = f"the broker does not take {told}" if told else None


def _suspect(letter: Letter) -> str | int:
    """Return what is to blame where this letter is: each heartbeat is new, and as good as the one before."""
    return HEARTBEATS if isinstance(letter.message, Heartbeat) else letter.key
