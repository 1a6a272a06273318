"""What a heartbeat says, as groups of short lines for the page of one device. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from skerry_edge.contracts.messages import Heartbeat, PipelineVitals
from skerry_server.api.schemas import DeviceOut
from skerry_server.durations import span
from skerry_server.ui.rows import ago, model_text

Tone = Literal["plain", "warn", "bad"]
NEAR_TRIP_C = 5.0
LOW_DISK_SHARE = 0.05
WORN_PERCENT = 80.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One line: what it is about, what is so, and whether somebody should look."""

    name: str
    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Lines that belong together."""

    title: str
    facts: tuple[Fact, ...]


def device_groups(device: DeviceOut, heartbeat: Heartbeat | None, *, now_ms: int) -> list[Group]:
    """Return all that is known of a device, without groups that would be empty."""
    groups = [Group(title="Presence", facts=tuple(_state(device, now_ms)))]
    if heartbeat is not None:
        groups += [
            Group(title="Machine", facts=tuple(_machine(heartbeat))),
            Group(title="Health", facts=(*_health(heartbeat), *_strain(heartbeat))),
            *(Group(title=f"Pipeline {one.name}", facts=tuple(_pipeline(one))) for one in heartbeat.pipelines),
            Group(title="Temperatures", facts=tuple(_temperatures(heartbeat))),
            Group(title="Sensors", facts=tuple(_sensors(heartbeat))),
            Group(title="Versions", facts=tuple(_versions(heartbeat))),
        ]
    return [group for group in groups if group.facts]


def _state(device: DeviceOut, now_ms: int) -> Iterable[Fact]:
    tones: dict[str, Tone] = {"online": "plain", "degraded": "warn", "offline": "bad"}
    lasted = span((now_ms - device.since_ms) / 1000)
    yield Fact(name="State", text=f"{device.presence} for {lasted}", tone=tones[device.presence])
    if device.reason:
        yield Fact(name="Reason", text=device.reason)
    yield Fact(name="Last seen", text=ago(device.last_seen_ms, now_ms=now_ms))
    if device.clock_synced is not None:
        yield Fact(name="Clock", text="synchronised" if device.clock_synced else "not synchronised")


def _machine(beat: Heartbeat) -> Iterable[Fact]:
    use = [f"{beat.cpu_percent:.0f} %"] if beat.cpu_percent is not None else []
    use += [f"load {beat.load_1min:.2f}"] if beat.load_1min is not None else []
    if use:
        yield Fact(name="Processor", text=", ".join(use))
    if beat.temperature_c is not None:
        yield _temperature("Temperature", beat.temperature_c, beat.temperature_trip_c)
    if beat.cpu_mhz is not None:
        yield Fact(name="Clock speed", text=_clock_speed(beat))
    if beat.memory_used_mb is not None and beat.memory_total_mb is not None:
        yield Fact(name="Memory", text=f"{_size(beat.memory_used_mb)} of {_size(beat.memory_total_mb)} in use")
    if beat.swap_total_mb and beat.swap_used_mb is not None:
        yield Fact(name="Swap", text=f"{_size(beat.swap_used_mb)} of {_size(beat.swap_total_mb)} in use")
    yield _disk(beat)
    if beat.network_interface is not None:
        yield Fact(name="Network", text=_network(beat))
    power = [f"{beat.power_w:.1f} W"] if beat.power_w is not None else []
    power += [f"mode {beat.power_mode}"] if beat.power_mode is not None else []
    if power:
        yield Fact(name="Power", text=", ".join(power))
    yield Fact(name="Up for", text=span(beat.uptime_s))


def _health(beat: Heartbeat) -> Iterable[Fact]:
    if beat.throttled is not None:
        yield _now_or_before("Throttled", now=beat.throttled, before=beat.throttled_since_boot)
    if beat.undervoltage is not None:
        yield _now_or_before("Under-voltage", now=beat.undervoltage, before=beat.undervoltage_since_boot)
    if beat.crash_free_s is not None:
        yield Fact(name="Without a crash for", text=span(beat.crash_free_s))
    if beat.agent_crashes is not None:
        yield _count("Crashes of the agent", beat.agent_crashes)
    if beat.reboots_unexpected is not None:
        yield _count("Unexpected reboots", beat.reboots_unexpected)


def _strain(beat: Heartbeat) -> Iterable[Fact]:
    yield _outbox(beat)
    if beat.outbox_dropped:
        yield _count("Messages given up", beat.outbox_dropped)
    waits = {"cpu": beat.cpu_pressure_percent, "memory": beat.memory_pressure_percent, "disk": beat.io_pressure_percent}
    told = [f"{name} {percent:.0f} %" for name, percent in waits.items() if percent is not None]
    if told:
        yield Fact(name="Pressure", text=f"{', '.join(told)} of the time")
    if beat.disk_life_used_percent is not None:
        used = beat.disk_life_used_percent
        yield Fact(name="Disk's life used", text=f"up to {used:.0f} %", tone="warn" if used > WORN_PERCENT else "plain")
    if beat.disk_errors:
        yield _count("Errors of the disk", beat.disk_errors)
    if beat.stuck_sensors:
        yield Fact(name="Do not answer", text=", ".join(beat.stuck_sensors), tone="warn")


def _pipeline(one: PipelineVitals) -> Iterable[Fact]:
    state = f"{one.state}, muted" if one.muted else one.state
    yield Fact(name="State", text=state, tone="warn" if one.state == "failing" else "plain")
    yield Fact(name="Model", text=f"{model_text(f'{one.model} {one.model_version}')} on {one.backend}")
    yield Fact(name="Frames since the last heartbeat", text=f"{one.frames:,}")
    if "inference" in one.stages_ms:
        stage = one.stages_ms["inference"]
        yield Fact(name="Inference", text=f"{stage.p50:.1f} ms, 95 of 100 within {stage.p95:.1f} ms")
    if one.errors:
        yield Fact(name="Errors", text=f"{one.errors:,}", tone="warn")
    if one.drops:
        yield Fact(name="Dropped frames", text=", ".join(f"{cause} {count:,}" for cause, count in one.drops.items()))
    costs = [f"{one.cpu_percent:.0f} % of a core"] if one.cpu_percent is not None else []
    costs += [_size(one.memory_mb)] if one.memory_mb is not None else []
    if costs:
        yield Fact(name="Costs", text=", ".join(costs))


def _temperatures(beat: Heartbeat) -> Iterable[Fact]:
    # A single one is the processor's, which stands above already.
    if len(beat.temperatures) > 1:
        yield from (_temperature(one.name, one.value_c, one.trip_c) for one in beat.temperatures)


def _sensors(beat: Heartbeat) -> Iterable[Fact]:
    yield from (Fact(name=name, text=f"{value:g}") for name, value in sorted(beat.sensors.items()))
    yield from (Fact(name=name, text=f"{watts:.2f} W") for name, watts in beat.rails_w.items())


def _versions(beat: Heartbeat) -> Iterable[Fact]:
    yield Fact(name="agent", text=beat.agent_version)
    yield from (Fact(name=name, text=text) for name, text in beat.versions.items())


def _temperature(name: str, value_c: float, trip_c: float | None) -> Fact:
    if trip_c is None:
        return Fact(name=name, text=f"{value_c:.1f} °C")
    tone: Tone = "bad" if value_c >= trip_c else "warn" if value_c >= trip_c - NEAR_TRIP_C else "plain"
    return Fact(name=name, text=f"{value_c:.1f} °C (limit {trip_c:.0f} °C)", tone=tone)


def _clock_speed(beat: Heartbeat) -> str:
    limited = beat.cpu_limit_mhz and beat.cpu_max_mhz and beat.cpu_limit_mhz < beat.cpu_max_mhz
    limit = f", limited to {beat.cpu_limit_mhz:,.0f} of {beat.cpu_max_mhz:,.0f} MHz" if limited else ""
    return f"{beat.cpu_mhz:,.0f} MHz{limit}"


def _disk(beat: Heartbeat) -> Fact:
    if beat.disk_read_only:
        return Fact(name="Disk", text="can only be read", tone="bad")
    text = f"{_size(beat.disk_free_mb)} free"
    if not beat.disk_total_mb:
        return Fact(name="Disk", text=text)
    short = [beat.disk_free_mb < LOW_DISK_SHARE * beat.disk_total_mb]
    if beat.disk_inodes_free_percent is not None:
        short.append(beat.disk_inodes_free_percent < 100 * LOW_DISK_SHARE)
        text += f" of {_size(beat.disk_total_mb)}, {beat.disk_inodes_free_percent:.0f} % of inodes free"
    return Fact(name="Disk", text=text, tone="warn" if any(short) else "plain")


def _network(beat: Heartbeat) -> str:
    parts = [beat.network_interface or ""]
    parts += [f"{beat.network_mbit:,.0f} Mbit/s"] if beat.network_mbit is not None else []
    parts += [f"signal {beat.wifi_signal_dbm:.0f} dBm"] if beat.wifi_signal_dbm is not None else []
    return ", ".join(parts)


def _outbox(beat: Heartbeat) -> Fact:
    if not beat.outbox_depth:
        return Fact(name="Outbox", text="empty")
    text = f"{beat.outbox_depth:,} message{'' if beat.outbox_depth == 1 else 's'}"
    if beat.outbox_bytes is not None:
        text += f", {beat.outbox_bytes / 1e3:,.1f} kB"
    if beat.outbox_oldest_s is not None:
        text += f", the oldest {span(beat.outbox_oldest_s)} old"
    return Fact(name="Outbox", text=text)


def _now_or_before(name: str, *, now: bool, before: bool | None) -> Fact:
    if now:
        return Fact(name=name, text="now", tone="bad")
    if before:
        return Fact(name=name, text="not now, but since the machine's start", tone="warn")
    return Fact(name=name, text="no")


def _count(name: str, count: int) -> Fact:
    return Fact(name=name, text=f"{count:,}", tone="warn" if count else "plain")


def _size(megabytes: float) -> str:
    return f"{megabytes / 1e3:.1f} GB" if megabytes >= 1e3 else f"{megabytes:.0f} MB"
