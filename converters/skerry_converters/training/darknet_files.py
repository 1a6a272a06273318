"""A trained network as Darknet's own files, which `darknet` and `skerry convert` read."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skerry_converters.darknet.weights import BATCH_NORM_EPSILON
from skerry_converters.layers import Convolution, FloatArray, Layer, MaxPool, Network, Region
from skerry_converters.training.convolutions import EPSILON, Trained, TrainedConvolution
from skerry_edge.foundation.atomic import write_atomic

_Options = dict[str, object]
_VERSION = (0, 2, 0)
"""The file's, not Darknet's: from 0.2 on, the count of pictures that follows has 64 bits."""


def write_darknet_files(
    stem: Path, network: Network, trained: Trained, labels: Sequence[str], *, letterbox: bool, images: int
) -> tuple[Path, Path, Path]:
    """Write ``stem`` with the endings .cfg, .weights and .names, and return the three; ``images`` were trained on.

    Raises ReachError.
    """
    contents = {
        ".cfg": cfg_text(network, letterbox=letterbox).encode(),
        ".weights": weights_bytes(trained, images=images),
        ".names": "".join(f"{label}\n" for label in labels).encode(),
    }
    cfg, weights, names = (stem.with_name(stem.name + ending) for ending in contents)
    for path, content in zip((cfg, weights, names), contents.values(), strict=True):
        write_atomic(path, content)
    return cfg, weights, names


def cfg_text(network: Network, *, letterbox: bool) -> str:
    """Return the cfg of a network; `letter_box` says how its pictures were brought to its size."""
    channels, height, width = network.input
    net: _Options = {"batch": 1, "subdivisions": 1, "width": width, "height": height, "channels": channels}
    net["letter_box"] = int(letterbox)
    sections = [("net", net), *map(_section, network.layers)]
    return "\n".join(_written(name, options) for name, options in sections)


def _section(layer: Layer) -> tuple[str, _Options]:
    match layer:
        case Convolution(groups=1):
            options: _Options = {
                "batch_normalize": int(layer.batch_normalize),
                "filters": layer.filters,
                "size": layer.size,
                "stride": layer.stride,
                "padding": layer.padding,
                "activation": layer.activation,
            }
            return "convolutional", options
        case MaxPool():
            return "maxpool", {"size": layer.size, "stride": layer.stride, "padding": layer.padding}
        case Region():
            anchors = ", ".join(f"{width:.9g},{height:.9g}" for width, height in layer.anchors)
            options = {"anchors": anchors, "classes": layer.classes, "coords": 4, "num": len(layer.anchors)}
            return "region", {**options, "bias_match": 1, "softmax": int(layer.softmax)}
        case _:
            raise TypeError(f"no way to write a {layer.kind}")


def _written(name: str, options: _Options) -> str:
    return "".join([f"[{name}]\n", *(f"{key}={value}\n" for key, value in options.items())])


def weights_bytes(trained: Trained, *, images: int) -> bytes:
    """Return the content of a .weights file, batch normalization unfolded, as Darknet keeps it."""
    blocks = [block for index in sorted(trained) for block in _blocks(trained[index])]
    return struct.pack("<iiiq", *_VERSION, images) + b"".join(block.astype("<f4").tobytes() for block in blocks)


def _blocks(one: TrainedConvolution) -> list[FloatArray]:
    """Return bias, scale, mean, variance and kernel in Darknet's order.

    We add a constant to the variance, Darknet another to its root: variance and scale are adapted so that both give the
    same.
    """
    norm = one.normalization
    if norm is None:
        return [one.bias, one.kernel]
    variance = norm.variance.astype(np.float64) + EPSILON
    scale = norm.scale * (np.sqrt(variance) + BATCH_NORM_EPSILON) / np.sqrt(variance)
    return [one.bias, scale.astype(np.float32), norm.mean, variance.astype(np.float32), one.kernel]
