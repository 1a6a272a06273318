"""The machine's vitals on this machine; tests/unit/machine has boards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry_edge.agent.config.sensors import SensorConfig
from skerry_edge.agent.heartbeat import Machine
from skerry_edge.contracts.messages import Heartbeat

MakeMachine = Callable[..., Machine]
Eventually = Callable[..., None]


@pytest.fixture
def make_machine(tmp_path: Path) -> Iterator[MakeMachine]:
    """Return a function that makes a machine with its state in a folder of the test."""
    made: list[Machine] = []

    def make(*, sensors: tuple[SensorConfig, ...] = (), state_dir: Path = tmp_path) -> Machine:
        made.append(Machine(state_dir, sensors=sensors, period_s=0.05))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


def test_a_reading_completes_a_heartbeat(make_machine: MakeMachine) -> None:
    stamp = {"v": 1, "id": "a", "session": "00000001-0000abcd", "seq": 1, "ts": 1, "clock": "synced"}
    heartbeat = Heartbeat(**stamp, **make_machine().read(), board="generic-x86", agent_version="1")  # type: ignore[arg-type]
    assert heartbeat.uptime_s > 0
    assert 0 < heartbeat.memory_used_mb < heartbeat.memory_total_mb
    assert 0 < heartbeat.disk_free_mb < (heartbeat.disk_total_mb or 0)


def test_a_state_directory_that_was_removed_still_has_a_disk(make_machine: MakeMachine, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    machine = make_machine(state_dir=folder)
    folder.rmdir()
    assert machine.read()["disk_free_mb"] > 0


def test_sensors_are_read_corrected_and_absent_once_they_are_unplugged(
    make_machine: MakeMachine, tmp_path: Path, eventually: Eventually
) -> None:
    file = tmp_path / "temp1_input"
    file.write_text("20000\n")
    sensors = (
        SensorConfig(name="greenhouse_c", path=str(file)),
        SensorConfig(name="greenhouse_f", path=str(file), scale=1.8, offset=32.0),
        SensorConfig(name="soil_percent", path=str(tmp_path / "nothing")),
    )
    machine = make_machine(sensors=sensors)
    assert machine.read()["sensors"] == {"greenhouse_c": 20.0, "greenhouse_f": 68.0}
    file.unlink()
    eventually(lambda: machine.read()["sensors"] == {}, what="both values go")
    file.write_text("-500\n")
    eventually(lambda: machine.read()["sensors"].get("greenhouse_c") == -0.5, what="the sensor is back")
