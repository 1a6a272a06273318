"""A device's numbers over time as charts: what is asked of the store, and what becomes of its answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from skerry_server.stores.archive import NS_PER_S, WindowQuery
from skerry_server.stores.base import Measurement, Point
from skerry_server.ui.rows import model_text
from skerry_server.ui.views.charts import Chart, Points, Span, chart

NS_PER_MS = 1_000_000
RANGES = {
    "1h": (3_600, 60),
    "6h": (21_600, 120),
    "24h": (86_400, 300),
    "7d": (604_800, 1_800),
    "30d": (2_592_000, 10_800),
    "1y": (31_536_000, 86_400),
}
"""What people ask for: how long, and windows of how many seconds."""
MAX_POINTS = 20_000
_FIELDS: dict[Measurement, tuple[str, ...]] = {
    "heartbeat": (
        "temperature_c",
        "temperature_trip_c",
        "cpu_percent",
        "memory_used_mb",
        "memory_total_mb",
        "disk_free_mb",
        "outbox_depth",
        "power_w",
        "wifi_signal_dbm",
    ),
    "inference": ("inference_p50_ms", "inference_p95_ms", "end_to_end_p95_ms", "frames", "drops", "errors"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    title: str
    unit: str
    fields: dict[str, str]
    floor: float | None = 0.0


_MACHINE = (
    _Plan(
        title="Temperature", unit="°C", fields={"processor": "temperature_c", "limit": "temperature_trip_c"}, floor=None
    ),
    _Plan(title="Processor", unit="%", fields={"in use": "cpu_percent"}),
    _Plan(title="Memory", unit="MB", fields={"in use": "memory_used_mb"}),
    _Plan(title="Disk", unit="MB", fields={"free": "disk_free_mb"}),
    _Plan(title="Outbox", unit="messages", fields={"waiting": "outbox_depth"}),
    _Plan(title="Power", unit="W", fields={"drawn": "power_w"}),
    _Plan(title="Wi-Fi signal", unit="dBm", fields={"signal": "wifi_signal_dbm"}, floor=None),
)
_PIPELINE = (
    _Plan(
        title="Latency",
        unit="ms",
        fields={
            "inference p50": "inference_p50_ms",
            "inference p95": "inference_p95_ms",
            "end to end p95": "end_to_end_p95_ms",
        },
    ),
    _Plan(title="Frames in a heartbeat", unit="", fields={"seen": "frames", "dropped": "drops", "failed": "errors"}),
)


def queries(device: str, chosen: str, *, now_ns: int) -> dict[Measurement, WindowQuery]:
    """Return what to ask the store for the range ``chosen`` of RANGES."""
    span_s, step_s = RANGES[chosen]
    return {
        measurement: WindowQuery(
            measurement=measurement,
            step_ns=step_s * NS_PER_S,
            fields=fields,
            tags={"device": device},
            start_ns=now_ns - span_s * NS_PER_S,
            stop_ns=now_ns,
            limit=MAX_POINTS,
        )
        for measurement, fields in _FIELDS.items()
    }


def span_of(chosen: str, *, now_ms: int) -> Span:
    """Return the time that charts of a range show."""
    span_s, step_s = RANGES[chosen]
    return Span(start_ms=now_ms - span_s * 1000, end_ms=now_ms, step_ms=step_s * 1000)


def machine_charts(points: Iterable[Point], span: Span) -> list[Chart]:
    """Return the charts of heartbeats."""
    return _charts(_MACHINE, list(points), span, "")


def pipeline_charts(points: Iterable[Point], span: Span) -> list[Chart]:
    """Return the charts of each pipeline and model version."""
    by_series: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for one in points:
        by_series[one.tags["pipeline"], one.tags["model"]].append(one)
    return [
        made
        for (pipeline, model), of_series in sorted(by_series.items())
        for made in _charts(_PIPELINE, of_series, span, f" · {pipeline}, {model_text(model.replace('@', ' '))}")
    ]


def _charts(plans: tuple[_Plan, ...], points: list[Point], span: Span, suffix: str) -> list[Chart]:
    made = (
        chart(
            plan.title + suffix,
            plan.unit,
            {name: _series(points, field) for name, field in plan.fields.items()},
            span,
            floor=plan.floor,
        )
        for plan in plans
    )
    return [one for one in made if one is not None]


def _series(points: list[Point], field: str) -> Points:
    found = [(one.time_ns // NS_PER_MS, one.fields[field]) for one in points if field in one.fields]
    return sorted(found)
