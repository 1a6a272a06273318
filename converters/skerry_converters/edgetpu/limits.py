"""The limits of single operators on the Edge TPU, each from Coral's published table.

Source: "TensorFlow models on the Edge TPU", Table 1, "All operations supported by the Edge TPU and any known
limitations", https://coral.ai/docs/edgetpu/models-intro/#supported-operations. A limit is a function that returns the
reason why an operator is not mapped, or None. Tensors have passed the general checks before: they have a fixed shape,
and the operands that must be constant are.
"""

from __future__ import annotations

from collections.abc import Callable

from skerry_converters.tflite_file.model import Operator, Subgraph, Tensor

Limit = Callable[[Subgraph, Operator], str | None]

SOFTMAX_ELEMENTS = 16_000
MEAN_CHANNELS = 4
RESIZE_FACTOR = 2.0
RESIZE_SIDE = 128
"""How far a resize may enlarge, and the largest side of its output.

The table says only that "depending on input/output size, this operation might not be mapped to the Edge TPU to avoid
loss in precision", and Coral did not disclose the threshold (google-coral/edgetpu issue 31). These are the largest
that users report as mapped, 64 to 128 cells and a factor of 2 (issue 31; WongKinYiu/yolov7 pull request 1672, compiler
16.0); 256 to 512 and 512 to 1024 are reported as not mapped (issues 31, 187 and 597).
"""


def no_fused_activation(_graph: Subgraph, operator: Operator) -> str | None:
    """Refuse a fused activation function."""
    activation = operator.word("activation")
    return None if activation == "NONE" else f"it has a fused activation function, {activation}"


def equal_dilation(_graph: Subgraph, operator: Operator) -> str | None:
    """Refuse different dilations in x and y."""
    width, height = operator.integer("dilation_w"), operator.integer("dilation_h")
    return None if width == height else f"its dilations differ, {width} in x and {height} in y"


def zero_constants(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse joining constants, other than zeros joined to one computed tensor."""
    tensors = [one for one in graph.given(operator) if one is not None]
    constants = [one for one in tensors if one.is_constant]
    if not constants:
        return None
    if len(tensors) != 2:
        return "it joins a constant with more than one other tensor"
    zeros = all(bool((one.values() == _zero(one)).all()) for one in constants)
    return None if zeros else "it joins a constant that is not all zeros"


def default_weights(_graph: Subgraph, operator: Operator) -> str | None:
    """Refuse shuffled weights."""
    layout = operator.word("weights_format")
    return None if layout == "DEFAULT" else f"its weights are in the format {layout}, not in the default one"


def one_dimensional_output(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse an output with more than one dimension above 1."""
    return _one_dimensional(graph.result(operator), "output")


def short_vector(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse a softmax over anything but one vector of at most 16,000 elements."""
    source = graph.operand(operator, 0)
    reason = _one_dimensional(source, "input")
    if reason is None and source.elements > SOFTMAX_ELEMENTS:
        return f"its input has {source.elements} elements, over {SOFTMAX_ELEMENTS}"
    return reason


def no_batch_axis(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse a reduction over the batch dimension; the axes are the second input."""
    return "it reduces the batch dimension" if 0 in _axes(graph, operator) else None


def whole_fours_of_channels(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse a mean over channels whose number is not a multiple of 4."""
    source = graph.operand(operator, 0)
    last = len(source.shape) - 1
    if last in _axes(graph, operator) and source.shape[last] % MEAN_CHANNELS:
        return f"it takes the mean over {source.shape[last]} channels, not a multiple of {MEAN_CHANNELS}"
    return None


def no_batch_padding(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse padding in the batch dimension; the paddings are the second input, (rank, 2)."""
    paddings = graph.operand(operator, 1).values().ravel()
    return "it pads the batch dimension" if paddings[:2].any() else None


def no_batch_packing(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse packing along the batch dimension."""
    rank = len(graph.result(operator).shape)
    return "it packs along the batch dimension" if operator.integer("axis") in (0, -rank) else None


def no_batch_split(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse splitting the batch dimension; the axis is the first input."""
    axes = graph.operand(operator, 0).values().ravel()
    rank = len(graph.operand(operator, 1).shape)
    return "it splits the batch dimension" if any(int(axis) in (0, -rank) for axis in axes) else None


def alpha_per_channel(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse a PReLU whose alpha has more than its innermost dimension above 1."""
    alpha = graph.operand(operator, 1)
    if any(size > 1 for size in alpha.shape[:-1]):
        return f"its alpha has the shape {list(alpha.shape)}; only the innermost dimension may be above 1"
    return None


def unit_strides(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse strides other than 1, an ellipsis and new axes; the strides are the fourth input."""
    strides = graph.operand(operator, 3).values()
    if (strides != 1).any():
        return f"its strides are {strides.ravel().tolist()}, not all 1"
    for mask in ("ellipsis_mask", "new_axis_mask"):
        if operator.integer(mask):
            return f"it has the {mask.replace('_', ' ')} {operator.integer(mask)}"
    return None


def moderate_resize(graph: Subgraph, operator: Operator) -> str | None:
    """Refuse a resize beyond the sizes that are known to be mapped."""
    source, target = graph.operand(operator, 0).shape, graph.result(operator).shape
    if len(source) != 4 or len(target) != 4:
        return f"it resizes a tensor of {len(source)} dimensions"
    if source == target:
        return None
    factor = max(new / max(1, old) for new, old in zip(target[1:3], source[1:3], strict=True))
    size = f"{source[2]}x{source[1]} to {target[2]}x{target[1]}"
    known = "the exact limit is not published"
    if factor > RESIZE_FACTOR:
        return f"it enlarges {factor:.3g} times, {size}: mapped up to {RESIZE_FACTOR:g} times, {known}"
    if max(target[1:3]) > RESIZE_SIDE:
        return f"it resizes {size}: mapped up to {RESIZE_SIDE} cells a side, {known}"
    return None


def _zero(tensor: Tensor) -> int:
    """Return the stored number that stands for zero."""
    points = tensor.quantization.zero_points if tensor.quantization else ()
    return points[0] if points else 0


def _one_dimensional(tensor: Tensor, what: str) -> str | None:
    if any(size > 1 for size in tensor.shape[:-1]):
        return f"its {what} has the shape {list(tensor.shape)}; it must be one-dimensional"
    return None


def _axes(graph: Subgraph, operator: Operator) -> set[int]:
    """Return the axes that a reduction goes over, counted from the front."""
    rank = max(1, len(graph.operand(operator, 0).shape))
    return {int(axis) % rank for axis in graph.operand(operator, 1).values().ravel()}
