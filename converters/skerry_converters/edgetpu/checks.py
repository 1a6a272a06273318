"""Whether the Edge TPU can take one operator, by itself.

The general requirements are those of https://coral.ai/docs/edgetpu/models-intro/#model-requirements: tensors are 8-bit
("tensor parameters are quantized, int8 or uint8"), their sizes and the parameters are "constant at compile-time", and
they are of at most three dimensions ("if a tensor has more than 3 dimensions, then only the 3 innermost dimensions may
have a size greater than 1").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skerry_converters.edgetpu.explanation import Cause
from skerry_converters.edgetpu.supported import HINTS, SUPPORTED, Supported
from skerry_converters.tflite_file.model import Operator, Subgraph, Tensor

EIGHT_BIT = ("INT8", "UINT8")
PARAMETER_TYPES = ("INT8", "UINT8", "INT16", "INT32", "INT64")
"""Types of constants: weights and alphas are 8-bit, biases 32-bit, shapes and axes 32- or 64-bit."""
INNERMOST = 3
SHAPE_OPERANDS: Mapping[str, tuple[int, ...]] = {
    "BROADCAST_TO": (1,),
    "EXPAND_DIMS": (1,),
    "FILL": (0,),
    "MEAN": (1,),
    "MIRROR_PAD": (1,),
    "PAD": (1,),
    "PADV2": (1,),
    "RANGE": (0, 1, 2),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "RESHAPE": (1,),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "SLICE": (1, 2),
    "STRIDED_SLICE": (1, 2, 3),
    "SUM": (1,),
    "TILE": (1,),
    "TRANSPOSE": (1,),
    "TRANSPOSE_CONV": (0,),
}
"""The places of the inputs that determine the size of an operator's output."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Obstacle:
    """Why the Edge TPU does not take an operator; ``reason`` begins in lower case and has no full stop."""

    cause: Cause
    reason: str


def obstacle(graph: Subgraph, operator: Operator) -> Obstacle | None:
    """Return the first thing that keeps an operator off the Edge TPU, whatever comes before it; None where nothing."""
    supported = SUPPORTED.get(operator.name)
    if supported is None:
        return _unsupported(operator)
    return (
        _size(graph, operator)
        or _type(graph, operator, supported)
        or _rank(graph, operator, supported)
        or _parameter(graph, operator, supported)
        or _limit(graph, operator, supported)
    )


def computed_shape(graph: Subgraph, operator: Operator) -> Tensor | None:
    """Return the operand that makes the size of the operator's output known only as it runs, None where there is none.

    The compiler refuses such a file as a whole: "Attempting to use a delegate that only supports static-sized tensors
    with a graph that has dynamic-sized tensors" (google-coral/edgetpu issues 586 and 829). A batch that is open
    in the file's shapes alone does no harm (google-coral/tutorials issue 15).
    """
    inputs = graph.given(operator)
    for place in SHAPE_OPERANDS.get(operator.name, ()):
        tensor = inputs[place] if place < len(inputs) else None
        if tensor is not None and not tensor.is_constant:
            return tensor
    return None


def _unsupported(operator: Operator) -> Obstacle:
    hint = HINTS.get(operator.name)
    what = "the Edge TPU has no such operator" if not operator.custom_code else "the Edge TPU has no custom operators"
    return Obstacle(cause="unsupported", reason=f"{what}; {hint}" if hint else what)


def _size(graph: Subgraph, operator: Operator) -> Obstacle | None:
    """Refuse open sizes, but for the batch, which the compiler takes for the one that the file was made with."""
    for tensor in (*graph.given(operator), *graph.made(operator)):
        if tensor is not None and any(size < 0 for size in tensor.signature[1:]):
            return Obstacle(cause="dynamic", reason=f"the size of tensor '{tensor.name}' is {list(tensor.signature)}")
    return None


def _type(graph: Subgraph, operator: Operator, supported: Supported) -> Obstacle | None:
    for tensor in _data(graph, operator, supported):
        # The cell state of a quantized LSTM is 16-bit by TFLite's own definition.
        is_state = tensor.is_variable and tensor.type == "INT16"
        if tensor.type not in EIGHT_BIT and not is_state:
            return Obstacle(cause="type", reason=f"it works on {tensor.type}, tensor '{tensor.name}'; 8-bit is needed")
    for tensor in _parameters(graph, operator, supported):
        if tensor.type not in PARAMETER_TYPES:
            return Obstacle(cause="type", reason=f"its parameters are {tensor.type}, tensor '{tensor.name}'")
    return None


def _rank(graph: Subgraph, operator: Operator, supported: Supported) -> Obstacle | None:
    for tensor in _data(graph, operator, supported):
        if any(size > 1 for size in tensor.shape[:-INNERMOST]):
            reason = (
                f"tensor '{tensor.name}' has the shape {list(tensor.shape)}; only 3 innermost dimensions may exceed 1"
            )
            return Obstacle(cause="rank", reason=reason)
    return None


def _parameter(graph: Subgraph, operator: Operator, supported: Supported) -> Obstacle | None:
    for tensor in _parameters(graph, operator, supported):
        if not tensor.is_constant:
            return Obstacle(cause="parameter", reason=f"its parameter '{tensor.name}' is not constant")
    return None


def _limit(graph: Subgraph, operator: Operator, supported: Supported) -> Obstacle | None:
    for limit in supported.limits:
        reason = limit(graph, operator)
        if reason:
            return Obstacle(cause="limit", reason=reason)
    return None


def _data(graph: Subgraph, operator: Operator, supported: Supported) -> Iterator[Tensor]:
    """Yield the tensors that carry values from operator to operator."""
    for place, tensor in enumerate(graph.given(operator)):
        if tensor is not None and place not in supported.parameters:
            yield tensor
    yield from graph.made(operator)


def _parameters(graph: Subgraph, operator: Operator, supported: Supported) -> Iterator[Tensor]:
    for place, tensor in enumerate(graph.given(operator)):
        if tensor is not None and place in supported.parameters:
            yield tensor
