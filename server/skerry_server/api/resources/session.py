"""Sign-in of browsers, and of programs that then make themselves a token."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from skerry_server.api.context import Asking, Context, Wish
from skerry_server.auth.credentials import cookie_of, csrf_token
from skerry_server.auth.session_cookie import clear_cookie, set_cookie
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.people.passwords import MAX_CHARS, MIN_CHARS
from skerry_server.registry.people.roles import Role


class SignInIn(Wish):
    """Name and password."""

    user: str = Field(max_length=128)
    password: str = Field(max_length=MAX_CHARS)


class PasswordIn(Wish):
    """The present password, and the one that it is changed to."""

    password: str = Field(max_length=MAX_CHARS)
    new_password: str = Field(min_length=MIN_CHARS, max_length=MAX_CHARS)


class SessionOut(BaseModel):
    """Who asks. With a session in a cookie, each change needs ``csrf_token`` in the header `X-CSRF-Token`."""

    user: str
    role: Role
    sites: list[str] | None = Field(description="Null: all.")
    by: Literal["local", "session", "token"]
    csrf_token: str | None


def add_session(router: APIRouter, context: Context) -> None:
    """Add the routes of the session."""

    @router.post("/session")
    async def sign_in(wish: SignInIn, request: Request, response: Response) -> SessionOut:
        """Sign in; the session comes as a cookie, and an earlier one of this browser ends."""
        visitor = await context.doorkeeper.sign_in(
            wish.user, wish.password, address=request.state.address, earlier=cookie_of(request.headers)
        )
        assert visitor.secret is not None  # noqa: S101  # a session has one
        set_cookie(response, visitor.secret, request, behind_proxy=context.config.http.behind_proxy)
        return session_out(visitor)

    @router.get("/session")
    def who(visitor: Asking) -> SessionOut:
        """Who you are here, and what you may do."""
        return session_out(visitor)

    @router.put("/session/password", status_code=204)
    async def change_password(wish: PasswordIn, visitor: Asking, request: Request, response: Response) -> None:
        """Change your password. You are signed out everywhere, here as well; your tokens stay."""
        await context.doorkeeper.change_password(
            visitor, wish.password, wish.new_password, address=request.state.address
        )
        clear_cookie(response)

    @router.delete("/session", status_code=204)
    def sign_out(visitor: Asking, response: Response) -> None:
        """Sign out."""
        context.doorkeeper.sign_out(visitor)
        clear_cookie(response)


def session_out(visitor: Visitor) -> SessionOut:
    """Return who asks."""
    principal = visitor.principal
    is_session = visitor.by == "session" and visitor.secret is not None
    return SessionOut(
        user=principal.user,
        role=principal.role,
        sites=None if principal.sites is None else sorted(principal.sites),
        by=visitor.by,
        csrf_token=csrf_token(visitor.secret) if is_session and visitor.secret is not None else None,
    )
