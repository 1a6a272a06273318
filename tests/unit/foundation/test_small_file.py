"""Small regular files, and whatever else may have their name."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from skerry_edge.foundation.small_file import read_small


def test_a_file_is_read_whole_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 100_000)
    assert read_small(file, 100_000) == b"x" * 100_000
    with pytest.raises(OSError, match="over 99999 bytes") as caught:
        read_small(file, 99_999)
    assert caught.value.errno == errno.EFBIG


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    kinds = {
        "pipe": errno.EINVAL,
        "/dev/zero": errno.EINVAL,
        ".": errno.EISDIR,
        "a\0b": errno.EINVAL,
        "none": errno.ENOENT,
    }
    for name, number in kinds.items():
        with pytest.raises(OSError) as caught:  # noqa: PT011  # the number is looked at below
            read_small(tmp_path / name, 10)
        assert (caught.value.errno, bool(caught.value.strerror)) == (number, True), name
