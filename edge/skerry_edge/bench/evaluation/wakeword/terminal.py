"""An evaluated wake word on a terminal: figures with bounds, and some other cut-offs."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.evaluation.wakeword.figures import SweepPoint, WakeWordReport
from skerry_edge.bench.evaluation.wakeword.wording import delay, per_hour, rate_interval, recall_interval, sound

_SHOWN = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def tables(report: WakeWordReport) -> Iterator[Table]:
    """Yield the tables: figures at the cut-off, and at others."""
    yield _figures(report)
    yield _sweep(report)


def shown_cutoffs(report: WakeWordReport) -> tuple[SweepPoint, ...]:
    """Return the points of the sweep that a table has room for, the model's own cut-off among them."""
    return tuple(point for point in report.sweep if point.cutoff in (*_SHOWN, report.cutoff))


def notes(report: WakeWordReport) -> Iterator[str]:
    """Yield what belongs below the tables: mistakes, and what was left out."""
    yield from (f"not heard: {one.recording} (highest score {one.best_score:.2f})" for one in report.missed)
    yield from (f"false: {one.recording} at {one.time_s:.2f} s, score {one.score:.2f}" for one in report.false_accepts)
    yield from (f"left out: {one.recording}: {one.reason}" for one in report.left_out)


def _figures(report: WakeWordReport) -> Table:
    title = f"{report.word}: scores above {report.cutoff:g}, {report.refractory_s:g} s apart"
    table = Table(title=Text(title), title_justify="left", show_header=False)
    for row in _rows(report):
        table.add_row(*row)
    return table


def _rows(report: WakeWordReport) -> Iterator[tuple[str, str, str]]:
    positives, negatives = report.positives, report.negatives
    if positives is None:
        yield "recall", words.NONE, "not measured: no --positives"
    else:
        of = f"{positives.heard} of {words.count(positives.recordings, 'recording')}"
        yield "recall", words.percent(positives.recall), f"{recall_interval(positives)}; {of}"
        if positives.early:
            yield "heard too early", f"{positives.early}", "before the word began: these are false"
        if positives.delay is not None:
            yield "median delay", f"{positives.delay.median_s:.2f} s", delay(positives.delay)
    if negatives is None:
        yield "false accepts per hour", words.NONE, "not measured: no --negatives"
    else:
        of = f"{negatives.false_accepts} in {sound(negatives)} ({words.count(negatives.recordings, 'recording')})"
        yield "false accepts per hour", per_hour(negatives), f"{rate_interval(negatives)}; {of}"


def _sweep(report: WakeWordReport) -> Table:
    table = Table(title="Other cut-offs", title_justify="left")
    for heading in ("cut-off", "recall", "false accepts per hour"):
        table.add_column(heading, justify="right")
    for point in shown_cutoffs(report):
        rate = point.false_accepts_per_hour
        cells = (f"{point.cutoff:g}", words.percent(point.recall), words.NONE if rate is None else words.rate(rate))
        table.add_row(*cells, style="bold" if point.cutoff == report.cutoff else None)
    return table
