"""The kernel's small files, and what they do instead of giving a number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.machine.files import read_number, read_text

LayOut = Callable[[str], Path]


@pytest.mark.parametrize(
    ("content", "value"),
    [("42\\n", 42.0), ("-1500", -1500.0), (" 7 \\n", 7.0), ("3\\0\\0", 3.0), ("1e3", 1000.0)],
)
def test_a_number_comes_without_what_stands_around_it(lay_out: LayOut, content: str, value: float) -> None:
    assert read_number(lay_out(f"sys/a: {content}") / "sys/a") == value


@pytest.mark.parametrize(
    "content", ["", "\\0\\0", "N/A", "nan", "inf", "-inf", "1e999", "0x10", "1 2", "!EIO", "!EAGAIN"]
)
def test_what_is_no_finite_number_is_none(lay_out: LayOut, content: str) -> None:
    assert read_number(lay_out(f"sys/a: {content}") / "sys/a") is None


def test_a_file_that_is_missing_or_a_folder_has_no_text(tmp_path: Path) -> None:
    assert read_text(tmp_path / "nothing") is None
    assert read_text(tmp_path) is None


def test_bytes_that_are_no_utf8_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"Board \xff 4\x00")
    assert read_text(tmp_path / "model") == "Board \ufffd 4"
