"""Sensors in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.checks import load_config
from skerry_edge.agent.config.sensors import SensorConfig, sensors_problem
from skerry_edge.contracts.vitals import MAX_SENSORS
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import ConfigError

HEAD = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
mqtt = { url = "mqtt://127.0.0.1:1883" }
pipelines = []
"""
SENSOR = '[[sensors]]\nname = "{name}"\npath = "/sys/class/hwmon/hwmon0/temp1_input"\n'


def test_sensors_are_read_from_the_file() -> None:
    config = parse_toml(HEAD + SENSOR.format(name="greenhouse_c"), AgentConfig, name="agent.toml")
    assert config.sensors[0].name == "greenhouse_c"
    assert sensors_problem(config.sensors) is None


@pytest.mark.parametrize("name", ["", "Greenhouse", "1st", "a b", "a-b", "x" * 49, "é", "a\\n"])
def test_a_name_that_no_store_could_keep_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        parse_toml(HEAD + SENSOR.format(name=name), AgentConfig, name="agent.toml")


def test_there_may_be_so_many_and_not_one_more() -> None:
    text = "".join(SENSOR.format(name=f"s{number}_c") for number in range(MAX_SENSORS + 1))
    with pytest.raises(ConfigError):
        parse_toml(HEAD + text, AgentConfig, name="agent.toml")


def test_a_name_without_the_unit_is_told_with_the_one_to_take() -> None:
    problem = sensors_problem((SensorConfig(name="soil", path="/sys/class/hwmon/hwmon0/humidity1_input"),))
    assert problem is not None
    assert problem[0] == ("sensors", 0, "name")
    assert "'soil_percent'" in str(problem[1])


def test_a_sensor_in_another_unit_by_scale_may_be_called_so() -> None:
    sensor = SensorConfig(name="soil_f", path="/sys/class/hwmon/hwmon0/temp1_input", scale=1.8, offset=32.0)
    assert sensors_problem((sensor,)) is None


def test_a_path_has_to_begin_at_the_root() -> None:
    problem = sensors_problem((SensorConfig(name="soil_c", path="hwmon0/temp1_input"),))
    assert problem is not None
    assert problem[0] == ("sensors", 0, "path")


def test_what_is_wrong_is_told_with_file_line_and_key(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    ghost = '[[pipelines]]\nkind = "synthetic"\nname = "ghost"\n'
    file.write_text(HEAD.replace("pipelines = []\n", ghost) + SENSOR.format(name="greenhouse"))
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert "line 9, key 'sensors[0].name'" in str(caught.value)
    assert "'greenhouse_c'" in str(caught.value)


def test_two_sensors_of_one_name_are_refused() -> None:
    twice = (SensorConfig(name="a", path="/x"), SensorConfig(name="a", path="/y"))
    problem = sensors_problem(twice)
    assert problem is not None
    assert problem[0] == ("sensors", 1, "name")
