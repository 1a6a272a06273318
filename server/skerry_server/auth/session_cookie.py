"""The cookie that holds a browser's session."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from skerry_server.auth.credentials import COOKIE, is_https
from skerry_server.auth.doorkeeper import LIFETIME_MS


def set_cookie(response: Response, secret: str, request: Request, *, behind_proxy: bool) -> None:
    """Give the browser its session: no script can read it, no other site's page makes it send it."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=LIFETIME_MS // 1000,
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_https(request.url.scheme, request.headers, behind_proxy=behind_proxy),
    )


def clear_cookie(response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
