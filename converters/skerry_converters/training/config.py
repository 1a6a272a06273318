"""The training's configuration file as typed structs; what one key alone cannot tell is in `config_checks`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from skerry_converters.training.architecture import CELL_PX
from skerry_edge.contracts.manifest import NAME_PATTERN
from skerry_edge.contracts.patterns import whole

Share = Annotated[float, Meta(ge=0, le=1)]
Scale = Annotated[float, Meta(ge=0, le=1000)]
Above = Annotated[float, Meta(gt=0, le=1000)]
Minutes = Annotated[float, Meta(gt=0, le=100_000)]
Side = Annotated[int, Meta(ge=2 * CELL_PX, le=1024, multiple_of=CELL_PX)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
PathText = Annotated[str, Meta(min_length=1, max_length=4096)]
Anchor = tuple[Above, Above]
SignWidth = Annotated[float, Meta(ge=8, le=400)]


class _Part(Struct, frozen=True, kw_only=True):
    """Base of the configuration's parts: immutable, named arguments."""


class NetworkPart(_Part, frozen=True, kw_only=True):
    """The network: TinyYOLOv2 with ``width`` times the original's filters, but never below 16.

    ``side_px`` is that of its square input; ``resize`` says how pictures are brought to it. ``anchors`` are in grid
    cells of 32 pixels, or how many are to be found by k-means. Width and anchors are by default the start's; without a
    start, 1.0 and five.
    """

    width: Annotated[float, Meta(gt=0, le=4)] | None = None
    side_px: Side = 416
    resize: Literal["stretch", "letterbox"] = "stretch"
    anchors: Annotated[int, Meta(ge=1, le=32)] | Annotated[tuple[Anchor, ...], Meta(min_length=1)] | None = None


class RenderedData(_Part, frozen=True, kw_only=True, tag="rendered", tag_field="kind"):
    """Scenes of road signs that are drawn while training runs, never the same twice.

    ``validation`` scenes are drawn for the validation, which training never sees: those are as the renderer draws them
    by default. Training scenes have up to ``most_signs`` posts with signs, a share ``signless_share`` of them none,
    and up to ``most_lookalikes`` posts with what resembles signs. ``sign_px`` is the range of the signs' widths, in
    pixels of a picture of the network's size.
    """

    validation: Annotated[int, Meta(ge=1, le=10_000)] = 300
    sign_px: tuple[SignWidth, SignWidth] = (16.0, 200.0)
    most_signs: Annotated[int, Meta(ge=1, le=40)] = 5
    most_lookalikes: Annotated[int, Meta(ge=0, le=40)] = 3
    signless_share: Share = 0.2


class FolderData(_Part, frozen=True, kw_only=True, tag="folder", tag_field="kind"):
    """A person's own labelled pictures: VOC, YOLO or COCO.

    ``labels`` is a text file with the classes' names, one a line. ``validation`` is another such folder, or the share
    of ``path`` that is set aside for it.
    """

    path: PathText
    labels: PathText
    validation: Annotated[float, Meta(gt=0, lt=1)] | PathText = 0.1


class AugmentationPart(_Part, frozen=True, kw_only=True):
    """How a picture differs each time that it is used.

    ``mosaic`` is the probability of a picture made of four. ``flip`` mirrors half of the pictures: never for objects
    that have a left and a right, such as signs. ``hue`` is in degrees; ``saturation`` and ``exposure`` are the largest
    factors; ``shift`` is the largest shift over the picture's edge, as a share of its side.
    """

    mosaic: Share = 0.0
    flip: bool = False
    hue: Annotated[float, Meta(ge=0, le=180)] = 0.0
    saturation: Annotated[float, Meta(ge=1, le=10)] = 1.0
    exposure: Annotated[float, Meta(ge=1, le=10)] = 1.0
    shift: Annotated[float, Meta(ge=0, le=0.5)] = 0.0


class Stage(_Part, frozen=True, kw_only=True):
    """A part of the training at one input size, for so many steps or so many minutes.

    ``zoom`` is the range of the factor by which pictures are enlarged beyond ``side_px``, drawn for each: what does not
    fit is cut off.
    """

    side_px: Side
    steps: Count | None = None
    minutes: Minutes | None = None
    batch: Annotated[int, Meta(ge=1, le=512)] = 16
    zoom: tuple[Above, Above] = (1.0, 1.0)


class LearningPart(_Part, frozen=True, kw_only=True):
    """AdamW: its rate rises over ``warmup_steps``, then falls along a cosine to ``final_share`` of itself.

    ``ema`` is the share that stays of the exported weights, a moving average of the trained ones, at each step.
    """

    rate: Annotated[float, Meta(gt=0, le=1)] = 0.002
    warmup_steps: Annotated[int, Meta(ge=0, le=1_000_000)] = 200
    final_share: Share = 0.02
    weight_decay: Share = 0.0005
    clip_norm: Above = 10.0
    ema: Annotated[float, Meta(ge=0, lt=1)] = 0.998
    precision: Literal["float32", "bfloat16"] = "float32"


class LossPart(_Part, frozen=True, kw_only=True):
    """What each part of the loss counts for, by Darknet's names.

    A box without object is let be above the IoU ``thresh`` with one; besides the best anchor an object has all those
    whose shape has an IoU above ``iou_thresh`` with its own: at 1.0 none, as in YOLOv2.
    """

    coord_scale: Scale = 1.0
    object_scale: Scale = 5.0
    noobject_scale: Scale = 1.0
    class_scale: Scale = 1.0
    thresh: Share = 0.6
    iou_thresh: Share = 0.45


class PoolPart(_Part, frozen=True, kw_only=True):
    """Pictures kept in memory to be used ``reuse`` times each, on average; training begins with ``first`` of them."""

    capacity: Annotated[int, Meta(ge=1, le=100_000)] = 2000
    first: Annotated[int, Meta(ge=1, le=100_000)] = 500
    reuse: Annotated[int, Meta(ge=1, le=1000)] = 8


class RunPart(_Part, frozen=True, kw_only=True):
    """What does not change the result.

    Every ``save_minutes`` the run is validated and saved. ``producers`` are processes that make pictures; ``threads``
    are TensorFlow's, by default one a core.
    """

    save_minutes: Minutes = 3.0
    producers: Annotated[int, Meta(ge=1, le=64)] = 2
    threads: Annotated[int, Meta(ge=1, le=256)] | None = None


class TrainingConfig(_Part, frozen=True, kw_only=True):
    """The whole file.

    ``start`` is the model whose weights training begins with: one that Skerry ships, a bundle, or a Darknet cfg beside
    its .weights and .names; without it training begins from scratch.
    """

    name: Annotated[str, Meta(pattern=whole(NAME_PATTERN))]
    data: RenderedData | FolderData
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1, max_length=100)]
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 0
    start: PathText | None = None
    network: NetworkPart = NetworkPart()
    augmentation: AugmentationPart = AugmentationPart()
    learning: LearningPart = LearningPart()
    loss: LossPart = LossPart()
    pool: PoolPart = PoolPart()
    run: RunPart = RunPart()
