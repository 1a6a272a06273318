"""The word for each failure of a transfer."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.transfer.told import failures_told
from skerry_edge.transfer.disk import DiskError
from skerry_edge.transfer.folder import FolderError
from skerry_edge.transfer.resumption import TransientError

HERE = Path("/state")


def raised(error: Exception) -> str:
    with pytest.raises((TransferError, ReleaseError)) as caught, failures_told():
        raise error
    return caught.value.reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TransientError("broke", where="url"), "network"),
        (TransientError("slow", where="url", stalled=True), "stalled"),
        (ReachError("gone", where="url"), "network"),
        (FolderError("the stick was pulled", where="/media/usb"), "network"),
        (DiskError.of(HERE, OSError(errno.ENOSPC, "full")), "no-space"),
        (DiskError.of(HERE, OSError(errno.EDQUOT, "full")), "no-space"),
        (DiskError.of(HERE, OSError(errno.EROFS, "closed")), "read-only"),
        (OSError(errno.ENOSPC, "full", "x"), "no-space"),
        (OSError(errno.EIO, "dying", "x"), "read-only"),
        (DataError("another file"), "length"),
        (ReleaseError("hash", "another file"), "hash"),
        (TransferError("stalled", "slow"), "stalled"),
    ],
)
def test_each_failure_has_its_word(error: Exception, reason: str) -> None:
    assert raised(error) == reason


def test_a_file_of_our_own_that_cannot_be_written_is_no_matter_of_the_network(tmp_path: Path) -> None:
    with pytest.raises(TransferError) as caught, failures_told():
        write_atomic(tmp_path / "missing" / "floors.json", b"{}")
    assert caught.value.reason == "read-only"
