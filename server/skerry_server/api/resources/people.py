"""Users and tokens: added, changed and taken away by administrators; one's own tokens by everybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.api.context import AS_WHOLE, Asking, Context, RowNumber, Wish, answers
from skerry_server.api.queries import TEXT_PATTERN
from skerry_server.auth.token_rules import administers, may_revoke, token_sites
from skerry_server.auth.visitors import ForbiddenError
from skerry_server.errors import NotFoundError
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.checks import MAX_NAME_CHARS
from skerry_server.registry.models import TokenRow, UserRow
from skerry_server.registry.people.passwords import MAX_CHARS, MIN_CHARS, hash_password
from skerry_server.registry.people.roles import MAX_SITES, Role
from skerry_server.registry.people.tokens import add_token, list_tokens, remove_token
from skerry_server.registry.people.users import (
    add_user,
    disable_user,
    enable_user,
    get_user,
    list_users,
    remove_user,
    set_password,
    set_role,
)

MAX_TOKEN_S = 10 * 366 * 86_400
UserName = Annotated[str, Path(pattern=NAME_PATTERN)]
_Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
_Sites = Annotated[list[_Name], Field(min_length=1, max_length=MAX_SITES)]
_Password = Annotated[str, Field(min_length=MIN_CHARS, max_length=MAX_CHARS)]
_NO_USER = answers(_404="No such user.", _409="Nobody could administer the server any more.")


class UserIn(Wish):
    """A user to add; without ``sites`` with all of them."""

    name: str = Field(pattern=NAME_PATTERN)
    password: _Password
    role: Role
    sites: _Sites | None = None


class UserChangeIn(Wish):
    """What is to be changed of a user; what is not given stays. ``sites`` of null are all."""

    password: _Password | None = None
    role: Role | None = None
    sites: _Sites | None = None
    disabled: bool | None = None


class UserOut(BaseModel):
    """A user; ``sites`` of null are all."""

    name: str
    role: Role
    sites: list[str] | None
    disabled: bool
    created_ms: int


class UsersOut(BaseModel):
    """All users, by name."""

    users: list[UserOut]


class TokenIn(Wish):
    """A token to make, for oneself unless an administrator names a user; it can do no more than that user."""

    name: str = Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=TEXT_PATTERN)
    role: Role = "viewer"
    sites: _Sites | None = None
    expires_s: Annotated[int, Field(ge=1, le=MAX_TOKEN_S), AS_WHOLE] | None = Field(
        default=None, description="Null: never."
    )
    user: Annotated[str, Field(pattern=NAME_PATTERN)] | None = None


class TokenOut(BaseModel):
    """A token, without its secret."""

    id: int
    name: str
    user: str
    role: Role
    sites: list[str] | None
    created_ms: int
    expires_ms: int | None
    last_used_ms: int | None


class NewTokenOut(TokenOut):
    """A token with its secret, which cannot be had again."""

    secret: str


class TokensOut(BaseModel):
    """Tokens, oldest first."""

    tokens: list[TokenOut]


def add_people(router: APIRouter, context: Context) -> None:
    """Add the routes of users and tokens."""
    _add_users(router, context)
    _add_tokens(router, context)


def _add_users(router: APIRouter, context: Context) -> None:
    @router.get("/users")
    def users(_visitor: Asking) -> UsersOut:
        """All users."""
        with context.database.reading() as session:
            return UsersOut(users=[user_out(row) for row in list_users(session)])

    @router.post("/users", status_code=201, responses=answers(_409="The name is taken, or nobody would administer."))
    def add(wish: UserIn, visitor: Asking) -> UserOut:
        """Add a user. The first one must be an administrator of all sites; from then on everybody signs in."""
        password_hash = hash_password(wish.password)
        with context.database.transaction() as session:
            author = context.doorkeeper.author(visitor)
            add_user(session, author, wish.name, password_hash=password_hash, role=wish.role, sites=wish.sites)
            return user_out(get_user(session, wish.name))

    @router.patch("/users/{user}", responses=_NO_USER)
    def change(user: UserName, wish: UserChangeIn, visitor: Asking) -> UserOut:
        """Give a user another password, role or sites, or let them sign in no more."""
        new_hash = None if wish.password is None else hash_password(wish.password)
        with context.database.transaction() as session:
            _change(session, context.doorkeeper.author(visitor), user, wish, new_hash)
            return user_out(get_user(session, user))

    @router.delete("/users/{user}", status_code=204, responses=_NO_USER)
    def remove(user: UserName, visitor: Asking) -> None:
        """Remove a user with all tokens."""
        with context.database.transaction() as session:
            remove_user(session, context.doorkeeper.author(visitor), user)


def _change(session: Session, author: Author, user: str, wish: UserChangeIn, new_hash: str | None) -> None:
    row = get_user(session, user)
    if wish.role is not None or "sites" in wish.model_fields_set:
        sites = wish.sites if "sites" in wish.model_fields_set else row.sites
        set_role(session, author, user, role=wish.role or row.role, sites=sites)
    if new_hash is not None:
        set_password(session, author, user, new_hash)
    if wish.disabled is not None:
        (disable_user if wish.disabled else enable_user)(session, author, user)


def _add_tokens(router: APIRouter, context: Context) -> None:
    @router.get("/tokens")
    def tokens(
        visitor: Asking, user: Annotated[str | None, Query(pattern=NAME_PATTERN, description="Whose.")] = None
    ) -> TokensOut:
        """Your tokens; an administrator sees those of all users."""
        whose = user if administers(visitor) else visitor.name
        if user not in (None, whose):
            raise ForbiddenError("only an administrator of all sites sees the tokens of others")
        with context.database.reading() as session:
            return TokensOut(tokens=[token_out(row) for row in list_tokens(session, user=whose)])

    @router.post("/tokens", status_code=201, responses=answers(_404="No such user."))
    def make(wish: TokenIn, visitor: Asking) -> NewTokenOut:
        """Make a token. Its secret is told once."""
        user = wish.user or visitor.name
        author = context.doorkeeper.author(visitor)
        sites = token_sites(visitor, user=user, role=wish.role, sites=wish.sites)
        with context.database.transaction() as session:
            expires_ms = None if wish.expires_s is None else author.ts_ms + wish.expires_s * 1000
            row, secret = add_token(
                session, author, user, name=wish.name, role=wish.role, sites=sites, expires_ms=expires_ms
            )
        return NewTokenOut(**token_out(row).model_dump(), secret=secret)

    @router.delete("/tokens/{token}", status_code=204, responses=answers(_404="No such token of yours."))
    def revoke(token: RowNumber, visitor: Asking) -> None:
        """Make a token worthless."""
        with context.database.transaction() as session:
            row = session.get(TokenRow, token)
            if row is None or not may_revoke(visitor, row.user):
                raise NotFoundError("there is no such token", found=str(token))
            remove_token(session, context.doorkeeper.author(visitor), token)


def user_out(row: UserRow) -> UserOut:
    """Return a user."""
    return UserOut(
        name=row.name,
        role=row.role,  # type: ignore[arg-type]  # checked by pydantic
        sites=row.sites,
        disabled=row.disabled,
        created_ms=row.created_ms,
    )


def token_out(row: TokenRow) -> TokenOut:
    """Return a token."""
    return TokenOut(
        id=row.id,
        name=row.name,
        user=row.user,
        role=row.role,  # type: ignore[arg-type]  # checked by pydantic
        sites=row.sites,
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        last_used_ms=row.last_used_ms,
    )
