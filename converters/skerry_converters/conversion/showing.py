"""What came of a conversion, told: as a table, as JSON, and as the content of the HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from skerry_converters.conversion.identity import UNKNOWN_LICENSE, Identity
from skerry_converters.conversion.outcome import Judged, Outcome
from skerry_converters.families.base import INTEGER_PRECISIONS
from skerry_converters.gates.metrics import OutputFigures
from skerry_converters.page import words
from skerry_converters.page.content import PageContent, VariantContent
from skerry_converters.sources.base import SourceFacts

_HEADINGS = ("variant", "bytes", "largest error", "SQNR", "int8 MACs", "boxes matched", "points lost", "verdict")


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return all of an outcome for `--json`."""
    return {
        "bundle": str(outcome.bundle) if outcome.bundle else None,
        "failed": str(outcome.failed) if outcome.failed else None,
        "variants": [_variant_json(one) for one in outcome.judged],
        "not_made": {one.target: str(one.error) for one in outcome.not_made},
        "left_out": dict(outcome.left_out),
        "held_out": msgspec.to_builtins(outcome.held_out),
    }


def as_lines(outcome: Outcome, identity: Identity) -> Iterator[str]:
    """Yield the lines of the table and what belongs below it."""
    rows = [_HEADINGS, *(_cells(one) for one in outcome.judged)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADINGS))]
    for row in rows:
        first, *middle, last = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        right = (cell.strip().rjust(width) for cell, width in zip(middle, widths[1:], strict=False))
        yield "  ".join((first, *right, last)).rstrip()
    for one in outcome.judged:
        yield from (f"{one.name}: {note}" for note in _notes(one))
    yield from (f"{one.target} was not made: {one.error}" for one in outcome.not_made)
    yield from _left_out(outcome.left_out)
    yield words.held_out(outcome.held_out)
    if outcome.bundle:
        hint = "; say which with --license" if identity.license == UNKNOWN_LICENSE else ""
        yield f"wrote {outcome.bundle} (licence: {identity.license}{hint})"


def page_content(outcome: Outcome, identity: Identity, facts: SourceFacts) -> PageContent:
    """Return what the HTML page shows of an outcome."""
    not_made = {one.target: str(one.error) for one in outcome.not_made}
    return PageContent(
        name=identity.name,
        version=identity.version,
        license=identity.license,
        source_kind=facts.kind,
        source_files=facts.files,
        variants=tuple(_variant_content(one) for one in outcome.judged),
        left_out={**not_made, **outcome.left_out},
        calibration_sha256=outcome.calibration_sha256,
    )


def _notes(one: Judged) -> Iterator[str]:
    """Yield sentences about a file that its row has no place for."""
    yield from one.emitted.notes
    search = one.emitted.search
    if search is not None:
        yield f"quantized with {words.recipe(search.chosen)}"
        if one.emitted.kept_float:
            yield f"kept float: {', '.join(map(words.layer, one.emitted.kept_float))}"
    begins = words.error_begins(one.gate.report)
    if begins:
        yield begins


def _left_out(reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield one line for each reason, with all the targets that it holds for."""
    for reason in dict.fromkeys(reasons.values()):
        names = ", ".join(name for name, own in reasons.items() if own == reason)
        yield f"left out: {names}: {reason}"


def _variant_json(one: Judged) -> dict[str, Any]:
    report = one.gate.report
    worst = words.worst(report.outputs)
    return {
        "variant": one.name,
        "size": one.size_bytes,
        "passed": one.passed,
        "outcome": report.verdict.outcome,
        "decided_by": report.verdict.decided_by,
        "reasons": list(report.verdict.reasons),
        "backend": report.backend,
        "largest_error": _largest_error(report.outputs),
        "sqnr_db": worst.sqnr_db if worst else None,
        "boxes": msgspec.to_builtins(report.boxes),
        "accuracy": msgspec.to_builtins(report.accuracy),
        "integer_macs_share": one.emitted.macs.integer_share,
        "kept_float": list(one.emitted.kept_float),
        "footprint": msgspec.to_builtins(one.emitted.footprint),
        "notes": list(one.emitted.notes),
        "layers": msgspec.to_builtins(report.layers),
        "search": msgspec.to_builtins(report.search),
    }


def _cells(one: Judged) -> tuple[str, ...]:
    report = one.gate.report
    worst = words.worst(report.outputs)
    error = _largest_error(report.outputs)
    return (
        one.name,
        str(one.size_bytes),
        words.NONE if error is None else f"{error:.2e}",
        words.decibels(worst) if worst else words.NONE,
        words.share(one.emitted.macs.integer_share) if one.emitted.macs.integer else words.NONE,
        words.matched(report),
        words.lost(report),
        words.OUTCOMES[report.verdict.outcome],
    )


def _variant_content(one: Judged) -> VariantContent:
    return VariantContent(
        report=one.gate.report,
        size_bytes=one.size_bytes,
        pictures=one.gate.pictures,
        operators=one.operators,
        kept_float=one.emitted.kept_float,
        integer_share=one.emitted.macs.integer_share if one.emitted.precision in INTEGER_PRECISIONS else None,
        tools=one.emitted.tools,
        notes=one.emitted.notes,
    )


def _largest_error(outputs: tuple[OutputFigures, ...]) -> float | None:
    return max((one.max_abs_error for one in outputs if one.max_abs_error is not None), default=None)
