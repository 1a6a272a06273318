"""Darknet's cfg text as sections and typed options, each with the line that it stands on."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.nearest import suggestion

MAX_BYTES = 1_000_000
MAX_INTEGER = 1 << 20
"""The largest whole number that an option may have; far above any size, stride or count."""
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One `key=value` with its line, counted from 1."""

    value: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One `[name]` with its options; ``file`` and ``line`` say where it stands.

    ``repeated`` holds options that stand there again with another value; Darknet takes the first.
    """

    name: str
    file: str
    line: int
    options: dict[str, Option]
    repeated: dict[str, Option]

    @property
    def where(self) -> str:
        """The section's place, for messages."""
        return f"{self.file}, line {self.line}, [{self.name}]"

    def where_option(self, key: str) -> str:
        """Return an option's place, or the section's where it is absent."""
        option = self.options.get(key)
        return f"{self.file}, line {option.line}, [{self.name}] {key}" if option else self.where

    def integer(self, key: str, default: int, *, least: int = 0, most: int = MAX_INTEGER) -> int:
        """Return a whole number. Raises ConfigError where it is none or out of range."""
        option = self.options.get(key)
        return default if option is None else self._integer(key, option.value, least, most)

    def integers(self, key: str, *, least: int, most: int = MAX_INTEGER) -> tuple[int, ...]:
        """Return the whole numbers of a comma-separated list. Raises ConfigError, also where it is absent."""
        return tuple(self._integer(key, one, least, most) for one in self._required(key).split(","))

    def number(self, key: str, default: float) -> float:
        """Return a finite number. Raises ConfigError where it is none."""
        option = self.options.get(key)
        return default if option is None else self._number(key, option.value)

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return the finite numbers of a comma-separated list. Raises ConfigError, also where it is absent."""
        return tuple(self._number(key, one) for one in self._required(key).split(","))

    def refuse(self, key: str, what: str, *, todo: str | None = None) -> ConfigError:
        """Return the error that says what is wrong with an option, where it stands and what it is."""
        option = self.options.get(key)
        return ConfigError(
            what, where=self.where_option(key), found=f"'{option.value}'" if option else "nothing", todo=todo
        )

    def _required(self, key: str) -> str:
        if key not in self.options:
            raise ConfigError(f"[{self.name}] needs the option '{key}'", where=self.where, todo=f"add '{key}='")
        return self.options[key].value

    def _integer(self, key: str, text: str, least: int, most: int) -> int:
        if not _INTEGER.fullmatch(text) or not least <= int(text) <= most:
            raise self.refuse(key, f"'{key}' must be a whole number from {least} to {most}")
        return int(text)

    def _number(self, key: str, text: str) -> float:
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not math.isfinite(value):
            raise self.refuse(key, f"'{key}' must be a number")
        return value


def read_cfg(path: Path) -> tuple[bytes, tuple[Section, ...]]:
    """Read a cfg file; return its bytes and its sections. Raises ReachError and ConfigError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError(
            "cannot read the network's cfg", where=str(path), found=error.strerror, todo="check the path"
        ) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError("the cfg is too large to be one", where=str(path), found=f"over {MAX_BYTES} bytes")
    if b"\0" in raw:
        raise ConfigError("the cfg is not text", where=str(path), todo="are the cfg and the weights swapped?")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError("the cfg is not UTF-8 text", where=f"{path}, byte {error.start}") from error
    return raw, parse_cfg(text, file=str(path))


def parse_cfg(text: str, *, file: str) -> tuple[Section, ...]:
    """Split cfg text into sections as Darknet's `read_cfg` does: all blanks dropped, `#` and `;` begin comments.

    A `#` after a value begins a comment too, which Darknet's number parsing tolerates. Raises ConfigError.
    """
    sections: list[Section] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = re.sub(r"\s+", "", raw).partition("#")[0]
        if not line or line.startswith(";"):
            continue
        if line.startswith("["):
            sections.append(_section(line, file, number))
        elif not sections:
            raise ConfigError("an option stands before the first section", where=f"{file}, line {number}", found=line)
        else:
            _add_option(sections[-1], line, number)
    if not sections:
        raise ConfigError("the cfg has no sections", where=file, todo="a Darknet cfg begins with [net]")
    return tuple(sections)


def _section(line: str, file: str, number: int) -> Section:
    if not line.endswith("]") or len(line) < 3:
        raise ConfigError("a section's name is not closed", where=f"{file}, line {number}", found=_shorten(line))
    return Section(name=line[1:-1], file=file, line=number, options={}, repeated={})


def _add_option(section: Section, line: str, number: int) -> None:
    key, equals, value = line.partition("=")
    where = f"{section.file}, line {number}"
    if not equals or not key or not value:
        raise ConfigError("this line is no 'option=value'", where=where, found=_shorten(line))
    before = section.options.setdefault(key, Option(value=value, line=number))
    if before.value != value:
        section.repeated[key] = Option(value=value, line=number)


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def nearest(name: str, known: Sequence[str]) -> str:
    """Return advice for an unknown name: the nearest known one, or all of them."""
    return suggestion(name, known, otherwise=f"known: {', '.join(known)}")
