"""An update's record as the report that the fleet gets of it."""

from __future__ import annotations

from typing import Any, cast

from skerry_edge.contracts.release import Kind
from skerry_edge.contracts.updates import UpdateOutcome, UpdateReport
from skerry_edge.ota.job import Progress
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.order_book import Known


def report_of(record: Record, stamp: dict[str, Any], progress: Progress | None = None) -> UpdateReport:
    """Return where the update is; its outcome only once nothing but the report is left to do."""
    is_final = record.state in ("report", "report-fail") and record.outcome is not None
    kind, _, name = record.subject.partition("/")
    return UpdateReport(
        **stamp,
        order=record.order.id,
        kind=cast("Kind", kind),
        name=name,
        from_version=record.from_version,
        to_version=record.order.version,
        state=record.state,
        outcome=record.outcome if is_final and record.outcome is not None else "under-way",
        reason=record.reason,
        detail=record.detail,
        progress_bytes=progress.done_bytes if progress else None,
        total_bytes=progress.total_bytes if progress else None,
    )


def report_of_ended(subject: str, known: Known, stamp: dict[str, Any]) -> UpdateReport:
    """Return how an order ended, as it was told before."""
    kind, _, name = subject.partition("/")
    return UpdateReport(
        **stamp,
        order=known.order,
        kind=cast("Kind", kind),
        name=name,
        from_version=known.from_version,
        to_version=known.version,
        state="report" if known.outcome == "committed" else "report-fail",
        outcome=cast("UpdateOutcome", known.outcome),
        reason=known.reason,
        detail=known.detail,
    )
