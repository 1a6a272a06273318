"""A network's heads become the decoder that the runtime obeys."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from skerry_converters.darknet.build import DarknetNetwork
from skerry_converters.model import Thresholds, decoder_of
from skerry_edge.contracts.manifest import YoloHead, YoloRegion, YoloScale
from skerry_edge.foundation.errors import ConfigError

Build = Callable[[str], DarknetNetwork]
REGION = "[region]\nanchors=1,2, 3,4\nnum=2\nclasses=3\nsoftmax=1\n"
YOLO = "[yolo]\nanchors=1,2, 3,4\nnum=2\nclasses=3\nmask={mask}\nscale_x_y=1.2\n"


def test_a_region_layer_becomes_a_region_decoder_with_darknets_thresholds(build: Build) -> None:
    decoder = decoder_of(build(REGION).network, Thresholds())
    assert decoder == YoloRegion(classes=3, anchors=((1, 2), (3, 4)), softmax=True, score_threshold=0.24, nms_iou=0.45)


def test_yolo_layers_become_one_scale_each_in_order(build: Build) -> None:
    decoder = decoder_of(build(YOLO.format(mask=1) + YOLO.format(mask=0)).network, Thresholds(score=0.1, nms_iou=0.6))
    scales = tuple(YoloScale(anchors_px=(anchor,), scale_x_y=1.2) for anchor in ((3, 4), (1, 2)))
    assert decoder == YoloHead(classes=3, scales=scales, score_threshold=0.1, nms_iou=0.6)


@pytest.mark.parametrize(
    ("sections", "word"),
    [
        (REGION * 2, "2 region and 0 yolo layers"),
        (REGION + YOLO.format(mask=0), "1 region and 1 yolo layers"),
        (YOLO.format(mask=0) + YOLO.format(mask=0).replace("classes=3", "classes=4"), "3, 4"),
    ],
)
def test_heads_that_no_decoder_reads_together_are_refused(build: Build, sections: str, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        decoder_of(build(sections).network, Thresholds())
