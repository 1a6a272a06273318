"""Multiply-accumulates of an operator, from the shapes of its tensors."""

from __future__ import annotations

from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.model import Operator, Subgraph, Tensor


def multiply_accumulates(graph: Subgraph, operator: Operator) -> int:
    """Return the multiply-accumulates of one run; 0 for operators that have none, such as additions and pooling.

    Layouts of weights are TFLite's: (out, h, w, in) for convolutions, (1, h, w, out) for depthwise ones, (out, in) for
    fully connected ones. Raises TfliteFileError where the tensors are not those of such an operator.
    """
    inputs, outputs = graph.given(operator), graph.made(operator)
    match operator.name:
        case "CONV_2D" | "CONV_3D":
            weights = _weights(operator, inputs, 1)
            return _output(operator, outputs).elements * _per_output(weights)
        case "DEPTHWISE_CONV_2D":
            weights = _weights(operator, inputs, 1, rank=4)
            return _output(operator, outputs).elements * weights.shape[1] * weights.shape[2]
        case "TRANSPOSE_CONV":
            weights = _weights(operator, inputs, 1, rank=4)
            return _weights(operator, inputs, 2).elements * (weights.elements // max(1, weights.shape[3]))
        case "FULLY_CONNECTED":
            return _output(operator, outputs).elements * _weights(operator, inputs, 1, rank=2).shape[1]
        case "BATCH_MATMUL":
            left = _weights(operator, inputs, 0)
            inner = left.shape[-2 if operator.flag("adj_x") else -1] if len(left.shape) > 1 else 1
            return _output(operator, outputs).elements * inner
        case "UNIDIRECTIONAL_SEQUENCE_LSTM":
            batch, steps, _ = _weights(operator, inputs, 0, rank=3).shape
            return batch * steps * _matrices(inputs[1:9])
        case "SVDF":
            return _matrices(inputs[1:3])
        case _:
            return 0


def _per_output(weights: Tensor) -> int:
    """Return how many products make one output value."""
    return weights.elements // max(1, weights.shape[0]) if weights.shape else 1


def _matrices(tensors: tuple[Tensor | None, ...]) -> int:
    return sum(one.elements for one in tensors if one is not None)


def _weights(operator: Operator, inputs: tuple[Tensor | None, ...], place: int, *, rank: int | None = None) -> Tensor:
    tensor = inputs[place] if place < len(inputs) else None
    if tensor is None:
        raise _unfit(operator, f"no input {place}")
    if rank is not None and len(tensor.shape) != rank:
        raise _unfit(operator, f"input {place} of shape {list(tensor.shape)}")
    return tensor


def _output(operator: Operator, outputs: tuple[Tensor, ...]) -> Tensor:
    if not outputs:
        raise _unfit(operator, "no output")
    return outputs[0]


def _unfit(operator: Operator, found: str) -> TfliteFileError:
    return TfliteFileError(
        f"the tensors of {operator.label} are not those of such an operator",
        where=f"operator {operator.index}",
        found=found,
    )
