"""`skerry server users` and `skerry server tokens`: who may sign in, and what programs sign in with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_server.registry.cli.opening import ROW_NUMBER, config_option, json_option, this_person

if TYPE_CHECKING:
    from skerry_server.registry.database import Database

PASSWORD_VARIABLE = "SKERRY_PASSWORD"  # noqa: S105  # the name of a variable
DAY_S = 86_400
EXIT_CODES = """\b
Exit codes:
  0  done
  2  wrong usage or configuration, the name is taken or unknown, or nobody could administer the server any more
  4  the database does not answer
"""
_ROLES = click.Choice(["viewer", "operator", "admin"])
_sites_option = click.option(
    "--site", "sites", multiple=True, metavar="SITE", help="A site; may be repeated. Without: all."
)


def _password_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--password-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"A small file with the password; without it ${PASSWORD_VARIABLE}, else a prompt.",
    )(command)


@click.group()
def users() -> None:
    """Say who may sign in. As soon as there is one user, everybody must."""


@users.command(
    "add",
    epilog=f"""\b
Examples:
  skerry server users add ann --role admin
  skerry server users add oli --role operator --site home --site yard
  skerry server users add ci --role viewer --password-file ci.secret

The first one must be an administrator of all sites. A password has at least 12 characters and is never given on the
command line, where other users of the machine could read it.

{EXIT_CODES}""",
)
@click.argument("name")
@click.option(
    "--role", type=_ROLES, required=True, help="What the user may do: each role may do what the one before may."
)
@_sites_option
@_password_option
@config_option
def add(*, name: str, role: str, sites: tuple[str, ...], password_file: Path | None, config: Path | None) -> None:
    """Add the user NAME."""
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.registry.checks import check_name  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_registry  # noqa: PLC0415  # as above
    from skerry_server.registry.people.passwords import hash_password  # noqa: PLC0415  # as above
    from skerry_server.registry.people.users import add_user  # noqa: PLC0415  # as above

    check_name(name, where="the user's name")
    password_hash = hash_password(_password(password_file))
    # The one command here that may come before the server's first start.
    with closing(open_registry(load_settings(config))) as database, database.transaction() as session:
        add_user(session, this_person(), name, password_hash=password_hash, role=role, sites=sites or None)
    click.echo(f"added     {name}, {role} of {', '.join(sites) or 'all sites'}")


@users.command("list", epilog="\b\nExamples:\n  skerry server users list\n  skerry server users list --json\n")
@config_option
@json_option
def list_(*, config: Path | None, as_json: bool) -> None:
    """List all users."""
    import json  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.registry.people.users import list_users  # noqa: PLC0415  # as above

    with _registry(config) as database, database.reading() as session:
        rows = [(one.name, one.role, one.sites, one.disabled) for one in list_users(session)]
    if as_json:
        click.echo(json.dumps([dict(zip(("name", "role", "sites", "disabled"), row, strict=True)) for row in rows]))
        return
    for name, role, sites, is_disabled in rows:
        click.echo(f"{name:<24} {role:<10} {', '.join(sites or ['all sites'])}{'  disabled' if is_disabled else ''}")
    if not rows:
        click.echo("there is no user: whoever is at this machine may do everything, and nobody else can connect")


@users.command(
    epilog=f"""\b
Examples:
  skerry server users passwd ann
  skerry server users passwd ann --password-file new.secret

All browsers in which NAME has signed in are signed out; tokens stay.

{EXIT_CODES}"""
)
@click.argument("name")
@_password_option
@config_option
def passwd(*, name: str, password_file: Path | None, config: Path | None) -> None:
    """Give NAME another password."""
    from skerry_server.registry.people.passwords import hash_password  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.registry.people.users import set_password  # noqa: PLC0415  # as above

    new_hash = hash_password(_password(password_file))
    with _registry(config) as database, database.transaction() as session:
        set_password(session, this_person(), name, new_hash)
    click.echo(f"changed   the password of {name}")


@users.command(
    epilog=f"""\b
Examples:
  skerry server users role oli --role admin
  skerry server users role oli --role operator --site yard

{EXIT_CODES}"""
)
@click.argument("name")
@click.option("--role", type=_ROLES, required=True, help="What the user may do from now on.")
@_sites_option
@config_option
def role(*, name: str, role: str, sites: tuple[str, ...], config: Path | None) -> None:
    """Give NAME another role and other sites."""
    from skerry_server.registry.people.users import set_role  # noqa: PLC0415  # keeps `--help` fast

    with _registry(config) as database, database.transaction() as session:
        set_role(session, this_person(), name, role=role, sites=sites or None)
    click.echo(f"changed   {name} is {role} of {', '.join(sites) or 'all sites'}")


@users.command(
    epilog=f"""\b
Examples:
  skerry server users disable oli
  skerry server users disable --undo oli

Sessions end at once and tokens are worth nothing while a user is disabled.

{EXIT_CODES}"""
)
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let NAME sign in again.")
@config_option
def disable(*, name: str, undo: bool, config: Path | None) -> None:
    """Let NAME sign in no more, in no way, from now on."""
    from skerry_server.registry.people.users import disable_user, enable_user  # noqa: PLC0415  # keeps `--help` fast

    with _registry(config) as database, database.transaction() as session:
        (enable_user if undo else disable_user)(session, this_person(), name)
    click.echo(f"{'enabled' if undo else 'disabled':<9} {name}")


@users.command(epilog=f"\b\nExamples:\n  skerry server users remove oli\n\n{EXIT_CODES}")
@click.argument("name")
@config_option
def remove(*, name: str, config: Path | None) -> None:
    """Remove NAME with all tokens; the audit keeps the name."""
    from skerry_server.registry.people.users import remove_user  # noqa: PLC0415  # keeps `--help` fast

    with _registry(config) as database, database.transaction() as session:
        remove_user(session, this_person(), name)
    click.echo(f"removed   {name}")


@click.group()
def tokens() -> None:
    """Make and revoke what programs sign in with."""


@tokens.command(
    epilog=f"""\b
Examples:
  skerry server tokens create ann --name backup-job
  skerry server tokens create ann --name ci --role operator --days 30
  curl -H "Authorization: Bearer $(cat token)" https://fleet.example/api/v1/devices

The secret is printed once, alone on standard output, and kept as a hash. A token can do no more than its user.

{EXIT_CODES}"""
)
@click.argument("user")
@click.option("--name", required=True, help="What it is for.")
@click.option("--role", type=_ROLES, default="viewer", show_default=True, help="The most that it may do.")
@_sites_option
@click.option("--days", type=click.IntRange(1, 3660), help="After so many days it ends; without: never.")
@config_option
@json_option
def create(
    *, user: str, name: str, role: str, sites: tuple[str, ...], days: int | None, config: Path | None, as_json: bool
) -> None:
    """Make a token for USER and print its secret."""
    import json  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.registry.people.tokens import add_token  # noqa: PLC0415  # as above

    author = this_person()
    expires_ms = None if days is None else author.ts_ms + days * DAY_S * 1000
    with _registry(config) as database, database.transaction() as session:
        row, secret = add_token(session, author, user, name=name, role=role, sites=sites or None, expires_ms=expires_ms)
        number = row.id
    click.echo(json.dumps({"id": number, "secret": secret, "expires_ms": expires_ms}) if as_json else secret)
    if not as_json:
        click.echo(f"token {number} of {user}: it is shown this once", err=True)


@tokens.command(
    "list", epilog="\b\nExamples:\n  skerry server tokens list\n  skerry server tokens list --user ann --json\n"
)
@click.option("--user", help="Only those of this user.")
@config_option
@json_option
def list_tokens(*, user: str | None, config: Path | None, as_json: bool) -> None:
    """List tokens without their secrets."""
    import json  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.registry.people.tokens import list_tokens as listed  # noqa: PLC0415  # as above

    keys = ("id", "name", "user", "role", "sites", "expires_ms", "last_used_ms")
    with _registry(config) as database, database.reading() as session:
        rows = [{key: getattr(one, key) for key in keys} for one in listed(session, user=user)]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['id']:>6}  {row['user']:<16} {row['role']:<10} {row['name']}")


@tokens.command(epilog=f"\b\nExamples:\n  skerry server tokens revoke 3\n\n{EXIT_CODES}")
@click.argument("number", metavar="ID", type=ROW_NUMBER)
@config_option
def revoke(*, number: int, config: Path | None) -> None:
    """Make the token ID worthless."""
    from skerry_server.registry.people.tokens import remove_token  # noqa: PLC0415  # keeps `--help` fast

    with _registry(config) as database, database.transaction() as session:
        remove_token(session, this_person(), number)
    click.echo(f"revoked   {number}")


@contextmanager
def _registry(config: Path | None) -> Iterator[Database]:
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.registry.opening import open_present_registry  # noqa: PLC0415  # as above

    database = open_present_registry(load_settings(config))
    try:
        yield database
    finally:
        database.close()


def _password(file: Path | None) -> str:
    """Return the password from a file, the environment or a prompt. Raises ReachError and ConfigError."""
    from skerry_edge.foundation.secret_file import read_secret  # noqa: PLC0415  # keeps `--help` fast

    if file is not None:
        return read_secret(file)
    given = os.environ.get(PASSWORD_VARIABLE)
    if given:
        return given
    prompted: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return prompted
