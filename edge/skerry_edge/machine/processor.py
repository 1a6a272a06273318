"""The processor's clock, the load, and how long things wait for a resource."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

from skerry_edge.machine.files import number, read_number, read_text

RESOURCES = ("cpu", "memory", "io")


def clock_mhz(root: Path) -> float | None:
    """Return the mean clock of all cores: cpufreq's, else what x86 gives in `/proc/cpuinfo`; None without both."""
    running_mhz = cpufreq_mhz(root / "sys")
    if running_mhz is not None:
        return running_mhz
    lines = (read_text(root / "proc/cpuinfo") or "").splitlines()
    told = (number(line.partition(":")[2].strip()) for line in lines if line.startswith("cpu MHz"))
    clocks_mhz = [one for one in told if one]
    return fmean(clocks_mhz) if clocks_mhz else None


def cpufreq_mhz(sysfs: Path) -> float | None:
    """Return the mean clock of all cores as cpufreq has it; None without cpufreq."""
    clocks_khz = _all_cores(sysfs, "scaling_cur_freq")
    return fmean(clocks_khz) / 1e3 if clocks_khz else None


def clock_limit_mhz(sysfs: Path) -> float | None:
    """Return the highest clock that any core may run at now (a cooling device, a governor or a user lowers it)."""
    return _highest_mhz(sysfs, "scaling_max_freq")


def clock_max_mhz(sysfs: Path) -> float | None:
    """Return the highest clock that any core has."""
    return _highest_mhz(sysfs, "cpuinfo_max_freq")


def load_1min(root: Path) -> float | None:
    """Return how many processes have wanted a core over the last minute, on average."""
    words = (read_text(root / "proc/loadavg") or "").split()
    return number(words[0]) if words else None


def pressure_percent(root: Path, resource: str) -> float | None:
    """Return the share of the last minute in which something waited for one of RESOURCES; None without PSI.

    See the kernel's Documentation/accounting/psi.rst; the line `some`, its `avg60`.
    """
    for line in (read_text(root / "proc/pressure" / resource) or "").splitlines():
        words = line.split()
        if words and words[0] == "some":
            values = dict(word.partition("=")[::2] for word in words[1:])
            return number(values.get("avg60"))
    return None


def _highest_mhz(sysfs: Path, name: str) -> float | None:
    clocks_khz = _all_cores(sysfs, name)
    return max(clocks_khz) / 1e3 if clocks_khz else None


def _all_cores(sysfs: Path, name: str) -> list[float]:
    paths = (sysfs / "devices/system/cpu").glob(f"cpu[0-9]*/cpufreq/{name}")
    return [value for path in paths if (value := read_number(path))]
