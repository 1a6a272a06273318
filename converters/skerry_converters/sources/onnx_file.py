"""ONNX networks from elsewhere: read, checked, given fixed shapes, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from skerry_converters.sources.base import Function, ModelFile, SourceFacts, no_form
from skerry_converters.sources.edges import check_inputs, check_outputs
from skerry_converters.sources.files import hashes, roles
from skerry_converters.sources.foreign import Foreign, describe
from skerry_converters.sources.input_shapes import InputShapes, Open
from skerry_converters.sources.kinds import ONNX
from skerry_converters.sources.layouts import layout_of, picture_layout
from skerry_converters.sources.onnx_checks import check_operators, check_opset
from skerry_converters.sources.onnx_heads import split_box_head
from skerry_converters.sources.onnx_reading import check_sound, first_line, read_model
from skerry_converters.toolchains.onnx2tf import onnx_to_tflite
from skerry_edge.backends.base import Array
from skerry_edge.backends.onnx import import_onnxruntime
from skerry_edge.contracts.manifest import DType, Tensor, Ultralytics
from skerry_edge.foundation.errors import ConfigError, DataError

_DTYPES: Mapping[int, DType] = {
    1: "float32",
    2: "uint8",
    3: "int8",
    5: "int16",
    6: "int32",
    7: "int64",
    10: "float16",
}
"""By the number in `onnx.TensorProto.DataType`."""


class OnnxSource:
    """An ONNX network as one file with fixed shapes; a session is kept for `evaluate`, and left out when pickled."""

    def __init__(self, data: bytes, facts: SourceFacts) -> None:
        self.facts = facts
        self._data = data
        self._session: Any = None

    def __reduce__(self) -> tuple[type[OnnxSource], tuple[bytes, SourceFacts]]:
        """Pickle the file and the facts."""
        return OnnxSource, (self._data, self.facts)

    def evaluate(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """Run the network in ONNX Runtime, without any optimization. Raises DataError."""
        if self._session is None:
            self._session = _session(self._data, self.facts.where)
        names = [one.name for one in self.facts.inputs]
        return _run(self._session, dict(zip(names, inputs, strict=True)), self.facts.where)

    def to_file(self, form: Literal["onnx", "tflite"], folder: Path) -> ModelFile:
        """Write the network as ONNX, or as float TFLite by onnx2tf. Raises MissingError and DataError."""
        path = folder / "source.onnx"
        path.write_bytes(self._data)
        model = ModelFile(path=path, inputs=self.facts.inputs, outputs=self.facts.outputs)
        return model if form == "onnx" else onnx_to_tflite(model, folder, where=self.facts.where)

    def to_function(self) -> Function:
        """Raise ConfigError: there is no TensorFlow function of an ONNX network."""
        raise no_form(self.facts, "function")


def load_onnx(path: Path, foreign: Foreign, input_shapes: InputShapes) -> OnnxSource:
    """Read and check an ONNX file.

    Raises ReachError, DataError for what is no sound ONNX file, ConfigError for an opset below 11, an operator that is
    not ONNX's own, a network that is quantized already, a shape that is open and not in ``input_shapes``, or inputs and
    outputs that `edges` refuses.
    """
    model, own_files = read_model(path)
    files = (*own_files, *foreign.files)
    check_opset(model, str(path))
    check_operators(model, str(path))
    check_sound(model, str(path))
    inputs = _fix_inputs(model, input_shapes, path)
    check_inputs(inputs, str(path))
    if isinstance(foreign.manifest.output, Ultralytics):
        split_box_head(model, foreign.manifest.output.classes)
    outputs = _fix_outputs(model, inputs, path)
    check_outputs(outputs, str(path))
    facts = SourceFacts(
        kind=ONNX.kind,
        where=str(path),
        files=hashes(files),
        roles=roles(files),
        inputs=inputs,
        outputs=outputs,
        description=describe(foreign, inputs),
        forms=ONNX.forms,
        options={},
        input_shapes=input_shapes.given,
    )
    return OnnxSource(model.SerializeToString(deterministic=True), facts)


def _fix_inputs(model: Any, input_shapes: InputShapes, path: Path) -> tuple[Tensor, ...]:  # noqa: ANN401  # onnx ships no types
    """Write the fixed shapes into the model and return its inputs; old files list initializers among them."""
    constants = {one.name for one in model.graph.initializer}
    entering = [one for one in model.graph.input if one.name not in constants]
    shapes = input_shapes.fix({one.name: _sizes(one) for one in entering}, where=str(path))
    for one in entering:
        _set_shape(one, shapes[one.name])
    return tuple(
        Tensor(
            name=one.name,
            shape=shapes[one.name],
            layout=picture_layout(shapes[one.name], channels_last=False),
            dtype=_dtype(one, path),
        )
        for one in entering
    )


def _fix_outputs(model: Any, inputs: tuple[Tensor, ...], path: Path) -> tuple[Tensor, ...]:  # noqa: ANN401  # onnx ships no types
    """Run the network once to learn its outputs' shapes, and write them into the model."""
    # Shapes within the network were inferred for open inputs; what reads the file infers them anew.
    del model.graph.value_info[:]
    for one in model.graph.output:
        one.type.tensor_type.ClearField("shape")
    zeros = {one.name: np.zeros(one.shape, one.dtype) for one in inputs}
    if not model.graph.output:
        return ()
    values = _run(_session(model.SerializeToString(), str(path)), zeros, str(path))
    for one, value in zip(model.graph.output, values, strict=True):
        _set_shape(one, value.shape)
    return tuple(
        Tensor(
            name=one.name,
            shape=value.shape,
            layout=layout_of(value.shape, channels_last=False),
            dtype=_dtype(one, path),
        )
        for one, value in zip(model.graph.output, values, strict=True)
    )


def _sizes(value: Any) -> Open:  # noqa: ANN401  # onnx ships no types
    return tuple(
        size.dim_value if size.HasField("dim_value") and size.dim_value > 0 else None
        for size in value.type.tensor_type.shape.dim
    )


def _set_shape(value: Any, shape: Sequence[int]) -> None:  # noqa: ANN401  # onnx ships no types
    dimensions = value.type.tensor_type.shape
    del dimensions.dim[:]
    for size in shape:
        dimensions.dim.add().dim_value = size


def _dtype(value: Any, path: Path) -> DType:  # noqa: ANN401  # onnx ships no types
    number = value.type.tensor_type.elem_type
    if number not in _DTYPES:
        raise ConfigError(
            "a tensor's type is not supported", where=f"{path}, '{value.name}'", found=f"ONNX type {number}"
        )
    return _DTYPES[number]


def _session(data: bytes, where: str) -> Any:  # noqa: ANN401  # onnxruntime ships no types
    ort = import_onnxruntime()
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no other base
        raise DataError("ONNX Runtime cannot load the network", where=where, found=first_line(error)) from error


def _run(session: Any, feeds: Mapping[str, Array], where: str) -> tuple[Array, ...]:  # noqa: ANN401  # onnxruntime ships no types
    try:
        return tuple(session.run(None, dict(feeds)))
    except Exception as error:  # ONNX Runtime's own exceptions share no other base
        raise DataError(
            "ONNX Runtime cannot run the network",
            where=where,
            found=first_line(error),
            todo="does --input-shape fit it?",
        ) from error
