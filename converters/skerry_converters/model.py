"""A detection network as an importer hands it over: structure, weights, and all that its file does not say."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_converters.layers import Network, Region, Shape, Weights, Yolo
from skerry_edge.contracts.manifest import ImageInput, Source, YoloHead, YoloRegion, YoloScale
from skerry_edge.foundation.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DarknetModel:
    """What the targets are made from; ``shapes`` are those of `infer_shapes`."""

    network: Network
    shapes: tuple[Shape, ...]
    weights: Weights
    labels: tuple[str, ...]
    image: ImageInput
    decoder: YoloRegion | YoloHead
    source: Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """Score threshold and IoU of NMS for the manifest; None is the decoder's own default."""

    score: float | None = None
    nms_iou: float | None = None

    def given(self) -> dict[str, float]:
        """Return those that are set, by their names in the manifest."""
        named = {"score_threshold": self.score, "nms_iou": self.nms_iou}
        return {name: value for name, value in named.items() if value is not None}


def decoder_of(network: Network, thresholds: Thresholds) -> YoloRegion | YoloHead:
    """Describe a network's heads for the runtime: one region, or one or more yolo layers of equal classes.

    Raises ConfigError for any other mixture.
    """
    heads = network.heads
    regions = [head for head in heads if isinstance(head, Region)]
    scales = [head for head in heads if isinstance(head, Yolo)]
    if len(regions) == 1 and not scales:
        region = regions[0]
        return YoloRegion(classes=region.classes, anchors=region.anchors, softmax=region.softmax, **thresholds.given())
    if regions:
        raise ConfigError(
            "a network has one region layer, or yolo layers alone",
            where=regions[-1].where or network.where,
            found=f"{len(regions)} region and {len(scales)} yolo layers",
        )
    classes = {head.classes for head in scales}
    if len(classes) > 1:
        raise ConfigError(
            "the yolo layers have different numbers of classes",
            where=scales[-1].where or network.where,
            found=", ".join(str(head.classes) for head in scales),
        )
    return YoloHead(
        classes=classes.pop(),
        scales=tuple(YoloScale(anchors_px=head.anchors_px, scale_x_y=head.scale_x_y) for head in scales),
        **thresholds.given(),
    )
