"""The application: all routes under ``/api/v1``, and ``/healthz`` and ``/readyz``.

They hold no state, so any number of processes may serve them.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyCookie, HTTPBearer

from skerry_edge import __version__
from skerry_server.api.context import REFUSALS, Asking, Context
from skerry_server.api.faults import add_fault_handlers
from skerry_server.api.read import API
from skerry_server.api.resources.alerts import add_alerts
from skerry_server.api.resources.audit import add_audit
from skerry_server.api.resources.commands import add_commands
from skerry_server.api.resources.dead_letters import add_dead_letters
from skerry_server.api.resources.desired import add_desired
from skerry_server.api.resources.devices import add_devices
from skerry_server.api.resources.events import add_events
from skerry_server.api.resources.fleet import add_fleet
from skerry_server.api.resources.groups import add_groups
from skerry_server.api.resources.people import add_people
from skerry_server.api.resources.reports import add_reports
from skerry_server.api.resources.session import add_session
from skerry_server.api.resources.stages import add_stages
from skerry_server.api.resources.telemetry import add_telemetry
from skerry_server.api.schemas import HealthOut
from skerry_server.auth.credentials import COOKIE
from skerry_server.errors import NotFoundError
from skerry_server.health import Health
from skerry_server.health_report import health_report, public_health_report

# They only tell the document how to sign in: the gate has let in whoever comes this far.
_BEARER = HTTPBearer(auto_error=False, description="A token of `skerry server tokens` or POST /tokens.")
_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, description="The session of POST /session.")
_ADDERS = (
    add_devices,
    add_reports,
    add_telemetry,
    add_desired,
    add_commands,
    add_groups,
    add_stages,
    add_events,
    add_fleet,
    add_alerts,
    add_dead_letters,
    add_audit,
    add_people,
)


def create_api(context: Context) -> FastAPI:
    """Return the application; the dashboard may be added to it, and the gate must be (`auth.front.add_gate`)."""
    api = FastAPI(title="Skerry", version=__version__, docs_url=None, redoc_url=None, openapi_url=f"{API}/openapi.json")
    doors = APIRouter(prefix=API, responses=REFUSALS, tags=["session"])
    add_session(doors, context)
    api.include_router(doors)
    router = APIRouter(prefix=API, responses=REFUSALS, dependencies=[Depends(_BEARER), Depends(_COOKIE)])
    for add in _ADDERS:
        add(router, context)
    _add_health(router, context.health)
    _add_not_found(router)
    api.include_router(router)
    _add_probes(api, context)
    add_fault_handlers(api)
    return api


def _add_not_found(router: APIRouter) -> None:
    @router.get("/{rest:path}", include_in_schema=False)
    def nothing_here(rest: str) -> None:
        """Answer for addresses below the API in its own way, before the dashboard does with a page."""
        raise NotFoundError(f"there is nothing at {API}/{rest}"[:200])


def _add_health(router: APIRouter, health: Health) -> None:
    @router.get("/health")
    def how_it_is(_visitor: Asking) -> HealthOut:
        """Whether all that the server needs works, and what went through since it started."""
        return HealthOut(**health_report(health))


def _add_probes(api: FastAPI, context: Context) -> None:
    health = context.health
    # Whoever is at this machine may know what is wrong; whoever else asks signs in and asks /api/v1/health.
    report = health_report if context.config.http.is_local_only else public_health_report
    responses: dict[int | str, dict[str, Any]] = {503: {"model": HealthOut}}
    # Answered on the event loop: they read nothing but memory, and must not wait for routes that hang.

    @api.get("/healthz", response_model=HealthOut, responses=responses)
    async def healthz() -> JSONResponse:
        """200 while the process gets on with its work, whatever is away; 503 when only a new start would help."""
        return JSONResponse(report(health), status_code=200 if health.is_alive() else 503)

    @api.get("/readyz", response_model=HealthOut, responses=responses)
    async def readyz() -> JSONResponse:
        """200 while all that the server needs works; 503, with the reason, while something does not."""
        return JSONResponse(report(health), status_code=200 if health.is_ok() else 503)
