"""Sign-ins of browsers: each has a secret in a cookie, ends by itself, and can be ended."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from skerry_server.registry.models import UserRow, WebSessionRow
from skerry_server.registry.people.given_secrets import hash_secret, new_secret
from skerry_server.registry.people.roles import Principal
from skerry_server.registry.people.users import principal

PREFIX = "skerryweb_"
VISIT_NOTED_EVERY_MS = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """Who signed in with a cookie, and whether that it was used now need not be noted."""

    principal: Principal
    is_noted: bool


def begin(session: Session, user: str, *, now_ms: int, lifetime_ms: int) -> str:
    """Begin a sign-in of ``user`` and return the secret of its cookie; what of anybody's has run out is removed."""
    session.execute(delete(WebSessionRow).where(WebSessionRow.expires_ms <= now_ms))
    secret = new_secret(PREFIX)
    session.add(
        WebSessionRow(
            hash=hash_secret(secret),
            user=user,
            created_ms=now_ms,
            expires_ms=now_ms + lifetime_ms,
            last_used_ms=now_ms,
        )
    )
    session.flush()
    return secret


def visit(session: Session, secret: str, *, now_ms: int, idle_ms: int) -> Visit | None:
    """Return who signed in with this cookie; None where nobody did, it ran out, or lay unused for ``idle_ms``."""
    query = select(UserRow, WebSessionRow.last_used_ms).join(WebSessionRow, WebSessionRow.user == UserRow.name)
    holds = (WebSessionRow.hash == hash_secret(secret)) & (WebSessionRow.expires_ms > now_ms)
    is_used = WebSessionRow.last_used_ms > now_ms - idle_ms
    found = session.execute(query.where(holds, is_used, UserRow.disabled.is_(False))).one_or_none()
    if found is None:
        return None
    row, last_used_ms = found
    return Visit(principal=principal(row), is_noted=now_ms - last_used_ms < VISIT_NOTED_EVERY_MS)


def note_visit(session: Session, secret: str, *, now_ms: int) -> None:
    """Note that a cookie was used now."""
    query = update(WebSessionRow).where(WebSessionRow.hash == hash_secret(secret))
    session.execute(query.values(last_used_ms=now_ms))


def end(session: Session, secret: str) -> None:
    """End a sign-in."""
    session.execute(delete(WebSessionRow).where(WebSessionRow.hash == hash_secret(secret)))
