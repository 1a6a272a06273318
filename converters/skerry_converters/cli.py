"""`skerry convert`: a trained network in, a checked bundle out."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.options import NumberRange

if TYPE_CHECKING:
    from skerry_converters.convert import Progress, Report

EXAMPLES = """\
\b
Examples:
  skerry convert yolov2-tiny-voc.cfg --weights yolov2-tiny-voc.weights \\
      --labels voc.names --to onnx-fp32,tflite-fp32 --out tiny.skerry
  skerry convert yolo-fastest.cfg --weights yolo-fastest.weights \\
      --labels voc.names --to onnx-fp32 --resize letterbox --license MIT \\
      --model-version 2.1.0 --out yolo-fastest.skerry --json

\b
Exit codes: 0 done; 1 a file failed the gate; 2 wrong usage, or a cfg that does
not fit; 3 a missing dependency; 4 a file that cannot be read or is damaged.
"""


@click.command(epilog=EXAMPLES)
@click.argument("source", type=click.Path(path_type=Path), metavar="SOURCE.cfg")
@click.option("--weights", type=click.Path(path_type=Path), required=True, metavar="F", help="Darknet's weights file.")
@click.option("--labels", type=click.Path(path_type=Path), required=True, metavar="F", help="Class names, one a line.")
@click.option(
    "--to",
    "targets",
    required=True,
    metavar="T[,T…]",
    help="What to write: onnx-fp32, tflite-fp32, or several with commas between.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="M.skerry", help="The bundle to write.")
@click.option(
    "--resize",
    type=click.Choice(["stretch", "letterbox"]),
    help="How pictures are brought to the network's size. Default: what the cfg's letter_box says, else stretch. "
    "`darknet detector test` letterboxes.",
)
@click.option("--name", metavar="N", help="The model's name. Default: the cfg's file name.")
@click.option("--model-version", default="1.0.0", show_default=True, metavar="V", help="The model's SemVer version.")
@click.option("--license", "license_name", default="unknown", show_default=True, metavar="L", help="Its licence.")
@click.option(
    "--score-threshold",
    type=NumberRange(0, 1),
    metavar="S",
    help="Detections with a lower score are not reported. Default: 0.24 for a region layer, 0.25 for yolo layers.",
)
@click.option(
    "--nms-iou",
    type=NumberRange(0, 1),
    metavar="I",
    help="Of two boxes of one class that overlap by more, the weaker is dropped. Default: 0.45.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def convert(  # noqa: PLR0913  # one parameter for each option
    *,
    source: Path,
    weights: Path,
    labels: Path,
    targets: str,
    out: Path,
    resize: Literal["stretch", "letterbox"] | None,
    name: str | None,
    model_version: str,
    license_name: str,
    score_threshold: float | None,
    nms_iou: float | None,
    as_json: bool,
) -> None:
    """Convert a trained network into a checked bundle.

    SOURCE.cfg is a Darknet network: convolutional, maxpool, route, shortcut, reorg, upsample and dropout layers that
    end in a region layer or in yolo layers. Every file that is written is run in the backend that a device uses and
    must give what the source gives, to 0.001. A file that does not is kept in M.skerry.failed/ and not in the bundle.
    The same sources and tools give the same bytes.
    """
    from skerry_converters.bundling import Identity  # noqa: PLC0415  # numpy and OpenCV; --help stays fast
    from skerry_converters.convert import convert_model, require_folder, step_count  # noqa: PLC0415  # as above
    from skerry_converters.darknet.source import load_darknet  # noqa: PLC0415  # as above
    from skerry_converters.model import Thresholds  # noqa: PLC0415  # as above
    from skerry_converters.targets import parse_targets, require_tools  # noqa: PLC0415  # as above

    chosen = parse_targets(targets)
    identity = Identity(name=_name(name, source), version=_version(model_version), license=license_name)
    require_tools(chosen)
    require_folder(out)
    thresholds = Thresholds(score=score_threshold, nms_iou=nms_iou)
    model = load_darknet(source, weights, labels, resize=resize, thresholds=thresholds)
    with _progress(step_count(chosen)) as progress:
        report = convert_model(model, chosen, identity, out, progress)
    _show(report, identity.license, as_json=as_json)
    report.require_success()


def _name(given: str | None, source: Path) -> str:
    from skerry_edge.contracts.manifest import NAME_PATTERN  # noqa: PLC0415  # --help stays fast

    if given is None:
        derived = re.sub(r"[^a-z0-9._-]+", "-", source.stem.lower()).lstrip("._-")[:63]
        return derived or "model"
    if not re.fullmatch(NAME_PATTERN, given):
        raise ConfigError(
            "this cannot be a model's name", where="--name", found=f"'{given}'", todo=f"it must match {NAME_PATTERN}"
        )
    return given


def _version(given: str) -> str:
    from skerry_edge.contracts.manifest import SEMVER_PATTERN  # noqa: PLC0415  # --help stays fast

    if not re.fullmatch(SEMVER_PATTERN, given):
        raise ConfigError(
            "a model's version is a SemVer version", where="--model-version", found=f"'{given}'", todo="such as 1.0.0"
        )
    return given


@contextmanager
def _progress(steps: int) -> Iterator[Progress]:
    """Show a progress bar on stderr where that is a terminal; native libraries' chatter is kept out of it."""
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.console import Console  # noqa: PLC0415  # --help stays fast
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415  # as above

    # A descriptor of its own, since descriptor 2 is held back while TensorFlow and LiteRT run.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as terminal:
        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=Console(file=terminal), transient=True) as bar:
            task = bar.add_task("", total=steps)
            done = iter(range(steps))

            def step(what: str) -> None:
                bar.update(task, description=what, completed=next(done))

            yield step


def _show(report: Report, license_name: str, *, as_json: bool) -> None:
    rows = [
        {
            "variant": one.target.name,
            "size": len(one.data),
            "largest_error": one.verdict.largest_error,
            "passed": one.verdict.passed,
            "reason": one.verdict.reason,
        }
        for one in report.checked
    ]
    if as_json:
        paths = {
            key: str(path) if path else None for key, path in (("bundle", report.bundle), ("failed", report.failed))
        }
        click.echo(json.dumps({**paths, "variants": rows}, ensure_ascii=False))
        return
    click.echo(f"{'variant':<14}{'bytes':>12}{'largest error':>16}  verdict")
    for row in rows:
        error = "-" if row["largest_error"] is None else f"{row['largest_error']:.2e}"
        click.echo(f"{row['variant']:<14}{row['size']:>12}{error:>16}  {'passed' if row['passed'] else 'failed'}")
    if report.bundle:
        hint = "; say which with --license" if license_name == "unknown" else ""
        click.echo(f"wrote {report.bundle} (licence: {license_name}{hint})")
