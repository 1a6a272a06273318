"""A simulated device's voice: its messages as they are published, with account of what the server must make of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import CommandResult, Event, Heartbeat, Message, State, Status, session_order
from skerry_edge.contracts.topics import UpKind, topic_of
from skerry_edge.contracts.updates import UpdateReport
from skerry_server.presence import PresenceState
from skerry_server.simulate.acts import Outgoing, Publish
from skerry_server.simulate.expectation import ExpectedDevice
from skerry_server.simulate.malformed import Malformed

OFF_MS = 5 * 60 * 1000
"""A clock that is no further off than this counts as right."""
_KINDS: dict[type[Message], UpKind] = {
    Status: "status",
    Heartbeat: "heartbeat",
    Event: "event",
    State: "state",
    CommandResult: "result",
    UpdateReport: "update",
}
_RETAINED = ("status", "state")


@dataclass(kw_only=True, slots=True)
class Account:
    """What the server must show, kept as messages are published; counters are of what is different."""

    presence: PresenceState = "offline"
    reason: str | None = None
    session: str = ""
    seq: int = 0
    heartbeats: int = 0
    events: int = 0
    clock_offsets_s: dict[str, float] = field(default_factory=dict)
    dead_letters: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)


class Voice:
    """Publishes in the name of ``device`` at ``site``."""

    def __init__(self, site: str, device: str) -> None:
        self.account = Account()
        self._site = site
        self._device = device
        self._broken = 0

    def say(self, message: Message, now_ms: int, *, item: str | None = None) -> Publish:
        """Publish a message for the first time, at the true time ``now_ms``; ``item`` is the command of a result."""
        self._note(message, now_ms)
        return self._publish(message, item)

    def repeat(self, message: Message) -> Publish:
        """Publish a message once more, just as it was."""
        return self._publish(message, None)

    def show(self, item: str, jpeg: bytes) -> Publish:
        """Publish the picture of an event or a command."""
        self.account.sent["snapshot"] += 1
        return Publish(message=Outgoing(topic=topic_of(self._site, self._device, "snapshot", item), payload=jpeg))

    def blurt(self, family: Malformed, run: str) -> Publish:
        """Publish something malformed that nobody else publishes."""
        self._broken += 1
        self.account.dead_letters[family.reason] += 1
        self.account.sent["malformed"] += 1
        return Publish(message=family.make(self._site, self._device, f"{run}-{self._device}-{self._broken}"))

    def will(self, status: Status) -> Outgoing:
        """Return what the broker is to publish when the connection breaks."""
        return self._outgoing("status", status, None)

    def lost(self, reason: str | None) -> None:
        """Note that the connection broke, and the broker published the will, which gives ``reason``."""
        self.account.presence, self.account.reason = "offline", reason

    def expected(self) -> ExpectedDevice:
        """Return what the server must show of the device now."""
        kept = self.account
        return ExpectedDevice(
            device=self._device,
            site=self._site,
            presence=kept.presence,
            reason=kept.reason,
            session=kept.session,
            seq=kept.seq,
            heartbeats=kept.heartbeats,
            events=kept.events,
            clock_offsets_s=dict(kept.clock_offsets_s),
        )

    def _note(self, message: Message, now_ms: int) -> None:
        kept = self.account
        if message.session != kept.session and not message.replayed:
            kept.session, kept.seq = message.session, 0
            offset_ms = now_ms - message.ts
            if message.clock == "unsynced" or abs(offset_ms) > OFF_MS:
                kept.clock_offsets_s[str(session_order(message.session))] = offset_ms / 1000
        if isinstance(message, Status):
            kept.presence, kept.reason = message.state, message.reason
        elif isinstance(message, Event):
            kept.events += 1
        elif isinstance(message, Heartbeat):
            kept.heartbeats += 1
            if not message.replayed:
                kept.seq = max(kept.seq, message.seq)

    def _publish(self, message: Message, item: str | None) -> Publish:
        kind = _KINDS[type(message)]
        self.account.sent[kind] += 1
        return Publish(message=self._outgoing(kind, message, item))

    def _outgoing(self, kind: UpKind, message: Message, item: str | None) -> Outgoing:
        topic = topic_of(self._site, self._device, kind, item)
        return Outgoing(topic=topic, payload=encode(message), retain=kind in _RETAINED)
