"""`skerry render`: labelled pictures of roads with signs, or a drive past them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.options import NumberRange, refuse_parameters
from skerry_edge.vision.quiet import quieten_opencv

if TYPE_CHECKING:
    from skerry_converters.rendering.job import Order, Summary
    from skerry_edge.vision.geometry import Size

MAX_PICTURES = 1_000_000
SIDES_PX = (64, 4096)
VIDEO_SUFFIXES = (".mp4", ".avi")

EPILOG = """\
\b
Examples:
  skerry render --count 1000 --seed 1 --out signs/
  skerry render --count 1000 --seed 1 --split test --out held-out/ --json
  skerry render --count 1000 --split test --signless 1 --out look-alikes/
  skerry render --count 500 --format coco --size 640x480 --out signs-coco/
  skerry render --count 200 --photographs my-street/ --out over-photos/
  skerry render --count 600 --seed 7 --video drive.mp4
  skerry render --count 600 --seed 7 --video drive.mp4 --out drive-frames/

\b
Layouts of DIR, each with the class names in labels.txt:
  voc   JPEGImages/000000.jpg, Annotations/000000.xml
  yolo  images/000000.jpg, labels/000000.txt
  coco  images/000000.jpg, annotations.json
A sign of which less than 45 per cent is seen counts neither as found nor as
missed: it is "difficult" in VOC, a crowd in COCO, and left out in YOLO. In a
video that also holds for signs of less than 16 pixels in a picture 416 wide.

\b
With --json:
  {"pictures": 1000, "seed": 1, "split": "train", "size": [416, 416],
   "format": "voc", "out": "signs", "video": null, "empty": 205,
   "difficult": 31, "signs": {"stop": 96, "give-way": 104, ...},
   "seconds": 13.1, "pictures_per_s": 76.2}

\b
Exit codes:
  0  done
  2  wrong usage, or a folder that is not empty
  4  the folder or the video cannot be written, photographs cannot be read
"""


def _size(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Return a width and a height in pixels from what was typed, or fail as click does."""
    if value is None:
        return None
    sides = re.fullmatch(r"([0-9]{1,6})[xX]([0-9]{1,6})", value)
    if sides is None:
        raise click.BadParameter(f"'{value}' is not a width and a height such as 416x416.")
    low, high = SIDES_PX
    width, height = int(sides[1]), int(sides[2])
    if not (low <= width <= high and low <= height <= high):
        raise click.BadParameter(f"'{value}': both sides must be from {low} to {high} pixels.")
    return width, height


@click.command(epilog=EPILOG)
@click.option(
    "--count",
    type=click.IntRange(1, MAX_PICTURES),
    default=100,
    show_default=True,
    metavar="N",
    help="How many pictures, or frames of the video.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="S", help="Names the series.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="Which of a seed's three series, which have no picture in common.  [default: train; test with --video]",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="The folder to fill; new or empty."
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["voc", "yolo", "coco"]),
    default="voc",
    show_default=True,
    help="The layout of the folder.",
)
@click.option(
    "--size", callback=_size, metavar="WxH", help="Of the pictures.  [default: 416x416; 1280x720 with --video]"
)
@click.option(
    "--video",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="F",
    help="Render a drive past signs, at 10 frames a second, into this .mp4 or .avi file.",
)
@click.option(
    "--signless",
    type=NumberRange(0.0, 1.0),
    metavar="SHARE",
    help="How many of the scenes show no sign, but two to five look-alikes.  [default: 0.2]",
)
@click.option(
    "--photographs",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Take a part of one of these pictures, on which there must be no signs, as the background of 3 in 10 scenes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def render(  # noqa: PLR0913  # one parameter for each option
    *,
    count: int,
    seed: int,
    split: Literal["train", "validation", "test"] | None,
    out: Path | None,
    layout: Literal["voc", "yolo", "coco"],
    size: tuple[int, int] | None,
    video: Path | None,
    signless: float | None,
    photographs: Path | None,
    as_json: bool,
) -> None:
    """Render road scenes with labelled signs.

    Draws streets, country roads and motorways in all weathers with signs of 20 classes of the Vienna convention and
    with things that resemble them, as a car's camera would see them, and writes the truth beside them. All is drawn
    from geometry; nothing is downloaded.

    The same seed, split and size give the same series of pictures: byte for byte with one version of OpenCV on one kind
    of processor, and with grey values a few levels apart elsewhere.
    """
    if out is None and video is None:
        raise click.UsageError("Missing option '--out' or '--video'.")
    if video is not None:
        refuse_parameters(click.get_current_context(), "--video", ("signless", "photographs"))
    quieten_opencv()
    from skerry_converters.rendering.job import Order, render_all  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_converters.rendering.photographs import read_photographs  # noqa: PLC0415  # the same
    from skerry_converters.rendering.scene import SceneOptions  # noqa: PLC0415  # the same
    from skerry_edge.vision.geometry import Size  # noqa: PLC0415  # the same
    from skerry_edge.vision.progress import progress_bar  # noqa: PLC0415  # keeps --help free of rich

    pixels = Size(*(size or ((1280, 720) if video else (416, 416))))
    if video is not None:
        _check_video(video, pixels)
    order = Order(
        count=count,
        seed=seed,
        split=split or ("test" if video else "train"),
        size=pixels,
        layout=layout,
        out=out,
        video=video,
        options=SceneOptions() if signless is None else SceneOptions(signless_share=signless),
        photographs=read_photographs(photographs) if photographs else (),
    )
    with progress_bar(lines_on_stdout=False) as bar:
        task = bar.add_task("rendering", total=count)
        summary = render_all(order, lambda: bar.advance(task))
    click.echo(json.dumps(_as_json(order, summary)) if as_json else _as_text(order, summary))


def _check_video(video: Path, size: Size) -> None:
    if video.suffix.lower() not in VIDEO_SUFFIXES:
        raise ConfigError(
            "the video's format is not known",
            where="--video",
            found=str(video),
            todo=f"end its name in {' or '.join(VIDEO_SUFFIXES)}",
        )
    if size.width % 2 or size.height % 2:
        raise ConfigError(
            "a video's sides must be even", where="--size", found=f"{size.width}x{size.height}", todo="add a pixel"
        )


def _as_json(order: Order, summary: Summary) -> dict[str, object]:
    return {
        "pictures": summary.pictures,
        "seed": order.seed,
        "split": order.split,
        "size": list(order.size),
        "format": order.layout,
        "out": None if order.out is None else str(order.out),
        "video": None if order.video is None else str(order.video),
        "empty": summary.empty,
        "difficult": summary.difficult,
        "signs": summary.signs,
        "seconds": round(summary.seconds, 3),
        "pictures_per_s": round(summary.pictures_per_s, 2),
    }


def _as_text(order: Order, summary: Summary) -> str:
    written = " and ".join(str(path) for path in (order.out, order.video) if path is not None)
    found, classes = sum(summary.signs.values()), sum(count > 0 for count in summary.signs.values())
    return (
        f"{summary.pictures} pictures with {found} signs of {classes} classes in {written}\n"
        f"{summary.empty} pictures without signs, {summary.difficult} signs hidden too far or too small to count\n"
        f"{summary.pictures_per_s:.1f} pictures a second"
    )
