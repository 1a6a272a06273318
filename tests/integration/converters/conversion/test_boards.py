"""`skerry convert --board`: networks held against the flash and memory of a microcontroller."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.contracts.bundle import Bundle

Skerry = Callable[..., object]


@pytest.fixture
def vww(shared_data: Path) -> Path:
    """MLPerf Tiny's visual wake words, int8 already."""
    return shared_data / "tflite/mlperf_tiny_vww.tflite"


@pytest.mark.parametrize("board", ["esp32-s3", "raspberry-pi-pico", "arduino-nano-33-ble-sense", "nucleo-h743zi"])
def test_a_network_that_fits_is_told_with_its_shares(skerry: Skerry, vww: Path, tmp_path: Path, board: str) -> None:
    pytest.importorskip("tflite_micro", reason="its wheels are for Linux on x86-64")
    out = tmp_path / "vww.skerry"
    run = skerry("convert", vww, "--to", "mcu-int8", "--board", board, "--out", out, "--json")
    assert run.code == 0, run.err
    (row,) = json.loads(run.out)["variants"]
    assert row["footprint"]["flash_bytes"] == vww.stat().st_size
    assert 0 < row["footprint"]["ram_bytes"] < 256 << 10
    assert any(note.startswith(f"on {board} it takes") and "% of the memory" in note for note in row["notes"])
    assert list(Bundle.open(out).manifest.variants) == ["mcu-int8"]


def test_a_network_that_does_not_fit_fails_with_what_it_needs_and_boards_that_hold_it(
    skerry: Skerry, tiny: list[object], pictures: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tflite_micro", reason="its wheels are for Linux on x86-64")
    cfg = tmp_path / "tiny.cfg"
    cfg.write_text(re.sub(r"(width|height)=\d+", r"\1=208", cfg.read_text()))
    more = ("--to", "tflite-int8,mcu-int8", "--board", "arduino-nano-33-ble-sense", "--calibration", pictures)
    run = skerry(*tiny, *more, "--json")
    assert run.code == 1
    assert list(Bundle.open(tmp_path / "tiny.skerry").manifest.variants) == ["tflite-int8"]
    told = json.loads(run.out)["not_made"]["mcu-int8"]
    needed = int(re.search(r"the arena takes (\d+) bytes, arduino-nano-33-ble-sense has 262144", told).group(1))
    assert 256 << 10 < needed <= 264 << 10
    assert "it fits raspberry-pi-pico, stm32f746g-disco, esp32-s3" in told
    assert told in run.err


@pytest.mark.parametrize(
    ("board", "targets", "words"),
    [
        ("esp32s3", "mcu-int8", ["there is no such board", "did you mean 'esp32-s3'?"]),
        ("raspberry-pi-5", "mcu-int8", ["is no microcontroller", "choose one of: arduino-nano-33-ble-sense"]),
        ("esp32-s3", "tflite-int8", ["for targets that go to a microcontroller", "add mcu-int8 to --to"]),
    ],
)
def test_a_board_that_makes_no_sense_is_wrong_usage(
    skerry: Skerry, vww: Path, tmp_path: Path, board: str, targets: str, words: list[str]
) -> None:
    out = tmp_path / "vww.skerry"
    run = skerry("convert", vww, "--to", targets, "--board", board, "--out", out)
    assert run.code == 2
    assert all(one in run.err for one in words)
    assert not out.exists()
