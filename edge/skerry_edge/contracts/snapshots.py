"""A snapshot: the JPEG that belongs to an event, sent as it is under `snapshot/{event}`."""

from __future__ import annotations

from skerry_edge.contracts.errors import WireError

MAX_SNAPSHOT_BYTES = 256 * 1024
JPEG_START = b"\xff\xd8\xff"


def check_snapshot(payload: bytes) -> None:
    """Raise WireError for what is no snapshot: ``oversize`` above 256 KiB, ``encoding`` where it is no JPEG."""
    if len(payload) > MAX_SNAPSHOT_BYTES:
        raise WireError("oversize", "the snapshot is larger than the contract allows", found=f"{len(payload)} bytes")
    if not payload.startswith(JPEG_START):
        raise WireError("encoding", "the snapshot is no JPEG", found=repr(payload[:8]))
