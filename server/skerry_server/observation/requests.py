"""Requests counted by route, method and status, with their time: around the gate, so that refusals count as well."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""Stands for what strangers can make up: a path that is no route, a method that is none."""
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
NO_ANSWER = 499
"""What stands for a client that went away before an answer, as in other servers' logs."""


class RequestMetrics:
    """How many requests there were and how long they took; labels are routes' templates, never paths."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["method", "route", "status"]
        self.requests = Counter("skerry_http_requests", "HTTP requests answered.", labels, registry=registry)
        self.seconds = Histogram(
            "skerry_http_request_seconds",
            "Time until the last byte of an answer was handed over.",
            ["method", "route"],
            buckets=REQUEST_SECONDS,
            registry=registry,
        )


class CountRequests:
    """ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it when it has been answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = NO_ANSWER

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began_s = time.monotonic()
        try:
            await self._app(scope, receive, noting)
        except Exception:
            status = 500
            raise
        finally:
            method = scope["method"] if scope["method"] in METHODS else OTHER
            route = _template(scope)
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(method, route).observe(time.monotonic() - began_s)


def _template(scope: Scope) -> str:
    """Return the template of the route that was found, `other` where there is none or the gate let nobody through."""
    return str(getattr(scope.get("route"), "path", OTHER))
