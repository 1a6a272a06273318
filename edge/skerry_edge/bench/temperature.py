"""Which of a machine's many sensors tells how hot its processor is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

_PROCESSOR_SENSORS = (
    "cpu_thermal",
    "cpu-thermal",
    "soc_thermal",
    "coretemp",
    "x86_pkg_temp",
    "k10temp",
    "zenpower",
    "acpitz",
)
"""Names of the processor's sensor, the most telling first: Raspberry Pi and other boards, Intel, AMD, ACPI."""


class TemperatureReading(Protocol):
    """One sensor; the part of psutil's reading that counts here."""

    @property
    def current(self) -> float | None:
        """Degrees Celsius."""
        ...


def processor_temperature(sensors: Mapping[str, Sequence[TemperatureReading]]) -> float | None:
    """Return the processor's temperature, else the highest that any sensor gives, else None; degrees Celsius."""
    for name in _PROCESSOR_SENSORS:
        if name in sensors and (hottest := _hottest(sensors[name])) is not None:
            return hottest
    return _hottest([reading for readings in sensors.values() for reading in readings])


def _hottest(readings: Sequence[TemperatureReading]) -> float | None:
    return max((one.current for one in readings if one.current is not None), default=None)
