"""What can be watched: each kind of rule with its unit, its direction, and what holds where nothing is set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from skerry_server.registry.alerts import Severity

About = Literal["device", "pipeline", "model", "server"]
"""What a reading is about: a device, one of its pipelines, a version of a model in the whole fleet, or the server."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A figure that a rule can watch.

    ``what`` names the figure, ``phrase`` says how its owner is when it fires, as in "cam-1 is …". ``is_below`` turns
    the direction: such a rule fires at small values. A ``unit`` of None marks a switch, which is on (1) or off (0) and
    takes no thresholds. It fires after ``for_s`` at or beyond ``fire_at``, and resolves after ``clear_s`` at or on the
    other side of ``clear_at``; from ``critical_at`` on it is critical.
    """

    name: str
    what: str
    phrase: str
    about: About = "device"
    unit: str | None = None
    is_below: bool = False
    fire_at: float = 1.0
    clear_at: float = 0.0
    critical_at: float | None = None
    for_s: float = 60.0
    clear_s: float = 300.0
    severity: Severity = "warning"
    is_default: bool = True

    @property
    def is_switch(self) -> bool:
        """Tell whether it is on or off, rather than more or less."""
        return self.unit is None


_ALL = (
    Kind(name="offline", what="no connection", phrase="offline", clear_s=60.0, severity="critical"),
    Kind(name="degraded", what="its own report", phrase="degraded", for_s=300.0, clear_s=120.0),
    Kind(
        name="temperature",
        what="processor temperature",
        phrase="too hot",
        unit="°C",
        fire_at=80.0,
        clear_at=75.0,
        critical_at=90.0,
        for_s=300.0,
    ),
    Kind(
        name="temperature-margin",
        what="distance to the temperature at which the machine slows down",
        phrase="close to slowing down from heat",
        unit="°C",
        is_below=True,
        fire_at=5.0,
        clear_at=8.0,
        critical_at=0.0,
        for_s=300.0,
    ),
    Kind(name="throttled", what="the processor's clock", phrase="throttled", for_s=300.0),
    Kind(name="undervoltage", what="the supply", phrase="short of voltage", clear_s=600.0),
    Kind(
        name="disk-space",
        what="free share of the disk, of bytes or inodes, whichever is less",
        phrase="nearly out of disk space",
        unit="%",
        is_below=True,
        fire_at=5.0,
        clear_at=8.0,
        critical_at=2.0,
    ),
    Kind(name="disk-read-only", what="the file system", phrase="on a read-only disk", severity="critical"),
    Kind(
        name="disk-wear",
        what="used share of the disk's life, by its own estimate",
        phrase="near the end of its disk's life",
        unit="%",
        fire_at=80.0,
        clear_at=75.0,
        critical_at=100.0,
    ),
    Kind(
        name="disk-errors",
        what="errors of the file system since it was checked",
        phrase="counting disk errors",
        unit="errors",
    ),
    Kind(
        name="outbox-age",
        what="age of the oldest message that waits",
        phrase="behind with sending",
        unit="s",
        fire_at=600.0,
        clear_at=60.0,
        for_s=300.0,
    ),
    Kind(
        name="outbox-depth",
        what="messages that wait",
        phrase="behind with sending",
        unit="messages",
        fire_at=10_000.0,
        clear_at=1_000.0,
        for_s=300.0,
        is_default=False,
    ),
    Kind(
        name="outbox-drops",
        what="messages dropped in the last day",
        phrase="losing messages",
        unit="messages",
        for_s=0.0,
    ),
    Kind(
        name="drop-rate",
        what="share of pictures or sounds dropped for want of time",
        phrase="dropping most of its input",
        about="pipeline",
        unit="%",
        fire_at=90.0,
        clear_at=80.0,
        for_s=600.0,
    ),
    Kind(
        name="errors",
        what="share of inferences that failed",
        phrase="failing to infer",
        about="pipeline",
        unit="%",
        fire_at=5.0,
        clear_at=1.0,
        critical_at=50.0,
        for_s=300.0,
    ),
    Kind(
        name="latency",
        what="inference time (p95) over the upper end of what is usual for this model on this board",
        phrase="slower than usual",
        about="pipeline",
        unit="times",
        fire_at=1.5,
        clear_at=1.2,
        for_s=600.0,
        clear_s=600.0,
    ),
    Kind(
        name="confidence-drift",
        what="distance of the mean score from that of the past days",
        phrase="scoring differently than before",
        about="model",
        unit="points",
        fire_at=0.1,
        clear_at=0.05,
        for_s=0.0,
        clear_s=0.0,
    ),
    Kind(
        name="crash-free",
        what="time at work since the last crash or unexpected reboot",
        phrase="fresh from a crash",
        unit="h",
        is_below=True,
        fire_at=1.0,
        clear_at=6.0,
        for_s=0.0,
        clear_s=0.0,
        severity="info",
    ),
    Kind(
        name="crashes",
        what="crashes of the agent in the last day",
        phrase="crashing",
        unit="crashes",
        fire_at=3.0,
        clear_at=1.0,
        for_s=0.0,
    ),
    Kind(
        name="reboots",
        what="unexpected reboots in the last day",
        phrase="rebooting unexpectedly",
        unit="reboots",
        fire_at=2.0,
        clear_at=0.0,
        critical_at=10.0,
        for_s=0.0,
    ),
    Kind(name="clock", what="the clock", phrase="without a synchronised clock", for_s=900.0),
    Kind(
        name="part-away",
        what="a part that the server stands on",
        phrase="without a part that it needs",
        about="server",
        clear_s=60.0,
        severity="critical",
    ),
    Kind(
        name="spool",
        what="used share of the spool",
        phrase="filling its spool",
        about="server",
        unit="%",
        fire_at=50.0,
        clear_at=25.0,
        critical_at=80.0,
        clear_s=60.0,
    ),
    Kind(
        name="dead-letters",
        what="different messages refused in a minute",
        phrase="refusing messages",
        about="server",
        unit="a minute",
        fire_at=10.0,
        clear_at=1.0,
        for_s=120.0,
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
