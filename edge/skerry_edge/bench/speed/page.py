"""The page about a benchmark: every row's times as pictures and tables, and the machine that they were measured on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.page.charts import Estimate, Scale, Series, interval_chart, legend, line_chart
from skerry_edge.bench.page.document import document
from skerry_edge.bench.page.markup import NOTHING, Markup, element
from skerry_edge.bench.page.parts import Tile, figure, table, terms, tiles
from skerry_edge.bench.speed.result import Row, SpeedReport
from skerry_edge.bench.speed.wording import (
    CHANGE_HEADINGS,
    CONDITION_HEADINGS,
    COST_HEADINGS,
    PEER_HEADINGS,
    STAGE_HEADINGS,
    TIME_HEADINGS,
    accuracy_cell,
    change_cells,
    condition_cells,
    cost_cells,
    input_words,
    machine_words,
    milliseconds,
    missing_words,
    peer_cells,
    peer_name,
    remarks,
    row_name,
    stage_cells,
    time_cells,
)

_TERMS = (
    ("p50 … p99", "what that share of all calls did not exceed (nearest rank); no call is left out"),
    ("end to end", "from a frame in memory to its boxes; of a network without a decoder, the inference alone"),
    ("cold start", "import: from the start of the process until the runtime is imported; load; the first call"),
    ("CPU time", "processor time a call over all threads, the median stages beside it are times on the clock"),
    ("peak MB", "the most that the process held in memory at once (VmHWM), imports included"),
    ("others, stolen", "processor time that other processes and the host took, of what all cores could give"),
)


def render_page(report: SpeedReport) -> str:
    """Return the page as one HTML text."""
    models = dict.fromkeys(f"{row.model} {row.version}" for row in report.rows)
    return document(
        f"{', '.join(models)}: benchmark",
        element("header", element("h1", ", ".join(models)), terms(_facts(report))),
        _fastest(report),
        _times(report),
        _rows_section(report, "Where the time goes (medians, ms)", STAGE_HEADINGS, stage_cells),
        _rows_section(report, "Cold start, memory and size", COST_HEADINGS, cost_cells),
        _peers(report),
        _against(report),
        _conditions(report),
        _remarks(report),
        element("footer", element("h2", "Terms"), terms(_TERMS)),
    )


def _facts(report: SpeedReport) -> list[tuple[str, str]]:
    facts = [("Machine", machine_words(report.machine)), ("Input", input_words(report.input))]
    if report.not_measured:
        facts.append(("Not measured", missing_words(report.not_measured)))
    facts.append(("Versions", ", ".join(f"{name} {number}" for name, number in report.versions.items())))
    return facts


def _fastest(report: SpeedReport) -> Markup:
    measured = report.measured
    if not measured:
        return NOTHING
    fastest = min(measured, key=lambda row: row.stages_ms["end_to_end"].p50)
    smallest = min(measured, key=lambda row: row.peak_memory_mb or 0.0)
    best = fastest.stages_ms["end_to_end"]
    shown = [
        Tile(what="Fastest", figure=f"{milliseconds(best.p50)} ms", below=row_name(report, fastest)),
        Tile(what="Calls a second", figure=f"{1e3 / best.p50:,.0f}", below=f"p99 {milliseconds(best.p99)} ms"),
        Tile(what="Least memory", figure=f"{smallest.peak_memory_mb or 0:.0f} MB", below=row_name(report, smallest)),
    ]
    return tiles(shown)


def _times(report: SpeedReport) -> Markup:
    measured = report.measured
    headings = ["row", "runs on", *TIME_HEADINGS]
    rows = [[row_name(report, row), row.backend or words.NONE, *time_cells(row)] for row in report.rows]
    if any(row.accuracy for row in report.rows):
        headings.append("AP50 (95 % interval)")
        rows = [[*cells, accuracy_cell(row)] for cells, row in zip(rows, report.rows, strict=True)]
    charts = [_spread_chart(report, measured), _drift_chart(report, measured)] if measured else []
    return element(
        "section",
        element("h2", "End to end, milliseconds a call"),
        table(headings, rows, texts=2),
        element("div", *charts, class_="charts"),
    )


def _spread_chart(report: SpeedReport, measured: Sequence[Row]) -> Markup:
    caption = "The median of each row as a dot; the bar reaches from the fastest call to the 99th percentile."
    rows = [
        Estimate(
            name=row_name(report, row),
            value=row.stages_ms["end_to_end"].p50,
            low=min(min(block) for block in row.blocks_ms),
            high=row.stages_ms["end_to_end"].p99,
            words=f"{milliseconds(row.stages_ms['end_to_end'].p50)} ms",
            colour=place,
        )
        for place, row in enumerate(measured)
    ]
    scale = Scale(title="ms", low=0.0, high=max(one.high for one in rows) * 1.05)
    return figure(interval_chart(caption, scale, rows), caption)


def _drift_chart(report: SpeedReport, measured: Sequence[Row]) -> Markup:
    caption = "The median of each block of calls over the run; a line that rises tells of heat or of other work."
    series = [Series(name=row_name(report, row), points=_drift(row)) for row in measured]
    points = [point for one in series for point in one.points]
    chart = line_chart(
        caption,
        Scale(title="seconds of calls", low=0.0, high=max(across for across, _ in points)),
        Scale(title="ms", low=0.0, high=max(up for _, up in points) * 1.1),
        series,
    )
    names = legend([one.name for one in series]) if len(series) > 1 else NOTHING
    return element("div", figure(chart, caption), names)


def _drift(row: Row) -> list[tuple[float, float]]:
    points, elapsed_s = [], 0.0
    for block in row.blocks_ms:
        elapsed_s += sum(block) / 1e3
        points.append((elapsed_s, median(block)))
    return points


def _peers(report: SpeedReport) -> Markup:
    rows = [(peer_name(report, row, one), *peer_cells(one)) for row in report.rows for one in row.peers]
    if not rows:
        return NOTHING
    words_below = element("p", "A ratio above 1: our row is faster, frame to boxes, than the tool's bare call.")
    heading = element("h2", "Other tools, interleaved")
    return element("section", heading, table(("row", *PEER_HEADINGS), rows), words_below)


def _against(report: SpeedReport) -> Markup:
    if report.against is None:
        return NOTHING
    rows = [(row_name(report, one), *change_cells(one)) for one in report.against.changes]
    told = [element("p", f"Not as then: {one}.") for one in report.against.differences]
    heading = element("h2", f"Against {report.against.base}")
    return element("section", heading, table(("row", *CHANGE_HEADINGS), rows), *told)


def _conditions(report: SpeedReport) -> Markup:
    rows = [(row_name(report, row), *condition_cells(row.conditions)) for row in report.rows if row.conditions]
    if not rows:
        return NOTHING
    return element("section", element("h2", "Conditions"), table(("row", *CONDITION_HEADINGS), rows))


def _remarks(report: SpeedReport) -> Markup:
    rows = remarks(report)
    if not rows:
        return NOTHING
    return element("section", element("h2", "Remarks"), table(("row", "remark"), rows, texts=2))


def _rows_section(
    report: SpeedReport, title: str, headings: Sequence[str], cells: Callable[[Row], tuple[str, ...]]
) -> Markup:
    rows = [(row_name(report, row), *cells(row)) for row in report.measured]
    return element("section", element("h2", title), table(("row", *headings), rows)) if rows else NOTHING
