"""A full disk is told from other failures."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from skerry_converters import temporary_space
from skerry_converters.conversion.scratch import scratch
from skerry_converters.temporary_space import LEAST_BYTES, shortage
from skerry_edge.foundation.errors import ReachError


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that says how many bytes are free on every disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    total, used, _ = shutil.disk_usage(tmp_path)

    def leave(free: int) -> None:
        usage = type(shutil.disk_usage(tmp_path))(total, used, free)
        monkeypatch.setattr(temporary_space.shutil, "disk_usage", lambda _folder: usage)

    return leave


def write_in_vain() -> None:
    with scratch():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_with_room_is_no_shortage(disk, tmp_path: Path) -> None:
    disk(LEAST_BYTES)
    assert shortage(tmp_path) is None


def test_a_full_disk_is_named_with_what_to_do(disk, tmp_path: Path) -> None:
    disk(100)
    error = shortage(tmp_path)
    assert error is not None
    assert (error.where, error.found) == (str(tmp_path), "100 bytes")
    assert "TMPDIR" in error.todo


def test_a_write_that_found_the_temporary_disk_full_names_it(disk, tmp_path: Path) -> None:
    disk(0)
    with pytest.raises(ReachError, match="no space left for temporary files") as caught:
        write_in_vain()
    assert caught.value.where.startswith(str(tmp_path))


def test_a_write_that_found_another_disk_full_does_not_blame_it(disk) -> None:
    disk(LEAST_BYTES)
    with pytest.raises(OSError, match="No space"):
        write_in_vain()
