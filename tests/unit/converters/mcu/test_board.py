"""A network against a board's flash and memory."""

from __future__ import annotations

import pytest

from skerry_boards.loader import load_board
from skerry_converters.mcu.board import BoardLimits, Footprint, board_limits
from skerry_edge.foundation.errors import ConfigError

BOARD = BoardLimits(name="tiny", flash_bytes=1000, ram_bytes=500, psram_bytes=2000)


def _problems(flash: int, ram: int) -> tuple[str, ...]:
    return Footprint(board=BOARD, flash_bytes=flash, ram_bytes=ram).problems


def test_what_just_fits_is_no_problem() -> None:
    assert _problems(1000, 500) == ()


def test_what_does_not_fit_says_by_how_much() -> None:
    flash, ram = _problems(1001, 2001)

    assert flash == "the model has 1001 bytes, the flash of tiny 1000"
    assert ram == "the arena takes 2001 bytes, tiny has 500"


def test_external_memory_that_would_do_is_mentioned() -> None:
    assert "would fit modules with 2000 bytes of PSRAM" in _problems(1, 501)[0]


def test_the_limits_of_a_profile_are_those_of_its_smallest_module() -> None:
    limits = board_limits(load_board("esp32-s3"))

    assert (limits.flash_bytes, limits.ram_bytes, limits.psram_bytes) == (4 << 20, 512 << 10, 2 << 20)


def test_a_board_that_runs_an_operating_system_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"is no microcontroller.*raspberry-pi-5"):
        board_limits(load_board("raspberry-pi-5"))
