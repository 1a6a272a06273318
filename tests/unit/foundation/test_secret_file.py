"""Secrets that lie in files of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.secret_file import read_secret


def test_a_secret_is_read_without_its_line_end_and_with_its_blanks(tmp_path: Path) -> None:
    file = tmp_path / "word"
    file.write_bytes(b" correct horse \r\n")
    assert read_secret(file) == " correct horse "


def test_a_secret_may_be_as_long_as_mqtt_allows(tmp_path: Path) -> None:
    file = tmp_path / "word"
    file.write_bytes(b"x" * 65535)
    assert len(read_secret(file)) == 65535


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 65536])
def test_a_file_that_holds_no_secret_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "word"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="secret's file") as caught:
        read_secret(file)
    assert caught.value.where == str(file)


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ReachError, match=r"nowhere.*No such file"):
        read_secret(tmp_path / "nowhere")
    with pytest.raises(ReachError, match="directory"):
        read_secret(tmp_path)


def test_a_pipe_and_a_path_with_a_nul_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, why in (("pipe", "pipe"), ("a\0b", "NUL")):
        with pytest.raises(ReachError, match=why):
            read_secret(tmp_path / name)
