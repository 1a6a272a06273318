"""What arrived, judged: a message of the contract, something to ignore, or a dead letter with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import (
    Command,
    CommandResult,
    Desired,
    Message,
)
from skerry_edge.contracts.snapshots import check_snapshot
from skerry_edge.contracts.topics import DOWN_KINDS, Topic, parse_topic
from skerry_edge.foundation.redaction import redact
from skerry_server.ingest.fleet import Known
from skerry_server.registry.soft_rows import Shown

MAX_KEPT_BYTES = 256 * 1024
"""How much of a dead letter's payload is kept: all that the contract allows; beside it stands how long it was."""
MAX_KEPT_TOPIC_CHARS = 512
RETAINED_KINDS = ("status", "state")


# A struct: a frozen dataclass takes six times as long to make, and there is one for each message.
class Delivery(Struct, frozen=True, kw_only=True, gc=False):
    """One PUBLISH as it came from the broker, with the server's own time in Unix milliseconds."""

    topic: str
    payload: bytes
    is_retained: bool
    received_ms: int


class Accepted(Struct, kw_only=True, gc=False):
    """A message that the contract allows; a snapshot has no ``message``, its JPEG is the payload.

    ``offset_ms`` is what is to be added to the message's time, as its session's clock is off; ``known`` what the worker
    knows of the device: to look that up anew for each step is dear in a large fleet, whose table is in no cache. Of a
    heartbeat that was measured, ``message`` is what all messages have, and ``shown`` what the registry shows of it.
    """

    delivery: Delivery
    topic: Topic
    message: Message | None
    offset_ms: int = 0
    known: Known | None = None
    shown: Shown | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A refused delivery; ``reason`` groups, ``detail`` explains, ``payload`` may be cut to MAX_KEPT_BYTES."""

    topic: str
    reason: str
    detail: str
    payload: bytes
    payload_bytes: int
    received_ms: int
    is_retained: bool = False


def examine(delivery: Delivery) -> Accepted | DeadLetter | None:
    """Judge one delivery; None for what goes down to devices and for a retained message being cleared."""
    try:
        topic = parse_topic(delivery.topic)
        if topic.kind in DOWN_KINDS or (not delivery.payload and topic.kind in RETAINED_KINDS):
            return None
        return Accepted(delivery=delivery, topic=topic, message=_message(topic, delivery.payload))
    except WireError as error:
        return refuse(delivery, error.reason, str(error))


def refuse(delivery: Delivery, reason: str, detail: str) -> DeadLetter:
    """Return ``delivery`` as a dead letter, cut to what is kept."""
    return DeadLetter(
        topic=delivery.topic[:MAX_KEPT_TOPIC_CHARS],
        reason=reason,
        detail=redact(detail),
        payload=delivery.payload[:MAX_KEPT_BYTES],
        payload_bytes=len(delivery.payload),
        received_ms=delivery.received_ms,
        is_retained=delivery.is_retained,
    )


def _message(topic: Topic, payload: bytes) -> Message | None:
    if topic.kind == "snapshot":
        check_snapshot(payload)
        return None
    message = decode(topic.kind, payload)
    if isinstance(message, Desired | Command):
        raise WireError("topic", "devices do not send this kind", found=topic.kind)
    if isinstance(message, CommandResult) and message.command != topic.item:
        raise WireError("identity", "the result names another command than its topic", found=repr(message.command))
    return message
