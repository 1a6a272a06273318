"""Spools as they lie on disk, read without taking hold of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skerry_server.errors import SpoolError
from skerry_server.spool.segment import ASIDE_SUFFIX, unusable
from skerry_server.spool.spool import find_segments


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What one worker's folder holds."""

    worker: str
    folder: Path
    files: int
    messages: int
    oldest_received_ms: int | None
    bytes: int
    budget_bytes: int
    torn_bytes: int
    damaged_bytes: int
    unreadable_files: int

    @property
    def is_damaged(self) -> bool:
        """Whether messages were lost in it."""
        return bool(self.damaged_bytes or self.unreadable_files)

    def line(self) -> str:
        """Return it in a line."""
        share = f"{self.bytes / 1e6:.1f} of {self.budget_bytes / 1e6:.0f} MB"
        harm = f", {self.torn_bytes} bytes torn, {self.damaged_bytes} damaged, {self.unreadable_files} files unreadable"
        is_whole = not (self.torn_bytes or self.is_damaged)
        return f"worker {self.worker}: {self.messages} messages, {share} in {self.folder}{'' if is_whole else harm}"

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {**asdict(self), "folder": str(self.folder)}


def inspect_spools(parent: Path, *, budget_bytes: int) -> list[Inspection]:
    """Return what each folder in ``parent`` holds, by the worker's name. Raises SpoolError where it cannot be read."""
    return [_inspect(one, budget_bytes) for one in spool_folders(parent)]


def spool_folders(parent: Path) -> list[Path]:
    """Return the folders of all workers, by their names. Raises SpoolError where they cannot be read."""
    if not parent.is_dir():
        return []
    try:
        return sorted(one for one in parent.iterdir() if one.is_dir())
    except OSError as error:
        raise unusable("the spools cannot be read", parent, error) from error


def _inspect(folder: Path, budget_bytes: int) -> Inspection:
    try:
        segments = find_segments(folder)
        unreadable = len(find_segments(folder, suffix=ASIDE_SUFFIX))
    except OSError as error:
        raise unusable("the spool cannot be read", folder, error) from error
    messages, torn, damaged, oldest = 0, 0, 0, None
    for one in segments:
        try:
            contents = one.read()
        except SpoolError:
            # Deleted since it was listed, as the server that runs has brought it in; or it cannot be read.
            unreadable += one.path.exists()
            continue
        messages += len(contents.deliveries)
        torn += contents.torn_bytes
        damaged += contents.damaged_bytes
        times = [delivery.received_ms for delivery in contents.deliveries]
        oldest = min([*times, *([] if oldest is None else [oldest])], default=None)
    return Inspection(
        worker=folder.name,
        folder=folder,
        files=len(segments),
        messages=messages,
        oldest_received_ms=oldest,
        bytes=sum(one.size_bytes for one in segments),
        budget_bytes=budget_bytes,
        torn_bytes=torn,
        damaged_bytes=damaged,
        unreadable_files=unreadable,
    )
