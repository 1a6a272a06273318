"""The machine's vitals on this machine; tests/unit/machine has boards."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry_edge.agent.config.sensors import SensorConfig
from skerry_edge.agent.heartbeat import machine as heartbeat
from skerry_edge.agent.heartbeat import probes
from skerry_edge.agent.heartbeat.machine import Machine
from skerry_edge.contracts.codec import decode, encode
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


def test_what_cannot_be_read_for_want_of_files_is_absent_and_ends_nothing(make_machine: MakeMachine) -> None:
    machine = make_machine()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        found = machine.read()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {"cpu_percent", "memory_used_mb", "memory_total_mb"}.isdisjoint(found)
    stamp = {"v": 1, "id": "a", "session": "00000001-0000abcd", "seq": 1, "ts": 1, "clock": "synced"}
    beat = Heartbeat(**stamp, **found, board="generic-x86", agent_version="1")  # type: ignore[arg-type]
    assert decode("heartbeat", encode(beat)) == beat
    assert "cpu_percent" in machine.read(), "the next one tells again"


def test_a_reading_completes_a_heartbeat(make_machine: MakeMachine) -> None:
    stamp = {"v": 1, "id": "a", "session": "00000001-0000abcd", "seq": 1, "ts": 1, "clock": "synced"}
    beat = Heartbeat(**stamp, **make_machine().read(), board="generic-x86", agent_version="1")  # type: ignore[arg-type]
    assert beat.uptime_s > 0
    assert 0 < (beat.memory_used_mb or 0) < (beat.memory_total_mb or 0)
    assert 0 < beat.disk_free_mb < (beat.disk_total_mb or 0)


def test_a_state_directory_that_was_removed_still_has_a_disk(make_machine: MakeMachine, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    machine = make_machine(state_dir=folder)
    folder.rmdir()
    assert machine.read()["disk_free_mb"] > 0


def test_a_sensor_that_hangs_is_told_and_holds_up_no_heartbeat(
    make_machine: MakeMachine, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    bus_is_back = threading.Event()

    def read(path: str, _root: Path) -> float:
        if path == "/soil":
            bus_is_back.wait()
        return 1.5

    monkeypatch.setattr(heartbeat, "read_sensor", read)
    monkeypatch.setattr(heartbeat, "FIRST_S", 0.1)
    monkeypatch.setattr(probes, "STUCK_AFTER_S", 0.05)
    sensors = (SensorConfig(name="soil", path="/soil"), SensorConfig(name="air", path="/air"))
    machine = make_machine(sensors=sensors)
    eventually(lambda: machine.read()["stuck_sensors"] == ["soil"], what="the sensor is told as stuck")
    assert machine.read()["sensors"].get("soil") is None
    eventually(lambda: machine.read()["sensors"] == {"air": 1.5}, what="the other is read")
    monkeypatch.setattr(probes, "STUCK_AFTER_S", 60.0)
    bus_is_back.set()
    eventually(lambda: machine.read()["sensors"] == {"air": 1.5, "soil": 1.5}, what="the sensor is back")


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
