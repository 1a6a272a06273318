"""`skerry fleet login | logout`: a token of one's own, kept for later calls."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_server.fleet.options import EXIT_CODES

if TYPE_CHECKING:
    from skerry_server.fleet.account import Account

PASSWORD_VARIABLE = "SKERRY_PASSWORD"  # noqa: S105  # the name of a variable
DAY_S = 86_400


@click.command(
    epilog=f"""\b
Examples:
  skerry fleet login https://fleet.example --user ann
  skerry fleet login https://fleet.example --token-file ci.secret
  SKERRY_PASSWORD=... skerry fleet login http://127.0.0.1:8080 --user ann --days 1

With a name and a password, a token is made that can do what you can. It is kept in ~/.config/skerry/fleet.token, and
the server's address in fleet.toml beside it, readable by you alone; the password is kept nowhere. Where a server has no
users yet, only its address is kept.

{EXIT_CODES}"""
)
@click.argument("url")
@click.option("--user", help="Your name there.")
@click.option(
    "--password-file", type=click.Path(path_type=Path), metavar="FILE", help="A small file with the password."
)
@click.option("--token-file", type=click.Path(path_type=Path), metavar="FILE", help="Keep this token instead.")
@click.option("--ca-file", type=click.Path(path_type=Path), metavar="FILE", help="Trust this authority's certificates.")
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="How long the token lasts.")
def login(
    *,
    url: str,
    user: str | None,
    password_file: Path | None,
    token_file: Path | None,
    ca_file: Path | None,
    days: int,
) -> None:
    """Sign in at the server at URL, for this and later calls."""
    from skerry_edge.foundation.secret_file import read_secret  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.fleet.account import Account, check_url, keep_account  # noqa: PLC0415  # as above
    from skerry_server.fleet.client import connected  # noqa: PLC0415  # as above

    if user is not None and token_file is not None:
        raise click.UsageError("give --user or --token-file, not both")
    account = Account(url=check_url(url), ca_file=ca_file)
    if token_file is not None:
        account = replace(account, token=read_secret(token_file))
    elif user is not None:
        account = _with_token(account, user, _password(password_file), days)
    with connected(account) as client:
        who = client.get("session")
    kept = keep_account(account)
    click.echo(
        f"signed in as {who['user']}, {who['role']} of {', '.join(who['sites'] or ['all sites'])}; kept in {kept}"
    )


@click.command(epilog=f"\b\nExamples:\n  skerry fleet logout\n\n{EXIT_CODES}")
def logout() -> None:
    """Forget the server and the token that login kept."""
    from skerry_server.fleet.account import forget_account  # noqa: PLC0415  # keeps `--help` fast

    number = forget_account()
    which = "NUMBER" if number is None else number
    click.echo(f"forgotten; the token itself lasts until it is revoked: skerry server tokens revoke {which}")


def _with_token(account: Account, user: str, password: str, days: int) -> Account:
    from skerry_server.fleet.client import connected  # noqa: PLC0415  # keeps `--help` fast

    with connected(account) as client:
        who = client.ask("POST", "session", body={"user": user, "password": password})
        wish = {"name": f"skerry fleet on {socket.gethostname()}"[:128], "role": who["role"], "expires_s": days * DAY_S}
        made = client.ask("POST", "tokens", body=wish, headers={"x-csrf-token": who["csrf_token"]})
        client.ask("DELETE", "session", headers={"x-csrf-token": who["csrf_token"]})
    return replace(account, token=made["secret"], token_id=made["id"])


def _password(file: Path | None) -> str:
    from skerry_edge.foundation.secret_file import read_secret  # noqa: PLC0415  # keeps `--help` fast

    if file is not None:
        return read_secret(file)
    given = os.environ.get(PASSWORD_VARIABLE)
    if given:
        return given
    prompted: str = click.prompt("Password", hide_input=True, err=True)
    return prompted
