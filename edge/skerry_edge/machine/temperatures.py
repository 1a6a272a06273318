"""The machine's thermometers: thermal zones with their trip points, Edge TPUs, and what else hwmon lists.

Sources: the kernel's Documentation/ABI/testing/sysfs-class-thermal and Documentation/hwmon/sysfs-interface.rst (both in
thousandths of a degree), and the apex driver's module, whose trip points lower the Edge TPU's clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.machine.files import read_number, read_text

COLDEST_C, HOTTEST_C = -60.0, 200.0
"""What a thermometer on a board can say; beyond are marks for `no value` (-274 degrees) and parts that are off."""
_LARGEST_DEGREES = 250.0
"""Some old kernels give whole degrees: a zone with trip points and no number above this does."""
_ACTING_TRIPS = ("passive", "hot", "critical")
"""Types of trip points at which the processor is slowed down or the machine stopped; `active` turns a fan on."""
_PROCESSOR = (
    "cpu_thermal",
    "soc_thermal",
    "cpu_therm",
    "cpu0_thermal",
    "mcpu_therm",
    "x86_pkg_temp",
    "coretemp",
    "k10temp",
    "zenpower",
    "tj_thermal",
    "acpitz",
)
"""Names of the processor's sensor, the most telling first: boards, Jetson before JetPack 6, Intel, AMD, ACPI."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thermometer:
    """One sensor: the kernel's name of it, degrees Celsius, and from where on the machine does something."""

    name: str
    value_c: float
    trip_c: float | None = None


def thermometers(sysfs: Path) -> list[Thermometer]:
    """Return every thermometer that answers, each sensor once, in the order of the kernel's numbers."""
    zones = list(_zones(sysfs / "class/thermal"))
    known = {plain(one.name) for one in zones}
    monitors = [one for one in _monitors(sysfs / "class/hwmon") if plain(one.name.partition("/")[0]) not in known]
    return [*zones, *_edge_tpus(sysfs / "class/apex"), *monitors]


def processor_temperature(found: Sequence[Thermometer], preferred: Sequence[str] = ()) -> Thermometer | None:
    """Return the processor's thermometer, the hottest where it has several, else the hottest of all, else None.

    ``preferred`` are names that the board's profile gives, the best first.
    """
    for name in (*preferred, *_PROCESSOR):
        if same := [one for one in found if plain(one.name.partition("/")[0]) == plain(name)]:
            return max(same, key=_heat)
    return max(found, key=_heat, default=None)


def plain(name: str) -> str:
    """Return a name as it is the same in thermal zones and hwmon, which allows no dash and no capital."""
    return name.replace("-", "_").lower()


def celsius(raw: float | None) -> float | None:
    """Return thousandths of a degree as degrees, None where no thermometer can mean it."""
    if raw is None or not COLDEST_C <= raw / 1e3 <= HOTTEST_C:
        return None
    return round(raw / 1e3, 3)


def _heat(one: Thermometer) -> float:
    return one.value_c


def _zones(folder: Path) -> Iterator[Thermometer]:
    for zone in _numbered(folder, "thermal_zone"):
        raw = read_number(zone / "temp")
        if raw is None:
            continue
        trips = [value for path in zone.glob("trip_point_*_temp") if (value := _acting(path)) is not None]
        factor = 1e3 if trips and max(abs(raw), *trips) <= _LARGEST_DEGREES else 1.0
        value_c = celsius(raw * factor)
        if value_c is not None:
            reached = [one for trip in trips if (one := celsius(trip * factor)) is not None]
            yield Thermometer(
                name=read_text(zone / "type") or zone.name, value_c=value_c, trip_c=min(reached, default=None)
            )


def _acting(path: Path) -> float | None:
    """Return a trip point that slows down or stops; None for one of a fan, and for those not set (0 and below)."""
    kind = read_text(path.with_name(path.name.replace("_temp", "_type")))
    value = read_number(path)
    return value if kind in _ACTING_TRIPS and value is not None and value > 0 else None


def _edge_tpus(folder: Path) -> Iterator[Thermometer]:
    for tpu in _numbered(folder, "apex_"):
        value_c = celsius(read_number(tpu / "temp"))
        if value_c is not None:
            trip_c = celsius(read_number(tpu / "trip_point0_temp"))
            yield Thermometer(name=tpu.name, value_c=value_c, trip_c=trip_c)


def _monitors(folder: Path) -> Iterator[Thermometer]:
    for monitor in _numbered(folder, "hwmon"):
        chip = read_text(monitor / "name") or monitor.name
        for path in sorted(monitor.glob("temp*_input")):
            value_c = celsius(read_number(path))
            if value_c is None:
                continue
            label = read_text(path.with_name(path.name.replace("_input", "_label")))
            ends = (path.with_name(path.name.replace("_input", end)) for end in ("_max", "_crit"))
            limits = [one for end in ends if (one := celsius(read_number(end))) is not None and one > 0]
            yield Thermometer(
                name=f"{chip}/{label}" if label else chip, value_c=value_c, trip_c=min(limits, default=None)
            )


def _numbered(folder: Path, prefix: str) -> list[Path]:
    """Return the entries called ``prefix`` and a number, in the order of the numbers."""
    names = re.compile(rf"{prefix}(\d+)\Z")
    found = [(int(match[1]), path) for path in folder.glob(f"{prefix}*") if (match := names.match(path.name))]
    return [path for _, path in sorted(found)]
