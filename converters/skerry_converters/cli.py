"""`skerry convert`: a trained network in, a checked bundle out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.options import NumberRange

if TYPE_CHECKING:
    from skerry_converters.conversion.identity import Identity
    from skerry_converters.conversion.outcome import Outcome
    from skerry_converters.sources.base import SourceFacts

MAX_SAMPLES = 100_000

EXAMPLES = """\
\b
Examples:
  skerry convert yolov2-tiny-voc.cfg --weights yolov2-tiny-voc.weights \\
      --labels voc.names --to onnx-fp32,tflite-fp32 --out tiny.skerry
  skerry convert yolo-fastest.cfg --weights yolo-fastest.weights \\
      --labels voc.names --to onnx-int8,tflite-int8,openvino-int8 \\
      --calibration photos/ --gate-data voc-test/ --report fastest.html \\
      --license MIT --model-version 2.1.0 --out yolo-fastest.skerry
  skerry convert yolo11n.onnx --manifest yolo11n.toml --to all \\
      --calibration photos/ --out yolo11n.skerry --json
  skerry convert --explain edgetpu model-int8.tflite

\b
A manifest for a network that does not come from Darknet (yolo11n.toml):
  labels = "coco.names"
  [input]
  resize = "letterbox"
  [output]
  kind = "ultralytics"
  classes = 80

\b
Targets:
  onnx-fp32, onnx-fp16, onnx-int8
  tflite-fp32, tflite-fp16, tflite-dynamic, tflite-int8, tflite-int8x16
  openvino-fp16, openvino-int8
  edgetpu-int8, mcu-int8

\b
Exit codes: 0 done; 1 a file failed the gate; 2 wrong usage, or a description
that does not fit; 3 a missing dependency; 4 a file that cannot be read or is
damaged.
"""


@click.command(epilog=EXAMPLES)
@click.argument("source", type=click.Path(path_type=Path), metavar="SOURCE")
@click.option("--to", "targets", metavar="T[,T…]", help="What to write: targets with commas between, or all.")
@click.option("--out", type=click.Path(path_type=Path), metavar="M.skerry", help="The bundle to write.")
@click.option("--weights", type=click.Path(path_type=Path), metavar="F", help="Darknet: the weights file.")
@click.option("--labels", type=click.Path(path_type=Path), metavar="F", help="Darknet: class names, one a line.")
@click.option(
    "--resize",
    type=click.Choice(["stretch", "letterbox"]),
    help="Darknet: how pictures are brought to the network's size. Default: what the cfg's letter_box says, else "
    "stretch. `darknet detector test` letterboxes.",
)
@click.option(
    "--score-threshold",
    type=NumberRange(0, 1),
    metavar="S",
    help="Darknet: detections with a lower score are not reported. Default: 0.24 for a region layer, 0.25 for yolo "
    "layers.",
)
@click.option(
    "--nms-iou",
    type=NumberRange(0, 1),
    metavar="I",
    help="Darknet: of two boxes of one class that overlap by more, the weaker is dropped. Default: 0.45.",
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    metavar="F.toml",
    help="Not Darknet: preprocessing, decoder and labels, which the network's file does not say.",
)
@click.option(
    "--input-shape",
    "input_shapes",
    multiple=True,
    metavar="[NAME:]N,N…",
    help="Not Darknet: sizes for an input that the file leaves open, such as images:1,3,416,416.",
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    metavar="DATA",
    help="What int8 targets are calibrated with: a folder of pictures (plain, VOC, YOLO or COCO), a video, or a NPZ "
    "file.",
)
@click.option(
    "--gate-data",
    type=click.Path(path_type=Path),
    metavar="DATA",
    help="What the files are judged on, the same kinds; labels are used where there are some. Default: a fifth of the "
    "calibration data is set aside for it.",
)
@click.option(
    "--samples",
    type=click.IntRange(1, MAX_SAMPLES),
    default=300,
    show_default=True,
    metavar="N",
    help="Calibrate with at most this many.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Chooses the samples, and those that are set aside.",
)
@click.option(
    "--max-drop",
    type=NumberRange(0, 100),
    default=2.0,
    show_default=True,
    metavar="P",
    help="The points of mAP that an integer file may lose on labelled data.",
)
@click.option("--name", metavar="N", help="The model's name. Default: the source's file name.")
@click.option("--model-version", default="1.0.0", show_default=True, metavar="V", help="The model's SemVer version.")
@click.option("--license", "license_name", default="unknown", show_default=True, metavar="L", help="Its licence.")
@click.option("--report", type=click.Path(path_type=Path), metavar="F.html", help="Write a page about it as well.")
@click.option(
    "--explain",
    type=click.Choice(["edgetpu"]),
    help="Convert nothing: tell which operators of SOURCE, a .tflite file, an Edge TPU would run, and why not others.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def convert(  # noqa: PLR0913  # one parameter for each option
    *,
    source: Path,
    targets: str | None,
    out: Path | None,
    weights: Path | None,
    labels: Path | None,
    resize: Literal["stretch", "letterbox"] | None,
    score_threshold: float | None,
    nms_iou: float | None,
    manifest: Path | None,
    input_shapes: tuple[str, ...],
    calibration: Path | None,
    gate_data: Path | None,
    samples: int,
    seed: int,
    max_drop: float,
    name: str | None,
    model_version: str,
    license_name: str,
    report: Path | None,
    explain: Literal["edgetpu"] | None,
    as_json: bool,
) -> None:
    """Convert a trained network into a checked bundle.

    SOURCE is a Darknet .cfg, an .onnx file (opset 11 or later), a .keras or .h5 file, a SavedModel folder, or a .tflite
    file. A Darknet network may have convolutional, maxpool, route, shortcut, reorg, upsample and dropout layers and
    ends in a region layer or in yolo layers.

    Every file that is written is run in the backend that a device uses, on inputs that nothing was calibrated with. A
    float file must give what the source gives, to 0.001; one of half precision must reach 40 dB; an integer file must
    find what the source finds. A file that does not is kept in M.skerry.failed/ and not in the bundle. The same
    sources, data and tools give the same bytes.

    `--to all` makes all that this machine can make of SOURCE, and says what it left out and why.
    """
    if explain is not None:
        from skerry_converters.edgetpu.explain_cli import run_explain  # noqa: PLC0415  # only what is asked for

        run_explain(source, as_json=as_json)
        return
    if targets is None or out is None:
        raise click.UsageError(f"Missing option '{'--to' if targets is None else '--out'}'.")
    from skerry_converters.conversion.choosing import choose  # noqa: PLC0415  # numpy and OpenCV; --help stays fast
    from skerry_converters.conversion.data import DataChoice  # noqa: PLC0415  # as above
    from skerry_converters.conversion.identity import identify  # noqa: PLC0415  # as above
    from skerry_converters.conversion.job import Order, convert_source, require_folder  # noqa: PLC0415  # as above
    from skerry_converters.conversion.opening import SourceOptions, open_any  # noqa: PLC0415  # as above
    from skerry_converters.conversion.terminal import shown_progress  # noqa: PLC0415  # as above
    from skerry_converters.families.registry import parse_targets  # noqa: PLC0415  # as above
    from skerry_converters.gates.verdict import Limits  # noqa: PLC0415  # as above
    from skerry_converters.model import Thresholds  # noqa: PLC0415  # as above

    names = parse_targets(targets)
    identity = identify(source, name=name, version=model_version, license_name=license_name)
    require_folder(out)
    if report is not None:
        require_folder(report)
        _refuse_one_file_for_both(out, report)
    options = SourceOptions(
        weights=weights,
        labels=labels,
        resize=resize,
        thresholds=Thresholds(score=score_threshold, nms_iou=nms_iou),
        manifest=manifest,
        input_shapes=input_shapes,
    )
    with shown_progress() as progress:
        progress.note("reading the network")
        model = open_any(source, options)
        order = Order(
            source=model,
            choice=choose(names, model.facts, progress, calibrated=calibration is not None),
            identity=identity,
            out=out,
            data=DataChoice(calibration=calibration, gate_data=gate_data, limit=samples, seed=seed),
            limits=Limits(max_drop=max_drop),
        )
        outcome = convert_source(order, progress)
    _show(outcome, identity, as_json=as_json)
    _write_pages(outcome, identity, model.facts, report)
    outcome.require_success()


def _refuse_one_file_for_both(out: Path, report: Path) -> None:
    if out.resolve() == report.resolve():
        raise ConfigError("the page would be written over the bundle", where="--report", found=f"{report}")


def _show(outcome: Outcome, identity: Identity, *, as_json: bool) -> None:
    from skerry_converters.conversion import showing  # noqa: PLC0415  # --help stays fast

    for caution in outcome.held_out.cautions:
        click.echo(f"warning: {caution}", err=True)
    if as_json:
        click.echo(json.dumps(showing.as_json(outcome), ensure_ascii=False))
        return
    for line in showing.as_lines(outcome, identity):
        click.echo(line)


def _write_pages(outcome: Outcome, identity: Identity, facts: SourceFacts, report: Path | None) -> None:
    """Write the page where it was asked for, and beside files that failed."""
    from skerry_converters.conversion.setting_aside import PAGE  # noqa: PLC0415  # --help stays fast

    wanted = [path for path in (report, outcome.failed / PAGE if outcome.failed else None) if path]
    if not wanted:
        return
    from skerry_converters.conversion.showing import page_content  # noqa: PLC0415  # --help stays fast
    from skerry_converters.page.render import render_page  # noqa: PLC0415  # as above
    from skerry_edge.foundation.atomic import write_atomic  # noqa: PLC0415  # as above

    page = render_page(page_content(outcome, identity, facts)).encode()
    for path in wanted:
        write_atomic(path, page)
