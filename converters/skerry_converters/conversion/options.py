"""The options of `skerry convert`, by what they are about, and what a command line gave for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from skerry_edge.options import NumberRange, refuse_parameters

MAX_SAMPLES = 100_000
Resize = Literal["stretch", "letterbox"]
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
T = TypeVar("T")
_PATH = click.Path(path_type=Path)

SOURCE = (
    click.argument("source", required=False, type=_PATH, metavar="SOURCE"),
    click.option("--weights", type=_PATH, metavar="F", help="Darknet: the weights file."),
    click.option("--labels", type=_PATH, metavar="F", help="Darknet: class names, one a line."),
    click.option(
        "--resize",
        type=click.Choice(["stretch", "letterbox"]),
        help="Darknet: how pictures are brought to the network's size. Default: what the cfg's letter_box says, else "
        "stretch. `darknet detector test` letterboxes.",
    ),
    click.option(
        "--score-threshold",
        type=NumberRange(0, 1),
        metavar="S",
        help="Darknet: detections with a lower score are not reported. Default: 0.24 for a region layer, 0.25 for yolo "
        "layers.",
    ),
    click.option(
        "--nms-iou",
        type=NumberRange(0, 1),
        metavar="I",
        help="Darknet: of two boxes of one class that overlap by more, the weaker is dropped. Default: 0.45.",
    ),
    click.option(
        "--manifest",
        type=_PATH,
        metavar="F",
        help="Not Darknet: preprocessing, decoder and labels, which the network's file does not say, in TOML; for a "
        "wake word microWakeWord's own JSON.",
    ),
    click.option(
        "--input-shape",
        "input_shapes",
        multiple=True,
        metavar="[NAME:]N,N…",
        help="Not Darknet: sizes for an input that the file leaves open, such as images:1,3,416,416.",
    ),
)
RESULT = (
    click.option("--to", "targets", metavar="T[,T…]", help="What to write: targets with commas between, or all."),
    click.option("--out", type=_PATH, metavar="M.skerry", help="The bundle to write."),
    click.option(
        "--board",
        metavar="B",
        help="mcu-int8: the microcontroller that it is for, by its name in `skerry boards list`. What does not fit its "
        "flash and memory fails.",
    ),
    click.option("--name", metavar="N", help="The model's name. Default: the source's file name."),
    click.option(
        "--model-version", default="1.0.0", show_default=True, metavar="V", help="The model's SemVer version."
    ),
    click.option("--license", "license_name", default="unknown", show_default=True, metavar="L", help="Its licence."),
    click.option(
        "--golden",
        type=_PATH,
        metavar="FILE",
        help="A picture with objects that the network is sure of; for a wake word, a recording of it. It goes into the "
        "bundle with what each file gives for it, and a device holds a new version against the one before by it. "
        "Default: a pattern that shows nothing.",
    ),
    click.option("--report", type=_PATH, metavar="F.html", help="Write a page about it as well."),
)
DATA = (
    click.option(
        "--calibration",
        type=_PATH,
        metavar="DATA",
        help="What int8 targets are calibrated with: a folder of pictures (plain, VOC, YOLO or COCO) or of "
        "recordings, a video, or a NPZ file. With --verify-rebuild: where it is looked for. Default there: the folder "
        "of --from.",
    ),
    click.option(
        "--gate-data",
        type=_PATH,
        metavar="DATA",
        help="What the files are judged on, the same kinds; labels are used where there are some. Default: a fifth of "
        "the calibration data is set aside for it.",
    ),
    click.option(
        "--samples",
        type=click.IntRange(1, MAX_SAMPLES),
        default=300,
        show_default=True,
        metavar="N",
        help="Calibrate with at most this many.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        metavar="N",
        help="Chooses the samples, and those that are set aside.",
    ),
    click.option(
        "--max-drop",
        type=NumberRange(0, 100),
        metavar="P",
        help="Search for integer files that lose at most P points of mAP on labelled gate data: channels are "
        "equalised, ranges and biases chosen on the calibration data, and as a last resort layers kept float. Without "
        "it integer files are plain, and may lose 2 points.",
    ),
    click.option(
        "--budget",
        type=NumberRange(0, 86_400),
        metavar="SECONDS",
        help="With --max-drop: how long the search may take for each target.  [default: 300]",
    ),
)
OTHER_JOBS = (
    click.option(
        "--explain",
        type=click.Choice(["edgetpu"]),
        help="Convert nothing: tell which operators of SOURCE, a .tflite file, an Edge TPU would run, and why not "
        "others.",
    ),
    click.option(
        "--targets",
        "list_targets",
        is_flag=True,
        help="Convert nothing: show what converts to what, by which tools, and what this machine lacks.",
    ),
    click.option(
        "--markdown",
        "as_markdown",
        is_flag=True,
        help="With --targets: print the table in Markdown, without what differs from machine to machine.",
    ),
    click.option(
        "--verify-rebuild",
        metavar="MODEL",
        help="Convert nothing: make the bundle MODEL again from what it records, and compare it byte by byte.",
    ),
    click.option(
        "--from",
        "from_folder",
        type=_PATH,
        metavar="DIR",
        help="With --verify-rebuild: where the files lie that MODEL was made from, at any depth and under any name "
        "(hidden folders are left out). Default: the folder of MODEL.",
    ),
)
OUTPUT = (click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the command line gave, by the names of the options' parameters; None where it says nothing."""

    source: Path | None
    weights: Path | None
    labels: Path | None
    resize: Resize | None
    score_threshold: float | None
    nms_iou: float | None
    manifest: Path | None
    input_shapes: tuple[str, ...]
    targets: str | None
    out: Path | None
    board: str | None
    name: str | None
    model_version: str
    license_name: str
    golden: Path | None
    report: Path | None
    calibration: Path | None
    gate_data: Path | None
    samples: int
    seed: int
    max_drop: float | None
    budget: float | None
    explain: Literal["edgetpu"] | None
    list_targets: bool
    as_markdown: bool
    verify_rebuild: str | None
    from_folder: Path | None
    as_json: bool


def with_options(*groups: Sequence[Decorator]) -> Decorator:
    """Return a decorator that gives a command the options of all ``groups``, shown in this order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed([one for group in groups for one in group]):
            command = option(command)
        return command

    return decorate


def refuse_others(context: click.Context, job: str, *used: str) -> None:
    """Raise UsageError for a parameter on the command line that is not among those that ``job`` uses."""
    names = (parameter.name or "" for parameter in context.command.params)
    refuse_parameters(context, job, (name for name in names if name not in used))


def require(value: T | None, name: str, context: click.Context) -> T:
    """Return the value of the parameter ``name``; raise UsageError, in click's own words, where it has none."""
    if value is None:
        parameter = next(one for one in context.command.params if one.name == name)
        raise click.MissingParameter(ctx=context, param=parameter)
    return value
