"""What Debian's Darknet does not know (relu6, groups of a route) is held against loops that spell each formula out."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.darknet.build import build_network
from skerry_converters.darknet.cfg import parse_cfg
from skerry_converters.families.registry import TARGETS
from skerry_converters.layers import ConvolutionWeights
from skerry_converters.model import DarknetModel, Thresholds, decoder_of
from skerry_converters.reference import run_reference
from skerry_converters.shapes import infer_shapes
from skerry_converters.sources.darknet import DarknetSource
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.manifest import ImageInput, Source

CFG = """
[net]
width=11
height=9
channels=3
[convolutional]
filters=8
size=3
pad=1
activation=relu6
[route]
layers=-1
groups=2
group_id=1
[convolutional]
filters=4
size=3
pad=1
groups=2
activation=relu6
[route]
layers=-1,-3
groups=4
group_id=3
[shortcut]
from=-1
activation=relu6
[maxpool]
size=4
stride=3
[convolutional]
filters=6
activation=linear
[region]
anchors=1,1
classes=1
"""


def convolution(source: np.ndarray, weights: ConvolutionWeights, groups: int, pad: int) -> np.ndarray:
    """Sum up each output value on its own; stride 1."""
    filters, per_group, size, _ = weights.kernel.shape
    _, height, width = source.shape
    out = np.empty((filters, height + 2 * pad - size + 1, width + 2 * pad - size + 1))
    for f, y, x in itertools.product(*map(range, out.shape)):
        total = float(weights.bias[f])
        first = f // (filters // groups) * per_group
        for c, i, j in itertools.product(range(per_group), range(size), range(size)):
            row, column = y + i - pad, x + j - pad
            if 0 <= row < height and 0 <= column < width:
                total += float(weights.kernel[f, c, i, j]) * source[first + c, row, column]
        out[f, y, x] = total
    return out


def max_pool(source: np.ndarray, size: int, stride: int) -> np.ndarray:
    """Darknet's `forward_maxpool_layer`: size - 1 cells of padding, the smaller half of them in front."""
    padding = size - 1
    channels, height, width = source.shape
    out = np.full((channels, (height + padding - size) // stride + 1, (width + padding - size) // stride + 1), -np.inf)
    for c, y, x in itertools.product(*map(range, out.shape)):
        for i, j in itertools.product(range(size), range(size)):
            row, column = y * stride + i - padding // 2, x * stride + j - padding // 2
            if 0 <= row < height and 0 <= column < width:
                out[c, y, x] = max(out[c, y, x], source[c, row, column])
    return out


def relu6(values: np.ndarray) -> np.ndarray:
    return np.array([min(max(value, 0.0), 6.0) for value in values.ravel()]).reshape(values.shape)


def by_loops(weights: dict[int, ConvolutionWeights], image: np.ndarray) -> np.ndarray:
    first = relu6(convolution(image, weights[0], groups=1, pad=1))
    second_half = first[4:]
    third = relu6(convolution(second_half, weights[2], groups=2, pad=1))
    # AlexeyAB/darknet takes the slice of each input on its own, then joins the slices.
    joined = np.concatenate([third[3:4], first[6:8]])
    doubled = relu6(joined + joined)
    return convolution(max_pool(doubled, 4, 3), weights[6], groups=1, pad=0)


def random_weights(seed: int) -> dict[int, ConvolutionWeights]:
    random = np.random.default_rng(seed)
    kernels = {0: (8, 3, 3, 3), 2: (4, 2, 3, 3), 6: (6, 3, 1, 1)}
    return {
        index: ConvolutionWeights(
            kernel=random.normal(0, 2.0 if index == 0 else 0.7, shape).astype(np.float32),
            bias=random.normal(0, 1, shape[0]).astype(np.float32),
        )
        for index, shape in kernels.items()
    }


@pytest.mark.parametrize("way", ["reference", "onnx-fp32", "tflite-fp32"])
def test_every_way_gives_what_the_loops_give(way: str, tmp_path: Path) -> None:
    network = build_network(parse_cfg(CFG, file="loops.cfg")).network
    shapes = infer_shapes(network)
    weights = random_weights(3)
    image = np.random.default_rng(4).random(network.input, dtype=np.float32)
    expected = by_loops(weights, image)
    clipped = relu6(convolution(image, weights[0], groups=1, pad=1))
    assert (clipped == 6).any(), "the picture must reach the upper end of relu6"
    if way == "reference":
        (output,) = run_reference(network, weights, image)
    else:
        model = DarknetModel(
            network=network,
            shapes=shapes,
            weights=weights,
            labels=("it",),
            image=ImageInput(width=network.input.width, height=network.input.height),
            decoder=decoder_of(network, Thresholds()),
            source=Source(kind="darknet", files={}),
        )
        made = TARGETS[way].make(DarknetSource(model=model), None, tmp_path)
        planar = made.inputs[0].layout == "NCHW"
        tensor = np.ascontiguousarray((image if planar else image.transpose(1, 2, 0))[np.newaxis])
        (value,) = open_backend(TARGETS[way].backend, made.runnable).infer((tensor,))
        output = value[0] if planar else value[0].transpose(2, 0, 1)
    assert output.shape == expected.shape
    assert np.abs(output - expected).max() <= 1e-4
