"""A labels file gives one printable name a line, as many as the network has classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_converters.labels import read_labels
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError


@pytest.mark.parametrize("content", ["cat\ndog\n", "cat\ndog", "cat\r\n dog \r\n\r\n\n", "\ufeffcat\ndog\n"])
def test_names_are_read_whatever_the_line_ends(tmp_path: Path, content: str) -> None:
    path = tmp_path / "names"
    path.write_bytes(content.encode())
    assert read_labels(path, 2)[1] == ("cat", "dog")


@pytest.mark.parametrize(
    ("content", "error", "word"),
    [
        (b"cat\n", ConfigError, "2 classes"),
        (b"", ConfigError, "0 labels"),
        (b"cat\n\ndog\n", DataError, "line 2"),
        (b"cat\nd\x07g\n", DataError, "line 2"),
        (b"cat\n\xff\xfe\n", DataError, "byte 4"),
        (b"x" * 1_000_001, DataError, "too large"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path: Path, content: bytes, error: type[Exception], word: str) -> None:
    path = tmp_path / "names"
    path.write_bytes(content)
    with pytest.raises(error, match=word):
        read_labels(path, 2)


def test_missing_labels_are_a_reach_error(tmp_path: Path) -> None:
    with pytest.raises(ReachError, match="No such file"):
        read_labels(tmp_path / "none", 2)
