"""The page about an evaluated detector: figures, curves, and the pictures that it fails on."""

from __future__ import annotations

from skerry_edge.bench.evaluation.detection import details, overview
from skerry_edge.bench.evaluation.detection.comparison import FEWEST_PICTURES
from skerry_edge.bench.evaluation.detection.figures import DetectionReport
from skerry_edge.bench.evaluation.detection.job import Evaluation
from skerry_edge.bench.page.document import document
from skerry_edge.bench.page.markup import Markup, element
from skerry_edge.bench.page.parts import terms

_TERMS = (
    ("AP", "average precision: the area under the curve of best precisions over recall (VOC 2010 and later)"),
    ("mean AP", "where no class is named: the mean over all classes of which there are objects"),
    ("AP50", "AP where a detection on an object counts from an overlap (IoU) of 0.5 on"),
    ("11-point", "AP50 as in VOC 2007: the mean of the best precisions at recall 0, 0.1 … 1"),
    ("COCO AP", "mean of the AP at IoU 0.50, 0.55 … 0.95; AP75 is that at 0.75; computed by pycocotools"),
    ("size", "root of the area of the object's box, in pixels of the picture"),
    ("empty picture", "a picture that is labelled, and in which there is no object"),
)


def render_page(evaluation: Evaluation) -> str:
    """Return the page as one HTML text. Raises ReachError where a picture cannot be read any more."""
    report = evaluation.report
    return document(
        f"{report.model.name} {report.model.version}: evaluation",
        overview.heading(report),
        overview.main_figures(report),
        overview.average_precision(report),
        overview.by_size(report),
        details.curves(evaluation),
        details.classes(report),
        details.at_threshold(report),
        details.worst_pictures(evaluation),
        element(
            "footer",
            element("h2", "Terms"),
            terms(_TERMS),
            element("h2", "How it was measured"),
            *_method(report),
        ),
    )


def _method(report: DetectionReport) -> list[Markup]:
    intervals = (
        f"Intervals hold {report.confidence:.0%}. Those of AP and of differences are percentiles over "
        f"{report.resamples:,} resamples of the pictures, the same for all variants, and are left out where fewer than "
        f"{FEWEST_PICTURES} pictures show such an object; those of false detections in empty pictures are exact for a "
        "Poisson count."
    )
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    return [element("p", intervals), element("p", f"Computed with {versions}.")]
