"""From readings to what stands in a row: the machine's conditions, and whether they disturbed the measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from skerry_edge.bench.speed.power import consumed_j, metered_j
from skerry_edge.bench.speed.processor_time import ProcessorTime
from skerry_edge.bench.speed.result import Conditions
from skerry_edge.bench.speed.sensors import Reading

MOST_OTHERS_SHARE = 0.05
MOST_STEAL_SHARE = 0.01
"""Above these the medians of runs that nobody else changed differ by more than a comparison's usual margin."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Sensors and processor time at one moment; ``own_cpu_s`` is what our processes have used since some time."""

    reading: Reading
    processor: ProcessorTime | None
    own_cpu_s: float


def summarise(moments: Sequence[Moment], *, load_1min: float, calls: int) -> Conditions:
    """Return the conditions between the first and the last of at least two moments, in which there were ``calls``."""
    readings = [one.reading for one in moments]
    temperatures = [one.temperature_c for one in readings if one.temperature_c is not None]
    clocks = [one.clock_mhz for one in readings if one.clock_mhz is not None]
    energy_j = _energy_j(readings)
    others, stolen = _shares(moments[0], moments[-1])
    return Conditions(
        load_1min=round(load_1min, 2),
        others_share=others,
        steal_share=stolen,
        temperature_c=max(temperatures, default=None),
        clock_mhz=round(fmean(clocks), 1) if clocks else None,
        throttled=_throttled(readings),
        energy_mj=None if energy_j is None else round(energy_j * 1e3 / calls, 4),
    )


def disturbances(conditions: Conditions, *, settled: bool) -> tuple[str, ...]:
    """Return why the figures of a row may be off, each reason with its number; empty for a quiet run."""
    found = []
    if conditions.others_share is not None and conditions.others_share > MOST_OTHERS_SHARE:
        found.append(f"other processes used {conditions.others_share:.0%} of the processor time")
    if conditions.steal_share is not None and conditions.steal_share > MOST_STEAL_SHARE:
        found.append(f"the host took {conditions.steal_share:.0%} of the processor time")
    if conditions.throttled:
        found.append("the processor was throttled")
    if not settled:
        found.append("calls were still changing when the warm-up ended")
    return tuple(found)


def _shares(first: Moment, last: Moment) -> tuple[float | None, float | None]:
    before, after = first.processor, last.processor
    if before is None or after is None or after.total_s <= before.total_s:
        return None, None
    total_s = after.total_s - before.total_s
    others_s = after.busy_s - before.busy_s - (last.own_cpu_s - first.own_cpu_s)
    # The kernel counts in ticks, our own processes exactly: the difference may come out below nothing.
    return round(max(0.0, others_s / total_s), 4), round((after.stolen_s - before.stolen_s) / total_s, 4)


def _throttled(readings: Sequence[Reading]) -> bool | None:
    told = [one.throttling for one in readings if one.throttling is not None]
    if not told:
        return None
    return any(one.active for one in told) or told[0].events != told[-1].events


def _energy_j(readings: Sequence[Reading]) -> float | None:
    parts = [consumed_j(before.energy, after.energy) for before, after in pairwise(readings)]
    counted = [part for part in parts if part is not None]
    if counted:
        return sum(counted)
    return metered_j([(one.time_s, one.power_w) for one in readings if one.power_w is not None])
