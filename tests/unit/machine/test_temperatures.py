"""Which of a machine's many thermometers tells how hot its processor is."""

from __future__ import annotations

import pytest

from skerry_edge.machine.temperatures import Thermometer, celsius, processor_temperature


def named(**values: float) -> list[Thermometer]:
    return [Thermometer(name=name, value_c=value) for name, value in values.items()]


def value_of(found: list[Thermometer], preferred: tuple[str, ...] = ()) -> float | None:
    one = processor_temperature(found, preferred)
    return None if one is None else one.value_c


def test_the_processors_sensor_is_preferred_to_a_hotter_one() -> None:
    assert value_of(named(nvme=70.0, cpu_thermal=48.3)) == 48.3


def test_the_boards_profile_is_preferred_to_what_is_usual() -> None:
    assert value_of(named(cpu_thermal=48.3, tj_thermal=50.0), ("tj-thermal",)) == 50.0


def test_the_hottest_core_stands_for_the_processor() -> None:
    found = [Thermometer(name=f"coretemp/Core {number}", value_c=value) for number, value in enumerate((50.0, 61.0))]
    assert value_of(found) == 61.0


def test_an_unknown_sensor_is_better_than_none() -> None:
    assert value_of(named(board=30.0, other=35.5)) == 35.5
    assert value_of([]) is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [(51500.0, 51.5), (-12000.0, -12.0), (0.0, 0.0), (-274000.0, None), (-89700.0, None), (1e9, None), (None, None)],
)
def test_marks_for_no_value_are_no_temperatures(raw: float | None, value: float | None) -> None:
    assert celsius(raw) == value
