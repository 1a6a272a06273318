"""The command `skerry agent vitals`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from skerry_edge.agent.heartbeat.cli import rows_of, vitals
from skerry_edge.agent.life.lives import noted_life
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.contracts.messages import Heartbeat
from skerry_edge.foundation.errors import ReachError

CONFIG = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
state_dir = "state"
mqtt = { url = "mqtt://127.0.0.1:1883" }

[[pipelines]]
kind = "synthetic"
name = "ghost"

[[sensors]]
name = "greenhouse_c"
path = "PATH"
"""


def test_the_json_has_the_heartbeats_own_names() -> None:
    done = CliRunner().invoke(vitals, ["--json"])
    assert done.exit_code == 0
    told = json.loads(done.output)
    assert set(told) <= set(Heartbeat.__struct_fields__)
    assert 0 < told["memory_used_mb"] < told["memory_total_mb"]


def test_the_table_gives_units_and_names_what_the_machine_cannot_say() -> None:
    done = CliRunner().invoke(vitals, [])
    assert done.exit_code == 0
    assert " MB" in done.output
    assert "version of kernel" in done.output


def test_the_configurations_sensors_and_crashes_are_told(tmp_path: Path) -> None:
    sensor = tmp_path / "temp1_input"
    sensor.write_text("21500\n")
    (tmp_path / "agent.toml").write_text(CONFIG.replace("PATH", str(sensor)))
    (tmp_path / "state").mkdir()
    for _ in range(2):
        with noted_life(StateFiles(tmp_path / "state")):
            pass
    done = CliRunner().invoke(vitals, ["--config", str(tmp_path / "agent.toml"), "--json"])
    assert done.exit_code == 0
    told = json.loads(done.output)
    assert told["sensors"] == {"greenhouse_c": 21.5}
    assert told["agent_crashes"] == 0


def test_nothing_is_made_where_the_agent_never_ran(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(CONFIG.replace("PATH", "/nowhere"))
    done = CliRunner().invoke(vitals, ["--config", str(tmp_path / "agent.toml"), "--json"])
    assert done.exit_code == 0
    assert "agent_crashes" not in json.loads(done.output)
    assert [one.name for one in tmp_path.iterdir()] == ["agent.toml"]


@pytest.mark.parametrize(
    ("name", "value", "rows"),
    [
        ("temperature_c", 51.52, [("temperature", "51.5 °C")]),
        ("wifi_signal_dbm", -53.0, [("wifi signal", "-53.0 dBm")]),
        ("throttled", True, [("throttled", "yes")]),
        ("uptime_s", 90061.4, [("machine up", "1 day, 1:01:01")]),
        ("cpu_mhz", 1500.0, [("processor clock", "1,500.0 MHz")]),
        ("rails_w", {"VDD_IN": 4.72}, [("power of VDD_IN", "4.7 W")]),
        ("sensors", {"greenhouse_c": 21.5, "odd": 3.0}, [("greenhouse", "21.5 °C"), ("odd", "3.0")]),
        ("stuck_sensors", ["a", "b"], [("stuck sensors", "a, b")]),
        (
            "temperatures",
            [{"name": "apex_0", "value_c": 65.8, "trip_c": 84.8}, {"name": "cpu", "value_c": -1.0}],
            [("temperature of apex_0", "65.8 °C (limit 85 °C)"), ("temperature of cpu", "-1.0 °C")],
        ),
    ],
)
def test_a_figure_is_shown_in_its_unit(name: str, value: object, rows: list[tuple[str, str]]) -> None:
    assert rows_of(name, value) == rows


def test_who_may_not_read_the_installed_configuration_still_sees_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> Path | None:
        raise ReachError("cannot read the installed configuration", todo="use sudo")

    monkeypatch.setattr("skerry_edge.agent.heartbeat.cli.installed_config", closed)
    done = CliRunner().invoke(vitals, ["--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["memory_total_mb"] > 0
    assert "use sudo" in done.stderr
