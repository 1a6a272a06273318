"""Which power mode a Jetson is in, and what INA chips measure on the supply rails.

The mode is in /var/lib/nvpmodel/status (``pmode:0002``), where it was ever chosen, and else the default of
/etc/nvpmodel.conf, which also has the names. Rails: the kernel's
Documentation/hwmon/ina3221.rst (millivolts and milliamperes of channels 1 to 3), Documentation/hwmon/ina2xx.rst
(microwatts), and before JetPack 5 NVIDIA's own driver `ina3221x` (milliwatts of channels 0 to 2, with their names).
"""

from __future__ import annotations

import re
from pathlib import Path

from skerry_edge.machine.files import read_number, read_text

_BOARD_RAILS = ("VDD_IN", "POM_5V_IN", "VIN_SYS_5V0")
"""What Jetson boards call the rail that everything else hangs on."""
_CHANNELS = (1, 2, 3)
_CHOSEN = re.compile(r"pmode:0*(\d+)")
_DEFAULT = re.compile(r"^<\s*PM_CONFIG\s+DEFAULT=(\d+)\s*>", re.MULTILINE)


def power_mode(root: Path) -> str | None:
    """Return the name of a Jetson's power mode (``15W``), its number where no name is found, else None."""
    modes = read_text(root / "etc/nvpmodel.conf") or ""
    match = _CHOSEN.search(read_text(root / "var/lib/nvpmodel/status") or "") or _DEFAULT.search(modes)
    if match is None:
        return None
    named = re.search(rf"^<\s*POWER_MODEL\s+ID={match[1]}\s+NAME=(\S+)\s*>", modes, re.MULTILINE)
    return named[1] if named else match[1]


def rails_w(sysfs: Path) -> dict[str, float]:
    """Return the power on each rail that a chip measures, in watts, by the rail's name."""
    found: dict[str, float] = {}
    for monitor in sorted((sysfs / "class/hwmon").glob("hwmon*")):
        chip = read_text(monitor / "name") or ""
        if not chip.startswith("ina"):
            continue
        for channel in _CHANNELS:
            watts = _channel_w(monitor, channel)
            if watts is not None:
                name = read_text(monitor / f"in{channel}_label") or (chip if channel == 1 else f"{chip}/{channel}")
                found.setdefault(name, watts)
    return found or _old_rails_w(sysfs)


def board_power_w(rails: dict[str, float]) -> float | None:
    """Return the whole board's power where a rail is called so, else the first rail's, else None; in watts."""
    return next((rails[name] for name in _BOARD_RAILS if name in rails), next(iter(rails.values()), None))


def _channel_w(monitor: Path, channel: int) -> float | None:
    microwatts = read_number(monitor / f"power{channel}_input")
    if microwatts is not None:
        return microwatts / 1e6
    millivolts = read_number(monitor / f"in{channel}_input")
    milliamperes = read_number(monitor / f"curr{channel}_input")
    return None if millivolts is None or milliamperes is None else millivolts * milliamperes / 1e6


def _old_rails_w(sysfs: Path) -> dict[str, float]:
    found = {}
    for device in sorted((sysfs / "bus/i2c/drivers/ina3221x").glob("*/iio:device*")):
        for channel in range(len(_CHANNELS)):
            name = read_text(device / f"rail_name_{channel}")
            milliwatts = read_number(device / f"in_power{channel}_input")
            if name is not None and milliwatts is not None:
                found[name] = milliwatts / 1e3
    return found
