"""TFLite's multiplying operators: which of their inputs is what, and their numbers in the order of `Weights`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skerry_converters.accuracy.float_graph import FloatArray, Multiplier, Weights
from skerry_converters.tflite_file.macs import multiply_accumulates
from skerry_converters.tflite_file.model import Operator, Subgraph, Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Which input of an operator holds the data, and which the bias; the kernel is always input 1.

    ``order`` are the kernel's axes that stand for filters, channels of a group, height and width; None for a matrix.
    """

    data: int = 0
    bias: int = 2
    order: tuple[int, int, int, int] | None = None


KERNEL = 1
INPUTS: Mapping[str, Inputs] = {
    "CONV_2D": Inputs(order=(0, 3, 1, 2)),
    "DEPTHWISE_CONV_2D": Inputs(order=(3, 0, 1, 2)),
    "TRANSPOSE_CONV": Inputs(data=2, bias=3, order=(0, 3, 1, 2)),
    "FULLY_CONNECTED": Inputs(),
}
"""Source: the comments on the options of these operators in `schema.fbs`, and TFLite's kernels."""
GROUPED = ("CONV_2D", "DEPTHWISE_CONV_2D")
NEVER_FLOAT = "TRANSPOSE_CONV"
"""TensorFlow's quantizer makes it anew under another name before it asks which are to stay float."""


def read_multiplier(graph: Subgraph, operator: Operator) -> Multiplier | None:
    """Return an operator with its numbers, views into the file; None where it does not multiply by float32 constants.

    None as well for a matrix product that takes several values of a channel as inputs of their own, which has no
    channels in our sense. Raises TfliteFileError where the tensors are not those of such an operator.
    """
    inputs = INPUTS.get(operator.name)
    if inputs is None:
        return None
    data, stored, output = graph.operand(operator, inputs.data), graph.operand(operator, KERNEL), graph.result(operator)
    bias = bias_of(graph, operator)
    macs = multiply_accumulates(graph, operator)
    if any(one is not None and not _is_float_constant(one) for one in (stored, bias)):
        return None
    kernel = ordered(operator, np.asarray(stored.values(), np.float32))
    filters = len(kernel)
    groups = _groups(operator, _channels(data), kernel)
    if not groups or filters != _channels(output) or (bias is not None and bias.elements != filters):
        return None
    return Multiplier(
        name=output.name,
        input=data.name,
        output=output.name,
        weights=Weights(kernel=kernel, bias=_bias(bias, filters)),
        groups=groups,
        channel_axis=-1,
        macs=macs,
        has_bias=bias is not None,
        may_stay_float=operator.name != NEVER_FLOAT,
    )


def ordered(operator: Operator, stored: NDArray[np.float32]) -> FloatArray:
    """Return a view of a kernel in the order of `Weights`; writing to it writes to ``stored``."""
    order = INPUTS[operator.name].order
    return stored[:, :, np.newaxis, np.newaxis] if order is None else stored.transpose(order)


def bias_of(graph: Subgraph, operator: Operator) -> Tensor | None:
    """Return the tensor of an operator's bias, or None where it is not given one."""
    given, place = graph.given(operator), INPUTS[operator.name].bias
    return given[place] if place < len(given) else None


def _is_float_constant(tensor: Tensor) -> bool:
    return tensor.type == "FLOAT32" and tensor.is_constant and len(tensor.data) == 4 * tensor.elements


def _groups(operator: Operator, given: int, kernel: FloatArray) -> int:
    """Return how many groups ``given`` input channels make, 0 where the kernel is for other channels."""
    filters, channels, *_ = kernel.shape
    groups = given // channels
    fits = groups * channels == given and groups > 0 and filters % groups == 0
    return groups if fits and (groups == 1 or operator.name in GROUPED) else 0


def _channels(tensor: Tensor) -> int:
    return tensor.shape[-1] if tensor.shape else 0


def _bias(tensor: Tensor | None, filters: int) -> FloatArray:
    if tensor is None:
        return np.zeros(filters, np.float32)
    return np.asarray(tensor.values(), np.float32).reshape(filters)
