"""The table `[ota]` of the agent's configuration: where releases come from, and when and how fast they may."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from skerry_edge.contracts.patterns import whole
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.transfer.schedule import WINDOW_PATTERN
from skerry_edge.transfer.patience import Patience

_MEBIBYTE = 1 << 20

Place = Annotated[str, Meta(min_length=1, max_length=4096)]
WindowText = Annotated[str, Meta(pattern=whole(WINDOW_PATTERN))]


class OtaSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Updates over the air.

    - ``mirrors`` are addresses or absolute folders, each with `metadata/` and `targets/`; they are tried in this order.
    - ``root`` is the file with the root of trust, which comes with the installation and never from a mirror.
    - ``window`` is the local time of day in which an update may begin, such as `02:00-05:00`.
    - ``spread_s`` is the time over which the devices of a fleet begin with one order.
    - ``most_rate`` and ``least_rate`` are bytes a second: of the network that is used at most, and below which a mirror
      is given up. ``stall_s`` is the longest silence.
    - ``reserve_mb`` (MiB) are left free on the disk.
    - ``limits`` are how much worse a new version may be.
    - ``replays`` has a new model tried on what its pipelines saw last: up to 8 small pictures of each lie on the
      device's disk for as long as that takes.
    - ``silent_days`` is how long the device may run without news from the repository before it reports `frozen`.
    """

    mirrors: Annotated[tuple[Place, ...], Meta(min_length=1, max_length=8)]
    root: Place = "/etc/skerry/root.json"
    window: WindowText | None = None
    spread_s: Annotated[float, Meta(ge=0, le=86400)] = 60.0
    most_rate: Annotated[float, Meta(ge=1000)] | None = None
    least_rate: Annotated[float, Meta(ge=10)] = 1000.0
    stall_s: Annotated[float, Meta(ge=1, le=3600)] = 30.0
    attempts: Annotated[int, Meta(ge=1, le=100)] = 5
    reserve_mb: Annotated[int, Meta(ge=0, le=1 << 20)] = 64
    replays: bool = True
    silent_days: Annotated[float, Meta(gt=0, le=3650)] = 30.0
    limits: Limits = Limits()

    @property
    def patience(self) -> Patience:
        """What a download may take."""
        return Patience(
            stall_s=self.stall_s,
            least_rate=self.least_rate,
            most_rate=self.most_rate,
            attempts=self.attempts,
            reserve_bytes=self.reserve_mb * _MEBIBYTE,
        )

    @property
    def longest_silence(self) -> timedelta:
        """How long the device may run without news."""
        return timedelta(days=self.silent_days)
