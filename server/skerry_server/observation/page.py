"""The address /metrics of a process with an API, and its requests counted."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import Response

from skerry_server.health import Health
from skerry_server.observation.exposition import CONTENT_TYPE, Exposition
from skerry_server.observation.fleet import FleetFigures
from skerry_server.observation.requests import CountRequests, RequestMetrics
from skerry_server.registry.database import Database


def add_metrics(api: FastAPI, database: Database, health: Health) -> Exposition:
    """Answer /metrics with what this process counts and what the registry says of the fleet."""
    exposition = Exposition(health, [FleetFigures(database, health)])

    @api.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(exposition.text(), media_type=CONTENT_TYPE)

    return exposition


def count_requests(api: FastAPI, exposition: Exposition) -> None:
    """Count requests from outside of all that ``api`` has by now."""
    api.add_middleware(CountRequests, metrics=RequestMetrics(exposition.registry))
