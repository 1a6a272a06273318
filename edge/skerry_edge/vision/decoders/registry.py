"""The decoders by the tag that the manifest's ``output.kind`` has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import (
    Classification,
    ImageInput,
    MicroWakeWord,
    Raw,
    SsdPostprocess,
    Tensor,
    Ultralytics,
    YoloHead,
    YoloRegion,
)
from skerry_edge.contracts.manifest import Decoder as DecoderSpec
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.decoders.base import Decoder, Limits
from skerry_edge.vision.decoders.classification import ClassificationDecoder
from skerry_edge.vision.decoders.region import RegionDecoder
from skerry_edge.vision.decoders.ssd_postprocess import SsdPostprocessDecoder
from skerry_edge.vision.decoders.ultralytics import UltralyticsDecoder
from skerry_edge.vision.decoders.yolo_head import YoloHeadDecoder
from skerry_edge.vision.geometry import Size

Build = Callable[[Any, tuple[Tensor, ...], ImageInput, Limits], Decoder]


def _region(spec: YoloRegion, outputs: tuple[Tensor, ...], _image: ImageInput, limits: Limits) -> Decoder:
    (output,) = _expect(1, outputs)
    return RegionDecoder(spec, output, limits)


def _yolo_head(spec: YoloHead, outputs: tuple[Tensor, ...], image: ImageInput, limits: Limits) -> Decoder:
    network = Size(image.width, image.height)
    return YoloHeadDecoder(spec, _expect(len(spec.scales), outputs), network, limits)


def _ultralytics(spec: Ultralytics, outputs: tuple[Tensor, ...], image: ImageInput, limits: Limits) -> Decoder:
    return UltralyticsDecoder(spec, outputs, Size(image.width, image.height), limits)


def _ssd_postprocess(spec: SsdPostprocess, outputs: tuple[Tensor, ...], _image: ImageInput, limits: Limits) -> Decoder:
    return SsdPostprocessDecoder(spec, _expect(len(spec.order), outputs), limits)


def _classification(spec: Classification, outputs: tuple[Tensor, ...], _image: ImageInput, limits: Limits) -> Decoder:
    (output,) = _expect(1, outputs)
    return ClassificationDecoder(spec, output, limits)


DECODERS: dict[str, Build] = {
    "yolo-region": _region,
    "yolo-head": _yolo_head,
    "ultralytics": _ultralytics,
    "ssd-postprocess": _ssd_postprocess,
    "classification": _classification,
}
NO_SUPPRESSION = 1.0
"""The IoU for a decoder without NMS: no two boxes have a greater one."""


def decoder_for(
    spec: DecoderSpec, outputs: tuple[Tensor, ...], image: ImageInput, score_threshold: float | None = None
) -> Decoder:
    """Build the decoder of a file's ``outputs``; ``score_threshold`` (0..1) takes the place of the manifest's.

    Raises BundleError for a decoder that finds no boxes or outputs that do not fit it, ConfigError for a threshold out
    of range.
    """
    tag = str(spec.__struct_config__.tag)
    build = DECODERS.get(tag)
    if build is None or isinstance(spec, MicroWakeWord | Raw):
        raise BundleError("no detector reads this model's output", where="output.kind", found=f"'{tag}'")
    threshold = spec.score_threshold if score_threshold is None else score_threshold
    if not 0.0 <= threshold <= 1.0:
        raise ConfigError("a score threshold is between 0 and 1", found=f"{threshold}")
    return build(spec, outputs, image, Limits(score=threshold, iou=getattr(spec, "nms_iou", NO_SUPPRESSION)))


def _expect(count: int, outputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    if len(outputs) != count:
        raise BundleError(
            "the variant has not the outputs that its decoder reads", found=f"{len(outputs)}, expected {count}"
        )
    return outputs
