"""Whether a visitor may do what a request asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_server.auth.credentials import CSRF_HEADER, SAFE_METHODS, is_csrf_token, is_from_elsewhere
from skerry_server.auth.table import Need
from skerry_server.auth.visitors import ForbiddenError, Visitor
from skerry_server.errors import NotFoundError


def require(visitor: Visitor, need: Need) -> None:
    """Raise ForbiddenError unless the visitor has the role and the sites that a route needs."""
    principal = visitor.principal
    if need.role is not None and not principal.may(need.role):
        raise ForbiddenError(f"this needs the role '{need.role}'", found=f"'{visitor.name}' is '{principal.role}'")
    if need.everywhere and principal.sites is not None:
        raise ForbiddenError(
            "this is for those who have all sites", found=f"'{visitor.name}' with {len(principal.sites)} of them"
        )


def require_intent(method: str, headers: Mapping[str, str], visitor: Visitor | None, *, has_token: bool) -> None:
    """Raise ForbiddenError where a page of another site may have made a browser send this (cross-site forgery).

    A browser adds its cookie, and on this machine needs none, whoever made it send a request; a bearer token it never
    adds by itself. ``has_token`` says that what sends it can add a header of its own.
    """
    if method in SAFE_METHODS or (visitor is not None and visitor.by == "token"):
        return
    if is_from_elsewhere(headers):
        raise ForbiddenError(
            "a page of another site sent this", found=headers.get("origin"), todo="use the dashboard, or a token"
        )
    if visitor is None or visitor.secret is None or not has_token:
        return
    if not is_csrf_token(headers, visitor.secret):
        raise ForbiddenError(
            f"a change that is signed in by cookie needs the header '{CSRF_HEADER}'",
            todo="take its value from 'csrf_token' of GET /api/v1/session",
        )


def require_site(visitor: Visitor, site: str, *, what: str) -> None:
    """Raise NotFoundError for what is at another's site, as if it were not there."""
    if not visitor.principal.sees(site):
        raise NotFoundError(what)
