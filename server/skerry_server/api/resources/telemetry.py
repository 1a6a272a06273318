"""Numbers of one device: points as they came, page by page, and long ranges in windows."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from skerry_server.api.context import Asking, Context, DeviceName, visible_device
from skerry_server.api.resources.devices import NO_DEVICE
from skerry_server.api.schemas import SampleOut, SamplesOut
from skerry_server.stores.archive import NS_PER_S, Aggregate, WindowQuery
from skerry_server.stores.base import MAX_TIME_NS, Measurement, Point
from skerry_server.stores.base import Query as StoreQuery

NS_PER_MS = 1_000_000
MAX_MS = MAX_TIME_NS // NS_PER_MS
MAX_SAMPLES = 10_000
MAX_OF_A_MOMENT = 200
"""Points of one device with the same time: one for each of its pipelines and models."""
MAX_WINDOWS = 10_000
DEFAULT_RANGE_MS = 86_400_000
DEFAULT_WINDOWS = 300
FIELD_PATTERN = r"^[A-Za-z0-9_]{1,128}(,[A-Za-z0-9_]{1,128}){0,31}$"
SampleMs = Annotated[int, Field(ge=0, le=MAX_MS)]
SAMPLE_CURSOR_PATTERN = r"^[0-9]{1,19}$"


class SampleQuery(BaseModel):
    """Which points are wanted, newest first."""

    model_config = ConfigDict(extra="forbid")

    measurement: Measurement = "heartbeat"
    since_ms: SampleMs = 0
    until_ms: SampleMs = MAX_MS
    limit: int = Field(default=100, ge=1, le=MAX_SAMPLES)
    cursor: str | None = Field(default=None, pattern=SAMPLE_CURSOR_PATTERN, description="`next` of the page before.")


class WindowsQuery(BaseModel):
    """Which windows are wanted; without ``since_ms`` the last day, without ``step_s`` some 300 of them."""

    model_config = ConfigDict(extra="forbid")

    measurement: Measurement = "heartbeat"
    fields: str | None = Field(default=None, pattern=FIELD_PATTERN, description="Names with commas; without: all.")
    since_ms: SampleMs | None = None
    until_ms: SampleMs | None = None
    step_s: int | None = Field(default=None, ge=1, le=366 * 86_400)
    aggregate: Aggregate = "mean"


class SeriesOut(BaseModel):
    """One series: ``times_ms`` are when its windows begin; each field has a value, or null, for each of them."""

    tags: dict[str, str]
    times_ms: list[int]
    fields: dict[str, list[float | None]]


class TelemetryOut(BaseModel):
    """The series of one device, each oldest first.

    ``step_s`` is what was asked for, or the shortest longer one that the range allows. ``is_cut`` says that there was
    more than an answer holds, and that the oldest windows were left out.
    """

    step_s: int
    since_ms: int
    until_ms: int
    series: list[SeriesOut]
    is_cut: bool


def add_telemetry(router: APIRouter, context: Context) -> None:
    """Add the routes of numbers."""

    @router.get("/devices/{device}/samples", responses=NO_DEVICE)
    def samples(device: DeviceName, query: Annotated[SampleQuery, Query()], visitor: Asking) -> SamplesOut:
        """Numbers of one device as they came, newest first."""
        with context.database.reading() as session:
            visible_device(session, visitor, device)
        stop_ns = query.until_ms * NS_PER_MS
        if query.cursor is not None:
            stop_ns = min(stop_ns, int(query.cursor))
        points = context.store.query(
            StoreQuery(
                measurement=query.measurement,
                tags={"device": device},
                start_ns=query.since_ms * NS_PER_MS,
                stop_ns=stop_ns,
                limit=query.limit + MAX_OF_A_MOMENT,
            )
        )
        page, following = whole_moments(points, query.limit)
        found = [SampleOut(time_ns=one.time_ns, tags=dict(one.tags), fields=dict(one.fields)) for one in page]
        return SamplesOut(samples=found, next=following)

    @router.get("/devices/{device}/telemetry", responses=NO_DEVICE)
    def telemetry(device: DeviceName, query: Annotated[WindowsQuery, Query()], visitor: Asking) -> TelemetryOut:
        """Numbers of one device over a long time, summed up window by window.

        Where points are no longer kept as they came, windows are of 5 minutes or a multiple of it.
        """
        with context.database.reading() as session:
            visible_device(session, visitor, device)
        asked = window_query(device, query, now_ms=time.time_ns() // NS_PER_MS)
        points = context.store.windows(asked)
        return TelemetryOut(
            step_s=asked.step_ns // NS_PER_S,
            since_ms=asked.start_ns // NS_PER_MS,
            until_ms=asked.stop_ns // NS_PER_MS,
            series=in_series(points),
            is_cut=len(points) >= asked.limit,
        )


def whole_moments(points: Sequence[Point], limit: int) -> tuple[Sequence[Point], str | None]:
    """Return the first ``limit`` of ``points`` and all with the time of the last of them, and the next page's cursor.

    ``points`` are newest first. A cursor is a time: what is before it follows, so nothing is left out or comes twice.
    """
    if len(points) <= limit:
        return points, None
    end = limit
    while end < len(points) and points[end].time_ns == points[limit - 1].time_ns:
        end += 1
    return points[:end], str(points[limit - 1].time_ns)


def window_query(device: str, query: WindowsQuery, *, now_ms: int) -> WindowQuery:
    """Return what to ask the store; steps that would give more windows than an answer holds are made longer."""
    until_ms = now_ms if query.until_ms is None else query.until_ms
    since_ms = max(0, until_ms - DEFAULT_RANGE_MS) if query.since_ms is None else query.since_ms
    range_s = max(0, until_ms - since_ms) / 1000
    step_s = query.step_s or round(range_s / DEFAULT_WINDOWS)
    step_s = max(step_s, math.ceil(range_s / MAX_WINDOWS), 1)
    return WindowQuery(
        measurement=query.measurement,
        step_ns=step_s * NS_PER_S,
        aggregate=query.aggregate,
        fields=tuple(query.fields.split(",")) if query.fields else (),
        tags={"device": device},
        start_ns=since_ms * NS_PER_MS,
        stop_ns=until_ms * NS_PER_MS,
        limit=MAX_WINDOWS,
    )


def in_series(points: Sequence[Point]) -> list[SeriesOut]:
    """Return points, newest first, as series by their tags, oldest first."""
    by_tags: dict[tuple[tuple[str, str], ...], list[Point]] = {}
    for one in reversed(points):
        by_tags.setdefault(tuple(sorted(one.tags.items())), []).append(one)
    return [
        SeriesOut(
            tags=dict(tags),
            times_ms=[one.time_ns // NS_PER_MS for one in own],
            fields={name: [one.fields.get(name) for one in own] for name in sorted({n for p in own for n in p.fields})},
        )
        for tags, own in sorted(by_tags.items())
    ]
