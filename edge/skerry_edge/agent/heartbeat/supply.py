"""What slows the processor down now, and what it draws: firmware, counters, clocks, rails, in one reading."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skerry_edge.contracts.vitals import MAX_LABEL_CHARS, MAX_RAILS
from skerry_edge.machine import processor, throttling
from skerry_edge.machine.files import read_text
from skerry_edge.machine.power import board_power_w, power_mode, rails_w
from skerry_edge.machine.throttling import Throttling

_VCGENCMD = "vcgencmd"
_VCGENCMD_S = 3.0
_RASPBERRY = "Raspberry Pi"


def ask_firmware() -> str | None:
    """Return what `vcgencmd get_throttled` says; None where there is no such program or it is refused."""
    program = shutil.which(_VCGENCMD)
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "get_throttled"], capture_output=True, text=True, timeout=_VCGENCMD_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


class Supply:
    """Reads them below ``root``; remembers a counter, since that tells of now only by what was added."""

    def __init__(self, root: Path, *, firmware: Callable[[], str | None] = ask_firmware) -> None:
        self._root = root
        self._sysfs = root / "sys"
        self._firmware = firmware
        self._count: int | None = None

    def read(self) -> dict[str, Any]:
        """Return the fields for a heartbeat, those left out that the machine does not tell."""
        found = self._throttling()
        rails, mode = rails_w(self._sysfs), power_mode(self._root)
        fields = {
            "throttled": found.throttled,
            "throttled_since_boot": found.throttled_since_boot,
            "undervoltage": found.undervoltage,
            "undervoltage_since_boot": found.undervoltage_since_boot,
            "cpu_mhz": processor.clock_mhz(self._root),
            "cpu_limit_mhz": processor.clock_limit_mhz(self._sysfs),
            "cpu_max_mhz": processor.clock_max_mhz(self._sysfs),
            "power_mode": None if mode is None else mode[:MAX_LABEL_CHARS],
            "power_w": board_power_w(rails),
            "rails_w": {name[:MAX_LABEL_CHARS]: watts for name, watts in list(rails.items())[:MAX_RAILS]},
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _throttling(self) -> Throttling:
        bits = throttling.firmware_bits(self._sysfs)
        if bits is None and (read_text(self._root / "proc/device-tree/model") or "").startswith(_RASPBERRY):
            bits = throttling.parse_bits(self._firmware())
        if bits is not None:
            return throttling.from_bits(bits)
        count = throttling.throttle_count(self._sysfs)
        if count is not None:
            before, self._count = self._count, count
            return throttling.from_count(before, count)
        return Throttling(
            throttled=throttling.is_cooled(self._sysfs), undervoltage=throttling.voltage_alarm(self._sysfs)
        )
