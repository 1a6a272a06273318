"""The routes under ``/api/v1`` and ``/healthz``. They hold no state, so any number of processes may serve them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from skerry_edge import __version__
from skerry_edge.contracts.topics import ID_PATTERN, NAME_PATTERN
from skerry_edge.foundation.errors import SkerryError
from skerry_server.api.queries import CURSOR_PATTERN, EventQuery
from skerry_server.api.read import API, dead_letter_out, device_out, read_events
from skerry_server.api.schemas import (
    DeadLettersOut,
    DeviceOut,
    DevicesOut,
    ErrorOut,
    EventsOut,
    HealthOut,
    SampleOut,
    SamplesOut,
)
from skerry_server.health import Health
from skerry_server.health_report import health_report
from skerry_server.registry.database import Database
from skerry_server.registry.dead_letters import count_dead_letters, list_dead_letters
from skerry_server.registry.devices import list_devices, newest_heartbeat
from skerry_server.registry.events import MAX_PAGE
from skerry_server.registry.snapshots import read_snapshot
from skerry_server.stores.base import MAX_TIME_NS, Measurement, Store
from skerry_server.stores.base import Query as StoreQuery

SampleMs = Annotated[int, Query(ge=0, le=MAX_TIME_NS // 1_000_000)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Cursor = Annotated[str, Query(pattern=CURSOR_PATTERN, description="`next` of the page before.")]
_SNAPSHOT_HEADERS = {
    "cache-control": "private, max-age=86400, immutable",
    # The bytes come from a device: no browser is to make anything of them but a picture.
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
}
UNAVAILABLE: dict[int | str, dict[str, object]] = {503: {"model": ErrorOut, "description": "A database is away."}}


def create_api(database: Database, store: Store, health: Health) -> FastAPI:
    """Return the application; the dashboard may be added to it."""
    api = FastAPI(
        title="Skerry", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json"
    )
    router = APIRouter(prefix=API, responses=UNAVAILABLE)
    _add_devices(router, database, store)
    _add_snapshots(router, database)
    _add_events(router, database)
    _add_not_found(router)
    api.include_router(router)
    _add_health(api, health)
    api.add_exception_handler(SkerryError, _unavailable)
    return api


def _add_devices(router: APIRouter, database: Database, store: Store) -> None:
    @router.get("/devices")
    def devices() -> DevicesOut:
        """All devices: there or not, why, last seen, models, temperature."""
        with database.reading() as session:
            return DevicesOut(devices=[device_out(*row) for row in list_devices(session)])

    @router.get("/devices/{device}", responses={404: {"description": "No such device."}})
    def device(device: Annotated[str, Path(pattern=NAME_PATTERN)]) -> DeviceOut:
        """One device."""
        with database.reading() as session:
            rows = list_devices(session, device=device)
            if not rows:
                raise HTTPException(404, f"no device '{device}' was ever heard")
            return device_out(*rows[0])

    @router.get(
        "/devices/{device}/heartbeat",
        response_class=Response,
        responses={200: {"content": {"application/json": {}}}, 404: {"description": "It sent none yet."}},
    )
    def heartbeat(device: Annotated[str, Path(pattern=NAME_PATTERN)]) -> Response:
        """Newest heartbeat of one device, as it came."""
        with database.reading() as session:
            payload = newest_heartbeat(session, device)
        if payload is None:
            raise HTTPException(404, f"no heartbeat of a device '{device}' is known")
        return Response(payload, media_type="application/json", headers={"x-content-type-options": "nosniff"})

    @router.get("/devices/{device}/samples")
    def samples(
        device: Annotated[str, Path(pattern=NAME_PATTERN)],
        measurement: Measurement = "heartbeat",
        since_ms: SampleMs = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    ) -> SamplesOut:
        """Numbers of one device from the time-series store, newest first."""
        query = StoreQuery(measurement=measurement, tags={"device": device}, start_ns=since_ms * 1_000_000, limit=limit)
        points = store.query(query)
        found = [SampleOut(time_ns=one.time_ns, tags=dict(one.tags), fields=dict(one.fields)) for one in points]
        return SamplesOut(samples=found)


def _add_snapshots(router: APIRouter, database: Database) -> None:
    @router.get(
        "/devices/{device}/snapshots/{event}",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}, 404: {"description": "No such snapshot is kept."}},
    )
    def snapshot(
        device: Annotated[str, Path(pattern=NAME_PATTERN)], event: Annotated[str, Path(pattern=ID_PATTERN)]
    ) -> Response:
        """Picture of one event; of each device the newest are kept."""
        with database.reading() as session:
            jpeg = read_snapshot(session, device, event)
        if jpeg is None:
            raise HTTPException(404, f"no snapshot of the event '{event}' of '{device}' is kept")
        return Response(jpeg, media_type="image/jpeg", headers=_SNAPSHOT_HEADERS)


def _add_events(router: APIRouter, database: Database) -> None:
    @router.get("/events")
    def events(query: Annotated[EventQuery, Query()]) -> EventsOut:
        """Events, newest arrival first; ``since_ms`` and ``until_ms`` bound when they happened."""
        with database.reading() as session:
            rows = read_events(session, query.search())
        limit = query.limit
        return EventsOut(events=rows[:limit], next=str(rows[limit - 1].id) if len(rows) > limit else None)

    @router.get("/dead-letters")
    def dead_letters(limit: Limit = 50, cursor: Cursor | None = None) -> DeadLettersOut:
        """Messages that were refused, with the reason, newest first."""
        with database.reading() as session:
            found = list_dead_letters(session, limit=limit + 1, before_id=_before(cursor))
            rows = [dead_letter_out(row) for row in found]
            total = count_dead_letters(session)
        following = str(rows[limit - 1].id) if len(rows) > limit else None
        return DeadLettersOut(dead_letters=rows[:limit], total=total, next=following)


def _add_not_found(router: APIRouter) -> None:
    @router.get("/{rest:path}", include_in_schema=False)
    def nothing_here(rest: str) -> None:
        """Answer for addresses below the API in its own way, before the dashboard does with a page."""
        raise HTTPException(404, f"there is nothing at /api/v1/{rest}")


def _add_health(api: FastAPI, health: Health) -> None:
    responses: dict[int | str, dict[str, Any]] = {503: {"model": HealthOut}}

    @api.get("/healthz", response_model=HealthOut, responses=responses)
    def healthz() -> JSONResponse:
        """200 while the process gets on with its work, whatever is away; 503 when only a new start would help."""
        return JSONResponse(health_report(health), status_code=200 if health.is_alive() else 503)

    @api.get("/readyz", response_model=HealthOut, responses=responses)
    def readyz() -> JSONResponse:
        """200 while all that the server needs works; 503, with the reason, while something does not."""
        return JSONResponse(health_report(health), status_code=200 if health.is_ok() else 503)


def _before(cursor: str | None) -> int | None:
    return None if cursor is None else int(cursor)


async def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, SkerryError):
        raise error
    answer = ErrorOut(error=error.what, where=error.where, found=error.found, todo=error.todo)
    return JSONResponse(answer.model_dump(), status_code=503)
