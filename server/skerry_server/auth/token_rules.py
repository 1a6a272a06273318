"""Who may make, see and revoke which tokens. Pure."""

from __future__ import annotations

from collections.abc import Collection

from skerry_server.auth.visitors import ForbiddenError, Visitor
from skerry_server.registry.people.roles import Role


def administers(visitor: Visitor) -> bool:
    """Tell whether the visitor administers everything: users, and the tokens of others."""
    return visitor.principal.may("admin") and visitor.principal.sites is None


def may_revoke(visitor: Visitor, user: str) -> bool:
    """Tell whether the visitor may see a token of ``user`` and make it worthless."""
    return user == visitor.name or administers(visitor)


def token_sites(visitor: Visitor, *, user: str, role: Role, sites: Collection[str] | None) -> list[str] | None:
    """Return the sites that a token may have which the visitor makes for ``user``. Raises ForbiddenError."""
    if visitor.by == "token" and not administers(visitor):
        # Else one that ends tomorrow could make one that never does.
        raise ForbiddenError("a token makes no other token", todo="sign in with name and password")
    if user != visitor.name and not administers(visitor):
        raise ForbiddenError("only an administrator of all sites makes tokens for others")
    if not visitor.principal.may(role):
        raise ForbiddenError("a token can do no more than who makes it", found=f"'{role}'")
    own = visitor.principal.sites
    if own is None:
        return None if sites is None else sorted(sites)
    return sorted(own & frozenset(own if sites is None else sites))
