"""Every error of the API in one JSON form, whoever found it: us, FastAPI, or Starlette."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from skerry_edge.foundation.errors import SkerryError
from skerry_server.auth.gate import error_response

MAX_FOUND_CHARS = 200


def add_fault_handlers(api: FastAPI) -> None:
    """Answer errors of ``api`` in the one form."""
    api.add_exception_handler(SkerryError, _ours)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SkerryError)  # noqa: S101  # what it was added for
    return error_response(error)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # what it was added for
    first, more = error.errors()[0], len(error.errors()) - 1
    where = ".".join(str(part) for part in first["loc"])
    shown = first.get("input")
    # A password that is too short must not come back in an answer, and from there into a log.
    found = None if "password" in where or isinstance(shown, dict | list) else ascii(shown)[:MAX_FOUND_CHARS]
    what = first["msg"][:1].lower() + first["msg"][1:]
    return _answer(
        HTTPStatus.BAD_REQUEST if first["type"] == "json_invalid" else HTTPStatus.UNPROCESSABLE_ENTITY,
        f"the request is not as it should be: {what}",
        where=where,
        found=found,
        todo=f"mend this and {more} more" if more else None,
    )


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # what it was added for
    return _answer(HTTPStatus(error.status_code), error.detail, headers=error.headers)


def _answer(
    status: HTTPStatus,
    what: str,
    *,
    where: str | None = None,
    found: str | None = None,
    todo: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body = {"error": what, "where": where, "found": found, "todo": todo}
    return JSONResponse(body, status_code=status, headers=None if headers is None else dict(headers))
