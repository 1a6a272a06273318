"""A benchmark as tables for a terminal: times, costs, peers and changes, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from skerry_edge.bench.speed.result import Row, SpeedReport
from skerry_edge.bench.speed.wording import (
    CHANGE_HEADINGS,
    CONDITION_HEADINGS,
    COST_HEADINGS,
    NOT_MEASURED,
    PEER_HEADINGS,
    STAGE_HEADINGS,
    TIME_HEADINGS,
    accuracy_cell,
    change_cells,
    condition_cells,
    cost_cells,
    input_words,
    machine_words,
    missing_words,
    peer_cells,
    peer_name,
    remarks,
    row_name,
    stage_cells,
    time_cells,
)


def tables(report: SpeedReport) -> Iterator[Table]:
    """Yield the tables; those about peers, an earlier result and remarks only where there is something to tell."""
    rows = [(row_name(report, row), row) for row in report.rows]
    yield _times(rows)
    if report.measured:
        yield _table(
            "Median of each stage, milliseconds", STAGE_HEADINGS, [(name, *stage_cells(r)) for name, r in rows]
        )
        yield _table("Cold start, memory and size", COST_HEADINGS, [(name, *cost_cells(row)) for name, row in rows])
    told = [(name, *condition_cells(row.conditions)) for name, row in rows if row.conditions]
    if any(set(cells[3:]) != {NOT_MEASURED} for cells in told):
        yield _table("Conditions", CONDITION_HEADINGS, told)
    peers = [(peer_name(report, row, one), *peer_cells(one)) for _, row in rows for one in row.peers]
    if peers:
        yield _table("Other tools, interleaved: above 1, ours is faster", PEER_HEADINGS, peers)
    if report.against is not None:
        changes = [(row_name(report, one), *change_cells(one)) for one in report.against.changes]
        yield _table(f"Against {report.against.base}: above 1, slower now", CHANGE_HEADINGS, changes)
    if remarks(report):
        yield _table("Remarks", ("",), remarks(report), texts=2)


def notes(report: SpeedReport) -> Iterator[str]:
    """Yield what belongs below the tables."""
    yield f"Measured on {machine_words(report.machine)}."
    yield f"Input: {input_words(report.input)}."
    if report.not_measured:
        yield f"Not measured: {missing_words(report.not_measured)}."
    if report.against is not None and report.against.differences:
        yield f"Not as in {report.against.base}: {'; '.join(report.against.differences)}."


def _times(rows: Sequence[tuple[str, Row]]) -> Table:
    title = "End to end, milliseconds a call"
    if any(row.accuracy for _, row in rows):
        cells = [(name, *time_cells(row), accuracy_cell(row)) for name, row in rows]
        return _table(title, (*TIME_HEADINGS, "AP50 (95 % interval)"), cells)
    return _table(title, TIME_HEADINGS, [(name, *time_cells(row)) for name, row in rows])


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int = 1) -> Table:
    table = Table(title=Text(title), title_justify="left")
    for place, heading in enumerate(("row", *headings)):
        table.add_column(
            heading, justify="left" if place < texts else "right", overflow="fold", no_wrap=place == 0 and texts > 1
        )
    for row in rows:
        # Names come out of a file: text, never markup.
        table.add_row(*(Text(cell) for cell in row))
    return table
