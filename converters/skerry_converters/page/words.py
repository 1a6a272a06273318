"""Figures in words, the same everywhere on the page."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_converters.gates.metrics import OutputFigures
from skerry_converters.gates.report import GateReport, HeldOutFacts
from skerry_converters.gates.verdict import DecidedBy

NONE = "-"
DECIDED_BY: Mapping[DecidedBy, str] = {
    "load": "loading",
    "run": "running",
    "values": "its values",
    "colour": "colour order",
    "error": "largest error",
    "sqnr": "SQNR",
    "accuracy": "mAP",
    "boxes": "boxes",
    "nothing": "nothing yet",
}


def size(size_bytes: int) -> str:
    """Return a file's size with three digits or more, in units of 1000."""
    for unit, scale in (("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= scale:
            return f"{size_bytes / scale:.2f} {unit}"
    return f"{size_bytes} B"


def decibels(output: OutputFigures) -> str:
    """Return an output's SQNR, or "exact"."""
    if output.exact:
        return "exact"
    return NONE if output.sqnr_db is None else f"{output.sqnr_db:.1f} dB"


def worst(outputs: tuple[OutputFigures, ...]) -> OutputFigures | None:
    """Return the output with the lowest SQNR, or None where none was measured."""
    return min(outputs, key=lambda one: float("inf") if one.sqnr_db is None else one.sqnr_db, default=None)


def figure(value: float | None, form: str = ".3g") -> str:
    """Return a number, or a dash for None."""
    return NONE if value is None else format(value, form)


def share(value: float | None) -> str:
    """Return a share as a percentage."""
    return NONE if value is None else f"{value:.1%}"


def lost(report: GateReport) -> str:
    """Return the points of mAP that were lost, with their interval."""
    accuracy = report.accuracy
    if accuracy is None:
        return NONE
    return f"{accuracy.drop:+.1f} ({accuracy.drop_low:+.1f} to {accuracy.drop_high:+.1f})"


def matched(report: GateReport) -> str:
    """Return how many of the source's boxes were matched."""
    found = report.boxes
    return NONE if found is None else f"{found.matched} of {found.source_boxes}"


def boxes(count: int) -> str:
    """Return a number of boxes."""
    return "1 box" if count == 1 else f"{count} boxes"


def held_out(facts: HeldOutFacts) -> str:
    """Return what the files were judged on, as a sentence."""
    origin = {
        "gate data": "data that was given for it",
        "set aside": "a part of the calibration data that was set aside",
        "made": "inputs that were made for it, since no data was given",
    }[facts.origin]
    labels = "with labels" if facts.labelled else "without labels"
    return f"Judged on {facts.samples} {facts.kind}, {labels}: {origin}."
