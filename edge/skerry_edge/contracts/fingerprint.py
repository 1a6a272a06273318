"""What tells two desired configurations apart: the hash that `State` reports and the server compares."""

from __future__ import annotations

import hashlib

import msgspec

from skerry_edge.contracts.messages import Desired

_ENCODER = msgspec.json.Encoder(order="sorted")


def desired_sha256(desired: Desired) -> str:
    """Return the SHA-256, in hexadecimal, of what a version asks for, whenever and however it was written down.

    It is taken of `{"config":…,"models":…}`, and `"updates":…` where it orders some, as JSON without blanks, the keys
    of every object sorted.
    """
    asked: dict[str, object] = {"config": desired.config, "models": desired.models}
    if desired.updates:
        asked["updates"] = desired.updates
    return hashlib.sha256(_ENCODER.encode(asked)).hexdigest()
