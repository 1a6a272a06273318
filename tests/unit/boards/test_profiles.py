"""The board profiles: every one is whole, true to its schema, and usable by the agent."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from skerry_boards.loader import board_names, load_board, parse_board
from skerry_boards.schema import Board
from skerry_edge.backends.registry import BACKENDS
from skerry_edge.contracts.messages import Name
from skerry_edge.foundation.errors import ConfigError

NAMED = {
    "raspberry-pi-4",
    "raspberry-pi-5",
    "coral-usb-raspberry-pi",
    "jetson-orin-nano",
    "generic-arm64",
    "generic-x86",
    "esp32-s3",
    "raspberry-pi-3",
    "raspberry-pi-zero-2-w",
    "coral-dev-board",
    "coral-dev-board-mini",
    "jetson-nano",
    "jetson-xavier-nx",
    "intel-x86",
    "movidius-ncs2",
    "nxp-imx8mp",
    "nrf52840",
    "arduino-nano-33-ble-sense",
    "stm32h747",
    "stm32n6",
}
COMPUTER = """\
schema = 1
name = "x"
title = "X"
kind = "computer"

[processor]
architecture = "aarch64"

[[runtimes]]
backend = "onnx"

[system]
os = "Debian 12"

[[sources]]
title = "t"
url = "https://example.org"
"""


@pytest.fixture(params=board_names())
def board(request: pytest.FixtureRequest) -> Board:
    """Each board that the package ships."""
    return load_board(request.param)


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_board(text, where="x.toml")
    return caught.value


def test_the_boards_that_were_promised_are_there() -> None:
    assert set(board_names()) >= NAMED


def test_a_profile_names_the_documents_that_it_is_from(board: Board) -> None:
    assert all(source.url.startswith("https://") and source.title for source in board.sources)


def test_a_computer_s_runtimes_are_ones_that_this_version_knows(board: Board) -> None:
    assert {runtime.backend for runtime in board.runtimes} <= set(BACKENDS)


def test_a_computer_s_last_runtime_needs_no_accelerator(board: Board) -> None:
    if board.kind == "computer":
        assert board.runtimes[-1].device == "cpu"


def test_an_accelerated_runtime_has_its_accelerator(board: Board) -> None:
    assert all(runtime.device == "cpu" for runtime in board.runtimes) or board.accelerators


def test_no_runtime_wants_more_threads_than_there_are_cores(board: Board) -> None:
    cores = board.processor.cores
    assert all(cores is None or runtime.threads <= cores for runtime in board.runtimes)


def test_a_system_that_is_too_old_says_so_and_what_to_do(board: Board) -> None:
    system = board.system
    if system is not None and system.stock_python is not None:
        stock, needed = (tuple(map(int, one.split("."))) for one in (system.stock_python, system.python_min))
        assert stock < needed
        assert any("Python 3.1" in line for line in system.stock_remedy)


def test_each_accelerator_on_usb_has_its_udev_rule(board: Board) -> None:
    rules = "".join(board.system.udev_rules) if board.system else ""
    for number in (number for one in board.accelerators if one.attached == "usb" for number in one.ids):
        vendor, product = number.split(":")
        assert f'ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}"' in rules


def test_a_board_takes_extras_that_the_wheel_has(board: Board, project_root: Path) -> None:
    tomllib = pytest.importorskip("tomllib")
    extras = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(board.system.extras if board.system else ()) <= set(extras)


def test_a_board_s_name_fits_into_a_heartbeat(board: Board) -> None:
    import msgspec

    assert msgspec.convert(board.name, Name) == board.name


def test_a_profile_file_holds_nothing_that_belongs_to_one_place(board: Board) -> None:
    text = (files("skerry_boards") / "data" / f"{board.name}.toml").read_text("utf-8")
    assert not re.search(r"/home|/root|192\.168|localhost", text)


def test_the_facts_that_the_agent_takes_are_these() -> None:
    pi = load_board("raspberry-pi-5")
    assert [(one.backend, one.device, one.threads) for one in pi.runtimes] == [("litert", "cpu", 3), ("onnx", "cpu", 3)]
    assert pi.thermal is not None
    assert pi.thermal.zone_types == ("cpu-thermal",)
    chip = load_board("esp32-s3")
    assert chip.microcontroller is not None
    assert (chip.microcontroller.sram_kb, chip.runtimes) == (512, ())


@pytest.mark.parametrize(
    ("name", "near"),
    [("raspberrypi5", "raspberry-pi-5"), ("esp32s3", "esp32-s3"), ("Jetson-Orin-Nano", "jetson-orin-nano")],
)
def test_an_unknown_board_gets_the_nearest_name(name: str, near: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_board(name)
    assert (caught.value.exit_code, caught.value.todo) == (2, f"did you mean '{near}'?")


@pytest.mark.parametrize("name", ["", "../loader", "zzz", "/etc/passwd", "esp32-s3.toml/.."])
def test_a_name_that_is_no_board_reaches_no_file(name: str) -> None:
    with pytest.raises(ConfigError, match="no such board"):
        load_board(name)


def test_a_profile_of_its_own_is_read() -> None:
    assert parse_board(COMPUTER, where="x.toml").runtimes[0].backend == "onnx"


@pytest.mark.parametrize(
    ("change", "where", "todo"),
    [
        (lambda text: text.replace("backend", "backnd"), "x.toml, line 10, key 'runtimes[0].backnd'", "'backend'"),
        (lambda text: text.replace("[system]", "[sytem]"), "x.toml, line 12, key 'sytem'", "'system'"),
        (lambda text: text.replace('title = "t"\n', ""), "x.toml, line 15, key 'sources[0]'", "add 'title'"),
        (lambda text: text.replace("https://", "http://"), "x.toml, line 17, key 'sources[0].url'", "correct"),
        (lambda text: text.replace("aarch64", "z80"), "x.toml, line 7, key 'processor.architecture'", "correct"),
        (lambda text: text.replace('onnx"', 'onnx"\nthreads = -1'), "x.toml, line 11, key 'runtimes[0].threads'", ""),
        (lambda text: text.split("[[sources]]")[0], "x.toml", "add 'sources'"),
        (lambda text: text.replace('[[runtimes]]\nbackend = "onnx"', ""), "x.toml, key 'runtimes'", ""),
        (lambda text: text.replace('"computer"', '"microcontroller"'), "x.toml, key 'runtimes'", ""),
        (lambda text: text.replace('12"', '12"\nstock_python = "3.7"'), "x.toml, key 'system'", "set both"),
        (
            lambda text: text.replace('12"', '12"\nudev_rules = ["RUN+=x"]'),
            "x.toml, line 14, key 'system.udev_rules[0]'",
            "",
        ),
    ],
)
def test_a_profile_that_does_not_fit_is_an_error_with_file_line_and_key(
    change: Callable[[str], str], where: str, todo: str
) -> None:
    error = refusal(change(COMPUTER))
    assert error.where == where
    assert todo in (error.todo or "")


def test_boards_are_read_without_numpy_or_a_runtime() -> None:
    script = (
        "import sys; from skerry_boards.loader import load_board; load_board('raspberry-pi-5');"
        "print({'numpy', 'cv2', 'onnxruntime', 'ai_edge_litert'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "set()\n"
