"""One agent per state directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skerry_edge.agent.life.lock import hold_state_dir
from skerry_edge.foundation.errors import ConfigError, ReachError


def test_the_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path), pytest.raises(ConfigError, match=f"process {os.getpid()}"), hold_state_dir(tmp_path):
        pytest.fail("the directory was held twice")


def test_the_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_state_dir(tmp_path):
            assert (tmp_path / "agent.lock").read_text() == f"{os.getpid()}\n"


def test_the_directory_is_made_where_it_is_missing(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path / "var" / "skerry"):
        assert (tmp_path / "var" / "skerry").is_dir()


def test_a_directory_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReachError, match="state directory"), hold_state_dir(tmp_path / "file"):
        pytest.fail("a file was taken for a directory")
