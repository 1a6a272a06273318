"""What passes for a snapshot."""

from __future__ import annotations

import pytest

from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.snapshots import JPEG_START, MAX_SNAPSHOT_BYTES, check_snapshot


def test_a_jpeg_up_to_the_limit_passes() -> None:
    check_snapshot(JPEG_START)
    check_snapshot(JPEG_START.ljust(MAX_SNAPSHOT_BYTES, b"\0"))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "encoding"),
        (b"\x89PNG\r\n", "encoding"),
        (JPEG_START[:2], "encoding"),
        (JPEG_START.ljust(MAX_SNAPSHOT_BYTES + 1, b"\0"), "oversize"),
    ],
)
def test_anything_else_is_refused_with_the_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(WireError) as caught:
        check_snapshot(payload)
    assert caught.value.reason == reason
