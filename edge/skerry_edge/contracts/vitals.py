"""What the machine under an agent says of itself in a heartbeat: names, bounds, thermometers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from skerry_edge.contracts.patterns import whole

MAX_SENSORS = 16
MAX_STUCK = 24
"""All sensors, and the parts of the machine that are read aside."""
MAX_TEMPERATURES = 16
MAX_RAILS = 8
MAX_VERSIONS = 16
MAX_LABEL_CHARS = 64
SENSOR_PATTERN = r"^[a-z][a-z0-9_]{0,47}$"

SensorName = Annotated[str, Meta(pattern=whole(SENSOR_PATTERN))]
"""A sensor's name, which ends in its unit: ``greenhouse_c``, ``supply_v``."""
Label = Annotated[str, Meta(min_length=1, max_length=MAX_LABEL_CHARS)]
"""What the machine itself calls a part: ``cpu-thermal``, ``VDD_IN``."""


class Temperature(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the machine's own thermometers, in degrees Celsius; from ``trip_c`` on the machine does something."""

    name: Label
    value_c: float
    trip_c: float | None = None
