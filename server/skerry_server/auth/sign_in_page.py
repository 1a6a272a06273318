"""The page to sign in at: plain HTML that needs no script, so that nothing else is shown to strangers."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from skerry_edge.foundation.errors import SkerryError
from skerry_server.auth.credentials import cookie_of
from skerry_server.auth.doorkeeper import Doorkeeper
from skerry_server.auth.session_cookie import set_cookie
from skerry_server.http_errors import headers_of, status_of

PAGE = "/sign-in"
MAX_FIELD_CHARS = 2048


def add_sign_in_page(api: FastAPI, doorkeeper: Doorkeeper, *, behind_proxy: bool) -> None:
    """Put the page on ``/sign-in``; ``next`` in its address is where it leads to."""

    @api.get(PAGE, include_in_schema=False)
    def page(next: str = "/") -> HTMLResponse:  # noqa: A002  # the name in the address
        """Return the empty form."""
        return HTMLResponse(_html(then=own_path(next)))

    @api.post(PAGE, include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        """Sign in, and lead on."""
        sent = parse_qs((await request.body()).decode("utf-8", "replace"))
        name, password, then = (sent.get(key, [""])[0][:MAX_FIELD_CHARS] for key in ("name", "password", "next"))
        try:
            visitor = await doorkeeper.sign_in(
                name, password, address=request.state.address, earlier=cookie_of(request.headers)
            )
        except SkerryError as error:
            trouble = f"{error.what}{f': {error.todo}' if error.todo else ''}"
            page = _html(then=own_path(then), trouble=trouble, name=name)
            return HTMLResponse(page, status_code=status_of(error), headers=dict(headers_of(error)))
        response = RedirectResponse(own_path(then), status_code=HTTPStatus.SEE_OTHER)
        assert visitor.secret is not None  # noqa: S101  # a session has one
        set_cookie(response, visitor.secret, request, behind_proxy=behind_proxy)
        return response


def own_path(then: str) -> str:
    """Return ``then`` where it is a path of this server, else its first page: nobody is led elsewhere from here."""
    # A browser takes "//host", and "/\\host" as well, for another machine's address.
    is_own = then.startswith("/") and not then.startswith(("//", "/\\")) and then.isprintable()
    return then if is_own and not then.startswith(PAGE) else "/"


def _html(*, then: str, trouble: str = "", name: str = "") -> str:
    """Return the form; with the ``name`` that was tried, it is the password that is to be entered."""
    template = (files("skerry_server.auth") / "sign_in.html").read_text("utf-8")
    alert = f'<p role="alert">{escape(trouble)}</p>' if trouble else ""
    focus = ("", " autofocus") if name else (" autofocus", "")
    filled = template.replace("{{focus_name}}", focus[0]).replace("{{focus_password}}", focus[1])
    filled = filled.replace("{{next}}", escape(then)).replace("{{alert}}", alert)
    # Last, since whoever asks chooses it.
    return filled.replace("{{name}}", escape(name))
