"""The page about an evaluated wake word: figures with bounds, the sweep over cut-offs, and every mistake."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.evaluation.wakeword.figures import SweepPoint, WakeWordReport
from skerry_edge.bench.evaluation.wakeword.terminal import shown_cutoffs
from skerry_edge.bench.evaluation.wakeword.wording import delay, per_hour, rate_interval, recall_interval, sound
from skerry_edge.bench.page.charts import Scale, Series, line_chart
from skerry_edge.bench.page.document import document
from skerry_edge.bench.page.markup import NOTHING, Markup, element
from skerry_edge.bench.page.parts import Tile, figure, note, table, terms, tiles

_CUTOFFS = Scale(title="cut-off", low=0.0, high=1.0)
_HEADROOM = 1.5
_TERMS = (
    ("cut-off", "the score, a sliding mean of the model's probabilities, above which the word counts as heard"),
    ("recall", "the share of the recordings with the word in which it was heard"),
    ("false accept", "a detection where the word is not"),
    ("detection delay", "from where the word begins to where it was certain; the word itself takes a part of it"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Point:
    cutoff: float
    value: float
    low: float
    high: float


def render_page(report: WakeWordReport) -> str:
    """Return the page as one HTML text."""
    return document(
        f"{report.word}: evaluation",
        _heading(report),
        _main_figures(report),
        _sweep(report),
        _mistakes(report),
        element("footer", element("h2", "Terms"), terms(_TERMS), *_method(report)),
    )


def _heading(report: WakeWordReport) -> Markup:
    facts = [("Model", report.model), ("Cut-off", f"{report.cutoff:g}")]
    if report.positives is not None:
        facts.append(("With the word", words.count(report.positives.recordings, "recording")))
    if report.negatives is not None:
        count = words.count(report.negatives.recordings, "recording")
        facts.append(("Without it", f"{count}, {sound(report.negatives)}"))
    if report.left_out:
        facts.append(("Left out", f"{words.count(len(report.left_out), 'recording')}; see below"))
    return element("header", element("h1", report.word), terms(facts))


def _main_figures(report: WakeWordReport) -> Markup:
    positives, negatives = report.positives, report.negatives
    shown = []
    if positives is not None:
        below = f"{recall_interval(positives)}; {positives.heard} of {positives.recordings}"
        shown.append(Tile(what="Recall", figure=words.percent(positives.recall), below=below))
    if negatives is not None:
        below = f"{rate_interval(negatives)}; {negatives.false_accepts} in {sound(negatives)}"
        shown.append(Tile(what="False accepts per hour", figure=per_hour(negatives), below=below))
    if positives is not None and positives.delay is not None:
        shown.append(
            Tile(
                what="Median detection delay", figure=f"{positives.delay.median_s:.2f} s", below=delay(positives.delay)
            )
        )
    return tiles(shown)


def _sweep(report: WakeWordReport) -> Markup:
    charts = [chart for chart in (_recall_chart(report), _false_chart(report)) if chart]
    if not charts:
        return NOTHING
    rows = [
        (f"{point.cutoff:g}", words.percent(point.recall), _rate(point.false_accepts_per_hour))
        for point in shown_cutoffs(report)
    ]
    return element(
        "section",
        element("h2", "Cut-offs"),
        element("div", *charts, class_="charts"),
        note("The dashed line is the cut-off that the figures above are for; shades are 95 % intervals."),
        table(("cut-off", "recall", "false accepts per hour"), rows),
    )


def _recall_chart(report: WakeWordReport) -> Markup:
    points = [
        _Point(cutoff=one.cutoff, value=one.recall, low=one.recall_low, high=one.recall_high)
        for one in report.sweep
        if one.recall is not None and one.recall_low is not None and one.recall_high is not None
    ]
    lowest = min((one.low for one in points), default=0.0)
    scale = Scale(title="recall", low=math.floor(10 * lowest) / 10, high=1.0)
    return _chart(report, "Recall at each cut-off", scale, points)


def _false_chart(report: WakeWordReport) -> Markup:
    points = [_false_point(one) for one in report.sweep]
    known = [point for point in points if point is not None]
    own = next((point for point in known if point.cutoff == report.cutoff), None)
    if own is None:
        return NOTHING
    # Low cut-offs let nearly everything through; they must not press the part that matters flat.
    title = Scale(title="false accepts per hour", low=0.0, high=_HEADROOM * own.high)
    return _chart(report, "False accepts per hour at each cut-off; more than fits ends at the edge", title, known)


def _false_point(one: SweepPoint) -> _Point | None:
    rate, low, high = one.false_accepts_per_hour, one.false_accepts_low, one.false_accepts_high
    if rate is None or low is None or high is None:
        return None
    return _Point(cutoff=one.cutoff, value=rate, low=low, high=high)


def _chart(report: WakeWordReport, caption: str, up: Scale, points: Sequence[_Point]) -> Markup:
    if not points:
        return NOTHING
    line = Series(
        name=caption,
        points=[(one.cutoff, one.value) for one in points],
        band=[(one.cutoff, one.low, one.high) for one in points],
    )
    return figure(line_chart(caption, _CUTOFFS, up, [line], rule=report.cutoff, height=260), caption)


def _mistakes(report: WakeWordReport) -> Markup:
    missed = [(one.recording, f"{one.best_score:.2f}") for one in report.missed]
    false = [(one.recording, f"{one.time_s:.2f}", f"{one.score:.2f}") for one in report.false_accepts]
    left_out = [(one.recording, one.reason) for one in report.left_out]
    parts = [
        *_listed("Not heard", ("recording", "highest score"), missed, texts=1),
        *_listed("False accepts", ("recording", "at second", "score"), false, texts=1),
        *_listed("Left out", ("recording", "reason"), left_out, texts=2),
    ]
    return element("section", *parts) if parts else NOTHING


def _listed(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int) -> list[Markup]:
    return [element("h2", title), table(headings, rows, texts=texts)] if rows else []


def _rate(value: float | None) -> str:
    return words.NONE if value is None else words.rate(value)


def _method(report: WakeWordReport) -> list[Markup]:
    intervals = (
        f"Intervals hold {report.confidence:.0%} and are exact: of the recall for a binomial count (Clopper and "
        "Pearson), of false accepts for a Poisson count (Garwood). After a detection nothing counts for "
        f"{report.refractory_s:g} s."
    )
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    return [element("h2", "How it was measured"), element("p", intervals), element("p", f"Computed with {versions}.")]
