"""Where an evaluation's figures go: a JSON file or standard output, and a page."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ConfigError, ReachError

STDOUT = "-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Destinations:
    """The files that were asked for; None where there is to be none."""

    json: Path | None
    html: Path | None
    json_on_stdout: bool

    @classmethod
    def parse(cls, json: str | None, html: Path | None) -> Destinations:
        """Read the options; `-` is standard output. Links are followed, so that they stay what they are.

        Raises ConfigError and ReachError for what could not be written when the work is done.
        """
        on_stdout = json == STDOUT
        files = Path(json) if json and not on_stdout else None, html
        found = cls(json=_real(files[0]), html=_real(files[1]), json_on_stdout=on_stdout)
        for path in (found.json, found.html):
            if path is not None:
                _check(path)
        if found.json is not None and found.json == found.html:
            raise ConfigError("the page would be written over the figures", where="--html", found=str(html))
        return found

    def write(self, figures: msgspec.Struct, page: Callable[[], str]) -> None:
        """Write the figures and the page; the page is made only where one was asked for. Raises ReachError."""
        text = msgspec.json.format(msgspec.json.encode(figures), indent=2)
        if self.json_on_stdout:
            click.echo(text.decode())
        if self.json is not None:
            write_atomic(self.json, text + b"\n")
        if self.html is not None:
            write_atomic(self.html, page().encode())


def _real(path: Path | None) -> Path | None:
    # Path.resolve() raises RuntimeError for links in a circle before Python 3.13.
    return None if path is None else Path(os.path.realpath(path))


def _check(path: Path) -> None:
    if path.is_dir():
        raise ConfigError("this is a folder, not a file to write", where=str(path))
    # A device or pipe would be replaced by the file.
    if path.exists() and not path.is_file():
        raise ConfigError("this is no regular file", where=str(path), todo="'--json -' is standard output")
    if not os.access(path.parent, os.W_OK):
        found = "no permission" if path.parent.is_dir() else "there is no such folder"
        raise ReachError("cannot write a file", where=str(path), found=found)
