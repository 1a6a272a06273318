"""Sensors whose values the heartbeat is to carry."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from skerry_edge.agent.config.parts import FileText, Part
from skerry_edge.contracts.vitals import MAX_SENSORS, SensorName
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.machine.sensors import unit_of

Factor = Annotated[float, Meta(ge=-1e12, le=1e12)]
KeyPath = tuple[str | int, ...]


class SensorConfig(Part, frozen=True, kw_only=True):
    """One of the kernel's files with a number: hwmon, Industrial I/O, 1-wire, or any other.

    ``name`` ends in the unit. What the kernel gives in thousandths comes in whole units: degrees Celsius, volts,
    amperes, watts, percent, kPa, lx. Then it is multiplied by ``scale``, and ``offset`` is added. ``path`` may hold
    wildcards.
    """

    name: SensorName
    path: FileText
    scale: Factor = 1.0
    offset: Factor = 0.0


Sensors = Annotated[tuple[SensorConfig, ...], Meta(max_length=MAX_SENSORS)]


def sensors_problem(sensors: tuple[SensorConfig, ...]) -> tuple[KeyPath, ConfigError] | None:
    """Return the first thing that is wrong with the sensors and the key that it concerns."""
    names: set[str] = set()
    for index, sensor in enumerate(sensors):
        key: KeyPath = ("sensors", index, "name")
        if sensor.name in names:
            return key, ConfigError("two sensors have the same name", found=f"'{sensor.name}'", todo="rename one")
        names.add(sensor.name)
        if not sensor.path.startswith("/"):
            what = "a sensor's path does not begin at the root"
            return ("sensors", index, "path"), ConfigError(what, found=f"'{sensor.path}'", todo="begin it with '/'")
        unit = unit_of(sensor.path)
        if unit is not None and sensor.scale == 1.0 and not sensor.name.endswith(unit.ending):
            what = "a sensor's name does not end in its unit"
            return key, ConfigError(what, found=f"'{sensor.name}'", todo=f"call it '{sensor.name}{unit.ending}'")
    return None
