"""Files that failed their gate, kept beside the output with their report."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from skerry_converters.conversion.outcome import Judged
from skerry_converters.families.registry import TARGETS
from skerry_converters.gates.report import encode_reports
from skerry_edge.contracts.bundle import GATES
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError

PAGE = "report.html"


def failed_folder(out: Path) -> Path:
    """Return the folder for the failing files of the output ``out``."""
    return out.with_name(f"{out.name}.failed")


def clear_failed(out: Path) -> None:
    """Remove what an earlier conversion to ``out`` set aside, and nothing else. Raises ReachError."""
    folder = failed_folder(out)
    if not folder.is_dir():
        return
    try:
        for target in TARGETS:
            shutil.rmtree(folder / target, ignore_errors=True)
        for name in (GATES, PAGE):
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        raise ReachError("cannot clear away earlier failing files", where=str(folder), found=error.strerror) from error


def set_aside(failing: Sequence[Judged], out: Path) -> Path | None:
    """Copy each failing target's files into a folder of its name; return the folder above, None without any.

    Raises ReachError; then nothing of them is left.
    """
    clear_failed(out)
    if not failing:
        return None
    folder = failed_folder(out)
    try:
        _copy(failing, folder)
    except ReachError:
        clear_failed(out)
        raise
    return folder


def _copy(failing: Sequence[Judged], folder: Path) -> None:
    for one in failing:
        own = folder / one.name
        try:
            own.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReachError("cannot keep the failing files", where=str(own), found=error.strerror) from error
        for path in one.emitted.files:
            write_atomic(own / path.name, path.read_bytes())
    write_atomic(folder / GATES, encode_reports([one.gate.report for one in failing]))
