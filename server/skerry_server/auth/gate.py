"""The gate before every route: who asks, whether they may, how often, how much; and the headers of every answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skerry_edge.foundation.errors import SkerryError
from skerry_server.auth.credentials import SAFE_METHODS, address_of, is_https
from skerry_server.auth.doorkeeper import Doorkeeper
from skerry_server.auth.headers import headers_for
from skerry_server.auth.policy import require, require_intent
from skerry_server.auth.table import WEBSOCKET, need_of
from skerry_server.auth.throttle import RateLimit
from skerry_server.auth.visitors import SignInError, Visitor, attach
from skerry_server.http_errors import TooLargeError, TooManyError, body_of, headers_of, status_of
from skerry_server.threads import Threads

API = "/api/"
NICEGUI = "/_nicegui"
METRICS = "/metrics"
PROGRAMS_ASK = (API, NICEGUI, METRICS)
"""What no person looks at: who may not gets the error itself, and is sent to no page."""
SIGN_IN = "/sign-in"
MAX_BODY_BYTES = 1024 * 1024
DOOR_THREADS = 8
POLICY_VIOLATION = 1008
"""RFC 6455, 7.4.1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How often one visitor may ask the API, and how often an address may fail to say who it is."""

    per_s: float = 100.0
    burst: int = 1000
    strangers_per_s: float = 5.0
    strangers_burst: int = 50


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        doorkeeper: Doorkeeper,
        behind_proxy: bool,
        limits: Limits,
        refused_page: Callable[[SkerryError], Response],
    ) -> None:
        self._app = app
        self._refused_page = refused_page
        self._doorkeeper = doorkeeper
        self._threads = Threads("door", most=DOOR_THREADS)
        self._behind_proxy = behind_proxy
        self._visitors = RateLimit(per_s=limits.per_s, burst=limits.burst)
        self._strangers = RateLimit(per_s=limits.strangers_per_s, burst=limits.strangers_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        encrypted = is_https(scope["scheme"], headers, behind_proxy=self._behind_proxy)
        guarded = _with_headers(send, headers_for(scope["path"], is_https=encrypted))
        try:
            attach(scope, await self._admit(scope, headers))
            _check_length(headers)
        except SkerryError as error:
            await self._refuse(error, scope, receive, guarded)
            return
        await self._app(scope, _bounded(receive), guarded)

    async def _admit(self, scope: Scope, headers: Headers) -> Visitor | None:
        """Return who asks, None where nobody need say. Raises what the answer is to be otherwise."""
        is_http = scope["type"] == "http"
        method, path = scope["method"] if is_http else WEBSOCKET, scope["path"]
        address = address_of((scope.get("client") or (None,))[0], headers, behind_proxy=self._behind_proxy)
        scope.setdefault("state", {})["address"] = address
        need = need_of(method, path)
        if need.role is None:
            if method not in SAFE_METHODS:
                _limit(self._strangers, address)
                require_intent(method, headers, None, has_token=False)
            return None
        visitor = await self._identify(headers, address)
        if path.startswith(API):
            _limit(self._visitors, f"{visitor.name} {visitor.secret or address}")
        require(visitor, need)
        # NiceGUI's own script sends what it sends: it adds no header.
        require_intent(method, headers, visitor, has_token=is_http and not path.startswith(NICEGUI))
        return visitor

    async def _refuse(self, error: SkerryError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": error.what})
            return
        is_page = scope["method"] in ("GET", "HEAD") and not scope["path"].startswith(PROGRAMS_ASK)
        response: Response
        if is_page and isinstance(error, SignInError):
            response = RedirectResponse(f"{SIGN_IN}?next={quote(scope['path'], safe='/')}", status_code=303)
        else:
            response = self._refused_page(error) if is_page else error_response(error)
        await response(scope, receive, send)

    async def _identify(self, headers: Mapping[str, str], address: str) -> Visitor:
        try:
            visitor = await self._threads.run(self._doorkeeper.identify, headers)
        except SignInError:
            _limit(self._strangers, address)
            raise
        if visitor is None:
            _limit(self._strangers, address)
            raise SignInError("sign in first", todo="send a bearer token, or sign in at /sign-in")
        return visitor


def _limit(rates: RateLimit, key: str) -> None:
    wait_s = rates.take(key, now_s=time.monotonic())
    if wait_s:
        raise TooManyError("too many requests", retry_after_s=wait_s)


def _check_length(headers: Mapping[str, str]) -> None:
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or len(length) > 12 or int(length) > MAX_BODY_BYTES:
        raise TooLargeError(f"a request has at most {MAX_BODY_BYTES} bytes", found=f"content-length {length[:20]!r}")


def _bounded(receive: Receive) -> Receive:
    """Return ``receive``, which ends a body that says no length, or a wrong one, when it gets too long."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                raise HTTPException(413, f"a request has at most {MAX_BODY_BYTES} bytes")
        return message

    return bounded


def _with_headers(send: Send, ours: Mapping[str, str]) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in ours.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded


def error_response(error: SkerryError) -> Response:
    """Return the answer for an error."""
    content: Any = msgspec.json.encode(body_of(error))
    return Response(
        content, status_code=status_of(error), headers=dict(headers_of(error)), media_type="application/json"
    )
