"""`skerry convert`: a trained network in, a checked bundle out."""

from __future__ import annotations

from typing import Any

import click

from skerry_converters.conversion.options import (
    DATA,
    OTHER_JOBS,
    OUTPUT,
    RESULT,
    SOURCE,
    Given,
    refuse_others,
    require,
    with_options,
)

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
  skerry models pull yolov2-tiny-voc && skerry convert yolov2-tiny-voc \\
      --to onnx-fp32 --out tiny.skerry
  skerry convert kws.tflite --to mcu-int8 --board esp32-s3 --out kws.skerry
  skerry convert hey_you.json --to mcu-int8 --gate-data recordings/ \\
      --out hey_you.skerry && unzip hey_you.skerry hey_you.json hey_you.tflite
  skerry convert --explain edgetpu model-int8.tflite
  skerry convert --targets
  skerry convert --verify-rebuild tiny.skerry --from sources/ --calibration photos/

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
Exit codes: 0 done; 1 a file failed the gate, or came out differently; 2 wrong
usage, or a description that does not fit; 3 a missing dependency; 4 a file that
cannot be read, is damaged, or is not what a bundle was made from.
"""


@click.command(epilog=EXAMPLES)
@with_options(RESULT, SOURCE, DATA, OTHER_JOBS, OUTPUT)
@click.pass_context
def convert(context: click.Context, /, **parameters: Any) -> None:  # noqa: ANN401  # `Given` has each one's type
    """Convert a trained network into a checked bundle.

    SOURCE is a Darknet .cfg, an .onnx file (opset 11 or later), a .keras or .h5 file, a SavedModel folder, a .tflite
    file, or the .json of a microWakeWord model, for which mcu-int8 gives the files that ESPHome takes. A Darknet
    network may have convolutional, maxpool, route, shortcut, reorg, upsample and dropout layers and ends in a region
    layer or in yolo layers. The name of a network that `skerry models pull` has brought stands for its .cfg, its
    weights and labels, and for the way in which its pictures are resized; it wins over a file of that name.

    Every file that is written is run in the backend that a device uses, on inputs that nothing was calibrated with. A
    float file must give what the source gives, to 0.001; one of half precision must reach 40 dB; an integer file must
    find what the source finds. A file that does not is kept in M.skerry.failed/ and not in the bundle. The same
    sources, data and tools give the same bytes.

    `--to all` makes all that this machine can make of SOURCE, and says what it left out and why.

    `--verify-rebuild MODEL` finds the files that a bundle was made from by the hashes that it records, and the pictures
    that it was calibrated with, makes every variant again and compares the bytes of each file, golden outputs and
    manifest included. What the gates measured is no part of that, and they are not run. Versions of tools that are not
    those of then stand above the table: another version, or another processor, may give other bytes.
    """
    from skerry_converters.conversion.scratch import scratch  # noqa: PLC0415  # --help stays fast

    given = Given(**parameters)
    with scratch():
        if given.list_targets:
            _targets(context, given)
        elif given.explain is not None:
            _explain(context, given)
        elif given.verify_rebuild is not None:
            _verify_rebuild(context, given, given.verify_rebuild)
        else:
            _convert(context, given)


def _targets(context: click.Context, given: Given) -> None:
    refuse_others(context, "--targets", "list_targets", "as_markdown", "as_json")
    from skerry_converters.families.targets_cli import run_targets  # noqa: PLC0415  # only what is asked for

    run_targets(as_json=given.as_json, as_markdown=given.as_markdown)


def _explain(context: click.Context, given: Given) -> None:
    refuse_others(context, "--explain", "explain", "source", "as_json")
    from skerry_converters.edgetpu.explain_cli import run_explain  # noqa: PLC0415  # only what is asked for

    run_explain(require(given.source, "source", context), as_json=given.as_json)


def _verify_rebuild(context: click.Context, given: Given, model: str) -> None:
    refuse_others(context, "--verify-rebuild", "verify_rebuild", "from_folder", "calibration", "as_json")
    from skerry_converters.conversion.rebuilding.command import run_verify_rebuild  # noqa: PLC0415  # as above

    run_verify_rebuild(model, source_root=given.from_folder, data_root=given.calibration, as_json=given.as_json)


def _convert(context: click.Context, given: Given) -> None:
    if given.from_folder is not None:
        raise click.UsageError("'--from' goes with --verify-rebuild.", context)
    if given.as_markdown:
        raise click.UsageError("'--markdown' goes with --targets.", context)
    from skerry_converters.conversion.command import run_convert  # noqa: PLC0415  # numpy and OpenCV; --help stays fast

    run_convert(
        given,
        source=require(given.source, "source", context),
        targets=require(given.targets, "targets", context),
        out=require(given.out, "out", context),
    )
