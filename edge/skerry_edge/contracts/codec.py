"""Bytes to messages and back, with the contract's limits; a refusal is always a WireError."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import (
    MAX_JSON_BYTES,
    Command,
    CommandResult,
    Desired,
    Event,
    Heartbeat,
    Message,
    State,
    Status,
)

Payload = Message | Desired | Command
STRUCTS: dict[str, type[Payload]] = {
    "status": Status,
    "heartbeat": Heartbeat,
    "event": Event,
    "state": State,
    "result": CommandResult,
    "desired": Desired,
    "command": Command,
}
"""The struct behind each kind of topic that carries JSON (a snapshot is a JPEG)."""

_ENCODER = msgspec.json.Encoder()
_KINDS: dict[type[Payload], str] = {s: kind for kind, s in STRUCTS.items()}


def encode(message: Payload) -> bytes:
    """Return UTF-8 JSON that `decode` takes back to an equal message.

    Raises WireError: ``oversize`` above 64 KiB; ``schema`` where a value is outside the contract, which a struct made
    in Python has not been checked for, or does not survive JSON, as a number that is not finite.
    """
    payload = _ENCODER.encode(message)
    kind = _KINDS[type(message)]
    if decode(kind, payload) != message:
        raise WireError("schema", f"the {kind} message does not survive its encoding", found="a value that JSON lacks")
    return payload


def decode(kind: str, payload: bytes) -> Payload:
    """Return the message of a topic's ``kind``. Raises WireError: ``topic``, ``oversize``, ``encoding``, ``schema``."""
    if kind not in STRUCTS:
        raise WireError("topic", "this kind carries no JSON message", found=repr(kind))
    if len(payload) > MAX_JSON_BYTES:
        raise WireError("oversize", "the message is larger than the contract allows", found=f"{len(payload)} bytes")
    try:
        # msgspec skips unknown fields unread, and with them bytes that are no text.
        message: Payload = _decoder(kind).decode(payload.decode("utf-8"))
    except msgspec.ValidationError as error:
        raise WireError("schema", f"the {kind} message does not fit the contract", found=str(error)) from error
    except RecursionError as error:
        raise WireError("encoding", f"the {kind} message is nested too deeply", found="JSON within JSON") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError("encoding", f"the {kind} message is not JSON", found=str(error)) from error
    return message


@cache
def _decoder(kind: str) -> msgspec.json.Decoder[Any]:
    # Built on first use: a process that only names topics need not wait for seven of them when it starts.
    return msgspec.json.Decoder(STRUCTS[kind])
