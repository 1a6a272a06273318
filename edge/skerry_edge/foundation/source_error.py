"""Why a live source gives nothing: a sentence for people, and a word to decide by."""

from __future__ import annotations

from typing import Literal

from skerry_edge.foundation.errors import MissingError, ReachError, SkerryError

Reason = Literal[
    "absent",
    "forbidden",
    "busy",
    "unplugged",
    "unsupported",
    "refused",
    "unreachable",
    "unauthorized",
    "not-found",
    "no-video",
    "timed-out",
    "stalled",
    "ended",
    "failed",
]


class SourceError(ReachError):
    """A camera or microphone that cannot be opened, or that stopped."""

    def __init__(
        self, reason: Reason, what: str, *, where: str | None = None, found: str | None = None, todo: str | None = None
    ) -> None:
        super().__init__(what, where=where, found=found, todo=todo)
        self.reason = reason


def reason_of(error: SkerryError) -> Reason:
    """Return the word for what ended a source; a device or program that is not there is a MissingError."""
    if isinstance(error, SourceError):
        return error.reason
    return "absent" if isinstance(error, MissingError) else "failed"
