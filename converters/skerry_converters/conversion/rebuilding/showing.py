"""What came of a rebuild, told: as lines, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from skerry_converters.conversion.rebuilding.comparison import GOLDEN_FOLDER, Comparison
from skerry_edge.contracts.bundle import MANIFEST

_HEADINGS = ("file", "expected sha256", "got", "same")
_DIGITS = 16
_NONE = "-"


def as_json(comparison: Comparison, bundle: str) -> dict[str, Any]:
    """Return all of a comparison for `--json`."""
    return {
        "bundle": bundle,
        "identical": comparison.identical,
        "tools": [{"tool": one.tool, "then": one.then, "now": one.now} for one in comparison.tools],
        "processor": {"then": comparison.processor_then, "now": comparison.processor_now},
        "not_made": dict(comparison.not_made),
        "files": [
            {"file": one.file, "expected": one.expected, "got": one.got, "same": one.same} for one in comparison.files
        ],
    }


def as_lines(comparison: Comparison) -> Iterator[str]:
    """Yield likely reasons for differences, the table, and what the differences mean."""
    yield from (f"other version: {one}" for one in comparison.tools)
    if comparison.other_processor and not comparison.identical:
        yield f"other processor: {comparison.processor_now} here, {comparison.processor_then} when the bundle was made"
    yield from (f"{name} could not be made again: {reason}" for name, reason in comparison.not_made.items())
    yield from _table(comparison)
    yield _meaning(comparison)


def _table(comparison: Comparison) -> Iterator[str]:
    cells = [(one.file, _short(one.expected), _short(one.got), "yes" if one.same else "NO") for one in comparison.files]
    rows = [_HEADINGS, *cells]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADINGS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _short(digest: str | None) -> str:
    return digest[:_DIGITS] if digest else _NONE


def _meaning(comparison: Comparison) -> str:
    different = [one.file for one in comparison.files if not one.same]
    if not different:
        return "identical: made again, every file has the same bytes"
    if different == [MANIFEST]:
        return "every file has the same bytes; only what the manifest says differs"
    if all(one == MANIFEST or one.startswith(GOLDEN_FOLDER) for one in different):
        return (
            "the variants have the same bytes; golden outputs are what the processor and runtime of then gave, and "
            "`skerry inspect --verify` compares them as numbers"
        )
    return f"{len(different)} of {len(comparison.files)} files came out differently"
