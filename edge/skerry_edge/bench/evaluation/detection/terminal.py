"""An evaluated detector as tables for a terminal: the main figures of each variant, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.evaluation.detection.figures import DetectionReport, Difference, VariantFigures
from skerry_edge.bench.evaluation.detection.wording import (
    against,
    data_sentence,
    interval,
    size_name,
    threshold_table,
)

_REMARK = "remark"


def tables(report: DetectionReport) -> Iterator[Table]:
    """Yield the tables: average precision, that by size, what differs from the baseline, what a device reports."""
    yield _average_precision(report)
    if not report.evaluated:
        return
    sizes = next(iter(report.evaluated.values())).by_size
    headings = [f"{size_name(one)}\n{words.count(one.objects, 'object')}" for one in sizes]
    yield _by_size(report, headings)
    if len(report.evaluated) > 1:
        yield _against(report, headings)
    yield _table(f"Above a score of {report.threshold:g}", *threshold_table(report))


def notes(report: DetectionReport) -> Iterator[str]:
    """Yield what belongs below the tables."""
    yield data_sentence(report)
    if report.coco_not_measured:
        yield f"COCO's figures were not measured: {report.coco_not_measured}"


def _average_precision(report: DetectionReport) -> Table:
    headings = ["variant", "AP50", "95 % interval", "11-point", "COCO AP", "AP75"]
    rows = [[name, *_precision_cells(one)] for name, one in report.variants.items()]
    if len(report.evaluated) < len(report.variants):
        headings.append(_REMARK)
        remarks = (f"{one.outcome}: {one.reason}" if one.reason else "" for one in report.variants.values())
        rows = [[*row, remark] for row, remark in zip(rows, remarks, strict=True)]
    return _table("Average precision", headings, rows)


def _precision_cells(one: VariantFigures) -> tuple[str, ...]:
    shares = map(words.share, (one.ap50_11point, one.coco_ap, one.coco_ap75))
    return (words.share(one.ap50), interval(one.ap50_interval), *shares)


def _by_size(report: DetectionReport, headings: Sequence[str]) -> Table:
    rows = [(name, *(words.share(size.ap50) for size in one.by_size)) for name, one in report.evaluated.items()]
    return _table("AP50 by size of the object", ("variant", *headings), rows)


def _against(report: DetectionReport, headings: Sequence[str]) -> Table:
    # The interval goes on a line of its own, so that the columns stay narrow.
    rows = [
        [name, *("\n".join(against(compared)) for compared in _differences(one))]
        for name, one in report.evaluated.items()
        if name != report.baseline
    ]
    return _table(f"Points of AP50 against {report.baseline}, 95 % interval", ("variant", "all", *headings), rows)


def _differences(one: VariantFigures) -> list[Difference | None]:
    return [one.against_baseline, *(size.against_baseline for size in one.by_size)]


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=Text(title), title_justify="left")
    for place, heading in enumerate(headings):
        text = place == 0 or heading == _REMARK
        table.add_column(heading, justify="left" if text else "right", overflow="fold", no_wrap=place == 0)
    for row in rows:
        # Names come out of a file: text, never markup.
        table.add_row(*(Text(cell) for cell in row))
    return table
