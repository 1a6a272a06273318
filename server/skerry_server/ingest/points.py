"""Heartbeats to points: which numbers are kept, under which names, at which time."""

from __future__ import annotations

import re
from functools import lru_cache
from operator import attrgetter

from skerry_edge.contracts.messages import MAX_DROP_CAUSES, STAGES, Heartbeat, Message, PipelineVitals, session_order
from skerry_edge.contracts.topics import Topic
from skerry_server.stores.base import Point
from skerry_server.stores.lineprotocol import is_encodable

NS_PER_MS = 1_000_000
_CAUSE = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")
_NO_NAME = re.compile(r"[^a-z0-9]+")
MAX_NAME_CHARS = 40
_VITALS = (
    "uptime_s",
    "cpu_percent",
    "memory_used_mb",
    "memory_total_mb",
    "disk_free_mb",
    "temperature_c",
    "cpu_mhz",
    "throttled",
    "outbox_depth",
    "outbox_dropped",
    "temperature_trip_c",
    "cpu_limit_mhz",
    "cpu_max_mhz",
    "throttled_since_boot",
    "undervoltage",
    "undervoltage_since_boot",
    "power_w",
    "load_1min",
    "cpu_pressure_percent",
    "memory_pressure_percent",
    "io_pressure_percent",
    "swap_used_mb",
    "swap_total_mb",
    "disk_total_mb",
    "disk_inodes_free_percent",
    "disk_read_only",
    "disk_life_used_percent",
    "disk_errors",
    "network_mbit",
    "wifi_signal_dbm",
    "agent_uptime_s",
    "reboots_unexpected",
    "agent_crashes",
    "crash_free_s",
    "outbox_bytes",
    "outbox_oldest_s",
    "interval_s",
)
_read_vitals = attrgetter(*_VITALS)
_QUANTILES = {stage: tuple(f"{stage}_{one}_ms" for one in ("p50", "p95", "p99")) for stage in STAGES}


def points_of(topic: Topic, heartbeat: Heartbeat, *, offset_ms: int = 0) -> list[Point]:
    """Return the ``heartbeat`` point and one ``inference`` point for each pipeline.

    ``offset_ms`` is what is added to the device's time; where it is not 0, the point carries it as `clock_offset_s`.
    """
    time_ns = time_of(heartbeat, offset_ms=offset_ms)
    place = {"site": topic.site, "device": topic.device}
    vitals = {
        key: float(value) for key, value in zip(_VITALS, _read_vitals(heartbeat), strict=True) if value is not None
    }
    vitals["session"] = float(session_order(heartbeat.session))
    vitals["seq"] = float(heartbeat.seq)
    vitals["clock_synced"] = float(heartbeat.clock == "synced")
    vitals["replayed"] = float(heartbeat.replayed)
    vitals["sensors_stuck"] = float(len(heartbeat.stuck_sensors))
    if offset_ms:
        vitals["clock_offset_s"] = offset_ms / 1e3
    # Names come from the network here; the contract bounds their number, `_named` their form.
    for one in heartbeat.temperatures:
        # Of several parts with one name, as two drives have it, the hottest counts.
        name = _named("temp", one.name, "_c")
        vitals[name] = max(one.value_c, vitals.get(name, one.value_c))
    for name, watts in heartbeat.rails_w.items():
        vitals[_named("rail", name, "_w")] = watts
    for name, value in heartbeat.sensors.items():
        vitals[f"sensor_{name}"] = value
    first = Point(
        measurement="heartbeat", tags={**place, "board": tag_text(heartbeat.board)}, fields=vitals, time_ns=time_ns
    )
    return [first, *[_inference(place, pipeline, time_ns) for pipeline in heartbeat.pipelines]]


def time_of(message: Message, *, offset_ms: int = 0) -> int:
    """Return the stored time in ns: ``ts`` moved by ``offset_ms``, with ``seq`` in its sub-millisecond digits.

    Two messages of one millisecond thus stay apart, and one that is delivered again lands on itself.
    """
    return (message.ts + offset_ms) * NS_PER_MS + message.seq % NS_PER_MS


# A fleet has few boards and models, and says them in every message.
@lru_cache(maxsize=4096)
def tag_text(text: str) -> str:
    """Return ``text`` as every store can keep it: what has no encoding in line protocol becomes ``_``."""
    return "".join(char if is_encodable(char) else "_" for char in text)


def model_tag(pipeline: PipelineVitals) -> str:
    """Return the model with its version, so that versions can be compared."""
    return _versioned(pipeline.model, pipeline.model_version)


@lru_cache(maxsize=4096)
def _versioned(model: str, version: str) -> str:
    return tag_text(f"{model}@{version}")


@lru_cache(maxsize=4096)
def _named(kind: str, name: str, unit: str) -> str:
    """Return a field's name for a part that the device names: ``temp_cpu_thermal_c``."""
    return f"{kind}_{_NO_NAME.sub('_', name.lower())[:MAX_NAME_CHARS].strip('_')}{unit}"


# Field names come from the network here, so their number and form are bounded.
@lru_cache(maxsize=4096)
def _counted(causes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return those causes of drops that are kept apart, each with its field's name."""
    kept = sorted(cause for cause in causes if _CAUSE.match(cause))[:MAX_DROP_CAUSES]
    return tuple((cause, f"drops_{cause}") for cause in kept)


def _inference(place: dict[str, str], pipeline: PipelineVitals, time_ns: int) -> Point:
    drops = pipeline.drops
    fields = {
        "frames": float(pipeline.frames),
        "errors": float(pipeline.errors),
        "drops": float(sum(drops.values())),
        "running": float(pipeline.state == "running"),
    }
    if pipeline.cpu_percent is not None:
        fields["cpu_percent"] = pipeline.cpu_percent
    if pipeline.memory_mb is not None:
        fields["memory_mb"] = pipeline.memory_mb
    for cause, name in _counted(tuple(drops)):
        fields[name] = float(drops[cause])
    for stage, quantiles in pipeline.stages_ms.items():
        names = _QUANTILES.get(stage)
        if names is not None:
            fields[names[0]], fields[names[1]], fields[names[2]] = quantiles.p50, quantiles.p95, quantiles.p99
    tags = {**place, "pipeline": tag_text(pipeline.name), "model": _versioned(pipeline.model, pipeline.model_version)}
    return Point(measurement="inference", tags=tags, fields=fields, time_ns=time_ns)
