"""Energy from counters that begin again, and from power that is sampled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from skerry_edge.bench.speed.power import EnergyCounter, consumed_j, energy_counters, metered_j, power_w

LayOut = Callable[[Mapping[str, object]], Path]


def rapl(zone: str, name: str, value: int) -> dict[str, object]:
    folder = f"class/powercap/{zone}"
    return {f"{folder}/name": name, f"{folder}/energy_uj": value, f"{folder}/max_energy_range_uj": 1_000_000}


def test_packages_are_counted_once_without_their_parts_and_the_platform(sysfs: LayOut) -> None:
    root = sysfs(
        rapl("intel-rapl:0", "package-0", 5)
        | rapl("intel-rapl:0:0", "core", 3)
        | rapl("intel-rapl:1", "psys", 9)
        | rapl("intel-rapl:2", "package-1", 7)
    )
    assert {name: one.value_uj for name, one in energy_counters(root).items()} == {"intel-rapl:0": 5, "intel-rapl:2": 7}


def test_a_counter_that_began_again_gives_the_energy_across_its_end() -> None:
    before = {"a": EnergyCounter(value_uj=900_000, range_uj=1_000_000)}
    after = {"a": EnergyCounter(value_uj=400_000, range_uj=1_000_000)}
    assert consumed_j(before, after) == pytest.approx(0.5)


def test_no_counter_is_no_energy_rather_than_none_used() -> None:
    assert consumed_j({}, {}) is None
    assert metered_j([(0.0, 5.0)]) is None


def test_sampled_power_is_added_up_over_time() -> None:
    assert metered_j([(0.0, 4.0), (1.0, 6.0), (3.0, 6.0)]) == pytest.approx(5 + 12)


def test_an_ina_chip_gives_power_or_voltage_and_current(sysfs: LayOut, tmp_path: Path) -> None:
    assert power_w(sysfs({"class/hwmon/hwmon0/name": "ina226", "class/hwmon/hwmon0/power1_input": 4_500_000})) == 4.5


def test_a_jetson_s_whole_board_is_the_channel_that_counts(sysfs: LayOut) -> None:
    monitor = "class/hwmon/hwmon3"
    values = {f"{monitor}/name": "ina3221", f"{monitor}/in1_label": "VDD_CPU", f"{monitor}/in2_label": "VDD_IN"}
    values |= {f"{monitor}/in1_input": 5000, f"{monitor}/curr1_input": 300}
    values |= {f"{monitor}/in2_input": 5000, f"{monitor}/curr2_input": 1800}
    assert power_w(sysfs(values)) == pytest.approx(9.0)
