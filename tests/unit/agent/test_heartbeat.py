"""The machine's vitals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from skerry_edge.agent.heartbeat import Machine
from skerry_edge.bench.temperature import processor_temperature
from skerry_edge.contracts.messages import Heartbeat


@dataclass
class Reading:
    current: float | None


def test_the_processors_sensor_is_preferred_to_a_hotter_one() -> None:
    sensors = {"nvme": [Reading(70.0)], "cpu_thermal": [Reading(48.3)]}
    assert processor_temperature(sensors) == 48.3


def test_the_hottest_core_stands_for_the_processor() -> None:
    assert processor_temperature({"coretemp": [Reading(50.0), Reading(61.0), Reading(None)]}) == 61.0


def test_an_unknown_sensor_is_better_than_none() -> None:
    assert processor_temperature({"board": [Reading(30.0)], "other": [Reading(35.5)]}) == 35.5


@pytest.mark.parametrize("sensors", [{}, {"cpu_thermal": []}, {"cpu_thermal": [Reading(None)]}])
def test_a_machine_without_a_sensor_has_no_temperature(sensors: dict[str, list[Reading]]) -> None:
    assert processor_temperature(sensors) is None


def test_a_reading_completes_a_heartbeat(tmp_path: Path) -> None:
    stamp = {"v": 1, "id": "a", "session": "00000001-0000abcd", "seq": 1, "ts": 1, "clock": "synced"}
    heartbeat = Heartbeat(**stamp, **Machine(tmp_path).read().fields(), board="generic-x86", agent_version="1")  # type: ignore[arg-type]
    assert heartbeat.uptime_s > 0
    assert 0 < heartbeat.memory_used_mb < heartbeat.memory_total_mb
    assert heartbeat.disk_free_mb > 0


def test_a_state_directory_that_was_removed_still_has_a_disk(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    machine = Machine(folder)
    folder.rmdir()
    assert machine.read().disk_free_mb > 0
