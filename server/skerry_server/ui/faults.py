"""Pages for what went wrong: nothing there, not allowed, not reachable, our own fault."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from nicegui import app as pages
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from skerry_edge.foundation.errors import SkerryError
from skerry_server.http_errors import body_of, headers_of, status_of
from skerry_server.ui.templating import asset, mark, render

LOG = logging.getLogger(__name__)
_NOWHERE = "There is no page at this address"
_OURS = "The server made a mistake"


def add_faults() -> None:
    """Put these pages where NiceGUI has its own."""
    pages.add_exception_handler(404, _nothing_here)
    pages.add_exception_handler(RequestValidationError, _nothing_here)
    pages.add_exception_handler(SkerryError, _told)
    pages.add_exception_handler(Exception, _our_fault)


def fault_response(error: SkerryError) -> Response:
    """Return the page that says what an error says."""
    status = status_of(error)
    said = body_of(error)
    page = fault_html(status, what=said["error"] or "", detail=said["found"], todo=said["todo"])
    return HTMLResponse(page, status_code=status, headers=dict(headers_of(error)))


def fault_html(status: int, *, what: str, detail: str | None = None, todo: str | None = None) -> str:
    """Return a whole page; it needs no script."""
    return render(
        "fault.html",
        status=int(status),
        phrase=HTTPStatus(status).phrase,
        what=what,
        detail=detail,
        todo=todo,
        mark=mark(),
        css=asset("fault.css"),
    )


async def _nothing_here(_request: Request, error: Exception) -> Response:
    detail = None if not isinstance(error, HTTPException) or error.detail == "Not Found" else str(error.detail)
    return HTMLResponse(fault_html(404, what=_NOWHERE, detail=detail), status_code=404)


async def _told(_request: Request, error: Exception) -> Response:
    if not isinstance(error, SkerryError):
        raise error
    return fault_response(error)


async def _our_fault(request: Request, error: Exception) -> Response:
    LOG.error("the page %s failed", request.url.path, exc_info=error)
    todo = "Try again. If it stays so, the server's log says what happened."
    return HTMLResponse(fault_html(500, what=_OURS, todo=todo), status_code=500)
