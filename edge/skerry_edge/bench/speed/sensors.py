"""What the machine says about itself while it works: heat, clock, throttling and power, as far as it has sensors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from skerry_edge.bench.speed.power import EnergyCounter, energy_counters, power_w
from skerry_edge.machine.files import read_text
from skerry_edge.machine.processor import cpufreq_mhz
from skerry_edge.machine.temperatures import processor_temperature, thermometers
from skerry_edge.machine.throttling import firmware_bits, throttle_count

SYSFS = Path("/sys")
_FIRMWARE_NOW, _FIRMWARE_SINCE_BOOT = 0x0000F, 0xF0000
"""Raspberry Pi's get_throttled: under-voltage, capped, throttled and soft limit; bits 0-3 now, 16-19 since boot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Throttling:
    """``active`` now, and a number that changes whenever there was some."""

    active: bool
    events: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """All sensors at one moment, ``time_s`` on the monotonic clock; None for what the machine does not tell."""

    time_s: float
    temperature_c: float | None = None
    clock_mhz: float | None = None
    throttling: Throttling | None = None
    energy: Mapping[str, EnergyCounter] = field(default_factory=dict)
    power_w: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sensors:
    """The sensors below ``sysfs``, the kernel's folder `/sys`."""

    sysfs: Path = SYSFS

    def read(self) -> Reading:
        """Read them all. A sensor that vanishes or cannot be read is one that there is not."""
        processor = processor_temperature(thermometers(self.sysfs))
        return Reading(
            time_s=time.monotonic(),
            temperature_c=None if processor is None else processor.value_c,
            clock_mhz=cpufreq_mhz(self.sysfs),
            throttling=self._firmware_throttling() or self._thermal_throttling(),
            energy=energy_counters(self.sysfs),
            power_w=power_w(self.sysfs),
        )

    def governor(self) -> str | None:
        """Return how the kernel chooses the clock, where it does."""
        return read_text(self.sysfs / "devices/system/cpu/cpu0/cpufreq/scaling_governor")

    def missing(self) -> dict[str, str]:
        """Return what this machine does not tell, by the names in a row's conditions, with the reason."""
        now = self.read()
        unreadable = any((self.sysfs / "class/powercap").glob("intel-rapl:*"))
        energy = "the counter can be read by root only" if unreadable else "no energy counter and no power sensor"
        told = {
            "temperature_c": (now.temperature_c, "no thermal zone and no hwmon sensor"),
            "clock_mhz": (now.clock_mhz, "no cpufreq"),
            "throttled": (now.throttling, "neither the firmware nor the processor tells"),
            "energy_mj": (now.energy or now.power_w, energy),
            "governor": (self.governor(), "no cpufreq"),
        }
        return {name: reason for name, (value, reason) in told.items() if value is None or value == {}}

    def _firmware_throttling(self) -> Throttling | None:
        bits = firmware_bits(self.sysfs)
        if bits is None:
            return None
        return Throttling(active=bool(bits & _FIRMWARE_NOW), events=bits & _FIRMWARE_SINCE_BOOT)

    def _thermal_throttling(self) -> Throttling | None:
        """Return what Intel's processors count; they do not say whether it goes on."""
        count = throttle_count(self.sysfs)
        return None if count is None else Throttling(active=False, events=count)
