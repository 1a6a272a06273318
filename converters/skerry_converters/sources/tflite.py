"""TFLite files from elsewhere: float ones to be converted, integer ones to be carried on as they are."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from skerry_converters.sources.base import Function, ModelFile, SourceFacts, no_form
from skerry_converters.sources.edges import check_inputs, check_outputs
from skerry_converters.sources.files import described, hashes, read_bounded, roles
from skerry_converters.sources.foreign import Foreign, describe
from skerry_converters.sources.input_shapes import InputShapes
from skerry_converters.sources.kinds import INTEGER_TFLITE, TFLITE
from skerry_converters.sources.layouts import dtype_of, layout_of, picture_layout
from skerry_converters.tflite_file.fixed_shapes import with_fixed_shapes
from skerry_converters.tflite_file.known_shapes import with_known_shapes
from skerry_converters.tflite_file.macs import multiply_accumulates
from skerry_converters.tflite_file.model import TfliteModel
from skerry_converters.tflite_file.reader import parse_tflite
from skerry_edge.backends.base import Array, Backend, BackendError, BackendOptions, TensorInfo
from skerry_edge.backends.native_output import held_stderr
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.manifest import Quantization, Tensor
from skerry_edge.foundation.errors import ConfigError, DataError

RUNNABLE_CUSTOM = ("TFLite_Detection_PostProcess",)
"""Custom operators that LiteRT brings itself."""
_INTEGERS = ("int8", "uint8", "int16")


class TfliteSource:
    """A TFLite file; the interpreter for `evaluate` is made on first use, and left out when pickled."""

    def __init__(self, data: bytes, facts: SourceFacts) -> None:
        self.facts = facts
        self._data = data
        self._backend: Backend | None = None

    def __reduce__(self) -> tuple[type[TfliteSource], tuple[bytes, SourceFacts]]:
        """Pickle the file and the facts."""
        return TfliteSource, (self._data, self.facts)

    def evaluate(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """Run the file in LiteRT with its plain kernels. Raises DataError."""
        try:
            if self._backend is None:
                self._backend = _opened(self._data)
            return self._backend.infer(tuple(inputs))
        except BackendError as error:
            raise DataError("LiteRT cannot run the network", where=self.facts.where, found=error.found) from error

    def to_file(self, form: Literal["onnx", "tflite"], folder: Path) -> ModelFile:
        """Write the file, its shapes fixed, or make ONNX of it by tf2onnx. Raises ConfigError and DataError."""
        if form not in self.facts.forms:
            raise no_form(self.facts, form)
        path = folder / "source.tflite"
        # A file that goes on as it is keeps its very bytes.
        path.write_bytes(self._data if self.facts.quantized else self._fixed())
        file = ModelFile(path=path, inputs=self.facts.inputs, outputs=self.facts.outputs)
        if form == "tflite":
            return file
        from skerry_converters.sources.tf_to_onnx import tflite_to_onnx  # noqa: PLC0415  # imports TensorFlow

        return tflite_to_onnx(file, folder, where=self.facts.where)

    def to_function(self) -> Function:
        """Raise ConfigError: there is no TensorFlow function of a TFLite file."""
        raise no_form(self.facts, "function")

    def _fixed(self) -> bytes:
        return with_known_shapes(with_fixed_shapes(self._data), where=self.facts.where)


def load_tflite(path: Path, foreign: Foreign, input_shapes: InputShapes) -> TfliteSource:
    """Read a TFLite file: float throughout, or integers throughout.

    Raises ReachError, DataError for what is no sound TFLite file, ConfigError for a custom operator that LiteRT does
    not bring, a network of which only a part is quantized, a shape that is open, or inputs and outputs that `edges`
    refuses.
    """
    data = read_bounded(path)
    model = parse_tflite(data, where=str(path))
    _check_operators(model, path)
    _check_shapes(model, input_shapes, path)
    with held_stderr():
        backend = _opened(data)
    try:
        inputs, outputs = _tensors(backend, path)
    finally:
        backend.close()
    check_inputs(inputs, str(path))
    check_outputs(outputs, str(path))
    quantized = _is_quantized(model, (*inputs, *outputs), path)
    files = (described(path, "network", data), *foreign.files)
    facts = SourceFacts(
        kind=TFLITE.kind,
        where=str(path),
        files=hashes(files),
        roles=roles(files),
        inputs=inputs,
        outputs=outputs,
        description=describe(foreign, inputs),
        forms=(INTEGER_TFLITE if quantized else TFLITE).forms,
        options={},
        input_shapes=input_shapes.given,
        quantized=quantized,
    )
    return TfliteSource(data, facts)


def _opened(data: bytes) -> Backend:
    with tempfile.TemporaryDirectory(prefix="skerry-") as folder:
        path = Path(folder, "source.tflite")
        path.write_bytes(data)
        return open_backend("litert", path, BackendOptions(plain_kernels=True))


def _check_operators(model: TfliteModel, path: Path) -> None:
    for graph, operator in model.operators:
        if operator.name != "CUSTOM" or operator.custom_code in RUNNABLE_CUSTOM:
            continue
        name = operator.custom_code
        place = f"{path}, operator {operator.index}" + (f" of subgraph {graph.index}" if graph.index else "")
        if name == "edgetpu-custom-op":
            raise ConfigError(
                "the file is compiled for the Edge TPU already", where=place, todo="give the file it was compiled from"
            )
        todo = "replace it by operators that TFLite has before exporting"
        if name.startswith("Flex"):
            todo = "export it again without SELECT_TF_OPS, which needs all of TensorFlow on the device"
        raise ConfigError("a custom operator cannot be converted", where=place, found=name, todo=todo)


def _tensors(backend: Backend, path: Path) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    entering = tuple(
        _tensor(info, picture_layout(info.shape, channels_last=True), f"{path}, input") for info in backend.inputs
    )
    leaving = tuple(
        _tensor(info, layout_of(info.shape, channels_last=True), f"{path}, output") for info in backend.outputs
    )
    return entering, leaving


def _tensor(info: TensorInfo, layout: str, where: str) -> Tensor:
    quantization = Quantization(scale=info.scale, zero_point=info.zero_point) if info.scale else None
    dtype = dtype_of(info.dtype.name, f"{where} '{info.name}'")
    return Tensor(name=info.name, shape=info.shape, layout=layout, dtype=dtype, quantization=quantization)


def _is_quantized(model: TfliteModel, tensors: Sequence[Tensor], path: Path) -> bool:
    """Tell whether a network works on integers from end to end; one that does so in part is refused."""
    weights = {
        weight.type
        for graph, operator in model.operators
        if multiply_accumulates(graph, operator)
        for weight in graph.given(operator)[1:2]
        if weight is not None
    }
    integer_edges = [one.dtype in _INTEGERS for one in tensors]
    if all(integer_edges) and "FLOAT32" not in weights:
        return True
    if any(integer_edges) or weights - {"FLOAT32"}:
        raise ConfigError(
            "a part of the network is quantized already",
            where=str(path),
            found=f"weights of type {', '.join(sorted(weights))}",
            todo="give the float network, or one that is int8 from its input to its outputs",
        )
    return False


def _check_shapes(model: TfliteModel, input_shapes: InputShapes, path: Path) -> None:
    """Refuse inputs that are open in more than the batch, which LiteRT takes as 1."""
    graph = model.main
    signatures = {
        graph.tensors[index].name: tuple(None if size < 0 else size for size in graph.tensors[index].signature)
        for index in graph.inputs
    }
    for name, shape in input_shapes.fix(signatures, where=str(path)).items():
        declared = next(graph.tensors[index].shape for index in graph.inputs if graph.tensors[index].name == name)
        if shape != declared:
            raise ConfigError(
                f"input '{name}' of a TFLite file cannot be given another shape",
                where=str(path),
                found=f"{shape}, the file was made for {declared}",
                todo="export it again with that shape",
            )
