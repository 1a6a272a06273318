"""Energy and power as the machine meters them: Intel's and AMD's counters (RAPL), and INA chips on boards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from skerry_edge.machine.files import read_number, read_text
from skerry_edge.machine.power import board_power_w, rails_w


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyCounter:
    """Microjoules since some time; after ``range_uj`` it begins again at 0."""

    value_uj: float
    range_uj: float


def energy_counters(sysfs: Path) -> dict[str, EnergyCounter]:
    """Return the counter of each processor package, by the name of its folder; root alone may read most."""
    found = {}
    for zone in sorted((sysfs / "class/powercap").glob("intel-rapl:[0-9]*")):
        # Zones below a package are parts of it, and `psys` holds packages as well.
        if zone.name.count(":") > 1 or not (read_text(zone / "name") or "").startswith("package"):
            continue
        value, most = read_number(zone / "energy_uj"), read_number(zone / "max_energy_range_uj")
        if value is not None and most:
            found[zone.name] = EnergyCounter(value_uj=value, range_uj=most)
    return found


def consumed_j(first: Mapping[str, EnergyCounter], last: Mapping[str, EnergyCounter]) -> float | None:
    """Return the joules between two readings of the same counters; None where there are none.

    A counter begins again after minutes under full load, so readings must not lie further apart than that.
    """
    shared = [(first[name], last[name]) for name in first if name in last]
    if not shared:
        return None
    return sum((after.value_uj - before.value_uj) % after.range_uj for before, after in shared) / 1e6


def power_w(sysfs: Path) -> float | None:
    """Return what the first INA chip measures, the whole board's channel where one is called so, in watts."""
    return board_power_w(rails_w(sysfs))


def metered_j(powers: Sequence[tuple[float, float]]) -> float | None:
    """Return the joules under samples of (seconds, watts) by the trapezoidal rule; None for fewer than two."""
    if len(powers) < 2:
        return None
    return sum(
        (after_s - before_s) * (before_w + after_w) / 2 for (before_s, before_w), (after_s, after_w) in pairwise(powers)
    )
