"""Which configuration a command is about: the one that is named, else the installed one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from skerry_edge.agent.install.places import CONFIG_FILE, USER
from skerry_edge.foundation.errors import ConfigError, ReachError

FILE = click.Path(path_type=Path, dir_okay=False)


def config_option(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option --config, whose help begins with ``what`` the command takes from the file."""
    return click.option(
        "--config",
        "config_file",
        type=FILE,
        metavar="FILE",
        help=f"{what}  [default: {CONFIG_FILE} where that is]",
    )


def installed_config(place: Path = Path(CONFIG_FILE)) -> Path | None:
    """Return the installed configuration's path, None where there is none.

    Raises ReachError where its folder is not for this user.
    """
    try:
        place.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ReachError(
            "cannot read the installed configuration",
            where=str(place),
            found=error.strerror,
            todo=f"use sudo, or join its group and log in again: sudo usermod -aG {USER} NAME",
        ) from error
    return place


def require_config(config_file: Path | None) -> Path:
    """Return the named configuration, else the installed one. Raises ConfigError where there is neither, ReachError."""
    found = config_file if config_file is not None else installed_config()
    if found is None:
        raise ConfigError(
            "no configuration is named, and none is installed",
            found=f"no {CONFIG_FILE}",
            todo="give one with --config; `skerry agent example-config` prints one to begin from",
        )
    return found
