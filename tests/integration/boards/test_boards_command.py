"""`skerry boards` as a person or a program calls it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

from skerry_boards.cli import complete_board
from skerry_boards.loader import board_names, load_board
from skerry_boards.schema import Board

Boards = Callable[..., Any]


@pytest.fixture
def boards(skerry: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Boards:
    """Return a function that runs `skerry boards …` on a terminal of some width."""

    def run(*arguments: object, columns: int = 200) -> Any:
        monkeypatch.setenv("COLUMNS", str(columns))
        return skerry("boards", *arguments)

    return run


def test_the_list_has_every_board_whole_however_narrow_the_terminal(boards: Boards) -> None:
    for columns in (80, 200):
        done = boards("list", columns=columns)
        assert done.code == 0
        assert all(name in done.out for name in board_names())


def test_the_list_is_an_array_for_programs(boards: Boards) -> None:
    listed = boards("list", "--json").json
    assert [one["name"] for one in listed] == board_names()
    assert {one["kind"] for one in listed} == {"computer", "microcontroller"}


@pytest.mark.parametrize("name", board_names())
def test_a_board_is_shown_with_its_facts_and_the_documents_they_are_from(boards: Boards, name: str) -> None:
    done = boards("show", name)
    assert done.code == 0
    board = load_board(name)
    for text in (board.title, *(source.title for source in board.sources), *(source.url for source in board.sources)):
        assert text in done.out
    for runtime in board.runtimes:
        assert f"{runtime.backend} on {runtime.device}" in done.out


@pytest.mark.parametrize("name", board_names())
def test_a_board_is_the_whole_profile_for_programs(boards: Boards, name: str) -> None:
    shown = msgspec.json.decode(boards("show", name, "--json").out.encode(), type=Board)
    assert shown == load_board(name)


def test_an_unknown_board_is_wrong_usage_and_suggests_the_nearest_one(boards: Boards) -> None:
    done = boards("show", "raspberry-pi-55")
    assert done.code == 2
    assert "did you mean 'raspberry-pi-5'?" in done.err
    assert done.out == ""
    assert "Traceback" not in done.err


def test_names_that_people_use_are_understood(boards: Boards) -> None:
    for alias, name in {
        "rpi5": "raspberry-pi-5",
        "rpi4": "raspberry-pi-4",
        "pi5": "raspberry-pi-5",
        "cm4": "raspberry-pi-4",
        "pi-zero-2": "raspberry-pi-zero-2-w",
    }.items():
        assert boards("show", alias, "--json").json["name"] == name


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("raspberry-pi", "raspberry-pi-5"),
        ("raspberry-pi-zero", "raspberry-pi-zero-2"),
        ("rpi6", "rpi5"),
        ("esp32s3", "esp32-s3"),
        ("raspberry-pi-pico2", "raspberry-pi-pico-2"),
    ],
)
def test_a_microcontroller_is_suggested_only_to_who_nearly_wrote_it(boards: Boards, wrong: str, right: str) -> None:
    assert f"did you mean '{right}'?" in boards("show", wrong).err


def test_the_list_fits_on_a_narrow_terminal(boards: Boards) -> None:
    told = boards("list", columns=80).out
    assert max(map(len, told.splitlines())) <= 80
    assert len(told.splitlines()) < 2 * len(board_names())


def test_a_folder_that_tells_of_no_machine_is_refused_with_the_list(boards: Boards, tmp_path: Path) -> None:
    done = boards("detect", "--root", tmp_path)
    assert (done.code, "--help" in done.err) == (4, True)


def test_a_shell_completes_names() -> None:
    context = click.Context(click.Command("show"))
    found = complete_board(context, click.Argument(["name"]), "raspberry-pi-")
    assert {"raspberry-pi-4", "raspberry-pi-5"} <= set(found)
    assert "esp32-s3" not in found


def test_detect_says_which_profile_and_why(boards: Boards, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor\t: 0\nCPU architecture: 8\n")
    tree = tmp_path / "sys/firmware/devicetree/base"
    tree.mkdir(parents=True)
    (tree / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    done = boards("detect", "--root", tmp_path)
    assert done.code == 0
    assert "raspberry-pi-5" in done.out
    assert "the device tree's model is 'Raspberry Pi 5 Model B Rev 1.0'" in done.out
    facts = boards("detect", "--root", tmp_path, "--json").json
    assert (facts["board"], facts["fallback"]) == ("raspberry-pi-5", "generic-arm64")


def test_detect_on_a_machine_that_tells_nothing_is_a_no(boards: Boards, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor: 0\n")
    done = boards("detect", "--root", tmp_path, "--json")
    assert done.code == 1
    assert done.json["board"] is None


def test_detect_runs_on_this_machine(boards: Boards) -> None:
    done = boards("detect", "--json")
    assert done.code in (0, 1)
    assert set(done.json) >= {"board", "because", "candidates", "fallback", "also_seen", "machine"}
