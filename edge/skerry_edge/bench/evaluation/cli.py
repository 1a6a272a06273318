"""`skerry evaluate`: a detector on labelled pictures, or a wake word on recordings with and without it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_edge.options import NumberRange, refuse_parameters, stall_option
from skerry_edge.vision.quiet import quieten_opencv

if TYPE_CHECKING:
    from rich.table import Table

EPILOG = """\
\b
Examples:
  skerry evaluate model.skerry --data VOC2007/
  skerry evaluate model.skerry --data signs/ --sizes 28,48,96 --html signs.html
  skerry evaluate model.skerry --data val/ --variant onnx-fp32,tflite-int8 \\
      --json - | jq '.variants[].ap50'
  skerry evaluate alexa --positives alexa/ --negatives talk/ --html alexa.html

\b
Labelled pictures (DIR):
  VOC   JPEGImages or images, beside Annotations or annotations (XML)
  YOLO  images beside labels (txt), or pictures and txt files together
  COCO  pictures, and one COCO JSON file in DIR or in annotations

\b
Output with --json for pictures; every AP is a share, 1 is perfect:
  {"images": 50,
   "variants": {"onnx-fp32": {"outcome": "evaluated", "ap50": 0.8087,
     "ap50_11point": 0.806, "coco_ap": 0.4176, "coco_ap75": 0.3521,
     "per_class": {"dog": {"objects": 5, "ap50": 0.8583, ...}}, ...},
    "edgetpu-int8": {"outcome": "not run", "reason": "...", "ap50": null}},
   "baseline": "onnx-fp32", "threshold": 0.25, ...}
  and for recordings:
  {"word": "Alexa", "cutoff": 0.9, "positives": {"recall": 0.975, ...},
   "negatives": {"false_accepts_per_hour": 0.0, ...}, "sweep": [...], ...}

\b
Exit codes:
  0  evaluated; a variant that cannot be run here is told in its row
  1  a variant crashed, hung or failed; the others are evaluated
  2  wrong usage, an unknown variant, a folder without or with mixed labels
  3  nothing here can run the model; the error names what to install
  4  a picture, label, recording or model file is damaged or cannot be read;
     a damaged recording is left out of the figures, a damaged picture ends it
"""

_PATH = click.Path(path_type=Path)
_PICTURES = ("data", "variants", "sizes", "threads", "stall_s")
_RECORDINGS = ("positives", "negatives", "refractory_s")


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the command line gave, by the names of the options' parameters."""

    model: str
    data: Path | None
    variants: str
    sizes: str
    threads: int
    stall_s: float
    positives: Path | None
    negatives: Path | None
    refractory_s: float
    threshold: float | None
    json_to: str | None
    html: Path | None


@click.command(epilog=EPILOG)
@click.argument("model")
@click.option("--data", type=_PATH, metavar="DIR", help="Labelled pictures.")
@click.option(
    "--variant",
    "variants",
    default="",
    show_default="all",
    metavar="V[,V…]",
    help="Variants of the bundle; the others are held against the first fp32 one, or else the first.",
)
@click.option(
    "--sizes",
    default="32,96",
    show_default=True,
    metavar="PX,…",
    help="Where to divide objects by size, the root of their area in pixels; a range such as 28-96 or 28- adds one. "
    "COCO's figures keep to its own 32 and 96.",
)
@click.option(
    "--threads",
    type=click.IntRange(0, 256),
    default=0,
    show_default="the runtime's own choice",
    metavar="N",
    help="Threads of the runtime.",
)
@stall_option("variant")
@click.option("--positives", type=_PATH, metavar="DIR", help="Recordings with the wake word, once in each.")
@click.option("--negatives", type=_PATH, metavar="DIR", help="Recordings without it, the longer the better.")
@click.option(
    "--refractory",
    "refractory_s",
    type=NumberRange(0.0, 3600.0),
    default=1.0,
    show_default=True,
    metavar="S",
    help="Wake word: count nothing for this many seconds after a detection.",
)
@click.option(
    "--threshold",
    type=NumberRange(0.0, 1.0),
    metavar="T",
    help="Count what scores above this (0 to 1).  [default: the model's own]",
)
@click.option("--json", "json_to", metavar="F", help="Write all figures as JSON to F; - is standard output.")
@click.option("--html", type=_PATH, metavar="F", help="Write a page with curves and pictures to F.")
@click.pass_context
def evaluate(context: click.Context, /, **parameters: Any) -> None:  # noqa: ANN401  # `Given` has each one's type
    """Measure how well a model does its task.

    \b
    skerry evaluate MODEL --data DIR             a detector, on labelled pictures
    skerry evaluate MODEL --positives DIR --negatives DIR
                                                 a wake word, on recordings

    A detector (a bundle, or a model that Skerry ships) is run in every variant, each in a process of its own, with the
    preprocessing and decoder that a device uses. Average precision is that of Pascal VOC (every-point and 11-point, IoU
    0.5) and that of COCO, for which the extra `evaluate` must be installed. Differences between variants come with the
    interval of a paired bootstrap over the pictures.

    A wake word is what `skerry listen` takes: a name or a microWakeWord manifest (*.json). Where a recording
    has a file of Audacity labels beside it (the same name, .txt), its detection delay counts from the word's start.
    """  # noqa: D301  # \b is click's mark for text that keeps its line breaks
    given = Given(**parameters)
    if given.data is not None:
        refuse_parameters(context, "--data", _RECORDINGS)
        _evaluate_detector(given, given.data)
    elif given.positives is not None or given.negatives is not None:
        refuse_parameters(context, "--positives and --negatives", _PICTURES)
        _evaluate_wake_word(given)
    else:
        raise click.UsageError("Give --data, or --positives and --negatives.", context)


def _evaluate_detector(given: Given, data: Path) -> None:
    quieten_opencv()  # the variants' processes inherit it
    from skerry_edge.bench.evaluation.detection.job import (  # noqa: PLC0415  # keeps --help free of numpy
        EvaluationOrder,
        evaluate_detector,
    )
    from skerry_edge.bench.evaluation.detection.page import render_page  # noqa: PLC0415  # the same
    from skerry_edge.bench.evaluation.detection.terminal import notes, tables  # noqa: PLC0415  # the same
    from skerry_edge.bench.output import Destinations  # noqa: PLC0415  # the same
    from skerry_edge.bench.sizes import parse_sizes  # noqa: PLC0415  # the same
    from skerry_edge.models.catalogue import resolve_model  # noqa: PLC0415  # the same
    from skerry_edge.vision.progress import progress_bar  # noqa: PLC0415  # keeps --help free of rich

    destinations = Destinations.parse(given.json_to, html=given.html)
    order = EvaluationOrder(
        model=resolve_model(given.model),
        data=data,
        sizes=parse_sizes(given.sizes),
        variants=tuple(given.variants.split(",")) if given.variants else (),
        threshold=given.threshold,
        threads=given.threads,
        stall_s=given.stall_s,
    )
    with progress_bar(lines_on_stdout=False) as bar:
        evaluation = evaluate_detector(order, bar)
    destinations.write(evaluation.report, html=lambda: render_page(evaluation))
    if not destinations.json_on_stdout:
        _show(tables(evaluation.report), notes(evaluation.report))
    evaluation.require_success()


def _evaluate_wake_word(given: Given) -> None:
    from skerry_edge.bench.evaluation.wakeword.job import (  # noqa: PLC0415  # the same
        WakeWordOrder,
        evaluate_wake_word,
        require_all_heard,
    )
    from skerry_edge.bench.evaluation.wakeword.page import render_page  # noqa: PLC0415  # the same
    from skerry_edge.bench.evaluation.wakeword.terminal import notes, tables  # noqa: PLC0415  # the same
    from skerry_edge.bench.output import Destinations  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.vision.progress import progress_bar  # noqa: PLC0415  # keeps --help free of rich

    destinations = Destinations.parse(given.json_to, html=given.html)
    order = WakeWordOrder(
        model=given.model,
        positives=given.positives,
        negatives=given.negatives,
        threshold=given.threshold,
        refractory_s=given.refractory_s,
    )
    with progress_bar(lines_on_stdout=False) as bar:
        report = evaluate_wake_word(order, bar)
    destinations.write(report, html=lambda: render_page(report))
    if not destinations.json_on_stdout:
        _show(tables(report), notes(report))
    require_all_heard(report)


def _show(tables: Iterable[Table], notes: Iterable[str]) -> None:
    from rich.console import Console  # noqa: PLC0415  # keeps --help free of rich

    console = Console()
    for table in tables:
        console.print(table)
    for note in notes:
        click.echo(note)
