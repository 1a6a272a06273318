"""One start of a simulated agent: its session, and the envelope of each message that it sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

from skerry_server.simulate.clock import DeviceClock


class Envelope(TypedDict):
    """The fields that every message of the contract carries."""

    v: Literal[1]
    id: str
    session: str
    seq: int
    ts: int
    clock: Literal["synced", "unsynced"]


@dataclass(kw_only=True, slots=True)
class Life:
    """What lasts from one start of the agent to the next; ``seq`` and ``connection`` count messages and connections."""

    session: str
    clock: DeviceClock
    began_ms: int
    seq: int = 0
    connection: int = 0

    def stamp(self, now_ms: int) -> Envelope:
        """Return the envelope of the next message, at the true time ``now_ms``."""
        self.seq += 1
        return self._envelope(self.seq, now_ms)

    def will_stamp(self, now_ms: int) -> Envelope:
        """Return the envelope of a will, which has no seq of its own."""
        return self._envelope(0, now_ms)

    def _envelope(self, seq: int, now_ms: int) -> Envelope:
        reading = self.clock.read(now_ms)
        return Envelope(
            v=1,
            id=f"{self.session}-{seq}",
            session=self.session,
            seq=seq,
            ts=reading.ts_ms,
            clock=reading.state,
        )


def session_id(counter: int, random_bits: int) -> str:
    """Return the session of the start numbered ``counter``; ``random_bits`` are 32."""
    return f"{counter:08d}-{random_bits:08x}"
