"""How the commands of `skerry ota` tell what they did, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from skerry_server.releases.installing import Installed
    from skerry_server.releases.refreshing import Refreshed


def show(result: Any, lines: Iterator[str], *, as_json: bool) -> None:  # noqa: ANN401  # any dataclass of results
    """Print a result: its fields as one JSON object, or the lines."""
    if as_json:
        click.echo(msgspec.json.encode(result))
    else:
        for line in lines:
            click.echo(line)


def installed_lines(installed: Installed) -> Iterator[str]:
    """Yield how far new metadata got, and what is left to do."""
    name = f"{installed.role} {installed.version}"
    if installed.missing:
        are = "signature is" if installed.missing == 1 else "signatures are"
        absent = f" ({', '.join(installed.absent)}: not here)" if installed.absent else ""
        yield f"{name} waits: {installed.missing} more {are} needed; skerry ota sign, with the other keys{absent}"
    elif installed.refreshed is None:
        yield f"{name} is signed; clients see it after skerry ota refresh with the online key"
    else:
        yield f"{name} is published: {refreshed_line(installed.refreshed)}"
        if installed.role == "root":
            yield "backups from before are too old for devices that see it; make a new one: skerry ota backup"


def refreshed_line(refreshed: Refreshed) -> str:
    """Return the versions that clients see."""
    return f"timestamp {refreshed.timestamp}, snapshot {refreshed.snapshot}, targets {refreshed.targets}"
