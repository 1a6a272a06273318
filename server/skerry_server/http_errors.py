"""Errors as HTTP answers: one JSON form, and the status that each family has."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from skerry_edge.foundation.errors import ConfigError, ReachError, SkerryError
from skerry_edge.foundation.redaction import redact
from skerry_server.auth.visitors import ForbiddenError, SignInError
from skerry_server.errors import ConflictError, NotFoundError, OutdatedError, StoreError, TooWideError, UnableStoreError

RETRY_AFTER_S = 5


class TooManyError(SkerryError):
    """Somebody asks more often than may be; ``retry_after_s`` says when to ask again."""

    def __init__(self, what: str, *, retry_after_s: int, found: str | None = None) -> None:
        super().__init__(what, found=found, todo=f"try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class TooLargeError(SkerryError):
    """A request has a larger body than anything here needs."""


_STATUSES: tuple[tuple[type[SkerryError], HTTPStatus], ...] = (
    # The first that fits counts, so what is special comes before what it is a case of.
    (SignInError, HTTPStatus.UNAUTHORIZED),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (OutdatedError, HTTPStatus.PRECONDITION_FAILED),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (UnableStoreError, HTTPStatus.CONFLICT),
    (TooWideError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ConfigError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ReachError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def status_of(error: SkerryError) -> HTTPStatus:
    """Return the status that an error is answered with."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def body_of(error: SkerryError) -> dict[str, str | None]:
    """Return the one form that all errors have."""
    parts = {"error": error.what, "where": error.where, "found": error.found, "todo": error.todo}
    return {key: None if text is None else redact(text) for key, text in parts.items()}


def headers_of(error: SkerryError) -> Mapping[str, str]:
    """Return what an answer says beside: how to sign in (RFC 6750), when to try again (RFC 9110, 10.2.3)."""
    if isinstance(error, SignInError):
        return {"www-authenticate": "Bearer"}
    if isinstance(error, TooManyError):
        return {"retry-after": str(error.retry_after_s)}
    if isinstance(error, ReachError):
        asked_s = error.retry_after_s if isinstance(error, StoreError) else None
        return {"retry-after": str(max(1, round(asked_s or RETRY_AFTER_S)))}
    return {}
