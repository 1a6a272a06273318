"""Users: people who may sign in, added and changed by administrators."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from skerry_server.errors import ConflictError, NotFoundError
from skerry_server.registry.audit.trail import Author, note, take_turn
from skerry_server.registry.checks import check_name
from skerry_server.registry.database import insert_new
from skerry_server.registry.models import TokenRow, UserRow, WebSessionRow, table_of
from skerry_server.registry.people.roles import Principal, Role, check_role, check_sites


def add_user(
    session: Session, author: Author, name: str, *, password_hash: str, role: str, sites: Collection[str] | None = None
) -> None:
    """Add a user; ``sites`` of None are all. Raises ConfigError, and ConflictError where the name is taken.

    ``password_hash`` is made before the transaction (`passwords.hash_password`): it takes long, and others wait.
    """
    row = {
        "name": check_name(name, where="the user's name"),
        "password_hash": password_hash,
        "role": check_role(role),
        "sites": check_sites(sites),
        "disabled": False,
        "created_ms": author.ts_ms,
    }
    take_turn(session)
    if not insert_new(session, table_of(UserRow), [row]):
        raise ConflictError("there is a user of this name already", found=repr(name))
    # With the first user sign-in begins: who cannot add others would be alone for good.
    if session.scalar(select(func.count()).select_from(UserRow)) == 1 and (role, row["sites"]) != ("admin", None):
        todo = "add an administrator first, without sites"
        raise ConflictError(
            "the first user must be an administrator of all sites", found=f"'{name}', {role}", todo=todo
        )
    note(session, author, "user.add", name, {"role": role, "sites": row["sites"]})


def set_password(session: Session, author: Author, name: str, new_hash: str) -> None:
    """Give a user another password, and end all sign-ins with the old one; ``new_hash`` as with `add_user`.

    Raises NotFoundError.
    """
    row = get_user(session, name)
    row.password_hash = new_hash
    session.execute(delete(WebSessionRow).where(WebSessionRow.user == name))
    session.flush()
    note(session, author, "user.password", name, {})


def set_role(session: Session, author: Author, name: str, *, role: str, sites: Collection[str] | None) -> None:
    """Give a user another role and other sites.

    Raises ConfigError and NotFoundError, and ConflictError where nobody could administer the server any more.
    """
    take_turn(session)
    row = get_user(session, name)
    row.role, row.sites = check_role(role), check_sites(sites)
    session.flush()
    _check_administrators(session)
    note(session, author, "user.role", name, {"role": role, "sites": row.sites})


def disable_user(session: Session, author: Author, name: str) -> None:
    """Let a user sign in no more, in no way, from now on. Raises NotFoundError and ConflictError as `set_role` does."""
    take_turn(session)
    row = get_user(session, name)
    if row.disabled:
        return
    row.disabled = True
    session.execute(delete(WebSessionRow).where(WebSessionRow.user == name))
    session.flush()
    _check_administrators(session)
    note(session, author, "user.disable", name, {})


def enable_user(session: Session, author: Author, name: str) -> None:
    """Let a user sign in again. Raises NotFoundError."""
    row = get_user(session, name)
    if row.disabled:
        row.disabled = False
        session.flush()
        note(session, author, "user.enable", name, {})


def remove_user(session: Session, author: Author, name: str) -> None:
    """Remove a user with all tokens. Raises NotFoundError, and ConflictError as `set_role` does."""
    take_turn(session)
    row = get_user(session, name)
    for table in (WebSessionRow, TokenRow):
        session.execute(delete(table).where(table.user == name))
    session.delete(row)
    session.flush()
    _check_administrators(session)
    note(session, author, "user.remove", name, {})


def password_hash(session: Session, name: str) -> str | None:
    """Return what is kept of a user's password; None where nobody of this name may sign in."""
    row = session.get(UserRow, name) if "\x00" not in name else None
    return None if row is None or row.disabled else row.password_hash


def sign_in(session: Session, name: str, *, verified_hash: str, new_hash: str | None = None) -> Principal | None:
    """Return who signs in with a password that was verified against ``verified_hash``, outside this transaction.

    None where the user was given another one or disabled meanwhile. ``new_hash`` is kept in its place if given.
    """
    row = session.scalar(select(UserRow).where(UserRow.name == name).with_for_update())
    if row is None or row.disabled or row.password_hash != verified_hash:
        return None
    if new_hash is not None:
        row.password_hash = new_hash
    return principal(row)


def get_user(session: Session, name: str) -> UserRow:
    """Return a user, locked until the transaction ends. Raises NotFoundError."""
    row = session.scalar(select(UserRow).where(UserRow.name == name).with_for_update())
    if row is None:
        raise NotFoundError("there is no such user", found=repr(name))
    return row


def list_users(session: Session) -> list[UserRow]:
    """Return all users in the order of their names."""
    return list(session.scalars(select(UserRow).order_by(UserRow.name)))


def principal(row: UserRow) -> Principal:
    """Return what a user may do."""
    return Principal(
        user=row.name,
        role=cast("Role", row.role),  # only what `check_role` returned is written there
        sites=None if row.sites is None else frozenset(row.sites),
    )


def _check_administrators(session: Session) -> None:
    everywhere = select(func.count()).where(
        UserRow.role == "admin", UserRow.disabled.is_(False), UserRow.sites.is_(None)
    )
    if session.scalar(select(func.count()).select_from(UserRow)) and not session.scalar(everywhere):
        raise ConflictError(
            "nobody could administer the server any more",
            todo="make another user an administrator of all sites first",
        )
