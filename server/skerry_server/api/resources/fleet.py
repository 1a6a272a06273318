"""The fleet as a whole: counts, versions, models compared, and how long what is kept."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from skerry_server.api.context import Asking, Context
from skerry_server.api.model_comparison import NS_PER_MS, ModelOut, compare_models
from skerry_server.api.tagged import UNCHANGED, IfNoneMatch, tagged
from skerry_server.health import now_ms
from skerry_server.registry.alerts import count_open_alerts
from skerry_server.registry.fleet.distribution import count_by, count_models, count_states

MAX_WINDOW_S = 30 * 86_400


class SummaryOut(BaseModel):
    """The devices in service at your sites, by what they are; ``alerts`` are those that last, by severity."""

    devices: int
    presence: dict[str, int] = Field(description="`unknown`: never heard.")
    agent_versions: dict[str, int]
    boards: dict[str, int]
    sites: dict[str, int]
    models: dict[str, int]
    alerts: dict[str, int]


class ModelsOut(BaseModel):
    """Every model version that ran in the window, compared; ``is_cut`` says that there were more than are compared."""

    since_ms: int
    until_ms: int
    models: list[ModelOut]
    is_cut: bool


class RetentionOut(BaseModel):
    """For how many days what is kept; 0 stands for as long as there is room."""

    registry: dict[str, int]
    telemetry: dict[str, int]


def add_fleet(router: APIRouter, context: Context) -> None:
    """Add the routes of the fleet as a whole."""

    @router.get("/summary", response_model=SummaryOut, responses=UNCHANGED)
    def summary(visitor: Asking, if_none_match: IfNoneMatch = None) -> Response:
        """How many devices there are, by presence, version, board, site and model."""
        sites = visitor.principal.sites
        with context.database.reading() as session:
            states = count_states(session, sites=sites)
            found = SummaryOut(
                devices=sum(states.values()),
                presence=states,
                agent_versions=count_by(session, "agent_version", sites=sites),
                boards=count_by(session, "board", sites=sites),
                sites=count_by(session, "site", sites=sites),
                models=count_models(session, sites=sites),
                alerts=count_open_alerts(session, sites=sites),
            )
        return tagged(found, if_none_match)

    @router.get("/models")
    def models(visitor: Asking, window_s: Annotated[int, Query(ge=60, le=MAX_WINDOW_S)] = 3600) -> ModelsOut:
        """Latency, drops, errors and confidence of each model version over the last ``window_s`` seconds."""
        sites, until_ms = visitor.principal.sites, now_ms()
        found = compare_models(
            context.database, context.store, window_s=window_s, sites=sites, now_ns=until_ms * NS_PER_MS
        )
        since_ms = until_ms - window_s * 1000
        return ModelsOut(since_ms=since_ms, until_ms=until_ms, models=found.models, is_cut=found.is_cut)

    @router.get("/retention")
    def retention(_visitor: Asking) -> RetentionOut:
        """For how long what is kept."""
        config, telemetry = context.config, context.config.telemetry
        return RetentionOut(
            registry=msgspec.structs.asdict(config.retention),
            telemetry={"raw_days": telemetry.raw_days, "rollup_days": telemetry.rollup_days},
        )
