"""The lower half of the page: curves, classes, what a device would report, and the pictures that a variant fails on."""

from __future__ import annotations

from collections.abc import Iterator

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.evaluation.detection.curves import class_series, mean_series
from skerry_edge.bench.evaluation.detection.figures import DetectionReport, VariantFigures
from skerry_edge.bench.evaluation.detection.gallery import gallery, key
from skerry_edge.bench.evaluation.detection.job import Evaluation
from skerry_edge.bench.evaluation.detection.wording import threshold_table
from skerry_edge.bench.page.charts import Scale, Series, legend, line_chart, small_chart
from skerry_edge.bench.page.markup import NOTHING, Markup, element
from skerry_edge.bench.page.parts import figure, note, table, unfolding

_RECALL, _PRECISION = Scale(title="recall", low=0.0, high=1.0), Scale(title="precision", low=0.0, high=1.0)


def curves(evaluation: Evaluation) -> Markup:
    """Return precision against recall: the mean of all classes, and each class by itself."""
    report, measured = evaluation.report, evaluation.measured
    if not report.data.objects or not measured:
        return NOTHING
    first, figures = next(iter(report.evaluated.items()))
    caption = "Mean over all classes: the best precision at each recall. The area below a line is its AP50."
    mean = [mean_series(name, one) for name, one in measured.items()]
    classes = [
        _class_chart(
            label,
            [class_series(name, one, class_id, report.threshold) for name, one in measured.items()],
            figures.per_class[label].ap50,
        )
        for class_id, label in enumerate(evaluation.labels)
        if figures.per_class[label].objects
    ]
    axes = "Recall to the right, precision upwards, both from 0 to 1."
    dots = f"A dot is what a device reports: scores above {report.threshold:g}. The number is the AP50 of {first}."
    return element(
        "section",
        element("h2", "Precision and recall"),
        legend(list(measured)),
        figure(line_chart(caption, _RECALL, _PRECISION, mean), caption),
        element("h3", "Each class"),
        note(f"{axes} {dots}"),
        element("div", *classes, class_="many"),
    )


def _class_chart(label: str, lines: list[Series], ap50: float | None) -> Markup:
    caption = element("figcaption", element("b", label, title=label), element("span", words.share(ap50)))
    return element("figure", caption, small_chart(f"{label}: precision against recall", lines))


def classes(report: DetectionReport) -> Markup:
    """Return AP50 of every class under all variants, and each variant's other figures to unfold."""
    evaluated = report.evaluated
    if not evaluated:
        return NOTHING
    first = next(iter(evaluated.values())).per_class
    rows = [
        (label, f"{first[label].objects:,}", *(words.share(one.per_class[label].ap50) for one in evaluated.values()))
        for label in first
    ]
    return element(
        "section",
        element("h2", "AP50 of each class"),
        table(("class", "objects", *evaluated), rows),
        *(_class_rules(name, one) for name, one in evaluated.items()),
    )


def _class_rules(name: str, figures: VariantFigures) -> Markup:
    rows = [
        (label, f"{one.objects:,}", *map(words.share, (one.ap50, one.ap50_11point, one.coco_ap)))
        for label, one in figures.per_class.items()
    ]
    shown = table(("class", "objects", "AP50", "11-point", "COCO AP"), rows)
    return unfolding(f"{name}: every-point, 11-point and COCO", shown)


def at_threshold(report: DetectionReport) -> Markup:
    """Return what a device would report: counts, false detections in empty pictures, and confused classes."""
    headings, rows = threshold_table(report)
    if not rows:
        return NOTHING
    title = element("h2", f"Above a score of {report.threshold:g}")
    return element("section", title, table(headings, rows), *_confusions(report))


def _confusions(report: DetectionReport) -> Iterator[Markup]:
    for name, one in report.evaluated.items():
        if one.confusions:
            rows = [(pair.object, pair.taken_for, str(pair.count)) for pair in one.confusions]
            shown = table(("object", "detected as", "times"), rows, texts=2)
            yield unfolding(f"{name}: classes taken for each other", shown)


def worst_pictures(evaluation: Evaluation) -> Markup:
    """Return each variant's worst pictures, those of the baseline unfolded. Raises what reading a picture raises."""
    worst = {name: one.operating.worst() for name, one in evaluation.measured.items()}
    parts = [
        unfolding(
            f"{name}: the {words.count(len(pictures), 'picture')} with the most mistakes",
            gallery(pictures, evaluation.labels),
            shown=name == evaluation.report.baseline,
        )
        for name, pictures in worst.items()
        if pictures
    ]
    return element("section", element("h2", "Worst pictures"), key(), *parts) if parts else NOTHING
