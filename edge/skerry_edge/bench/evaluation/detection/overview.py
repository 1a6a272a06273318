"""The upper half of the page: what was evaluated, the main figures, and every variant's AP, by size too."""

from __future__ import annotations

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.evaluation.detection.figures import DetectionReport, Difference, SizeFigures
from skerry_edge.bench.evaluation.detection.wording import against, data_sentence, interval, size_name
from skerry_edge.bench.page.charts import Estimate, Scale, interval_chart
from skerry_edge.bench.page.markup import NOTHING, Markup, element, together
from skerry_edge.bench.page.parts import Tile, figure, note, table, terms, tiles

_COCO_SIZES = ("small", "medium", "large")
_WIDEST_POINTS = 30.0
"""A difference beyond this is drawn at the edge: one broken variant must not press all others together."""


def heading(report: DetectionReport) -> Markup:
    """Return the title and what the figures rest on."""
    facts = [
        ("Version", report.model.version),
        ("Data", f"{data_sentence(report)} ({report.data.layout} annotations)"),
        ("Score threshold", f"{report.threshold:g}"),
    ]
    if report.coco_not_measured:
        facts.append(("COCO's figures", f"not measured: {report.coco_not_measured}"))
    return element("header", element("h1", report.model.name), terms(facts))


def main_figures(report: DetectionReport) -> Markup:
    """Return the baseline's main figures, large."""
    if report.baseline is None:
        return NOTHING
    own = report.variants[report.baseline]
    counted, alarms = own.at_threshold, own.false_alarms
    shown = [
        Tile(what="AP50", figure=words.share(own.ap50), below=interval(own.ap50_interval)),
        Tile(what="COCO AP", figure=words.share(own.coco_ap), below=f"AP75 {words.share(own.coco_ap75)}"),
    ]
    if counted is not None:
        found = f"{counted.found} of {counted.found + counted.missed}"
        right = f"{counted.found} of {counted.found + counted.false}"
        shown += [
            Tile(what="Objects found", figure=words.percent(counted.recall), below=found),
            Tile(what="Detections that are right", figure=words.percent(counted.precision), below=right),
        ]
    if alarms is not None:
        ends = words.between(words.rate(alarms.low), words.rate(alarms.high))
        shown.append(Tile(what="False per empty picture", figure=words.rate(alarms.per_image), below=ends))
    return together((tiles(shown), note(f"The figures of {report.baseline}.")))


def average_precision(report: DetectionReport) -> Markup:
    """Return every variant's AP as a table and as charts, and why others have none."""
    headings = ("variant", "runs on", "AP50", "95 % interval", "11-point", "COCO AP", "AP75", *_COCO_SIZES)
    rows = [
        (
            name,
            one.backend or words.NONE,
            words.share(one.ap50),
            interval(one.ap50_interval),
            *map(words.share, (one.ap50_11point, one.coco_ap, one.coco_ap75)),
            *map(words.share, (one.coco_ap_small, one.coco_ap_medium, one.coco_ap_large)),
        )
        for name, one in report.evaluated.items()
    ]
    shown = [table(headings, rows, texts=2), element("div", *_charts(report), class_="charts")] if rows else []
    return element("section", element("h2", "Average precision"), *shown, _without_figures(report))


def by_size(report: DetectionReport) -> Markup:
    """Return AP50 and its differences by size of the object."""
    evaluated = report.evaluated
    if not evaluated:
        return NOTHING
    sizes = next(iter(evaluated.values())).by_size
    headings = ("variant", *map(_size_heading, sizes))
    rows = [(name, *map(_size_cell, one.by_size)) for name, one in evaluated.items()]
    compared = f", and below it the points against {report.baseline} with their 95 % interval"
    return element(
        "section",
        element("h2", "By size of the object"),
        table(headings, rows),
        note(f"AP50{compared if len(evaluated) > 1 else ''}. Objects of other sizes are neither found nor missed."),
    )


def _size_heading(figures: SizeFigures) -> Markup:
    return together((size_name(figures), element("br"), element("small", words.count(figures.objects, "object"))))


def _size_cell(figures: SizeFigures) -> Markup:
    if figures.against_baseline is None:
        return together((words.share(figures.ap50),))
    points, ends = against(figures.against_baseline)
    return together((words.share(figures.ap50), element("br"), element("small", f"{points} ({ends})")))


def _charts(report: DetectionReport) -> list[Markup]:
    places = {name: place for place, name in enumerate(report.evaluated)}
    own = [
        Estimate(
            name=name,
            value=one.ap50,
            low=one.ap50_interval.low,
            high=one.ap50_interval.high,
            words=words.share(one.ap50),
            colour=places[name],
        )
        for name, one in report.evaluated.items()
        if one.ap50 is not None and one.ap50_interval is not None
    ]
    compared = [
        _compared(places[name], name, one.against_baseline)
        for name, one in report.evaluated.items()
        if one.against_baseline is not None
    ]
    return [*_own_chart(own), *_difference_chart(compared, report.baseline)]


def _own_chart(rows: list[Estimate]) -> list[Markup]:
    if not rows:
        return []
    caption = "AP50 and its 95 % interval over resampled pictures."
    low = max(0.0, min(one.low for one in rows) - 0.05)
    return [figure(interval_chart(caption, Scale(title="AP50", low=low, high=1.0), rows), caption)]


def _difference_chart(rows: list[Estimate], baseline: str | None) -> list[Markup]:
    if not rows:
        return []
    caption = (
        f"Points of AP50 gained or lost against {baseline}, each with its 95 % interval. Variants see the same "
        "pictures, so a difference is known better than either value."
    )
    furthest = max(abs(end) for one in rows for end in (one.low, one.high))
    widest = min(_WIDEST_POINTS, max(1.0, 1.1 * furthest))
    scale = Scale(title="points", low=-widest, high=widest)
    return [figure(interval_chart(caption, scale, rows, rule=0.0), caption)]


def _compared(colour: int, name: str, one: Difference) -> Estimate:
    value = 100 * one.difference
    low, high = (value if end is None else 100 * end for end in (one.low, one.high))
    return Estimate(name=name, value=value, low=low, high=high, words=words.points(one.difference), colour=colour)


def _without_figures(report: DetectionReport) -> Markup:
    rows = [(name, one.outcome, one.reason or "") for name, one in report.variants.items() if one.reason is not None]
    if not rows:
        return NOTHING
    return together((element("h3", "Without figures"), table(("variant", "outcome", "reason"), rows, texts=3)))
