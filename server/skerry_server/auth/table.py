"""The one table of what each route needs; what is not in it is for administrators of everything alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from starlette.routing import compile_path

from skerry_server.registry.people.roles import Role

WEBSOCKET = "WEBSOCKET"
"""Stands where HTTP has a method."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What a visitor must have: a role, None where anyone may come. ``everywhere`` says: at all sites."""

    role: Role | None
    everywhere: bool = False


ANYONE = Need(role=None)
VIEWER = Need(role="viewer")
VIEWER_EVERYWHERE = Need(role="viewer", everywhere=True)
OPERATOR = Need(role="operator")
OPERATOR_EVERYWHERE = Need(role="operator", everywhere=True)
ADMIN = Need(role="admin")
ADMIN_EVERYWHERE = Need(role="admin", everywhere=True)

# What a route does with the sites of a visitor who has not all of them is its own business: it shows and changes
# what belongs to them, and answers 404 for the rest.
TABLE: dict[tuple[str, str], Need] = {
    # Health, sign-in and what its page is made of.
    ("GET", "/healthz"): ANYONE,
    ("GET", "/readyz"): ANYONE,
    # Its figures are of the whole fleet.
    ("GET", "/metrics"): VIEWER_EVERYWHERE,
    ("GET", "/sign-in"): ANYONE,
    ("POST", "/sign-in"): ANYONE,
    ("GET", "/favicon.ico"): ANYONE,
    ("POST", "/api/v1/session"): ANYONE,
    ("GET", "/api/v1/session"): VIEWER,
    ("DELETE", "/api/v1/session"): VIEWER,
    ("PUT", "/api/v1/session/password"): VIEWER,
    # Signed releases, for devices and mirrors.
    ("*", "/ota/metadata/{rest:path}"): ANYONE,
    ("*", "/ota/targets/{rest:path}"): ANYONE,
    # The dashboard.
    ("GET", "/"): VIEWER,
    ("GET", "/devices"): VIEWER,
    ("GET", "/devices/{name}"): VIEWER,
    ("GET", "/events"): VIEWER,
    ("GET", "/models"): VIEWER,
    ("GET", "/alerts"): VIEWER,
    ("GET", "/groups"): VIEWER,
    ("GET", "/rollouts"): VIEWER_EVERYWHERE,
    ("GET", "/rollouts/{rollout}"): VIEWER_EVERYWHERE,
    ("GET", "/dead-letters"): VIEWER_EVERYWHERE,
    ("GET", "/audit"): ADMIN_EVERYWHERE,
    # Of oneself; all of it for administrators of everything.
    ("GET", "/people"): VIEWER,
    ("*", "/_nicegui_ws/{rest:path}"): VIEWER,
    ("*", "/_nicegui/{rest:path}"): VIEWER,
    # The API.
    ("GET", "/api/v1/openapi.json"): VIEWER,
    ("GET", "/api/v1/health"): VIEWER,
    ("GET", "/api/v1/summary"): VIEWER,
    ("GET", "/api/v1/devices"): VIEWER,
    ("GET", "/api/v1/devices/{device}"): VIEWER,
    ("PATCH", "/api/v1/devices/{device}"): OPERATOR,
    ("PUT", "/api/v1/devices/{device}/site"): ADMIN_EVERYWHERE,
    ("POST", "/api/v1/devices/{device}/decommission"): OPERATOR,
    ("POST", "/api/v1/devices/{device}/recommission"): OPERATOR,
    ("DELETE", "/api/v1/devices/{device}"): ADMIN,
    ("GET", "/api/v1/devices/{device}/heartbeat"): VIEWER,
    ("GET", "/api/v1/devices/{device}/state"): VIEWER,
    ("GET", "/api/v1/devices/{device}/samples"): VIEWER,
    ("GET", "/api/v1/devices/{device}/telemetry"): VIEWER,
    ("GET", "/api/v1/devices/{device}/presence"): VIEWER,
    ("GET", "/api/v1/devices/{device}/snapshots/{event}"): VIEWER,
    ("GET", "/api/v1/devices/{device}/desired"): VIEWER,
    ("PUT", "/api/v1/devices/{device}/desired"): OPERATOR,
    ("GET", "/api/v1/devices/{device}/desired/history"): VIEWER,
    ("GET", "/api/v1/devices/{device}/rollouts"): VIEWER,
    ("POST", "/api/v1/devices/{device}/commands"): OPERATOR,
    ("GET", "/api/v1/groups"): VIEWER,
    ("PUT", "/api/v1/groups/{group}"): OPERATOR_EVERYWHERE,
    ("DELETE", "/api/v1/groups/{group}"): OPERATOR_EVERYWHERE,
    ("GET", "/api/v1/groups/{group}"): VIEWER,
    ("POST", "/api/v1/groups/{group}/devices"): OPERATOR,
    ("DELETE", "/api/v1/groups/{group}/devices/{device}"): OPERATOR,
    ("POST", "/api/v1/groups/{group}/commands"): OPERATOR,
    ("GET", "/api/v1/stages"): VIEWER,
    ("POST", "/api/v1/stages"): OPERATOR,
    ("GET", "/api/v1/stages/{stage}"): VIEWER,
    ("POST", "/api/v1/stages/{stage}/apply"): OPERATOR,
    ("POST", "/api/v1/stages/{stage}/discard"): OPERATOR,
    ("GET", "/api/v1/releases"): VIEWER_EVERYWHERE,
    ("GET", "/api/v1/rollouts"): VIEWER_EVERYWHERE,
    ("POST", "/api/v1/rollouts"): OPERATOR_EVERYWHERE,
    ("POST", "/api/v1/rollouts/plan"): OPERATOR_EVERYWHERE,
    ("GET", "/api/v1/rollouts/{rollout}"): VIEWER_EVERYWHERE,
    ("GET", "/api/v1/rollouts/{rollout}/plan"): VIEWER_EVERYWHERE,
    ("GET", "/api/v1/rollouts/{rollout}/devices"): VIEWER_EVERYWHERE,
    ("GET", "/api/v1/rollouts/{rollout}/devices/{device}"): VIEWER_EVERYWHERE,
    ("POST", "/api/v1/rollouts/{rollout}/approve"): OPERATOR_EVERYWHERE,
    ("POST", "/api/v1/rollouts/{rollout}/start"): OPERATOR_EVERYWHERE,
    ("POST", "/api/v1/rollouts/{rollout}/pause"): OPERATOR_EVERYWHERE,
    ("POST", "/api/v1/rollouts/{rollout}/resume"): OPERATOR_EVERYWHERE,
    ("POST", "/api/v1/rollouts/{rollout}/abort"): OPERATOR_EVERYWHERE,
    ("POST", "/api/v1/rollouts/{rollout}/retry"): OPERATOR_EVERYWHERE,
    ("POST", "/api/v1/rollouts/{rollout}/roll-back"): OPERATOR_EVERYWHERE,
    ("GET", "/api/v1/commands"): VIEWER,
    ("GET", "/api/v1/commands/{command}"): VIEWER,
    ("GET", "/api/v1/events"): VIEWER,
    ("GET", "/api/v1/models"): VIEWER,
    ("GET", "/api/v1/alerts"): VIEWER,
    ("POST", "/api/v1/alerts/{alert}/acknowledge"): OPERATOR,
    ("GET", "/api/v1/silences"): VIEWER,
    ("POST", "/api/v1/silences"): OPERATOR,
    ("DELETE", "/api/v1/silences/{silence}"): OPERATOR,
    ("GET", "/api/v1/dead-letters"): VIEWER_EVERYWHERE,
    ("GET", "/api/v1/dead-letters/{letter}"): VIEWER_EVERYWHERE,
    ("POST", "/api/v1/dead-letters/{letter}/replay"): OPERATOR_EVERYWHERE,
    ("POST", "/api/v1/dead-letters/replay"): OPERATOR_EVERYWHERE,
    ("DELETE", "/api/v1/dead-letters/{letter}"): OPERATOR_EVERYWHERE,
    ("GET", "/api/v1/audit"): ADMIN_EVERYWHERE,
    ("GET", "/api/v1/audit/verify"): ADMIN_EVERYWHERE,
    ("GET", "/api/v1/retention"): VIEWER,
    ("GET", "/api/v1/users"): ADMIN_EVERYWHERE,
    ("POST", "/api/v1/users"): ADMIN_EVERYWHERE,
    ("PATCH", "/api/v1/users/{user}"): ADMIN_EVERYWHERE,
    ("DELETE", "/api/v1/users/{user}"): ADMIN_EVERYWHERE,
    ("GET", "/api/v1/tokens"): VIEWER,
    ("POST", "/api/v1/tokens"): VIEWER,
    ("DELETE", "/api/v1/tokens/{token}"): VIEWER,
    # What answers that there is nothing of this name.
    ("GET", "/api/v1/{rest:path}"): VIEWER,
}


def need_of(method: str, path: str) -> Need:
    """Return what a request for ``path`` needs."""
    method = "GET" if method == "HEAD" else method
    for listed, pattern, need in _compiled():
        if listed in (method, "*") and pattern.match(path):
            return need
    return ADMIN_EVERYWHERE


def declared(method: str, template: str) -> Need | None:
    """Return what the table says of a route by its template; None where it says nothing."""
    return TABLE.get((method, template))


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[str, re.Pattern[str], Need], ...]:
    return tuple(_patterns())


def _patterns() -> Iterator[tuple[str, re.Pattern[str], Need]]:
    for (method, template), need in TABLE.items():
        yield method, compile_path(template)[0], need
