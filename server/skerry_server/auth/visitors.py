"""Who asks over HTTP, and how a route or a page of the dashboard learns it."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import HTTPConnection

from skerry_edge.foundation.errors import SkerryError
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.people.roles import Principal

LOCAL = "local"
"""The name of whoever is at this machine while nobody has to sign in; no user can have it where one exists."""
_KEY = "skerry_visitor"


class SignInError(SkerryError):
    """Nobody has signed in, or what was shown for it is worth nothing."""


class ForbiddenError(SkerryError):
    """Whoever asks may not do this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who asks: ``by`` a token, a browser's session, or as whoever is at this machine. ``secret`` is what was shown."""

    principal: Principal
    by: Literal["local", "session", "token"]
    secret: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The user's name, as the audit has it."""
        return self.principal.user

    def author(self, now_ms: int) -> Author:
        """Return the visitor as the author of a change."""
        return Author(name=self.name, ts_ms=now_ms)


def local_visitor() -> Visitor:
    """Return who asks while nobody has to sign in."""
    return Visitor(principal=Principal(user=LOCAL, role="admin", sites=None), by="local")


def attach(scope: MutableMapping[str, Any], visitor: Visitor | None) -> None:
    """Note in an ASGI scope who asks."""
    scope.setdefault("state", {})[_KEY] = visitor


def visitor_of(connection: HTTPConnection) -> Visitor:
    """Return who asks. Raises SignInError where nobody signed in.

    A FastAPI dependency: ``visitor: Annotated[Visitor, Depends(visitor_of)]``. A page of the dashboard takes its
    ``request`` and calls it with that.
    """
    visitor = find_visitor(connection)
    if visitor is None:
        raise SignInError("sign in first", todo="send a bearer token, or sign in at /sign-in")
    return visitor


def find_visitor(connection: HTTPConnection) -> Visitor | None:
    """Return who asks; None where nobody signed in."""
    found = connection.scope.get("state", {}).get(_KEY)
    return found if isinstance(found, Visitor) else None
