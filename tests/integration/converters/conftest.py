"""Networks of every kind, and the `skerry` command run in this process."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.darknet.build import build_network
from skerry_converters.darknet.cfg import read_cfg
from skerry_converters.layers import NETWORK_INPUT, Convolution, ConvolutionWeights, Network, Region, Shape
from skerry_converters.reference import run_reference
from skerry_converters.shapes import infer_shapes

DARKNET_FLOOR = 0.2
"""Adds to every variance, so that no seeded channel is blown up."""


@pytest.fixture(scope="session")
def seeded_weights() -> Callable[..., bytes]:
    """Return a function that gives a weights file for a cfg: random kernels, batch-norm statistics as training leaves.

    Mean and variance of each batch norm are those of its own input for one random picture. ``head_scales`` gives the
    deviation of each output channel of the last convolution, and ``head_bias`` its bias.
    """

    def make(cfg: Path, seed: int, head_scales: np.ndarray, head_bias: np.ndarray, calibrate_px: int) -> bytes:
        network = build_network(read_cfg(cfg)[1]).network
        network = dataclasses.replace(network, input=Shape(3, calibrate_px, calibrate_px))
        random = np.random.default_rng(seed)
        image = random.random(network.input, dtype=np.float32)
        image = image.repeat(8, 1).repeat(8, 2)[:, :calibrate_px, :calibrate_px]
        shapes, weights, blocks = infer_shapes(network), {}, []
        for index, layer in enumerate(network.layers):
            if not isinstance(layer, Convolution):
                continue
            source = layer.inputs[0]
            channels = (network.input if source == NETWORK_INPUT else shapes[source]).channels // layer.groups
            size = (layer.filters, channels, layer.size, layer.size)
            kernel = random.normal(0, (2 / (channels * layer.size**2)) ** 0.5, size).astype(np.float32)
            plain = ConvolutionWeights(kernel=kernel, bias=np.zeros(layer.filters, np.float32))
            values = _before_activation(network, index, {**weights, index: plain}, image)
            mean, variance = values.mean((1, 2)), values.var((1, 2)) + DARKNET_FLOOR
            if layer.batch_normalize:
                scale = random.uniform(0.8, 1.2, layer.filters).astype(np.float32)
                bias = random.normal(0, 0.3, layer.filters).astype(np.float32)
                blocks += [bias, scale, mean, variance, kernel]
                factor = scale / np.sqrt(variance)
                folded = ConvolutionWeights(kernel=kernel * factor[:, None, None, None], bias=bias - mean * factor)
            else:
                kernel = kernel * (head_scales / np.sqrt(variance))[:, None, None, None]
                bias = head_bias - mean * head_scales / np.sqrt(variance)
                blocks += [bias, kernel]
                folded = ConvolutionWeights(kernel=kernel.astype(np.float32), bias=bias.astype(np.float32))
            weights[index] = folded
        header = struct.pack("<iiiq", 0, 2, 0, 0)
        return header + b"".join(np.asarray(block, "<f4").tobytes() for block in blocks)

    return make


def _before_activation(network: Network, index: int, weights: dict, image: np.ndarray) -> np.ndarray:
    """Return a convolution's sums, as the raw output of a network that ends there."""
    layers = network.layers
    linear = dataclasses.replace(layers[index], activation="linear")
    head = Region(inputs=(index,), classes=max(1, linear.filters - 5), anchors=((1.0, 1.0),), softmax=False)
    (values,) = run_reference(Network(input=network.input, layers=(*layers[:index], linear, head)), weights, image)
    return values
