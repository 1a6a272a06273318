"""Where figures go: a JSON file or standard output, and files of other kinds, such as a page."""

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
    """The files that were asked for: ``json`` is None where there is to be none, ``others`` are by their kind."""

    json: Path | None
    others: dict[str, Path]
    json_on_stdout: bool

    @classmethod
    def parse(cls, json: str | None, **others: Path | None) -> Destinations:
        """Read the options, each other file by its kind; `-` is standard output for the figures.

        Links are followed, so that they stay what they are. Raises ConfigError and ReachError for what could not be
        written when the work is done, and for two outputs that would be one file.
        """
        on_stdout = json == STDOUT
        given = {"json": Path(json) if json and not on_stdout else None, **others}
        # Path.resolve() raises RuntimeError for links in a circle before Python 3.13.
        files = {kind: Path(os.path.realpath(path)) for kind, path in given.items() if path is not None}
        for kind, path in files.items():
            _check(path)
            earlier = next(one for one in files if files[one] == path)
            if earlier != kind:
                raise ConfigError(
                    f"this would be written over what --{earlier} writes", where=f"--{kind}", found=str(given[kind])
                )
        return cls(json=files.pop("json", None), others=files, json_on_stdout=on_stdout)

    def write(self, figures: msgspec.Struct, **texts: Callable[[], str]) -> None:
        """Write the figures, and of the other kinds those that were asked for; no other is made. Raises ReachError."""
        text = msgspec.json.format(msgspec.json.encode(figures), indent=2)
        if self.json_on_stdout:
            click.echo(text.decode())
        if self.json is not None:
            write_atomic(self.json, text + b"\n")
        for kind, path in self.others.items():
            write_atomic(path, texts[kind]().encode())


def _check(path: Path) -> None:
    if path.is_dir():
        raise ConfigError("this is a folder, not a file to write", where=str(path))
    # A device or pipe would be replaced by the file.
    if path.exists() and not path.is_file():
        raise ConfigError("this is no regular file", where=str(path), todo="'--json -' is standard output")
    if not os.access(path.parent, os.W_OK):
        found = "no permission" if path.parent.is_dir() else "there is no such folder"
        raise ReachError("cannot write a file", where=str(path), found=found)
