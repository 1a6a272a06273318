"""Whether the processor is slowed down and the supply too weak, as far as firmware, kernel or processor tell.

Raspberry Pi's bits are those of `vcgencmd get_throttled` (raspberrypi.com, documentation/computers/os.html); the kernel
gives them in a file (raspberrypi/linux pull request 2397). `rpi_volt` is Documentation/hwmon/raspberrypi-hwmon.rst.
Intel's counters are in /sys/devices/system/cpu/cpu*/thermal_throttle, cooling devices in /sys/class/thermal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.machine.files import read_number, read_text

_UNDERVOLTAGE, _SLOWED = 0x1, 0xE
"""Bits now: under-voltage; clock capped, throttled, soft temperature limit. The same since boot lie 16 bits higher."""
_SINCE_BOOT = 16
_BITS = re.compile(r"(?:throttled=)?(?:0x)?([0-9a-fA-F]{1,8})\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Throttling:
    """What is so now and what was so since the machine's start; None for what the machine does not tell."""

    throttled: bool | None = None
    throttled_since_boot: bool | None = None
    undervoltage: bool | None = None
    undervoltage_since_boot: bool | None = None


def firmware_bits(sysfs: Path) -> int | None:
    """Return what Raspberry Pi's firmware says by the kernel's file; None where there is no such file."""
    for path in (sysfs / "devices/platform").glob("soc*/*firmware/get_throttled"):
        if (bits := parse_bits(read_text(path))) is not None:
            return bits
    return None


def parse_bits(text: str | None) -> int | None:
    """Return the bits in the kernel's file (``50005``) or vcgencmd's answer (``throttled=0x50005``), else None."""
    match = _BITS.match(text.strip()) if text is not None else None
    return int(match[1], 16) if match else None


def from_bits(bits: int) -> Throttling:
    """Return what Raspberry Pi's bits mean."""
    before = bits >> _SINCE_BOOT
    return Throttling(
        throttled=bool(bits & _SLOWED),
        throttled_since_boot=bool(before & _SLOWED),
        undervoltage=bool(bits & _UNDERVOLTAGE),
        undervoltage_since_boot=bool(before & _UNDERVOLTAGE),
    )


def voltage_alarm(sysfs: Path) -> bool | None:
    """Return whether Raspberry Pi's `rpi_volt` reports under-voltage now; None where there is no such monitor."""
    for monitor in (sysfs / "class/hwmon").glob("hwmon*"):
        if read_text(monitor / "name") == "rpi_volt":
            alarm = read_number(monitor / "in0_lcrit_alarm")
            return None if alarm is None else alarm != 0
    return None


def throttle_count(sysfs: Path) -> int | None:
    """Return how often Intel's processors slowed down since the start, over cores and packages; None for others.

    All cores of a package count the package's own, so this is a number that rises, not one of events.
    """
    paths = (sysfs / "devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/*_throttle_count")
    counts = [value for path in paths if (value := read_number(path)) is not None]
    return int(sum(counts)) if counts else None


def is_cooled(sysfs: Path) -> bool | None:
    """Return whether the kernel holds the processor's clock down for heat; None where it cannot.

    Cooling devices of processors are called ``cpufreq-cpu0``, before Linux 5.11 ``thermal-cpufreq-0``
    (drivers/thermal/cpufreq_cooling.c); their state is how many steps the clock is down.
    """
    devices = (sysfs / "class/thermal").glob("cooling_device*")
    states = [read_number(one / "cur_state") for one in devices if "cpufreq" in (read_text(one / "type") or "")]
    told = [state for state in states if state is not None]
    return any(state > 0 for state in told) if told else None


def from_count(before: int | None, now: int) -> Throttling:
    """Return what a counter says that was ``before`` at the last look; it tells of now only what happened since."""
    return Throttling(throttled=before is not None and now > before, throttled_since_boot=now > 0)
