"""Boards and machines: which machine is which board, and what its profile says it can run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry_boards.loader import load_board
from skerry_edge.bench.recommendation.boards import is_board, obstacle, require_computer, target_of
from skerry_edge.foundation.errors import ConfigError

Make = Callable[..., Any]
PI_5 = "Raspberry Pi 5 Model B Rev 1.0"


@pytest.mark.parametrize(
    ("board", "model", "expected"),
    [
        ("raspberry-pi-5", PI_5, True),
        ("raspberry-pi-4", PI_5, False),
        ("raspberry-pi-4", "Raspberry Pi 4 Model B Rev 1.4", True),
        ("coral-usb-raspberry-pi", PI_5, True),
        ("jetson-orin-nano", "NVIDIA Jetson Orin Nano Developer Kit", True),
        ("raspberry-pi-5", None, False),
        ("generic-arm64", PI_5, True),
        ("generic-arm64", None, True),
        ("generic-x86", None, False),
    ],
)
def test_a_machine_is_told_by_its_device_tree_and_a_generic_one_by_its_architecture(
    machine: Make, board: str, model: str | None, expected: bool
) -> None:
    assert is_board(machine(model), load_board(board)) is expected


def test_a_board_runs_the_formats_of_its_runtimes() -> None:
    board = load_board("raspberry-pi-5")
    assert obstacle(board, "tflite") is None
    assert obstacle(board, "onnx") is None
    assert obstacle(board, "edgetpu") == "the profile of raspberry-pi-5 names no runtime for edgetpu files"


def test_a_board_with_an_edge_tpu_runs_its_files() -> None:
    assert obstacle(load_board("coral-usb-raspberry-pi"), "edgetpu") is None


def test_the_memory_is_that_of_the_board_that_was_measured_or_of_the_smallest(machine: Make) -> None:
    board = load_board("raspberry-pi-5")
    assert target_of(board, machine(PI_5)).memory_mb == 8000
    assert target_of(board, machine()).memory_mb == pytest.approx(2048 * 1.048576)
    assert target_of(load_board("generic-x86"), machine()).memory_mb is None


def test_a_microcontroller_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(ConfigError) as caught:
        require_computer(load_board("esp32-s3"))
    assert "skerry convert" in (caught.value.todo or "")
