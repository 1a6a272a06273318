"""Whether a command may still be carried out, on a device whose own clock may be years off; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from skerry_edge.agent.mqtt.news import Inbound
from skerry_edge.contracts.messages import Command

MAX_LIFE_MS = 24 * 3600 * 1000
"""A command that may come later than this is no command but a wish: that is what `desired` is for."""
MAX_AHEAD_MS = 5 * 60 * 1000
"""How far the sender's clock may be ahead of a device's that is synchronised."""
MAX_STEP_MS = 24 * 3600 * 1000
"""How far a single message may move what is known of the sender's clock."""
APART_S = 10.0
AGREEING_MS = 3000
"""Two messages agree where the way of one took so much longer than the other's at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """What a device knows of the time: its own (Unix ms), whether that can be trusted, and the sender's at least."""

    now_ms: int
    state: Literal["synced", "unsynced"]
    sender_at_least_ms: int = 0

    @property
    def at_least_ms(self) -> int:
        """What the sender's clock must show by now, as far as can be told."""
        return self.now_ms if self.state == "synced" else self.sender_at_least_ms


class SenderClock:
    """The least that the sender's clock can show now: the latest time it wrote, and what has passed here since.

    A device without a clock of its own judges by this: a command that ends before is old for certain. A single message
    moves it by at most MAX_STEP_MS, and never back: whose clock shows the year 2100 must not shut all others out. What
    two messages say that came at least `APART_S` one after the other, and agree on how much time has passed, is a clock
    that runs, and is believed whatever was believed before. What was held up and comes in one go does not agree so.
    Nothing of it is kept over a restart, which would bring an error back.
    """

    def __init__(self) -> None:
        self._ts_ms = 0
        self._heard_s = 0.0
        self._witness: tuple[int, float] | None = None

    def note(self, ts_ms: int, now_s: float) -> None:
        """Learn from a message that came live; ``now_s`` is on the monotonic clock."""
        known_ms = self.at_least_ms(now_s)
        if not known_ms or 0 < ts_ms - known_ms <= MAX_STEP_MS or self._is_confirmed(ts_ms, now_s):
            self._ts_ms, self._heard_s, self._witness = ts_ms, now_s, None
        elif ts_ms != known_ms and not self._runs_with_witness(ts_ms, now_s):
            self._witness = ts_ms, now_s

    def at_least_ms(self, now_s: float) -> int:
        """Return the bound in Unix milliseconds; 0 while nothing was heard."""
        return self._ts_ms + int((now_s - self._heard_s) * 1000) if self._ts_ms else 0

    def _is_confirmed(self, ts_ms: int, now_s: float) -> bool:
        return (
            self._witness is not None and now_s - self._witness[1] >= APART_S and self._runs_with_witness(ts_ms, now_s)
        )

    def _runs_with_witness(self, ts_ms: int, now_s: float) -> bool:
        """Tell whether as much time has passed for the sender as has here since the message that was not believed."""
        if self._witness is None:
            return False
        before_ms, heard_s = self._witness
        return abs((ts_ms - before_ms) - (now_s - heard_s) * 1000) <= AGREEING_MS


def staleness(command: Command, arrival: Inbound, clock: Clock) -> str | None:
    """Say why a command is too old, or can never be judged; None where it may be carried out.

    - The broker's own count of what is left of its life (MQTT 5) needs no clock here at all.
    - A synchronised clock is compared with what the command says.
    - Without one, a command that was handed over live counts as fresh, because a connection begins clean: nothing of
      an earlier one is delivered to it. What is older than the sender's last known time is not.
    """
    life_ms = command.expires_ts - command.ts
    if not 0 < life_ms <= MAX_LIFE_MS:
        return f"a command must end after it was given and within {MAX_LIFE_MS // 3_600_000} hours; found {life_ms} ms"
    if arrival.retained:
        return "a command must not be retained: it would come again with every connect"
    if arrival.expires_in_s is not None and arrival.expires_in_s <= 0:
        return "the command has expired at the broker"
    if command.expires_ts <= clock.at_least_ms:
        return f"the command has expired {(clock.at_least_ms - command.expires_ts) / 1000:.0f} s ago"
    if clock.state == "synced" and command.ts > clock.now_ms + MAX_AHEAD_MS:
        return (
            f"the command comes from the future: its sender's clock is {(command.ts - clock.now_ms) / 1000:.0f} s ahead"
        )
    return None
