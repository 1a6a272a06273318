"""Which server is meant and who asks: from options, the environment, or what `skerry fleet login` kept."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.config import load_toml
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.secret_file import read_secret

DEFAULT_URL = "http://127.0.0.1:8080"
URL_VARIABLE, TOKEN_VARIABLE = "SKERRY_SERVER", "SKERRY_TOKEN"


class FleetFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `login` keeps: the server's address, and the file with the token, beside this one.

    ``token_id`` is the token's number at the server, None where it was not made by `login`.
    """

    server: str = DEFAULT_URL
    token_file: str | None = None
    token_id: int | None = None
    ca_file: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A server and the token to show it, None where nobody need sign in there, with its number where that is known."""

    url: str
    token: str | None = field(default=None, repr=False)
    token_id: int | None = None
    ca_file: Path | None = None


def config_folder() -> Path:
    """Return where `login` keeps what it keeps: the XDG configuration directory."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "skerry"


def find_account(*, url: str | None, token_file: Path | None) -> Account:
    """Return the account: options come first, then the environment, then the file. Raises ConfigError, ReachError."""
    path = config_folder() / "fleet.toml"
    kept = load_toml(path, FleetFile) if path.exists() else FleetFile()
    chosen = check_url(url or os.environ.get(URL_VARIABLE) or kept.server)
    token = os.environ.get(TOKEN_VARIABLE) or None
    if token_file is not None:
        token = read_secret(token_file)
    elif token is None and kept.token_file is not None and chosen == check_url(kept.server):
        # A token is shown to the server that gave it, and to no other.
        token = read_secret(path.parent / kept.token_file)
    ca_file = path.parent / kept.ca_file if kept.ca_file is not None else None
    return Account(url=chosen, token=token, ca_file=ca_file)


def keep_account(account: Account) -> Path:
    """Keep server and token for later calls, readable by their owner alone, and return the file. Raises ReachError."""
    folder = config_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if account.token is not None:
        write_atomic(folder / "fleet.token", account.token.encode() + b"\n", mode=0o600)
    lines = [f'server = "{account.url}"']
    if account.token is not None:
        lines.append('token_file = "fleet.token"')
    if account.token_id is not None:
        lines.append(f"token_id = {account.token_id}")
    if account.ca_file is not None:
        lines.append(f'ca_file = "{account.ca_file.resolve()}"')
    write_atomic(folder / "fleet.toml", ("\n".join(lines) + "\n").encode(), mode=0o600)
    return folder / "fleet.toml"


def forget_account() -> int | None:
    """Delete what `login` kept, and return the number of the token that it had made. Raises ConfigError, ReachError."""
    path = config_folder() / "fleet.toml"
    kept = load_toml(path, FleetFile) if path.exists() else FleetFile()
    for one in (path.with_name("fleet.token"), path):
        one.unlink(missing_ok=True)
    return kept.token_id


def check_url(url: str) -> str:
    """Return ``url`` without a slash at its end. Raises ConfigError where it is no address of a server."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or '"' in url or "\\" in url or not url.isprintable():
        raise ConfigError("this is no address of a server", found=repr(url), todo="write http://HOST:PORT")
    if parts.username is not None:
        raise ConfigError("a server's address holds no password", todo="sign in with 'skerry fleet login'")
    return url.rstrip("/")
