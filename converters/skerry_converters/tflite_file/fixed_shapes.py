"""Sizes that a TFLite file calls open, fixed at those that it was made with."""

from __future__ import annotations


def with_fixed_shapes(data: bytes) -> bytes:
    """Return a sound TFLite file without open sizes: each tensor has the shape that the file gives beside them.

    Converters call sizes open that their input had fixed (onnx2tf all heights and widths). LiteRT does not mind, but
    TensorFlow's quantizer then takes such a size as 1, and neither an Edge TPU nor a microcontroller runs the file.
    """
    from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415  # sources are opened without it

    buffer = bytearray(data)
    model = schema.Model.GetRootAs(buffer, 0)
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for tensor in map(graph.Tensors, range(graph.TensorsLength())):
            if tensor.ShapeSignatureLength() == tensor.ShapeLength() > 0:
                # A view: writing to it writes to the buffer.
                tensor.ShapeSignatureAsNumpy()[:] = tensor.ShapeAsNumpy()
    return bytes(buffer)
