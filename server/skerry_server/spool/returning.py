"""Files of spools that were set aside, given back to their workers when they can be read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skerry_server.errors import SpoolError
from skerry_server.spool.inspection import spool_folders
from skerry_server.spool.segment import ASIDE_SUFFIX, Segment, unusable
from skerry_server.spool.spool import find_segments


@dataclass(frozen=True, kw_only=True, slots=True)
class Returned:
    """What became of one file: how many whole messages it holds, or the ``error`` why it still cannot be read."""

    worker: str
    file: str
    messages: int
    error: str | None

    def line(self) -> str:
        """Return it in a line."""
        told = f"{self.messages} messages are back" if self.error is None else self.error
        return f"worker {self.worker}: {self.file}: {told}"

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return asdict(self)


def take_back(parent: Path) -> list[Returned]:
    """Put back what was set aside in the folders in ``parent`` and can be read now; return what became of each file.

    Raises SpoolError where a folder cannot be read, or written to.
    """
    returned = []
    for folder in spool_folders(parent):
        try:
            aside = find_segments(folder, suffix=ASIDE_SUFFIX)
        except OSError as error:
            raise unusable("the spool cannot be read", folder, error) from error
        returned += [_take_back(folder.name, one) for one in aside]
    return returned


def _take_back(worker: str, segment: Segment) -> Returned:
    try:
        messages = len(segment.read().deliveries)
    except SpoolError as error:
        return Returned(worker=worker, file=segment.path.name, messages=0, error=str(error))
    segment.put_back()
    return Returned(worker=worker, file=segment.path.name, messages=messages, error=None)
