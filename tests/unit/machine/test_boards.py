"""What a heartbeat says on boards that are laid out as real ones are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skerry_boards.loader import load_board
from skerry_boards.schema import Thermal
from skerry_edge.agent.heartbeat.machine import Machine, heat_fields
from skerry_edge.agent.heartbeat.supply import Supply
from skerry_edge.contracts.codec import decode, encode
from skerry_edge.contracts.messages import Heartbeat
from skerry_edge.machine.network import network
from skerry_edge.machine.processor import clock_mhz, pressure_percent
from skerry_edge.machine.temperatures import thermometers
from skerry_edge.machine.throttling import voltage_alarm

LayOut = Callable[[str], Path]
TREES = sorted(one.stem for one in Path(__file__).with_name("trees").glob("*.txt"))


def heat(root: Path, thermal: Thermal | None = None) -> dict[str, Any]:
    return heat_fields(thermometers(root / "sys"), thermal or Thermal())


def nobody() -> str | None:
    return None


def supply(root: Path, firmware: Callable[[], str | None] = nobody) -> dict[str, Any]:
    return Supply(root, firmware=firmware).read()


@pytest.mark.parametrize("name", TREES)
def test_every_board_makes_a_heartbeat_that_the_contract_allows(board: LayOut, tmp_path: Path, name: str) -> None:
    machine = Machine(tmp_path, root=board(name))
    try:
        stamp = {"v": 1, "id": "a", "session": "00000001-0000abcd", "seq": 1, "ts": 1, "clock": "synced"}
        heartbeat = Heartbeat(**stamp, **machine.read(), board=name, agent_version="1")  # type: ignore[arg-type]
        assert decode("heartbeat", encode(heartbeat)) == heartbeat
        assert 0 < heartbeat.memory_used_mb < heartbeat.memory_total_mb
        assert heartbeat.stuck_sensors == []
    finally:
        machine.close()


def test_a_raspberry_pi_4_that_is_hot_and_badly_supplied_says_both(board: LayOut) -> None:
    root = board("raspberry-pi-4")
    found = supply(root)
    assert (found["throttled"], found["throttled_since_boot"]) == (True, True)
    assert (found["undervoltage"], found["undervoltage_since_boot"]) == (True, True)
    assert voltage_alarm(root / "sys") is True
    told = heat(root, load_board("raspberry-pi-4").thermal)
    assert told["temperature_c"] == 81.321
    assert told["temperature_trip_c"] == 80.0  # the firmware's, by the profile; the kernel's only trip is at 110
    assert [one.name for one in told["temperatures"]] == ["cpu-thermal"]  # hwmon lists the same sensor again


def test_its_radio_tells_its_signal_and_no_speed(board: LayOut) -> None:
    found = network(board("raspberry-pi-4"))
    assert found is not None
    assert (found.interface, found.mbit, found.signal_dbm) == ("wlan0", None, -53.0)


def test_a_raspberry_pi_5_remembers_an_undervoltage_that_is_over(board: LayOut) -> None:
    root = board("raspberry-pi-5")
    found = supply(root)
    assert (found["throttled"], found["undervoltage"], found["undervoltage_since_boot"]) == (False, False, True)
    told = heat(root)
    assert told["temperature_trip_c"] == 110.0  # what turns its fan on is no such point
    assert {one.name: one.value_c for one in told["temperatures"]} == {"cpu-thermal": 48.15, "rp1_adc": 51.234}
    assert pressure_percent(root, "cpu") == 0.83
    found_network = network(root)
    assert found_network is not None
    assert (found_network.interface, found_network.mbit) == ("eth0", 1000.0)  # the route with the least metric


def test_a_zero_2_w_without_the_kernels_file_asks_the_firmware_by_program(board: LayOut) -> None:
    root = board("zero-2-w")
    found = supply(root, lambda: "throttled=0x80008\n")
    assert (found["throttled"], found["undervoltage"]) == (True, False)
    assert "throttled" not in supply(root, lambda: "VCHI initialization failed\n")
    assert "throttled" not in supply(root)


def test_no_other_machine_asks_that_program(board: LayOut) -> None:
    def refuse() -> str | None:
        raise AssertionError("asked")

    assert "throttled" not in supply(board("jetson-orin-nano"), refuse)


def test_a_jetson_orin_nano_tells_mode_rails_and_the_zones_that_are_awake(board: LayOut) -> None:
    root = board("jetson-orin-nano")
    assert (
        heat(root, load_board("jetson-orin-nano").thermal)["temperature_c"] == 50.781
    )  # the junction's, by its profile
    told = heat(root)
    assert (told["temperature_c"], told["temperature_trip_c"]) == (49.687, 99.0)
    names = [one.name for one in told["temperatures"]]
    assert names == ["cpu-thermal", "gpu-thermal", "tj-thermal", "soc0-thermal"]
    found = supply(root)
    assert found["power_mode"] == "15W"
    assert found["power_w"] == pytest.approx(4.72, abs=0.01)
    assert set(found["rails_w"]) == {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"}
    assert (found["cpu_limit_mhz"], found["cpu_max_mhz"]) == (1497.6, 1728.0)


def test_a_jetson_on_which_no_mode_was_ever_chosen_is_in_its_default(board: LayOut) -> None:
    root = board("jetson-orin-nano")
    (root / "var/lib/nvpmodel/status").unlink()
    assert supply(root)["power_mode"] == "25W"
    (root / "var/lib/nvpmodel/status").write_text("pmode:0017")
    assert supply(root)["power_mode"] == "17"  # a mode without a name


def test_a_jetson_nano_does_not_take_its_pmic_for_the_processor(board: LayOut) -> None:
    root = board("jetson-nano")
    told = heat(root)
    assert (told["temperature_c"], told["temperature_trip_c"]) == (34.0, 97.0)
    found = supply(root)
    assert found["power_mode"] == "5W"
    assert found["power_w"] == pytest.approx(2.194)
    assert found["rails_w"]["POM_5V_GPU"] == 0.0


def test_a_coral_dev_board_tells_its_edge_tpu_with_the_point_where_that_slows_down(board: LayOut) -> None:
    told = heat(board("coral-dev-board"))
    assert (told["temperature_c"], told["temperature_trip_c"]) == (61.0, 80.0)
    tpu = told["temperatures"][1]
    assert (tpu.name, tpu.value_c, tpu.trip_c) == ("apex_0", 65.8, 84.8)


def test_a_board_whose_clock_the_kernel_holds_down_is_slowed_down_and_a_fan_that_runs_is_not_that(
    board: LayOut,
) -> None:
    root = board("coral-dev-board")
    assert supply(root)["throttled"] is False
    (root / "sys/class/thermal/cooling_device1/cur_state").write_text("2\n")
    assert supply(root)["throttled"] is True


def test_a_raspberry_pi_that_tells_its_supply_by_hwmon_alone_says_that_much(board: LayOut) -> None:
    root = board("raspberry-pi-4")
    (root / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    assert supply(root)["undervoltage"] is True
    assert "undervoltage_since_boot" not in supply(root)


def test_an_old_kernels_whole_degrees_and_frost_are_understood(board: LayOut) -> None:
    told = heat(board("coral-usb-host"))
    assert (told["temperature_c"], told["temperature_trip_c"]) == (47.0, 85.0)
    assert {one.name: one.value_c for one in told["temperatures"]} == {"soc-thermal": 47.0, "drivetemp": -12.0}


def test_a_laptop_tells_the_package_and_leaves_out_what_is_switched_off(board: LayOut) -> None:
    root = board("x86-laptop")
    told = heat(root)
    assert (told["temperature_c"], told["temperature_trip_c"]) == (68.0, None)
    assert [one.name for one in told["temperatures"]] == [
        "x86_pkg_temp",
        "acpitz",
        "coretemp/Package id 0",
        "coretemp/Core 0",
    ]
    assert clock_mhz(root) == 1000.0
    found = network(root)
    assert found is not None
    assert (found.interface, found.mbit) == ("enp0s31f6", None)


def test_an_intel_processor_is_throttled_now_when_its_counter_rose_since_the_last_look(board: LayOut) -> None:
    root = board("x86-laptop")
    reader = Supply(root)
    assert (reader.read()["throttled"], reader.read()["throttled_since_boot"]) == (False, True)
    (root / "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count").write_text("4\n")
    assert reader.read()["throttled"] is True
    assert reader.read()["throttled"] is False


def test_a_container_with_nothing_says_nothing_and_makes_nothing_up(board: LayOut, tmp_path: Path) -> None:
    root = board("container")
    machine = Machine(tmp_path, root=root)
    try:
        told = machine.read()
    finally:
        machine.close()
    hardware = {"temperature_c", "throttled", "undervoltage", "power_w", "power_mode", "network_interface", "load_1min"}
    assert hardware & set(told) == set()
    assert {name for name in told if name.endswith("pressure_percent")} == set()
    assert told["cpu_mhz"] == pytest.approx(2445.402)
    assert "swap_total_mb" not in told
