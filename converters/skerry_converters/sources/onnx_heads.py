"""Ultralytics' head cut before it joins boxes and scores, which no single quantization can hold together.

Boxes reach 640 and scores end at 1; quantized as one tensor, every score of an int8 file becomes zero and nothing is
ever detected (the commonest complaint about such files).
"""

from __future__ import annotations

from typing import Any

BOX = 4


def split_box_head(model: Any, classes: int) -> bool:  # noqa: ANN401  # onnx ships no types
    """Replace the one output, boxes (1, 4, n) joined with scores (1, classes, n), by the two; tell whether it did.

    Only a network that ends in just that Concat is changed.
    """
    import onnx  # noqa: PLC0415  # heavy

    graph = model.graph
    if len(graph.output) != 1:
        return False
    last = next((node for node in graph.node if graph.output[0].name in node.output), None)
    if last is None or last.op_type != "Concat" or len(last.input) != 2:
        return False
    inferred = onnx.shape_inference.infer_shapes(model).graph
    shapes = {
        one.name: [size.dim_value for size in one.type.tensor_type.shape.dim]
        for one in (*inferred.value_info, *inferred.output)
    }
    boxes, scores = (shapes.get(name, []) for name in last.input)
    if boxes[1:2] != [BOX] or scores[1:2] != [classes] or len(boxes) != 3 or len(scores) != 3:
        return False
    kind = graph.output[0].type.tensor_type.elem_type
    del graph.output[:]
    graph.output.extend(onnx.helper.make_tensor_value_info(name, kind, None) for name in last.input)
    graph.node.remove(last)
    return True
