"""From the fleet to figures: what a rule of each kind reads of a device, of its pipelines and of the server.

Pure. A value of None stands for "not known now"; what is not read at all is no longer there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from skerry_server.alerts.fleet import Pipeline, Vitals, Watched
from skerry_server.alerts.rules import Rule
from skerry_server.alerts.usual import Drift
from skerry_server.workers import Worker, joined_parts, spool_percent

DELIBERATE_DROPS = frozenset({"rate-limit", "no-motion"})
"""Causes of drops that somebody asked for."""
LATENCY_STAGE = "inference"
HOUR_S = 3600.0


class Reading(NamedTuple):
    """A figure of one subject: a device, ``subject`` of it, or of the server or fleet where ``device`` is None.

    ``since_ms`` is since when it is so, where something else than the rule knows that; ``note`` says more about it.
    """

    device: str | None
    subject: str
    value: float | None
    since_ms: int | None = None
    note: str | None = None


class Past(Protocol):
    """What is usual, learnt from the past; None where too little is known."""

    def latency_limit_ms(self, board: str, model: str) -> float | None:
        """Return the upper end of what is usual for ``model`` ("name@version") on a board (ms)."""
        ...

    def count_before(self, device: str, counter: str) -> int | None:
        """Return where a device's counter stood a day ago, or as far back as anything is known of it."""
        ...

    def drift(self, model: str) -> Drift | None:
        """Return the mean score of ``model`` ("name version") in the last hours and in the days before."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerPart:
    """A part that the server stands on: whether it is away, since when (None where nobody knows), and what it said."""

    is_away: bool
    since_ms: int | None
    detail: str


NO_WORKER = "no ingest worker runs: nothing is taken in, and no device is marked as silent"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerState:
    """How the server itself is: its parts by name, its spool's used share, what it refuses in a minute."""

    parts: Mapping[str, ServerPart] = field(default_factory=dict)
    spool_percent: float | None = None
    dead_letters_per_min: float | None = None


def server_state(workers: Sequence[Worker], *, dead_letters_per_min: float, now_ms: int) -> ServerState:
    """Return how the server is, as its workers tell: the fullest of their spools counts, and who is silent is away."""
    parts = {
        str(name): ServerPart(is_away=not part.is_ok, since_ms=part.since_ms, detail=f"{name}: {part.detail}")
        for name, part in joined_parts(workers).items()
    }
    for one in workers:
        detail = f"worker {one.name}: nothing was heard of it"
        parts[f"worker {one.name}"] = ServerPart(is_away=one.is_silent, since_ms=now_ms - one.age_ms, detail=detail)
    # Those that were told to stop are gone from the registry, and with the last of them whoever would say so.
    parts["workers"] = ServerPart(is_away=not workers, since_ms=None, detail=NO_WORKER)
    shares = [spool_percent(one.report) for one in workers if one.report is not None]
    used = max((share for share in shares if share is not None), default=None)
    return ServerState(parts=parts, spool_percent=used, dead_letters_per_min=dead_letters_per_min)


def readings(rule: Rule, fleet: Iterable[Watched], past: Past, server: ServerState) -> Iterator[Reading]:
    """Yield what ``rule`` looks at."""
    if rule.kind.about == "server":
        return _of_server(rule.kind.name, server)
    if rule.kind.about == "model":
        return _of_models(rule, fleet, past)
    covered = fleet if rule.scope.is_everything else filter(rule.scope.covers, fleet)
    if rule.kind.about == "pipeline":
        return _of_pipelines(rule, covered, past)
    if rule.kind.name in ("offline", "degraded"):
        return _of_presence(rule.kind.name, covered)
    if rule.kind.name in COUNTERS:
        return _of_counter(COUNTERS[rule.kind.name], covered, past)
    return _of_vitals(VITALS[rule.kind.name], covered)


def _of_presence(state: str, fleet: Iterable[Watched]) -> Iterator[Reading]:
    for device in fleet:
        if device.state is not None:
            yield Reading(device.id, "", float(device.state == state), device.since_ms, device.reason)


def _of_vitals(read: Callable[[Vitals], float | None], fleet: Iterable[Watched]) -> Iterator[Reading]:
    for device in fleet:
        yield Reading(device.id, "", None if device.vitals is None else read(device.vitals))


def _of_counter(counter: str, fleet: Iterable[Watched], past: Past) -> Iterator[Reading]:
    for device in fleet:
        now = None if device.vitals is None else getattr(device.vitals, counter)
        before = None if now is None else past.count_before(device.id, counter)
        # A counter that fell began anew, as with a new card.
        rise = None if now is None or before is None else float(now - before if now >= before else now)
        yield Reading(device.id, "", rise)


def _of_pipelines(rule: Rule, fleet: Iterable[Watched], past: Past) -> Iterator[Reading]:
    read = PIPELINES.get(rule.kind.name)
    for device in fleet:
        if device.vitals is None:
            yield from (Reading(device.id, name, None) for name in device.pipelines)
            continue
        for one in device.vitals.pipelines:
            if rule.scope.models and not rule.scope.names(f"{one.model} {one.model_version}"):
                continue
            value = read(one) if read else _slowness(one, device.board, past)
            yield Reading(device.id, one.name, value, None, f"{one.model} {one.model_version}")


def _of_models(rule: Rule, fleet: Iterable[Watched], past: Past) -> Iterator[Reading]:
    models = {model for device in fleet for model in device.models}
    for model in sorted(filter(rule.scope.names, models)):
        drift = past.drift(model)
        if drift is None:
            yield Reading(None, model, None)
        else:
            note = f"mean score {drift.now:.3f}, before {drift.before:.3f}"
            yield Reading(None, model, abs(drift.now - drift.before), None, note)


def _of_server(kind: str, server: ServerState) -> Iterator[Reading]:
    if kind == "part-away":
        for name, part in server.parts.items():
            yield Reading(None, name, float(part.is_away), part.since_ms, part.detail)
    elif kind == "spool":
        yield Reading(None, "spool", server.spool_percent)
    else:
        yield Reading(None, "dead letters", server.dead_letters_per_min)


def _slowness(pipeline: Pipeline, board: str | None, past: Past) -> float | None:
    stage = pipeline.stages_ms.inference
    limit_ms = past.latency_limit_ms(board or "", f"{pipeline.model}@{pipeline.model_version}")
    return None if stage is None or not limit_ms else stage.p95 / limit_ms


def _drop_share(pipeline: Pipeline) -> float | None:
    lost = sum(count for cause, count in pipeline.drops.items() if cause not in DELIBERATE_DROPS)
    return _percent(lost, lost + pipeline.frames)


def _error_share(pipeline: Pipeline) -> float | None:
    return _percent(pipeline.errors, pipeline.errors + pipeline.frames)


def _percent(part: float, whole: float) -> float | None:
    return 100.0 * part / whole if whole > 0 else None


def _margin_c(vitals: Vitals) -> float | None:
    if vitals.temperature_c is None or vitals.temperature_trip_c is None:
        return None
    return vitals.temperature_trip_c - vitals.temperature_c


def _disk_free(vitals: Vitals) -> float | None:
    shares = [vitals.disk_inodes_free_percent]
    if vitals.disk_free_mb is not None and vitals.disk_total_mb:
        shares.append(_percent(vitals.disk_free_mb, vitals.disk_total_mb))
    return min((share for share in shares if share is not None), default=None)


def _crash_free_h(vitals: Vitals) -> float | None:
    if not (vitals.agent_crashes or vitals.reboots_unexpected):
        return math.inf
    return None if vitals.crash_free_s is None else vitals.crash_free_s / HOUR_S


VITALS: dict[str, Callable[[Vitals], float | None]] = {
    "temperature": lambda one: one.temperature_c,
    "temperature-margin": _margin_c,
    "throttled": lambda one: one.throttled,
    "undervoltage": lambda one: one.undervoltage,
    "disk-space": _disk_free,
    "disk-read-only": lambda one: one.disk_read_only,
    "disk-wear": lambda one: one.disk_life_used_percent,
    "disk-errors": lambda one: one.disk_errors,
    "outbox-age": lambda one: one.outbox_oldest_s if one.outbox_depth else 0.0,
    "outbox-depth": lambda one: one.outbox_depth,
    "crash-free": _crash_free_h,
    "clock": lambda one: one.clock != "synced",
}
PIPELINES: dict[str, Callable[[Pipeline], float | None]] = {"drop-rate": _drop_share, "errors": _error_share}
COUNTERS = {"outbox-drops": "outbox_dropped", "crashes": "agent_crashes", "reboots": "reboots_unexpected"}
