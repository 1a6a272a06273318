"""`skerry boards` as a person or a program calls it."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import pytest

from skerry_boards.loader import board_names, load_board
from skerry_boards.schema import Board


def boards(*arguments: str, columns: int = 200) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "skerry_edge", "boards", *arguments]
    env = {"COLUMNS": str(columns), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env, check=False)


def test_the_list_has_every_board_whole_however_narrow_the_terminal() -> None:
    for columns in (80, 200):
        done = boards("list", columns=columns)
        assert done.returncode == 0
        assert all(name in done.stdout for name in board_names())


def test_the_list_is_an_array_for_programs() -> None:
    listed = json.loads(boards("list", "--json").stdout)
    assert [one["name"] for one in listed] == board_names()
    assert {one["kind"] for one in listed} == {"computer", "microcontroller"}


@pytest.mark.parametrize("name", board_names())
def test_a_board_is_shown_with_its_facts_and_the_documents_they_are_from(name: str) -> None:
    done = boards("show", name)
    assert done.returncode == 0
    board = load_board(name)
    for text in (board.title, *(source.title for source in board.sources), *(source.url for source in board.sources)):
        assert text in done.stdout
    for runtime in board.runtimes:
        assert f"{runtime.backend} on {runtime.device}" in done.stdout


@pytest.mark.parametrize("name", board_names())
def test_a_board_is_the_whole_profile_for_programs(name: str) -> None:
    shown = msgspec.json.decode(boards("show", name, "--json").stdout.encode(), type=Board)
    assert shown == load_board(name)


def test_an_unknown_board_is_wrong_usage_and_suggests_the_nearest_one() -> None:
    done = boards("show", "raspberry-pi-55")
    assert done.returncode == 2
    assert "did you mean 'raspberry-pi-5'?" in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
