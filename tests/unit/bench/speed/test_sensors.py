"""What a machine tells of itself, from folders laid out like those of boards and servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from skerry_edge.bench.speed.sensors import Sensors

LayOut = Callable[[Mapping[str, object]], Path]
RASPBERRY_PI = {
    "class/thermal/thermal_zone0/type": "cpu-thermal",
    "class/thermal/thermal_zone0/temp": 61234,
    "devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": 2400000,
    "devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": 1500000,
    "devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand",
    "devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "0",
}
FIRMWARE = "devices/platform/soc/soc:firmware/get_throttled"


def test_a_board_tells_heat_clock_governor_and_throttling(sysfs: LayOut) -> None:
    sensors = Sensors(sysfs=sysfs(RASPBERRY_PI))
    reading = sensors.read()
    assert reading.temperature_c == pytest.approx(61.234)
    assert reading.clock_mhz == pytest.approx(1950)
    assert sensors.governor() == "ondemand"
    assert reading.throttling is not None
    assert not reading.throttling.active
    assert set(sensors.missing()) == {"energy_mj"}


def test_a_machine_that_tells_nothing_says_so_with_reasons(tmp_path: Path) -> None:
    sensors = Sensors(sysfs=tmp_path)
    reading = sensors.read()
    assert (reading.temperature_c, reading.clock_mhz, reading.throttling, reading.power_w) == (None,) * 4
    assert set(sensors.missing()) == {"temperature_c", "clock_mhz", "throttled", "energy_mj", "governor"}
    assert all(sensors.missing().values())


@pytest.mark.parametrize(("bits", "active"), [("50000", False), ("50005", True), ("4", True), ("8", True)])
def test_the_firmware_s_low_bits_say_that_it_throttles_now(sysfs: LayOut, bits: str, active: bool) -> None:
    throttling = Sensors(sysfs=sysfs({FIRMWARE: bits})).read().throttling
    assert throttling is not None
    assert throttling.active == active


def test_throttling_between_two_readings_shows_in_the_firmware_s_high_bits(sysfs: LayOut) -> None:
    sensors = Sensors(sysfs=sysfs({FIRMWARE: "0"}))
    before = sensors.read().throttling
    sysfs({FIRMWARE: "40000"})
    after = sensors.read().throttling
    assert before is not None
    assert after is not None
    assert before.events != after.events


def test_an_intel_processor_counts_its_throttling(sysfs: LayOut) -> None:
    count = "devices/system/cpu/cpu0/thermal_throttle/core_throttle_count"
    sensors = Sensors(sysfs=sysfs({count: 3}))
    before = sensors.read().throttling
    sysfs({count: 5})
    after = sensors.read().throttling
    assert before is not None
    assert after is not None
    assert after.events - before.events == 2


def test_a_drive_that_is_hotter_than_the_processor_does_not_count(sysfs: LayOut) -> None:
    root = sysfs(
        {
            "class/hwmon/hwmon0/name": "nvme",
            "class/hwmon/hwmon0/temp1_input": 81000,
            "class/hwmon/hwmon1/name": "coretemp",
            "class/hwmon/hwmon1/temp1_input": 55000,
            "class/hwmon/hwmon1/temp2_input": 57000,
        }
    )
    assert Sensors(sysfs=root).read().temperature_c == pytest.approx(57)


def test_files_that_hold_no_numbers_are_sensors_that_there_are_not(sysfs: LayOut) -> None:
    root = sysfs({name: "" if name.endswith(("temp", "freq")) else "zz" for name in RASPBERRY_PI})
    reading = Sensors(sysfs=root).read()
    assert (reading.temperature_c, reading.clock_mhz, reading.throttling) == (None, None, None)


def test_a_counter_that_only_root_may_read_is_told_as_that(sysfs: LayOut) -> None:
    root = sysfs({"class/powercap/intel-rapl:0/name": "package-0"})
    assert "root" in Sensors(sysfs=root).missing()["energy_mj"]
