"""Tokens: what programs sign in with in a user's name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import NotFoundError
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.checks import MAX_NAME_CHARS, check_text
from skerry_server.registry.models import TokenRow, UserRow
from skerry_server.registry.people.given_secrets import hash_secret, new_secret
from skerry_server.registry.people.roles import Principal, Role, check_role, check_sites, common, lower
from skerry_server.registry.people.users import get_user, principal

PREFIX = "skerry_"
USE_NOTED_EVERY_MS = 60_000


def add_token(
    session: Session,
    author: Author,
    user: str,
    *,
    name: str,
    role: str,
    sites: Collection[str] | None = None,
    expires_ms: int | None = None,
) -> tuple[TokenRow, str]:
    """Make a token for ``user`` and return it with its secret, which cannot be had again.

    Raises ConfigError and NotFoundError.
    """
    check_text(name, where="the token's name", max_chars=MAX_NAME_CHARS)
    if expires_ms is not None and expires_ms <= author.ts_ms:
        raise ConfigError("the token would have expired already", where="expires_ms", found=f"{expires_ms}")
    get_user(session, user)
    secret = new_secret(PREFIX)
    row = TokenRow(
        name=name,
        hash=hash_secret(secret),
        user=user,
        role=check_role(role),
        sites=check_sites(sites),
        created_ms=author.ts_ms,
        expires_ms=expires_ms,
    )
    session.add(row)
    session.flush()
    told = {"token": row.id, "name": name, "role": role, "sites": row.sites, "expires_ms": expires_ms}
    note(session, author, "token.add", user, told)
    return row, secret


def remove_token(session: Session, author: Author, token_id: int) -> None:
    """Make a token worthless. Raises NotFoundError."""
    row = session.get(TokenRow, token_id)
    if row is None:
        raise NotFoundError("there is no such token", found=str(token_id))
    session.delete(row)
    session.flush()
    note(session, author, "token.remove", row.user, {"token": token_id, "name": row.name})


def bearer(session: Session, secret: str, *, now_ms: int) -> Principal | None:
    """Return who this is the token of, with what both the token and its user may do; None where it is worth nothing."""
    query = select(TokenRow, UserRow).join(UserRow, UserRow.name == TokenRow.user)
    found = session.execute(query.where(TokenRow.hash == hash_secret(secret))).one_or_none()
    if found is None:
        return None
    token, user = found
    if user.disabled or (token.expires_ms is not None and token.expires_ms <= now_ms):
        return None
    whole = principal(user)
    role = cast("Role", token.role)  # only what `check_role` returned is written there
    return replace(whole, role=lower(whole.role, role), sites=common(whole.sites, token.sites))


def is_use_noted(session: Session, secret: str, *, now_ms: int) -> bool:
    """Tell whether a token's use was noted within the last minute: one that is used all the time is seldom written."""
    query = select(TokenRow.last_used_ms).where(TokenRow.hash == hash_secret(secret))
    last_used_ms = session.scalar(query)
    return last_used_ms is not None and now_ms - last_used_ms < USE_NOTED_EVERY_MS


def note_use(session: Session, secret: str, *, now_ms: int) -> None:
    """Note when a token was used."""
    row = session.scalar(select(TokenRow).where(TokenRow.hash == hash_secret(secret)))
    if row is not None and not is_use_noted(session, secret, now_ms=now_ms):
        row.last_used_ms = now_ms


def list_tokens(session: Session, *, user: str | None = None) -> list[TokenRow]:
    """Return all tokens, or those of ``user``, oldest first."""
    query = select(TokenRow).order_by(TokenRow.id)
    return list(session.scalars(query if user is None else query.where(TokenRow.user == user)))
