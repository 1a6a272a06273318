"""Ranges of activations in a model that NNCF has quantized: those of its fake quantization with one scale a tensor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from skerry_converters.families.openvino_conversion import Model, import_openvino

STEPS = 255
"""Between the 256 levels of 8 bits."""

Range = tuple[float, float]


def ranged_tensors(model: Model) -> frozenset[str]:
    """Return the names of the tensors with one scale; what a depthwise convolution reads has one for each channel."""
    return frozenset(name for node in _with_one_scale(model) for name in _names(node))


def set_ranges(model: Model, ranges: Mapping[str, Range]) -> None:
    """Put other ranges in place of NNCF's, in the model itself, for tensors with one scale; others stay.

    What NNCF gave one range gets one again, which holds all of theirs: the inputs of a concatenation must share a
    scale, or it would be computed in float.
    """
    alike: defaultdict[Range, list[Any]] = defaultdict(list)
    for node in _with_one_scale(model):
        alike[_range(node)].append(node)
    for own, nodes in alike.items():
        wanted = [next((ranges[name] for name in _names(node) if name in ranges), None) for node in nodes]
        if any(one is not None for one in wanted):
            _set(nodes, _held([one or own for one in wanted]))


def representable(low: float, high: float) -> Range:
    """Return the nearest range of the same width in which 0 is one of the 256 levels, as integers need it."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / STEPS
    zero = round(-low / step)
    return -zero * step, (STEPS - zero) * step


def _held(ranges: Sequence[Range]) -> Range:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _set(nodes: Sequence[Any], wanted: Range) -> None:
    if max(wanted[1], 0.0) - min(wanted[0], 0.0) <= 0:
        return  # nothing but 0: there is no step to set
    opset = import_openvino().opset13
    for node in nodes:
        for place, value in zip((1, 2, 3, 4), 2 * representable(*wanted), strict=True):
            constant = opset.constant(np.array(value, np.float32))
            constant.set_friendly_name(node.input_value(place).get_node().get_friendly_name())
            node.input(place).replace_source_output(constant.output(0))


def _with_one_scale(model: Model) -> Iterator[Any]:
    for node in model.get_ordered_ops():
        if node.get_type_name() == "FakeQuantize" and all(
            node.input_value(place).get_shape() == [] for place in (1, 2)
        ):
            yield node


def _range(node: Any) -> Range:  # noqa: ANN401  # openvino ships no types
    low, high = (float(node.input_value(place).get_node().get_data()) for place in (1, 2))
    return low, high


def _names(node: Any) -> list[str]:  # noqa: ANN401  # openvino ships no types
    """Return the names of the tensor that a fake quantization reads."""
    return sorted(node.input_value(0).get_names())
