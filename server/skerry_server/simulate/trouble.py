"""How much goes wrong in a simulated fleet: shares of devices, and chances at each heartbeat."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion

CLOCKS = ("clock_1970", "clock_ahead", "clock_ntp")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Shares from 0 to 1.

    Of devices:

    - ``clock_1970``: begin at 1970 with every start and never learn the time, and say so;
    - ``clock_ahead``: are years ahead, and believe that they are right;
    - ``clock_ntp``: begin at 1970 and learn the time a few heartbeats later;
    - ``refuse``: have none of the models that they are asked to run;
    - ``update``: cannot fetch updates.

    Of heartbeats, at each of which it happens with this chance:

    - ``duplicate``: a message comes twice, with the same id and seq;
    - ``late``: the heartbeat comes after the next one;
    - ``malformed``: a message comes that no server can accept;
    - ``degraded``: the device says that it is not well, and why, until it has recovered;
    - ``flap``: the connection breaks and comes back; what happened meanwhile is replayed;
    - ``reboot``: the device starts anew, with or without a goodbye;
    - ``leave``: the device is switched off, and on again later.
    """

    clock_1970: float = 0.0
    clock_ahead: float = 0.0
    clock_ntp: float = 0.0
    refuse: float = 0.0
    update: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    malformed: float = 0.0
    degraded: float = 0.0
    flap: float = 0.0
    reboot: float = 0.0
    leave: float = 0.0

    @property
    def text(self) -> str:
        """The shares that are not 0, in the form that `parse_trouble` reads."""
        shares = {one.name: getattr(self, one.name) for one in fields(self)}
        return ",".join(f"{name}={share:g}" for name, share in shares.items() if share) or "none"


PRESETS = {
    "none": Trouble(),
    "usual": Trouble(
        clock_1970=0.05,
        clock_ahead=0.03,
        clock_ntp=0.08,
        refuse=0.05,
        update=0.02,
        duplicate=0.01,
        late=0.01,
        malformed=0.005,
        degraded=0.004,
        flap=0.006,
        reboot=0.002,
        leave=0.001,
    ),
    "harsh": Trouble(
        clock_1970=0.15,
        clock_ahead=0.1,
        clock_ntp=0.2,
        refuse=0.2,
        update=0.2,
        duplicate=0.1,
        late=0.1,
        malformed=0.1,
        degraded=0.03,
        flap=0.06,
        reboot=0.03,
        leave=0.01,
    ),
}


def parse_trouble(text: str) -> Trouble:
    """Return what ``text`` says: `none`, `usual` or `harsh`, and single shares over it: `usual,flap=0.1,late=0`.

    Raises ConfigError for anything else.
    """
    first, *rest = (part.strip() for part in text.split(","))
    if "=" in first:
        first, rest = "none", [first, *rest]
    if first not in PRESETS:
        hint = suggestion(first, PRESETS, otherwise=f"give {', '.join(PRESETS)} or single shares, as flap=0.1")
        raise ConfigError("there is no such trouble", where="--trouble", found=f"'{first}'", todo=hint)
    shares = dict(_share(part) for part in rest)
    trouble = replace(PRESETS[first], **shares)
    clocks = sum(getattr(trouble, name) for name in CLOCKS)
    if clocks > 1:
        found = f"{' + '.join(CLOCKS)} = {clocks:g}"
        raise ConfigError("a device has one clock: these shares must not exceed 1", where="--trouble", found=found)
    return trouble


def _share(part: str) -> tuple[str, float]:
    name, _, number = part.partition("=")
    known = [one.name for one in fields(Trouble)]
    if name not in known:
        hint = suggestion(name, known, otherwise=f"there are {', '.join(known)}")
        raise ConfigError("there is no such share of trouble", where="--trouble", found=f"'{name}'", todo=hint)
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise ConfigError(f"the share '{name}' must be a number from 0 to 1", where="--trouble", found=f"'{number}'")
    return name, share
