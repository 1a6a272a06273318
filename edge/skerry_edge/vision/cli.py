"""`skerry detect`: objects in pictures, folders of pictures and videos."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.foundation.errors import ConfigError, DataError
from skerry_edge.options import NumberRange
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
  skerry detect model.skerry /dev/video0
  SKERRY_RTSP_PASSWORD=… skerry detect model.skerry rtsp://viewer@192.0.2.7/stream1 --json
  skerry detect model.skerry "gstreamer:nvarguscamerasrc ! nvvidconv" --frames 100

\b
Output with --json, one line a frame, boxes in pixels of the source picture:
  {"source": "photo.jpg", "index": 0,
   "detections": [{"label": "dog", "score": 0.831942, "box": [12.5, 33.18, 200.0, 310.74]}],
   "timing_ms": {"capture": 4.1, "preprocess": 0.4, "inference": 31.2, "postprocess": 0.1}}
  {"source": "broken.jpg", "error": "the image does not decode; ..."}
  "box" is x_min, y_min, x_max, y_max. A line of the first kind is one line; it is broken here to fit.

\b
Exit codes:
  0  every source was looked at to its end, with or without objects; a camera until it was interrupted (Ctrl-C)
  2  wrong usage, an unknown model, variant or backend
  3  no runtime is installed that can run the model; the error names what to install
  4  a file is damaged or cannot be read, a camera is not there or stopped; the others are still looked at
"""


@click.command(epilog=EPILOG)
@click.argument("model")
@click.argument("paths", nargs=-1, required=True, metavar="IMAGE|FOLDER|VIDEO|CAMERA...")
@click.option("--variant", metavar="NAME", help="Variant of the bundle.  [default: the most faithful that runs here]")
@click.option(
    "--backend",
    metavar="NAME",
    help="onnx, litert, openvino or edgetpu; with a device as openvino:gpu or onnx:cuda.  [default: by the variant]",
)
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
    help="Save pictures and videos with the boxes drawn into DIR, by the names of their sources; not with a CAMERA.",
)
@click.option(
    "--frames",
    type=click.IntRange(1),
    metavar="N",
    help="Leave each camera after N pictures.  [default: when interrupted]",
)
@click.option(
    "--stall",
    "stall_s",
    type=NumberRange(0.1, 86400.0),
    default=10.0,
    show_default=True,
    metavar="S",
    help="Give up on a camera that gives no picture for this many seconds.",
)
def detect(  # noqa: PLR0913  # one parameter for each option
    *,
    model: str,
    paths: tuple[str, ...],
    variant: str | None,
    backend: str | None,
    threshold: float | None,
    threads: int,
    as_json: bool,
    save: Path | None,
    frames: int | None,
    stall_s: float,
) -> None:
    """Find objects in images, folders, videos and cameras.

    MODEL is a bundle (a *.skerry file or a directory) or the name of a model that Skerry ships.

    An IMAGE is turned upright as its EXIF data says. A FOLDER means the pictures directly in it, sorted by name; other
    files in it are left out. A VIDEO is looked at frame by frame. Saved videos are MP4.

    A CAMERA is `/dev/video0` or another device of the kernel, `rtsp://[USER@]HOST[:PORT]/PATH` in the network,
    `rpicam` or `rpicam:NUMBER` on a Raspberry Pi, or `gstreamer:PIPELINE`, the elements up to raw video. Its newest
    picture is looked at, again and again. A network camera's password is taken from the environment variable
    SKERRY_RTSP_PASSWORD; in an address, every user of the machine can see it.
    """
    quieten_opencv()
    if save is not None:
        _refuse_cameras(paths)
    from skerry_edge.backends.base import BackendOptions  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.models.catalogue import resolve_model  # noqa: PLC0415  # the same
    from skerry_edge.vision.detector import Detector  # noqa: PLC0415  # the same
    from skerry_edge.vision.job import DetectJob, LiveLimits  # noqa: PLC0415  # the same
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
        limits = LiveLimits(stall_s=stall_s, frames=frames)
        failed = DetectJob(detector, _report(detector, as_json=as_json), output, bar, limits).run(paths)
    if save and save.is_dir():
        click.echo(f"pictures with the boxes drawn are in {save}", err=True)
    if failed:
        click.echo(f"{failed} source{'s' if failed > 1 else ''} failed", err=True)
        click.get_current_context().exit(FAILED_EXIT_CODE)


def _refuse_cameras(names: tuple[str, ...]) -> None:
    """Raise ConfigError where a camera's pictures were to be saved: they have no end, and would fill the disk."""
    from skerry_edge.vision.cameras.names import names_camera, shown_name  # noqa: PLC0415  # keeps --help free of numpy

    camera = next((name for name in names if names_camera(name)), None)
    if camera is not None:
        todo = "leave --save out, or record a video and name that"
        raise ConfigError("pictures of a camera are not saved", where="--save", found=shown_name(camera), todo=todo)


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
