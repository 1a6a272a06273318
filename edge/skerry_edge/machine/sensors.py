"""Sensors that somebody attached: hwmon, Industrial I/O and 1-wire files as one number in a plain unit.

Sources: the kernel's Documentation/hwmon/sysfs-interface.rst, Documentation/ABI/testing/sysfs-bus-iio (a raw value
becomes ``(raw + offset) * scale``) and Documentation/w1/slaves/w1_therm.rst.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from math import isfinite
from pathlib import Path

from skerry_edge.machine.files import number, read_number, read_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """How a sensor's name has to end, and what one of the kernel's units is in it."""

    ending: str
    factor: float


_CELSIUS = Unit(ending="_c", factor=1e-3)
_HWMON = {
    "temp": _CELSIUS,
    "in": Unit(ending="_v", factor=1e-3),
    "curr": Unit(ending="_a", factor=1e-3),
    "power": Unit(ending="_w", factor=1e-6),
    "energy": Unit(ending="_j", factor=1e-6),
    "humidity": Unit(ending="_percent", factor=1e-3),
    "fan": Unit(ending="_rpm", factor=1.0),
    "freq": Unit(ending="_hz", factor=1.0),
}
_IIO = {
    "temp": _CELSIUS,
    "humidityrelative": Unit(ending="_percent", factor=1e-3),
    "pressure": Unit(ending="_kpa", factor=1.0),
    "voltage": Unit(ending="_v", factor=1e-3),
    "current": Unit(ending="_a", factor=1e-3),
    "power": Unit(ending="_w", factor=1e-3),
    "illuminance": Unit(ending="_lx", factor=1.0),
    "resistance": Unit(ending="_ohm", factor=1.0),
    "concentration": Unit(ending="_percent", factor=1.0),
}
_ABSOLUTE_ZERO_C = -273.15
"""Colder is a driver's mark for `no value`."""
_HWMON_FILE = re.compile(r"(?P<kind>[a-z]+)\d+_(?:input|average)\Z")
_IIO_FILE = re.compile(r"in_(?P<channel>(?P<indexed>(?P<kind>[a-z]+)\d*)(?:_[a-z0-9]+)*)_(?P<form>raw|input)\Z")
_W1_TEMPERATURE = re.compile(r"\bt=(-?\d+)")
_W1_SILENT = re.compile(r"(?:00 ){9}")
"""A short circuit on the bus: all bits are 0, and so is their checksum, which therefore fits."""


def unit_of(path: str) -> Unit | None:
    """Return the unit of what a file holds, by the kernel's rules for its name; None for a file of another kind."""
    name = path.rpartition("/")[2]
    if name == "w1_slave" or (name == "temperature" and "/w1" in path):
        return _CELSIUS
    if match := _IIO_FILE.match(name):
        return _IIO.get(match["kind"])
    if match := _HWMON_FILE.match(name):
        return _HWMON.get(match["kind"])
    return None


def read_sensor(path: str, root: Path = Path("/")) -> float | None:
    """Return what a sensor says now, in the unit of its kind or as the file has it; None where it says nothing.

    ``path`` may hold wildcards, as the kernel numbers hwmon and IIO devices anew at each start: the first that
    answers counts.
    """
    unit = unit_of(path)
    for file in _matching(root / path.lstrip("/")):
        # Opening a device does things: a watchdog begins to run. The kernel's files with numbers are regular ones.
        raw = _raw(file) if file.is_file() else None
        value = raw if raw is None or unit is None else raw * unit.factor
        if value is not None and isfinite(value) and not (unit is _CELSIUS and value < _ABSOLUTE_ZERO_C):
            return round(value, 6)
    return None


def _matching(path: Path) -> Iterator[Path]:
    if not has_magic(str(path)):
        yield path
        return
    yield from (Path(one) for one in sorted(glob(str(path))))  # noqa: PTH207  # a pattern for the whole path


def _raw(file: Path) -> float | None:
    if file.name == "w1_slave":
        return _w1(read_text(file) or "")
    match = _IIO_FILE.match(file.name)
    if match is None or match["form"] == "input":
        return read_number(file)
    raw = read_number(file)
    channels = dict.fromkeys((match["channel"], match["indexed"], match["kind"]))
    offset = _first(file.with_name(f"in_{one}_offset") for one in channels)
    scale = _first(file.with_name(f"in_{one}_scale") for one in channels)
    return None if raw is None else (raw + (offset or 0.0)) * (1.0 if scale is None else scale)


def _first(files: Iterator[Path]) -> float | None:
    return next((value for file in files if (value := read_number(file)) is not None), None)


def _w1(text: str) -> float | None:
    """Return thousandths of a degree from a thermometer's own words: nine bytes, whether their checksum fits, `t=`."""
    match = _W1_TEMPERATURE.search(text)
    if match is None or "YES" not in text or _W1_SILENT.match(text):
        return None
    return number(match[1])
