"""The seam between who accepts messages and who sends them: what every outbox promises to either."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Protocol

from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Message
from skerry_edge.contracts.snapshots import check_snapshot

Content = Message | bytes
"""What a letter carries: a message, or a snapshot's JPEG."""
Outgoing = tuple[str, Content]
"""A topic of the contract and what is to be published there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One message that waits for the broker; ``key`` rises in the order of acceptance and never comes twice."""

    key: int
    topic: str
    message: Content


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxStats:
    """``depth`` letters of ``held_bytes`` payload wait, and ``dropped`` were given up since the device was set up.

    ``newest`` is the last key that was given. ``oldest_ts_ms`` says when the oldest letter but heartbeats happened, in
    Unix milliseconds; None where none waits.
    """

    depth: int
    held_bytes: int
    dropped: int
    newest: int
    oldest_ts_ms: int | None


class Sink(Protocol):
    """Where accepted messages wait until the broker has them. Safe to use from several threads."""

    def put(self, *outgoing: Outgoing) -> None:
        """Accept messages, all at once and in this order; on return the sink has them as safely as it ever will.

        Of the heartbeats of a topic only the newest waits; it takes none of the budget. Everything else is kept until
        acknowledged. Where the budget is used up, the oldest snapshots make room and then, for anything but a
        snapshot, the oldest of what remains; each is counted as dropped. What finds no room even so is dropped itself
        and displaces nothing. Raises WireError for what the contract does not allow, and then accepts none.
        """
        ...

    def stats(self) -> OutboxStats:
        """Return what waits and what was lost."""
        ...


class Outlet(Protocol):
    """Where waiting messages are taken from. Safe to use from several threads."""

    @property
    def comebacks(self) -> int:
        """How often letters may have come back that could not be read before, with keys below those given since."""
        ...

    def pending(self, sent: Container[int], limit: int, after: int = 0) -> list[Letter]:
        """Return waiting letters with a key not in ``sent``: heartbeats first, then at most ``limit`` others by age.

        Of the others, only those with a key above ``after``.
        """
        ...

    def acknowledge(self, key: int) -> None:
        """Forget a letter that the broker has; a key that is not waiting is no error."""
        ...

    def is_gone(self, key: int) -> bool:
        """Tell whether a letter waits no more; one that cannot be read just now is not gone."""
        ...

    def discard(self, key: int) -> None:
        """Give up a letter that the broker never takes, and count it as dropped."""
        ...

    def stats(self) -> OutboxStats:
        """Return what waits and what was lost."""
        ...


def payload_of(message: Content) -> bytes:
    """Return what the broker gets. Raises WireError for what the contract does not allow."""
    if isinstance(message, bytes):
        check_snapshot(message)
        return message
    return encode(message)
