"""The messages of the contract as msgspec structs; JSON on the wire, `v: 1`, unknown fields ignored."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from skerry_edge.contracts.patterns import whole
from skerry_edge.contracts.topics import ID_PATTERN
from skerry_edge.contracts.vitals import (
    MAX_RAILS,
    MAX_SENSORS,
    MAX_STUCK,
    MAX_TEMPERATURES,
    MAX_VERSIONS,
    Label,
    SensorName,
    Temperature,
)

MAX_JSON_BYTES = 64 * 1024
SESSION_PATTERN = r"^[0-9]{8,12}-[0-9a-f]{8}$"

Id = Annotated[str, Meta(pattern=whole(ID_PATTERN))]
Session = Annotated[str, Meta(pattern=whole(SESSION_PATTERN))]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=4096)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
UnixMs = Annotated[int, Meta(ge=0, le=2**53)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]

MAX_DROP_CAUSES = 8
"""Causes of drops that a pipeline tells apart in one heartbeat; the rest are counted together as `other`."""
OTHER_CAUSE = "other"
STAGES = ("capture", "preprocess", "inference", "postprocess", "publish", "end_to_end")
"""Stages of the timing schema, the same in a live pipeline and in a benchmark."""


# What JSON says is a tree, so Python need not look for circles in it: `gc=False`, here and in what is inherited. In a
# server that holds thousands of messages at once, looking took a sixth of the time.
class Message(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What every message up carries.

    ``session`` is a start counter kept on the device plus a random suffix, so sessions can be ordered;
    ``seq`` rises by one within a session; ``ts`` is when it happened in Unix milliseconds on the device's
    clock; ``clock`` says whether that clock was synchronised; ``replayed`` marks what waited in the outbox
    of an earlier connection and keeps its own session.
    """

    v: Literal[1]
    id: Id
    session: Session
    seq: Count
    ts: UnixMs
    clock: Literal["synced", "unsynced"]
    replayed: bool = False


class Status(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Birth, degradation, goodbye or will; retained. A will has ``seq`` 0 and is dated by the server.

    ``connection`` counts the connections of the session from 1. With it, a will that arrives behind the birth of the
    next connection, as it may where several workers share the load, says nothing about that one.
    """

    state: Literal["online", "degraded", "offline"]
    reason: Text | None = None
    connection: Count | None = None


class Quantiles(Struct, frozen=True, kw_only=True, gc=False):
    """Milliseconds over the window since the last heartbeat."""

    p50: float
    p95: float
    p99: float


class PipelineVitals(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How one pipeline did since the last heartbeat; ``stages_ms`` is keyed by names from STAGES.

    ``cpu_percent`` is its process's share of one core over that time, ``memory_mb`` what it has resident now; where it
    ``shares_process`` with other pipelines, both are that process's as a whole, and not to be added up. One that is
    ``muted`` was ordered to neither keep nor judge sound. ``failures`` are those in a row; after many the pipeline is
    ``held``: tried only rarely.
    """

    name: Name
    model: Name
    model_version: Name
    backend: Name
    state: Literal["starting", "running", "failing", "ended"]
    frames: Count
    errors: Count = 0
    drops: dict[str, Count] = field(default_factory=dict)
    stages_ms: dict[str, Quantiles] = field(default_factory=dict)
    cpu_percent: float | None = None
    memory_mb: float | None = None
    muted: bool = False
    failures: Count = 0
    held: bool = False
    shares_process: bool = False


class Heartbeat(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The device's vitals; a figure that the machine cannot give is absent, never zero.

    - ``temperature_c`` is the processor's; from ``temperature_trip_c`` on the machine slows it down or stops.
      ``temperatures`` are all thermometers.
    - ``throttled`` and ``undervoltage`` are about now, the two ``…_since_boot`` about the time since the start.
    - ``cpu_limit_mhz`` is the highest clock that is allowed now, ``cpu_max_mhz`` the highest that the processor has.
    - A pressure is the share of the last minute in which something waited for that resource (Linux PSI, `some`).
    - ``disk_…`` is about the file system with the agent's state; ``disk_life_used_percent`` is its eMMC's own estimate,
      ``disk_errors`` what ext4 noted since it was last checked.
    - ``reboots_unexpected`` and ``agent_crashes`` count since the state directory was made; ``crash_free_s`` is for how
      long the agent has been at work, the time while the machine was off left out, since the last of either.
    - ``outbox_oldest_s`` is the age of the oldest message that waits.
    - ``interval_s`` is after how long the next heartbeat is to be expected.
    - ``sensors`` are those that the configuration names; ``stuck_sensors`` are those, and parts of the
      machine, that hang when they are read.
    """

    board: Name
    agent_version: Name
    uptime_s: float
    cpu_percent: float | None = None
    memory_used_mb: float | None = None
    memory_total_mb: float | None = None
    disk_free_mb: float
    temperature_c: float | None = None
    temperature_trip_c: float | None = None
    temperatures: Annotated[list[Temperature], Meta(max_length=MAX_TEMPERATURES)] = field(default_factory=list)
    cpu_mhz: float | None = None
    cpu_limit_mhz: float | None = None
    cpu_max_mhz: float | None = None
    throttled: bool | None = None
    throttled_since_boot: bool | None = None
    undervoltage: bool | None = None
    undervoltage_since_boot: bool | None = None
    power_mode: Label | None = None
    power_w: float | None = None
    rails_w: Annotated[dict[Label, float], Meta(max_length=MAX_RAILS)] = field(default_factory=dict)
    load_1min: float | None = None
    cpu_pressure_percent: float | None = None
    memory_pressure_percent: float | None = None
    io_pressure_percent: float | None = None
    swap_used_mb: float | None = None
    swap_total_mb: float | None = None
    disk_total_mb: float | None = None
    disk_inodes_free_percent: float | None = None
    disk_read_only: bool | None = None
    disk_life_used_percent: float | None = None
    disk_errors: Count | None = None
    network_interface: Label | None = None
    network_mbit: float | None = None
    wifi_signal_dbm: float | None = None
    agent_uptime_s: float | None = None
    reboots_unexpected: Count | None = None
    agent_crashes: Count | None = None
    crash_free_s: float | None = None
    versions: Annotated[dict[Label, Label], Meta(max_length=MAX_VERSIONS)] = field(default_factory=dict)
    sensors: Annotated[dict[SensorName, float], Meta(max_length=MAX_SENSORS)] = field(default_factory=dict)
    stuck_sensors: Annotated[list[Label], Meta(max_length=MAX_STUCK)] = field(default_factory=list)
    outbox_depth: Count = 0
    outbox_dropped: Count = 0
    outbox_bytes: Count | None = None
    outbox_oldest_s: float | None = None
    interval_s: Annotated[float, Meta(gt=0, le=86_400)] | None = None
    pipelines: list[PipelineVitals] = field(default_factory=list)


class Sight(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event told of an object: ``score``, ``box`` and ``zones`` as in Event."""

    score: Share
    box: tuple[float, float, float, float]
    zones: tuple[Name, ...] = ()


class Event(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Something that was seen, heard or went wrong.

    ``box`` is (x_min, y_min, x_max, y_max) as shares of the source image. ``latency_ms`` runs from capture to
    the decision. A system event carries its text in ``message``.

    What lasts is told by a ``begin``, any number of ``update`` and an ``end`` with the same ``track``, which no other
    object of the device ever has; ``began`` is the ``ts`` of its begin. ``score`` is its best one so far, ``zones``
    are those that it is in now, and ``before`` is what the event before told: the zones of one and not the other are
    those that it entered and left. An end has the last box and no zones, and its reason in ``message`` where the
    object did not simply go.
    """

    kind: Literal["detection", "wakeword", "system"]
    pipeline: Name
    label: Name
    score: Share | None = None
    box: tuple[float, float, float, float] | None = None
    phase: Literal["instant", "begin", "update", "end"] = "instant"
    model: Name | None = None
    model_version: Name | None = None
    latency_ms: float | None = None
    message: Text | None = None
    track: Name | None = None
    began: UnixMs | None = None
    zones: tuple[Name, ...] = ()
    before: Sight | None = None


DESIRED_REFUSED = "desired-refused"
"""The label of the system event in which a device says why it does not run a version of `Desired`."""


class State(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What the device has applied and what is true now; retained.

    ``config_sha256`` is of the desired configuration that is in force, ``file_sha256`` of the device's own file.
    """

    config_version: Count
    config_sha256: str
    file_sha256: str = ""
    models: dict[str, str] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)
    counts: dict[str, dict[str, Count]] = field(default_factory=dict)


class CommandResult(Message, frozen=True, kw_only=True, omit_defaults=True):
    """How a command ended; its id is the last part of the topic."""

    command: Id
    ok: bool
    message: Text | None = None
    output: dict[str, str] = field(default_factory=dict)


class Desired(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Versioned configuration and model assignment, retained; an older version is refused by the device.

    ``config`` is a merge patch over the device's own file, and ``models`` names the model of a pipeline. Each version
    is whole: what it does not name is as the file has it. A device that is not the ``device`` or not on the ``board``
    refuses it.
    """

    v: Literal[1]
    version: Count
    ts: UnixMs
    device: Name | None = None
    board: Name | None = None
    config: dict[str, object] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order to a device; after ``expires_ts`` it is refused.

    Orders come at least once: a device knows one again by its ``id`` and answers as it did before. ``args`` are
    ``pipeline`` for snapshot, restart (without: the whole agent), mute and unmute (without: all that
    listen), ``minutes`` for mute (without: until unmute), and ``lines`` for logs.
    """

    v: Literal[1]
    id: Id
    name: Literal["rebirth", "snapshot", "logs", "restart", "ping", "mute", "unmute"]
    ts: UnixMs
    expires_ts: UnixMs
    args: dict[str, str] = field(default_factory=dict)


def session_order(session: str) -> int:
    """Return the start counter of a session id that already passed validation."""
    return int(session.split("-", 1)[0])
