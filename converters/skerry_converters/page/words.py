"""Figures in words, the same everywhere on the page."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_converters.accuracy.recipe import Recipe
from skerry_converters.gates.boxes import BoxFigures
from skerry_converters.gates.metrics import OutputFigures
from skerry_converters.gates.report import GateReport, HeldOutFacts
from skerry_converters.gates.verdict import DecidedBy, Outcome

NONE = "-"
DECIDED_BY: Mapping[DecidedBy, str] = {
    "load": "loading",
    "run": "running",
    "values": "its values",
    "colour": "colour order",
    "error": "largest error",
    "sqnr": "SQNR",
    "copy": "being a copy",
    "accuracy": "mAP",
    "boxes": "boxes",
    "nothing": "nothing yet",
}
OUTCOMES: Mapping[Outcome, str] = {
    "passed": "passed",
    "failed": "failed",
    "undecided": "passed, too little to judge by",
}
_EQUALISED = {
    "weights": "channels equalised by weights",
    "activations": "channels equalised by weights and activations",
}
_DATA = {
    "pictures": ("picture", "pictures"),
    "recordings": ("recording", "recordings"),
    "video": ("frame of a video", "frames of a video"),
    "arrays": ("array", "arrays"),
}
_RANGES = {"least-error": "ranges of least error", "percentile": "ranges without outliers"}


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
    return ratio(output.sqnr_db)


def ratio(ratio_db: float | None) -> str:
    """Return an SQNR, or a dash for None."""
    return NONE if ratio_db is None else f"{ratio_db:.1f} dB"


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
    if found is None:
        return NONE
    return f"{found.matched} of {found.source_boxes}" if found.source_boxes else no_boxes(found)


def no_boxes(found: BoxFigures) -> str:
    """Return what is to be said where the source finds nothing."""
    if not found.variant_boxes:
        return "no boxes to compare"
    return f"none to match, {found.variant_boxes} of its own"


def boxes(count: int) -> str:
    """Return a number of boxes."""
    return counted(count, "box", "boxes")


def counted(count: int, one: str, more: str) -> str:
    """Return a number of things."""
    return f"{count} {one if count == 1 else more}"


def layer(name: str) -> str:
    """Return a layer's name without those of the operators that were fused into it, which TFLite lists after it."""
    return name.split(";", 1)[0]


def error_begins(report: GateReport) -> str | None:
    """Return where a failing file's error begins, as a sentence without a full stop, if a layer is all but lost."""
    floor_db = report.limits.integer_sqnr_db
    first = report.layers.first_below(floor_db) if report.layers else None
    if first is None or report.verdict.passed:
        return None
    return f"the first layer under {floor_db:g} dB is {layer(first.name)} ({first.kind}, {ratio(first.sqnr_db)})"


def held_out(facts: HeldOutFacts) -> str:
    """Return what the files were judged on, as a sentence."""
    if facts.origin == "made":
        return (
            f"No data was given, so {facts.samples} {facts.kind} were made from a seed to judge by: they show whether "
            "a file computes what its source computes, and little about what it loses on real data."
        )
    origin = {
        "gate data": "the data that was given for it",
        "set aside": "a part of the calibration data that was set aside",
    }[facts.origin]
    labels = "with labels" if facts.labelled else "without labels"
    return f"Judged on {_counted_data(facts)}, {labels}: {origin}."


def _counted_data(facts: HeldOutFacts) -> str:
    """Return how much of which data there was."""
    one, more = _DATA[facts.kind]
    items = counted(facts.items, one, more)
    if facts.samples == facts.items:
        return items
    return f"{items} ({counted(facts.samples, 'input', 'inputs')} of the network)"


def outcome(passed: int, undecided: int, failed: int) -> str:
    """Return how a whole conversion went, as a sentence; ``undecided`` are not among ``passed``."""
    made = passed + undecided + failed
    if not made:
        return "No file was made."
    if failed:
        rest = f"; for {undecided} there was too little to judge by" if undecided else ""
        return f"{failed} of {counted(made, 'file', 'files')} failed {'its' if failed == 1 else 'their'} gate{rest}."
    if undecided == made:
        return f"{counted(made, 'file', 'files')} made, with too little to judge {'it' if made == 1 else 'them'} by."
    if undecided:
        return f"{passed} of {made} files passed; for {undecided} there was too little to judge by."
    return "The file passed its gate." if made == 1 else f"All {made} files passed their gates."


def recipe(tried: Recipe) -> str:
    """Return what was done to quantize, in words."""
    parts = [_EQUALISED.get(tried.equalised), _RANGES.get(tried.ranges)]
    parts.append("biases corrected" if tried.bias_corrected else None)
    parts.append(f"preset {tried.preset}" if tried.preset else None)
    parts.append(f"{counted(len(tried.kept_float), 'layer', 'layers')} float" if tried.kept_float else None)
    return ", ".join(part for part in parts if part) or "the tool's own settings"
