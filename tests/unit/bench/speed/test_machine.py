"""A processor's name and the features that matter, from `/proc/cpuinfo` of several kinds of machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from skerry_edge.bench.speed.machine import describe_machine
from skerry_edge.bench.speed.result import Machine
from skerry_edge.bench.speed.sensors import Sensors

SERVER = (
    "processor\t: 0\nmodel name\t: A Xeon\nflags\t\t: fpu avx2 avx512_vnni amx_int8\n\nprocessor\t: 1\nflags\t: x\n"
)
BOARD = "processor\t: 0\nFeatures\t: fp asimd asimddp\nCPU implementer\t: 0x41\nCPU part\t: 0xd0b\n"


@pytest.fixture
def machine(tmp_path: Path, sysfs: Callable[[Mapping[str, object]], Path]) -> Callable[..., Machine]:
    """Return a function that describes a machine of which the kernel says this."""

    def describe(cpuinfo: str, values: Mapping[str, object]) -> Machine:
        (tmp_path / "cpuinfo").write_text(cpuinfo)
        return describe_machine(Sensors(sysfs=sysfs({"empty": "", **values})), tmp_path / "cpuinfo")

    return describe


def test_a_server_is_told_with_the_instructions_for_integer_networks(machine) -> None:
    found = machine(SERVER, {})
    assert found.processor == "A Xeon"
    assert found.features == ("avx2", "avx512_vnni", "amx_int8")
    assert (found.board, found.governor) == (None, None)


def test_a_board_is_told_by_its_name_and_its_processor_by_its_numbers(machine) -> None:
    model = "firmware/devicetree/base/model"
    found = machine(BOARD, {model: "Raspberry Pi 5\0", "devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand"})
    assert found.board == "Raspberry Pi 5"
    assert found.processor == "Arm implementer 0x41 part 0xd0b"
    assert found.features == ("asimd", "asimddp")
    assert found.governor == "ondemand"
