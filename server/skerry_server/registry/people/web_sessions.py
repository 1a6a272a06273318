"""Sign-ins of browsers: each has a secret in a cookie, ends by itself, and can be ended."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from skerry_server.registry.models import UserRow, WebSessionRow
from skerry_server.registry.people.given_secrets import hash_secret, new_secret
from skerry_server.registry.people.roles import Principal
from skerry_server.registry.people.users import principal

PREFIX = "skerryweb_"


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


def visitor(session: Session, secret: str, *, now_ms: int) -> Principal | None:
    """Return who signed in with this cookie; None where nobody did, or it ran out."""
    query = select(UserRow).join(WebSessionRow, WebSessionRow.user == UserRow.name)
    holds = (WebSessionRow.hash == hash_secret(secret)) & (WebSessionRow.expires_ms > now_ms)
    row = session.scalar(query.where(holds, UserRow.disabled.is_(False)))
    return None if row is None else principal(row)


def end(session: Session, secret: str) -> None:
    """End a sign-in."""
    session.execute(delete(WebSessionRow).where(WebSessionRow.hash == hash_secret(secret)))
