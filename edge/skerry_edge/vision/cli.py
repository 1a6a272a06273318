"""`skerry detect`: objects in pictures, folders of pictures and videos."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.foundation.errors import DataError
from skerry_edge.vision.quiet import quieten_opencv

if TYPE_CHECKING:
    from skerry_edge.vision.detector import Detector
    from skerry_edge.vision.report import Report

FAILED_EXIT_CODE = DataError.exit_code

EPILOG = """\
\b
Examples:
  skerry detect model.skerry photo.jpg
  skerry detect model.skerry photos/ --threshold 0.5 --save boxes/
  skerry detect model.skerry street.mp4 --json > street.jsonl
  skerry detect model.skerry photo.jpg --variant tflite-int8 --threads 4

\b
Output with --json, one line a frame, boxes in pixels of the source picture:
  {"source": "photo.jpg", "index": 0,
   "detections": [{"label": "dog", "score": 0.831942, "box": [12.5, 33.18, 200.0, 310.74]}],
   "timing_ms": {"capture": 4.1, "preprocess": 0.4, "inference": 31.2, "postprocess": 0.1}}
  {"source": "broken.jpg", "error": "the image does not decode; ..."}
  "box" is x_min, y_min, x_max, y_max. A line of the first kind is one line; it is broken here to fit.

\b
Exit codes:
  0  every file was looked at to its end, with or without objects
  2  wrong usage, an unknown model, variant or backend
  3  no runtime is installed that can run the model; the error names what to install
  4  a file is damaged or cannot be read; the others are still looked at
"""


@click.command(epilog=EPILOG)
@click.argument("model")
@click.argument("paths", nargs=-1, required=True, metavar="IMAGE|FOLDER|VIDEO...")
@click.option("--variant", metavar="NAME", help="Variant of the bundle.  [default: the most faithful that runs here]")
@click.option("--backend", metavar="NAME", help="onnx, litert, openvino or edgetpu.  [default: by the variant]")
@click.option(
    "--threshold",
    type=click.FloatRange(0.0, 1.0),
    metavar="T",
    help="Report objects with a score above this (0 to 1).  [default: the model's own]",
)
@click.option(
    "--threads",
    type=click.IntRange(0, 256),
    default=0,
    show_default="the runtime's own choice",
    metavar="N",
    help="Threads of the runtime.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Save pictures and videos with the boxes drawn into DIR, by the names of their sources.",
)
def detect(
    model: str,
    paths: tuple[str, ...],
    variant: str | None,
    backend: str | None,
    threshold: float | None,
    threads: int,
    as_json: bool,  # noqa: FBT001  # click passes options by name
    save: Path | None,
) -> None:
    """Find objects in images, folders and videos.

    MODEL is a bundle (a *.skerry file or a directory) or the name of a model that Skerry ships.

    An IMAGE is turned upright as its EXIF data says. A FOLDER means the pictures directly in it, sorted by name; other
    files in it are left out. A VIDEO is looked at frame by frame. Saved videos are MP4.
    """
    quieten_opencv()
    from skerry_edge.backends.base import BackendOptions  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.models.catalogue import resolve_model  # noqa: PLC0415  # the same
    from skerry_edge.vision.detector import Detector  # noqa: PLC0415  # the same
    from skerry_edge.vision.job import DetectJob  # noqa: PLC0415  # the same
    from skerry_edge.vision.progress import progress_bar  # noqa: PLC0415  # keeps --help free of rich
    from skerry_edge.vision.saving import OutputFolder  # noqa: PLC0415  # keeps --help free of numpy

    opened = Detector.open(
        resolve_model(model),
        variant=variant,
        backend=backend,
        options=BackendOptions(threads=threads),
        score_threshold=threshold,
    )
    with closing(opened) as detector:
        output = OutputFolder(save, _files(paths)) if save else None
        bar = progress_bar(lines_on_stdout=as_json)
        failed = DetectJob(detector, _report(detector, as_json=as_json), output, bar).run(paths)
    if save and save.is_dir():
        click.echo(f"pictures with the boxes drawn are in {save}", err=True)
    if failed:
        click.echo(f"{failed} file{'s' if failed > 1 else ''} failed", err=True)
        click.get_current_context().exit(FAILED_EXIT_CODE)


def _report(detector: Detector, *, as_json: bool) -> Report:
    from skerry_edge.vision.report import JsonReport, TableReport  # noqa: PLC0415  # keeps --help free of numpy and rich

    manifest = detector.manifest
    if as_json:
        return JsonReport(manifest.labels)
    ran = f"{manifest.name} {manifest.version}, {detector.variant_name} on {detector.backend_name}"
    return TableReport(manifest.labels, ran)


def _files(names: tuple[str, ...]) -> list[Path]:
    """Return the files that ``names`` stand for, those of folders included."""
    files: list[Path] = []
    for path in map(Path, names):
        # A folder that cannot be looked into is told in its turn, like any other input.
        files += path.iterdir() if os.path.isdir(path) and os.access(path, os.R_OK) else [path]  # noqa: PTH112  # Path.is_dir() raises for a name too long
    return files
