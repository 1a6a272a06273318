"""What these commands share: the option that names the configuration, and who gives the command."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from skerry_server.config.server import Settings
    from skerry_server.registry.audit.trail import Author

FILE = click.Path(path_type=Path, dir_okay=False)
ROW_NUMBER = click.IntRange(1, 2**53)
"""The number of a row; a larger one no database could take."""


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the server's configuration."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE.toml",
        help="The server's configuration; without it everything has its default.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option for an answer that programs read."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")(command)


def telemetry_of(settings: Settings) -> Path | None:
    """Return the embedded store's file; None where time series live in a store of their own."""
    from skerry_server.config.stores import SqliteStore  # noqa: PLC0415  # keeps `--help` fast

    return settings.store_path if isinstance(settings.config.store, SqliteStore) else None


def this_person() -> Author:
    """Return who gives the command, as the audit names people at the server's own command line."""
    from skerry_server.health import now_ms  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.registry.audit.trail import Author  # noqa: PLC0415  # as above

    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        # A container may run under a number that has no name.
        name = "unknown"
    return Author(name=f"{name} at the command line", ts_ms=now_ms())
