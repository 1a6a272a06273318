"""Attached sensors: hwmon, Industrial I/O and 1-wire in plain units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.machine.sensors import read_sensor, unit_of

LayOut = Callable[[str], Path]
HWMON = "sys/class/hwmon/hwmon2"
IIO = "sys/bus/iio/devices/iio:device0"
W1 = "sys/bus/w1/devices/28-0316a2794bff"
GOOD = r"4b 01 4b 46 7f ff 0c 10 5d : crc=5d YES\n4b 01 4b 46 7f ff 0c 10 5d t=20687\n"


@pytest.mark.parametrize(
    ("lines", "path", "value"),
    [
        (f"{HWMON}/temp1_input: 21500", f"/{HWMON}/temp1_input", 21.5),
        (f"{HWMON}/in0_input: 12450", f"/{HWMON}/in0_input", 12.45),
        (f"{HWMON}/curr1_input: -250", f"/{HWMON}/curr1_input", -0.25),
        (f"{HWMON}/power1_average: 4500000", f"/{HWMON}/power1_average", 4.5),
        (f"{HWMON}/humidity1_input: 48200", f"/{HWMON}/humidity1_input", 48.2),
        (f"{HWMON}/fan1_input: 2874", f"/{HWMON}/fan1_input", 2874.0),
        (f"{IIO}/in_temp_input: 22340", f"/{IIO}/in_temp_input", 22.34),
        (f"{IIO}/in_temp_raw: 900\n{IIO}/in_temp_offset: -50\n{IIO}/in_temp_scale: 25", f"/{IIO}/in_temp_raw", 21.25),
        (f"{IIO}/in_pressure_input: 101.325000000", f"/{IIO}/in_pressure_input", 101.325),
        (f"{IIO}/in_voltage3_raw: 2000\n{IIO}/in_voltage_scale: 0.5", f"/{IIO}/in_voltage3_raw", 1.0),
        (
            f"{IIO}/in_voltage3_raw: 10\n{IIO}/in_voltage3_scale: 2\n{IIO}/in_voltage_scale: 9",
            f"/{IIO}/in_voltage3_raw",
            0.02,
        ),
        (
            f"{IIO}/in_concentration_co2_raw: 5\n{IIO}/in_concentration_scale: 0.01",
            f"/{IIO}/in_concentration_co2_raw",
            0.05,
        ),
        (f"{IIO}/in_accel_x_raw: 4\n{IIO}/in_accel_scale: 0.5", f"/{IIO}/in_accel_x_raw", 2.0),
        (f"{W1}/temperature: -1250", f"/{W1}/temperature", -1.25),
        (f"{W1}/w1_slave: {GOOD}", f"/{W1}/w1_slave", 20.687),
        ("sys/class/power_supply/BAT0/capacity: 87", "/sys/class/power_supply/BAT0/capacity", 87.0),
        (f"{HWMON}/temp1_input: 1000000", f"/{HWMON}/temp1_input", 1000.0),
    ],
)
def test_a_sensor_gives_its_value_in_a_plain_unit(lay_out: LayOut, lines: str, path: str, value: float) -> None:
    assert read_sensor(path, lay_out(lines)) == pytest.approx(value)


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ("sys/other: 1", f"/{HWMON}/temp1_input"),
        (f"{HWMON}/temp1_input: !EIO", f"/{HWMON}/temp1_input"),
        (f"{HWMON}/temp1_input: !EAGAIN", f"/{HWMON}/temp1_input"),
        (f"{HWMON}/temp1_input: -274000", f"/{HWMON}/temp1_input"),
        (f"{IIO}/in_temp_raw: N/A\n{IIO}/in_temp_scale: 25", f"/{IIO}/in_temp_raw"),
        (f"{W1}/w1_slave: {GOOD.replace('YES', 'NO')}", f"/{W1}/w1_slave"),
        (
            rf"{W1}/w1_slave: 00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n",
            f"/{W1}/w1_slave",
        ),
        (f"{W1}/w1_slave: ", f"/{W1}/w1_slave"),
    ],
)
def test_one_that_is_unplugged_asleep_or_short_circuited_is_absent_and_not_zero(
    lay_out: LayOut, lines: str, path: str
) -> None:
    assert read_sensor(path, lay_out(lines)) is None


def test_a_device_in_the_place_of_a_file_is_not_even_opened() -> None:
    assert read_sensor("/dev/zero") is None
    assert read_sensor("/dev/null") is None


def test_wildcards_find_a_device_whatever_number_it_has_now(lay_out: LayOut) -> None:
    root = lay_out("sys/bus/i2c/devices/1-0040/hwmon/hwmon7/in1_input: 5020")
    assert read_sensor("/sys/bus/i2c/devices/1-0040/hwmon/hwmon*/in1_input", root) == 5.02
    assert read_sensor("/sys/bus/i2c/devices/1-0041/hwmon/hwmon*/in1_input", root) is None


def test_the_name_of_a_file_tells_its_unit() -> None:
    assert {path: unit.ending for path in (f"/{HWMON}/temp1_input", f"/{W1}/w1_slave", f"/{IIO}/in_illuminance_raw")
            if (unit := unit_of(path)) is not None} == {
        f"/{HWMON}/temp1_input": "_c", f"/{W1}/w1_slave": "_c", f"/{IIO}/in_illuminance_raw": "_lx"}  # fmt: skip
    assert unit_of("/sys/class/power_supply/BAT0/capacity") is None
