"""Which profile a machine's own description calls for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_boards.detection import Detection, detect, is_generic
from skerry_boards.loader import all_boards, load_board
from skerry_boards.machine import Machine, UsbDevice, read_machine

Tree = Callable[[str], Path]
ONE = {
    "raspberry-pi-5": "raspberry-pi-5",
    "raspberry-pi-500": "raspberry-pi-5",
    "compute-module-5": "raspberry-pi-5",
    "raspberry-pi-4": "raspberry-pi-4",
    "raspberry-pi-400": "raspberry-pi-4",
    "compute-module-4": "raspberry-pi-4",
    "raspberry-pi-4-with-coral": "coral-usb-raspberry-pi",
    "raspberry-pi-3": "raspberry-pi-3",
    "raspberry-pi-zero-2-w": "raspberry-pi-zero-2-w",
    "coral-dev-board": "coral-dev-board",
    "coral-dev-board-mini": "coral-dev-board-mini",
    "jetson-nano": "jetson-nano",
    "jetson-xavier-nx": "jetson-xavier-nx",
    "jetson-orin-nano": "jetson-orin-nano",
    "nxp-imx8mp": "nxp-imx8mp",
    "nanopi": "generic-arm64",
    "amd-pc": "generic-x86",
    "amd-pc-with-stick": "movidius-ncs2",
    "intel-nuc": "intel-x86",
}


@pytest.fixture
def found(tree: Tree) -> Callable[[str], Detection]:
    """Return a function that detects a machine by the name of its tree."""
    return lambda name: detect(read_machine(tree(name)), all_boards())


@pytest.mark.parametrize(("name", "board"), ONE.items())
def test_a_machine_calls_for_one_profile(found: Callable[[str], Detection], name: str, board: str) -> None:
    detection = found(name)
    assert detection.match is not None
    assert detection.match.board.name == board
    assert bool(detection.match.evidence) is not board.startswith("generic-")


def test_every_profile_of_a_computer_is_found_on_some_machine() -> None:
    assert {board.name for board in all_boards() if board.kind == "computer"} == set(ONE.values())


def test_an_accelerator_tips_the_scales_and_is_named_as_the_reason(found: Callable[[str], Detection]) -> None:
    match = found("raspberry-pi-4-with-coral").match
    assert match is not None
    assert match.evidence == {
        "device tree": "the device tree's model is 'Raspberry Pi 4 Model B Rev 1.4'",
        "USB": "Google Edge TPU is on USB (1a6e:089a)",
    }


def test_reasons_that_do_not_include_each_other_leave_candidates(found: Callable[[str], Detection]) -> None:
    detection = found("intel-nuc-with-stick")
    assert detection.match is None
    assert {one.board.name for one in detection.candidates} == {"intel-x86", "movidius-ncs2"}
    assert detection.fallback is not None
    assert detection.fallback.name == "generic-x86"


def test_nothing_fits_a_processor_that_no_profile_is_for(found: Callable[[str], Detection]) -> None:
    detection = found("riscv")
    assert (detection.match, detection.candidates, detection.fallback) == (None, (), None)
    assert detection.machine.model == "StarFive VisionFive 2"


def test_an_accelerator_that_the_profile_does_not_count_on_is_told(found: Callable[[str], Detection]) -> None:
    assert found("amd-pc-with-apex").seen == ("Google Edge TPU on PCI (1ac1:089a)",)
    assert found("intel-nuc").seen == (
        "display controller on PCI (8086:7d55)",
        "processing accelerator on PCI (8086:7d1d)",
    )
    assert found("coral-dev-board").seen == ()


def test_a_part_of_the_board_that_did_not_show_up_is_told(tree: Tree) -> None:
    machine = read_machine(tree("coral-dev-board"))
    without = Machine(architecture="aarch64", model=machine.model, compatible=machine.compatible)
    assert detect(without, all_boards()).absent == ("Google Edge TPU (pcie, 1ac1:089a)",)
    assert detect(machine, all_boards()).absent == ()


def test_a_32_bit_kernel_is_no_64_bit_board() -> None:
    machine = Machine(architecture="unknown", model="Raspberry Pi 4 Model B Rev 1.4")
    assert detect(machine, all_boards()).match is None


def test_generic_profiles_are_those_of_an_architecture() -> None:
    assert {board.name for board in all_boards() if is_generic(board)} == {"generic-arm64", "generic-x86"}


def test_what_the_kernel_writes_is_read_as_it_is(tree: Tree) -> None:
    machine = read_machine(tree("coral-dev-board-mini"))
    assert machine.compatible == ("mediatek,mt8167-coral", "mediatek,mt8167")
    assert machine.usb == (UsbDevice(id="18d1:9302", speed_mbps=480),)
    assert read_machine(tree("intel-nuc")).dmi == "ASUSTeK COMPUTER INC. NUC14RVH"


def test_an_empty_tree_tells_nothing(tmp_path: Path) -> None:
    assert read_machine(tmp_path) == Machine(architecture="unknown")


def test_odd_files_are_read_without_a_fault(tree: Tree) -> None:
    root = tree("raspberry-pi-4-with-coral")
    device = root / "sys/bus/usb/devices/2-1"
    (device / "speed").write_text("unknown\n")
    (device / "product").write_bytes(b"\xff\xfe")
    (root / "sys/firmware/devicetree/base/model").write_bytes(b"Raspberry Pi 4 Model B\xff\0")
    machine = read_machine(root)
    assert machine.usb[0].speed_mbps is None
    assert detect(machine, all_boards()).match is not None


@pytest.mark.parametrize(("alias", "name"), [("rp2040", "raspberry-pi-pico"), ("stm32h743", "nucleo-h743zi")])
def test_a_board_goes_by_its_other_names(alias: str, name: str) -> None:
    assert load_board(alias) is load_board(name)


def test_no_two_boards_share_a_name() -> None:
    names = [name for board in all_boards() for name in (board.name, *board.aliases)]
    assert len(names) == len(set(names))
