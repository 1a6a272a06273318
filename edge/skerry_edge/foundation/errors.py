"""The error tree: every failure says what, where, what was found and what to do, and has an exit code."""

from __future__ import annotations

from typing import Any, ClassVar


class SkerryError(Exception):
    """Base of all errors that Skerry raises on purpose.

    ``what`` is one sentence without a full stop. ``where`` names the file, key path or address.
    ``found`` is the offending value, already redacted. ``todo`` is the next thing to try.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, what: str, *, where: str | None = None, found: str | None = None, todo: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.found = found
        self.todo = todo

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error cross to another process, whatever arguments its own class asks for."""
        return _revived, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        """Return the error on one line, for logs and machine-readable output."""
        parts = [self.what]
        if self.where:
            parts.append(f"in {self.where}")
        if self.found:
            parts.append(f"found {self.found}")
        if self.todo:
            parts.append(self.todo)
        return "; ".join(parts)

    def report(self) -> str:
        """Return the error on several lines, for a person at a terminal."""
        lines = [f"error: {self.what}"]
        for title, text in (("where", self.where), ("found", self.found), ("to do", self.todo)):
            if text:
                lines.append(f"  {title}: {text}")
        return "\n".join(lines)


def _revived(kind: type[SkerryError], args: tuple[object, ...], fields: dict[str, object]) -> SkerryError:
    """Return an error as it was when it left the other process, without calling its class anew."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(fields)
    return error


class VerdictError(SkerryError):
    """The job ran and its own verdict is no: a gate failed, a device is unhealthy."""

    exit_code = 1


class ConfigError(SkerryError):
    """Wrong usage or configuration: a misspelt key, an impossible value, a description that does not fit."""

    exit_code = 2


class MissingError(SkerryError):
    """A dependency, program or device that the job needs is not there."""

    exit_code = 3


class DataError(SkerryError):
    """A file or stream could be reached, but is damaged or not what it should be."""

    exit_code = 4


class ReachError(SkerryError):
    """Reading, writing or the network failed: a disk, a broker, a store, a port in use."""

    exit_code = 4
