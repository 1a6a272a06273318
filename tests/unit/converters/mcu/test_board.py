"""A network against a board's flash and memory."""

from __future__ import annotations

import pytest

from skerry_boards.loader import load_board
from skerry_converters.mcu.board import (
    BoardLimits,
    Footprint,
    board_limits,
    known_limits,
    require_fit,
    shortfalls,
)
from skerry_edge.foundation.errors import ConfigError, VerdictError

BOARD = BoardLimits(name="tiny", flash_bytes=1000, ram_bytes=500, psram_bytes=2000)


def _problems(flash: int, ram: int) -> tuple[str, ...]:
    return shortfalls(Footprint(flash_bytes=flash, ram_bytes=ram), BOARD)


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

    assert (limits.flash_bytes, limits.ram_bytes, limits.psram_bytes) == (4 << 20, 416 << 10, 2 << 20)


def test_an_arena_is_one_piece_so_the_largest_piece_of_memory_counts() -> None:
    board = load_board("nucleo-h743zi")

    assert board.microcontroller is not None
    assert board_limits(board).ram_bytes == 512 << 10 < board.microcontroller.sram_kb << 10


def test_what_does_not_fit_fails_and_names_the_smallest_boards_that_hold_it() -> None:
    sizes = {"huge": 9000, "small": 600, "also-too-small": 400, "middle": 700, "large": 800}
    others = [BoardLimits(name=name, flash_bytes=5000, ram_bytes=ram) for name, ram in sizes.items()]

    with pytest.raises(VerdictError) as caught:
        require_fit(Footprint(flash_bytes=1001, ram_bytes=501), BOARD, others)

    error = caught.value
    assert (error.exit_code, error.todo) == (1, "it fits small, middle, large")
    assert "1001 bytes, the flash of tiny 1000; the arena takes 501 bytes, tiny has 500" in str(error.found)


def test_where_no_board_holds_it_that_is_said() -> None:
    with pytest.raises(VerdictError, match="no board that Skerry knows holds it"):
        require_fit(Footprint(flash_bytes=1, ram_bytes=501), BOARD, [BOARD])


def test_every_microcontroller_with_a_profile_has_limits() -> None:
    limits = {one.name: one for one in known_limits()}

    assert {"esp32-s3", "raspberry-pi-pico", "raspberry-pi-pico-2", "arduino-nano-33-ble-sense"} <= set(limits)
    assert {"nucleo-h743zi", "stm32f746g-disco"} <= set(limits)
    assert all(0 < one.ram_bytes <= one.flash_bytes for one in limits.values())


def test_a_board_that_runs_an_operating_system_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"is no microcontroller.*raspberry-pi-5.*choose one of: .*esp32-s3"):
        board_limits(load_board("raspberry-pi-5"))
