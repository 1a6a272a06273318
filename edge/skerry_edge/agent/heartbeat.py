"""The machine's own vitals for the heartbeat; a figure that it cannot give is absent."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from skerry_edge.bench.temperature import TemperatureReading, processor_temperature

_MB = 1e6


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineVitals:
    """One reading of the machine; the fields are the heartbeat's."""

    uptime_s: float
    cpu_percent: float
    memory_used_mb: float
    memory_total_mb: float
    disk_free_mb: float
    temperature_c: float | None
    cpu_mhz: float | None

    def fields(self) -> dict[str, Any]:
        """Return the fields for a Heartbeat."""
        return asdict(self)


class Machine:
    """Reads the vitals; ``cpu_percent`` is the mean since the last reading."""

    def __init__(self, state_dir: Path) -> None:
        """Begin to read; ``state_dir`` says which disk counts. Raises OSError where it cannot be opened."""
        # Kept open, so that the disk can be asked even after somebody has removed the directory.
        self._state_dir = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        psutil.cpu_percent()  # begins the first window; its own answer means nothing

    def read(self) -> MachineVitals:
        """Return the vitals now."""
        memory = psutil.virtual_memory()
        disk = os.fstatvfs(self._state_dir)
        return MachineVitals(
            uptime_s=time.clock_gettime(time.CLOCK_BOOTTIME),
            cpu_percent=psutil.cpu_percent(),
            memory_used_mb=(memory.total - memory.available) / _MB,
            memory_total_mb=memory.total / _MB,
            disk_free_mb=disk.f_bavail * disk.f_frsize / _MB,
            temperature_c=processor_temperature(_sensors()),
            cpu_mhz=_frequency_mhz(),
        )


def _sensors() -> Mapping[str, Sequence[TemperatureReading]]:
    try:
        sensors: Mapping[str, Sequence[TemperatureReading]] = psutil.sensors_temperatures()
    except OSError:
        return {}  # a sensor that vanished between listing and reading, as a USB accelerator's does
    return sensors


def _frequency_mhz() -> float | None:
    try:
        frequency = psutil.cpu_freq()
    except (OSError, NotImplementedError):
        return None  # some boards list the file and refuse to read it
    return float(frequency.current) if frequency is not None and frequency.current > 0 else None
