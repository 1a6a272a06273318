"""TinyYOLOv2 as Darknet's `yolov2-tiny-voc.cfg` has it, as a layer list, with a width factor."""

from __future__ import annotations

from skerry_converters.layers import Convolution, Layer, MaxPool, Network, Region, Shape

CELL_PX = 32
"""The pixels of the input that one cell of the output stands for: five pools halve it."""
LEAST_FILTERS = 16
"""What the original's first convolution has; a factor below 1 takes none of a layer's filters beyond that."""
FULL_FILTERS = (16, 32, 64, 128, 256, 512, 1024, 1024)
"""The original's filters, head apart."""
_POOL_STRIDES = (2, 2, 2, 2, 2, 1)
"""A max-pool follows each of the first six convolutions; the last one keeps the size."""

Anchors = tuple[tuple[float, float], ...]


def tiny_yolo_v2(classes: int, anchors: Anchors, *, width: float = 1.0, side_px: int = 416) -> Network:
    """Return the network for pictures of ``side_px`` squared, a multiple of 32; ``anchors`` are in grid cells.

    ``width`` scales the filters of every convolution but the last; at 1.0, with 20 classes and 5 anchors, it is the
    original.
    """
    layers: list[Layer] = []
    for place, filters in enumerate(FULL_FILTERS):
        layers.append(
            Convolution(
                inputs=(len(layers) - 1,),
                filters=max(LEAST_FILTERS, round(filters * width)),
                size=3,
                padding=1,
                batch_normalize=True,
                activation="leaky",
            )
        )
        if place < len(_POOL_STRIDES):
            layers.append(MaxPool(inputs=(len(layers) - 1,), size=2, stride=_POOL_STRIDES[place], padding=1))
    head = Region(inputs=(len(layers),), classes=classes, anchors=anchors, softmax=True)
    layers.append(Convolution(inputs=(len(layers) - 1,), filters=head.channels, size=1))
    layers.append(head)
    return Network(input=Shape(3, side_px, side_px), layers=tuple(layers), where="yolov2-tiny")
